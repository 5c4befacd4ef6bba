package load

import (
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/check"
)

// BenchmarkPeers measures what a peer that sends and judges Opus and VP8 costs, while all calls are connected: how many
// of them a core carries, and the memory of each. PEERS_HEAP=FILE writes what the memory holds.
func BenchmarkPeers(b *testing.B) {
	const calls, each = 60, 10 * time.Second
	for range b.N {
		o := options(check.Loopback{}, calls, 20)
		o.Call.Config.For, o.Call.Config.NoMedia, o.Call.Config.LoopbackOnly = each, false, true
		before := resident()
		var from, to *time.Duration
		var began, ended time.Time
		var grown float64
		o.Progress = func(p Progress) {
			switch at := p.Point.At.Duration(); {
			case at == 4*time.Second:
				from, began = processTime(), time.Now()
			case at == 8*time.Second:
				to, ended, grown = processTime(), time.Now(), resident()-before
				writeHeap(b)
			}
		}
		r, err := Run(b.Context(), o)
		if err != nil || from == nil || to == nil || r.Calls.Peak != calls {
			b.Fatalf("%v: %+v", err, r.Calls)
		}
		cores := float64(*to-*from) / float64(ended.Sub(began))
		b.ReportMetric(2*calls/cores, "peers/core")
		b.ReportMetric(grown/(2*calls)/1e6, "MB/peer")
		b.ReportMetric(float64(r.Unjudged.Calls), "unjudged")
		if r.Setup != nil {
			b.ReportMetric(r.Setup.P50.Float(), "setup-ms")
		}
	}
}

// BenchmarkSetup compares the setup of 60 calls a second with that of one at a time.
func BenchmarkSetup(b *testing.B) {
	median := func(calls int, rate Rate) float64 {
		o := options(check.Loopback{}, calls, rate)
		o.Call.Config.For, o.Call.Config.NoMedia, o.Call.Config.LoopbackOnly = time.Second, false, true
		r, err := Run(b.Context(), o)
		if err != nil {
			b.Fatal(err)
		}
		t := r.Setup
		if t == nil {
			t = r.Unjudged.Setup
		}
		return diag.OrZero(t).P50.Float()
	}
	for range b.N {
		one, many := median(10, 0.8), median(180, 60)
		b.ReportMetric(one, "one-ms")
		b.ReportMetric(many, "sixty-ms")
		b.ReportMetric(many/one, "ratio")
	}
}

// resident is the memory of this process, bytes; 0 where Linux does not say it.
func resident() float64 {
	runtime.GC()
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(raw)) {
		var kB float64
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			for _, c := range rest {
				if c >= '0' && c <= '9' {
					kB = 10*kB + float64(c-'0')
				}
			}
			return kB * 1024
		}
	}
	return 0
}

func writeHeap(b *testing.B) {
	name := os.Getenv("PEERS_HEAP")
	if name == "" {
		return
	}
	f, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if err := pprof.Lookup("heap").WriteTo(f, 0); err != nil {
		b.Fatal(err)
	}
}
