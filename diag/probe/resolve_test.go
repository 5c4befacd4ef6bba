package probe

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"dialtone/diag"
	"dialtone/diag/lab"
	"dialtone/diag/words"
)

// Types of DNS records (RFC 1035 §3.2.2, RFC 3596, RFC 2782).
const (
	typeA    = 1
	typeAAAA = 28
	typeSRV  = 33
)

// zone is what a DNS server of the tests knows, by "TYPE name."; what it does not know does not exist. A nil value is
// silence.
type zone map[string][][]byte

// addr is the value of an A or AAAA record.
func addr(a string) []byte { return netip.MustParseAddr(a).AsSlice() }

// srv is the value of an SRV record.
func srv(priority, weight, port uint16, target string) []byte {
	b := binary.BigEndian.AppendUint16(nil, priority)
	b = binary.BigEndian.AppendUint16(b, weight)
	return append(binary.BigEndian.AppendUint16(b, port), dnsName(target)...)
}

// dnsName is a name as it is on the wire.
func dnsName(name string) []byte {
	var b []byte
	for label := range strings.SplitSeq(strings.Trim(name, "."), ".") {
		if label != "" {
			b = append(append(b, byte(len(label))), label...)
		}
	}
	return append(b, 0)
}

// serve answers from a zone.
func (z zone) serve(t *testing.T) *net.Resolver {
	t.Helper()
	return resolverAt(udpServer(t, func(_ int, b []byte, _ net.Addr, _ net.PacketConn) []byte {
		name, end := "", 12
		for b[end] != 0 {
			name += string(b[end+1:end+1+int(b[end])]) + "."
			end += int(b[end]) + 1
		}
		end += 5 // the root label, type and class
		asked := binary.BigEndian.Uint16(b[end-4:])
		records, known := z[map[uint16]string{typeA: "A ", typeAAAA: "AAAA ", typeSRV: "SRV "}[asked]+strings.ToLower(name)]
		if known && records == nil {
			return nil
		}
		code := byte(0)
		if !known && asked == typeSRV {
			code = 3
		}
		out := append([]byte{b[0], b[1], 0x81, 0x80 | code, 0, 1, 0, byte(len(records)), 0, 0, 0, 0}, b[12:end]...)
		for _, r := range records {
			out = append(out, 0xc0, 12, 0, byte(asked), 0, 1, 0, 0, 0, 60, 0, byte(len(r)))
			out = append(out, r...)
		}
		return out
	}))
}

func TestLookup(t *testing.T) {
	const own, far = "127.0.0.1:3478 example.com", "127.0.0.3:4000 far.example.com SRV"
	many := zone{"A example.com.": {addr("127.0.0.1")}, "SRV _stun._udp.example.com.": {}}
	for i := range 20 {
		many["SRV _stun._udp.example.com."] = append(many["SRV _stun._udp.example.com."], srv(uint16(i), 0, 4000, fmt.Sprintf("t%02d.example.com", i)))
		many[fmt.Sprintf("A t%02d.example.com.", i)] = [][]byte{addr("127.0.0.9")}
		many[fmt.Sprintf("AAAA t%02d.example.com.", i)] = [][]byte{addr("::9")}
	}
	plain := func(z zone) zone {
		z["A example.com."] = [][]byte{addr("127.0.0.1")}
		z["A far.example.com."] = [][]byte{addr("127.0.0.3")}
		return z
	}
	for _, tt := range []struct {
		name, url string
		zone      zone
		want      []string
	}{
		{"no SRV", "stun:example.com", plain(zone{}), []string{own}},
		{"empty SRV", "stun:example.com", plain(zone{"SRV _stun._udp.example.com.": {}}), []string{own}},
		{"silent SRV", "stun:example.com", plain(zone{"SRV _stun._udp.example.com.": nil}), []string{own}},
		{"SRV", "stun:example.com", plain(zone{"SRV _stun._udp.example.com.": {srv(0, 0, 4000, "far.example.com")}}), []string{far}},
		{"a port", "stun:example.com:3478", plain(zone{"SRV _stun._udp.example.com.": {srv(0, 0, 4000, "far.example.com")}}), []string{own}},
		{"TCP", "stun:example.com?transport=tcp", plain(zone{"SRV _stun._tcp.example.com.": {srv(0, 0, 4000, "far.example.com")}}), []string{far}},
		{"stuns", "stuns:example.com", plain(zone{"SRV _stuns._tcp.example.com.": {srv(0, 0, 4000, "far.example.com")}}), []string{far}},
		{"turn", "turn:example.com", plain(zone{"SRV _turn._udp.example.com.": {srv(0, 0, 4000, "far.example.com")}}), []string{far}},
		{"turn over TCP", "turn:example.com?transport=tcp", plain(zone{"SRV _turn._tcp.example.com.": {srv(0, 0, 4000, "far.example.com")}}), []string{far}},
		{"turns", "turns:example.com", plain(zone{"SRV _turns._tcp.example.com.": {srv(0, 0, 4000, "far.example.com")}}), []string{far}},
		{"SRV alone", "stun:nothing.example.com", plain(zone{"SRV _stun._udp.nothing.example.com.": {srv(0, 0, 4000, "far.example.com")}}), []string{far}},
		{"priorities", "stun:example.com", plain(zone{
			"SRV _stun._udp.example.com.": {srv(9, 0, 4001, "far.example.com"), srv(1, 0, 4000, "far.example.com")},
		}), []string{far, "127.0.0.3:4001 far.example.com SRV"}},
		{"port 0", "stun:example.com", plain(zone{"SRV _stun._udp.example.com.": {srv(0, 0, 0, "far.example.com")}}), []string{own}},
		{"an address", "stun:example.com", plain(zone{"SRV _stun._udp.example.com.": {srv(0, 0, 4000, "127.0.0.3")}}), []string{own}},
		{"a target without address", "stun:example.com", plain(zone{"SRV _stun._udp.example.com.": {srv(0, 0, 4000, "nowhere.example.com")}}), []string{own}},
		{"many", "stun:example.com", many, []string{
			"127.0.0.9:4000 t00.example.com SRV", "[::9]:4000 t00.example.com SRV", "127.0.0.9:4000 t01.example.com SRV",
			"[::9]:4000 t01.example.com SRV", "127.0.0.9:4000 t02.example.com SRV", "[::9]:4000 t02.example.com SRV",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			u, err := ParseURL(tt.url)
			if err != nil {
				t.Fatal(err)
			}
			found, err := lookup(t.Context(), interruptible(tt.zone.serve(t)), u)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range found {
				line := e.addr.String() + " " + e.host
				if e.srv {
					line += " SRV"
				}
				got = append(got, line)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestSRV asks a server that only SRV knows, through both ways to ask.
func TestSRV(t *testing.T) {
	server := udpServer(t, func(_ int, b []byte, _ net.Addr, _ net.PacketConn) []byte { return bindingAnswer(t, b) })
	at := netip.MustParseAddrPort(server)
	resolver := zone{
		"SRV _stun._udp.example.com.": {srv(0, 0, at.Port(), "far.example.com")},
		"A far.example.com.":          {addr("127.0.0.1")},
	}.serve(t)
	named := fmt.Sprintf("far.example.com:%d", at.Port())
	r := ask(t, Target{URL: "stun:example.com", Resolver: resolver})
	if !r.OK() || r.Address != server || r.SRV != named || r.URL != "stun:example.com" || r.Took(diag.StageDNS) == nil {
		t.Errorf("%+v", r)
	}
	u, err := ParseURL("example.com")
	if err != nil {
		t.Fatal(err)
	}
	if s := natServer(t.Context(), u, Target{Resolver: resolver}); len(s) != 1 || s[0].Address != at || s[0].SRV != named {
		t.Errorf("%+v", s)
	}
	if s := natServer(t.Context(), u, Target{Resolver: resolver, Families: OnlyIPv6}); len(s) != 1 || s[0].Failure == nil || s[0].Failure.Cause != diag.CauseConfig {
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
			to.Resolver = zone{record: {srv(0, 0, port, "far.example.com")}, "A far.example.com.": {addr("127.0.0.1")}}.serve(t)
			if r := ask(t, to); r.OK() != ok || !ok && !strings.Contains(errorText(r), "not for example.com") {
				t.Errorf("%s %s: %+v", tr, name, r)
			}
		}
	}
}

// TestNoService: DNS may say that there is no such service (RFC 2782).
func TestNoService(t *testing.T) {
	resolver := zone{"SRV _turn._udp.example.com.": {srv(0, 0, 0, ".")}, "A example.com.": {addr("127.0.0.1")}}.serve(t)
	r := ask(t, Target{URL: "turn:example.com", Username: user, Password: password, Resolver: resolver, Timeout: 5 * time.Second})
	if r.Cause() != diag.CauseDNS || !strings.Contains(errorText(r), "has no TURN service over udp") || !strings.Contains(words.ServerAdvice(&r), "add the port") {
		t.Errorf("%+v", r)
	}
}

// TestOneFamily asks an address of the wrong family, by flag and by local address.
func TestOneFamily(t *testing.T) {
	for _, target := range []Target{
		{URL: "stun:127.0.0.1", Families: OnlyIPv6}, {URL: "stun:127.0.0.1", Local: netip.IPv6Loopback()}, {URL: "stun:[::1]", Families: OnlyIPv4},
	} {
		if r := ask(t, target); r.Cause() != diag.CauseConfig || !strings.Contains(errorText(r), "family") {
			t.Errorf("%+v: %+v", target, r)
		}
	}
}

// FuzzTargets: what an SRV answer says is bounded, and cannot be an address.
func FuzzTargets(f *testing.F) {
	f.Add("a.example.", uint16(1), ".", uint16(0), 3)
	f.Add("127.0.0.1.", uint16(1), "::1", uint16(7), 900)
	f.Add("-", uint16(0), "a..b", uint16(65535), 1)
	f.Fuzz(func(t *testing.T, one string, port uint16, two string, other uint16, n int) {
		var records []*net.SRV
		for i := range min(max(n, 0), 2000) {
			records = append(records, &net.SRV{Target: one, Port: port + uint16(i)}, &net.SRV{Target: two, Port: other})
		}
		targets, refused := srvTargets(records)
		if len(targets) > maxTargets || refused && targets != nil {
			t.Fatalf("%d targets, refused %t", len(targets), refused)
		}
		for _, s := range targets {
			u := URL{Scheme: STUN, Host: s.host, Port: s.port, UDP: true}
			again, err := ParseURL(u.String())
			if _, ip := netip.ParseAddr(s.host); ip == nil || err != nil || cmp.Diff(u, again, cmpopts.EquateComparable()) != "" {
				t.Fatalf("%+v is %+v, %v", s, again, err)
			}
		}
	})
}
