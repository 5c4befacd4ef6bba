// Package video says what the pictures of a call show.
package video

import (
	"fmt"

	"dialtone/diag"
	"dialtone/diag/judge"
	"dialtone/diag/words/phrase"
)

// Findings are the entries of package words about pictures.
var Findings = map[string]phrase.Entry{
	"media.black": phrase.On(
		"The key frames of the video were decoded, and those since then are black: at least 98 % of their pixels, and none "+
			"stands out. Only VP8 is decoded. Where frames are as small as those of a black or frozen picture, key frames are "+
			"requested to look at it. In a check that expects video, this is a failure.",
		func(_ judge.Finding, e judge.PictureBlack) phrase.Text {
			return phrase.Text{
				Title: "Inbound video is black.",
				Evidence: []string{
					fmt.Sprintf("the last %d key frames, over %s, are black: %.1f %% of the pixels of the latest", e.Pictures,
						phrase.Duration(e.ForMs.Duration()), 100*e.Dark),
				},
				Advice: "Check the sender's camera: covered, used by another program, or replaced by a black track.",
			}
		}),
	"media.skew": phrase.On(
		"Sound and picture of the peer do not arrive together: its sender reports tie both to one clock (RFC 3550), and one "+
			"kind of media arrives later after its capture than the other. Sound that comes 90 ms before its picture, or 185 "+
			"ms after it, is not acceptable (ITU-R BT.1359). A receiver that plays both in time has to hold back the faster.",
		func(_ judge.Finding, e judge.SkewFound) phrase.Text {
			later, earlier := "video", "audio"
			if e.SkewMs < 0 {
				later, earlier = earlier, later
			}
			return phrase.Text{
				Title: "Inbound " + later + " arrives later than " + earlier + ".",
				Evidence: []string{fmt.Sprintf("by at least %s in each of the last %d samples",
					phrase.Duration(e.SkewMs.Duration().Abs()), e.Samples)},
				Advice: "Check the sender and the servers between: one of them buffers " + later + ".",
			}
		}),
	"media.still": phrase.On(
		"The key frames of the video were decoded, and those since then show the same, although frames arrive. That need "+
			"not be a fault: a slide does not move. The mean luma of 192 parts of the picture is compared, so the noise of "+
			"coding does not count as a change. Only VP8 is decoded.",
		func(_ judge.Finding, e judge.PictureStill) phrase.Text {
			return phrase.Text{
				Title: "Inbound video does not move.",
				Evidence: []string{
					fmt.Sprintf("the last %d key frames, over %s, show the same", e.Pictures,
						phrase.Duration(e.ForMs.Duration())),
				},
				Advice: "Check the sender's source: a camera that hangs repeats its last picture. A slide is still, too.",
			}
		}),
}

// Picture describes a decoded picture in one line.
func Picture(d diag.Picture) string {
	text := fmt.Sprintf("%d×%d, luma %.0f %%", d.Width, d.Height, 100*d.Luma)
	if d.Dark > 0.5 {
		text += fmt.Sprintf(", %.0f %% black", 100*d.Dark)
	}
	if d.Difference != nil {
		text += fmt.Sprintf(", differs by %.1f %%", 100**d.Difference)
	}
	if d.ClipFrame != nil {
		text += fmt.Sprintf(", frame %d of dialtone's clip", *d.ClipFrame)
	}
	return text
}

// Clip says what became of the frames of dialtone's clip.
func Clip(c diag.ClipFrames) string {
	text := fmt.Sprintf("dialtone's clip: %d frames", c.Received)
	for _, part := range []struct {
		n    uint32
		what string
	}{{c.Skipped, "skipped"}, {c.Late, "late"}, {c.Repeated, "repeated"}} {
		if part.n > 0 {
			text += fmt.Sprintf(", %d %s", part.n, part.what)
		}
	}
	return text
}

// Skew says which of sound and picture arrives later, by seconds.
func Skew(seconds float64) string {
	if seconds < 0 {
		return fmt.Sprintf("audio %.0f ms later than video", -seconds*1000)
	}
	return fmt.Sprintf("video %.0f ms later than audio", seconds*1000)
}
