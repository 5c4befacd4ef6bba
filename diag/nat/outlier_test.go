package nat

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"dialtone/diag"
)

// TestDistrusted: who is not believed about our address, and who is although it looks odd.
func TestDistrusted(t *testing.T) {
	server := netip.MustParseAddrPort("192.0.2.1:3478")
	request := func(socket int, at time.Duration, mapped string) Request {
		return Request{Socket: diag.NATSocket{Use: diag.SocketHeld, Number: socket}, SentMs: diag.Millis(at), Test: diag.TestMapping, To: server, Local: netip.MustParseAddrPort("10.0.0.7:50000"), Answer: &Answer{From: server, Mapped: netip.MustParseAddrPort(mapped)}}
	}
	local := netip.MustParseAddrPort("10.0.0.7:50000")
	for name, tt := range map[string]struct {
		requests []Request
		local    netip.AddrPort
		want     bool
	}{
		"honest":                        {[]Request{request(0, 0, "198.51.100.1:1"), request(1, 0, "198.51.100.1:2")}, local, false},
		"one socket twice":              {[]Request{request(0, 0, "198.51.100.1:1"), request(0, 1, "198.51.100.1:1")}, local, false},
		"two sockets, one address":      {[]Request{request(0, 0, "198.51.100.1:1"), request(1, 1, "198.51.100.1:1")}, local, true},
		"much later, the port is free":  {[]Request{request(0, 0, "198.51.100.1:1"), request(1, time.Minute, "198.51.100.1:1")}, local, false},
		"our own private address":       {[]Request{request(0, 0, "10.0.0.7:1")}, local, false},
		"to which no one can send":      {[]Request{request(0, 0, "239.1.2.3:1")}, local, true},
		"without its coding":            {[]Request{request(0, 0, "43.18.164.69:57922")}, local, true}, // 10.0.0.7:50000
		"another private address":       {[]Request{request(0, 0, "10.9.9.9:1")}, local, true},
		"private, and ours is unknown":  {[]Request{request(0, 0, "10.9.9.9:1")}, netip.AddrPort{}, false},
		"private, and ours is the IPv6": {[]Request{request(0, 0, "10.9.9.9:1")}, netip.MustParseAddrPort("[2001:db8::1]:1"), false},
	} {
		o := State{Servers: []Server{{URL: "stun:a", Address: server}}, Requests: tt.requests, Local: diag.NATLocal{Address: tt.local}}
		if got := len(o.distrusted()) > 0; got != tt.want {
			t.Errorf("%s: distrusted %v, want %v", name, got, tt.want)
		}
	}
}

// TestOutvotedByTheMajority: more than half of the servers must agree, and the other one differ in address and port.
func TestOutvotedByTheMajority(t *testing.T) {
	const a, b, c, d = "198.51.100.1:1", "198.51.100.2:2", "198.51.100.3:3", "198.51.100.4:4"
	for name, tt := range map[string]struct {
		mapped []string
		want   []int
	}{
		"none":                   {nil, nil},
		"one":                    {[]string{a}, nil},
		"one against one":        {[]string{a, b}, nil},
		"two against one":        {[]string{a, b, a}, []int{1}},
		"two against two":        {[]string{a, b, a, b}, nil},
		"three against two":      {[]string{a, b, a, c, a}, []int{1, 3}},
		"two of five":            {[]string{a, b, a, c, d}, nil},
		"another port":           {[]string{a, "198.51.100.1:9", a}, nil},
		"another address":        {[]string{a, "198.51.100.9:1", a}, nil},
		"its first view decides": {[]string{a, b, a, "1 " + a}, []int{1}},
	} {
		var list []view
		for i, m := range tt.mapped {
			if later, again := strings.CutPrefix(m, "1 "); again {
				i, m = 1, later
			}
			list = append(list, view{server: i, mapped: netip.MustParseAddrPort(m)})
		}
		if got := outvoted(list); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

// TestAlternateIsNotBlamedForLoss: where everything gets lost, the silence of the alternate address says nothing about it.
func TestAlternateIsNotBlamedForLoss(t *testing.T) {
	for name, tt := range map[string]struct {
		tally Tally
		want  bool
	}{
		"nothing lost": {Tally{AskedBoth: 6, Proofs: 9, Sent: 12}, true},
		"half lost":    {Tally{AskedBoth: 6, Proofs: 9, Sent: 12, Lost: 6}, false},
		"one try":      {Tally{AskedBoth: 1, Proofs: 1, Sent: 4}, false},
		"it answers":   {Tally{AskedBoth: 6, Proofs: 9, Sent: 12, ProvedBoth: true}, false},
	} {
		if got := tt.tally.AlternateSilent(); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}
