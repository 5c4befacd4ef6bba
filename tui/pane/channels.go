package pane

import (
	"fmt"

	"dialtone/diag"
	"dialtone/tui/draw"
)

// channels is the table of data channels; those that dialtone does not know are marked and shown as they came.
func (p *Data) channels(width, height int) []string {
	rows := p.Call.Channels
	if len(rows) == 0 || height < 2 {
		return nil
	}
	t := draw.Table{Indent: 3, Cursor: -1, Columns: []draw.Column{
		{Title: "Channels", Min: 19, Max: 30, Strong: 8, Flex: true},
		{Title: "opened by", Min: 9, Keep: 3},
		{Title: "sent", Right: true, Min: 6},
		{Title: "received", Right: true, Min: 8},
		{Title: "what it is", Min: 12, Keep: 1},
		{Title: "delivery", Keep: 2, Min: 20, Max: 36, Flex: true},
		{Title: "protocol", Keep: 4, Min: 8, Max: 16, Flex: true},
	}}
	shown := rows
	if len(rows) > height-1 {
		shown = rows[:max(height-2, 0)]
	}
	for _, ch := range shown {
		t.Rows = append(t.Rows, p.channelRow(ch))
	}
	out := t.Lines(p.Theme, width)
	if n := len(rows) - len(shown); n > 0 {
		out = append(out, draw.NewLine(width).Gap(1).Add(p.Theme.Dim, "and "+draw.Plural(n, "more channel", "more channels")).String())
	}
	return out
}

func (p *Data) channelRow(ch diag.ChannelRow) []draw.Cell {
	th := p.Theme
	mark, paint := th.Mark(draw.Good)
	if ch.ClosedAt != nil {
		mark, paint = th.Mark(draw.Idle)
	}
	by := "you"
	if ch.Side == diag.Remote {
		by = "peer"
	}
	what := channelWords(ch.Label)
	if ch.ClosedAt != nil {
		what = "closed"
	}
	label := ch.Label
	if label == "" {
		label = "(no label)"
	}
	return []draw.Cell{
		{Text: label, Mark: mark, Level: paint},
		{Text: by},
		{Text: draw.Count(ch.Sent)},
		{Text: draw.Count(ch.Received)},
		{Text: what, Paint: th.Dim},
		{Text: deliveryWords(ch.ChannelOpen), Paint: th.Dim},
		{Text: ch.Protocol, Paint: th.Dim},
	}
}

// channelWords says what a channel is for.
func channelWords(label string) string {
	switch label {
	case diag.LabelChat:
		return "chat"
	case diag.LabelPing:
		return "round trips"
	case diag.LabelControl, diag.LabelControlLegacy:
		return "control"
	}
	return "unknown"
}

// deliveryWords says what a channel promises (RFC 8831 §6.1).
func deliveryWords(ch diag.ChannelOpen) string {
	s := "reliable"
	switch {
	case ch.MaxRetransmits != nil:
		s = fmt.Sprintf("at most %d resends", *ch.MaxRetransmits)
	case ch.MaxPacketLifeTime != nil:
		s = fmt.Sprintf("resent for %d ms", *ch.MaxPacketLifeTime)
	}
	if !ch.Ordered {
		s += ", unordered"
	}
	return s
}
