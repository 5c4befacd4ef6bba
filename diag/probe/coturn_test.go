package probe

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/iceurl"
	"dialtone/diag/lab"
	"dialtone/diag/lab/labtest"
	"dialtone/diag/nat"
	"dialtone/diag/reach"
)

// coturn is a running turnserver.
type coturn struct {
	port, tlsPort, altPort string
	certificate            *lab.Certificate
}

// relayURLs are those of TURN over every transport, stunURLs of STUN.
func (c coturn) relayURLs() []string {
	return []string{
		"turn:127.0.0.1:" + c.port + "?transport=udp", "turn:127.0.0.1:" + c.port + "?transport=tcp",
		"turns:127.0.0.1:" + c.tlsPort + "?transport=tcp", "turns:127.0.0.1:" + c.tlsPort + "?transport=udp",
	}
}

func (c coturn) stunURLs() []string {
	urls := c.relayURLs()
	for i, u := range urls {
		urls[i] = strings.Replace(u, "turn", "stun", 1)
	}
	return urls
}

// startCoturn runs the TURN server that most people run, on two addresses, with further options. It is stopped when the
// test ends.
func startCoturn(t *testing.T, options ...string) coturn {
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
	key, cert := file("key.pem", certificate.KeyPEM), file("cert.pem", certificate.CertPEM)
	on := func(ports []string) coturn {
		return coturn{port: ports[0], tlsPort: ports[1], altPort: ports[2], certificate: certificate}
	}
	server := labtest.Server{
		Program: program, Ports: 3,
		Args: func(ports []string) []string {
			c := on(ports)
			return append(slices.Clone(options), "-n", "--listening-ip=127.0.0.1", "--listening-ip=127.0.0.2",
				"--listening-port="+c.port, "--alt-listening-port="+c.altPort, "--tls-listening-port="+c.tlsPort, "--relay-ip=127.0.0.1", "--no-cli",
				"--realm=example.org", "--cert="+cert, "--pkey="+key,
				"--log-file=stdout", "--pidfile="+filepath.Join(dir, "pid"), "--userdb="+filepath.Join(dir, "db"))
		},
		Answers: func(ctx context.Context, ports []string) bool { return on(ports).answers(ctx) },
	}
	return on(server.Start(t))
}

// answers asks whether it does, on all its ports.
func (c coturn) answers(ctx context.Context) bool {
	for _, url := range []string{"stun:127.0.0.1:" + c.port, "stun:127.0.0.1:" + c.port + "?transport=tcp", "stuns:127.0.0.1:" + c.tlsPort} {
		to := target(url, c.certificate)
		to.Timeout = time.Second
		if r := Server(ctx, to); !r.OK() {
			return false
		}
	}
	return true
}

// askWithinQuota asks again while the quota is used up: turnserver counts an allocation for a moment after its
// release. One that is not released counts for ten minutes.
func askWithinQuota(t *testing.T, target Target) diag.Server {
	t.Helper()
	retry := time.NewTicker(50 * time.Millisecond)
	defer retry.Stop()
	for range 200 {
		if r := ask(t, target); r.Code() != 486 {
			return r
		}
		<-retry.C
	}
	t.Fatal("allocations are not released")
	return diag.Server{}
}

// findingIDs are those that a relay's result leads to.
func findingIDs(r diag.Server) []string {
	s := &nat.State{}
	for _, stage := range r.Stages {
		s.Apply(diag.ServerStage{URL: r.URL, Transport: r.Transport, TURN: true, Diagnosis: true, Address: r.Address, SRV: r.SRV, Stage: stage})
	}
	ids := []string{}
	for _, f := range judged(s).Findings {
		ids = append(ids, f.ID)
	}
	return ids
}

// TestCoturn asks a server with an account per subtest and a quota of two allocations for each.
func TestCoturn(t *testing.T) {
	accounts := []string{"--lt-cred-mech", "--user-quota=2", "--allow-loopback-peers"}
	for i := range 6 {
		accounts = append(accounts, fmt.Sprintf("--user=%s%d:%s", user, i, password))
	}
	c := startCoturn(t, accounts...)
	account := func(url string, n int) Target {
		to := target(url, c.certificate)
		to.Username += strconv.Itoa(n)
		return to
	}
	t.Run("RFC 5780", func(t *testing.T) { c.checkBehavior(t) })
	for _, u := range c.stunURLs() {
		t.Run(u, func(t *testing.T) { c.checkSTUN(t, account(u, 0)) })
	}
	for i, u := range c.relayURLs() {
		t.Run(u, func(t *testing.T) {
			c.checkRelay(t, account(u, i))
			for name, change := range map[string]func(*Target){
				"password": func(to *Target) { to.Password = "wrong" }, "user": func(to *Target) { to.Username = "nobody" },
			} {
				wrong := account(u, i)
				change(&wrong)
				r := useRelay(t, wrong)
				checkResult(t, r)
				if diff := cmp.Diff([]string{"turn.unauthorized"}, findingIDs(r)); diff != "" || r.Code() != 401 || r.DurationMs().Duration() >= DefaultTimeout {
					t.Errorf("wrong %s: %+v\n%s", name, r, diff)
				}
			}
		})
	}
	t.Run("released", func(t *testing.T) {
		// More often than the quota allows: each probe must give its allocation back.
		for range 4 {
			if r := askWithinQuota(t, account(c.relayURLs()[0], 4)); !r.OK() {
				t.Fatalf("%+v", r)
			}
		}
	})
	t.Run("quota", func(t *testing.T) {
		to := account(c.relayURLs()[1], 5)
		hold(t, to)
		hold(t, to)
		if r := useRelay(t, to); r.Code() != 486 || !slices.Equal(findingIDs(r), []string{"turn.quota_reached"}) {
			t.Errorf("%v %+v", findingIDs(r), r)
		}
	})
}

// checkBehavior: two addresses, two ports, no NAT.
func (c coturn) checkBehavior(t *testing.T) {
	u, err := iceurl.Parse("127.0.0.1:" + c.port)
	if err != nil {
		t.Fatal(err)
	}
	o, err := NAT(t.Context(), NATServers(t.Context(), []iceurl.URL{u}, reach.BothFamilies), NATOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r := judged(o)
	if s := r.Servers[0]; s.Grade != nat.GradeRFC5780 || s.Basic != nil || !strings.Contains(s.Server.Software(), "Coturn") {
		t.Errorf("%+v", s)
	}
	for name, b := range map[string]nat.Behavior{"mapping": r.Behaviors.Mapping, "filtering": r.Behaviors.Filtering} {
		if b.Value != nat.EndpointIndependent || b.Confidence != nat.Proven {
			t.Errorf("%s: %+v", name, b)
		}
	}
	if r.Exit != diag.ExitPass || len(r.Findings) != 0 {
		t.Errorf("exit %d, %+v", r.Exit, r.Findings)
	}
}

// checkSTUN asks for an address three times.
func (c coturn) checkSTUN(t *testing.T, to Target) {
	to.Samples = 3
	r := ask(t, to)
	if !r.OK() || !strings.HasPrefix(r.Mapped(), "127.0.0.1:") || !strings.Contains(r.Software(), "Coturn") {
		t.Errorf("%+v", r)
	}
	if sampled(r) == nil || sampled(r).Sent != 3 || sampled(r).Lost != 0 || sampled(r).MinMs <= 0 || sampled(r).MedianMs < sampled(r).MinMs {
		t.Errorf("times: %+v", sampled(r))
	}
	c.checkTLS(t, r)
}

// checkTLS wants the certificate of the lab, where there is one.
func (c coturn) checkTLS(t *testing.T, r diag.Server) {
	t.Helper()
	version := map[string]string{"tls": "TLS 1.", "dtls": "DTLS 1.2"}[r.Transport]
	c509 := r.Certificate()
	if (version == "") != (c509 == nil) || version != "" && !strings.HasPrefix(c509.Version, version) {
		t.Errorf("certificate %+v, want %q", c509, version)
	}
	if version != "" && (c509.Name != "localhost" || c509.Issuer != "dialtone lab authority" || c509.NotAfter == "") {
		t.Errorf("certificate: %+v", c509)
	}
}

// checkRelay sends through a relay, once with a STUN server on the way and once without.
func (c coturn) checkRelay(t *testing.T, to Target) {
	for _, through := range []string{"127.0.0.1:" + c.port, ""} {
		to.Through = nil
		if through != "" {
			to.Through = throughOnly(through)
		}
		r := useRelay(t, to)
		checkResult(t, r)
		_, own := r.Peer()
		if !r.OK() || stoppedAt(r) != "" || r.Seen() == "" || r.Seen() != r.Relayed() || own != (through == "") || r.Stage(diag.StageAllocate).Realm != "example.org" {
			t.Errorf("through %q: %+v", through, r)
		}
		for name, ms := range map[string]*diag.Millis{
			"permission": r.Took(diag.StagePermission), "send": r.Took(diag.StageSend), "bind": r.Took(diag.StageBind), "channel": r.Took(diag.StageChannel), "refresh": r.Took(diag.StageRefresh), "release": r.Took(diag.StageRelease),
		} {
			if ms == nil || *ms <= 0 {
				t.Errorf("through %q: no time of %s: %+v", through, name, r)
			}
		}
		if refresh := r.Stage(diag.StageRefresh); refresh == nil || refresh.LifetimeS != 600 {
			t.Errorf("the Refresh granted %+v", refresh)
		}
		c.checkTLS(t, r)
	}
}

// hold keeps an allocation until the test ends.
func hold(t *testing.T, to Target) {
	t.Helper()
	u, err := iceurl.Parse(to.URL)
	if err != nil {
		t.Fatal(err)
	}
	p := newProber(to)
	p.url, p.to = u, reach.Endpoint{Addr: netip.MustParseAddrPort(u.Address())}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, err := p.dialer.Connect(ctx, u, p.to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	l := &link{conn: conn, reliable: !u.UDP}
	r, err := l.exchange(ctx, methodAllocate, true, func(id txID) ([]byte, error) { return encode(methodAllocate, id, nil) })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.allocateAs(ctx, l, &credentials{username: to.Username, password: to.Password, realm: *r.realm, nonce: *r.nonce}, &diag.Stage{}); err != nil {
		t.Fatal(err)
	}
}

// TestCoturnSecret asks a server whose credentials are made of a shared secret, and which forbids loopback peers, as
// coturn does unless it is told otherwise.
func TestCoturnSecret(t *testing.T) {
	const secret = "north wind"
	c := startCoturn(t, "--use-auth-secret", "--static-auth-secret="+secret)
	credentials := func(url, secret string, expiry time.Time) Target {
		to := Target{URL: url, TLS: target(url, c.certificate).TLS, Through: throughOnly("127.0.0.1:" + c.port)}
		to.Username, to.Password = SharedSecret(secret, user, expiry)
		return to
	}
	hence, past := time.Now().Add(time.Hour), time.Now().Add(-time.Hour)
	for _, u := range c.relayURLs() {
		t.Run(u, func(t *testing.T) {
			own := credentials(u, secret, hence)
			own.Through = nil
			for _, tt := range []struct {
				name string
				to   Target
				want string
				ok   bool
			}{
				{"forbidden peer", credentials(u, secret, hence), "turn.peer_forbidden", true},
				{"forbidden to send to itself", own, "turn.relay_untested", true},
				{"expired", credentials(u, secret, past), "turn.credentials_expired", false},
				{"another secret", credentials(u, "south wind", hence), "turn.unauthorized", false},
			} {
				r := useRelay(t, tt.to)
				checkResult(t, r)
				ids := slices.DeleteFunc(findingIDs(r), func(id string) bool { return id == "server.tls_expires" && r.Certificate() != nil && r.OK() })
				if diff := cmp.Diff([]string{tt.want}, ids); diff != "" || r.OK() != tt.ok {
					t.Errorf("%s: %+v\n%s", tt.name, r, diff)
				}
				if config := r.Stage(diag.StageConfig); (config.CredentialExpires == past.UTC().Format(time.RFC3339)) != (tt.want == "turn.credentials_expired") {
					t.Errorf("%s: %+v", tt.name, config)
				}
			}
		})
	}
}
