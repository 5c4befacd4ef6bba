package report

import (
	"fmt"

	"dialtone/diag"
)

// stressSection is how the peer took a stress test.
func (r *Report) stressSection() section {
	s := section{Title: r.ofRun("Stress test"), Columns: columns("the peer", "", "")}
	t := r.Stress
	if t == nil {
		return s
	}
	repaired := ""
	if t.Lost != nil && t.Retransmitted != nil {
		repaired = fmt.Sprintf("%d of %d packets", *t.Retransmitted, *t.Lost)
	}
	for _, row := range []struct {
		does   string
		is     *bool
		detail string
	}{
		{"retransmits lost video", t.Retransmits, repaired},
		{"requests lost video again", t.Asks, ""},
		{"sends a key frame on request", t.KeyFrame, within(t.KeyFrameTime)},
		{"reports on the bandwidth to it", t.Feedback, ""},
		{"continues to send at loss", t.KeepsSending, ""},
		{"recovers from a gap", t.Recovers, within(t.RecoveryTime)},
	} {
		if row.is == nil {
			s.add(row.does, cell{Text: "not tested", Mark: idle}, row.detail)
		} else {
			s.add(row.does, state(*row.is, "yes", "no"), row.detail)
		}
	}
	return s
}

// within is how long something took, "" if it is unknown.
func within(d *diag.Millis) string {
	if d == nil {
		return ""
	}
	return "after " + millis(d.Float())
}
