package pane

import (
	"cmp"
	"math"
	"net/netip"
	"slices"
	"strings"

	"dialtone/diag/words"
	"dialtone/tui/draw"
)

// section is one table in a list of tables.
type section struct {
	title   string
	columns []draw.Column
	count   int
	row     func(i int) []draw.Cell
	below   func(i, width int) []string // lines below a row that belong to it; nil: none
	empty   string                      // what stands there instead of rows
	lines   []string                    // fixed lines instead of a table
}

// list is tables below each other, or in two columns where there is room. One cursor runs through the rows of all of
// them, and each column scrolls so that the selected row is visible.
type list struct {
	cursor  int
	windows [2]window
}

// view draws the sections in height rows.
func (l *list) view(th *draw.Theme, left, right []section, width, height int) []string {
	if width < twoColumns {
		return l.column(th, 0, slices.Concat(left, right), 0, width, height)
	}
	at, first := width/2, 0
	for _, s := range left {
		first += s.count
	}
	return draw.Beside(l.column(th, 0, left, 0, at-3, height), l.column(th, 1, right, first, width-at-1, height), at)
}

// column draws sections below each other; first is the number of rows before them. Where they have no room, its last
// line says how many lines are hidden.
func (l *list) column(th *draw.Theme, which int, sections []section, first, width, height int) []string {
	hides := heightOf(sections, width) > height && height >= leastHiding
	if hides {
		height--
	}
	w := &l.windows[which]
	w.rows = height
	heights, total := make([]int, len(sections)), -1
	var wanted []int // the lines that should be visible, the most important one last
	at := first
	for i, s := range sections {
		heights[i] = s.height(width)
		start := total + 1 // behind an empty line
		total = start + heights[i]
		if row := l.cursor - at; row >= 0 && row < s.count {
			from, to := s.span(row, width)
			wanted = []int{start + to - 1, start + from}
			switch row + at {
			case first: // above the first row of all stands nothing that could not be reached otherwise
				wanted = append([]int{0}, wanted...)
			case at: // a section's first row shows the title too
				wanted = append([]int{start}, wanted...)
			}
		}
		at += s.count
	}
	for _, line := range wanted {
		w.show(line, total)
	}
	from, to := w.visible(total)
	var out []string
	start := 0
	for i, s := range sections {
		if i > 0 {
			if start-1 >= from && start-1 < to {
				out = append(out, "")
			}
		}
		out = append(out, s.draw(th, l.cursor-first, width, max(from-start, 0), min(to-start, heights[i]))...)
		start += heights[i] + 1
		first += s.count
	}
	if hides {
		out = append(out, draw.Row(width, 3, th.Dim, hidden(from, total-to)))
	}
	return out
}

// leastHiding is the height of a column that has a line for what it hides.
const leastHiding = 6

// hidden says how many lines are out of sight.
func hidden(above, below int) string {
	var out []string
	if above > 0 {
		out = append(out, words.Count(above, "line above", "lines above"))
	}
	if below > 0 {
		out = append(out, words.Count(below, "line below", "lines below"))
	}
	return strings.Join(out, ", ")
}

// heightOf is how many lines sections take below each other, with an empty line between them.
func heightOf(sections []section, width int) int {
	total := len(sections) - 1
	for _, s := range sections {
		total += s.height(width)
	}
	return total
}

// height is how many lines the section takes.
func (s section) height(width int) int {
	if len(s.lines) > 0 {
		return len(s.lines)
	}
	_, end := s.span(s.count-1, width)
	return max(end, 2)
}

// span is the lines of a row, from and up to but without to.
func (s section) span(row, width int) (from, to int) {
	if s.below == nil {
		return row + 1, row + 2
	}
	to = 1
	for i := range row + 1 {
		from, to = to, to+1+len(s.below(i, width))
	}
	return from, to
}

// draw makes the lines from–to of the section, its title being line 0. Of a table whose rows take a line each, only
// those are made.
func (s section) draw(th *draw.Theme, cursor, width, from, to int) []string {
	if from >= to {
		return nil
	}
	all := s.lines
	switch {
	case len(s.lines) > 0:
	case s.count == 0:
		all = []string{heading(th, width, s.title), draw.Row(width, 3, th.Dim, s.empty)}
	case s.below == nil:
		lines := s.table(th, cursor, width, max(from-1, 0), to-1)
		return lines[min(from, 1):]
	default:
		for i, line := range s.table(th, cursor, width, 0, s.count) {
			if all = append(all, line); i > 0 {
				all = append(all, s.below(i-1, width)...)
			}
		}
	}
	return all[from:to]
}

// table draws the rows from–to below the titles.
func (s section) table(th *draw.Theme, cursor, width, from, to int) []string {
	t := draw.Table{Indent: 3, Columns: s.columns, Cursor: cursor - from}
	for i := from; i < to; i++ {
		t.Rows = append(t.Rows, s.row(i))
	}
	return t.Lines(th, width)
}

// columns are the columns of a table of Ts: how one of them looks in each, and how rows are sorted by it.
type columns[T any] []column[T]

type column[T any] struct {
	draw.Column
	cell func(T) draw.Cell
	key  func(T) sortKey // nil if the table cannot be sorted
}

// add appends a column.
func (c *columns[T]) add(layout draw.Column, cell func(T) draw.Cell) {
	*c = append(*c, column[T]{Column: layout, cell: cell})
}

// text appends a column of texts.
func (c *columns[T]) text(layout draw.Column, paint draw.Paint, text func(T) string) {
	c.add(layout, func(row T) draw.Cell { return draw.Cell{Text: text(row), Paint: paint} })
}

// number appends a column of numbers. It is left out when space is short: the higher keep, the sooner; 0 stays.
func (c *columns[T]) number(title string, least, keep int, cell func(T) draw.Cell) {
	c.add(draw.Column{Title: title, Right: true, Min: least, Keep: keep}, cell)
}

// titles are the columns without their contents.
func (c columns[T]) titles() []draw.Column {
	out := make([]draw.Column, len(c))
	for i := range c {
		out[i] = c[i].Column
	}
	return out
}

// cells is one row.
func (c columns[T]) cells(row T) []draw.Cell {
	out := make([]draw.Cell, len(c))
	for i := range c {
		out[i] = c[i].cell(row)
	}
	return out
}

// table is the rows in these columns; the cursor is negative for none.
func (c columns[T]) table(rows []T, cursor int) draw.Table {
	t := draw.Table{Indent: 3, Cursor: cursor, Columns: c.titles()}
	for _, r := range rows {
		t.Rows = append(t.Rows, c.cells(r))
	}
	return t
}

// sorting is how a table is sorted: by a column, from 1; 0 is as the rows came.
type sorting struct {
	column  int
	reverse bool
}

func (s *sorting) next(columns int) { *s = sorting{column: (s.column + 1) % (columns + 1)} }

// sortKey is what rows are compared by: a number, then a text.
type sortKey struct {
	number float64
	text   string
}

func (k sortKey) compare(other sortKey) int {
	return cmp.Or(cmp.Compare(k.number, other.number), strings.Compare(k.text, other.text))
}

// unmeasured comes last.
var unmeasured = sortKey{number: math.Inf(1)}

// byText sorts by a text.
func byText(s string) sortKey { return sortKey{text: s} }

// byAddress sorts addresses by their numbers: IPv4, IPv6, then names; none comes last.
func byAddress(host string, port uint16) sortKey {
	suffix := string([]byte{byte(port >> 8), byte(port)})
	a, err := netip.ParseAddr(host)
	switch {
	case host == "":
		return unmeasured
	case err != nil:
		return sortKey{6, host + suffix}
	case a.Is4():
		return sortKey{4, string(a.AsSlice()) + suffix}
	}
	return sortKey{5, string(a.AsSlice()) + suffix}
}
