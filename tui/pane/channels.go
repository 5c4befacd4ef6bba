package pane

import (
	"cmp"
	"fmt"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/words"
	"dialtone/diag/words/term"
	"dialtone/tui/draw"
)

// channels is the table of data channels; those that dialtone does not know are marked and shown as they came.
func (p *Data) channels(width, height int) []string {
	rows := p.Call.Channels
	if len(rows) == 0 || height < 2 {
		return nil
	}
	fit := len(rows)
	if fit > height-1 {
		fit = max(height-2, 0)
	}
	out := p.channelColumns().table(rows[:fit], -1).Lines(p.Theme, width)
	if n := len(rows) - fit; n > 0 {
		out = append(out, draw.Row(width, 1, p.Theme.Dim, "and "+words.Count(n, "more channel", "more channels")))
	} else if width < channelsWide {
		out = append(out, p.unknown(width)...)
	}
	return out[:min(len(out), height)]
}

// channelsWide is the width from which the table says all that is known of a channel.
const channelsWide = 130

// unknown describes the channels that dialtone does not know: that for which the table may have no column.
func (p *Data) unknown(width int) []string {
	var out []string
	for _, ch := range p.Call.Channels {
		if term.Channel(ch.Label) == term.UnknownChannel {
			out = append(out, draw.Wrapped(p.Theme.Dim,
				ch.Label+": protocol "+cmp.Or(ch.Protocol, "not named")+" · "+term.Delivery(ch.ChannelOpen), 5, width-1)...)
		}
	}
	return out
}

func (p *Data) channelColumns() columns[call.ChannelRow] {
	th, out := p.Theme, columns[call.ChannelRow]{}
	out.add(draw.Column{Title: "Channels", Min: 21, Max: 32, Strong: 8, Flex: true}, func(ch call.ChannelRow) draw.Cell {
		level := draw.Good
		if ch.ClosedAt != nil {
			level = draw.Idle
		}
		return th.Graded(level, cmp.Or(ch.Label, "(no label)"))
	})
	out.text(draw.Column{Title: "opened by", Min: 9, Keep: 6}, th.Plain, func(ch call.ChannelRow) string {
		if ch.Side == diag.Remote {
			return "peer"
		}
		return "you"
	})
	// what is not logged one by one is counted by the latest sample
	out.number("sent", 6, 0, func(ch call.ChannelRow) draw.Cell {
		return draw.Cell{Text: words.Number(max(ch.Sent, statsOf(ch).MessagesSent))}
	})
	out.number("received", 8, 0, func(ch call.ChannelRow) draw.Cell {
		return draw.Cell{Text: words.Number(max(ch.Received, statsOf(ch).MessagesReceived))}
	})
	out.number("kB "+th.Glyphs.Sending+" "+th.Glyphs.Receiving, 9, 3, func(ch call.ChannelRow) draw.Cell {
		if ch.Stats == nil {
			return draw.Cell{}
		}
		return draw.Cell{Text: kilobytes(ch.Stats.BytesSent) + " " + kilobytes(ch.Stats.BytesReceived)}
	})
	out.text(draw.Column{Title: "purpose", Min: 12, Keep: 1}, th.Dim, func(ch call.ChannelRow) string {
		if ch.ClosedAt != nil {
			return "closed, " + term.Channel(ch.Label)
		}
		return term.Channel(ch.Label)
	})
	delivery := draw.Column{Title: "delivery", Keep: 2, Min: 25, Max: 42, Flex: true}
	out.text(delivery, th.Dim, func(ch call.ChannelRow) string { return term.Delivery(ch.ChannelOpen) })
	protocol := draw.Column{Title: "protocol", Keep: 4, Min: 8, Max: 16, Flex: true}
	out.text(protocol, th.Dim, func(ch call.ChannelRow) string { return ch.Protocol })
	out.text(draw.Column{Title: "state", Keep: 5, Min: 6}, th.Dim, func(ch call.ChannelRow) string {
		if ch.ClosedAt != nil {
			return "closed"
		}
		return cmp.Or(statsOf(ch).State, "open")
	})
	return out
}

// statsOf are the counters of the latest sample; zero while there is none.
func statsOf(ch call.ChannelRow) diag.DataChannelRow {
	if ch.Stats == nil {
		return diag.DataChannelRow{}
	}
	return *ch.Stats
}

// kilobytes writes bytes in thousands, with a decimal while they are few.
func kilobytes(bytes uint64) string {
	if bytes < 100_000 {
		return fmt.Sprintf("%.1f", float64(bytes)/1000)
	}
	return words.Number(bytes / 1000)
}

// association is what is known of the SCTP association that carries all channels.
func (p *Data) association(width int) []string {
	s := p.Call.Latest()
	if s == nil || s.SCTP == nil {
		return nil
	}
	rtt := ""
	if v := s.SCTP.SmoothedRoundTripTime; v != nil {
		rtt = "round-trip time " + words.Seconds(*v)
	}
	text := words.Join(" · ", p.Call.SCTP.State, rtt, "congestion window "+words.Bytes(uint64(s.SCTP.CongestionWindow)),
		fmt.Sprintf("MTU %d", s.SCTP.MTU))
	return p.Theme.Labeled("SCTP", p.Theme.Strong, text, 1, width)
}
