package judge

import (
	"fmt"

	"dialtone/diag"
	"dialtone/diag/call"
)

// publishFindings name what is wrong with the media that the other party publishes.
func publishFindings(c *call.Call) []diag.Finding {
	var out []diag.Finding
	for _, kind := range diag.Kinds {
		if offered, declined := c.Declined(kind); declined {
			out = append(out, diag.Finding{
				ID: "media.codec_declined", Severity: diag.Warn, Title: "The " + kind +
					" of the other party was declined: it offers no codec that is known here.",
				Evidence: []string{"offered: " + diag.Clean(offered, 200)},
				Advice:   "Let the other party send Opus for audio, and VP8 or H.264 for video.",
			})
		}
	}
	if c.Start.MediaOnly && c.ConnectedAt != nil {
		out = append(out, fadedFindings(c)...)
	}
	if frames, without := c.WithoutKeyFrame(); without {
		out = append(out, diag.Finding{
			ID: "media.no_key_frame", Severity: diag.Warn, Title: "Video arrives without a key frame: nobody can begin to decode it.",
			Evidence: []string{fmt.Sprintf("%d frames came in %s, none of them a key frame", frames, diag.Span(c.UpTime()))},
			Advice:   "Set the encoder to a key frame every second or two, and look whether it answers requests for one (PLI).",
		})
	}
	return out
}

// fadedFindings name media that came and stopped, or is nothing but silence. Where people speak with each other both
// may be meant, and only a check asks for more; who publishes means to be seen and heard.
func fadedFindings(c *call.Call) []diag.Finding {
	var out []diag.Finding
	for _, kind := range diag.Kinds {
		f, found := stoppedFinding(c, kind, c.StreamOf(diag.Inbound, kind))
		if !found {
			f, found = silentFinding(c, kind)
		}
		if found {
			f.Severity = diag.Warn
			out = append(out, f)
		}
	}
	return out
}
