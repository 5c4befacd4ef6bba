package pane

import (
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/words"
	"dialtone/diag/words/term"
	"dialtone/tui/draw"
)

// messageMost is how many lines one message may take of those that are shown.
const messageMost = 8

// messageLines is one message: when, which way, and its text, in at most so many lines. A message on a channel other
// than the chat names it.
func messageLines(th *draw.Theme, m call.MessageRow, width, most int) []string {
	first := draw.NewLine(width).Gap(2).Add(th.Dim, words.Clock(m.At)).Gap(1)
	arrow, paint := th.Glyphs.Received, th.Plain
	if m.Direction == diag.Outbound {
		arrow, paint = th.Glyphs.Sent, th.Accent
	}
	first.Add(paint, arrow).Gap(1)
	label, text, note := "", m.Text, ""
	switch {
	case m.Control != nil:
		text, paint = term.Control(*m.Control), th.Dim
	case m.Label != diag.LabelChat:
		label = m.Label + ": "
	}
	size := words.Bytes(uint64(max(m.Bytes, 0)))
	switch {
	case m.Control != nil:
	case m.Binary:
		text, note = "", "binary, "+size
	case m.Truncated:
		note = " (the beginning of " + size + ")"
	}
	indent := first.Width()
	if most == 1 || draw.Width(label+text+note) <= width-indent || width < 2*indent {
		return []string{first.Add(th.Dim, label).Add(paint, text).Add(th.Dim, note).String()}
	}
	out := draw.Wrap(label+text+note, width-indent)
	for i, part := range out[:min(len(out), most)] {
		switch {
		case i == 0:
			out[i] = first.Add(paint, part).String()
		case i == most-1 && len(out) > most:
			out[i] = draw.Row(width, indent, th.Dim, th.Glyphs.More)
		default:
			out[i] = draw.Row(width, indent, paint, part)
		}
	}
	return out[:min(len(out), most)]
}

// isEcho reports whether message i repeats another of the last second: control messages go over both channels that are
// known for them, for peers that listen to one of them only.
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
