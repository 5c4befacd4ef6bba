package pane

import (
	"fmt"
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/words"
	"dialtone/tui/draw"
)

// ends is what both peers count of each stream, side by side, and the contradictions between them. Nothing when the
// peer sends no statistics.
func (p *Media) ends() []string {
	e, known := p.Call.BothEnds()
	if !known {
		return nil
	}
	columns := p.endsColumns()
	t := draw.Table{Indent: 3, Cursor: -1, Columns: titles(columns)}
	for _, s := range e.Streams[:min(len(e.Streams), maxStreams)] {
		t.Rows = append(t.Rows, cells(columns, s))
	}
	out := append(t.Lines(p.Theme, p.width), draw.Row(p.width, 3, p.Theme.Dim, endsText(p.Call, e)))
	found := judge.EndsFindings(p.Call)
	for _, f := range found[:min(len(found), max(p.height/6, 1)+p.gap())] {
		out = append(out, graded(p.Theme, draw.Warn, words.Of(f).Title, 1, min(p.width, twoColumns))...)
	}
	return out
}

func (p *Media) endsColumns() []column[call.EndsStream] {
	type stream = call.EndsStream
	return []column[stream]{
		{Column: draw.Column{Title: "Both ends", Strong: 9, Min: 12, Max: 20}, cell: func(s stream) draw.Cell {
			return draw.Cell{Text: words.Join(" ", arrow(p.Theme, s.Direction), s.Kind, words.Codec(s.MimeType))}
		}},
		{Column: draw.Column{Title: "packets sent → received", Min: 23}, cell: func(s stream) draw.Cell {
			from, to := "local", "remote"
			if s.Direction == diag.Inbound {
				from, to = to, from
			}
			return draw.Cell{Text: packets(s.Sent) + " " + from + " → " + packets(s.Received) + " " + to}
		}},
		{Column: draw.Column{Title: "missing", Right: true, Min: 7}, cell: func(s stream) draw.Cell {
			if n, known := s.Missing(); known {
				return draw.Cell{Text: words.Number(n)}
			}
			return draw.Cell{}
		}},
		{Column: draw.Column{Title: "lost: local", Right: true, Min: 11, Keep: 2},
			cell: func(s stream) draw.Cell { return countCell(s.LostHere) }},
		{Column: draw.Column{Title: "remote", Right: true, Min: 6, Keep: 2},
			cell: func(s stream) draw.Cell { return countCell(s.LostThere) }},
		{Column: draw.Column{Title: "video", Min: 7, Keep: 3}, cell: func(s stream) draw.Cell { return draw.Cell{Text: videos(s)} }},
	}
}

func packets(n *uint64) string {
	if n == nil {
		return "?"
	}
	return words.Number(*n)
}

// videos is the size and the frame rate as sent and as received; once when both are equal.
func videos(s call.EndsStream) string {
	size := words.Size(s.AtSender.Width, s.AtSender.Height)
	sent := words.Join(" ", size, prefixedFPS(s.AtSender.FPS))
	received := words.Join(" ", words.Size(s.AtReceiver.Width, s.AtReceiver.Height), prefixedFPS(s.AtReceiver.FPS))
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
		agree = "both ends agree"
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
	level, text := draw.Good, "Both ends agree: "+missingText(e)+", RTT "+rttText(e.RTTHere)+" and "+rttText(e.RTTThere)
	if found := judge.EndsFindings(p.Call); len(found) > 0 {
		level, text = draw.Warn, words.Of(found[0]).Title
	}
	mark, paint := p.Theme.Mark(level)
	return []string{draw.NewLine(width).Gap(1).Add(paint, mark).Gap(1).Add(p.Theme.Plain,
		draw.Truncate(draw.Safe(text), width-4)).String()}
}

// missingText sums up what was sent and not received, both ways.
func missingText(e call.Ends) string {
	var sent, missing uint64
	for _, s := range e.Streams {
		if n, known := s.Missing(); known {
			sent, missing = sent+*s.Sent, missing+n
		}
	}
	return fmt.Sprintf("%s of %s packets missing", words.Number(missing), words.Number(sent))
}
