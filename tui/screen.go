package tui

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/bubbles/key"

	"dialtone/diag"
	"dialtone/tui/draw"
	"dialtone/tui/pane"
)

const (
	roomy = 30 // the height from which empty lines and a rule divide the screen
	low   = 8  // the height below which there are neither tabs nor trouble
	wide  = 60 // the width from which there is a margin, and our own name
)

// resize gives the panes what header and footer leave.
func (m *Model) resize(width, height int) {
	m.width, m.height = width, height
	margin := 0
	if width >= wide {
		margin = 1 // at the right, as there is one at the left
	}
	for _, p := range m.panes {
		p.SetSize(width-margin, height-len(m.header())-len(m.footer()))
	}
}

// frame is the whole screen: header, the focused pane or the help, footer.
func (m *Model) frame() string {
	head, foot := m.header(), m.footer()
	room := max(m.height-len(head)-len(foot), 0)
	var body []string
	if m.help {
		body = m.helpLines(room)
	} else {
		body = strings.Split(m.panes[m.focus].View(), "\n")
	}
	body = draw.Clamp(body, m.width, room)
	for len(body) < room {
		body = append(body, "")
	}
	lines := append(append(head, body...), foot...)
	return m.scene.Theme.Ship(strings.Join(draw.Clamp(lines, m.width, m.height), "\n"))
}

// header is what is always told: the name, the state, the clock and the path, then the tabs.
func (m *Model) header() []string {
	th := m.scene.Theme
	l := draw.NewLine(m.width).Gap(1)
	if m.width >= wide {
		l.Add(th.Accent, "dialtone").Gap(2)
	}
	l.Add(th.Strong, m.options.Title).Gap(3)
	m.state(l)
	lines := []string{l.Right(m.pathSummary()).String()}
	if m.height < low {
		return lines
	}
	lines = append(lines, m.tabs())
	if m.height >= roomy {
		lines = append(lines, "")
	}
	return lines
}

// state writes the symbol, the word and the clock.
func (m *Model) state(l *draw.Line) {
	th, c := m.scene.Theme, m.scene.Call
	mark, paint := th.Mark(m.level())
	words := c.State().String()
	switch {
	case c.Ended != nil:
		words = m.scene.Verdict.Headline
	case m.ended:
		words += ", then the events end"
	case m.leaving:
		words = "hanging up"
	case m.waiting():
		mark, paint = m.scene.Spinner(), th.Accent
		if c.State() == diag.StateWaiting {
			words = "waiting for the other party"
		}
	}
	l.Add(paint, mark).Gap(1).Add(paint, words)
	if c.Ended == nil {
		l.Gap(2).Add(th.Plain, draw.Clock(m.scene.Clock-m.scene.Since()))
	}
}

// level grades the call for the header.
func (m *Model) level() draw.Level {
	switch m.scene.Call.State() {
	case diag.StateConnected:
		return draw.Good
	case diag.StateReconnecting:
		return draw.Warn
	case diag.StateEnded:
		return endLevel(m.scene.Verdict.Exit)
	case diag.StateUnknown, diag.StateDialing, diag.StateWaiting, diag.StateNegotiating, diag.StateConnecting:
	}
	return draw.Idle
}

func endLevel(exit diag.Exit) draw.Level {
	if exit == diag.ExitPass {
		return draw.Good
	}
	if exit == diag.ExitInterrupted {
		return draw.Warn
	}
	return draw.Bad
}

// pathSummary is the selected path in two words, with its round-trip time.
func (m *Model) pathSummary() *draw.Line {
	th, c := m.scene.Theme, m.scene.Call
	l := draw.NewLine(m.width)
	if c.Selected == nil {
		return l
	}
	local, remote := c.LocalCandidate(c.Selected.LocalCandidateID), c.RemoteCandidate(c.Selected.RemoteCandidateID)
	if local != nil && remote != nil {
		l.Add(th.Dim, "path ").Add(th.Plain, string(local.CandidateType)+th.Glyphs.Between+string(remote.CandidateType))
	}
	if d, ok := c.RoundTripTime(); ok {
		number, unit, _ := strings.Cut(draw.Span(d), " ")
		l.Add(th.Dim, "  rtt ").Add(th.Plain, number).Add(th.Dim, " "+unit)
	}
	return l.Gap(1)
}

// tabs names the panes, and at the right how the other party joins, or how many remarks there are.
func (m *Model) tabs() string {
	th, c := m.scene.Theme, m.scene.Call
	l := draw.NewLine(m.width)
	for i, p := range m.panes {
		title := fmt.Sprintf("%d %s", i+1, p.Title())
		if i == m.focus {
			l.Add(th.Accent, "[").Add(th.Tab, title).Add(th.Accent, "] ")
		} else {
			l.Add(th.Dim, " "+title+"  ")
		}
	}
	if c.State() == diag.StateWaiting && c.Start.Join != "" {
		text := draw.Truncate(draw.Safe(c.Start.Join), max(l.Room()-15, 0))
		return l.Right(draw.NewLine(m.width).Add(th.Dim, "they join: ").Add(th.Accent, text).Gap(1)).String()
	}
	return l.Right(m.troubles()).String()
}

// troubles counts the findings: problems when there are any, else warnings.
func (m *Model) troubles() *draw.Line {
	th, l := m.scene.Theme, draw.NewLine(m.width)
	problems, warnings := 0, 0
	for _, f := range m.scene.Verdict.Findings {
		switch f.Severity {
		case diag.Problem:
			problems++
		case diag.Warn:
			warnings++
		case diag.Info:
		}
	}
	if problems > 0 {
		l.Add(th.Bad, th.Glyphs.Bad+" "+draw.Plural(problems, "problem", "problems")).Gap(1)
	}
	if warnings > 0 {
		l.Gap(min(problems, 1)).Add(th.Warn, th.Glyphs.Warn+" "+draw.Plural(warnings, "warning", "warnings")).Gap(1)
	}
	return l
}

// footer is the latest trouble, and the keys that work now.
func (m *Model) footer() []string {
	th := m.scene.Theme
	var lines []string
	if m.height >= roomy {
		lines = append(lines, " "+th.Dim.On(strings.Repeat(th.Glyphs.Rule, max(m.width-2, 0))))
	}
	if m.height >= low {
		lines = append(lines, m.trouble())
	}
	return append(lines, m.keyLine())
}

// trouble is what the eye should fall on: a refused wish, else the gravest finding, the latest of its kind.
func (m *Model) trouble() string {
	th := m.scene.Theme
	l := draw.NewLine(m.width).Gap(1)
	if m.remark != "" {
		return l.Add(th.Warn, th.Glyphs.Warn+" "+m.remark).String()
	}
	var found *diag.Finding
	for i := range m.scene.Verdict.Findings {
		if f := &m.scene.Verdict.Findings[i]; found == nil || f.Severity == diag.Problem || found.Severity != diag.Problem {
			found = f
		}
	}
	if found == nil {
		return ""
	}
	mark, paint := th.Mark(draw.Warn)
	if found.Severity == diag.Problem {
		mark, paint = th.Mark(draw.Bad)
	}
	return l.Add(paint, mark+" "+found.Title).Gap(2).Add(th.Dim, found.Advice).String()
}

// keyLine shows as many of the keys that work now as there is room for; help and quit always.
func (m *Model) keyLine() string {
	last := []key.Binding{m.keys.Help, m.keys.Quit}
	first := append(m.keys.actions(), m.panes[m.focus].Keys()...)
	if t, ok := m.panes[m.focus].(pane.Typist); ok && t.Typing() {
		first, last = m.panes[m.focus].Keys(), []key.Binding{m.keys.Interrupt}
	}
	if m.help {
		first = nil
	}
	end := m.keyWords(last)
	l := draw.NewLine(m.width).Gap(1)
	for _, b := range first {
		words := m.keyWords([]key.Binding{b})
		if words.Width() == 0 || l.Width()+words.Width()+3+end.Width() > m.width {
			continue
		}
		l.Append(words).Add(m.scene.Theme.Dim, " "+m.scene.Theme.Glyphs.Dot+" ")
	}
	return l.Append(end).String()
}

func (m *Model) keyWords(bindings []key.Binding) *draw.Line {
	th := m.scene.Theme
	l := draw.NewLine(m.width)
	for _, b := range bindings {
		if !b.Enabled() {
			continue
		}
		if l.Width() > 0 {
			l.Add(th.Dim, " "+th.Glyphs.Dot+" ")
		}
		l.Add(th.Accent, b.Help().Key).Add(th.Dim, " "+b.Help().Desc)
	}
	return l
}

// helpLines are all keys, those that do not work now left out.
func (m *Model) helpLines(height int) []string {
	th := m.scene.Theme
	var out []string
	for _, group := range []struct {
		title string
		keys  []key.Binding
	}{
		{"Call", m.keys.actions()},
		{m.panes[m.focus].Title() + " pane", m.panes[m.focus].Keys()},
		{"Session", m.keys.session()},
	} {
		lines := []string{}
		for _, b := range group.keys {
			if b.Enabled() {
				lines = append(lines, draw.NewLine(m.width).Gap(3).Add(th.Accent, b.Help().Key).To(14).Add(th.Plain, b.Help().Desc).String())
			}
		}
		if len(lines) > 0 {
			out = append(append(out, draw.NewLine(m.width).Gap(1).Add(th.Strong, group.title).String()), append(lines, "")...)
		}
	}
	if len(out) > height && m.width >= wide {
		half := (len(out) + 1) / 2
		out = draw.Beside(out[:half], out[half:], m.width/2)
	}
	return out
}
