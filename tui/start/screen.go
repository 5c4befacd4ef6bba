package start

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/bubbles/key"

	"dialtone/tui/draw"
)

const (
	wide  = 92 // the width from which the form stands beside the list
	roomy = 20 // the height from which empty lines divide the screen
	low   = 8  // the height below which the command line is not shown
	// listMost bounds the list's column.
	listMost = 60
	// aboutMost is the greatest readable width of a paragraph.
	aboutMost = 90
)

// frame is the whole screen: header, list and form, the command line, the keys.
func (m *Model) frame() string {
	head, foot := m.header(), m.footer()
	room := max(m.height-len(head)-len(foot), 0)
	body := m.body(room)
	for len(body) < room {
		body = append(body, "")
	}
	lines := append(append(head, body...), foot...)
	return m.theme.Ship(strings.Join(draw.Clamp(lines, m.width, m.height), "\n"))
}

func (m *Model) header() []string {
	th := m.theme
	l := draw.NewLine(m.width).Gap(1).Add(th.Accent, "dialtone").Gap(2).Add(th.Dim, m.options.Version)
	l.Right(draw.NewLine(m.width).Add(th.Dim, "place a real WebRTC call and see how it works").Gap(1))
	if m.height < roomy {
		return []string{l.String()}
	}
	return []string{l.String(), ""}
}

// body is the list with the form beside or below it, or only the one that has the keys.
func (m *Model) body(height int) []string {
	list, listAt := m.list(m.width)
	if m.width >= wide {
		left := min(m.width*2/5, listMost)
		list, listAt = m.list(left - 2)
		form, at, own := m.formLines(m.width - left - 1)
		return draw.Beside(visible(list, listAt, 1, height), visible(form, at, own, height), left)
	}
	form, at, own := m.formLines(m.width)
	if m.inForm {
		if len(list)+1+len(form) <= height {
			return append(append(list, ""), form...)
		}
		return visible(form, at, own, height)
	}
	rest := height - len(list) - 1
	if rest < 3 {
		return visible(list, listAt, 1, height)
	}
	return append(append(list, ""), visible(form, 0, 1, rest)...)
}

// visible is the part of a block that fits and includes the lines from at on.
func visible(lines []string, at, own, height int) []string {
	if len(lines) <= height || height <= 0 {
		return lines[:min(len(lines), max(height, 0))]
	}
	from := min(max(at+own-height, 0), at)
	from = min(from, len(lines)-height)
	return lines[from : from+height]
}

// list draws the commands and recent choices; at is the chosen line.
func (m *Model) list(width int) (lines []string, at int) {
	th := m.theme
	names := 0
	for _, c := range m.options.Commands {
		names = max(names, draw.Width(c.Name))
	}
	if m.height >= low {
		lines = append(lines, draw.NewLine(width).Gap(1).Add(th.Strong, "What would you like to do?").String())
	}
	entry := func(i int, number, name, words string) {
		if i == m.at {
			at = len(lines)
		}
		l := draw.NewLine(width).Gap(1)
		paint := th.Plain
		if i == m.at {
			l.Add(th.Accent, th.Glyphs.Cursor)
			paint = th.Tab
		}
		lines = append(lines, l.To(3).Add(th.Dim, number).To(5).Add(paint, name).To(5+names+2).Add(th.Dim, words).String())
	}
	for i, c := range m.options.Commands {
		entry(i, fmt.Sprint(i+1), c.Name, c.Summary)
	}
	if len(m.options.Recent) == 0 {
		return lines, at
	}
	if m.height >= roomy {
		lines = append(lines, "")
	}
	if m.height >= low {
		lines = append(lines, draw.NewLine(width).Gap(1).Add(th.Strong, "Recent").String())
	}
	for i, r := range m.options.Recent {
		entry(len(m.options.Commands)+i, "", r.Command, r.Title)
	}
	return lines, at
}

// formLines is the form of the chosen entry below its title.
func (m *Model) formLines(width int) (lines []string, at, own int) {
	f := m.form()
	th := m.theme
	title := draw.NewLine(width).Gap(1).Add(th.Strong, f.command.Name).Gap(2).Add(th.Dim, f.command.Summary)
	lines, at, own = f.lines(th, width-1, m.inForm)
	for i := range lines {
		lines[i] = " " + lines[i]
	}
	lines = append([]string{title.String()}, lines...)
	if m.height >= roomy {
		lines = append(append(lines, ""), draw.Wrapped(th.Dim, f.command.About, 3, min(width-2, aboutMost))...)
	}
	return lines, at + 1, own
}

// footer is the command line, the remark and the keys.
func (m *Model) footer() []string {
	th := m.theme
	var lines []string
	if m.height >= low {
		if m.height >= roomy {
			lines = append(lines, "", draw.NewLine(m.width).Gap(1).Add(th.Dim, "on the command line").String())
		}
		lines = append(lines, m.commandLine()...)
		if m.height >= roomy {
			lines = append(lines, "")
		}
	}
	if m.remark != "" {
		lines = append(lines, draw.NewLine(m.width).Gap(1).Add(th.Warn, th.Glyphs.Warn+" "+m.remark).String())
	}
	return append(lines, m.keyLine())
}

// commandLine breaks the words into lines that a shell reads as one command.
func (m *Model) commandLine() []string {
	th, f := m.theme, m.form()
	most := 1
	if m.height >= roomy {
		most = 4
	}
	var rows []string
	row := ""
	for _, word := range f.command.Line(f.values()) {
		switch {
		case row == "":
			row = word
		case draw.Width(draw.Safe(row+" "+word))+7 > m.width && len(rows)+1 < most:
			rows, row = append(rows, row+` \`), word
		default:
			row += " " + word
		}
	}
	rows = append(rows, row)
	out := make([]string, 0, len(rows))
	for i, r := range rows {
		l := draw.NewLine(m.width).Gap(1)
		if i == 0 {
			l.Add(th.Accent, "$")
		}
		out = append(out, l.To(3+2*min(i, 1)).Add(th.Plain, r).String())
	}
	return out
}

// keyLine shows the keys that work now, as many as there is room for.
func (m *Model) keyLine() string {
	th, k := m.theme, m.keys
	var shown []key.Binding
	switch f := m.form(); {
	case !m.inForm:
		k.Next.SetHelp("tab", "to the form")
		k.Pick.SetHelp(fmt.Sprintf("1–%d", len(m.options.Commands)), "choose")
		k.Next.SetEnabled(len(f.fields) > 0)
		shown = []key.Binding{k.Start, k.Next, k.Pick, k.Quit}
	case f.fields[f.at].Kind == Switch:
		shown = []key.Binding{k.Start, k.Toggle, k.Next, k.Previous, k.Back, k.Interrupt}
	default:
		shown = []key.Binding{k.Start, k.Next, k.Previous, k.Back, k.Interrupt}
	}
	l := draw.NewLine(m.width).Gap(1)
	for i, b := range shown {
		if !b.Enabled() {
			continue
		}
		words := draw.NewLine(m.width)
		if i > 0 {
			words.Add(th.Dim, " "+th.Glyphs.Dot+" ")
		}
		l.Append(words.Add(th.Accent, b.Help().Key).Add(th.Dim, " "+b.Help().Desc))
	}
	return l.String()
}
