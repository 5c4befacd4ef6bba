package report

import (
	"fmt"

	"dialtone/diag/words/sound"
)

// qualitySection is the speech quality by the E-model, with all that it depends on.
func (r *Report) qualitySection() section {
	s := section{Title: r.ofRun("Speech quality") + " (E-model; delay assumed: RTT/2 and jitter buffer)", Columns: columns(
		"stream", "#MOS", "#R", "model", "#Ie", "#Bpl", "values", "#loss", "#delay",
	)}
	for _, d := range r.Media.streams() {
		q := d.Quality
		if q == nil {
			continue
		}
		values := "ITU-T"
		if q.Provisional {
			values = "provisional"
		}
		s.add(d.kind+" "+d.direction, fmt.Sprintf("%.2f", q.MOS), fmt.Sprintf("%.1f", q.R), q.Model, q.Ie, q.Bpl, values,
			unitRatio.of(&q.Loss), &q.Delay)
	}
	return s
}

// soundSection is what is heard in audio, by the one who receives it.
func (r *Report) soundSection() section {
	s := section{Title: r.ofRun("Sound"), Columns: columns("stream", "#level", "tone")}
	for _, d := range r.Media.streams() {
		tone := "none"
		if d.Tone != nil {
			tone = sound.Tone(d.Tone)
		}
		if d.Level != nil {
			s.add(d.kind+" "+d.direction, sound.Level(*d.Level), tone)
		}
	}
	return s
}
