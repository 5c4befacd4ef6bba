package pane

import (
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"dialtone/diag/words"
	"dialtone/tui/draw"
)

// maxKinds bounds the list: a recording may hold any number of types.
const maxKinds = 200

// kindPicker is the list of the kinds of events with their counts, of which one can be picked.
type kindPicker struct {
	open   bool
	rows   []kindRow
	cursor int
	window window
}

// kindRow is one kind: every ("") one, a group ("ice."), or one of a group ("ice.pair").
type kindRow struct {
	kind  string
	count int
}

var pickerBindings = []key.Binding{bind("show only these", "enter"), bind("back", "esc", "K")}

// show counts the events and puts the mark on the kind that is shown now.
func (k *kindPicker) show(g *eventLog) {
	counts := map[string]int{}
	for _, e := range g.events {
		name := string(e.Type())
		group, _, _ := strings.Cut(name, ".")
		if _, known := counts[name]; !known && len(counts) >= maxKinds {
			continue
		}
		counts[name]++
		counts[group+"."]++
	}
	k.rows = []kindRow{{"", len(g.events)}}
	for kind, n := range counts {
		k.rows = append(k.rows, kindRow{kind, n})
	}
	slices.SortFunc(k.rows, func(a, b kindRow) int { return strings.Compare(a.kind, b.kind) })
	k.cursor = max(slices.IndexFunc(k.rows, func(r kindRow) bool { return r.kind == g.kind }), 0)
	k.open = true
}

// take moves, picks or closes.
func (k *kindPicker) take(msg tea.KeyMsg, keys scrollKeys, page int) (kind string, picked bool) {
	switch {
	case key.Matches(msg, pickerBindings[0]):
		k.open = false
		return k.rows[k.cursor].kind, true
	case key.Matches(msg, pickerBindings[1]):
		k.open = false
	default:
		if at, ok := keys.move(msg, k.cursor, len(k.rows), page); ok {
			k.cursor = at
		}
	}
	return "", false
}

func (k *kindPicker) lines(th *draw.Theme, shown string, width, height int) []string {
	k.window.rows = max(height-1, 0)
	k.window.show(k.cursor, len(k.rows))
	from, to := k.window.visible(len(k.rows))
	out := []string{heading(th, width, "Kinds of events", "enter shows only these")}
	for i := from; i < to; i++ {
		l := draw.NewLine(width).Gap(1)
		if i == k.cursor {
			l.Add(th.Accent, th.Glyphs.Cursor)
		}
		row := k.rows[i]
		name, indent := row.kind, 3
		switch {
		case row.kind == "":
			name = "all"
		case !strings.HasSuffix(row.kind, "."):
			indent = 5
		}
		l.To(indent).Add(th.Plain, draw.Truncate(draw.Safe(name), max(min(width-14, 30), 0)))
		count := words.Number(uint64(row.count))
		l.To(min(max(width-1, 0), 46)-draw.Width(count)).Add(th.Dim, count)
		if row.kind == shown {
			l.Gap(2).Add(th.Dim, "shown now")
		}
		out = append(out, l.String())
	}
	return out
}
