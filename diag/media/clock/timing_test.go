package clock

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestTimestampRate: the rate is that of the source, whatever was announced and however the packets jitter.
func TestTimestampRate(t *testing.T) {
	for name, test := range map[string]struct {
		announced uint32
		real      float64 // Hz
		jitter    time.Duration
	}{
		"right":            {48_000, 48_000, 0},
		"jitter":           {48_000, 48_000, 30 * time.Millisecond},
		"44.1 kHz":         {48_000, 44_100, 10 * time.Millisecond},
		"an eighth":        {48_000, 8_000, 0},
		"six times":        {8_000, 48_000, 0},
		"a fast crystal":   {48_000, 48_000 * 1.002, 5 * time.Millisecond},
		"video":            {90_000, 90_000, 5 * time.Millisecond},
		"across the wraps": {math.MaxInt32, math.MaxInt32, 0},
	} {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			var m Timing
			var j Jitter
			start := time.Unix(1e9, 0)
			for i := range 3000 {
				at := time.Duration(i) * 20 * time.Millisecond
				ts := uint32(int64(at.Seconds() * test.real))
				if test.jitter > 0 {
					at += time.Duration(random.Int64N(int64(test.jitter)))
				}
				m.Add(start.Add(at), int64(i), ts, test.announced)
				j.Add(start.Add(at), int64(i), ts, test.announced)
				if hz, _, _ := m.Rate(test.announced); hz != nil && i < 99 {
					t.Fatalf("a rate after %v", at)
				}
			}
			hz, margin, _ := m.Rate(test.announced)
			if hz == nil || math.Abs(*hz-test.real) > *margin || m.Jumps != 0 {
				t.Errorf("%v ± %v Hz with %d jumps, want %v", *hz, *margin, m.Jumps, test.real)
			}
			if *margin > 0.02*test.real {
				t.Errorf("a margin of %v", *margin)
			}
		})
	}
}

// TestTimestampsAfterAStall: a sender that stops for half a second and then sends all that waited has no other clock.
func TestTimestampsAfterAStall(t *testing.T) {
	var m Timing
	start := time.Unix(1e9, 0)
	for i := range 250 { // 5 s
		at := time.Duration(i) * 20 * time.Millisecond
		m.Add(start.Add(max(at, 500*time.Millisecond)), int64(i), uint32(i)*960, 48_000)
	}
	if hz, margin, _ := m.Rate(48_000); hz == nil || *hz-48_000 > *margin {
		t.Errorf("%v ± %v Hz", *hz, *margin)
	}
}

// TestTimestampJumps: a step that the time between the packets does not explain is a jump; a pause is none.
func TestTimestampJumps(t *testing.T) {
	var m Timing
	now, ts, seq := time.Unix(1e9, 0), uint32(0), int64(0)
	send := func(after time.Duration, ticks int64) {
		now, ts, seq = now.Add(after), ts+uint32(ticks), seq+1
		m.Add(now, seq, ts, 48_000)
	}
	for range 100 {
		send(20*time.Millisecond, 960)
	}
	send(30*time.Second, 30*48_000) // DTX
	send(30*time.Second, 960)       // a source that stopped its clock
	if m.Jumps != 0 {
		t.Errorf("%d jumps without any", m.Jumps)
	}
	seq += 100
	send(20*time.Millisecond, 101*960) // those between were lost, or wait in a queue that overflowed
	if m.Jumps != 0 {
		t.Errorf("%d jumps over lost packets", m.Jumps)
	}
	for range 250 { // until then, a step may make up for the pause
		send(20*time.Millisecond, 960)
	}
	send(20*time.Millisecond, 100_000)
	send(20*time.Millisecond, -100_000)
	if m.Jumps != 2 {
		t.Errorf("%d jumps of 2", m.Jumps)
	}
	for range 200 {
		send(20*time.Millisecond, 960)
	}
	send(30*time.Second, 960)
	for range 200 {
		send(20*time.Millisecond, 960)
	}
	if hz, _, _ := m.Rate(48_000); hz == nil || *hz < 47_999 || *hz > 48_001 {
		t.Error("the clock that stood still in a pause counts")
	}
	send(20*time.Millisecond, 100_000)
	if hz, _, _ := m.Rate(48_000); hz != nil {
		t.Errorf("%v Hz right after a jump", *hz)
	}
}

// TestPausesAreNoJumps: a jump is what neither the time between the packets nor a pause explains.
func TestPausesAreNoJumps(t *testing.T) {
	type packet struct {
		after time.Duration // since the last one
		ts    time.Duration // what the timestamp advances
		lost  int64         // packets between
	}
	const second = time.Second
	media := func(n int) []packet { return slices.Repeat([]packet{{after: second / 50, ts: second / 50}}, n) }
	burst := func(n int) []packet { return slices.Repeat([]packet{{after: second / 5000, ts: second / 50}}, n) }
	for name, test := range map[string]struct {
		packets []packet
		jumps   uint32
	}{
		"outage: all is lost":                        {[]packet{{25 * second, 25 * second, 1250}}, 0},
		"outage: what waited comes first":            {[]packet{{25 * second, second / 50, 0}, {second / 1000, 25 * second, 0}}, 0},
		"outage: much waited":                        {slices.Concat([]packet{{25 * second, second / 50, 0}}, burst(40), []packet{{0, 24 * second, 0}}), 0},
		"outage: what waited takes its time":         {slices.Concat([]packet{{25 * second, second / 50, 0}}, media(100), []packet{{second / 50, 25 * second, 0}}), 0},
		"outage: another during that":                {[]packet{{25 * second, second / 50, 0}, {9 * second, second / 50, 0}, {0, 33 * second, 0}}, 0},
		"outage: some waited, and some was left out": {[]packet{{25 * second, second / 50, 0}, {0, 10 * second, 0}, {0, 15 * second, 0}}, 0},
		"outage: more than was missed":               {[]packet{{25 * second, second / 50, 0}, {0, 28 * second, 0}}, 1},
		"outage: made up for twice":                  {[]packet{{25 * second, second / 50, 0}, {0, 25 * second, 0}, {0, 25 * second, 0}}, 1},
		"outage: a jump long after":                  {slices.Concat([]packet{{25 * second, second / 50, 0}}, media(300), []packet{{second / 50, 20 * second, 0}}), 1},
		"stalls of less than a second, made up for":  {[]packet{{second * 7 / 10, second / 50, 0}, {second * 7 / 10, second / 50, 0}, {0, second * 14 / 10, 0}}, 0},
		"discontinuous sending: the clock runs on":   {[]packet{{30 * second, 30 * second, 0}}, 0},
		"discontinuous sending: it stands still":     {[]packet{{30 * second, second / 50, 0}}, 0},
		"another track: the clock runs on":           {[]packet{{3 * second, 3 * second, 0}}, 0},
		"another track: it starts anew, ahead":       {[]packet{{3 * second, 9000 * second, 0}}, 1},
		"another track: it starts anew, behind":      {[]packet{{3 * second, -9000 * second, 0}}, 1},
		"another track at once: it starts anew":      {[]packet{{second / 50, 9000 * second, 0}}, 1},
		"a pause of hours: the difference wraps":     {[]packet{{14 * 3600 * second, 14 * 3600 * second, 0}}, 0},
		"ahead, and back after a pause that is not":  {[]packet{{second / 50, 3 * second, 0}, {second / 50, -3 * second, 0}}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			var m Timing
			now, ts, seq := time.Unix(1e9, 0), int64(0), int64(0)
			for _, p := range slices.Concat(media(100), test.packets, media(100)) {
				now, ts, seq = now.Add(p.after), ts+Units(p.ts, 48_000), seq+1+p.lost
				m.Add(now, seq, uint32(ts), 48_000)
			}
			if m.Jumps != test.jumps {
				t.Errorf("%d jumps, want %d", m.Jumps, test.jumps)
			}
			m.Restart() // the same SSRC with other sequence numbers
			m.Add(now.Add(second), seq+30_000, uint32(ts)+1<<30, 48_000)
			if m.Jumps != test.jumps {
				t.Errorf("%d jumps after a restart of the source", m.Jumps)
			}
		})
	}
}

// TestTimestampsStandStill: after a pause in which they did, the reports before it do not tie them to the clock any more,
// nor does the first one after it.
func TestTimestampsStandStill(t *testing.T) {
	var m Mapping
	start := time.Unix(1e9, 0)
	ntp := func(s uint64) uint64 { return 1<<63 + s<<32 }
	arrives := func(s int, ts uint32, want bool) {
		t.Helper()
		if _, known := m.Arrival(start.Add(time.Duration(s)*time.Second), ts*48_000, 48_000); known != want {
			t.Errorf("after %d s: transit is known: %t", s, known)
		}
	}
	m.Report(start, ntp(0), 0)
	arrives(1, 1, true)
	arrives(7, 2, false) // without five seconds of timestamps
	arrives(8, 3, false)
	m.Report(start.Add(8*time.Second), ntp(8), 3*48_000)
	arrives(9, 4, false)
	m.Report(start.Add(9*time.Second), ntp(9), 4*48_000)
	arrives(10, 5, true)
}

// TestAnotherClock: after a change of the codec, timestamps count in other units, from anywhere.
func TestAnotherClock(t *testing.T) {
	var m Timing
	var mapping Mapping
	now, ts := time.Unix(1e9, 0), uint32(0)
	mapping.Report(now, 1<<63, 0)
	for i := range int64(300) {
		rate := uint32(48_000)
		if i >= 100 {
			rate = 8_000
		}
		if now, ts = now.Add(20*time.Millisecond), ts+rate/50; i == 100 {
			ts += 1 << 30
		}
		m.Add(now, i, ts, rate)
		if _, known := mapping.Arrival(now, ts, rate); known != (i < 100) {
			t.Fatalf("packet %d: transit is known: %t", i, known)
		}
	}
	for i, tt := range []struct {
		ts    uint32 // a second later
		known bool
	}{{0, true}, {8_000, true}, {56_000, false}, {64_000, true}} { // the third is by another clock, or the clock was set
		mapping.Report(now, 1<<63+uint64(i)<<32, tt.ts)
		if _, known := mapping.Arrival(now, tt.ts, 8_000); known != tt.known {
			t.Errorf("report %d: transit is known: %t", i, known)
		}
	}
	if hz, _, _ := m.Rate(8_000); hz == nil || *hz != 8_000 || m.Jumps != 0 {
		t.Errorf("%v Hz, %d jumps", hz, m.Jumps)
	}
}
