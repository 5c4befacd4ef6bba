package peer

import (
	"crypto/tls"
	"net/netip"
	"strings"
	"testing"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/lab"
)

// TestRelayTransports: a call through a relay over each transport, with a private authority: the relay's server and the
// connection to it are known, and so is the cipher of the call itself.
func TestRelayTransports(t *testing.T) {
	t.Parallel()
	s, err := lab.StartTURN(lab.TURNOptions{UDP: true, TCP: true, TLS: true, DTLS: true, Username: "u", Password: "p"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	trust := &tls.Config{RootCAs: s.Certificate().Pool, MinVersion: tls.VersionTLS12}
	for tr, version := range map[lab.Transport]string{lab.UDP: "", lab.TCP: "", lab.TLS: "TLS 1.3", lab.DTLS: "DTLS 1.2"} {
		t.Run(string(tr), func(t *testing.T) {
			o := Options{
				NoMedia: true, RelayOnly: true, Loopback: LoopbackInclude, TLS: trust,
				ICEServers: []diag.ICEServerAuth{{URL: s.URL(tr), Username: "u", Credential: "p"}},
			}
			a, b := pair(t, o, o)
			connect(t, a, b)
			c := a.until(t, "a channel and the cipher", func(c *call.Call) bool { return c.OpenAt != nil && c.DTLS.Cipher != "" })
			if c.DTLS.Version != "DTLS 1.2" {
				t.Errorf("%+v", c.DTLS)
			}
			relays := 0
			for _, l := range c.Local {
				if l.CandidateType != diag.Relay {
					continue
				}
				relays++
				if l.URL != s.URL(tr) || l.RelayProtocol != string(tr) || l.RelatedAddress != "127.0.0.1" || l.Server == nil {
					t.Fatalf("%+v", l.Candidate)
				}
				if l.Server.Address != s.Addr(tr).String() || l.Server.TLSVersion != version || (l.Server.TLSCipher == "") != (version == "") {
					t.Errorf("%+v", l.Server)
				}
			}
			if relays == 0 {
				t.Error("no relay")
			}
			if local := a.Local().SDP; !strings.Contains(local, "raddr 0.0.0.0 ") {
				t.Errorf("the peer gets the local address:\n%s", local)
			}
		})
	}
}

// TestUntrustedServer: a certificate of an unknown authority is not accepted over DTLS either.
func TestUntrustedServer(t *testing.T) {
	t.Parallel()
	s, err := lab.StartTURN(lab.TURNOptions{TLS: true, DTLS: true, Username: "u", Password: "p"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for _, tr := range []lab.Transport{lab.TLS, lab.DTLS} {
		for _, insecure := range []bool{false, true} {
			found := relaysOf(t, Options{
				TLS:        &tls.Config{InsecureSkipVerify: insecure, MinVersion: tls.VersionTLS12},
				ICEServers: []diag.ICEServerAuth{{URL: s.URL(tr), Username: "u", Credential: "p"}},
			})
			if (len(found) > 0) != insecure {
				t.Errorf("%s, insecure %t: %+v", tr, insecure, found)
			}
		}
	}
}

// TestIPv4First: where the account has room for one relay, it is one of IPv4.
func TestIPv4First(t *testing.T) {
	for range 5 {
		s, err := lab.StartTURN(lab.TURNOptions{Username: "u", Password: "p", MaxAllocations: 1})
		if err != nil {
			t.Fatal(err)
		}
		found := relaysOf(t, Options{ICEServers: []diag.ICEServerAuth{{URL: s.URL(lab.UDP), Username: "u", Credential: "p"}}})
		if len(found) != 1 || !netip.MustParseAddr(found[0].Address).Is4() {
			t.Errorf("%+v", found)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// relaysOf gathers the relay candidates that options give.
func relaysOf(t *testing.T, o Options) []diag.Candidate {
	t.Helper()
	var found []diag.Candidate
	done := make(chan struct{})
	o.NoMedia, o.RelayOnly, o.Loopback = true, true, LoopbackInclude
	o.OnGathered = func() { close(done) }
	o.Emit = func(d diag.Data) {
		if c, ok := d.(diag.Candidate); ok {
			found = append(found, c)
		}
	}
	p, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Offer(false); err != nil {
		t.Fatal(err)
	}
	<-done
	closing(p)
	return found
}
