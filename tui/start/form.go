package start

import (
	"strconv"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"dialtone/tui/draw"
	"dialtone/tui/edit"
)

// textLeast is the least width of a text beside its label, in columns; with less it is below the label.
const textLeast = 20

// form is one command with the texts of its fields.
type form struct {
	command Command
	fields  []field
	at      int // the field with the cursor
}

type field struct {
	Field
	line    edit.Line
	on      bool // of a switch
	touched bool // its mistakes are shown
}

func newForm(c Command) *form {
	f := &form{command: c}
	for _, d := range c.Fields {
		f.fields = append(f.fields, field{Field: d, line: edit.Of(d.Value), on: d.Value == "true"})
	}
	return f
}

// fill puts values into the fields of their names.
func (f *form) fill(v Values) {
	for i := range f.fields {
		if text, ok := v[f.fields[i].Name]; ok {
			f.fields[i].line, f.fields[i].on = edit.Of(text), text == "true"
		}
	}
}

func (f *form) values() Values {
	v := Values{}
	for i := range f.fields {
		v[f.fields[i].Name] = f.fields[i].text()
	}
	return v
}

func (f *field) text() string {
	switch f.Kind {
	case Switch:
		return strconv.FormatBool(f.on)
	case Secret:
		return f.line.Text()
	case Text:
	}
	return strings.TrimSpace(f.line.Text())
}

func (f *field) mistake() error {
	if f.Check == nil || f.Kind == Switch {
		return nil
	}
	return f.Check(f.text())
}

// invalid is the first field with a mistake; -1 for none.
func (f *form) invalid() int {
	for i := range f.fields {
		if f.fields[i].mistake() != nil {
			return i
		}
	}
	return -1
}

// mistake is that of the form as a whole, if each field is valid.
func (f *form) mistake() error {
	if f.command.Check == nil || f.invalid() >= 0 {
		return nil
	}
	return f.command.Check(f.values())
}

// edit passes a key to the field with the cursor.
func (f *form) edit(msg tea.KeyMsg, keys KeyMap) {
	if len(f.fields) == 0 {
		return
	}
	at := &f.fields[f.at]
	if at.Kind == Switch {
		if key.Matches(msg, keys.Toggle) {
			at.on = !at.on
		}
		return
	}
	if at.line.Take(msg) {
		at.touched = true
	}
}

// lines draws the form; at and own are the first line and the number of lines of the field with the cursor.
func (f *form) lines(th *draw.Theme, width int, focused bool) (lines []string, at, own int) {
	labels := 0
	for _, d := range f.fields {
		labels = max(labels, draw.Width(d.Label))
	}
	for i := range f.fields {
		active := focused && i == f.at
		block := f.fields[i].lines(th, width, labels, active)
		if i == f.at {
			at, own = len(lines), len(block)
		}
		lines = append(lines, block...)
	}
	if err := f.mistake(); err != nil {
		lines = append(append(lines, ""), th.Marked(draw.Bad, err.Error(), 2, width)...)
	}
	if len(f.fields) == 0 {
		lines = append(lines, draw.NewLine(width).Gap(2).Add(th.Dim, "No settings: press Enter to start.").String())
	}
	return lines, at, own
}

// lines draws one field: its label and text, then its mistake or its hint.
func (f *field) lines(th *draw.Theme, width, labels int, active bool) []string {
	err := f.mistake()
	l := draw.NewLine(width)
	if active {
		l.Add(th.Accent, th.Glyphs.Cursor)
	}
	label := th.Plain
	if active {
		label = th.Strong
	}
	l.To(2).Add(label, f.Label)
	indent := 2 + labels + 2
	var out []string
	if width-indent < textLeast { // the text is below its label
		indent = 2
		out, l = append(out, l.String()), draw.NewLine(width)
	}
	l.To(indent)
	wrong := err != nil && (f.touched || active && f.text() != "")
	mark, paint := th.Mark(draw.Idle)
	switch {
	case wrong:
		mark, paint = th.Mark(draw.Bad)
	case err == nil && (f.Kind == Switch && f.on || f.Kind != Switch && f.text() != ""):
		mark, paint = th.Mark(draw.Good)
	}
	l.Add(paint, mark).Gap(1)
	f.content(l, th, active)
	out = append(out, l.String())
	switch {
	case wrong:
		return append(out, draw.Wrapped(th.Bad, err.Error(), indent+2, width)...)
	case active && f.Hint != "" && (f.text() != "" || f.Kind == Switch):
		return append(out, draw.Wrapped(th.Dim, f.Hint, indent+2, width)...)
	}
	return out
}

// content writes the text of the field in the remaining width.
func (f *field) content(l *draw.Line, th *draw.Theme, active bool) {
	switch {
	case f.Kind == Switch && f.on:
		l.Add(th.Strong, "on")
	case f.Kind == Switch:
		l.Add(th.Dim, "off")
	case active && f.Kind == Text:
		room := l.Room()
		if f.text() == "" {
			l.Append(f.line.Row(th, room)).Gap(1).Add(th.Dim, f.Hint)
			return
		}
		l.Append(f.line.Row(th, room))
	case active:
		hidden := edit.Of(strings.Repeat("*", len([]rune(f.line.Text()))))
		l.Append(hidden.Row(th, l.Room()))
		if f.text() == "" {
			l.Gap(1).Add(th.Dim, f.Hint)
		}
	case f.text() == "":
		l.Add(th.Dim, f.Hint)
	case f.Kind == Secret:
		l.Add(th.Plain, strings.Repeat("*", 8))
	default:
		l.Add(th.Plain, f.text())
	}
}
