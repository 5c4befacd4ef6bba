package pane

import (
	"strings"

	"dialtone/tui/draw"
)

const (
	twoColumns = 160 // the width from which panes use a second column
	airy       = 24  // the height from which empty lines divide the sections of a pane
)

// size is the space of a pane; panes embed it.
type size struct{ width, height int }

// SetSize keeps the space.
func (s *size) SetSize(width, height int) { s.width, s.height = max(width, 1), max(height, 1) }

// gap is how many empty lines divide sections.
func (s *size) gap() int {
	if s.height >= airy {
		return 1
	}
	return 0
}

// clamped is the pane's lines as View returns them.
func (s *size) clamped(lines []string) string {
	return strings.Join(draw.Clamp(lines, s.width, s.height), "\n")
}

// textRows is how many rows the text about a selected row has, without the rule above it.
func (s *size) textRows() int {
	switch {
	case s.height < 8:
		return 0
	case s.height < 16:
		return 2
	case s.height < airy:
		return 3
	}
	return 4
}

// listRows is what the text, and a line above it, leave to a list.
func (s *size) listRows(line bool) int {
	rows := s.height
	if n := s.textRows(); n > 0 {
		rows -= n + 1
	}
	if line {
		rows--
	}
	return max(rows, 0)
}

// explained is a list with the text about its selected row below it. A line that is not empty stands between them.
func (s *size) explained(th *draw.Theme, list []string, line, text string) string {
	rows := s.listRows(line != "")
	list = append(list[:min(len(list), rows)], make([]string, max(rows-len(list), 0))...)
	if line != "" {
		list = append(list, line)
	}
	if n := s.textRows(); n > 0 {
		list = append(list, " "+th.Dim.On(strings.Repeat(th.Glyphs.Rule, max(s.width-1, 0))))
		lines := draw.Wrap(text, min(s.width-2, 120))
		for _, l := range lines[:min(len(lines), n)] {
			list = append(list, draw.Row(s.width, 1, th.Plain, l))
		}
	}
	return s.clamped(list)
}

// join puts blocks below each other with gap empty lines between those that have lines.
func join(gap int, blocks ...[]string) []string {
	var out []string
	for _, b := range blocks {
		if len(b) == 0 {
			continue
		}
		if len(out) > 0 {
			out = append(out, make([]string, gap)...)
		}
		out = append(out, b...)
	}
	return out
}

// heading is the title of a section, with the first of the notes that fits at the right edge.
func heading(th *draw.Theme, width int, title string, notes ...string) string {
	return noted(th, draw.NewLine(width).Gap(1).Add(th.Strong, title), notes...)
}

// noted puts the first of the notes that fits at the right edge of a line.
func noted(th *draw.Theme, l *draw.Line, notes ...string) string {
	for _, n := range notes {
		if before := l.Width(); l.Note(th.Dim, n).Width() > before {
			break
		}
	}
	return l.String()
}
