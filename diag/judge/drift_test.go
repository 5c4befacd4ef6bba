package judge_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/diagtest"
	"dialtone/diag/judge"
	"dialtone/diag/lab/labtest"
	"dialtone/diag/media/clock"
)

// delays is how long a packet travels that is sent at a time. It is made anew for each run, from what is random about it.
type delays func(random *rand.Rand) func(sent time.Duration) time.Duration

// doubt plays audio whose clock is off by a part for a while, and returns when a finding doubts its timestamps first; 0
// for never. The round trip, which is measured every two seconds, has the delays of a path that is symmetric.
func doubt(random *rand.Rand, off float64, delay func(time.Duration) time.Duration, symmetric bool) time.Duration {
	const packet, lasts = 20 * time.Millisecond, 12 * time.Second
	var timing clock.Timing
	c := call.Fold(diagtest.Log(0, diag.CallStart{Command: "call", Media: true}, 0, diag.ConnectionState{State: "connected"}))
	start := time.Unix(1e9, 0)
	check := time.Duration(random.Int64N(int64(2 * time.Second)))
	var trip *float64
	arrived, sample := time.Duration(0), time.Second
	for i := int64(0); ; i++ {
		sent := time.Duration(i) * packet
		arrived = max(arrived, sent+delay(sent)) // in order
		for ; sample <= arrived; sample += time.Second {
			for ; check <= sample; check += 2 * time.Second {
				trip = new(0.04 + random.Float64()/1e4)
				if symmetric {
					*trip += delay(check).Seconds()
				}
			}
			in := diag.InboundRTP{Kind: "audio", SSRC: 1, ClockRate: 48_000, TimestampJumps: &timing.Jumps}
			in.TimestampRate, in.TimestampRateMargin, in.TimestampRateOver = timing.Rate(48_000)
			c.Apply(diag.Event{At: sample, Data: diag.Sample{Inbound: []diag.InboundRTP{in}, Pair: &diag.Pair{CurrentRoundTripTime: trip}}})
			found := named(judge.Judge(c).Findings)
			if slices.ContainsFunc([]string{"media.clock_drift", "media.clock_rate", "media.timestamp_jump"}, func(id string) bool { return slices.Contains(found, id) }) {
				return sample
			}
			if sample >= lasts {
				return 0
			}
		}
		timing.Add(start.Add(arrived), i, uint32(float64(i)*960*(1+off)), 48_000)
	}
}

// TestDoubtOfClocks: no network, and no source that begins late or slowly, looks like a clock that is off. One that is off
// by 1 % is found within seconds where little disturbs it, and later with much jitter.
func TestDoubtOfClocks(t *testing.T) {
	const ms = time.Millisecond
	upTo := func(random *rand.Rand, most time.Duration) time.Duration {
		return time.Duration(random.Int64N(int64(most)))
	}
	// After each of some moments, the delay is another one.
	steps := func(of ...time.Duration) delays {
		return func(random *rand.Rand) func(time.Duration) time.Duration {
			var at []time.Duration
			for range of[1:] {
				at = append(at, upTo(random, 8*time.Second))
			}
			slices.Sort(at)
			return func(sent time.Duration) time.Duration {
				past := 0
				for past < len(at) && sent >= at[past] {
					past++
				}
				return of[past] + upTo(random, 3*ms)
			}
		}
	}
	for name, tt := range map[string]struct {
		delays    delays
		symmetric bool
		within    time.Duration // that a clock is found in that is off by 1 %
	}{
		"none":             {steps(20 * ms), true, 5 * time.Second},
		"longer route":     {steps(20*ms, 100*ms), true, 0},
		"shorter route":    {steps(100*ms, 20*ms), true, 0},
		"longer one way":   {steps(20*ms, 100*ms), false, 0},
		"shorter one way":  {steps(100*ms, 20*ms), false, 0},
		"longer each time": {steps(20*ms, 47*ms, 74*ms, 100*ms), false, 0},
		"jitter": {func(random *rand.Rand) func(time.Duration) time.Duration {
			return func(time.Duration) time.Duration { return 20*ms + upTo(random, 30*ms) }
		}, false, 12 * time.Second},
		"jitter with a tail": {func(random *rand.Rand) func(time.Duration) time.Duration {
			return func(time.Duration) time.Duration { return 20*ms + time.Duration(random.ExpFloat64()*float64(30*ms)) }
		}, false, 0},
		"regular bursts": {func(random *rand.Rand) func(time.Duration) time.Duration {
			every := 100*ms + upTo(random, 400*ms)
			return func(sent time.Duration) time.Duration { return 20*ms + every - sent%every }
		}, false, 0},
		"stalls": {func(random *rand.Rand) func(time.Duration) time.Duration {
			until := time.Duration(0)
			return func(sent time.Duration) time.Duration {
				if sent > until && random.IntN(25) == 0 {
					until = sent + upTo(random, 300*ms)
				}
				return 20*ms + max(0, until-sent)
			}
		}, false, 12 * time.Second},
		"the source begins late": {func(random *rand.Rand) func(time.Duration) time.Duration {
			late := upTo(random, 1500*ms)
			return func(sent time.Duration) time.Duration { return 20*ms + max(0, late-sent) + upTo(random, 3*ms) }
		}, false, 7 * time.Second},
		"the source begins slowly": {func(random *rand.Rand) func(time.Duration) time.Duration {
			behind, over := upTo(random, 400*ms).Seconds(), (time.Second + upTo(random, 2*time.Second)).Seconds()
			return func(sent time.Duration) time.Duration {
				return 20*ms + diag.SecondsOf(behind*max(0, 1-sent.Seconds()/over)) + upTo(random, 3*ms)
			}
		}, false, 0},
		"a queue fills": {func(random *rand.Rand) func(time.Duration) time.Duration {
			rate, most := 0.005+0.03*random.Float64(), 50*ms+upTo(random, 400*ms)
			return func(sent time.Duration) time.Duration {
				return 20*ms + min(most, diag.SecondsOf(sent.Seconds()*rate)) + upTo(random, 3*ms)
			}
		}, true, 0},
		"delays that wander": {func(random *rand.Rand) func(time.Duration) time.Duration {
			at := 0.0
			return func(time.Duration) time.Duration {
				at = 0.99*at + 0.003*random.NormFloat64()
				return 60*ms + diag.SecondsOf(max(-0.05, min(0.2, at)))
			}
		}, false, 0},
	} {
		for i := range uint64(labtest.Sample(300, 4)) {
			for _, off := range []float64{0, 0.0001, 0.01, -0.01} {
				random := rand.New(rand.NewPCG(9, i))
				at := doubt(random, off, tt.delays(random), tt.symmetric)
				wrong := off > 0.005 || off < -0.005
				if !wrong && at > 0 || wrong && tt.within > 0 && (at == 0 || at > tt.within) {
					t.Errorf("%s, run %d, off by %v: found after %v", name, i, off, at)
				}
			}
		}
	}
}
