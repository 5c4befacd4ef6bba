package tui

import (
	"dialtone/diag/words"
	"dialtone/diag/words/verdict"
	"dialtone/tui/draw"
	"dialtone/tui/pane"
)

// natState writes the state of a diagnosis without a call into the header.
func (m *Model) natState(l *draw.Line) {
	th, c := m.scene.Theme, m.scene.Call
	level, text := draw.Idle, "the diagnosis did not finish"
	if last := c.Diagnosed(); last != nil {
		exit := m.scene.Judged(last).Exit
		level, text = pane.DiagnosisLevel(exit), verdict.NetworkExit(exit)
	}
	mark, paint := th.Mark(level)
	if c.Diagnosing() && c.Diagnosed() == nil {
		mark, paint, text = th.Glyphs.Idle, th.Dim, "asking "+words.Count(len(c.Diagnosis().Start.URLs), "server", "servers")
	}
	if m.spinning() {
		mark = m.scene.Spinner()
	}
	l.Add(paint, mark).Gap(1).Add(paint, text)
	if n := len(c.NAT); n > 1 {
		l.Gap(2).Add(th.Dim, "run ").Add(th.Plain, words.Number(uint64(n)))
	}
	if text := m.playbackText(); text != "" {
		l.Gap(2).Add(th.Warn, text)
	}
}
