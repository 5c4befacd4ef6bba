package pane

import (
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/tui/draw"
)

// Data shows the data channels: what was said over them, their counters, and the round trips of the ping channel.
type Data struct {
	size
	*Scene
	keys   dataKeys
	input  input
	typing bool
	back   int // how many messages the list is scrolled up
	seen   uint64
}

type dataKeys struct {
	scrollKeys
	Send, Leave key.Binding
}

// NewData makes the pane.
func NewData(s *Scene) Pane {
	return &Data{Scene: s, keys: dataKeys{
		scrollKeys: newScrollKeys(),
		Send:       key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "send")),
		Leave:      key.NewBinding(key.WithKeys("esc"), key.WithHelp("esc", "stop typing")),
	}}
}

// Title is "Data".
func (*Data) Title() string { return "Data" }

// Keys are those of typing while somebody types, else those of scrolling.
func (p *Data) Keys() []key.Binding {
	if p.typing {
		return []key.Binding{p.keys.Send, p.keys.Leave}
	}
	return p.keys.bindings()
}

// Typing reports whether keys are text.
func (p *Data) Typing() bool { return p.typing }

// Type opens the input line.
func (p *Data) Type() { p.typing, p.back = true, 0 }

// Update edits the line, or scrolls. The view of somebody who has scrolled up stays where it is when messages come.
func (p *Data) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case Events:
		if p.back > 0 {
			p.back += int(p.Call.MessageRows - p.seen)
		}
		p.seen = p.Call.MessageRows
		p.typing = p.typing && p.Live
	case Reset:
		p.back, p.seen = 0, p.Call.MessageRows
	case tea.KeyMsg:
		if p.typing {
			return p.edit(msg)
		}
		total := len(p.Call.Messages)
		if at, ok := p.keys.move(msg, total-1-p.back, total, p.height/2); ok {
			p.back = max(total-1-at, 0)
		}
	}
	p.back = max(min(p.back, len(p.Call.Messages)-1), 0)
	return nil
}

func (p *Data) edit(msg tea.KeyMsg) tea.Cmd {
	switch {
	case key.Matches(msg, p.keys.Leave):
		p.typing = false
	case key.Matches(msg, p.keys.Send):
		if text := strings.TrimSpace(p.input.reset()); text != "" {
			return func() tea.Msg { return Say(text) }
		}
		p.typing = false
	default:
		p.input.take(msg)
	}
	return nil
}

// dataBeside is the width from which channels and pings stand beside the messages.
const dataBeside = 110

// talkLeast is how many rows the messages have at least, with what divides them from what is above.
const talkLeast = 9

// View puts channels and pings above the messages, or beside them.
func (p *Data) View() string {
	if p.width < dataBeside {
		channels := p.channels(p.width, max(p.height/2-3, 2))
		top := join(1, p.pings(p.width, p.height-len(channels)-talkLeast), channels)
		top = top[:min(len(top), max(p.height-4, 0))]
		gap := 0
		if p.height >= 14 {
			gap = 1
		}
		below := p.talk(p.width, p.height-len(top)-gap)
		return strings.Join(draw.Clamp(join(gap, top, below), p.width, p.height), "\n")
	}
	left := p.width / 2
	right := p.width - left - 2
	pings := p.pings(right, min(p.height/2, 16))
	side := join(1, pings, p.channels(right, p.height-len(pings)-4), p.association(right))
	return strings.Join(draw.Clamp(draw.Beside(p.talk(left-2, p.height), side, left), p.width, p.height), "\n")
}

// talk is the messages with the input line below them.
func (p *Data) talk(width, height int) []string {
	remark := ""
	if p.back > 0 {
		remark = draw.Plural(p.back, "newer message below", "newer messages below")
	}
	out := append([]string{heading(p.Theme, width, "Messages", remark)}, p.flood(width)...)
	rows := max(height-1-len(out), 0)
	total := len(p.Call.Messages)
	to := max(total-p.back, 0)
	out = append(out, p.latest(to, rows, width)...)
	if total == 0 && rows > 0 {
		out = append(out, draw.NewLine(width).Gap(2).Add(p.Theme.Dim, p.nothingSaid()).String())
	}
	return append(out, p.prompt(width))
}

// latest are the messages before index to, wrapped, as far as there are rows; of the first of them perhaps only the
// end.
func (p *Data) latest(to, rows, width int) []string {
	all := p.Call.Messages
	var blocks [][]string
	n := 0
	for i := to - 1; i >= 0 && n < rows; i-- {
		if isEcho(all, i) {
			continue
		}
		blocks = append(blocks, messageLines(p.Theme, all[i], width))
		n += len(blocks[len(blocks)-1])
	}
	slices.Reverse(blocks)
	out := slices.Concat(blocks...)
	return out[max(len(out)-rows, 0):]
}

// flood tells of messages that came too fast to be listed.
func (p *Data) flood(width int) []string {
	if p.Call.Dropped == 0 {
		return nil
	}
	text := draw.Count(p.Call.Dropped) + " more messages came too fast to be listed: they were only counted"
	return labelled(p.Theme, p.Theme.Glyphs.Warn, p.Theme.Warn, text, 2, width)
}

// Copy gives the latest message that is shown.
func (p *Data) Copy() (what, text string) {
	if i := len(p.Call.Messages) - 1 - p.back; i >= 0 {
		m := p.Call.Messages[i]
		if m.Control != nil {
			return "the message", controlWords(*m.Control)
		}
		return "the message", m.Text
	}
	return "the message", ""
}

func (p *Data) nothingSaid() string {
	switch {
	case p.Call.Start.MediaOnly:
		return "this call carries media alone: it has no data channels"
	case p.Call.OpenAt == nil:
		return "no channel is open yet"
	}
	return "nothing was said yet"
}

func (p *Data) prompt(width int) string {
	if p.typing {
		return p.input.line(p.Theme, width)
	}
	if !p.Live || !chatOpen(p.Call) {
		return ""
	}
	return draw.NewLine(width).Gap(1).Add(p.Theme.Dim, "> t to type").String()
}

func chatOpen(c *call.Call) bool {
	for _, ch := range c.Channels {
		if ch.Label == diag.LabelChat && ch.ClosedAt == nil {
			return true
		}
	}
	return false
}
