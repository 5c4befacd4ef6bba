package pane

import (
	"dialtone/diag/words"
	"dialtone/diag/words/term"
)

const (
	// lessonLeast is the height from which a demo explains what it shows.
	lessonLeast = 18
	// lessonRows hold the longest explanation in 80 columns.
	lessonRows = 2
	// demoCommand is what the start of a demo's log names.
	demoCommand = "demo"
)

// lesson explains, in a demo, the step of the setup at which the shown position is, and says how to move to another;
// nothing in other calls.
func (p *Call) lesson() []string {
	if p.Call.Start.Command != demoCommand || p.height < lessonLeast {
		return nil
	}
	text := "Press space to pause, < for the start, and . and , for each step, which is explained here. " +
		"dialtone explain has every word: dialtone explain srflx"
	if spans := p.Call.Spans; !p.Live && p.Call.Ended == nil && len(spans) > 0 {
		name := spans[len(spans)-1].Phase
		text = words.Capital(term.Phase(name)) + ": " + term.ExplainPhase(name)
	}
	rows := p.Theme.Labeled(p.Theme.Glyphs.Dot, p.Theme.Accent, text, 1, p.width)
	return append(rows, make([]string, max(lessonRows-len(rows), 0))...)[:lessonRows]
}
