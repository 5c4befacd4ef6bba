package tui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/charmbracelet/bubbles/key"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/words"
	"dialtone/diag/words/verdict"
	"dialtone/tui/draw"
	"dialtone/tui/pane"
)

const (
	roomy = 30 // the height from which empty lines and a rule divide the screen
	low   = 8  // the height below which there are neither tabs nor findings
	wide  = 60 // the width from which there is a margin, and the name of the program
)

// resize gives the panes what header and footer leave.
func (m *Model) resize(width, height int) {
	m.width, m.height = width, height
	m.barHad = m.barShown()
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

// header is what is always shown: the name, the state, the clock and the path, then the tabs.
func (m *Model) header() []string {
	th := m.scene.Theme
	l := draw.NewLine(m.width).Gap(1)
	if m.width >= wide && (m.width >= 100 || m.playbackText() == "") {
		l.Add(th.Accent, "dialtone").Gap(2)
	}
	l.Add(th.Strong, m.options.Title).Gap(3)
	m.state(l)
	path := m.pathSummary(true)
	if l.Room() < path.Width()+2 {
		path = m.pathSummary(false)
	}
	lines := []string{l.Right(path).String()}
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
	text := c.State().String()
	if c.Alone() {
		m.natState(l)
		return
	}
	switch {
	case c.Failing():
		mark, paint, text = th.Glyphs.Bad, th.Bad, "no path found, diagnosing"
	case c.Ended != nil:
		text = verdict.Of(m.scene.Verdict).Headline
	case m.ended && m.time.behind() == 0:
		text += ", no further events"
	case m.leaving:
		text = "hanging up"
	case m.waiting():
		mark, paint = m.scene.Spinner(), th.Accent
		if c.State() == call.StateWaiting {
			text = "waiting for the peer"
		}
	}
	l.Add(paint, mark).Gap(1).Add(paint, text)
	if c.Ended == nil {
		l.Gap(2).Add(th.Plain, words.Clock(m.scene.Clock-m.scene.Since()))
	}
	if text := m.playbackText(); text != "" {
		l.Gap(2).Add(th.Warn, text)
	}
}

// playbackText says which moment is shown; empty for the present.
func (m *Model) playbackText() string {
	behind := m.time.behind()
	switch {
	case m.transport.playback == following:
		return ""
	case m.transport.playback == playing:
		return "at " + speedWord(m.transport.speed)
	case m.over() && behind == 0:
		return "end of recording"
	case m.over() || behind == 0:
		return "paused"
	}
	return "paused, " + words.Count(behind, "event", "events") + " behind"
}

func speedWord(speed float64) string { return strconv.FormatFloat(speed, 'g', -1, 64) + "×" }

// level grades the call for the header.
func (m *Model) level() draw.Level {
	switch m.scene.Call.State() {
	case call.StateConnected:
		return draw.Good
	case call.StateReconnecting:
		return draw.Warn
	case call.StateLost:
		return draw.Bad
	case call.StateEnded:
		return pane.ExitLevel(m.scene.Verdict.Exit)
	case call.StateUnknown, call.StateDialing, call.StateWaiting, call.StateNegotiating, call.StateConnecting:
	}
	return draw.Idle
}

// pathSummary is the selected path in two words, with its round-trip time; without labels when room is short.
func (m *Model) pathSummary(long bool) *draw.Line {
	th, c := m.scene.Theme, m.scene.Call
	l := draw.NewLine(m.width)
	if c.Selected == nil {
		return l
	}
	local, remote := c.LocalCandidate(c.Selected.LocalCandidateID), c.RemoteCandidate(c.Selected.RemoteCandidateID)
	label := func(s string) string {
		if !long {
			return ""
		}
		return s
	}
	if local != nil && remote != nil {
		l.Add(th.Dim, label("path ")).Add(th.Plain,
			string(local.CandidateType)+th.Glyphs.Between+string(remote.CandidateType))
	}
	if d, ok := c.RoundTripTime(); ok {
		number, unit, _ := strings.Cut(words.Duration(d), " ")
		l.Add(th.Dim, " "+label(" RTT ")).Add(th.Plain, number).Add(th.Dim, " "+unit)
	}
	return l.Gap(1)
}

// tabs names the panes, and at the right how the peer joins, or how many findings there are.
func (m *Model) tabs() string {
	th, c := m.scene.Theme, m.scene.Call
	l := draw.NewLine(m.width)
	titles, gap := m.tabTitles()
	for i, title := range titles {
		if i == m.focus {
			l.Add(th.Accent, "[").Add(th.Tab, title).Add(th.Accent, "]").Gap(gap - 2)
		} else {
			l.Gap(1).Add(th.Dim, title).Gap(gap - 1)
		}
	}
	if m.options.Replay == nil && c.State() == call.StateWaiting && c.Start.Join != "" {
		return l.Right(draw.NewLine(m.width).Add(th.Dim, "peer: ").Add(th.Accent, c.Start.Join).Gap(1)).String()
	}
	return l.Right(m.troubles()).String()
}

// tabTitles are the numbers and the names of the panes, and how much room each takes beside its text. When space is
// short they move together, and then only the one in front keeps its name.
func (m *Model) tabTitles() (titles []string, gap int) {
	width := m.troubles().Width()
	for i, p := range m.panes {
		titles = append(titles, fmt.Sprintf("%d %s", i+1, p.Title()))
		width += draw.Width(titles[i])
	}
	for gap = 3; gap >= 2; gap-- {
		if width+gap*len(titles) <= m.width {
			return titles, gap
		}
	}
	for i := range titles {
		if i != m.focus {
			titles[i] = fmt.Sprint(i + 1)
		}
	}
	return titles, 3
}

// tabAt is the pane whose tab is at a column.
func (m *Model) tabAt(column int) (int, bool) {
	from := 0
	titles, gap := m.tabTitles()
	for i, title := range titles {
		to := from + draw.Width(title) + gap
		if column >= from && column < to {
			return i, true
		}
		from = to
	}
	return 0, false
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
		l.Add(th.Bad, th.Glyphs.Bad+" "+words.Count(problems, "problem", "problems")).Gap(1)
	}
	if warnings > 0 {
		l.Gap(min(problems, 1)).Add(th.Warn, th.Glyphs.Warn+" "+words.Count(warnings, "warning", "warnings")).Gap(1)
	}
	return l
}

// footer is the most severe finding, and the keys that work now.
func (m *Model) footer() []string {
	th := m.scene.Theme
	var lines []string
	if m.height >= roomy {
		lines = append(lines, " "+th.Dim.On(strings.Repeat(th.Glyphs.Rule, max(m.width-2, 0))))
	}
	if m.height >= low {
		lines = append(lines, m.trouble())
	}
	if m.barShown() {
		bar := m.bar()
		if m.height >= roomy {
			lines = append(lines, bar.Labels(m.scene.Theme, m.width))
		}
		lines = append(lines, bar.Bar(m.scene.Theme, m.width))
	}
	return append(lines, m.keyLine())
}

// barRow is the row of the timeline, from 0.
func (m *Model) barRow() int { return m.height - 2 }

// trouble is the answer to the last request, else the most severe finding, the latest of its kind, with its advice when
// there is room for it.
func (m *Model) trouble() string {
	th := m.scene.Theme
	l := draw.NewLine(m.width).Gap(1)
	if m.notice.text != "" {
		mark, paint := th.Mark(m.notice.level)
		return l.Add(paint, mark+" "+m.notice.text).String()
	}
	var found *judge.Finding
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
	text := words.Of(*found)
	l.Add(paint, mark+" "+text.Title)
	if draw.Width(draw.Safe(text.Advice))+2 <= l.Room() {
		l.Gap(2).Add(th.Dim, text.Advice)
	}
	return l.String()
}

// keyLine shows as many of the keys that work now as there is room for, help and quit always.
func (m *Model) keyLine() string {
	last := []key.Binding{m.keys.Help, m.keys.Quit}
	first := m.footerKeys()
	if m.typing() {
		first, last = m.panes[m.focus].Keys(), []key.Binding{m.keys.Interrupt}
	}
	if m.help {
		first = nil
	}
	end := m.keyHelp(last)
	l := draw.NewLine(m.width).Gap(1)
	for _, b := range first {
		text := m.keyHelp([]key.Binding{b})
		if text.Width() == 0 || l.Width()+text.Width()+3+end.Width() > m.width {
			continue
		}
		l.Append(text).Add(m.scene.Theme.Dim, " "+m.scene.Theme.Glyphs.Dot+" ")
	}
	return l.Append(end).String()
}

// footerKeys are the keys in the order of their use now: those of the timeline when the past is shown, else those that
// act upon the call.
func (m *Model) footerKeys() []key.Binding {
	k, own := &m.keys, m.panes[m.focus].Keys()
	if m.transport.playback != following {
		return slices.Concat(k.timeline(), own, k.tools(), k.actions())
	}
	return slices.Concat(k.actions(), own, []key.Binding{k.Pause}, k.tools())
}

func (m *Model) keyHelp(bindings []key.Binding) *draw.Line {
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
