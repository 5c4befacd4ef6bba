package nat

import (
	"net/netip"
	"testing"
	"time"
)

// TestDistrusted: who is not believed about our address, and who is although it looks odd.
func TestDistrusted(t *testing.T) {
	server := netip.MustParseAddrPort("192.0.2.1:3478")
	request := func(socket string, at time.Duration, mapped string) NATRequest {
		return NATRequest{Socket: socket, SentAt: at, Test: TestMapping, To: server, Answer: &NATAnswer{From: server, Mapped: netip.MustParseAddrPort(mapped)}}
	}
	local := netip.MustParseAddrPort("10.0.0.7:50000")
	for name, tt := range map[string]struct {
		requests []NATRequest
		local    netip.AddrPort
		want     bool
	}{
		"honest":                        {[]NATRequest{request("a", 0, "198.51.100.1:1"), request("b", 0, "198.51.100.1:2")}, local, false},
		"one socket twice":              {[]NATRequest{request("a", 0, "198.51.100.1:1"), request("a", 1, "198.51.100.1:1")}, local, false},
		"two sockets, one address":      {[]NATRequest{request("a", 0, "198.51.100.1:1"), request("b", 1, "198.51.100.1:1")}, local, true},
		"much later, the port is free":  {[]NATRequest{request("a", 0, "198.51.100.1:1"), request("b", time.Minute, "198.51.100.1:1")}, local, false},
		"our own private address":       {[]NATRequest{request("a", 0, "10.0.0.7:1")}, local, false},
		"another private address":       {[]NATRequest{request("a", 0, "10.9.9.9:1")}, local, true},
		"private, and ours is unknown":  {[]NATRequest{request("a", 0, "10.9.9.9:1")}, netip.AddrPort{}, false},
		"private, and ours is the IPv6": {[]NATRequest{request("a", 0, "10.9.9.9:1")}, netip.MustParseAddrPort("[2001:db8::1]:1"), false},
	} {
		o := NATObservations{Servers: []NATAsked{{URL: "stun:a", Address: server}}, Requests: tt.requests, Local: tt.local}
		if got := len(o.distrusted()) > 0; got != tt.want {
			t.Errorf("%s: distrusted %v, want %v", name, got, tt.want)
		}
	}
}

// TestAlternateIsNotBlamedForLoss: where everything gets lost, the silence of the alternate address says nothing about it.
func TestAlternateIsNotBlamedForLoss(t *testing.T) {
	other := netip.MustParseAddrPort("192.0.2.2:3479")
	for name, tt := range map[string]struct {
		tally Tally
		want  bool
	}{
		"nothing lost": {Tally{AskedBoth: 6, Proofs: 9, Sent: 12}, true},
		"half lost":    {Tally{AskedBoth: 6, Proofs: 9, Sent: 12, Lost: 6}, false},
		"one try":      {Tally{AskedBoth: 1, Proofs: 1, Sent: 4}, false},
		"it answers":   {Tally{AskedBoth: 6, Proofs: 9, Sent: 12, ProvedBoth: true}, false},
	} {
		if got := len(changeFindings("stun:a", tt.tally, other)) > 0; got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}
