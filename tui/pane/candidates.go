package pane

import (
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"dialtone/diag"
	"dialtone/tui/draw"
)

// Candidates shows what ICE has to work with: servers, candidates of both sides, and the pairs made of them. One row is
// selected and explained in words.
type Candidates struct {
	size
	*Scene
	keys    scrollKeys
	cursor  int       // counts the rows of all sections
	windows [2]window // of the left and of the right column
}

// NewCandidates makes the pane.
func NewCandidates(s *Scene) Pane { return &Candidates{Scene: s, keys: newScrollKeys()} }

// Title is "Candidates".
func (*Candidates) Title() string { return "Candidates" }

// Keys are those of moving the selection.
func (p *Candidates) Keys() []key.Binding { return p.keys.bindings() }

// Update moves the selection.
func (p *Candidates) Update(msg tea.Msg) tea.Cmd {
	if msg, ok := msg.(tea.KeyMsg); ok {
		if at, ok := p.keys.move(msg, p.cursor, p.total(), p.listHeight()); ok {
			p.cursor = at
		}
	}
	p.cursor = max(min(p.cursor, p.total()-1), 0)
	return nil
}

// section is a kind of row: how many there are, its table's columns, and how one of its rows looks.
type section struct {
	title   string
	count   int
	columns []draw.Column
	row     func(i int) []draw.Cell
	empty   string // what is said when there are none
}

func (p *Candidates) sections() []section {
	c := p.Call
	return []section{
		{"Servers", len(c.Servers), serverColumns, func(i int) []draw.Cell { return p.serverRow(c.Servers[i]) }, p.noServers()},
		{"Local", len(c.Local), p.candidateColumns("Local"), func(i int) []draw.Cell { return p.candidateRow(c.Local[i]) }, "none yet"},
		{"Remote", len(c.Remote), p.candidateColumns("Remote"), func(i int) []draw.Cell { return p.candidateRow(c.Remote[i]) }, "none yet"},
		{"Pairs", len(c.Pairs), pairColumns, func(i int) []draw.Cell { return p.pairRow(c.Pairs[i]) }, "none yet"},
	}
}

func (p *Candidates) noServers() string {
	if len(p.Call.Start.ICEServers) == 0 {
		return "none configured: --ice stun:HOST adds one"
	}
	return "asking"
}

func (p *Candidates) total() int {
	c := p.Call
	return len(c.Servers) + len(c.Local) + len(c.Remote) + len(c.Pairs)
}

// explainRows is the room for the words below the list.
func (p *Candidates) explainRows() int {
	switch {
	case p.height < 8:
		return 0
	case p.height < 16:
		return 2
	case p.height < 24:
		return 3
	}
	return 4
}

func (p *Candidates) listHeight() int {
	if n := p.explainRows(); n > 0 {
		return p.height - n - 1
	}
	return p.height
}

// View draws the sections in one column, or servers and candidates beside the pairs, and the explanation below.
func (p *Candidates) View() string {
	all, height := p.sections(), p.listHeight()
	var lines []string
	if p.width < twoColumns {
		lines = p.column(0, all, 0, p.width, height)
	} else {
		at, first := p.width/2, 0
		for _, s := range all[:3] {
			first += s.count
		}
		lines = draw.Beside(p.column(0, all[:3], 0, at-3, height), p.column(1, all[3:], first, p.width-at-1, height), at)
	}
	if n := p.explainRows(); n > 0 {
		for len(lines) < height {
			lines = append(lines, "")
		}
		lines = append(lines, " "+p.Theme.Dim.On(strings.Repeat(p.Theme.Glyphs.Rule, p.width-1)))
		words := draw.Wrap(p.explain(), min(p.width-2, 120))
		for _, w := range words[:min(len(words), n)] {
			lines = append(lines, draw.NewLine(p.width).Gap(1).Add(p.Theme.Plain, w).String())
		}
	}
	return strings.Join(draw.Clamp(lines, p.width, p.height), "\n")
}

// column draws sections below each other, scrolled so that the selected row is visible. Rows beyond the window are
// counted, not drawn.
func (p *Candidates) column(which int, list []section, first, width, height int) []string {
	w := &p.windows[which]
	w.rows = height
	total, selected := 0, -1
	for i, s := range list {
		total += sectionHeight(s)
		if i > 0 {
			total++ // the empty line between
		}
	}
	at, row, before := first, 0, -1
	for _, s := range list {
		if p.cursor >= at && p.cursor < at+s.count {
			selected = row + 1 + p.cursor - at
			switch p.cursor {
			case first: // the first row of all shows what stands above it
				before = 0
			case at: // the first of a section shows its title
				before = row
			}
		}
		at += s.count
		row += sectionHeight(s) + 1
	}
	if before >= 0 {
		w.show(before, total)
	}
	if selected >= 0 {
		w.show(selected, total)
	}
	from, to := w.visible(total)
	return p.cut(list, first, width, from, to)
}

func sectionHeight(s section) int { return 1 + max(s.count, 1) }

// cut draws the rows from–to of sections that stand below each other.
func (p *Candidates) cut(list []section, first, width, from, to int) []string {
	var out []string
	row := 0
	for _, s := range list {
		if row >= to {
			break
		}
		out = append(out, p.part(s, first, width, from-row, to-row)...)
		row += sectionHeight(s)
		if from <= row && row < to {
			out = append(out, "")
		}
		row++
		first += s.count
	}
	return out[:min(len(out), max(to-from, 0))]
}

// part draws the rows from–to of one section, its title being row 0. Only these rows are made.
func (p *Candidates) part(s section, first, width, from, to int) []string {
	if from >= sectionHeight(s) {
		return nil
	}
	if s.count == 0 {
		lines := []string{heading(p.Theme, width, s.title), draw.NewLine(width).Gap(3).Add(p.Theme.Dim, s.empty).String()}
		return lines[max(from, 0):]
	}
	low, high := max(from-1, 0), min(to-1, s.count)
	t := draw.Table{Indent: 3, Columns: s.columns, Cursor: p.cursor - first - low}
	for i := low; i < high; i++ {
		t.Rows = append(t.Rows, s.row(i))
	}
	lines := t.Lines(p.Theme, width)
	if from > 0 { // the title is scrolled away
		lines = lines[1:]
	}
	return lines
}

var serverColumns = []draw.Column{
	{Title: "Servers", Strong: 7, Min: 20, Max: 44, Flex: true},
	{Title: "over", Min: 4, Max: 8, Keep: 2},
	{Title: "took", Right: true, Min: 10, Keep: 1},
	{Title: "gave", Min: 24, Flex: true},
}

func (p *Candidates) serverRow(s diag.ServerRow) []draw.Cell {
	mark, paint := p.Theme.Mark(serverLevel(s))
	n, unit := draw.Length(s.DurationMs.Duration())
	return []draw.Cell{
		{Text: s.URL, Mark: mark, Level: paint},
		{Text: s.Transport, Paint: p.Theme.Dim},
		{Text: n, Unit: unit},
		{Text: serverWords(p.Theme.Glyphs, s)},
	}
}

// measured is how many rows of each side decide about the width of the candidates' columns.
const measured = 64

// candidateColumns are the same for both sides, so that their tables stand in line.
func (p *Candidates) candidateColumns(title string) []draw.Column {
	place, base, from := 0, 0, 0
	for _, side := range [][]diag.CandidateRow{p.Call.Local, p.Call.Remote} {
		for _, r := range side[:min(len(side), measured)] {
			place = max(place, draw.Width(address(r.Address, r.Port)))
			base = max(base, draw.Width(address(r.RelatedAddress, r.RelatedPort)))
			from = max(from, draw.Width(source(r.Candidate)))
		}
	}
	return []draw.Column{
		{Title: title, Strong: len(title), Min: 18, Max: 18},
		{Title: "address", Min: 24, Want: place, Max: 47, Flex: true},
		{Title: "over", Min: 4, Max: 12, Keep: 3},
		{Title: "base", Min: 16, Want: base, Max: 47, Keep: 4, Flex: true},
		{Title: "after", Right: true, Min: 10, Keep: 2},
		{Title: "from", Min: 14, Want: from, Max: 40, Keep: 1, Flex: true},
	}
}

// source is where a candidate comes from: an interface, a server, the other party, or a check.
func source(c diag.Candidate) string {
	switch {
	case c.URL != "":
		return c.URL
	case c.CandidateType == diag.Prflx:
		return "a check"
	case c.Side == diag.Remote:
		return "the peer"
	}
	return c.NetworkInterface
}

func (p *Candidates) candidateRow(r diag.CandidateRow) []draw.Cell {
	mark, paint := " ", p.Theme.Plain
	if s := p.Call.Selected; s != nil && (r.Side == diag.Local && r.ID == s.LocalCandidateID || r.Side == diag.Remote && r.ID == s.RemoteCandidateID) {
		mark, paint = p.Theme.Mark(draw.Good)
	}
	n, unit := draw.Length(r.At)
	protocol := joinSpace(r.Protocol, r.TCPType)
	return []draw.Cell{
		{Text: typeWords(r.CandidateType), Mark: mark, Level: paint},
		{Text: address(r.Address, r.Port)},
		{Text: protocol, Paint: p.Theme.Dim},
		{Text: address(r.RelatedAddress, r.RelatedPort), Paint: p.Theme.Dim},
		{Text: n, Unit: unit},
		{Text: source(r.Candidate), Paint: p.Theme.Dim},
	}
}

var pairColumns = []draw.Column{
	{Title: "Pairs", Strong: 5, Min: 13, Max: 14},
	{Title: "local", Min: 18, Flex: true},
	{Title: "remote", Min: 18, Flex: true},
	{Title: "answered", Right: true, Min: 9},
	{Title: "rtt", Right: true, Min: 10, Keep: 1},
}

func (p *Candidates) pairRow(pair diag.Pair) []draw.Cell {
	th := p.Theme
	chosen := p.Call.Selected != nil && p.Call.Selected.PairID == pair.ID
	if chosen {
		pair = p.latest(pair)
	}
	mark, level := th.Mark(pairLevel(pair))
	state, paint := string(pair.State), th.Plain
	switch {
	case chosen:
		state, paint = "in use", th.Strong
	case pair.Nominated:
		state = "nominated"
	}
	return []draw.Cell{
		{Text: state, Paint: paint, Mark: mark, Level: level},
		{Text: p.end(p.Call.LocalCandidate(pair.LocalCandidateID), pair.LocalCandidateID), Paint: paint},
		{Text: p.end(p.Call.RemoteCandidate(pair.RemoteCandidateID), pair.RemoteCandidateID), Paint: paint},
		{Text: draw.Count(pair.ResponsesReceived) + " of " + draw.Count(pair.RequestsSent)},
		millis(pair.CurrentRoundTripTime),
	}
}

// latest takes the counters of the selected pair from the newest sample: its events come only with changes of state.
func (p *Candidates) latest(pair diag.Pair) diag.Pair {
	if s := p.Call.Latest(); s != nil && s.Pair != nil && s.Pair.ID == pair.ID {
		return *s.Pair
	}
	return pair
}

func (p *Candidates) end(r *diag.CandidateRow, id string) string {
	if r == nil {
		return id
	}
	return string(r.CandidateType) + " " + address(r.Address, r.Port)
}

func pairLevel(pair diag.Pair) draw.Level {
	switch pair.State {
	case diag.PairSucceeded:
		return draw.Good
	case diag.PairFailed:
		return draw.Bad
	case diag.PairFrozen, diag.PairWaiting, diag.PairInProgress:
	}
	return draw.Idle
}

// explain puts the selected row into words.
func (p *Candidates) explain() string {
	i := p.cursor
	for _, s := range p.sections() {
		if i >= s.count {
			i -= s.count
			continue
		}
		switch s.title {
		case "Servers":
			return explainServer(p.Call.Servers[i])
		case "Local":
			return explainLocal(p.Call.Local[i].Candidate)
		case "Remote":
			return explainRemote(p.Call.Remote[i].Candidate)
		}
		pair := p.Call.Pairs[i]
		return p.explainPair(pair, p.Call.Selected != nil && p.Call.Selected.PairID == pair.ID)
	}
	return "A candidate is an address at which a party may be reached. Every local one is tried with every remote one; a pair that answers can carry the call."
}
