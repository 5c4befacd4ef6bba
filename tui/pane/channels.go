package pane

import (
	"fmt"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/tui/draw"
)

// channels is the table of data channels; those that dialtone does not know are marked and shown as they came.
func (p *Data) channels(width, height int) []string {
	rows := p.Call.Channels
	if len(rows) == 0 || height < 2 {
		return nil
	}
	t := draw.Table{Indent: 3, Cursor: -1, Columns: []draw.Column{
		{Title: "Channels", Min: 21, Max: 32, Strong: 8, Flex: true},
		{Title: "opened by", Min: 9, Keep: 6},
		{Title: "sent", Right: true, Min: 6},
		{Title: "received", Right: true, Min: 8},
		{Title: "kB " + p.Theme.Glyphs.Sending, Right: true, Min: 7, Keep: 3},
		{Title: "kB " + p.Theme.Glyphs.Receiving, Right: true, Min: 7, Keep: 3},
		{Title: "what it is", Min: 12, Keep: 1},
		{Title: "delivery", Keep: 2, Min: 18, Max: 36, Flex: true},
		{Title: "protocol", Keep: 4, Min: 8, Max: 16, Flex: true},
		{Title: "state", Keep: 5, Min: 6},
	}}
	shown := rows
	if len(rows) > height-1 {
		shown = rows[:max(height-2, 0)]
	}
	for _, ch := range shown {
		t.Rows = append(t.Rows, p.channelRow(ch))
	}
	out := t.Lines(p.Theme, width)
	if n := len(rows) - len(shown); n == 0 && width < channelsWide {
		unknown := p.unknown(width)
		out = append(out, unknown[:min(len(unknown), max(height-len(out), 0))]...)
	} else if n > 0 {
		out = append(out, draw.NewLine(width).Gap(1).Add(p.Theme.Dim,
			"and "+draw.Plural(n, "more channel", "more channels")).String())
	}
	return out
}

// channelsWide is the width from which the table says all that is known of a channel.
const channelsWide = 130

// unknown describes the channels that dialtone does not know: what the table may have no column for.
func (p *Data) unknown(width int) []string {
	var out []string
	for _, ch := range p.Call.Channels {
		if channelWords(ch) == unknownChannel {
			words := facts(p.Theme.Glyphs, prefixed("protocol ", orSay(ch.Protocol, "not named")), deliveryWords(ch.ChannelOpen))
			out = append(out, draw.NewLine(width).Gap(5).Add(p.Theme.Dim, ch.Label+": "+words).String())
		}
	}
	return out
}

func (p *Data) channelRow(ch call.ChannelRow) []draw.Cell {
	th := p.Theme
	mark, paint := th.Mark(draw.Good)
	if ch.ClosedAt != nil {
		mark, paint = th.Mark(draw.Idle)
	}
	by := "you"
	if ch.Side == diag.Remote {
		by = "peer"
	}
	what, state := channelWords(ch), "open"
	sent, received := draw.Cell{}, draw.Cell{}
	if s := ch.Stats; s != nil {
		state = s.State
		sent, received = draw.Cell{Text: kilo(s.BytesSent)}, draw.Cell{Text: kilo(s.BytesReceived)}
	}
	if ch.ClosedAt != nil {
		what, state = join2("closed", what), "closed"
	}
	label := ch.Label
	if label == "" {
		label = "(no label)"
	}
	return []draw.Cell{
		{Text: label, Mark: mark, Level: paint},
		{Text: by},
		{Text: draw.Count(max(ch.Sent, statsOf(ch).MessagesSent))},
		{Text: draw.Count(max(ch.Received, statsOf(ch).MessagesReceived))},
		sent,
		received,
		{Text: what, Paint: th.Dim},
		{Text: deliveryWords(ch.ChannelOpen), Paint: th.Dim},
		{Text: ch.Protocol, Paint: th.Dim},
		{Text: state, Paint: th.Dim},
	}
}

// statsOf are the counters of the latest sample: what is not logged one by one counts there.
func statsOf(ch call.ChannelRow) diag.DataChannelRow {
	if ch.Stats == nil {
		return diag.DataChannelRow{}
	}
	return *ch.Stats
}

// kilo writes bytes in thousands, with a decimal while they are few.
func kilo(bytes uint64) string {
	if bytes < 100_000 {
		return fmt.Sprintf("%.1f", float64(bytes)/1000)
	}
	return draw.Count(bytes / 1000)
}

// association is what is known of the SCTP association that carries all channels.
func (p *Data) association(width int) []string {
	s := p.Call.Latest()
	if s == nil || s.SCTP == nil {
		return nil
	}
	rtt := ""
	if v := s.SCTP.SmoothedRoundTripTime; v != nil {
		rtt = "round trip " + draw.Span(secs(*v))
	}
	text := facts(p.Theme.Glyphs, p.Call.SCTP.State, rtt, "window "+kilo(uint64(s.SCTP.CongestionWindow))+" kB",
		fmt.Sprintf("MTU %d", s.SCTP.MTU))
	return []string{draw.NewLine(width).Gap(1).Add(p.Theme.Strong, "SCTP").Gap(2).Add(p.Theme.Dim, text).String()}
}

const unknownChannel = "unknown"

// channelWords says what a channel is for.
func channelWords(ch call.ChannelRow) string {
	switch ch.Label {
	case diag.LabelChat:
		return "chat"
	case diag.LabelPing:
		return "round trips"
	case diag.LabelControl, diag.LabelControlLegacy:
		return "control"
	case diag.LabelStats:
		return "statistics"
	}
	return unknownChannel
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
