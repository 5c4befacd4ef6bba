package pane

import (
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"dialtone/diag/call"
	"dialtone/diag/sdp"
	"dialtone/diag/words"
	"dialtone/diag/words/explain"
	"dialtone/tui/draw"
)

// SDP shows offer and answer, folded by section, and how they differ.
type SDP struct {
	size
	*Scene
	keys      sdpKeys
	search    filter
	exchanges []exchange
	older     int // how many exchanges before the latest one is shown
	known     sdpVersion
	sections  []sdp.Difference
	open      map[int]bool // by the section's place
	rows      []sdpRow
	cursor    int
	window    window
}

// exchange is an offer with its answer; one of them may be missing.
type exchange struct{ offer, answer *call.DescriptionRow }

// sdpVersion identifies the descriptions that are shown.
type sdpVersion struct {
	call   *call.Call
	count  int
	latest *call.DescriptionRow
	shown  int
}

type sdpKeys struct {
	scrollKeys
	Fold, All, Older, Next, Previous, Clear key.Binding
}

// NewSDP makes the pane with all sections folded.
func NewSDP(s *Scene) Pane {
	keys := sdpKeys{
		newScrollKeys(), bind("fold", "enter", " "), bind("all", "a"), bind("older offer", "o"),
		bind("next match", "n"), bind("previous match", "N"), bind("end search", "esc"),
	}
	p := &SDP{Scene: s, keys: keys, search: newFilter("search"), open: map[int]bool{}}
	p.settle()
	return p
}

// Title is "SDP".
func (*SDP) Title() string { return "SDP" }

// Keys are those of folding, searching and moving.
func (p *SDP) Keys() []key.Binding {
	if p.search.typing {
		return p.search.bindings()
	}
	return append([]key.Binding{
		p.keys.Fold, p.keys.All, p.search.keys.Open, p.keys.Next, p.keys.Previous, p.keys.Clear,
		p.keys.Older,
	}, p.keys.bindings()...)
}

// Typing reports whether keys are text of the search.
func (p *SDP) Typing() bool { return p.search.typing }

// SetSize keeps the space; side by side or below each other makes other rows.
func (p *SDP) SetSize(width, height int) {
	p.size.SetSize(width, height)
	p.arrange()
	p.settle()
}

// Update looks for new descriptions, and moves the selection.
func (p *SDP) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case Reset:
		p.older = 0
	case tea.KeyMsg:
		p.key(msg)
	case tea.MouseMsg:
		msg.Y--
		if at, ok := p.window.clicked(msg); ok {
			p.cursor = at
		}
	}
	p.refresh()
	p.settle()
	return nil
}

func (p *SDP) key(msg tea.KeyMsg) {
	switch {
	case p.search.typing && p.search.take(msg):
		p.find(0)
	case p.search.typing:
		p.move(msg)
	case key.Matches(msg, p.search.keys.Open):
		p.search.open()
	case key.Matches(msg, p.keys.Clear):
		p.search.clear()
	case key.Matches(msg, p.keys.Next):
		p.find(1)
	case key.Matches(msg, p.keys.Previous):
		p.find(-1)
	case key.Matches(msg, p.keys.Fold):
		p.fold()
	case key.Matches(msg, p.keys.All):
		p.foldAll()
	case key.Matches(msg, p.keys.Older):
		p.older++
	default:
		p.move(msg)
	}
}

func (p *SDP) move(msg tea.KeyMsg) {
	if at, ok := p.keys.move(msg, p.cursor, len(p.rows), p.rowsShown()); ok {
		p.cursor = at
	}
}

// settle keeps the selection within the rows, and enables the keys that work.
func (p *SDP) settle() {
	p.cursor = max(min(p.cursor, len(p.rows)-1), 0)
	p.keys.Older.SetEnabled(len(p.exchanges) > 1)
	for _, b := range []*key.Binding{&p.keys.Next, &p.keys.Previous, &p.keys.Clear} {
		b.SetEnabled(p.search.active())
	}
	for _, b := range []*key.Binding{&p.keys.Fold, &p.keys.All} {
		b.SetEnabled(len(p.rows) > 0)
	}
}

// refresh parses the descriptions when there are others than before.
func (p *SDP) refresh() {
	list := p.Call.Descriptions
	v := sdpVersion{call: p.Call, count: len(list), shown: p.older}
	if len(list) > 0 {
		v.latest = &list[len(list)-1]
	}
	if v == p.known {
		return
	}
	p.exchanges = exchanges(list)
	if p.older >= len(p.exchanges) {
		p.older = 0
	}
	v.shown = p.older
	p.known, p.sections = v, nil
	if n := len(p.exchanges); n > 0 {
		shown := p.exchanges[n-1-p.older]
		p.sections = sdp.Compare(parsed(shown.offer), parsed(shown.answer))
	}
	p.arrange()
}

func parsed(d *call.DescriptionRow) *sdp.Description {
	if d == nil {
		return nil
	}
	return d.Parsed()
}

// exchanges puts each answer to the offer before it.
func exchanges(list []call.DescriptionRow) []exchange {
	var out []exchange
	for i := range list {
		d := &list[i]
		answers := d.SDPType == "answer" || d.SDPType == "pranswer"
		last := len(out) - 1
		switch {
		case !answers:
			out = append(out, exchange{offer: d})
		case last >= 0 && (out[last].answer == nil || out[last].answer.SDPType == "pranswer"):
			out[last].answer = d
		default:
			out = append(out, exchange{answer: d})
		}
	}
	return out
}

// fold hides the lines of the selected section, or shows them.
func (p *SDP) fold() {
	if p.cursor < len(p.rows) {
		i := p.rows[p.cursor].section
		p.open[i] = !p.open[i]
		p.arrange()
		p.cursor = p.place(sdpRow{section: i})
	}
}

// foldAll shows the lines of all sections, or hides them when all are shown.
func (p *SDP) foldAll() {
	section, all := 0, true
	if p.cursor < len(p.rows) {
		section = p.rows[p.cursor].section
	}
	for i := range p.sections {
		all = all && p.open[i]
	}
	for i := range p.sections {
		p.open[i] = !all
	}
	p.arrange()
	p.cursor = p.place(sdpRow{section: section})
}

// find goes to the next row that matches the search, in a direction, or stays at one that does (0). Its section
// opens.
func (p *SDP) find(direction int) {
	if !p.search.active() || len(p.rows) == 0 {
		return
	}
	all := p.every()
	at := max(slices.Index(all, p.rows[min(p.cursor, len(p.rows)-1)]), 0)
	step := direction
	if direction == 0 {
		step = 1
	} else {
		at += step
	}
	for range all {
		at = (at + len(all)) % len(all)
		if row := all[at]; p.search.keeps(lower(p.text(row))) {
			if row.kind == sdpLine {
				p.open[row.section] = true
				p.arrange()
			}
			p.cursor = p.place(row)
			return
		}
		at += step
	}
}

// matches are how many rows match the search, and which of them is selected; 0 for none.
func (p *SDP) matches() (selected, total int) {
	for _, row := range p.every() {
		if !p.search.keeps(lower(p.text(row))) {
			continue
		}
		total++
		if p.cursor < len(p.rows) && p.rows[p.cursor] == row {
			selected = total
		}
	}
	return selected, total
}

// Copy is the selected section, remark or line, as text.
func (p *SDP) Copy() (what, text string) {
	if p.cursor >= len(p.rows) {
		return "the section", ""
	}
	switch row := p.rows[p.cursor]; row.kind {
	case sdpRemark:
		return "the remark", p.text(row)
	case sdpLine:
		return "the line", p.text(row)
	case sdpHead:
	}
	d := p.sections[p.rows[p.cursor].section]
	var b strings.Builder
	for _, side := range []*sdp.Section{d.Offer, d.Answer} {
		if side == nil {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("\n")
		}
		for _, l := range side.Lines {
			b.WriteString(l.Text + "\n")
		}
	}
	return "the section", b.String()
}

// View draws which exchange is shown, its sections, and the explanation of the selected row.
func (p *SDP) View() string {
	if len(p.sections) == 0 {
		return draw.Row(p.width, 2, p.Theme.Dim, "no offer yet: it is made when both peers have joined")
	}
	p.window.rows = p.rowsShown()
	p.window.show(p.cursor, len(p.rows))
	from, to := p.window.visible(len(p.rows))
	lines := []string{p.title()}
	for i := from; i < to; i++ {
		lines = append(lines, p.draw(p.rows[i], i == p.cursor))
	}
	search := ""
	if p.searching() {
		search = p.search.line(p.Theme, p.width, p.matchText())
	}
	return p.explained(p.Theme, lines, search, p.explain())
}

func (p *SDP) searching() bool { return p.search.typing || p.search.active() }

// rowsShown is what title, search and explanation leave.
func (p *SDP) rowsShown() int { return max(p.listRows(p.searching())-1, 0) }

func (p *SDP) matchText() string {
	if !p.search.active() {
		return ""
	}
	selected, total := p.matches()
	switch {
	case total == 0:
		return "no match"
	case selected == 0:
		return words.Count(total, "match", "matches")
	}
	return fmt.Sprintf("match %d of %d", selected, total)
}

// explain is the text about the selected row.
func (p *SDP) explain() string {
	if p.cursor >= len(p.rows) {
		return ""
	}
	row := p.rows[p.cursor]
	d := p.sections[row.section]
	switch row.kind {
	case sdpHead:
		return explain.SDPSection(d)
	case sdpRemark:
		return explain.SDPRemark(d.Remarks[row.index])
	case sdpLine:
	}
	offer, answer := p.lines(row)
	line, section := offer, d.Offer
	if offer == nil {
		line, section = answer, d.Answer
	}
	return words.Join(" ", explain.SDPLine(*line, section), explain.SDPMark(d.Rows[row.index], answer))
}
