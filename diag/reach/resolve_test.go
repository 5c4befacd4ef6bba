package reach

import (
	"fmt"
	"net"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"dialtone/diag/iceurl"
	"dialtone/diag/lab/labtest"
)

func TestLookup(t *testing.T) {
	const own, far = "127.0.0.1:3478 example.com", "127.0.0.3:4000 far.example.com SRV"
	many := labtest.Zone{"A example.com.": {labtest.Addr("127.0.0.1")}, "SRV _stun._udp.example.com.": {}}
	for i := range 20 {
		many["SRV _stun._udp.example.com."] = append(many["SRV _stun._udp.example.com."], labtest.SRV(uint16(i), 0, 4000, fmt.Sprintf("t%02d.example.com", i)))
		many[fmt.Sprintf("A t%02d.example.com.", i)] = [][]byte{labtest.Addr("127.0.0.9")}
		many[fmt.Sprintf("AAAA t%02d.example.com.", i)] = [][]byte{labtest.Addr("::9")}
	}
	plain := func(z labtest.Zone) labtest.Zone {
		z["A example.com."] = [][]byte{labtest.Addr("127.0.0.1")}
		z["A far.example.com."] = [][]byte{labtest.Addr("127.0.0.3")}
		return z
	}
	for _, tt := range []struct {
		name, url string
		zone      labtest.Zone
		want      []string
	}{
		{"no SRV", "stun:example.com", plain(labtest.Zone{}), []string{own}},
		{"empty SRV", "stun:example.com", plain(labtest.Zone{"SRV _stun._udp.example.com.": {}}), []string{own}},
		{"silent SRV", "stun:example.com", plain(labtest.Zone{"SRV _stun._udp.example.com.": nil}), []string{own}},
		{"SRV", "stun:example.com", plain(labtest.Zone{"SRV _stun._udp.example.com.": {labtest.SRV(0, 0, 4000, "far.example.com")}}), []string{far}},
		{"a port", "stun:example.com:3478", plain(labtest.Zone{"SRV _stun._udp.example.com.": {labtest.SRV(0, 0, 4000, "far.example.com")}}), []string{own}},
		{"TCP", "stun:example.com?transport=tcp", plain(labtest.Zone{"SRV _stun._tcp.example.com.": {labtest.SRV(0, 0, 4000, "far.example.com")}}), []string{far}},
		{"stuns", "stuns:example.com", plain(labtest.Zone{"SRV _stuns._tcp.example.com.": {labtest.SRV(0, 0, 4000, "far.example.com")}}), []string{far}},
		{"turn", "turn:example.com", plain(labtest.Zone{"SRV _turn._udp.example.com.": {labtest.SRV(0, 0, 4000, "far.example.com")}}), []string{far}},
		{"turn over TCP", "turn:example.com?transport=tcp", plain(labtest.Zone{"SRV _turn._tcp.example.com.": {labtest.SRV(0, 0, 4000, "far.example.com")}}), []string{far}},
		{"turns", "turns:example.com", plain(labtest.Zone{"SRV _turns._tcp.example.com.": {labtest.SRV(0, 0, 4000, "far.example.com")}}), []string{far}},
		{"SRV alone", "stun:nothing.example.com", plain(labtest.Zone{"SRV _stun._udp.nothing.example.com.": {labtest.SRV(0, 0, 4000, "far.example.com")}}), []string{far}},
		{"priorities", "stun:example.com", plain(labtest.Zone{
			"SRV _stun._udp.example.com.": {labtest.SRV(9, 0, 4001, "far.example.com"), labtest.SRV(1, 0, 4000, "far.example.com")},
		}), []string{far, "127.0.0.3:4001 far.example.com SRV"}},
		{"port 0", "stun:example.com", plain(labtest.Zone{"SRV _stun._udp.example.com.": {labtest.SRV(0, 0, 0, "far.example.com")}}), []string{own}},
		{"an address", "stun:example.com", plain(labtest.Zone{"SRV _stun._udp.example.com.": {labtest.SRV(0, 0, 4000, "127.0.0.3")}}), []string{own}},
		{"a target without address", "stun:example.com", plain(labtest.Zone{"SRV _stun._udp.example.com.": {labtest.SRV(0, 0, 4000, "nowhere.example.com")}}), []string{own}},
		{"many", "stun:example.com", many, []string{
			"127.0.0.9:4000 t00.example.com SRV", "[::9]:4000 t00.example.com SRV", "127.0.0.9:4000 t01.example.com SRV",
			"[::9]:4000 t01.example.com SRV", "127.0.0.9:4000 t02.example.com SRV", "[::9]:4000 t02.example.com SRV",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			u, err := iceurl.Parse(tt.url)
			if err != nil {
				t.Fatal(err)
			}
			found, err := lookup(t.Context(), Interruptible(tt.zone.Serve(t)), u)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range found {
				line := e.Addr.String() + " " + e.Host
				if e.SRV {
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
			u := iceurl.URL{Scheme: iceurl.STUN, Host: s.host, Port: s.port, UDP: true}
			again, err := iceurl.Parse(u.String())
			if _, ip := netip.ParseAddr(s.host); ip == nil || err != nil || cmp.Diff(u, again, cmpopts.EquateComparable()) != "" {
				t.Fatalf("%+v is %+v, %v", s, again, err)
			}
		}
	})
}
