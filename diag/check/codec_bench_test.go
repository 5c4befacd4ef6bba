//go:build unix

package check

import (
	"slices"
	"syscall"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/media"
	"dialtone/diag/report"
)

// BenchmarkCodecs measures loopback calls of two seconds with each video codec in turns: the setup, the time from the
// connection to the first complete frame, and the processor time of both peers together.
//
//	go test ./diag/check -run XXX -bench Codecs -benchtime 10x
func BenchmarkCodecs(b *testing.B) {
	const length = 2 * time.Second
	setup, frame, cpu := map[string][]float64{}, map[string][]float64{}, map[string][]float64{}
	names := media.Names(media.KindVideo)
	for b.Loop() {
		names = append(names[1:], names[0]) // none is always first
		for _, codec := range names {
			before := processorTime(b)
			r, err := Run(b.Context(), Options{
				Target: Loopback{}, Config: diag.Config{For: length, Codecs: map[string][]string{"video": {codec}}}, unwatched: true,
			})
			if err != nil || r.Exit.Code != diag.ExitPass || r.Setup.Total == nil {
				b.Fatalf("%s: %v %+v", codec, err, r.Exit)
			}
			cpu[codec] = append(cpu[codec], (processorTime(b)-before).Seconds()/length.Seconds())
			setup[codec] = append(setup[codec], float64(r.Setup.Total.Duration())/float64(time.Millisecond))
			frame[codec] = append(frame[codec], firstFrame(r.Setup.Phases))
		}
	}
	for name, values := range map[string]map[string][]float64{"ms-setup": setup, "ms-frame": frame, "cores": cpu} {
		base := median(values["VP8"])
		for codec, list := range values {
			b.ReportMetric(median(list), codec+"-"+name)
			b.ReportMetric(median(list)/base, codec+"/VP8-"+name)
		}
	}
}

// firstFrame is the time from the connection to the first complete frame that came in, in milliseconds.
func firstFrame(phases []report.Phase) float64 {
	i := slices.IndexFunc(phases, func(p report.Phase) bool { return p.Phase == diag.PhaseFirstFrame && p.Duration != nil })
	if i < 0 {
		return 0
	}
	return phases[i].Duration.Float()
}

// processorTime is that of this process so far.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// median sorts the values.
func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
