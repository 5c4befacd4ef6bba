package pane

import (
	"slices"
	"strconv"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/words"
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

// Keys are none: the pane only shows.
func (*Call) Keys() []key.Binding { return nil }

// Update takes nothing: everything is in the scene.
func (*Call) Update(tea.Msg) tea.Cmd { return nil }

// View arranges the sections: one below the other, or in two columns where there is room and something for both.
func (p *Call) View() string {
	lines := p.stack
	if p.width >= twoColumns && len(p.Call.Messages)+len(p.Call.Tracks)+len(p.Call.Samples) > 0 {
		lines = p.columns
	}
	return strings.Join(draw.Clamp(lines(), p.width, p.height), "\n")
}

// stack puts what says "it works" or "why not" first, and gives the set-up what the others leave.
func (p *Call) stack() []string {
	width := min(p.width, twoColumns) // a longer scale tells no more
	lead, media := p.lead(width), p.media(p.mediaWidth())
	last := 0
	if p.width < besideWidth && len(p.messages(width, 1)) > 0 {
		last = 1 // the latest message has its row, however short the space
	}
	gap := 0
	if bars, _ := p.bars(0); len(lead)+len(media)+len(bars)+last+3+last <= p.height {
		gap = 1 // everything fits, and empty lines between
	}
	out := join(gap, lead, p.setup(width, p.height-len(lead)-len(media)-last-(2+last)*gap))
	left := p.height - len(out) - gap
	if p.width >= besideWidth {
		at := p.mediaWidth() + 2
		out = join(gap, out, draw.Beside(media, p.messages(width-at, left), at))
	} else {
		out = join(gap, out, media)
		out = join(gap, out, p.messages(width, p.height-len(out)-gap))
	}
	return join(gap, out, p.servers(width, p.height-len(out)-gap))
}

// columns has the call itself on the left, what flows over it on the right.
func (p *Call) columns() []string {
	right := min(p.width*2/5, 90)
	left := p.width - right
	lead := p.lead(left - 3)
	setup := p.setup(left-3, p.height-len(lead)-1)
	servers := p.servers(left-3, p.height-len(lead)-len(setup)-2)
	media := p.media(right)
	used := len(media)
	if used > 0 {
		used++
	}
	return draw.Beside(join(1, lead, setup, servers), join(1, media, p.messages(right, p.height-used)), left)
}

// servers lists what each STUN and TURN server gave, where there is room for all and nothing else tells it.
func (p *Call) servers(width, height int) []string {
	rows := p.Call.Servers
	if len(rows) == 0 || len(rows) >= height || p.Call.State() == call.StateWaiting {
		return nil
	}
	out := []string{heading(p.Theme, width, "Servers")}
	for _, s := range rows {
		out = append(out, serverLine(p.Theme, s, 2, width))
	}
	return out
}

// besideWidth is the width from which the messages stand beside the media.
const besideWidth = 112

// mediaWidth is the width of the media table where the sections are stacked.
func (p *Call) mediaWidth() int {
	if p.width < besideWidth {
		return p.width
	}
	return min(p.width*2/3, 88)
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
	case p.Call.Failing():
		return join(1, p.failing(width), p.why(width))
	case state == call.StateEnded && p.Verdict.Exit != diag.ExitPass:
		return join(1, join(0, p.ending(width), p.why(width)), p.path(width))
	case state == call.StateEnded:
		return join(0, p.ending(width), p.path(width))
	case p.Call.Selected != nil:
		return join(0, p.trouble(width), p.path(width))
	default:
		return p.waiting(width)
	}
}

// failing tells at once that there is no path, while a diagnosis still looks for the reason.
func (p *Call) failing(width int) []string {
	th := p.Theme
	mark, paint := th.Mark(draw.Bad)
	first := draw.NewLine(width).Gap(1).Add(paint, mark).Gap(1).Add(th.Strong, capital(words.Verdict(p.Verdict).Headline)).String()
	second := draw.NewLine(width).Gap(1).Add(th.Accent, p.Spinner()).Gap(1).Add(th.Plain,
		"Asking the servers of this call what your network does").
		Gap(2).Add(th.Dim, seconds(p.Clock-p.Call.Diagnosis().At)+" of "+seconds(p.Call.Diagnosis().Start.BudgetMs.Duration())+" at most").String()
	return []string{first, second}
}

// trouble says that the path went silent, while it is so.
func (p *Call) trouble(width int) []string {
	if p.Call.State() != call.StateReconnecting {
		return nil
	}
	return labelled(p.Theme, p.Theme.Glyphs.Warn, p.Theme.Warn,
		"The path went silent. Checks go on; r restarts ICE: new candidates, new checks.", 1, width)
}

// ending tells how the call ended, and who ended it.
func (p *Call) ending(width int) []string {
	level := draw.Bad
	if p.Verdict.Exit == diag.ExitPass {
		level = draw.Good
	} else if p.Verdict.Exit == diag.ExitInterrupted {
		level = draw.Warn
	}
	mark, paint := p.Theme.Mark(level)
	l := draw.NewLine(width).Gap(1).Add(paint, mark).Gap(1).Add(p.Theme.Strong, capital(words.Verdict(p.Verdict).Headline))
	l.Right(draw.NewLine(width).Add(p.Theme.Dim, endedBy(p.Call.Ended.By)+" at "+draw.Clock(p.Call.EndedAt)).Gap(1))
	return []string{l.String()}
}

func endedBy(by diag.EndedBy) string {
	switch by {
	case diag.ByLocal:
		return "ended by you"
	case diag.ByRemote:
		return "ended by the other party"
	case diag.ByServer:
		return "ended by the signaling server"
	case diag.ByNetwork:
		return "ended by the network"
	}
	return "ended"
}

// why tells why the call failed, and what to do.
func (p *Call) why(width int) []string {
	th, said := p.Theme, words.Verdict(p.Verdict)
	var why, todo []string
	for _, s := range said.Why {
		why = append(why, labelled(th, th.Glyphs.Dot, th.Dim, s, 1, width)...)
	}
	for i, s := range said.Next {
		todo = append(todo, labelled(th, strconv.Itoa(i+1)+".", th.Accent, s, 1, width)...)
	}
	if len(why) > 0 {
		why = append([]string{heading(th, width, "Why")}, why...)
	}
	if len(todo) > 0 {
		todo = append([]string{heading(th, width, "What to do")}, todo...)
	}
	gap := 0
	if p.height >= 24 {
		gap = 1
	}
	return join(gap, why, todo)
}

// messages are the latest of the data channels, newest last. Greetings between the programs are left to the data pane.
func (p *Call) messages(width, height int) []string {
	if height < 1 {
		return nil
	}
	title := heading(p.Theme, width, "Messages")
	var rows []string
	all := p.Call.Messages
	for i := len(all) - 1; i >= 0 && len(rows) < max(height-1, 1); i-- {
		if c := all[i].Control; c != nil && c.Code == "hello" || isEcho(all, i) {
			continue
		}
		if height == 1 {
			return []string{title + messageLine(p.Theme, all[i], width-draw.Width(title))}
		}
		rows = append(rows, messageLine(p.Theme, all[i], width))
	}
	if len(rows) == 0 {
		return nil
	}
	slices.Reverse(rows)
	return append([]string{title}, rows...)
}
