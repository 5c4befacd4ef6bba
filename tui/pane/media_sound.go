package pane

import (
	"fmt"
	"math"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/words"
	"dialtone/diag/words/sound"
	"dialtone/tui/draw"
)

// MOS below which speech is annoying, or tiring (G.107, Annex B).
const (
	mosFair = 3.6
	mosPoor = 2.6
)

func mosCell(th *draw.Theme, q *call.Quality) draw.Cell {
	if q == nil {
		return draw.Cell{}
	}
	c := draw.Cell{}
	switch {
	case q.MOS < mosPoor:
		c = th.Graded(draw.Bad, "")
	case q.MOS < mosFair:
		c = th.Graded(draw.Warn, "")
	}
	c.Text = fmt.Sprintf("%.2f", q.MOS)
	return c
}

// levelCell is a level in dB below full scale.
func levelCell(level *float64) draw.Cell {
	switch {
	case level == nil:
		return draw.Cell{}
	case *level < 1e-5:
		return draw.Cell{Text: "−∞"}
	}
	return draw.Cell{Text: fmt.Sprintf("%.0f", 20*math.Log10(*level))}
}

// oneWayCell is the mean of the latest interval.
func oneWayCell(d *diag.OneWayDelay) draw.Cell {
	if d == nil {
		return draw.Cell{}
	}
	return secondsCell(d.Delay)
}

// spoken are the values of audio: what is heard, and how well.
func spoken(s stream) []string {
	var parts []string
	if s.level != nil {
		parts = append(parts, "level "+sound.Level(*s.level))
	}
	if text := sound.Undecoded(s.heard); text != "" {
		parts = append(parts, text)
	}
	if s.heard != nil && s.heard.Tone != nil {
		parts = append(parts, "tone of "+sound.Tone(s.heard.Tone))
	}
	if q := s.quality; q != nil {
		values := fmt.Sprintf("Ie %.4g, Bpl %.4g", q.Ie, q.Bpl)
		if q.Provisional {
			values += ", both provisional"
		}
		parts = append(parts, fmt.Sprintf("MOS %.2f, R %.1f by %s", q.MOS, q.R, q.Model), values,
			"delay "+words.Millis(q.Delay)+", "+words.SpeechDelay(q.OneWayMeasured))
	}
	return parts
}
