package judge_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/diagtest"
	"dialtone/diag/judge"
	"dialtone/diag/words"
)

// long is a call of a minute.
func long(end diag.CallEnded, last diag.Sample) *call.Call {
	events := diagtest.Then(diagtest.GoodCall(), 320, diag.Ping{RTTMs: diag.Millis(time.Millisecond)})
	return call.Fold(diagtest.Then(events, 60_000, last, 60_300, end))
}

func TestTimestamps(t *testing.T) {
	over := diag.CallEnded{Reason: diag.EndDuration, By: diag.ByLocal}
	for name, test := range map[string]struct {
		rate, margin float64
		jumps        uint32
		want         []string
		title        string
	}{
		"right":               {48_010, 20, 0, nil, ""},
		"within the jitter":   {52_000, 4100, 0, nil, ""},
		"too uncertain":       {16_900, 25_600, 0, nil, ""},
		"44.1 kHz":            {44_100, 100, 0, []string{"warning media.clock_rate"}, "The timestamps of inbound audio do not advance at the clock rate of the codec."},
		"a bad crystal":       {48_048, 10, 0, []string{"info media.clock_drift"}, "The media clock of inbound audio is +1000 ppm off."},
		"a slow one":          {47_952, 10, 0, []string{"info media.clock_drift"}, "The media clock of inbound audio is -1000 ppm off."},
		"a source that jumps": {48_000, 10, 2, []string{"warning media.timestamp_jump"}, "The timestamps of inbound audio jumped."},
	} {
		t.Run(name, func(t *testing.T) {
			in := audioIn(250, 0, 0, 0.01)
			in.ClockRate, in.TimestampRate, in.TimestampRateMargin, in.TimestampJumps = 48_000, &test.rate, &test.margin, &test.jumps
			v := judge.Judge(long(over, sampled(in)))
			if diff := cmp.Diff(test.want, ids(v.Findings)); diff != "" || v.Exit != diag.ExitPass {
				t.Fatal(v.Exit, diff)
			}
			if len(test.want) > 0 && words.Of(v.Findings[0]).Title != test.title {
				t.Error(words.Of(v.Findings[0]).Title)
			}
		})
	}
}
