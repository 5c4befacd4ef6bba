package tui

import (
	"dialtone/diag"
	"dialtone/tui/draw"
)

// natState writes the state of a diagnosis by itself into the header.
func (m *Model) natState(l *draw.Line) {
	th, c := m.scene.Theme, m.scene.Call
	level, words := draw.Idle, "the diagnosis did not come to its end"
	if last := c.Diagnosed(); last != nil {
		level, words = natLevel(last.Report().Exit), diag.NATWords(last.Report().Exit)
	}
	mark, paint := th.Mark(level)
	if c.Diagnosing() && c.Diagnosed() == nil {
		mark, paint, words = th.Glyphs.Idle, th.Dim, "asking "+draw.Plural(len(c.Diagnosis().URLs), "server", "servers")
	}
	if m.spinning() {
		mark = m.scene.Spinner()
	}
	l.Add(paint, mark).Gap(1).Add(paint, words)
	if n := len(c.NAT); n > 1 {
		l.Gap(2).Add(th.Dim, "run ").Add(th.Plain, draw.Count(uint64(n)))
	}
	if words := m.playbackWords(); words != "" {
		l.Gap(2).Add(th.Warn, words)
	}
}

// natLevel grades the exit code of a diagnosis.
func natLevel(e diag.Exit) draw.Level {
	switch e {
	case diag.ExitPass:
		return draw.Good
	case diag.ExitRelay, diag.ExitInconclusive:
		return draw.Warn
	default:
		return draw.Bad
	}
}
