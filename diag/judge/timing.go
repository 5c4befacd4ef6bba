package judge

import (
	"math"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/finding"
)

// Evidence about the timestamps of a stream (RFC 3550 §5.1).
type (
	// ClockDiffers means that timestamps advance at another rate than the codec's clock.
	ClockDiffers struct {
		Kind      string  `json:"kind"`
		ClockRate uint32  `json:"clockRate"`     // announced, Hz
		Rate      float64 `json:"timestampRate"` // measured by the clock of this machine, Hz
		Margin    float64 `json:"timestampRateMargin"`
	}
	// TimestampJump means that timestamps stepped as no pause explains.
	TimestampJump struct {
		Kind  string `json:"kind"`
		Jumps uint32 `json:"timestampJumps"`
	}
)

// Bounds of what is a clock's inaccuracy: of crystals it is below 100 parts in a million.
const (
	wrongClock = 0.05
	// otherClock is by how much the clock of another codec is off, which no source that begins slowly looks like.
	otherClock = 0.25
	// uncertainRate is how uncertain a rate may be, as a part of the announced one, to be compared at all.
	uncertainRate = 1.0 / 3
	driftClock    = 0.0005
	driftTime     = 30 * time.Second // a shorter call measures the start of the stream rather than its clock
	// driftSoon is what is reported before that, once it was measured for beginning: no source takes so long to begin.
	driftSoon = 0.003
	beginning = 3 * time.Second
)

// timingFindings name inbound streams whose timestamps contradict the clock rate that was announced.
func timingFindings(out *finding.List, c *call.Call, _ Expectation) {
	sample := c.Latest()
	if sample == nil || len(c.SharedPayloadTypes()) > 0 { // which codec a packet has is not known then
		return
	}
	for _, in := range sample.Inbound {
		subject := diag.Clean(in.Kind, 20)
		if n := diag.OrZero(in.TimestampJumps); n > 0 {
			out.Add("media.timestamp_jump", Warn, subject, TimestampJump{subject, n})
		}
		if in.ClockRate == 0 || in.TimestampRate == nil || in.TimestampRateMargin == nil {
			continue
		}
		announced := float64(in.ClockRate)
		margin, measured := *in.TimestampRateMargin, c.UpTime() >= driftTime
		over := diag.OrZero(in.TimestampRateOver)
		begins := over > 0 && over < beginning.Seconds()
		if over > 0 {
			queued, known := c.RoundTripsDiffer()
			// a queue that fills or drains steadily looks like a clock that is wrong, and takes as long to go by; twice, as it
			// may be up to two seconds further than the latest round trip shows
			margin += 2 * queued.Seconds() / over * announced
			measured = measured || known && !begins
		}
		if margin > announced*uncertainRate {
			continue // on a machine that does too much, packets are seen much later than they came
		}
		off := (math.Abs(*in.TimestampRate-announced) - margin) / announced
		e := ClockDiffers{subject, in.ClockRate, *in.TimestampRate, margin}
		switch {
		case off > otherClock || off > wrongClock && !begins:
			out.Add("media.clock_rate", Warn, subject, e)
		case measured && (off > driftSoon || off > driftClock && c.UpTime() >= driftTime):
			out.Add("media.clock_drift", Info, subject, e)
		}
	}
}
