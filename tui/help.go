package tui

import (
	"github.com/charmbracelet/bubbles/key"

	"dialtone/tui/draw"
)

// helpColumn is the least width of a column of the help.
const helpColumn = 38

// helpLines are all keys in groups, without those that do not work now, in as few columns as the height allows.
func (m *Model) helpLines(height int) []string {
	groups, most := m.helpGroups(), max(m.width/helpColumn, 1)
	columns := packed(groups, height)
	for len(columns) > most {
		height++
		columns = packed(groups, height)
	}
	var out []string
	for i, column := range columns {
		if i == 0 {
			out = column
		} else {
			out = draw.Beside(out, column, i*m.width/len(columns))
		}
	}
	return out
}

// packed puts groups below each other in columns of at most height lines; a group is never divided.
func packed(groups [][]string, height int) [][]string {
	var out [][]string
	for _, g := range groups {
		last := len(out) - 1
		if last >= 0 && len(out[last])+1+len(g) <= height {
			out[last] = append(append(out[last], ""), g...)
		} else {
			out = append(out, g)
		}
	}
	return out
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
