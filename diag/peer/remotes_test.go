package peer

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"dialtone/diag/call"
	"dialtone/diag/sdp"
)

// TestNamesInCandidates: a name is resolved and its address used, as browsers do; one that does not resolve costs only
// itself.
func TestNamesInCandidates(t *testing.T) {
	a, b := alone(t, Options{NoMedia: true, Loopback: LoopbackOnly}), alone(t, Options{NoMedia: true, Loopback: LoopbackOnly})
	offer, err := a.Offer(false)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := b.Answer(offer)
	if err != nil {
		t.Fatal(err)
	}
	b.until(t, "candidates", func(c *call.Call) bool { return c.Gathering == "complete" })
	answer = b.Local()
	if !strings.Contains(answer.SDP, " 127.0.0.1 ") {
		t.Fatal(answer.SDP)
	}
	answer.SDP = strings.ReplaceAll(answer.SDP, " 127.0.0.1 ", " localhost ")
	if err := a.SetAnswer(answer); err != nil {
		t.Fatal(err)
	}
	a.AddCandidate(Candidate{Candidate: "candidate:7 1 udp 7 media.invalid 5000 typ host"})
	c := a.until(t, "a path", func(c *call.Call) bool { return c.Selected != nil && len(c.Remote) >= 3 })
	for _, r := range c.Remote {
		if wrong := r.Address == "127.0.0.1" && r.Name != "localhost" && r.Foundation != ""; wrong {
			t.Errorf("%+v", r.Candidate)
		}
	}
}

// TestUnreachableCandidates are reported, and never reach the agent, which would check them.
func TestUnreachableCandidates(t *testing.T) {
	a := alone(t, Options{NoMedia: true, Loopback: LoopbackOnly})
	if _, err := a.Answer(chromium(t, "chromium-offer.json")); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"1 1 udp 1 0.0.0.0 5000 typ host", "2 1 udp 1 :: 5000 typ host", "3 1 udp 1 224.0.0.251 5353 typ host",
		"4 1 udp 1 255.255.255.255 5000 typ host", "5 1 udp 1 ff02::1 5000 typ host", "6 1 udp 1 127.0.0.1 0 typ host",
		"8 2 udp 1 127.0.0.1 10 typ host", "9 1 TCP 1 aa.local 9 typ host tcptype active", // as Firefox signals them
	} {
		a.AddCandidate(Candidate{Candidate: "candidate:" + line})
	}
	a.AddCandidate(Candidate{Candidate: "candidate:7 1 udp 1 127.0.0.1 9 typ host"})
	c := a.until(t, "a pair", func(c *call.Call) bool { return len(c.Pairs) > 0 })
	if len(c.Remote) != 9 || len(c.Pairs) != 1 {
		t.Errorf("%d candidates, %d pairs", len(c.Remote), len(c.Pairs))
	}
	for _, r := range c.Remote {
		if tcp := r.Foundation == "9"; tcp != (r.Protocol == "tcp") {
			t.Errorf("%s is of %s", r.Address, r.Protocol)
		}
	}
}

// TestManyHiddenNames: the local network is asked for few names, however many a peer has.
func TestManyHiddenNames(t *testing.T) {
	a := alone(t, Options{NoMedia: true, Loopback: LoopbackOnly})
	if _, err := a.Answer(chromium(t, "chromium-offer.json")); err != nil {
		t.Fatal(err)
	}
	before := a.guard.Limited().Candidates
	for n := range 30 {
		a.AddCandidate(Candidate{Candidate: fmt.Sprintf("candidate:%d 1 udp 1 n%d.local 5000 typ host", n, n)})
	}
	if left := a.guard.Limited().Candidates - before; left < 24 {
		t.Errorf("%d of 30 names were left out", left)
	}
}

// TestGenerations: candidates belong to the description whose ufrag they name (RFC 8838 §10). One that comes before its
// description waits for it, one that comes after a later one is of no use, and one of no description is reported.
func TestGenerations(t *testing.T) {
	a := alone(t, Options{NoMedia: true, Loopback: LoopbackOnly})
	offer := chromium(t, "chromium-offer.json")
	ufrags := sdp.Parse(offer.SDP).Ufrags()
	if len(ufrags) != 1 {
		t.Fatal(ufrags)
	}
	add := func(port int, ufrag string) {
		a.AddCandidate(Candidate{Candidate: fmt.Sprintf("candidate:%d 1 udp 1 127.0.0.1 %d typ host ufrag %s", port, port, ufrag)})
	}
	add(1, ufrags[0])
	add(2, "later")
	if _, err := a.Answer(offer); err != nil {
		t.Fatal(err)
	}
	add(3, "later")
	add(4, ufrags[0])
	ports := func(c *call.Call) (out []uint16) {
		for _, r := range c.Remote {
			if r.Address == "127.0.0.1" {
				out = append(out, r.Port)
			}
		}
		return out
	}
	c := a.until(t, "the candidate", func(c *call.Call) bool { return slices.Contains(ports(c), 4) })
	if got := ports(c); !slices.Equal(got, []uint16{1, 4}) || len(c.Warnings) != 2 {
		t.Errorf("ports %v, warnings %+v", got, c.Warnings)
	}
	offer.SDP = strings.ReplaceAll(offer.SDP, ufrags[0], "later")
	if _, err := a.Answer(offer); err != nil {
		t.Fatal(err)
	}
	add(5, ufrags[0])
	add(6, "later")
	c = a.until(t, "the candidate", func(c *call.Call) bool { return slices.Contains(ports(c), 6) })
	if got := ports(c); !slices.Equal(got, []uint16{1, 4, 2, 3, 6}) || len(c.Warnings) != 2 {
		t.Errorf("ports %v, warnings %+v", got, c.Warnings)
	}
}
