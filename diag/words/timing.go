package words

import (
	"fmt"

	"dialtone/diag/judge"
)

// timingFindings are those about the timestamps of media.
var timingFindings = map[string]entry{
	"media.clock_rate": on(
		"RTP timestamps of a stream advance at another rate than the codec's clock (RFC 3550 §5.1; Opus always uses 48 kHz, "+
			"RFC 7587). Receivers play such a stream too fast or too slowly, and report jitter that the network does not have.",
		func(_ judge.Finding, e judge.ClockDiffers) Text {
			return say("The timestamps of inbound "+e.Kind+" do not advance at the clock rate of the codec.",
				"Fix the timestamps at the sender: they must count units of the codec's clock rate.",
				clockEvidence(e))
		}),
	"media.clock_drift": on(
		"The sender's media clock and the clock of this machine differ by more than crystals do. Over minutes, audio and "+
			"video drift apart, and receivers must repeat or drop samples.",
		func(_ judge.Finding, e judge.ClockDiffers) Text {
			return say(fmt.Sprintf("The media clock of inbound %s is %+.0f ppm off.", e.Kind,
				1e6*(e.Rate/float64(e.ClockRate)-1)),
				"Check the clock of the capture device, and whether the sender paces by a timer instead of the device.",
				clockEvidence(e))
		}),
	"media.timestamp_jump": on(
		"Two packets that followed each other closely have timestamps that differ by more than a second. The sender changed "+
			"its source or began anew without a new SSRC; receivers may freeze, or lose the synchronization of audio and video.",
		func(_ judge.Finding, e judge.TimestampJump) Text {
			return say("The timestamps of inbound "+e.Kind+" jumped.",
				"Let the sender continue its timestamps when it switches sources (RFC 3550 §5.1).",
				Count(int(e.Jumps), "jump", "jumps")+" of more than a second between packets")
		}),
}

func clockEvidence(e judge.ClockDiffers) string {
	return fmt.Sprintf("announced %d Hz, measured %.0f ± %.0f Hz", e.ClockRate, e.Rate, e.Margin)
}
