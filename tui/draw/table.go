package draw

// Cell is a piece of a table: text in a paint, and a unit that is drawn dim behind it.
type Cell struct {
	Text  string
	Unit  string
	Paint Paint
}

func (c Cell) width() int {
	w := Width(Safe(c.Text))
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
	Max    int  // 0: without limit
	Keep   int  // when the space is short, columns go in the order of their Keep, the highest first; 0 stays
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
		out := 0
		if i == 0 && c.Strong > 0 {
			out = min(headingOut, t.Indent)
		}
		if i == 0 {
			l.Gap(t.Indent - out)
		}
		l.title(c, th, widths[i]+out)
	}
	return l.String()
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
	text := Truncate(Safe(c.Text), width-Width(unit))
	if right {
		l.Gap(width - Width(text) - Width(unit))
	}
	l.Add(c.Paint, text).Add(th.Dim, unit)
	if l.Room() > columnGap {
		l.To(start + width + columnGap)
	}
}

// layout measures the columns and leaves out the least needed until the rest fits.
func (t Table) layout(width int) (widths []int, shown []bool) {
	widths, shown = make([]int, len(t.Columns)), make([]bool, len(t.Columns))
	for i, c := range t.Columns {
		shown[i] = true
		widths[i] = max(Width(c.Title), c.Min)
		for _, row := range t.Rows {
			if i < len(row) {
				widths[i] = max(widths[i], row[i].width())
			}
		}
		if c.Max > 0 {
			widths[i] = min(widths[i], c.Max)
		}
	}
	for t.total(widths, shown) > width {
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
	return widths, shown
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
