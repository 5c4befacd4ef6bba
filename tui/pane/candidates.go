package pane

import (
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"dialtone/diag"
	"dialtone/diag/words"
	"dialtone/diag/words/explain"
	"dialtone/tui/draw"
)

// Candidates shows what ICE has to work with: servers, candidates of both peers, and the pairs made of them. One row is
// selected and explained; each table can be sorted, and all be filtered.
type Candidates struct {
	size
	*Scene
	keys   candidateKeys
	filter filter
	list   list
	sorts  [tableCount]sorting
	orders [tableCount][]int // the rows that are shown of a table, in their order
	chosen rowID             // the selected row, which stays selected when others come or go
	moved  bool              // a row was selected; until then the pair in use is
}

type candidateKeys struct {
	scrollKeys
	Sort, Reverse, Clear key.Binding
}

// The tables, in the order of the screen.
const (
	tableServers = iota
	tableLocal
	tableRemote
	tablePairs
	tableCount
)

// rowID is a row by its place in the call, which stays the same however the table is sorted.
type rowID struct{ table, index int }

// table is one kind of rows, as they came.
type table struct {
	section
	key func(i, column int) sortKey
}

func tableOf[T any](title, empty string, rows []T, in columns[T]) table {
	return table{
		section{
			title: title, columns: in.titles(), count: len(rows), empty: empty,
			row: func(i int) []draw.Cell { return in.cells(rows[i]) },
		},
		func(i, column int) sortKey { return in[column].key(rows[i]) },
	}
}

// NewCandidates makes the pane.
func NewCandidates(s *Scene) Pane {
	keys := candidateKeys{newScrollKeys(), bind("sort", "s"), bind("reverse", "S"), bind("show all", "esc")}
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
	sorted := &p.sorts[p.chosen.table]
	switch {
	case p.filter.typing && p.filter.take(msg):
	case p.filter.typing:
		p.move(msg)
	case key.Matches(msg, p.filter.keys.Open):
		p.filter.open()
	case key.Matches(msg, p.keys.Clear):
		p.filter.clear()
	case key.Matches(msg, p.keys.Sort):
		sorted.next(len(p.tables()[p.chosen.table].columns))
	case key.Matches(msg, p.keys.Reverse):
		sorted.reverse = !sorted.reverse
	default:
		p.move(msg)
	}
}

func (p *Candidates) move(msg tea.KeyMsg) {
	if at, ok := p.keys.move(msg, p.list.cursor, p.total(), p.listRows(p.filtering())); ok {
		p.list.cursor, p.moved = at, true
		p.chosen = p.rowAt(at)
	}
}

// settle puts the tables in order, and the selection back to its row.
func (p *Candidates) settle() {
	for k, t := range p.tables() {
		p.orders[k] = p.order(t, p.sorts[k])
	}
	if !p.moved {
		p.chosen = p.inUse()
	}
	if at, ok := p.place(p.chosen); ok {
		p.list.cursor = at
	}
	p.list.cursor = max(min(p.list.cursor, p.total()-1), 0)
	if !p.filter.typing && p.total() > 0 {
		p.chosen = p.rowAt(p.list.cursor)
	}
	p.keys.Clear.SetEnabled(p.filter.active())
}

// order is the places of the rows that a table shows.
func (p *Candidates) order(t table, s sorting) []int {
	out := make([]int, 0, t.count)
	for i := range t.count {
		if !p.filter.active() || p.filter.keeps(t.text(i)) {
			out = append(out, i)
		}
	}
	if s.column > 0 {
		keys := make([]sortKey, t.count)
		for _, i := range out {
			keys[i] = t.key(i, s.column-1)
		}
		slices.SortStableFunc(out, func(a, b int) int {
			if s.reverse {
				a, b = b, a
			}
			return keys[a].compare(keys[b])
		})
	} else if s.reverse {
		slices.Reverse(out)
	}
	return out
}

// text is what a filter looks at: the title of the table and all cells, also those for which there is no room.
func (t table) text(i int) string {
	parts := []string{t.title}
	for _, c := range t.row(i) {
		parts = append(parts, c.Text)
	}
	return lower(strings.Join(parts, " "))
}

// total is how many rows are shown.
func (p *Candidates) total() int {
	n := 0
	for _, order := range p.orders {
		n += len(order)
	}
	return n
}

// rowAt is the row at a place of the cursor; the first of all for a place beyond the end.
func (p *Candidates) rowAt(at int) rowID {
	for k, order := range p.orders {
		if at < len(order) {
			return rowID{k, order[at]}
		}
		at -= len(order)
	}
	return rowID{}
}

// place is where the cursor stands at a row; false when it is not shown.
func (p *Candidates) place(row rowID) (at int, ok bool) {
	for _, order := range p.orders[:row.table] {
		at += len(order)
	}
	i := slices.Index(p.orders[row.table], row.index)
	return at + i, i >= 0
}

// inUse is the row of the pair that carries the call; the first row while there is none.
func (p *Candidates) inUse() rowID {
	if i := slices.IndexFunc(p.Call.Pairs, p.selected); i >= 0 {
		return rowID{tablePairs, i}
	}
	return p.rowAt(0)
}

func (p *Candidates) selected(pair diag.Pair) bool {
	return p.Call.Selected != nil && p.Call.Selected.PairID == pair.ID
}

// Copy is the selected row as text.
func (p *Candidates) Copy() (what, text string) {
	if p.total() == 0 {
		return "the row", ""
	}
	row := p.rowAt(p.list.cursor)
	switch c := p.Call; row.table {
	case tableServers:
		s := c.Servers[row.index]
		return "the server", s.URL + ": " + words.CallServer(s)
	case tableLocal:
		return "the candidate", words.Candidate(c.Local[row.index].Candidate)
	case tableRemote:
		return "the candidate", words.Candidate(c.Remote[row.index].Candidate)
	}
	pair := p.Call.Pairs[row.index]
	return "the pair", words.Pair(pair, p.local(pair), p.remote(pair))
}

// sections are the tables as they are shown: sorted and filtered.
func (p *Candidates) sections() (left, right []section) {
	var all []section
	for k, t := range p.tables() {
		s, order := t.section, p.orders[k]
		s.count, s.row = len(order), func(i int) []draw.Cell { return t.row(order[i]) }
		if t.count > 0 {
			s.empty = "no row matches the filter: esc shows all"
		}
		if at := p.sorts[k]; at.column > 0 {
			arrow := p.Theme.Glyphs.Receiving
			if at.reverse {
				arrow = p.Theme.Glyphs.Sending
			}
			s.columns[at.column-1].Title += " " + arrow
		}
		all = append(all, s)
	}
	return all[:tablePairs], all[tablePairs:]
}

func (p *Candidates) filtering() bool { return p.filter.typing || p.filter.active() }

// View draws the tables in one column, or servers and candidates beside the pairs, and the explanation below.
func (p *Candidates) View() string {
	line := ""
	if p.filtering() {
		count := ""
		if c := p.Call; p.filter.active() {
			count = words.Number(uint64(p.total())) + " of " +
				words.Count(len(c.Servers)+len(c.Local)+len(c.Remote)+len(c.Pairs), "row", "rows")
		}
		line = p.filter.line(p.Theme, p.width, count)
	}
	left, right := p.sections()
	rows := p.list.view(p.Theme, left, right, p.width, p.listRows(line != ""))
	return p.explained(p.Theme, rows, line, p.explain())
}

// explain is the text about the selected row.
func (p *Candidates) explain() string {
	if p.total() == 0 {
		return explain.Candidates
	}
	row := p.rowAt(p.list.cursor)
	switch c := p.Call; row.table {
	case tableServers:
		return words.ExplainServer(c.Servers[row.index].Server)
	case tableLocal:
		return explain.Local(c.Local[row.index].Candidate)
	case tableRemote:
		return explain.Remote(c.Remote[row.index].Candidate)
	}
	pair := p.latest(p.Call.Pairs[row.index])
	return explain.Pair(pair, p.selected(pair), p.local(pair), p.remote(pair))
}
