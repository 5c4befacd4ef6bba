package words

import "dialtone/diag"

// DelaySource says how a one-way delay was measured.
func DelaySource(s diag.DelaySource) string {
	switch s {
	case diag.DelayPayload:
		return "packets that this process sent"
	case diag.DelayCapture:
		return "abs-capture-time and sender reports"
	case diag.DelayReports:
		return "sender reports, since the capture"
	}
	return string(s)
}

// OneWay writes the delay of the latest packets with how it was measured.
func OneWay(d *diag.OneWayDelay) string {
	if d == nil || d.Delay == nil {
		return ""
	}
	text := "one-way delay " + Seconds(*d.Delay)
	if d.Uncertainty > 0 {
		text += " ± " + Seconds(d.Uncertainty)
	}
	return text + " by " + DelaySource(d.Source)
}

// Echo writes how long packets take to the peer and back.
func Echo(seconds *float64) string {
	if seconds == nil {
		return ""
	}
	return "own packets back after " + Seconds(*seconds)
}

// SpeechDelay says what the delay of the E-model is made of.
func SpeechDelay(measured bool) string {
	if measured {
		return "measured one way, jitter buffer assumed"
	}
	return "assumed: RTT/2 and jitter buffer"
}
