package tui

import (
	"github.com/charmbracelet/bubbles/key"

	"dialtone/tui/draw"
)

// helpColumn is the least width of a column of the help.
const helpColumn = 38

// helpLines are all keys in groups, without those that do not work now. The groups stand in as few columns as the
// height allows.
func (m *Model) helpLines(height int) []string {
	groups := m.helpGroups()
	for columns := 1; ; columns++ {
		lines := m.helpColumns(groups, columns)
		if len(lines) <= height || (columns+1)*helpColumn > m.width {
			return lines
		}
	}
}

// helpGroups are the groups, a block of lines each.
func (m *Model) helpGroups() [][]string {
	th := m.scene.Theme
	var out [][]string
	for _, group := range []struct {
		title string
		keys  []key.Binding
	}{
		{"Call", m.keys.actions()},
		{m.panes[m.focus].Title() + " pane", m.panes[m.focus].Keys()},
		{"Timeline", m.keys.timeline()},
		{"Session", append(m.keys.tools(), m.keys.session()...)},
	} {
		lines := []string{draw.NewLine(m.width).Gap(1).Add(th.Strong, group.title).String()}
		for _, b := range group.keys {
			if b.Enabled() {
				l := draw.NewLine(m.width).Gap(3).Add(th.Accent, b.Help().Key).To(14)
				lines = append(lines, l.Add(th.Plain, b.Help().Desc).String())
			}
		}
		if len(lines) > 1 {
			out = append(out, lines)
		}
	}
	return out
}

// helpColumns puts the groups below each other in columns of about the same height.
func (m *Model) helpColumns(groups [][]string, columns int) []string {
	total := 0
	for _, g := range groups {
		total += len(g) + 1
	}
	var out, column []string
	at, width := 0, m.width/columns
	for i, g := range groups {
		if len(column) > 0 {
			column = append(column, "")
		}
		column = append(column, g...)
		last := i == len(groups)-1
		if last || at < columns-1 && len(column)*columns >= total-columns {
			if at == 0 {
				out = column
			} else {
				out = draw.Beside(out, column, at*width)
			}
			at, column = at+1, nil
		}
	}
	return out
}
