package pane

import (
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/words"
	"dialtone/diag/words/term"
	"dialtone/tui/draw"
	"dialtone/tui/edit"
)

// Data shows the data channels: their messages, their counters, and the round trips of the ping channel.
type Data struct {
	size
	*Scene
	keys   dataKeys
	input  edit.Line
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
	return &Data{Scene: s, keys: dataKeys{newScrollKeys(), bind("send", "enter"), bind("stop typing", "esc")}}
}

// Title is "Data".
func (*Data) Title() string { return "Data" }

// Keys are those of typing, else those of scrolling.
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

// Update edits the line, or scrolls. A view that is scrolled up stays where it is when messages arrive.
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
		if text := strings.TrimSpace(p.input.Reset()); text != "" {
			return func() tea.Msg { return Say(text) }
		}
		p.typing = false
	default:
		p.input.Take(msg)
	}
	return nil
}

// dataBeside is the width from which channels and pings stand beside the messages.
const dataBeside = 110

// talkLeast is how many rows the messages have at least, with the lines around them.
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
		return p.clamped(join(gap, top, p.talk(p.width, p.height-len(top)-gap)))
	}
	left := p.width / 2
	right := p.width - left - 2
	pings := p.pings(right, min(p.height/2, 16))
	side := join(1, pings, p.channels(right, p.height-len(pings)-4), p.association(right))
	return p.clamped(draw.Beside(p.talk(left-2, p.height), side, left))
}

// talk is the messages with the input line below them.
func (p *Data) talk(width, height int) []string {
	note := ""
	if p.back > 0 {
		note = words.Count(p.back, "newer message below", "newer messages below")
	}
	out := []string{heading(p.Theme, width, "Messages", note)}
	if n := p.Call.Dropped; n > 0 {
		out = append(out, p.Theme.Marked(draw.Warn,
			words.Number(n)+" more messages arrived too fast to be listed: they are only counted", 2, width)...)
	}
	rows := max(height-1-len(out), 0)
	total := len(p.Call.Messages)
	out = append(out, p.latest(max(total-p.back, 0), rows, width)...)
	if total == 0 && rows > 0 {
		out = append(out, draw.Row(width, 2, p.Theme.Dim, p.noMessages()))
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
		if !isEcho(all, i) {
			blocks = append(blocks, messageLines(p.Theme, all[i], width, messageMost))
			n += len(blocks[len(blocks)-1])
		}
	}
	slices.Reverse(blocks)
	out := slices.Concat(blocks...)
	return out[max(len(out)-rows, 0):]
}

// Copy gives the latest message that is shown.
func (p *Data) Copy() (what, text string) {
	if i := len(p.Call.Messages) - 1 - p.back; i >= 0 {
		m := p.Call.Messages[i]
		if m.Control != nil {
			return "the message", term.Control(*m.Control)
		}
		return "the message", m.Text
	}
	return "the message", ""
}

func (p *Data) noMessages() string {
	switch {
	case p.Call.Start.MediaOnly:
		return "this call carries only media: it has no data channels"
	case p.Call.OpenAt == nil:
		return "no data channel is open yet"
	}
	return "no messages yet"
}

func (p *Data) prompt(width int) string {
	if p.typing {
		return prompt(p.Theme, &p.input, ">", width, "")
	}
	if !p.Live || !ChatOpen(p.Call) {
		return ""
	}
	return draw.Row(width, 1, p.Theme.Dim, "> t to type")
}

// ChatOpen reports whether messages can be sent.
func ChatOpen(c *call.Call) bool {
	return slices.ContainsFunc(c.Channels, func(ch call.ChannelRow) bool {
		return (ch.Label == diag.LabelChat || ch.Label == c.Start.Channel) && ch.ClosedAt == nil
	})
}
