package server

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"dialtone/signal/pairs"
)

// BenchmarkWake measures how long after a candidate is posted the other party's
// parked poll brings it, both over loopback connections that are kept:
// "short" while the poll waits in net/http, "long" when it is detached. The time
// includes the post's own way to the server. Otherwise the server is idle.
func BenchmarkWake(b *testing.B) {
	for name, parked := range map[string]time.Duration{"short": patience / 20, "long": patience * 11 / 10} {
		b.Run(name, func(b *testing.B) { benchmarkWake(b, parked) })
	}
}

func benchmarkWake(b *testing.B, parked time.Duration) {
	address := serve(b, Options{CandidatesPerSide: -1})
	c, poller := newCaller(b, address), newCaller(b, address)
	initiator := c.mustPost(`{"code":"dial","call_code":"w"}`).userID(b)
	subscriber := c.mustPost(`{"code":"dial","call_code":"w"}`).userID(b)
	for _, body := range []string{
		`{"code":"offer","user_id":"` + initiator + `","offer":{"type":"offer","sdp":"o"}}`,
		`{"code":"answer","user_id":"` + subscriber + `","answer":{"type":"answer","sdp":"a"}}`,
		`{"code":"get_status","user_id":"` + initiator + `"}`,
		`{"code":"get_status","user_id":"` + initiator + `"}`,
	} {
		if r := c.mustPost(body); r.status != 200 {
			b.Fatalf("%s: %+v", body, r)
		}
	}
	arrived := make(chan time.Time, 1)
	poll := fmt.Sprintf(`{"code":"get_status","user_id":%q,"wait_ms":25000}`, initiator)
	ice := fmt.Sprintf(`{"code":"ice","user_id":%q,"ice":{"candidate":"candidate:1 1 udp 1 192.0.2.1 9 typ host"}}`, subscriber)
	var times []time.Duration
	for b.Loop() {
		go func() {
			if r := poller.mustPost(poll); len(r.body) < 60 {
				b.Errorf("woken by nothing: %+v", r)
			}
			arrived <- time.Now()
		}()
		time.Sleep(parked)
		begun := time.Now()
		c.mustPost(ice)
		times = append(times, (<-arrived).Sub(begun))
	}
	slices.Sort(times)
	report := func(name string, share float64) {
		b.ReportMetric(float64(times[int(share*float64(len(times)-1))].Microseconds())/1000, name)
	}
	report("p50-ms", 0.5)
	report("p99-ms", 0.99)
	report("max-ms", 1)
}

// BenchmarkRequest is the cost of one poll and one post without the network.
func BenchmarkRequest(b *testing.B) {
	l := newLine(b, Options{CandidatesPerSide: -1, RequestsPerSecond: -1})
	initiator, subscriber := l.pairIn(pairs.Connected)
	for b.Loop() {
		l.ice(initiator, `{"candidate":"candidate:1 1 udp 1 192.0.2.1 9 typ host"}`)
		l.poll(subscriber)
	}
}
