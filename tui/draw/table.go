package draw

// Cell is a piece of a table: text in a paint, perhaps after a mark in a paint of its own, and before a unit that is
// drawn dim.
type Cell struct {
	Text  string
	Unit  string
	Paint Paint
	Mark  string // one column
	Level Paint  // of the mark
}

func (c Cell) width() int {
	w := Width(Safe(c.Text))
	if c.Mark != "" {
		w += 2
	}
	if c.Unit != "" {
		w += 1 + Width(c.Unit)
	}
	return w
}

// Column is how one column of a table behaves.
type Column struct {
	Title  string
	Strong int  // how many bytes at the title's beginning are a heading
	Right  bool // numbers: aligned at the right, title too
	Min    int  // keeps the column steady while its values change
	Want   int  // the width that a flexible column has where there is room, beside what its cells need
	Max    int  // 0: without limit
	Flex   bool // gives way down to Min when the space is short
	Keep   int  // when that does not suffice, columns go in the order of their Keep, the highest first; 0 stays
}

// Table is rows of cells below dim titles.
type Table struct {
	Columns []Column
	Rows    [][]Cell
	Cursor  int // the row to mark; none when negative
	Indent  int
}

const (
	columnGap  = 2
	headingOut = 2
)

// Lines draws the table within width. A row that is too long for it is cut.
func (t Table) Lines(th *Theme, width int) []string {
	widths, shown := t.layout(width)
	out := make([]string, 0, len(t.Rows)+1)
	out = append(out, t.head(th, widths, shown, width))
	for r, row := range t.Rows {
		l := NewLine(width)
		if r == t.Cursor && t.Indent >= 2 {
			l.Gap(t.Indent-2).Add(th.Accent, th.Glyphs.Cursor)
		}
		l.To(t.Indent)
		for i, c := range t.Columns {
			if i < len(row) && shown[i] {
				l.cell(row[i], th, widths[i], c.Right)
			}
		}
		out = append(out, l.String())
	}
	return out
}

// head writes the titles. A heading stands out to the left of its column.
func (t Table) head(th *Theme, widths []int, shown []bool, width int) string {
	l := NewLine(width)
	for i, c := range t.Columns {
		if !shown[i] {
			continue
		}
		out := t.headingOut(i)
		if i == 0 {
			l.Gap(t.Indent - out)
		}
		l.title(c, th, widths[i]+out)
	}
	return l.String()
}

// headingOut is how far the title of column i stands out.
func (t Table) headingOut(i int) int {
	if i == 0 && t.Columns[0].Strong > 0 {
		return min(headingOut, t.Indent)
	}
	return 0
}

// title writes a column's title like a cell of it.
func (l *Line) title(c Column, th *Theme, width int) {
	if c.Strong == 0 || c.Right {
		l.cell(Cell{Text: c.Title, Paint: th.Dim}, th, width, c.Right)
		return
	}
	start := l.width
	l.Add(th.Strong, c.Title[:c.Strong])
	l.cell(Cell{Text: c.Title[c.Strong:], Paint: th.Dim}, th, width-(l.width-start), false)
}

// cell writes c into the next width columns and leaves the gap behind it.
func (l *Line) cell(c Cell, th *Theme, width int, right bool) {
	start := l.width
	unit := ""
	if c.Unit != "" {
		unit = " " + c.Unit
	}
	mark := 0
	if c.Mark != "" {
		mark = 2
	}
	text := Truncate(Safe(c.Text), width-mark-Width(unit))
	if right {
		l.Gap(width - mark - Width(text) - Width(unit))
	}
	if c.Mark != "" {
		l.Add(c.Level, c.Mark).Gap(1)
	}
	l.Add(c.Paint, text).Add(th.Dim, unit)
	if l.Room() > columnGap {
		l.To(start + width + columnGap)
	}
}

// layout measures the columns, leaves out the least needed until the rest can fit, and narrows what is flexible.
func (t Table) layout(width int) (widths []int, shown []bool) {
	widths, shown = make([]int, len(t.Columns)), make([]bool, len(t.Columns))
	least := make([]int, len(t.Columns))
	for i, c := range t.Columns {
		widths[i], shown[i] = t.measure(i), true
		least[i] = widths[i]
		if c.Flex {
			least[i] = min(widths[i], max(c.Min, Width(c.Title)-t.headingOut(i)))
		}
	}
	for t.total(least, shown) > width {
		drop := -1
		for i, c := range t.Columns {
			if shown[i] && c.Keep > 0 && (drop < 0 || c.Keep > t.Columns[drop].Keep) {
				drop = i
			}
		}
		if drop < 0 {
			break
		}
		shown[drop] = false
	}
	for over := t.total(widths, shown) - width; over > 0; over-- {
		wide := -1
		for i := range widths {
			if shown[i] && widths[i] > least[i] && (wide < 0 || widths[i] > widths[wide]) {
				wide = i
			}
		}
		if wide < 0 {
			break
		}
		widths[wide]--
	}
	return widths, shown
}

// measure is the width that column i would like.
func (t Table) measure(i int) int {
	c := t.Columns[i]
	width := max(Width(c.Title)-t.headingOut(i), c.Min, c.Want)
	for _, row := range t.Rows {
		if i < len(row) {
			width = max(width, row[i].width())
		}
	}
	if c.Max > 0 {
		width = min(width, c.Max)
	}
	return width
}

func (t Table) total(widths []int, shown []bool) int {
	sum := t.Indent - columnGap
	for i, w := range widths {
		if shown[i] {
			sum += w + columnGap
		}
	}
	return sum
}
