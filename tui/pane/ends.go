package pane

import (
	"fmt"
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/words"
	"dialtone/diag/words/term"
	"dialtone/tui/draw"
)

// ends is what both peers count of each stream, side by side, and the contradictions between them. Nothing when the
// peer sends no statistics.
func (p *Media) ends() []string {
	e, known := p.Call.BothEnds()
	if !known {
		return nil
	}
	t := p.endsColumns().table(e.Streams[:min(len(e.Streams), maxStreams)], -1)
	out := append(t.Lines(p.Theme, p.width), draw.Row(p.width, 3, p.Theme.Dim, endsText(p.Call, e)))
	found := judge.EndsFindings(p.Call)
	for _, f := range found[:min(len(found), max(p.height/6, 1)+p.gap())] {
		out = append(out, p.Theme.Marked(draw.Warn, words.Of(f).Title, 1, min(p.width, twoColumns))...)
	}
	return out
}

func (p *Media) endsColumns() columns[call.EndsStream] {
	out := columns[call.EndsStream]{}
	th := p.Theme
	out.text(draw.Column{Title: "Both ends", Strong: 9, Min: 12, Max: 20}, th.Plain, func(s call.EndsStream) string {
		return words.Join(" ", arrow(th, s.Direction), s.Kind, term.Codec(s.MimeType()))
	})
	out.text(draw.Column{Title: "packets sent → received", Min: 23}, th.Plain, func(s call.EndsStream) string {
		from, to := "local", "remote"
		if s.Direction == diag.Inbound {
			from, to = to, from
		}
		return packets(s.Sent) + " " + from + " → " + packets(s.Received) + " " + to
	})
	out.number("missing", 7, 0, func(s call.EndsStream) draw.Cell {
		if n, known := s.Missing(); known {
			return draw.Cell{Text: words.Number(n)}
		}
		return draw.Cell{}
	})
	out.number("lost: local", 11, 2, func(s call.EndsStream) draw.Cell { return countCell(s.Lost(diag.Local)) })
	out.number("remote", 6, 2, func(s call.EndsStream) draw.Cell { return countCell(s.Lost(diag.Remote)) })
	out.text(draw.Column{Title: "video", Min: 7, Keep: 3}, th.Plain, videos)
	return out
}

func packets(n *uint64) string {
	if n == nil {
		return "?"
	}
	return words.Number(*n)
}

// videos is the size and the frame rate as sent and as received; once when both are equal.
func videos(s call.EndsStream) string {
	var size, sent, received string
	if o := s.Sender; o != nil {
		size = words.Size(o.FrameWidth, o.FrameHeight)
		sent = words.Join(" ", size, fpsText(o.FramesPerSecond))
	}
	if in := s.Receiver; in != nil {
		received = words.Join(" ", words.Size(in.FrameWidth, in.FrameHeight), fpsText(in.FramesPerSecond))
	}
	switch {
	case sent == received, received == "":
		return sent
	case sent == "":
		return received
	case size != "" && strings.HasPrefix(received, size+" "):
		return strings.TrimSuffix(sent, " fps") + " → " + strings.TrimPrefix(received, size+" ")
	}
	return sent + " → " + received
}

// endsText is the round-trip times at both ends, and the age of the peer's statistics when they are old.
func endsText(c *call.Call, e call.Ends) string {
	agree, old := "", ""
	if len(judge.EndsFindings(c)) == 0 {
		agree = "the counts of both ends agree"
	}
	if now := max(c.Now, e.At); now-e.At > sampleGap && c.Ended == nil {
		old = "no statistics from the peer for " + words.Duration(now-e.At)
	}
	return words.Join(", ", "round-trip time "+rttText(e.RTTHere)+" local, "+rttText(e.RTTThere)+" remote", agree, old)
}

func rttText(seconds *float64) string {
	if seconds == nil {
		return "not measured"
	}
	if *seconds == 0 { // browsers round to whole milliseconds
		return "< 1 ms"
	}
	return words.Seconds(*seconds)
}

// endsLine is the same in a line: the first contradiction, or that there is none.
func (p *Call) endsLine(width int) []string {
	e, known := p.Call.BothEnds()
	if !known {
		return nil
	}
	level := draw.Good
	text := "Both ends agree: " + missingText(e)
	if found := judge.EndsFindings(p.Call); len(found) > 0 {
		level, text = draw.Warn, words.Of(found[0]).Title
	}
	mark, paint := p.Theme.Mark(level)
	return []string{draw.NewLine(width).Gap(1).Add(paint, mark).Gap(1).Add(p.Theme.Plain,
		draw.Truncate(draw.Safe(text), width-4)).String()}
}

// missingText sums up what was sent and not received, both ways. The counts of both ends are never of quite one moment.
func missingText(e call.Ends) string {
	var sent, missing uint64
	for _, s := range e.Streams {
		if n, known := s.Missing(); known {
			sent, missing = sent+*s.Sent, missing+n
		}
	}
	return fmt.Sprintf("%s of %s packets lost or in flight", words.Number(missing), words.Number(sent))
}
