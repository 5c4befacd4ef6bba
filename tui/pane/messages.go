package pane

import (
	"fmt"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/tui/draw"
)

// messageLine is one message: when, which way, and what it says. What came over a channel other than the chat names it.
func messageLine(th *draw.Theme, m call.MessageRow, width int) string {
	l := draw.NewLine(width).Gap(2).Add(th.Dim, draw.Clock(m.At)).Gap(1)
	arrow, paint := th.Glyphs.Received, th.Plain
	if m.Direction == diag.Outbound {
		arrow, paint = th.Glyphs.Sent, th.Accent
	}
	l.Add(paint, arrow).Gap(1)
	switch {
	case m.Control != nil:
		return l.Add(th.Dim, controlWords(*m.Control)).String()
	case m.Label != diag.LabelChat:
		l.Add(th.Dim, m.Label+": ")
	}
	if m.Binary {
		return l.Add(th.Dim, fmt.Sprintf("binary, %s bytes", draw.Count(uint64(max(m.Bytes, 0))))).String()
	}
	l.Add(paint, m.Text)
	if m.Truncated {
		l.Add(th.Dim, fmt.Sprintf(" (the beginning of %s bytes)", draw.Count(uint64(max(m.Bytes, 0)))))
	}
	return l.String()
}

// messageMost is how many lines one message may take of those that are shown.
const messageMost = 8

// messageLines is one message, its text wrapped below itself where a line is too short for it.
func messageLines(th *draw.Theme, m call.MessageRow, width int) []string {
	first := messageLine(th, m, width)
	indent := 2 + draw.Width(draw.Clock(m.At)) + 3
	if m.Control != nil || m.Binary || draw.Width(m.Text) < width-indent || width < 2*indent {
		return []string{first}
	}
	text, paint := m.Text, th.Plain
	if m.Label != diag.LabelChat {
		text = m.Label + ": " + text
	}
	if m.Truncated {
		text += fmt.Sprintf(" (the beginning of %s bytes)", draw.Count(uint64(max(m.Bytes, 0))))
	}
	arrow := th.Glyphs.Received
	if m.Direction == diag.Outbound {
		arrow, paint = th.Glyphs.Sent, th.Accent
	}
	var out []string
	for i, part := range draw.Wrap(text, width-indent) {
		l := draw.NewLine(width)
		if i == 0 {
			l.Gap(2).Add(th.Dim, draw.Clock(m.At)).Gap(1).Add(paint, arrow)
		}
		if i == messageMost-1 {
			return append(out, l.To(indent).Add(th.Dim, th.Glyphs.More).String())
		}
		out = append(out, l.To(indent).Add(paint, part).String())
	}
	return out
}

// isEcho reports whether message i only repeats another of the last second: control messages go over both channels that
// are known for them, so that whoever listens to one of them understands.
func isEcho(list []call.MessageRow, i int) bool {
	m := &list[i]
	if m.Control == nil {
		return false
	}
	for k := i - 1; k >= 0 && i-k <= 16 && m.At-list[k].At < time.Second; k-- {
		if o := &list[k]; o.Control != nil && o.Label != m.Label && sameControl(*o.Control, *m.Control) {
			return true
		}
	}
	return false
}

func sameControl(a, b diag.Control) bool {
	on := func(v *bool) bool { return v != nil && *v }
	return a.Direction == b.Direction && a.Code == b.Code && a.Agent == b.Agent && on(a.Value) == on(b.Value)
}

// controlWords says what a control message means.
func controlWords(c diag.Control) string {
	who := "peer"
	if c.Direction == diag.Outbound {
		who = "you"
	}
	on := c.Value != nil && *c.Value
	switch c.Code {
	case "reject":
		return who + " hung up"
	case "hello":
		return joinSpace(who, "said hello", c.Agent)
	case "restart":
		return who + " asked for an ICE restart"
	case "mute_audio", "mute_microphone":
		return who + " " + mutedWord(on) + " audio"
	case "mute_video":
		return who + " " + mutedWord(on) + " video"
	}
	return who + " sent " + c.Code
}

func mutedWord(muted bool) string {
	if muted {
		return "muted"
	}
	return "unmuted"
}
