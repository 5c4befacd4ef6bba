package judge

import (
	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/finding"
)

// encodingFindings name how a peer codes its video where receivers have trouble with it.
func encodingFindings(out *finding.List, c *call.Call, _ Expectation) {
	sample := c.Latest()
	if sample == nil {
		return
	}
	found := func(id string, severity Severity, evidence any) { out.Add(id, severity, "video", evidence) }
	for _, in := range sample.Inbound {
		e := c.EncodingOf(in.SSRC)
		if e == nil {
			continue
		}
		if diag.OrZero(e.Reordered) && diag.OrZero(e.BFrames) {
			found("media.b_frames", Warn, *e)
		}
		if rare := c.RareKeyFrames(in); rare != nil && c.MediaOnly() {
			found("media.key_frames_rare", Warn, *rare)
		}
		if p := c.AgreedProfile(in.SSRC); p != nil {
			sent, _ := diag.ParseProfileLevel(p.Sent)
			agreed, known := diag.ParseProfileLevel(p.Agreed)
			switch {
			case known && !agreed.Decodes(sent):
				found("media.profile_not_agreed", Warn, *p)
			case c.MediaOnly() && sent.Profile() != diag.ConstrainedBaseline:
				found("media.profile_optional", Info, *p)
			}
		}
	}
}
