package pane

import (
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"dialtone/diag/words"
	"dialtone/tui/draw"
)

// Candidates shows what ICE has to work with: servers, candidates of both sides, and the pairs made of them. One row is
// selected and explained in words; each table can be sorted, and all be filtered.
type Candidates struct {
	size
	*Scene
	keys    candidateKeys
	filter  filter
	sorts   [sectionCount]sorting
	orders  [sectionCount][]int // the rows that are shown of a table, where it is sorted or filtered
	cursor  int                 // counts the shown rows of all sections
	chosen  rowID               // the row there, which stays selected when others come or go
	moved   bool                // somebody has selected a row; until then the pair in use is
	windows [2]window           // of the left and of the right column
}

type candidateKeys struct {
	scrollKeys
	Sort, Reverse, Clear key.Binding
}

// NewCandidates makes the pane.
func NewCandidates(s *Scene) Pane {
	bind := func(k, help string) key.Binding { return key.NewBinding(key.WithKeys(k), key.WithHelp(k, help)) }
	keys := candidateKeys{newScrollKeys(), bind("s", "sort"), bind("S", "reverse"), bind("esc", "show all")}
	p := &Candidates{Scene: s, keys: keys, filter: newFilter("filter")}
	p.settle()
	return p
}

// Title is "Candidates".
func (*Candidates) Title() string { return "Candidates" }

// Keys are those of sorting, filtering and moving the selection.
func (p *Candidates) Keys() []key.Binding {
	if p.filter.typing {
		return p.filter.bindings()
	}
	return append([]key.Binding{p.keys.Sort, p.keys.Reverse, p.filter.keys.Open, p.keys.Clear}, p.keys.bindings()...)
}

// Typing reports whether keys are text of the filter.
func (p *Candidates) Typing() bool { return p.filter.typing }

// Update takes new rows in, and moves the selection.
func (p *Candidates) Update(msg tea.Msg) tea.Cmd {
	if msg, ok := msg.(tea.KeyMsg); ok {
		p.key(msg)
	}
	p.settle()
	return nil
}

func (p *Candidates) key(msg tea.KeyMsg) {
	switch {
	case p.filter.typing && p.filter.take(msg):
	case p.filter.typing:
		p.move(msg)
	case key.Matches(msg, p.filter.keys.Open):
		p.filter.open()
	case key.Matches(msg, p.keys.Clear):
		p.filter.clear()
	case key.Matches(msg, p.keys.Sort):
		p.sorts[p.chosen.section].next(len(p.section(p.chosen.section).columns))
	case key.Matches(msg, p.keys.Reverse):
		p.sorts[p.chosen.section].reverse = !p.sorts[p.chosen.section].reverse
	default:
		p.move(msg)
	}
}

func (p *Candidates) move(msg tea.KeyMsg) {
	if at, ok := p.keys.move(msg, p.cursor, p.total(), p.listHeight()); ok {
		p.cursor, p.moved = at, true
		p.chosen = p.rowAt(at)
	}
}

// settle puts sorted and filtered tables in order, and the selection back to its row.
func (p *Candidates) settle() {
	for k := range p.orders {
		p.orders[k] = p.order(sectionKind(k))
	}
	if !p.moved {
		p.chosen = p.inUse()
	}
	if at, ok := p.place(p.chosen); ok {
		p.cursor = at
	}
	p.cursor = max(min(p.cursor, p.total()-1), 0)
	if !p.filter.typing && p.total() > 0 {
		p.chosen = p.rowAt(p.cursor)
	}
	p.keys.Clear.SetEnabled(p.filter.active())
}

// Copy is the selected row as text.
func (p *Candidates) Copy() (what, text string) {
	if p.total() == 0 {
		return "the row", ""
	}
	row := p.rowAt(p.cursor)
	switch c := p.Call; row.section {
	case sectionServers:
		s := c.Servers[row.index]
		return "the server", s.URL + ": " + words.Server(s.Server)
	case sectionLocal:
		return "the candidate", candidateText(c.Local[row.index].Candidate)
	case sectionRemote:
		return "the candidate", candidateText(c.Remote[row.index].Candidate)
	case sectionPairs:
		return "the pair", p.pairText(c.Pairs[row.index])
	case sectionCount:
	}
	return "the row", ""
}

// section is a kind of row: how many are shown, its table's columns, and how one of its rows looks.
type section struct {
	kind    sectionKind
	title   string
	count   int
	columns []draw.Column
	row     func(i int) []draw.Cell
	empty   string // what is said when there are none
}

func (p *Candidates) sections() []section {
	out := make([]section, 0, sectionCount)
	for k := range sectionCount {
		out = append(out, p.section(k))
	}
	return out
}

// section is one table with its rows in the order in which they are shown.
func (p *Candidates) section(k sectionKind) section {
	s := p.unsorted(k)
	if p.arranged(k) {
		order, row := p.orders[k], s.row
		if s.count > 0 {
			s.empty = "no row passes the filter: esc shows all"
		}
		s.count = len(order)
		s.row = func(i int) []draw.Cell { return row(order[i]) }
	}
	if at := p.sorts[k]; at.column > 0 {
		s.columns = slices.Clone(s.columns)
		arrow := p.Theme.Glyphs.Receiving
		if at.reverse {
			arrow = p.Theme.Glyphs.Sending
		}
		c := &s.columns[at.column-1]
		c.Title += " " + arrow
	}
	return s
}

// unsorted is one table with all its rows as they came.
func (p *Candidates) unsorted(k sectionKind) section {
	c := p.Call
	switch k {
	case sectionServers:
		return section{k, "Servers", len(c.Servers), serverColumns,
			func(i int) []draw.Cell { return p.serverRow(c.Servers[i]) }, p.noServers()}
	case sectionLocal:
		return section{k, "Local", len(c.Local), p.candidateColumns("Local"),
			func(i int) []draw.Cell { return p.candidateRow(c.Local[i]) }, "none yet"}
	case sectionRemote:
		return section{k, "Remote", len(c.Remote), p.candidateColumns("Remote"),
			func(i int) []draw.Cell { return p.candidateRow(c.Remote[i]) }, "none yet"}
	case sectionPairs, sectionCount:
	}
	return section{k, "Pairs", len(c.Pairs), pairColumns, func(i int) []draw.Cell { return p.pairRow(c.Pairs[i]) },
		"none yet"}
}

func (p *Candidates) noServers() string {
	if len(p.Call.Start.ICEServers) == 0 {
		return "none configured: --ice stun:HOST adds one"
	}
	return "asking"
}

// listHeight is what filter and explanation leave.
func (p *Candidates) listHeight() int {
	height := p.height
	if n := explainRows(p.height); n > 0 {
		height -= n + 1
	}
	if p.filtering() {
		height--
	}
	return max(height, 0)
}

func (p *Candidates) filtering() bool { return p.filter.typing || p.filter.active() }

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
	lines = append(lines, make([]string, max(height-len(lines), 0))...)
	if p.filtering() {
		count := ""
		if p.filter.active() {
			count = draw.Count(uint64(p.total())) + " of " + draw.Plural(p.rows(), "row", "rows")
		}
		lines = append(lines, p.filter.line(p.Theme, p.width, count))
	}
	lines = append(lines, explanation(p.Theme, p.explain(), p.width, explainRows(p.height))...)
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

// explain puts the selected row into words.
func (p *Candidates) explain() string {
	if p.total() == 0 {
		return "A candidate is an address at which a party may be reached. Every local one is tried with every remote one; a pair that answers can carry the call."
	}
	row := p.rowAt(p.cursor)
	switch c := p.Call; row.section {
	case sectionServers:
		return words.ExplainServer(c.Servers[row.index].Server)
	case sectionLocal:
		return explainLocal(c.Local[row.index].Candidate, c.Servers)
	case sectionRemote:
		return explainRemote(c.Remote[row.index].Candidate)
	case sectionPairs, sectionCount:
	}
	pair := p.Call.Pairs[row.index]
	return p.explainPair(pair, p.Call.Selected != nil && p.Call.Selected.PairID == pair.ID)
}
