package pane

import (
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/tui/draw"
)

// Network shows a diagnosis: what the network between this machine and the servers does to calls. The verdict stands on
// top; below it are servers, behaviors, relays, findings and earlier runs, of which one row is selected and explained
// in words.
type Network struct {
	size
	*Scene
	keys     networkKeys
	cursor   int             // counts the rows of all sections
	chosen   string          // the row there, which stays selected when others come
	unfolded map[string]bool // rows whose details are shown
	windows  [2]window       // of the left and of the right column
}

type networkKeys struct {
	scrollKeys
	Diagnose, Unfold key.Binding
}

// NewNetwork makes the pane.
func NewNetwork(s *Scene) Pane {
	bind := func(k, help string) key.Binding { return key.NewBinding(key.WithKeys(k), key.WithHelp(k, help)) }
	p := &Network{Scene: s, keys: networkKeys{newScrollKeys(), bind("d", "diagnose"), bind("enter", "details")},
		unfolded: map[string]bool{}}
	p.settle()
	return p
}

// Title is "Network".
func (*Network) Title() string { return "Network" }

// Keys are those that ask, unfold, and move the selection.
func (p *Network) Keys() []key.Binding {
	ask := p.keys.Diagnose
	ask.SetEnabled(p.Live && !p.Call.Diagnosing() && p.hasServers())
	if p.Call.Diagnosis() != nil {
		ask.SetHelp("d", "diagnose again")
	}
	unfold := p.keys.Unfold
	unfold.SetEnabled(len(p.entries()) > 0)
	return append([]key.Binding{ask, unfold}, p.keys.bindings()...)
}

// hasServers reports whether there is a server to ask.
func (p *Network) hasServers() bool {
	return len(p.Call.Start.ICEServers) > 0 || p.Call.Alone()
}

// Update takes new rows in, moves the selection, and asks for a diagnosis.
func (p *Network) Update(msg tea.Msg) tea.Cmd {
	if msg, ok := msg.(tea.KeyMsg); ok {
		keys := p.Keys()
		switch {
		case key.Matches(msg, keys[0]):
			return func() tea.Msg { return Diagnose{} }
		case key.Matches(msg, keys[1]):
			p.unfolded[p.chosen] = !p.unfolded[p.chosen]
		default:
			p.move(msg)
		}
	}
	p.settle()
	return nil
}

func (p *Network) move(msg tea.KeyMsg) {
	all := p.entries()
	if at, ok := p.keys.move(msg, p.cursor, len(all), p.height/2); ok && len(all) > 0 {
		p.cursor, p.chosen = at, all[at].id
	}
}

// settle puts the selection back to its row.
func (p *Network) settle() {
	all := p.entries()
	if at := slices.IndexFunc(all, func(e netEntry) bool { return e.id == p.chosen }); at >= 0 {
		p.cursor = at
	}
	p.cursor = max(min(p.cursor, len(all)-1), 0)
	if len(all) > 0 {
		p.chosen = all[p.cursor].id
	}
}

// Copy is the selected row as text; before the cursor has moved, the result line.
func (p *Network) Copy() (what, text string) {
	if all := p.entries(); p.cursor > 0 && p.cursor < len(all) {
		return "the row", all[p.cursor].text
	}
	if _, n := p.shown(); n != nil {
		return "the result, for --peer of the peer", n.Side.String()
	}
	return "the result", ""
}

// shown is the diagnosis that is shown, and its verdict: the latest that can be judged, or before the first the verdict
// so far. Nil when there is none.
func (p *Network) shown() (*call.NATRow, *judge.Network) {
	d := p.Call.Diagnosed()
	if d == nil {
		d = p.Call.Diagnosis()
	}
	if d == nil || d.Ended != nil && !d.Complete() {
		return d, nil
	}
	return d, p.Judged(d)
}

// View draws the verdict, the sections in one or two columns, and the explanation.
func (p *Network) View() string {
	if p.Call.Diagnosis() == nil {
		return strings.Join(draw.Clamp(p.empty(), p.width, p.height), "\n")
	}
	lines := p.lead()
	lines = lines[:min(len(lines), max(p.height/2, 1))]
	room := max(p.listRows(false)-len(lines)-p.gap(), 0)
	left, right := p.parts()
	body := make([]string, p.gap(), room+p.gap())
	if p.width < twoColumns {
		body = append(body, p.column(0, slices.Concat(left, right), 0, p.width, room)...)
	} else {
		at, first := p.width/2, 0
		for _, part := range left {
			first += len(part.entries)
		}
		body = append(body, draw.Beside(p.column(0, left, 0, at-3, room), p.column(1, right, first, p.width-at-1, room),
			at)...)
	}
	return p.explained(p.Theme, append(lines, body...), "", p.explain())
}

// column draws sections below each other, scrolled so that the selected row is visible with what belongs to it.
func (p *Network) column(which int, parts []netPart, first, width, height int) []string {
	w := &p.windows[which]
	w.rows = height
	var all []string
	from, to := -1, -1
	for i, part := range parts {
		if i > 0 {
			all = append(all, "")
		}
		lines, selected := p.draw(part, p.cursor-first, width)
		if selected.to > 0 {
			from, to = len(all)+selected.from, len(all)+selected.to
			if p.cursor == first {
				from = len(all) // the first of a section shows its title
			}
			if i == 0 && p.cursor == first {
				from = 0
			}
		}
		all = append(all, lines...)
		first += len(part.entries)
	}
	if to > 0 {
		w.show(to-1, len(all))
		w.show(from, len(all))
	}
	top, end := w.visible(len(all))
	return all[top:end]
}

// span are the lines that a row takes; to is 0 for none.
type lineSpan struct{ from, to int }

// draw is a section: its title, and every row with what belongs to it. The row that the cursor is at is marked.
func (p *Network) draw(part netPart, cursor, width int) (lines []string, selected lineSpan) {
	if len(part.lines) > 0 {
		return part.lines, lineSpan{}
	}
	if len(part.entries) == 0 {
		return []string{heading(p.Theme, width, part.columns[0].Title),
			draw.NewLine(width).Gap(3).Add(p.Theme.Dim, part.empty).String()}, lineSpan{}
	}
	t := draw.Table{Indent: 3, Columns: part.columns, Cursor: cursor}
	for _, e := range part.entries {
		t.Rows = append(t.Rows, e.cells)
	}
	rows := t.Lines(p.Theme, width)
	lines = append(lines, rows[0])
	for i, e := range part.entries {
		start := len(lines)
		lines = append(lines, rows[i+1])
		if e.always != "" {
			lines = append(lines, p.indented(e.always, 5, width)...)
		}
		if p.unfolded[e.id] {
			for _, text := range e.more {
				lines = append(lines, p.indented(text, 7, width)...)
			}
		}
		if i == cursor {
			selected = lineSpan{start, len(lines)}
		}
	}
	return lines, selected
}

// indented is dim text below a row.
func (p *Network) indented(text string, indent, width int) []string {
	var out []string
	for _, line := range draw.Wrap(text, min(width-indent-1, 120)) {
		out = append(out, draw.NewLine(width).Gap(indent).Add(p.Theme.Dim, line).String())
	}
	return out
}
