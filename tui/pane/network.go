package pane

import (
	"fmt"
	"slices"
	"time"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"dialtone/diag/call"
	"dialtone/diag/judge/network"
	"dialtone/diag/nat"
	"dialtone/diag/nat/pair"
	"dialtone/diag/words"
	"dialtone/tui/draw"
)

// Network shows a diagnosis: what the network between this machine and the servers does to calls. The verdict stands on
// top; below it are servers, behaviors, relays, findings and earlier runs, of which one row is selected and explained
// in words.
type Network struct {
	size
	*Scene
	list
	keys     networkKeys
	chosen   string          // the selected row, which stays selected when others come
	unfolded map[string]bool // rows whose details are shown
	stacked  bool            // the sections stand below each other, as wide as the pane
}

type networkKeys struct {
	scrollKeys
	Diagnose, Unfold key.Binding
}

// NewNetwork makes the pane.
func NewNetwork(s *Scene) Pane {
	p := &Network{
		Scene: s, keys: networkKeys{newScrollKeys(), bind("diagnose", "d"), bind("details", "enter")},
		unfolded: map[string]bool{},
	}
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
		return "the result, for --peer of the peer", pair.Line(n.Side)
	}
	return "the result", ""
}

// shown is the diagnosis that is shown, and its verdict: the latest that can be judged, or before the first the verdict
// so far. Nil when there is none.
func (p *Network) shown() (*call.NATRow, *network.Verdict) {
	d := p.Call.Diagnosed()
	if d == nil {
		d = p.Call.Diagnosis()
	}
	if d == nil || d.Ended != nil && !d.Complete() {
		return d, nil
	}
	return d, p.Judged(d)
}

// View draws the verdict, the sections, and the explanation.
func (p *Network) View() string {
	if p.Call.Diagnosis() == nil {
		return p.clamped(p.empty())
	}
	lines := p.lead()
	lines = lines[:min(len(lines), max(p.height/2, 1))]
	room := max(p.listRows(false)-len(lines)-p.gap(), 0)
	return p.explained(p.Theme, slices.Concat(lines, make([]string, p.gap()), p.rows(room)), "", p.explain())
}

// rows are the sections in one column, where nothing has to be cut, or in two if one has no room for all of them.
func (p *Network) rows(height int) []string {
	p.stacked = true
	left, right := p.parts()
	all := p.sections(slices.Concat(left, right))
	if p.stacked = p.width < twoColumns || heightOf(all, p.width) <= height; p.stacked {
		return p.column(p.Theme, 0, all, 0, p.width, height)
	}
	left, right = p.parts()
	return p.view(p.Theme, p.sections(left), p.sections(right), p.width, height)
}

// sections are the parts as tables whose rows have lines below them: what always belongs to a row, and its details
// while they are shown.
func (p *Network) sections(parts []netPart) []section {
	var out []section
	for _, part := range parts {
		s := section{columns: part.columns, count: len(part.entries), empty: part.empty, lines: part.lines}
		if len(part.columns) > 0 {
			s.title = part.columns[0].Title
		}
		s.row = func(i int) []draw.Cell { return part.entries[i].cells }
		s.below = func(i, width int) []string {
			e := part.entries[i]
			lines := p.indented(e.always, 5, width)
			if p.unfolded[e.id] {
				for _, text := range e.more {
					lines = append(lines, p.indented(text, 7, width)...)
				}
			}
			return lines
		}
		out = append(out, s)
	}
	return out
}

// indented is dim text below a row.
func (p *Network) indented(text string, indent, width int) []string {
	return draw.Wrapped(p.Theme.Dim, text, indent, min(width-1, indent+120))
}

// judgedKey is a diagnosis at one moment: it changes with its events only.
type judgedKey struct {
	at, ended time.Duration
	events    uint64 // of the call; 0 once it has ended
}

// maxJudged bounds what is kept; a call keeps fewer diagnoses.
const maxJudged = 256

// Judged is the verdict of a diagnosis; while it runs, the verdict so far. It is judged once for each change.
func (s *Scene) Judged(d *call.NATRow) *network.Verdict {
	of := judgedKey{at: d.At, ended: d.EndedAt}
	if d.Running() {
		of.events = s.Call.Events
	}
	if n, known := s.judged[of]; known {
		return n
	}
	if s.judged == nil || len(s.judged) >= maxJudged {
		s.judged = map[judgedKey]*network.Verdict{}
	}
	n := network.Judge(d.State)
	s.judged[of] = &n
	return &n
}

// seconds writes a time with a tenth: "1.2 s".
func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", max(d, 0).Seconds()) }

// explain puts the selected row into words.
func (p *Network) explain() string {
	all := p.entries()
	if p.cursor >= len(all) {
		return "A STUN server reports the mapped address of this machine. The reports of several servers on several " +
			"addresses show what the NAT in between does."
	}
	return all[p.cursor].about
}

// serverDetails are the facts about a server that its row has no room for.
func serverDetails(row nat.ServerRow) []string {
	out := words.ServerFacts(&row.Server)
	for _, text := range []string{words.Grade(row), words.Prefixed("next: ", words.ServerAdvice(&row.Server))} {
		if text != "" {
			out = append(out, text)
		}
	}
	return orNone(out)
}
