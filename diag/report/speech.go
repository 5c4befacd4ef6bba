package report

import (
	"fmt"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/words/sound"
)

// speechSection is how audio sounds: its quality by the E-model, with all that it depends on, and what is heard.
func (r *Report) speechSection() section {
	s := section{Title: r.ofRun("Speech"), Columns: columns(
		"stream", "#MOS", "#R", "model", "#Ie", "#Bpl", "#loss", "#delay (assumed)", "#level", "tone",
	)}
	for _, d := range r.Media.streams() {
		if d.MOS == nil && d.Level == nil {
			continue
		}
		values := append([]any{d.kind + " " + d.direction}, quality(d.Quality)...)
		level, tone := unknown, ""
		if d.Level != nil {
			level = sound.Level(*d.Level)
		}
		if d.Tone != nil {
			tone = sound.Tone(d.Tone)
		}
		s.add(append(values, level, tone)...)
	}
	return s
}

// quality is the cells of a rating.
func quality(q *call.Quality) []any {
	if q == nil {
		return []any{unknown, unknown, unknown, unknown, unknown, unknown, unknown}
	}
	mark := ""
	if q.Provisional {
		mark = " (provisional)"
	}
	return []any{
		fmt.Sprintf("%.2f", q.MOS), fmt.Sprintf("%.1f", q.R), string(q.Model), fmt.Sprint(q.Ie), fmt.Sprint(q.Bpl) + mark,
		unitRatio.of(&q.Loss), diag.Ptr(q.Delay),
	}
}
