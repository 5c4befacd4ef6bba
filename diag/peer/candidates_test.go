package peer

import (
	"flag"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/lab"
	"dialtone/diag/lab/labtest"
)

var gatherings = flag.Int("gatherings", 5, "how many calls TestCandidatesAreCompleteUnderLoad places")

// labServers starts a STUN and TURN server on loopback.
func labServers(t *testing.T) []diag.ICEServerAuth {
	t.Helper()
	s, err := lab.StartTURN(lab.TURNOptions{UDP: true, TCP: true, Username: "u", Password: "p"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return []diag.ICEServerAuth{
		{URL: s.STUN()}, {URL: s.URL(lab.UDP), Username: "u", Credential: "p"}, {URL: s.URL(lab.TCP), Username: "u", Credential: "p"},
	}
}

// incomplete names what is missing of the candidates that a call reports; 0 and 0 of relay and srflx are also missing.
func incomplete(c *call.Call) []string {
	var out []string
	count := map[diag.CandidateType]int{}
	for _, l := range c.Local {
		count[l.CandidateType]++
		missing := func(what string, is bool) {
			if is {
				out = append(out, fmt.Sprintf("%s has no %s", l.Candidate, what))
			}
		}
		if l.CandidateType == diag.Prflx {
			continue // known by the statistics alone
		}
		missing("foundation", l.Foundation == "")
		missing("interface", l.NetworkInterface == "")
		if l.CandidateType == diag.Host {
			continue
		}
		missing("base", l.RelatedAddress == "" || l.RelatedPort == 0)
		missing("server", l.URL == "")
		missing("transport to its server", l.CandidateType == diag.Relay && l.RelayProtocol == "")
	}
	for _, r := range c.Remote {
		if r.CandidateType != diag.Prflx && r.Foundation == "" {
			out = append(out, fmt.Sprintf("%s has no foundation", r.Candidate))
		}
	}
	if count[diag.Srflx] == 0 || count[diag.Relay] < 2 {
		out = append(out, fmt.Sprint("candidates of each type: ", count))
	}
	return out
}

// TestStatisticsBeforeCallbacks: while pion's callback of the first candidate lasts, its statistics know pairs of all the
// others. Each is reported once, with its server, base and foundation.
func TestStatisticsBeforeCallbacks(t *testing.T) {
	t.Parallel()
	released := make(chan struct{})
	release := sync.OnceFunc(func() { close(released) })
	a, b := pair(t, Options{NoMedia: true, ICEServers: labServers(t)}, Options{NoMedia: true})
	t.Cleanup(release) // closing waits for the callback
	var passed sync.Once
	pass := a.o.OnCandidate
	a.o.OnCandidate = func(c Candidate) {
		passed.Do(func() { <-released })
		pass(c)
	}
	connect(t, a, b)
	b.until(t, "a candidate", func(c *call.Call) bool { return len(c.Local) > 0 })
	deadline := time.Now().Add(20 * time.Second)
	for types := map[webrtc.ICECandidateType]int{}; types[webrtc.ICECandidateTypeSrflx] == 0 || types[webrtc.ICECandidateTypeRelay] < 2; {
		if time.Now().After(deadline) {
			t.Fatalf("pairs by the type of their local candidate: %v", types)
		}
		time.Sleep(time.Millisecond) // nothing reports that statistics have changed
		clear(types)
		stats := a.pc.GetStats()
		for _, s := range stats {
			if p, ok := s.(webrtc.ICECandidatePairStats); ok {
				if l, ok := stats[p.LocalCandidateID].(webrtc.ICECandidateStats); ok {
					types[l.CandidateType]++
				}
			}
		}
	}
	a.Sample(false)
	release()
	c := a.until(t, "a channel", func(c *call.Call) bool { return c.OpenAt != nil && c.Gathering == "complete" })
	for _, problem := range incomplete(c) {
		t.Error(problem)
	}
}

// TestRelayOverIPv6: a TURN server may be reached over IPv6.
func TestRelayOverIPv6(t *testing.T) {
	s, err := lab.StartTURN(lab.TURNOptions{Listen: "[::1]:0", UDP: true, Username: "u", Password: "p"})
	if err != nil {
		t.Skip("no IPv6 on loopback:", err)
	}
	defer func() { _ = s.Close() }()
	found := make(chan diag.Candidate, 1)
	gathered := make(chan struct{})
	p, err := New(Options{
		NoMedia: true, Loopback: LoopbackInclude, RelayOnly: true, OnGathered: func() { close(gathered) },
		ICEServers: []diag.ICEServerAuth{{URL: s.URL(lab.UDP), Username: "u", Credential: "p"}},
		Emit: func(d diag.Data) {
			if c, ok := d.(diag.Candidate); ok {
				found <- c
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer closing(p)
	if _, err := p.Offer(false); err != nil {
		t.Fatal(err)
	}
	<-gathered
	select {
	case c := <-found:
		if c.URL != s.URL(lab.UDP) || c.CandidateType != diag.Relay || c.RelatedPort == 0 {
			t.Errorf("%+v", c)
		}
	default:
		t.Error("no candidate")
	}
}

func stopped(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// TestCandidatesAreCompleteUnderLoad places calls beside four busy loops.
func TestCandidatesAreCompleteUnderLoad(t *testing.T) {
	labtest.NeedQuiet(t)
	stop := make(chan struct{})
	var busy sync.WaitGroup
	for range 4 {
		busy.Go(func() {
			for !stopped(stop) { //nolint:revive // it keeps a processor busy
			}
		})
	}
	defer busy.Wait()
	defer close(stop)
	servers := labServers(t)
	complete := 0
	for i := range *gatherings {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			a, b := pair(t, Options{NoMedia: true, ICEServers: servers}, Options{NoMedia: true, ICEServers: servers})
			connect(t, a, b)
			ok := true
			for _, s := range []*side{a, b} {
				c := s.until(t, "a channel and the candidates", func(c *call.Call) bool {
					return c.OpenAt != nil && c.Gathering == "complete" && len(c.Remote) >= 4
				})
				for _, problem := range incomplete(c) {
					t.Error(problem)
					ok = false
				}
			}
			if ok {
				complete++
			}
		})
	}
	t.Logf("%d of %d calls reported complete candidates on both sides", complete, *gatherings)
}
