package clock

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func TestJitter(t *testing.T) {
	ms := time.Millisecond
	type packet struct {
		at  time.Duration
		ts  uint32
		seq int64 // more than its place
	}
	every := func(n int, ts uint32, at func(i int) time.Duration) (ps []packet) {
		for i := range n {
			ps = append(ps, packet{at(i), ts + uint32(i)*960, 0})
		}
		return ps
	}
	shuffled := func(n int, late time.Duration) (ps []packet) { // P3 B1 B2 P6 B4 B5
		for i := range n {
			shown := uint32(i/3*3) + []uint32{3, 1, 2}[i%3]
			ps = append(ps, packet{time.Duration(i)*20*ms + time.Duration(i/3%2)*late, shown * 960, 0})
		}
		return ps
	}
	tests := []struct {
		name    string
		packets []packet
		want    float64 // seconds; −1: not known
	}{
		{"no packet", nil, -1},
		{"one packet", []packet{{0, 0, 0}}, -1},
		{"constant delay", every(50, 7, func(i int) time.Duration { return time.Duration(i) * 20 * ms }), 0},
		{"one step of 16 ms", []packet{{0, 0, 0}, {36 * ms, 960, 0}}, 0.001},
		{"early counts as late does", []packet{{0, 0, 0}, {4 * ms, 960, 0}}, 0.001},
		{"alternating by 5 ms", every(500, 0, func(i int) time.Duration {
			return time.Duration(i)*20*ms + time.Duration(i%2)*5*ms
		}), 0.005},
		{"across the wrap of timestamps", every(500, math.MaxUint32-48000, func(i int) time.Duration {
			return time.Duration(i)*20*ms + time.Duration(i%2)*5*ms
		}), 0.005},
		{"reordered, on time otherwise", []packet{{0, 0, 0}, {40 * ms, 1920, 1}, {41 * ms, 960, -1}, {60 * ms, 2880, 0}}, (0.021*15/16 + 0.021) / 16},
		{"the largest step that is jitter", []packet{{0, 0, 0}, {5*time.Second + 20*ms, 960, 0}}, 5.0 / 16},
		{"more than that", []packet{{0, 0, 0}, {5*time.Second + 21*ms, 960, 0}}, 0},
		{"a clock set anew", []packet{{0, 0, 0}, {20 * ms, 1 << 30, 0}, {40 * ms, 1<<30 + 960, 0}}, 0},
		{"B-frames", shuffled(500, 0), 0},
		{"B-frames, alternating by 5 ms", shuffled(5000, 5*ms), 0.005},
		{"the source goes back by more than frames do", []packet{{0, 96000, 0}, {20 * ms, 47999, 0}}, (1 + 1.0/48000 + 0.02) / 16},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var j Jitter
			for i, p := range tt.packets {
				j.Add(time.Unix(1e9, 0).Add(p.at), int64(i)+p.seq, p.ts, 48000)
			}
			got := j.Seconds()
			if (got != nil) != (tt.want >= 0) || got != nil && math.Abs(*got-tt.want) > 1e-9+tt.want*1e-6 {
				t.Errorf("jitter %v; want %v", got, tt.want)
			}
		})
	}
}

// TestJitterIsThatOfTheRFC compares with the C code of appendix A.8 on a random arrival process.
func TestJitterIsThatOfTheRFC(t *testing.T) {
	const rate = 90000
	rng := rand.New(rand.NewPCG(3, 4))
	var j Jitter
	var transit, scaled int32 // scaled by 16, as there
	ts := uint32(math.MaxUint32 - 100*3600)
	for i := range 1000 {
		delay := time.Duration(rng.IntN(30_000)) * time.Microsecond
		at := time.Duration(i)*40*time.Millisecond + delay
		arrival := uint32(Units(at, rate))
		d := int32(arrival-ts) - transit
		transit = int32(arrival - ts)
		if d < 0 {
			d = -d
		}
		if i > 0 {
			scaled += d - (scaled+8)>>4
		}
		j.Add(time.Unix(1e9, 0).Add(at), int64(i), ts, rate)
		ts += 3600
	}
	got := *j.Seconds()
	if want := float64(scaled>>4) / rate; math.Abs(got-want) > 0.0001 {
		t.Errorf("jitter %v s; the RFC's code gives %v s", got, want)
	}
}

func TestJitterForgetsTheClockRateBefore(t *testing.T) {
	var j Jitter
	at := time.Unix(1e9, 0)
	j.Add(at, 1, 0, 8000)
	j.Add(at.Add(time.Second), 2, 0, 8000)
	j.Add(at.Add(2*time.Second), 3, 0, 48000)
	if got := j.Seconds(); got != nil {
		t.Errorf("jitter %v after one packet of the new clock", *got)
	}
	j.Add(at, 4, 0, 0)
	if j.rate != 48000 {
		t.Error("a packet without a clock rate changed the clock")
	}
}

func TestUnitsDoNotOverflow(t *testing.T) {
	if got, want := Units(math.MaxInt64, 90000), int64(math.MaxInt64/int64(time.Second))*90000; got/90000 != want/90000 {
		t.Errorf("%d instead of about %d", got, want)
	}
}
