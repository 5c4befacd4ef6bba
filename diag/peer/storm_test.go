package peer

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/guard"
	"dialtone/diag/lab"
)

// TestCheckStorm: between two NATs that map by address and port every check used to make a candidate and every candidate
// a check: 16,000 packets a second. Now each side sends the other's NAT 100 checks and then 5 a second, answers as many,
// and the counts are those of the wire.
func TestCheckStorm(t *testing.T) {
	for _, filtering := range [][2]lab.NATBehavior{
		{lab.EndpointIndependent, lab.EndpointIndependent},
		{lab.EndpointIndependent, lab.AddressDependent},
		{lab.AddressDependent, lab.EndpointIndependent},
	} {
		t.Run(fmt.Sprint(filtering), func(t *testing.T) {
			t.Parallel()
			stormBetween(t, filtering)
		})
	}
}

func stormBetween(t *testing.T, filtering [2]lab.NATBehavior) {
	const mapping = lab.AddressAndPortDependent
	w, err := lab.NewWorld(lab.WorldOptions{
		Sides: []lab.Side{{Mapping: mapping, Filtering: filtering[0]}, {Mapping: mapping, Filtering: filtering[1]}},
		Delay: 2 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	server := diag.ICEServerAuth{URL: w.Responders()[0].URL()}
	var peers [2]*Peer
	var mu sync.Mutex
	var counted uint64
	pairs := [2]map[string]diag.Pair{{}, {}}
	var limits [2]diag.ICELimits
	over := make(chan struct{}, 2)
	var ready sync.WaitGroup
	ready.Add(1)
	for i := range peers {
		o := Options{Net: w.Client(i), ICEServers: []diag.ICEServerAuth{server}, NoMedia: true}
		o.Timeouts = Timeouts{Disconnected: 2 * time.Second, Failed: time.Second}
		o.Emit = func(d diag.Data) {
			mu.Lock()
			defer mu.Unlock()
			switch d := d.(type) {
			case diag.Pair:
				pairs[i][d.ID] = d
			case diag.ICELimits:
				limits[i] = d
			}
		}
		o.OnCandidate = func(c Candidate) {
			ready.Wait()
			peers[1-i].AddCandidate(c)
		}
		o.OnState = func(s State) {
			if s == StateICEFailed {
				over <- struct{}{}
			}
		}
		p, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { closing(p) })
		peers[i] = p
	}
	ready.Done()
	begun := time.Now()
	connect(t, &side{Peer: peers[0]}, &side{Peer: peers[1]})
	for range peers {
		select {
		case <-over:
		case <-time.After(40 * time.Second):
			t.Fatal("the call has not failed")
		}
	}
	took := time.Since(begun).Seconds()
	packets, _ := w.Traffic()
	mu.Lock()
	defer mu.Unlock()
	for i := range pairs {
		for _, p := range pairs[i] {
			counted += p.RequestsSent + p.ResponsesSent
		}
		if len(pairs[i]) > guard.MaxPairs {
			t.Errorf("%d pairs", len(pairs[i]))
		}
	}
	most := 2*2*(guard.StrangerBurst+guard.StrangerRate*took) + 50 // both sides, with answers; and requests to the server
	t.Logf("%d packets in %.1f s, at most %.0f; %d in the pairs; held back: %v", packets, took, most, counted, limits)
	if float64(packets) > most || counted > uint64(packets) || limits[0].Checks+limits[1].Checks == 0 {
		t.Error("the storm is not bounded, or its counts are wrong")
	}
}

// TestCandidatesWithoutEnd: 3,900 candidates, trickled before the description, after it, or in it, are 100 that are used and a
// count.
func TestCandidatesWithoutEnd(t *testing.T) {
	t.Parallel()
	offer := chromium(t, "chromium-offer.json")
	line := func(n int) string { return fmt.Sprintf("candidate:%d 1 udp %d 127.0.0.1 %d typ host", n, n, 1024+n) }
	inside := offer
	var lines strings.Builder
	for n := range 3900 {
		lines.WriteString("a=" + line(n) + "\r\n")
	}
	inside.SDP = strings.ReplaceAll(offer.SDP, "a=setup:actpass\r\n", "a=setup:actpass\r\n"+lines.String()) // in each section
	trickle := func(p *Peer) {
		for n := range 3900 {
			p.AddCandidate(Candidate{Candidate: line(n)})
		}
	}
	for name, signal := range map[string]func(*Peer) error{
		"before":         func(p *Peer) error { trickle(p); _, err := p.Answer(offer); return err },
		"after":          func(p *Peer) error { _, err := p.Answer(offer); trickle(p); return err },
		"in the section": func(p *Peer) error { _, err := p.Answer(inside); return err },
	} {
		t.Run(name, func(t *testing.T) {
			a := alone(t, Options{NoMedia: true, Loopback: LoopbackOnly})
			if err := signal(a.Peer); err != nil {
				t.Fatal(err)
			}
			a.Ending()
			c := a.until(t, "the limits", func(c *call.Call) bool { return c.Limits.Candidates >= 3799 })
			signaled := 0
			for _, r := range c.Remote {
				if r.CandidateType == diag.Host {
					signaled++
				}
			}
			if signaled != maxRemote || c.Limits.Candidates > 3900-maxRemote+1 {
				t.Errorf("%d candidates, and %d were not used", signaled, c.Limits.Candidates)
			}
		})
	}
}
