package judge

import (
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/finding"
)

// Evidence about what audio holds. Direction is seen from here; of outbound audio, the peer's statistics report it.
type (
	// MediaQuiet means that audio holds nothing but silence or noise up to now.
	MediaQuiet struct {
		Direction diag.Direction `json:"direction"`
		Kind      string         `json:"kind"`
		ForMs     diag.Millis    `json:"for_ms"`
		Level     *float64       `json:"audioLevel,omitempty"`
		Comfort   uint64         `json:"comfortNoisePackets,omitempty"`
		Before    bool           `json:"soundBefore,omitempty"` // there was sound before
	}
	// MediaClipping means that samples stay at the limit of what can be coded.
	MediaClipping struct {
		Direction diag.Direction `json:"direction"`
		ClippedMs diag.Millis    `json:"clipped_ms"`
		OfMs      diag.Millis    `json:"of_ms"`
	}
	// ToneBroken is a test tone that is interrupted, or is no longer heard.
	ToneBroken struct {
		Direction diag.Direction `json:"direction"`
		diag.Tone
	}
)

// Bounds of what is a fault of sound.
const (
	clippedShare = 0.01            // of the sound
	clippedLeast = 0.05            // seconds
	toneGone     = 1.5             // seconds
	toneDrops    = 3               // interruptions that no lost packet explains
	listens      = 5 * time.Second // who says nothing for so long at the beginning of a call may listen
)

// soundFindings name what is wrong with the sound in either direction.
func soundFindings(out *finding.List, c *call.Call, x Expectation) {
	in := c.StreamOf(diag.Inbound, "audio")
	for _, direction := range []diag.Direction{diag.Inbound, diag.Outbound} {
		if c.Hushed(direction, "audio") || direction == diag.Inbound && in.HasStopped() {
			continue
		}
		quietFindings(out, c, x, direction)
		clippingFindings(out, c, direction)
		toneFindings(out, c, x, direction)
	}
}

// quietFindings name silence and noise. It is a failure of a check if audio was expected and that is all that came; a
// pause after sound, and a room in which no one has spoken yet, are none.
func quietFindings(out *finding.List, c *call.Call, x Expectation, direction diag.Direction) {
	q, quiet := c.Quiet(direction)
	tone := c.TestTone(direction)
	if !quiet || q.Noise && !q.Whole && tone == nil { // who listens is in a room, which is not silent
		return
	}
	id, severity := "media.silent", Info
	if q.Noise {
		id = "media.comfort_noise"
	}
	listening := q.Noise && q.Comfort == 0 && q.For < listens && c.Ended == nil
	if q.Whole && !listening {
		severity = finding.Graver(x.check && x.expects(direction, "audio"))
	}
	out.Add(id, severity, string(direction)+" audio",
		MediaQuiet{direction, "audio", diag.Millis(q.For), q.Level, q.Comfort, !q.Whole})
}

func clippingFindings(out *finding.List, c *call.Call, direction diag.Direction) {
	for _, in := range c.Heard(direction) {
		clipped, of := in.Sound.ClippedDuration, diag.OrZero(in.TotalSamplesDuration)
		if clipped < clippedLeast || clipped < clippedShare*of {
			continue
		}
		e := MediaClipping{direction, diag.Millis(diag.SecondsOf(clipped)), diag.Millis(diag.SecondsOf(of))}
		out.Add("media.clipping", Warn, string(direction)+" audio", e)
		return
	}
}

// toneFindings name what is missing of a test tone. Interruptions by lost packets are loss, which has a finding, and
// those that this program makes while it is short of CPU are no fault of the call.
func toneFindings(out *finding.List, c *call.Call, x Expectation, direction diag.Direction) {
	t := c.TestTone(direction)
	if t == nil {
		return
	}
	add := func(id string) { out.Add(id, Warn, string(direction)+" audio", ToneBroken{direction, *t}) }
	switch {
	case t.AbsentFor >= toneGone:
		add("media.tone_lost")
	case t.Dropouts-min(t.DropoutsOfLoss, t.Dropouts) < toneDrops, x.Load.Short(),
		t.Dropouts-min(t.DropoutsOfLoss+c.DropoutsOfStalls(direction), t.Dropouts) < toneDrops:
	default:
		add("media.tone_dropouts")
	}
}
