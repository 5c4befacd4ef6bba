package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

const (
	textWidth = 100 // columns at most
	textRows  = 20  // of a long table
	barWidth  = 40  // of a waterfall
	nameWidth = 28  // of a phase
	cellWidth = 4   // at least
)

// WriteText writes the report for a person who reads it in a log of at least 100 columns: the verdict first, then its
// evidence. It holds no escape sequences.
func WriteText(w io.Writer, r *Report) error {
	t := &textWriter{}
	if len(r.Checks) > 0 {
		t.verdict(r)
		for i := range r.Checks {
			t.line("")
			t.check(&r.Checks[i])
		}
	} else {
		t.check(r)
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

type textWriter struct{ b strings.Builder }

// line writes a line as it is; its parts are known to be short.
func (t *textWriter) line(format string, args ...any) {
	t.b.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
}

// para writes text after a prefix, wrapped, with what follows the first line under the beginning of the text.
func (t *textWriter) para(prefix, text string) {
	for _, l := range wrap(clean(text), textWidth-ansi.StringWidth(prefix)) {
		t.line("%s%s", prefix, l)
		prefix = strings.Repeat(" ", ansi.StringWidth(prefix))
	}
}

func (t *textWriter) verdict(r *Report) {
	t.para("", fmt.Sprintf("%s %s: %s (exit %s)", verdictCell(r.Verdict).Text, r.name(), clean(r.Headline), r.exit()))
}

func (t *textWriter) check(r *Report) {
	t.verdict(r)
	for _, why := range r.Why {
		t.para("   why: ", why)
	}
	for _, next := range r.Next {
		t.para("  next: ", next)
	}
	t.line("")
	for _, f := range r.facts() {
		t.para(fmt.Sprintf("  %-18s ", f.Key+":"), f.Value)
	}
	t.findings(r.Findings)
	for _, s := range r.sections() {
		if !s.Detail {
			t.section(s)
		}
	}
}

func (t *textWriter) findings(list []Finding) {
	if len(list) > 0 {
		t.line("\nFindings")
	}
	for _, f := range list {
		for i, l := range f.lines() {
			prefix := map[bool]string{true: "  ", false: "      "}[i == 0]
			if l.Key != "" {
				prefix += l.Key + ": "
			}
			t.para(prefix, l.Value)
		}
	}
}

func (t *textWriter) section(s section) {
	if len(s.Steps) > 0 {
		t.line("\n%s", s.Title)
		t.waterfall(s.Steps)
		return
	}
	var lines [][]string // the header, then the rows that are shown
	header := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		header[i] = c.Title
	}
	lines = append(lines, header)
	for _, r := range s.Rows {
		if r.Minor {
			continue
		}
		line := make([]string, len(r.Cells))
		for i, c := range r.Cells {
			line[i] = c.Text
			if c.Mark == bad {
				line[i] = strings.ToUpper(c.Text) // for want of a color
			}
		}
		lines = append(lines, line)
	}
	if len(lines) == 1 || len(s.Rows) == 0 {
		return
	}
	more := 0
	if s.Long {
		more = len(lines) - 1 - textRows
		lines = lines[:min(len(lines), textRows+1)]
	}
	t.line("\n%s", s.Title)
	t.table(s.Columns, lines)
	if more > 0 {
		t.line("  and %d more", more)
	}
}

// table writes cells in columns, wrapped if the line were too long.
func (t *textWriter) table(list []column, lines [][]string) {
	widths := make([]int, len(list))
	for i, c := range list {
		for _, l := range lines {
			if !c.Minor {
				widths[i] = max(widths[i], ansi.StringWidth(l[i]))
			}
		}
	}
	fit(widths, textWidth-2)
	for _, l := range lines {
		tall, wrapped := 1, make([][]string, len(l))
		for i, text := range l {
			if widths[i] > 0 {
				wrapped[i] = wrap(text, widths[i])
				tall = max(tall, len(wrapped[i]))
			}
		}
		for n := range tall {
			line := ""
			for i, parts := range wrapped {
				part := ""
				if n < len(parts) {
					part = parts[n]
				}
				if widths[i] > 0 {
					line += "  " + pad(part, widths[i], list[i].Number)
				}
			}
			if strings.TrimSpace(line) != "" {
				t.line("%s", line)
			}
		}
	}
}

// fit narrows the widest columns until a line with two blanks before each fits; an empty column has no width.
func fit(widths []int, room int) {
	for {
		sum, widest := 0, 0
		for i, w := range widths {
			if w > 0 {
				sum += w + 2
			}
			if w > widths[widest] {
				widest = i
			}
		}
		if sum <= room || widths[widest] <= cellWidth {
			return
		}
		widths[widest]--
	}
}

// waterfall draws the phases on one scale.
func (t *textWriter) waterfall(steps []step) {
	for _, s := range steps {
		from := min(int(s.From*barWidth), barWidth-1)
		to := min(max(int(s.To*barWidth), from+1), barWidth)
		fill := "█"
		if s.Mark() != good {
			fill = "░"
		}
		bar := strings.Repeat(" ", from) + strings.Repeat(fill, to-from) + strings.Repeat(" ", barWidth-to)
		t.line("  %s |%s| %10s %s", pad(ansi.Truncate(s.Title, nameWidth, "…"), nameWidth, false), bar, s.Took(),
			ansi.Truncate(s.Note(), 12, "…"))
	}
}

// pad makes text n columns wide.
func pad(s string, n int, right bool) string {
	blanks := strings.Repeat(" ", max(0, n-ansi.StringWidth(s)))
	if right {
		return blanks + s
	}
	return s + blanks
}

// wrap breaks text at blanks into lines of at most n columns; words that are longer are broken too. There is always one
// line.
func wrap(s string, n int) []string {
	lines := []string{""}
	for _, word := range strings.Fields(s) {
		last := len(lines) - 1
		if lines[last] != "" && ansi.StringWidth(lines[last])+1+ansi.StringWidth(word) <= n {
			lines[last] += " " + word
			continue
		}
		if lines[last] == "" {
			lines = lines[:last]
		}
		lines = append(lines, strings.Split(ansi.Hardwrap(word, n, true), "\n")...)
	}
	return lines
}
