package probe

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/lab"
	"dialtone/diag/nat"
	"dialtone/diag/nat/chance"
	"dialtone/diag/words/verdict"
)

// verdictTrip is the round trip to the servers of [BenchmarkVerdict].
const verdictTrip = 20 * time.Millisecond

// contacts is how many requests a server gets until it counts as silent, from each of two sockets.
const contacts = 6

// verdictCase is a network, and how long a verdict about it may take.
type verdictCase struct {
	world lab.WorldOptions
	exit  diag.Exit
	limit time.Duration
	wait  time.Duration // for the answer to the last request
	least int           // requests to one server that a verdict needs
}

// verdictCases are three servers that answer and three that do not. The NAT is the usual one of a home, whose filtering is
// known by silence alone. A server is silent when both first questions have been sent so often.
func verdictCases() map[string]verdictCase {
	usual := lab.WorldOptions{Filtering: lab.AddressAndPortDependent, Responders: 3, Delay: verdictTrip / 2}
	silent := usual
	silent.BlockUDP = true
	return map[string]verdictCase{
		"answering": {usual, diag.ExitPass, 1500 * time.Millisecond, verdictTrip, leastRequests(3)},
		"silent":    {silent, diag.ExitNoConnectivity, NATBudget, maxGrace, 2 * contacts},
	}
}

// bound is what no run can stay below that sends as many requests: the rate holds back the last one to the server that is
// asked most (RFC 5780 §5), and then its answer is waited for.
func (c verdictCase) bound(o *nat.State) (requests int, bound time.Duration) {
	to := make([]int, len(o.Servers))
	for i := range o.Requests {
		to[o.Requests[i].Server]++
	}
	requests = slices.Max(to)
	return requests, time.Duration((requests-1)/natRate)*time.Second + c.wait
}

// leastRequests is how many requests the server that is asked most gets at least, before silence proves that a NAT filters by
// address and port. Nothing is lost, but the client can't know that: of k requests without an answer, beside h that were
// heard, chance is 1 in (h+k+1 choose k) that all were lost (see [nat.Tally]), and the chances of all servers, multiplied,
// have to be below [chance.Limit], for the other address and for the other port.
func leastRequests(servers int) int {
	enough := -math.Log(chance.Limit)
	for n := 1; ; n++ {
		reach := []silence{{}}
		for range servers {
			reach = addServer(reach, serverSilence(n))
		}
		for _, s := range reach {
			if s.both > enough && s.port > enough {
				return n
			}
		}
	}
}

// silence is how improbable it is that the silence of the other address, and of the other port, was loss: minus the logarithm.
type silence struct{ both, port float64 }

// serverSilence is what n requests to one server can give. One is plain. Each of the two tests, where it is made, needs two
// for the control arm: one that opens the NAT, which is heard, and one that is answered through it. Of the others some are
// plain too, and the rest asks for silence.
func serverSilence(n int) []silence {
	out := []silence{{}}
	for tests := 1; tests <= 2; tests++ {
		left := n - 1 - 2*tests
		for plain := range max(0, left+1) {
			for both := 0; both <= left-plain; both++ {
				port, heard := left-plain-both, 1+tests+plain
				if tests == 2 || both == 0 || port == 0 {
					out = append(out, silence{surprise(both, heard), surprise(port, heard)})
				}
			}
		}
	}
	return out
}

// addServer combines what is known with what one more server can give, and keeps what nothing else surpasses.
func addServer(known, more []silence) []silence {
	var out []silence
	for _, a := range known {
		for _, b := range more {
			s := silence{a.both + b.both, a.port + b.port}
			surpassed := false
			for _, o := range out {
				surpassed = surpassed || o.both >= s.both && o.port >= s.port
			}
			if !surpassed {
				out = append(out, s)
			}
		}
	}
	return out
}

// surprise is the logarithm of (heard+k+1 choose k).
func surprise(k, heard int) float64 {
	sum := 0.0
	for i := 1; i <= k; i++ {
		sum += math.Log(float64(heard+1+i) / float64(i))
	}
	return sum
}

// BenchmarkVerdict takes real time: whole runs, beside their bound.
func BenchmarkVerdict(b *testing.B) {
	for name, c := range verdictCases() {
		b.Run(name, func(b *testing.B) {
			var took, bound time.Duration
			runs, requests := 0, 0
			for ; b.Loop(); runs++ {
				o, d := c.run(b)
				n, least := c.bound(o)
				took, bound, requests = took+d, bound+least, max(requests, n)
			}
			b.ReportMetric(took.Seconds()/float64(runs), "s/verdict")
			b.ReportMetric(bound.Seconds()/float64(runs), "s/bound")
			b.ReportMetric(float64(took)/float64(bound), "ratio")
			b.ReportMetric(float64(requests), "requests")
			b.ReportMetric(float64(c.least), "least")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// run asks and judges once, in a new world.
func (c verdictCase) run(b *testing.B) (*nat.State, time.Duration) {
	b.Helper()
	w, err := lab.NewWorld(c.world)
	if err != nil {
		b.Fatal(err)
	}
	start := time.Now()
	o, err := NAT(b.Context(), worldServers(w), NATOptions{Net: w.Client(0)})
	r := judged(o)
	took := time.Since(start)
	if err := errors.Join(err, w.Close()); err != nil {
		b.Fatal(err)
	}
	if r.Exit != c.exit {
		b.Errorf("exit %d, want %d: %s", r.Exit, c.exit, verdict.OfNetwork(r).Headline)
	}
	return o, took
}

// TestVerdictTimes: in simulated time a verdict takes no longer than it may. It is beyond its bound, or that would not be one.
func TestVerdictTimes(t *testing.T) {
	for name, c := range verdictCases() {
		o, took := observe(t, c.world)
		requests, bound := c.bound(o)
		t.Logf("%s: %v, bound %v for %d requests, limit %v; a verdict needs %d", name, took, bound, requests, c.limit, c.least)
		r := judged(o)
		if r.Exit != c.exit || took > c.limit || took < bound || requests < c.least {
			t.Errorf("%s: exit %d after %v and %d requests; want %d between %v and %v, after %d", name, r.Exit, took, requests, c.exit, bound, c.limit, c.least)
		}
	}
}
