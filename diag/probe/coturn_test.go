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
	"dialtone/diag/lab"
	"dialtone/diag/lab/labtest"
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
		if !Server(ctx, to).OK {
			return false
		}
	}
	return true
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

// findingIDs are those that a relay's result leads to.
func findingIDs(r diag.NATRelay) []string {
	report := diag.JudgeNAT(&diag.NATObservations{}, nil, []diag.NATRelay{r}, nil)
	ids := []string{}
	for _, f := range report.Findings {
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
				r := Relay(t.Context(), wrong)
				checkResult(t, r.ServerResult)
				if diff := cmp.Diff([]string{"turn.unauthorized"}, findingIDs(r)); diff != "" || r.ErrorCode != 401 || r.DurationMs.Duration() >= DefaultTimeout {
					t.Errorf("wrong %s: %+v\n%s", name, r, diff)
				}
			}
		})
	}
	t.Run("released", func(t *testing.T) {
		// More often than the quota allows: each probe must give its allocation back.
		for range 4 {
			if r := askWithinQuota(t, account(c.relayURLs()[0], 4)); !r.OK {
				t.Fatalf("%+v", r)
			}
		}
	})
	t.Run("quota", func(t *testing.T) {
		to := account(c.relayURLs()[1], 5)
		hold(t, to)
		hold(t, to)
		if r := Relay(t.Context(), to); r.ErrorCode != 486 || !slices.Equal(findingIDs(r), []string{"turn.quota_reached"}) {
			t.Errorf("%v %+v", findingIDs(r), r)
		}
	})
}

// checkBehavior: two addresses, two ports, no NAT.
func (c coturn) checkBehavior(t *testing.T) {
	u, err := ParseURL("127.0.0.1:" + c.port)
	if err != nil {
		t.Fatal(err)
	}
	o, err := NAT(t.Context(), NATServers(t.Context(), []URL{u}, BothFamilies), NATOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r := diag.JudgeNAT(o, nil, nil, nil)
	if s := r.Servers[0]; s.Grade != diag.GradeRFC5780 || s.WhyPlain != "" || !strings.Contains(s.Software, "Coturn") {
		t.Errorf("%+v", s)
	}
	for name, b := range map[string]diag.Behavior{"mapping": r.Behavior.Mapping, "filtering": r.Behavior.Filtering} {
		if b.Value != diag.EndpointIndependent || b.Confidence != diag.Proven {
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
	if !r.OK || !strings.HasPrefix(r.MappedAddress, "127.0.0.1:") || !strings.Contains(r.Software, "Coturn") {
		t.Errorf("%+v", r)
	}
	if r.Times == nil || r.Times.Sent != 3 || r.Times.Lost != 0 || r.Times.MinMs <= 0 || r.Times.MedianMs < r.Times.MinMs {
		t.Errorf("times: %+v", r.Times)
	}
	c.checkTLS(t, r)
}

// checkTLS wants the certificate of the lab, where there is one.
func (c coturn) checkTLS(t *testing.T, r diag.ServerResult) {
	t.Helper()
	version := map[string]string{"tls": "TLS 1.", "dtls": "DTLS 1.2"}[r.Transport]
	if !strings.HasPrefix(r.TLSVersion, version) || version == "" && r.TLSVersion != "" {
		t.Errorf("TLS version %q, want %q", r.TLSVersion, version)
	}
	if version != "" && (r.TLSName != "localhost" || r.TLSIssuer != "dialtone lab authority" || r.TLSExpires == "" || r.TLSDaysLeft == nil || *r.TLSDaysLeft != 0) {
		t.Errorf("certificate: %+v", r)
	}
}

// checkRelay sends through a relay, once with a STUN server on the way and once without.
func (c coturn) checkRelay(t *testing.T, to Target) {
	for _, through := range []string{"127.0.0.1:" + c.port, ""} {
		to.Through = netip.AddrPort{}
		if through != "" {
			to.Through = netip.MustParseAddrPort(through)
		}
		r := Relay(t.Context(), to)
		checkResult(t, r.ServerResult)
		if !r.OK || r.Stopped != "" || r.Seen == "" || r.Seen != r.RelayAddress || r.OwnPeer != (through == "") || r.Realm != "example.org" {
			t.Errorf("through %q: %+v", through, r)
		}
		for name, ms := range map[string]*diag.Millis{
			"permission": r.PermissionMs, "send": r.SendMs, "bind": r.BindMs, "channel": r.ChannelMs, "refresh": r.RefreshMs, "release": r.ReleaseMs,
		} {
			if ms == nil || *ms <= 0 {
				t.Errorf("through %q: no time of %s: %+v", through, name, r)
			}
		}
		if r.LifetimeS != 600 {
			t.Errorf("the Refresh granted %d s", r.LifetimeS)
		}
		c.checkTLS(t, r.ServerResult)
	}
}

// hold keeps an allocation until the test ends.
func hold(t *testing.T, to Target) {
	t.Helper()
	u, err := ParseURL(to.URL)
	if err != nil {
		t.Fatal(err)
	}
	p := &prober{target: to, url: u, at: u}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	l, err := p.open(ctx, netip.MustParseAddrPort(u.Address()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.conn.Close() })
	r, err := l.exchange(ctx, methodAllocate, true, func(id txID) ([]byte, error) { return encode(methodAllocate, id, nil) })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.allocateAs(ctx, l, &credentials{username: to.Username, password: to.Password, realm: r.realm, nonce: r.nonce}); err != nil {
		t.Fatal(err)
	}
}

// TestCoturnSecret asks a server whose credentials are made of a shared secret, and which forbids loopback peers, as
// coturn does unless it is told otherwise.
func TestCoturnSecret(t *testing.T) {
	const secret = "north wind"
	c := startCoturn(t, "--use-auth-secret", "--static-auth-secret="+secret)
	credentials := func(url, secret string, expiry time.Time) Target {
		to := Target{URL: url, TLS: target(url, c.certificate).TLS, Through: netip.MustParseAddrPort("127.0.0.1:" + c.port)}
		to.Username, to.Password = SharedSecret(secret, user, expiry)
		return to
	}
	hence, past := time.Now().Add(time.Hour), time.Now().Add(-time.Hour)
	for _, u := range c.relayURLs() {
		t.Run(u, func(t *testing.T) {
			own := credentials(u, secret, hence)
			own.Through = netip.AddrPort{}
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
				r := Relay(t.Context(), tt.to)
				checkResult(t, r.ServerResult)
				ids := slices.DeleteFunc(findingIDs(r), func(id string) bool { return id == "server.tls_expires" && r.TLSVersion != "" && r.OK })
				if diff := cmp.Diff([]string{tt.want}, ids); diff != "" || r.OK != tt.ok {
					t.Errorf("%s: %+v\n%s", tt.name, r, diff)
				}
				if expired := tt.want == "turn.credentials_expired"; expired != (r.CredentialExpired == past.UTC().Format(time.RFC3339)) ||
					expired && !strings.Contains(r.ErrorText, past.UTC().Format("2006-01-02 15:04:05 UTC")) {
					t.Errorf("%s: %q, %q", tt.name, r.CredentialExpired, r.ErrorText)
				}
			}
		})
	}
}
