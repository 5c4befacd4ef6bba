package load

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/check"
)

// BenchmarkPeers measures what a peer that sends and judges Opus and VP8 costs, while all calls are connected: how many
// of them a core carries, and the memory of each. PEERS_PROFILES=DIR writes profiles of these seconds.
func BenchmarkPeers(b *testing.B) {
	const calls, each, window = 60, 20 * time.Second, 4 * time.Second
	for range b.N {
		perCore, memory := barePeers(b, calls, window)
		b.ReportMetric(perCore, "bare-peers/core")
		b.ReportMetric(memory, "bare-MB/peer")
		debug.FreeOSMemory()
		o := options(check.Loopback{}, calls, 20)
		o.Call.Config.For, o.Call.Config.NoMedia, o.Call.Config.LoopbackOnly = each, false, true
		before := resident()
		var from *time.Duration
		var began, settled time.Time
		var cores, grown float64
		o.Progress = func(p Progress) {
			switch {
			case p.Counts.Ready < calls || cores > 0:
			case settled.IsZero():
				settled = time.Now()
			case from == nil && time.Since(settled) > time.Second:
				startProfile(b)
				from, began = processTime(), time.Now()
			case from != nil && time.Since(began) > window && p.Point.InProgress == calls:
				cores = float64(*processTime()-*from) / float64(time.Since(began))
				writeProfiles(b)
				grown = resident() - before
			}
		}
		r, err := Run(b.Context(), o)
		if err != nil || cores == 0 || r.Calls.Peak != calls {
			b.Fatalf("%v: %+v", err, r.Calls)
		}
		b.ReportMetric(2*calls/cores, "peers/core")
		b.ReportMetric(2*calls/cores/perCore, "ratio")
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

// startProfile begins to profile the CPU, if profiles are asked for.
func startProfile(b *testing.B) {
	if dir := os.Getenv("PEERS_PROFILES"); dir != "" {
		f, err := os.Create(filepath.Join(dir, "cpu"))
		if err != nil || pprof.StartCPUProfile(f) != nil {
			b.Fatal("no profile of the CPU: ", err)
		}
	}
}

// writeProfiles ends that, and writes what the memory holds and where goroutines wait.
func writeProfiles(b *testing.B) {
	dir := os.Getenv("PEERS_PROFILES")
	if dir == "" {
		return
	}
	pprof.StopCPUProfile()
	for _, name := range []string{"heap", "goroutine"} {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			b.Fatal(err)
		}
		if err := errors.Join(pprof.Lookup(name).WriteTo(f, 0), f.Close()); err != nil {
			b.Fatal(err)
		}
	}
}
