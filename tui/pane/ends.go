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

var endsColumns = []draw.Column{
	{Title: "Both ends", Strong: 9, Min: 12, Max: 20},
	{Title: "", Min: 17},
	{Title: "missing", Right: true, Min: 7},
	{Title: "lost: here", Right: true, Min: 10, Keep: 2},
	{Title: "there", Right: true, Min: 5, Keep: 2},
	{Title: "picture", Min: 7, Keep: 3},
}

// ends is what both parties count of each stream, side by side, with what contradicts. Nothing where the other party
// does not tell.
func (p *Media) ends(gap int) []string {
	e, told := p.Call.BothEnds()
	if !told {
		return nil
	}
	t := draw.Table{Indent: 3, Cursor: -1, Columns: endsColumns}
	for i, s := range e.Streams {
		if i == maxStreams {
			break
		}
		t.Rows = append(t.Rows, p.endsRow(s))
	}
	lead := draw.NewLine(p.width).Gap(3).Add(p.Theme.Dim, endsWords(p.Call, e)).String()
	out := append(t.Lines(p.Theme, p.width), lead)
	most := max(p.height/6, 1) + gap
	for _, f := range judge.EndsFindings(p.Call) {
		if most--; most < 0 {
			break
		}
		out = append(out, labelled(p.Theme, p.Theme.Glyphs.Warn, p.Theme.Warn, words.Of(f).Title, 1, min(p.width, twoColumns))...)
	}
	return out
}

func (p *Media) endsRow(s call.EndsStream) []draw.Cell {
	th := p.Theme
	from, to := "here", "there"
	if s.Direction == diag.Inbound {
		from, to = to, from
	}
	missing := draw.Cell{}
	if n, known := s.Missing(); known {
		missing.Text = draw.Count(n)
	}
	return []draw.Cell{
		{Text: joinSpace(arrow(th, s.Direction), s.Kind, codec(s.MimeType))},
		{Text: packetsOr(s.Sent) + " " + from + " → " + packetsOr(s.Received) + " " + to},
		missing,
		lostCell(s.LostHere),
		lostCell(s.LostThere),
		{Text: pictures(s)},
	}
}

func packetsOr(n *uint64) string {
	if n == nil {
		return "?"
	}
	return draw.Count(*n)
}

func lostCell(n *int64) draw.Cell {
	if n == nil {
		return draw.Cell{}
	}
	return draw.Cell{Text: draw.Count(uint64(max(*n, 0)))}
}

// pictures tells video as it is sent and as it is received; once where both are alike.
func pictures(s call.EndsStream) string {
	sent, received := pictureWords(s.AtSender), pictureWords(s.AtReceiver)
	switch size := picture(s.AtSender.Width, s.AtSender.Height); {
	case sent == received:
		return sent
	case sent == "" || received == "":
		return sent + received
	case size != "" && strings.HasPrefix(received, size+" "):
		return strings.TrimSuffix(sent, " fps") + " → " + strings.TrimPrefix(received, size+" ")
	}
	return sent + " → " + received
}

func pictureWords(e call.EndPicture) string {
	fps := ""
	if e.FPS != nil {
		fps = fmt.Sprintf("%.0f fps", *e.FPS)
	}
	return joinSpace(picture(e.Width, e.Height), fps)
}

// endsWords are the round trips of both ends, and how old the other one's statistics are where they are not of now.
func endsWords(c *call.Call, e call.Ends) string {
	old := ""
	if now := max(c.Now, e.At); now-e.At > sampleGap && c.Ended == nil {
		old = "the other party has told nothing for " + draw.Span(now-e.At)
	}
	agree := ""
	if len(judge.EndsFindings(c)) == 0 {
		agree = "both ends agree"
	}
	return join2(join2("round trip "+tripOr(e.RTTHere)+" here, "+tripOr(e.RTTThere)+" there", agree), old)
}

func tripOr(seconds *float64) string {
	if seconds == nil {
		return "not measured"
	}
	if *seconds == 0 { // browsers round to whole milliseconds
		return "< 1 ms"
	}
	return draw.Span(secs(*seconds))
}

// endsLine is the same in a line: what contradicts, or that nothing does.
func (p *Call) endsLine(width int) []string {
	e, told := p.Call.BothEnds()
	if !told {
		return nil
	}
	level, text := draw.Good, "Both ends agree: "+missingWords(e)+", rtt "+tripOr(e.RTTHere)+" and "+tripOr(e.RTTThere)
	if found := judge.EndsFindings(p.Call); len(found) > 0 {
		level, text = draw.Warn, words.Of(found[0]).Title
	}
	mark, paint := p.Theme.Mark(level)
	return []string{draw.NewLine(width).Gap(1).Add(paint, mark).Gap(1).Add(p.Theme.Plain,
		draw.Truncate(draw.Safe(text), width-4)).String()}
}

// missingWords sums up what was sent and not received, both ways.
func missingWords(e call.Ends) string {
	var sent, missing uint64
	for _, s := range e.Streams {
		if n, known := s.Missing(); known {
			sent, missing = sent+*s.Sent, missing+n
		}
	}
	return fmt.Sprintf("%s of %s packets missing", draw.Count(missing), draw.Count(sent))
}
