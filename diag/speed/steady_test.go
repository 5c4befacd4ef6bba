package speed

import (
	"math"
	"slices"
	"testing"

	"dialtone/diag"
)

// TestLateMessages: what waited for a lost message when the test ended came in packets that had arrived before.
func TestLateMessages(t *testing.T) {
	// Thirteen packets of 1,000 bytes with headers each 100 ms, of messages of 500 bytes that come in time until 0.5 s, and
	// all others after the end, in which nothing else arrives.
	late := [][2]uint64{{10_500, 10}, {10_000, 10}, {10_000, 10}, {10_000, 10}, {10_000, 10}, {}, {}, {}, {}, {}, {50_000, 0}}
	for name, row := range map[string]struct {
		complete bool
		rate     float64 // of a paced test
		want     float64
	}{
		"complete":     {true, 0, 10_000 * 80},
		"not complete": {false, 0, 30_000. / 8 * 80},
		"paced":        {true, 1e6, 30_000. / 8 * 80},
	} {
		spec := diag.SpeedTest{Way: diag.SpeedUp, ForMs: ms(1000), WarmUpMs: ms(200), Size: 500, Rate: row.rate}
		s, _ := Apply(nil, diag.SpeedStart{})
		s, _ = Apply(s, diag.SpeedTestStart{Spec: spec})
		for i, x := range late {
			wire, packets := uint64(13*(1000-headers)), uint64(13)
			if i == 10 {
				wire, packets = 0, 0
			}
			s, _ = Apply(s, diag.SpeedInterval{
				Direction: diag.Outbound, FromMs: ms(100 * float64(i)), ToMs: ms(100 * float64(i+1)), Bytes: x[0], Messages: x[1],
				WireBytes: &wire, Packets: &packets,
			})
		}
		s, _ = Apply(s, diag.SpeedTestEnd{Complete: row.complete})
		f := s.Tests[0].Flow(diag.Outbound, nil)
		if f == nil || math.Abs(f.Goodput-row.want) > 1 || math.Abs(*f.Rate-13_000*80) > 1 {
			t.Errorf("%s: %+v, want %v", name, f, row.want)
		} else if want := 1 - f.Goodput / *f.Rate; math.Abs(*f.Overhead-want) > 1e-9 || math.Abs(float64(f.Bytes)-f.Goodput/10) > 1 {
			t.Errorf("%s: overhead %v, want %v; %d bytes", name, *f.Overhead, want, f.Bytes)
		}
	}
}

// TestChange: a rate that changes is named, and one that only varies or grows is not.
func TestChange(t *testing.T) {
	repeated := func(n int, rate uint64) []uint64 { return slices.Repeat([]uint64{rate}, n) }
	grown := []uint64{10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34, 36}
	for name, row := range map[string]struct {
		bytes []uint64 // of intervals, in kB
		want  float64  // the factor; 0: none
		limit Limit
	}{
		"constant":        {repeated(20, 50), 0, LimitPath},
		"lower":           {slices.Concat(repeated(10, 50), repeated(10, 10)), 5, LimitPath},
		"higher":          {slices.Concat(repeated(10, 10), repeated(10, 50)), 5, LimitPath},
		"a little":        {slices.Concat(repeated(10, 50), repeated(10, 42)), 0, LimitPath},
		"for a moment":    {slices.Concat(repeated(10, 50), repeated(3, 10), repeated(10, 50)), 0, LimitPath},
		"at the end only": {slices.Concat(repeated(16, 50), repeated(4, 10)), 0, LimitPath},
		"it varies":       {slices.Repeat([]uint64{20, 90, 50}, 7), 0, LimitPath},
		"it grows":        {grown, 0, LimitTime},
		"it has grown":    {slices.Concat(grown, repeated(20, 36)), 0, LimitPath},
		"too short":       {[]uint64{10, 50, 10, 50, 90}, 0, LimitPath},
	} {
		bytes := []uint64{0, 0} // the warm-up
		for _, kB := range row.bytes {
			bytes = append(bytes, 1000*kB)
		}
		f := flow(diag.SpeedSender{Cores: 8}, bytes...).Result().Up
		if f.Limit != row.limit || f.LowerBound != (row.limit == LimitTime) {
			t.Errorf("%s: %s, lower bound %t", name, f.Limit, f.LowerBound)
		}
		if (f.Change != nil) != (row.want > 0) {
			t.Errorf("%s: change %+v", name, f.Change)
		} else if c := f.Change; c != nil && (math.Abs(max(c.Before/c.After, c.After/c.Before)-row.want) > 0.01 || c.At != ms(1200)) {
			t.Errorf("%s: change %+v", name, c)
		}
	}
	f := flow(diag.SpeedSender{Cores: 2, CPU: new(1.9)}, slices.Concat(repeated(10, 9e4), repeated(9, 9e3))...).Result().Up
	if f.Limit != LimitCPU || f.Change != nil {
		t.Errorf("a sender that lacks CPU: %s, change %+v", f.Limit, f.Change)
	}
}

// TestConstantRate: a link sets a constant rate; the sender that used the CPU up meanwhile was not proven to be the limit.
func TestConstantRate(t *testing.T) {
	steady := slices.Repeat([]uint64{100_000, 101_000}, 8)
	for name, row := range map[string]struct {
		bytes []uint64
		queue float64 // ms
		want  Limit
	}{
		"constant":          {steady, 10, LimitUnknown},
		"and a queue":       {steady, 200, LimitPath},
		"it varies":         {slices.Repeat([]uint64{80_000, 100_000}, 8), 200, LimitCPU},
		"too short to tell": {steady[:6], 200, LimitCPU},
	} {
		s := flow(diag.SpeedSender{Cores: 2, CPU: new(1.9)}, row.bytes...)
		trips := []diag.Millis{ms(row.queue), ms(row.queue)}
		s, _ = Apply(s, diag.SpeedRoundTrips{ByPing: trips, BySTUN: trips, Settled: true})
		idle := &Latency{Path: &PathTrips{P50: ms(2), Highest: ms(3)}}
		if f := s.Tests[0].Flow(diag.Outbound, idle); f.Limit != row.want || f.LowerBound != (row.want == LimitCPU) {
			t.Errorf("%s: %s, lower bound %t", name, f.Limit, f.LowerBound)
		}
	}
}
