package report

import (
	"fmt"

	"dialtone/diag/words"
	"dialtone/diag/words/sound"
)

// qualitySection is the speech quality by the E-model, with all that it depends on.
func (r *Report) qualitySection() section {
	title := r.ofRun("Speech quality") + " (E-model; delay: one way and an assumed jitter buffer)"
	s := section{Title: title, Columns: columns(
		"stream", "#MOS", "#R", "model", "#Ie", "#Bpl", "values", "#loss", "#delay", "one way",
	)}
	for _, d := range r.Media.streams() {
		q := d.Quality
		if q == nil {
			continue
		}
		values, oneWay := "ITU-T", "RTT/2 (assumed)"
		if q.OneWayMeasured {
			oneWay = "measured"
		}
		if q.Provisional {
			values = "provisional"
		}
		s.add(d.kind+" "+d.direction, fmt.Sprintf("%.2f", q.MOS), fmt.Sprintf("%.1f", q.R), q.Model, q.Ie, q.Bpl, values,
			unitRatio.of(&q.Loss), &q.Delay, oneWay)
	}
	return s
}

// delaySection is how long media is on its way, and how that was measured.
func (r *Report) delaySection() section {
	s := section{Title: r.ofRun("One-way delay"), Columns: columns("stream", "#mean", "#±", "measured by")}
	for _, d := range r.Media.streams() {
		if d.OneWayDelay != nil {
			s.add(d.kind+" "+d.direction, d.OneWayDelay, d.OneWayUncertainty, words.DelaySource(d.OneWaySource))
		}
	}
	return s
}

// soundSection is what is heard in audio, by the one who receives it.
func (r *Report) soundSection() section {
	s := section{Title: r.ofRun("Sound"), Columns: columns("stream", "#level", "tone")}
	for _, d := range r.Media.streams() {
		tone := sound.Tone(d.Tone)
		for _, in := range d.Inbound {
			if text := sound.Undecoded(in.Sound); text != "" {
				tone += "; " + text
			}
		}
		if d.Level != nil {
			s.add(d.kind+" "+d.direction, sound.Level(*d.Level), tone)
		}
	}
	return s
}
