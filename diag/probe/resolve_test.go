package probe

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/iceurl"
	"dialtone/diag/lab"
	"dialtone/diag/lab/labtest"
	"dialtone/diag/reach"
	"dialtone/diag/words"
)

// TestSRV asks a server that only SRV knows, through both ways to ask.
func TestSRV(t *testing.T) {
	server := udpServer(t, func(_ int, b []byte, _ net.Addr, _ net.PacketConn) []byte { return bindingAnswer(t, b) })
	at := netip.MustParseAddrPort(server)
	resolver := labtest.Zone{
		"SRV _stun._udp.example.com.": {labtest.SRV(0, 0, at.Port(), "far.example.com")},
		"A far.example.com.":          {labtest.Addr("127.0.0.1")},
	}.Serve(t)
	named := fmt.Sprintf("far.example.com:%d", at.Port())
	r := ask(t, Target{URL: "stun:example.com", Resolver: resolver})
	if !r.OK() || r.Address != server || r.SRV != named || r.URL != "stun:example.com" || r.Took(diag.StageDNS) == nil {
		t.Errorf("%+v", r)
	}
	u, err := iceurl.Parse("example.com")
	if err != nil {
		t.Fatal(err)
	}
	if s := natServer(t.Context(), u, Target{Resolver: resolver}); len(s) != 1 || s[0].Address != at || s[0].SRV != named {
		t.Errorf("%+v", s)
	}
	if s := natServer(t.Context(), u, Target{Resolver: resolver, Families: reach.OnlyIPv6}); len(s) != 1 || s[0].Failure == nil || s[0].Failure.Cause != diag.CauseConfig {
		t.Errorf("%+v", s)
	}
}

// TestSRVCertificate: the certificate must be for the name of the URL, not for the one that DNS puts in its place.
func TestSRVCertificate(t *testing.T) {
	for name, ok := range map[string]bool{"example.com": true, "far.example.com": false} {
		c, err := lab.NewCertificate(lab.CertificateOptions{Names: []string{name}})
		if err != nil {
			t.Fatal(err)
		}
		for _, tr := range []lab.Transport{lab.TLS, lab.DTLS} {
			s := startFault(t, lab.Fault{Network: tr, Behavior: lab.Correct, Certificate: c})
			port := netip.MustParseAddrPort(s.Addr()).Port()
			url, record := "stuns:example.com", "SRV _stuns._tcp.example.com."
			if tr == lab.DTLS {
				url, record = url+"?transport=udp", "SRV _stuns._udp.example.com."
			}
			to := target(url, c)
			to.Resolver = labtest.Zone{record: {labtest.SRV(0, 0, port, "far.example.com")}, "A far.example.com.": {labtest.Addr("127.0.0.1")}}.Serve(t)
			if r := ask(t, to); r.OK() != ok || !ok && !strings.Contains(errorText(r), "not for example.com") {
				t.Errorf("%s %s: %+v", tr, name, r)
			}
		}
	}
}

// TestNoService: DNS may say that there is no such service (RFC 2782).
func TestNoService(t *testing.T) {
	resolver := labtest.Zone{"SRV _turn._udp.example.com.": {labtest.SRV(0, 0, 0, ".")}, "A example.com.": {labtest.Addr("127.0.0.1")}}.Serve(t)
	r := ask(t, Target{URL: "turn:example.com", Username: user, Password: password, Resolver: resolver, Timeout: 5 * time.Second})
	if r.Cause() != diag.CauseDNS || !strings.Contains(errorText(r), "has no TURN service over UDP") || !strings.Contains(words.ServerAdvice(&r), "add the port") {
		t.Errorf("%+v", r)
	}
}

// TestOneFamily asks an address of the wrong family, by flag and by local address.
func TestOneFamily(t *testing.T) {
	for _, target := range []Target{
		{URL: "stun:127.0.0.1", Families: reach.OnlyIPv6}, {URL: "stun:127.0.0.1", Local: netip.IPv6Loopback()}, {URL: "stun:[::1]", Families: reach.OnlyIPv4},
	} {
		if r := ask(t, target); r.Cause() != diag.CauseConfig || !strings.Contains(errorText(r), "family") {
			t.Errorf("%+v: %+v", target, r)
		}
	}
}

// TestTwoNamesOfOneServer: it is asked once, and both names are kept.
func TestTwoNamesOfOneServer(t *testing.T) {
	var urls []iceurl.URL
	for _, raw := range []string{"stun:127.0.0.1:9", "stun:localhost:9", "stun:127.0.0.1:9", "turn:localhost:9", "stun:127.0.0.1:10"} {
		u, err := iceurl.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		urls = append(urls, u)
	}
	got := NATServers(t.Context(), urls, reach.OnlyIPv4)
	if len(got) != 2 || !slices.Equal(got[0].Also, []string{"stun:localhost:9"}) || got[1].Also != nil {
		t.Errorf("%+v", got)
	}
}
