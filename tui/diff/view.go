package diff

import (
	"cmp"
	"fmt"
	"slices"

	"dialtone/diag/words"
	"dialtone/diag/words/compare"
	"dialtone/tui/draw"
)

const (
	indent     = 1
	marked     = 3   // columns before a name: the indent and the mark
	gap        = 2   // between columns
	absent     = "–" // in place of a value that a call does not have
	changed    = 8   // columns of a change
	changeFrom = 90  // the width from which changes are shown
	twoFrom    = 160 // the width from which there are two columns of sections
	narrow     = 60  // the width below which names have lines of their own
	roomy      = 28  // the height from which empty lines divide the screen
)

// mark is the glyph of a sameness and its paint, and says in a word what it means.
func mark(th *draw.Theme, s compare.Sameness) (glyph string, p draw.Paint, means string) {
	switch s {
	case compare.Near:
		return th.Glyphs.Near, th.Plain, "within a tenth"
	case compare.Differs:
		return th.Glyphs.Differs, th.Warn, "differs"
	case compare.OnlyFirst:
		return th.Glyphs.OnlyFirst, th.Accent, "only the first"
	case compare.OnlySecond:
		return th.Glyphs.OnlySecond, th.Accent, "only the second"
	case compare.Same:
	}
	return " ", th.Dim, "the same"
}

// Draw implements [live.Content].
func (b *Beside) Draw(th *draw.Theme, width, height int) []string {
	title := draw.NewLine(width).Gap(indent).Add(th.Accent, "dialtone").Gap(gap).Add(th.Strong, "diff").
		Note(th.Plain, b.summary())
	lines := []string{title.String()}
	if height >= roomy {
		lines = append(lines, "")
	}
	if b.help {
		return append(lines, helpLines(th, width)...)
	}
	columns := 1
	if width >= twoFrom {
		columns = 2
	}
	each := width / columns
	head := columnsOf(each-columns+1).line(th, "", th.Strong, draw.NewLine(each).To(marked), b.names, "")
	lines = append(lines, head[0])
	if columns == 2 {
		lines[len(lines)-1] = draw.Beside(head[:1], head[:1], each)[0]
	}
	blocks := b.blocks(th, each-columns+1, height >= roomy)
	body := slices.Concat(blocks...)
	if columns == 2 {
		left := half(blocks)
		body = draw.Beside(slices.Concat(blocks[:left]...), slices.Concat(blocks[left:]...), each)
	}
	b.page, b.total = max(height-len(lines), 0), len(body)
	b.clamp()
	return append(lines, body[b.top:min(b.top+b.page, len(body))]...)
}

// summary counts what differs.
func (b *Beside) summary() string {
	n := 0
	for _, s := range b.calls.Sections {
		for _, r := range s.Rows {
			if r.Sameness() > compare.Near {
				n++
			}
		}
	}
	one := 0
	for _, f := range b.calls.Findings {
		if f.Sameness() != compare.Same {
			one++
		}
	}
	return words.Count(n, "value differs", "values differ") + ", " +
		words.Count(one, "finding", "findings") + " in only one call"
}

// blocks are the lines of each section that has any: the result, the findings, the rest.
func (b *Beside) blocks(th *draw.Theme, width int, spaced bool) [][]string {
	var out [][]string
	c := columnsOf(width)
	add := func(title string, rows []string) {
		if len(rows) == 0 {
			return
		}
		block := append([]string{draw.Row(width, indent, th.Strong, words.Capital(title))}, rows...)
		if spaced {
			block = append(block, "")
		}
		out = append(out, block)
	}
	for i, s := range b.calls.Sections {
		var rows []string
		for _, r := range s.Rows {
			rows = append(rows, b.row(th, c, r, r.Sameness())...)
		}
		if add(s.Title, rows); i > 0 {
			continue
		}
		var found []string
		for _, f := range b.calls.Findings {
			found = append(found, b.row(th, c, f.Row(), f.Sameness())...)
		}
		add("findings", found)
	}
	if len(out) == 0 {
		out = [][]string{{draw.Row(width, indent, th.Plain, "Nothing differs. Press a to see what is the same.")}}
	}
	return out
}

// row is a row of a section; no line if it is left out.
func (b *Beside) row(th *draw.Theme, c columns, r compare.Row, s compare.Sameness) []string {
	if s == compare.Same && !b.all || r.Values[0].Text == "" && r.Values[1].Text == "" {
		return nil
	}
	glyph, paint, _ := mark(th, s)
	values := [2]string{r.Values[0].Text, r.Values[1].Text}
	for i := range values {
		values[i] = cmp.Or(values[i], absent)
	}
	text := th.Plain
	if s == compare.Same {
		text = th.Dim
	}
	line := draw.NewLine(c.width).Gap(indent).Add(paint, glyph).To(marked)
	return c.line(th, r.Name, text, line, values, r.Change())
}

// columns are where the columns of a row are; without room for names, these have lines of their own.
type columns struct{ width, name, value, change int }

func columnsOf(width int) columns {
	c := columns{width: width}
	if width >= narrow {
		c.name = max(min(width/5, 24), 10)
	}
	if width >= changeFrom {
		c.change = changed + gap
	}
	c.value = max((width-c.at(0)-gap-c.change-indent)/2, 1)
	return c
}

// at is where a value begins.
func (c columns) at(i int) int {
	at := marked + i*(c.value+gap)
	if c.name > 0 {
		at += c.name + gap
	}
	return at
}

// line is a row, as many lines as its longest cell needs; first is its beginning.
func (c columns) line(th *draw.Theme, name string, p draw.Paint, first *draw.Line, values [2]string,
	change string,
) []string {
	var out []string
	cells := [3][]string{draw.Wrap(name, c.name), draw.Wrap(values[0], c.value), draw.Wrap(values[1], c.value)}
	if c.name == 0 && name != "" {
		out = append(out, first.Add(th.Dim, name).String())
		first = draw.NewLine(c.width)
	}
	for i := range max(len(cells[0]), len(cells[1]), len(cells[2]), 1) {
		l := first
		if i > 0 {
			l = draw.NewLine(c.width)
		}
		for j, at := range []int{marked, c.at(0), c.at(1)} {
			if i < len(cells[j]) {
				paint := p
				if j == 0 || cells[j][0] == absent {
					paint = th.Dim
				}
				l.To(at).Add(paint, cells[j][i])
			}
		}
		if i == 0 && c.change > 0 && change != "" {
			l.To(c.width-indent-draw.Width(change)).Add(th.Dim, change)
		}
		out = append(out, l.String())
	}
	return out
}

// half is how many of the blocks stand at the left, so that both sides are about as long.
func half(blocks [][]string) int {
	total, sum := len(slices.Concat(blocks...)), 0
	for i, block := range blocks {
		if sum += len(block); 2*sum >= total {
			return i + 1
		}
	}
	return len(blocks)
}

// helpLines are the keys and the marks.
func helpLines(th *draw.Theme, width int) []string {
	lines := []string{draw.Row(width, indent, th.Strong, "Keys")}
	for _, k := range keys {
		lines = append(lines, draw.NewLine(width).Gap(3).Add(th.Accent, k.shown).To(16).Add(th.Plain, k.help).String())
	}
	lines = append(lines, draw.NewLine(width).Gap(3).Add(th.Accent, "q ctrl+c").To(16).Add(th.Plain, "quit").String(), "",
		draw.Row(width, indent, th.Strong, "Marks"))
	for s := range compare.OnlySecond + 1 {
		glyph, paint, means := mark(th, s)
		lines = append(lines, draw.NewLine(width).Gap(3).Add(paint, glyph).To(16).Add(th.Plain, means).String())
	}
	return lines
}

// Foot implements [live.Content]: what the marks mean, and the keys.
func (b *Beside) Foot(th *draw.Theme, width int, _ bool) []string {
	legend := draw.NewLine(width).Gap(indent)
	if b.remark != "" {
		legend.Add(th.Warn, th.Glyphs.Warn+" "+b.remark)
	} else {
		for s := compare.Near; s <= compare.OnlySecond; s++ {
			glyph, paint, means := mark(th, s)
			piece := draw.NewLine(width).Add(paint, glyph).Add(th.Dim, " "+means+"   ")
			legend.Append(piece)
		}
	}
	where := ""
	if b.total > b.page && !b.help {
		where = fmt.Sprintf("lines %d–%d of %d", b.top+1, min(b.top+b.page, b.total), b.total)
	}
	all := "show what is the same"
	if b.all {
		all = "show only what differs"
	}
	l := draw.NewLine(width).Gap(indent)
	for i, k := range [][2]string{{"a", all}, {"↑/↓", "move"}, {"pgup/dn", "page"}, {"?", "keys"}, {"q", "quit"}} {
		piece := draw.NewLine(width)
		if i > 0 {
			piece.Add(th.Dim, " "+th.Glyphs.Dot+" ")
		}
		l.Append(piece.Add(th.Accent, k[0]).Add(th.Dim, " "+k[1]))
	}
	l.Note(th.Dim, where)
	return []string{legend.String(), l.String()}
}
