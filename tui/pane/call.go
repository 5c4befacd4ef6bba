package pane

import (
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"dialtone/diag"
	"dialtone/tui/draw"
)

// twoColumns is the width from which panes use a second column.
const twoColumns = 160

// Call answers "does it work?": where the call stands, its path, how it was set up, its media and its last messages.
type Call struct {
	size
	*Scene
}

// NewCall makes the pane.
func NewCall(s *Scene) Pane { return &Call{Scene: s} }

// Title is "Call".
func (*Call) Title() string { return "Call" }

// Keys: the pane has none of its own.
func (*Call) Keys() []key.Binding { return nil }

// Update takes nothing: everything is in the scene.
func (*Call) Update(tea.Msg) tea.Cmd { return nil }

// View arranges the sections: one below the other, or in two columns where there is room.
func (p *Call) View() string {
	lines := p.stack
	if p.width >= twoColumns {
		lines = p.columns
	}
	return strings.Join(draw.Clamp(lines(), p.width, p.height), "\n")
}

// stack puts what says "it works" or "why not" first, and gives the set-up what the others leave.
func (p *Call) stack() []string {
	gap := 0
	if p.height >= 18 {
		gap = 1
	}
	lead := p.lead(p.width)
	media := p.lower(p.width)
	setup := p.setup(p.width, p.height-len(lead)-len(media)-2*gap)
	out := join(gap, lead, setup, media)
	if left := p.height - len(out) - gap; p.width < besideWidth && left >= 2 {
		out = join(gap, out, p.messages(p.width, left))
	}
	return out
}

// columns has the call itself on the left, what flows over it on the right.
func (p *Call) columns() []string {
	right := min(p.width*2/5, 90)
	left := p.width - right
	lead := p.lead(left - 3)
	setup := p.setup(left-3, p.height-len(lead)-1)
	media := p.media(right - 1)
	used := len(media)
	if used > 0 {
		used++
	}
	return draw.Beside(join(1, lead, setup), join(1, media, p.messages(right-1, p.height-used)), left)
}

// besideWidth is the width from which the messages stand beside the media.
const besideWidth = 112

// lower is the media, with the messages beside them where there is room.
func (p *Call) lower(width int) []string {
	if width < besideWidth {
		return p.media(width)
	}
	at := min(width*2/3, 88)
	media := p.media(at - 2)
	return draw.Beside(media, p.messages(width-at, max(len(media), 5)), at)
}

// join puts blocks below each other with gap empty lines between those that have lines.
func join(gap int, blocks ...[]string) []string {
	var out []string
	for _, b := range blocks {
		if len(b) == 0 {
			continue
		}
		if len(out) > 0 {
			out = append(out, make([]string, gap)...)
		}
		out = append(out, b...)
	}
	return out
}

// lead is the first section: what is waited for, the path, or why there is none.
func (p *Call) lead(width int) []string {
	switch state := p.Call.State(); {
	case state == diag.StateEnded && p.Verdict.Exit != diag.ExitPass:
		return join(1, p.why(width), p.path(width))
	case p.Call.Selected != nil:
		return join(0, p.trouble(width), p.path(width))
	case state == diag.StateEnded:
		return p.why(width)
	default:
		return p.waiting(width)
	}
}

// trouble says that the path went silent, while it is so.
func (p *Call) trouble(width int) []string {
	if p.Call.State() != diag.StateReconnecting {
		return nil
	}
	return labelled(p.Theme, p.Theme.Glyphs.Warn, p.Theme.Warn, "The path went silent. Checks go on; r restarts ICE: new candidates, new checks.", 1, width)
}

// why tells how the call ended, why, and what to do.
func (p *Call) why(width int) []string {
	th, v := p.Theme, p.Verdict
	var out []string
	if len(v.Why) > 0 {
		out = append(out, heading(th, "Why", "", width))
		for _, s := range v.Why {
			out = append(out, labelled(th, th.Glyphs.Dot, th.Dim, s, 1, width)...)
		}
	}
	if len(v.Todo) > 0 {
		out = append(out, heading(th, "What to do", "", width))
		for i, s := range v.Todo {
			out = append(out, labelled(th, string(rune('1'+i%9))+".", th.Accent, s, 1, width)...)
		}
	}
	return out
}

// messages are the latest of the data channels, newest last.
func (p *Call) messages(width, height int) []string {
	n := min(len(p.Call.Messages), height-1)
	if n <= 0 || height < 2 {
		return nil
	}
	out := []string{heading(p.Theme, "Messages", "", width)}
	for _, m := range p.Call.Messages[len(p.Call.Messages)-n:] {
		out = append(out, messageLine(p.Theme, m, width))
	}
	return out
}
