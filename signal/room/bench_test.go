package room

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"dialtone/signal"
	"dialtone/signal/server"
)

// BenchmarkSetup measures signaling alone over loopback: from the second dial to
// both descriptions and one candidate each way delivered, without any WebRTC.
func BenchmarkSetup(b *testing.B) {
	h := startServer(b, server.Options{})
	var times []time.Duration
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		o := Options{Server: h.URL, Code: fmt.Sprint("w", n)}
		first := mustDial(b, o)
		time.Sleep(2 * time.Millisecond) // its poll is parked
		b.StartTimer()
		begun := time.Now()
		second := mustDial(b, o)
		setUp(b, first, second)
		mustSend(b, first, candidate(1))
		mustSend(b, second, candidate(2))
		mustReceive(b, first, signal.KindCandidate)
		mustReceive(b, second, signal.KindCandidate)
		times = append(times, time.Since(begun))
		b.StopTimer()
		_, _ = first.Close(b.Context()), second.Close(b.Context())
		b.StartTimer()
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds())/1000, "p99-ms")
}
