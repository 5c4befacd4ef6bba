package judge

import (
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/finding"
)

// SkewFound means that the sound and the picture of the peer do not arrive together.
type SkewFound struct {
	SkewMs  diag.Millis `json:"skew_ms"` // least of the latest samples: positive where video is later, negative where audio is
	Samples int         `json:"samples"`
}

// Bounds from which a difference of sound and picture is not acceptable (ITU-R BT.1359-1), and for how many samples in
// succession it must last.
const (
	videoLater  = 90 * time.Millisecond
	audioLater  = 185 * time.Millisecond
	skewSamples = 3
)

// skewFindings name sound and picture that do not arrive together. Of a camera that is muted, Firefox sends a frame a
// second, whose time says nothing.
func skewFindings(out *finding.List, c *call.Call, _ Expectation) {
	if c.Hushed(diag.Inbound, "audio") || c.Hushed(diag.Inbound, "video") {
		return
	}
	var least time.Duration
	n := 0
	for i := len(c.Samples) - 1; i >= 0 && n < skewSamples; i-- {
		if c.Samples[i].AudioVideoSkew == nil {
			return
		}
		skew := diag.SecondsOf(*c.Samples[i].AudioVideoSkew)
		if skew < videoLater && skew > -audioLater || n > 0 && (skew > 0) != (least > 0) {
			return
		}
		if n == 0 || skew.Abs() < least.Abs() {
			least = skew
		}
		n++
	}
	if n < skewSamples {
		return
	}
	out.Add("media.skew", Warn, "", SkewFound{diag.Millis(least), n})
}
