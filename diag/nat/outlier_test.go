package nat

import (
	"net/netip"
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
	bare, rejected, back := request(0, 0, "198.51.100.1:1"), request(0, 0, "0.0.0.0:0"), request(1, 0, "198.51.100.1:1")
	bare.Answer.Mapped, rejected.Answer.Code, back.Test = netip.AddrPort{}, 400, diag.TestHairpin
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
		"no mapped address":             {[]Request{bare}, local, false},
		"rejected":                      {[]Request{rejected}, local, false},
		"sent back inside":              {[]Request{request(0, 0, "198.51.100.1:1"), back}, local, false},
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
