package probe

import (
	"bufio"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/lab"
	"dialtone/diag/lab/labtest"
)

// coturn is a running turnserver.
type coturn struct {
	port, tlsPort, altPort string
	certificate            *lab.Certificate
}

// startCoturn runs the TURN server that most people run, with one account and a quota of two allocations.
func startCoturn(t *testing.T) coturn {
	t.Helper()
	program := labtest.NeedProgram(t, "turnserver")
	certificate, err := lab.NewCertificate(lab.CertificateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	c := coturn{port: freePort(t), tlsPort: freePort(t), altPort: freePort(t), certificate: certificate}
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, "-n", "--listening-ip=127.0.0.1", "--listening-ip=127.0.0.2", "--listening-port="+c.port, "--alt-listening-port="+c.altPort, "--tls-listening-port="+c.tlsPort,
		"--relay-ip=127.0.0.1", "--allow-loopback-peers", "--no-cli", "--lt-cred-mech", "--user="+user+":"+password, "--realm=example.org",
		"--user-quota=2", "--cert="+file("cert.pem", certificate.CertPEM), "--pkey="+file("key.pem", certificate.KeyPEM),
		"--log-file=stdout", "--pidfile="+filepath.Join(dir, "pid"), "--userdb="+filepath.Join(dir, "db"))
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	var log strings.Builder
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			log.WriteString(lines.Text() + "\n")
		}
	}()
	t.Cleanup(func() {
		stop()
		<-read
		var exit *exec.ExitError
		if err := cmd.Wait(); err != nil && !errors.As(err, &exit) && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(log.String())
		}
	})
	c.await(t)
	return c
}

// await asks until it answers on all its ports.
func (c coturn) await(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	retry := time.NewTicker(50 * time.Millisecond)
	defer retry.Stop()
	for _, url := range []string{"stun:127.0.0.1:" + c.port, "stun:127.0.0.1:" + c.port + "?transport=tcp", "stuns:127.0.0.1:" + c.tlsPort} {
		for !Server(ctx, target(url, c.certificate)).OK {
			select {
			case <-retry.C:
			case <-ctx.Done():
				t.Fatalf("turnserver does not answer at %s", url)
			}
		}
	}
}

// freePort is a port that nobody uses now, neither for UDP nor for TCP.
func freePort(t *testing.T) string {
	t.Helper()
	s, err := lab.StartTURN(lab.TURNOptions{UDP: true, TCP: true})
	if err != nil {
		t.Fatal(err)
	}
	port := s.Addr(lab.UDP).(*net.UDPAddr).Port
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(port)
}

// askWithinQuota asks again while the quota is used up: turnserver counts an allocation for a moment after its
// release. One that is not released counts for ten minutes.
func askWithinQuota(t *testing.T, target Target) diag.ServerResult {
	t.Helper()
	retry := time.NewTicker(50 * time.Millisecond)
	defer retry.Stop()
	for range 200 {
		if r := ask(t, target); r.ErrorCode != 486 {
			return r
		}
		<-retry.C
	}
	t.Fatal("allocations are not released")
	return diag.ServerResult{}
}

func TestCoturn(t *testing.T) {
	c := startCoturn(t)
	for _, u := range []string{
		"turn:127.0.0.1:" + c.port + "?transport=udp", "turn:127.0.0.1:" + c.port + "?transport=tcp",
		"turns:127.0.0.1:" + c.tlsPort + "?transport=tcp", "turns:127.0.0.1:" + c.tlsPort + "?transport=udp",
	} {
		t.Run(u, func(t *testing.T) {
			good := target(u, c.certificate)
			// More often than the quota allows: each probe must give its allocation back.
			for range 4 {
				r := askWithinQuota(t, good)
				if !r.OK || !strings.HasPrefix(r.RelayAddress, "127.0.0.1:") || !strings.HasPrefix(r.MappedAddress, "127.0.0.1:") || r.Realm != "example.org" {
					t.Fatalf("%+v", r)
				}
				if !strings.Contains(r.Software, "Coturn") {
					t.Errorf("software %q", r.Software)
				}
			}
			wrong := good
			wrong.Password = "wrong"
			if r := ask(t, wrong); r.Cause != CauseAuth || r.ErrorCode != 401 || r.DurationMs.Duration() > time.Second {
				t.Errorf("wrong password: %+v", r)
			}
			nobody := good
			nobody.Username = "nobody"
			if r := ask(t, nobody); r.Cause != CauseAuth || r.ErrorCode != 401 {
				t.Errorf("wrong user: %+v", r)
			}
			stun := good
			stun.URL = strings.Replace(u, "turn", "stun", 1)
			if r := ask(t, stun); !r.OK || !strings.HasPrefix(r.MappedAddress, "127.0.0.1:") {
				t.Errorf("binding: %+v", r)
			}
		})
	}
}
