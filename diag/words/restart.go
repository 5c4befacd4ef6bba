package words

import (
	"strings"

	"dialtone/diag"
	"dialtone/diag/judge"
)

// restartFindings are those about ICE restarts, and other pauses of media.
var restartFindings = map[string]entry{
	"media.restart_pause": on(
		"During an ICE restart (RFC 8445 §9) both peers should send on the old path until the new one is selected. This is "+
			"the longest time without an RTP packet from the last one before a restart until the first one on the new path. "+
			"It includes an outage, if that is why ICE was restarted.",
		func(_ judge.Finding, e judge.MediaPaused) Text {
			longest := max(diag.OrZero(e.Inbound), diag.OrZero(e.Outbound))
			return say("Media stopped for "+Millis(longest)+" during an ICE restart.",
				"Compare both directions: the sender of the longer pause gave up the old path early, or moved late to "+
					"the new one.",
				Count(e.Restarts, "ICE restart", "ICE restarts"), pauses(e.Inbound, e.Outbound))
		}),
	"media.paused": on(
		"No packet of this kind of media arrived for two seconds or more in the middle of the call, and then it went on. "+
			"The peer had reported no mute, nothing was negotiated, the path was up, and this program ran. So the source of "+
			"the peer paused, such as a track that a page took off (replaceTrack) or a screen that did not change, or "+
			"something on the way dropped its packets.",
		func(_ judge.Finding, e judge.InboundPaused) Text {
			return say("Inbound "+e.Kind+" paused for "+Millis(e.LongestMs)+" and went on.",
				"Check whether the peer paused its source at that time; if it did not, record the packets at both ends "+
					"(--pcapng).",
				"it came again "+Millis(e.AtMs)+" after the start", Count(e.Times, "such pause", "such pauses"))
		}),
}

// pauses are the longest times without media in each direction; empty if neither is known.
func pauses(inbound, outbound *diag.Millis) string {
	var list []string
	for _, p := range []struct {
		way string
		*diag.Millis
	}{{"inbound", inbound}, {"outbound", outbound}} {
		if p.Millis != nil {
			list = append(list, "no "+p.way+" media for "+Millis(*p.Millis))
		}
	}
	return strings.Join(list, ", ")
}

// ICERestarts sums up the restarts of a call; empty if there was none.
func ICERestarts(n int, inbound, outbound *diag.Millis) string {
	if n == 0 {
		return ""
	}
	return Join(", ", Count(n, "ICE restart", "ICE restarts"), pauses(inbound, outbound))
}
