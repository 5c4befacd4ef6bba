package pane

import (
	"fmt"
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/sdp"
	"dialtone/diag/words"
	"dialtone/tui/draw"
)

// sdpRow is one row of the pane: a section's head, one of its remarks, or one of its lines.
type sdpRow struct {
	section int
	kind    sdpKind
	index   int // of the remark, or of the line
	side    sdpSide
}

type sdpKind uint8

const (
	sdpHead sdpKind = iota
	sdpRemark
	sdpLine
)

// sdpSide is what of a line stands in its row: offer and answer of different lines stand below each other where the
// screen is narrow.
type sdpSide uint8

const (
	sdpBoth sdpSide = iota
	sdpOffer
	sdpAnswer
)

func (p *SDP) beside() bool { return p.width >= twoColumns }

// arrange makes the rows of what is not folded.
func (p *SDP) arrange() {
	p.rows = p.list(func(section int) bool { return p.open[section] })
}

// every row there would be if nothing was folded.
func (p *SDP) every() []sdpRow { return p.list(func(int) bool { return true }) }

func (p *SDP) list(open func(section int) bool) []sdpRow {
	var out []sdpRow
	for s, d := range p.sections {
		out = append(out, sdpRow{section: s})
		for i := range d.Remarks {
			out = append(out, sdpRow{section: s, kind: sdpRemark, index: i})
		}
		if !open(s) {
			continue
		}
		for i, r := range d.Rows {
			row := sdpRow{section: s, kind: sdpLine, index: i}
			switch {
			case p.beside(), r.Offer != nil && r.Answer != nil && r.Offer.Text == r.Answer.Text:
				out = append(out, row)
				continue
			}
			if r.Offer != nil {
				row.side = sdpOffer
				out = append(out, row)
			}
			if r.Answer != nil {
				row.side = sdpAnswer
				out = append(out, row)
			}
		}
	}
	return out
}

// place is where a row stands now; the head of its section when it is folded.
func (p *SDP) place(row sdpRow) int {
	if i := indexOf(p.rows, row); i >= 0 {
		return i
	}
	return max(indexOf(p.rows, sdpRow{section: row.section}), 0)
}

func indexOf(rows []sdpRow, row sdpRow) int {
	for i, r := range rows {
		if r == row {
			return i
		}
	}
	return -1
}

// lines are what of offer and answer the row shows; nil for nothing.
func (p *SDP) lines(row sdpRow) (offer, answer *sdp.Line) {
	r := p.sections[row.section].Rows[row.index]
	switch row.side {
	case sdpOffer:
		return r.Offer, nil
	case sdpAnswer:
		return nil, r.Answer
	case sdpBoth:
	}
	return r.Offer, r.Answer
}

// text is what a search looks at, and what is copied.
func (p *SDP) text(row sdpRow) string {
	d := p.sections[row.section]
	switch row.kind {
	case sdpHead:
		return sectionName(d)
	case sdpRemark:
		return d.Remarks[row.index].Text
	case sdpLine:
	}
	offer, answer := p.lines(row)
	switch {
	case offer == nil && answer == nil:
		return ""
	case offer == nil:
		return answer.Text
	case answer == nil || answer.Text == offer.Text:
		return offer.Text
	}
	return offer.Text + "\n" + answer.Text
}

// half is the column from which the answer stands where it stands beside the offer.
func (p *SDP) half() int { return p.width / 2 }

// title names the two descriptions, whose they are and when they came.
func (p *SDP) title() string {
	th := p.Theme
	x := p.exchanges[len(p.exchanges)-1-p.older]
	l := draw.NewLine(p.width).Gap(1).Add(th.Strong, "Offer").Gap(1).Add(th.Dim, whose(x.offer))
	if p.beside() {
		l.To(p.half())
	} else {
		l.Gap(3)
	}
	l.Add(th.Strong, "Answer").Gap(1).Add(th.Dim, whose(x.answer))
	if n := len(p.exchanges); n > 1 {
		l.Right(draw.NewLine(p.width).Add(th.Dim, fmt.Sprintf("exchange %d of %d", n-p.older, n)).Gap(1))
	}
	return l.String()
}

func whose(d *call.DescriptionRow) string {
	if d == nil {
		return "not there"
	}
	who := "yours"
	if d.Side == diag.Remote {
		who = "the peer's"
	}
	if d.ICERestart {
		who += ", ICE restart"
	}
	return who + ", at " + strings.TrimSpace(words.Clock(d.At)) + " s"
}

func (p *SDP) draw(row sdpRow, selected bool) string {
	l := draw.NewLine(p.width)
	if selected {
		l.Add(p.Theme.Accent, p.Theme.Glyphs.Cursor)
	}
	l.To(1)
	switch row.kind {
	case sdpHead:
		p.head(l, row)
	case sdpRemark:
		r := p.sections[row.section].Remarks[row.index]
		mark, paint := p.mark(r.Mark)
		highlight(l.To(5).Add(paint, mark).Gap(1), p.Theme, paint, r.Text, p.search.words)
	case sdpLine:
		p.line(l, row)
	}
	return l.String()
}

// mark is how a difference looks: minus for what the answer leaves out, plus for what it adds, a wave for what it
// changes.
func (p *SDP) mark(m sdp.Mark) (string, draw.Paint) {
	switch m {
	case sdp.SDPDropped:
		return "-", p.Theme.Warn
	case sdp.SDPAdded:
		return "+", p.Theme.Accent
	case sdp.SDPChanged:
		return "~", p.Theme.Warn
	case sdp.SDPSame, sdp.SDPOwn:
	}
	return " ", p.Theme.Plain
}

// head is a section in one line: what it is, which way media flows, and the codecs.
func (p *SDP) head(l *draw.Line, row sdpRow) {
	th, d := p.Theme, p.sections[row.section]
	glyph := th.Glyphs.Folded
	if p.open[row.section] {
		glyph = th.Glyphs.Open
	}
	l.Add(th.Accent, glyph).Gap(1)
	highlight(l, th, th.Strong, sectionName(d), p.search.words).Gap(2)
	if !p.beside() || d.Offer == nil || d.Answer == nil {
		shown := d.Answer
		if shown == nil {
			shown = d.Offer
		} else if p.beside() {
			l.To(p.half())
		}
		l.Add(th.Plain, summary(th.Glyphs, shown)).Gap(2)
		if l.Room() > 12 {
			l.Right(draw.NewLine(p.width).Add(th.Dim, lineCount(d)).Gap(1))
		}
		return
	}
	l.Add(th.Plain, draw.Truncate(summary(th.Glyphs, d.Offer), max(p.half()-l.Width()-1, 0)))
	l.To(p.half()).Add(th.Plain, summary(th.Glyphs, d.Answer)).Right(draw.NewLine(p.width).Add(th.Dim,
		lineCount(d)).Gap(1))
}

func sectionName(d sdp.Difference) string {
	s := d.Offer
	if s == nil {
		s = d.Answer
	}
	if s.Mid != "" {
		return s.Kind + " (mid " + s.Mid + ")"
	}
	return s.Kind
}

func lineCount(d sdp.Difference) string {
	return draw.Plural(len(d.Rows), "line", "lines")
}

// mostNames is how many codecs a summary names.
const mostNames = 5

// summary is a section in a few words.
func summary(g draw.Glyphs, s *sdp.Section) string {
	if s.Kind == "session" {
		return sessionSummary(g, s)
	}
	if s.Rejected() {
		return "refused"
	}
	var names []string
	counts := map[string]int{}
	for _, c := range s.Codecs {
		if c.Auxiliary() {
			continue // they only help the others
		}
		if counts[c.Short()]++; counts[c.Short()] == 1 {
			names = append(names, c.Short())
		}
	}
	rest := ""
	if len(names) > mostNames {
		rest = fmt.Sprintf(" and %d more", len(names)-mostNames)
		names = names[:mostNames]
	}
	for i, n := range names {
		if counts[n] > 1 {
			names[i] = fmt.Sprintf("%d %s", counts[n], n)
		}
	}
	extensions := ""
	if n := len(s.Extensions); n > 0 {
		extensions = draw.Plural(n, "extension", "extensions")
	}
	setup := ""
	if s.Kind == "application" {
		setup = prefixed("DTLS ", s.Setup)
	}
	return facts(g, s.Direction, strings.Join(names, ", ")+rest, extensions, setup)
}

func sessionSummary(g draw.Glyphs, s *sdp.Section) string {
	var bundle, lite string
	for _, l := range s.Lines {
		if rest, ok := strings.CutPrefix(l.Value, "BUNDLE "); ok && l.Name == "group" {
			bundle = "one path for sections " + rest
		}
		if l.Name == "ice-lite" {
			lite = "ICE-lite"
		}
	}
	return facts(g, bundle, lite)
}

// tagColumn and textColumn are where whose line it is, and the line itself, stand below each other.
const (
	tagColumn  = 7
	textColumn = 14
)

func (p *SDP) line(l *draw.Line, row sdpRow) {
	th := p.Theme
	r := p.sections[row.section].Rows[row.index]
	offer, answer := p.lines(row)
	mark, paint := p.mark(r.Mark)
	write := func(l *draw.Line, s *sdp.Line) {
		if s != nil {
			highlight(l, th, paint, s.Text, p.search.words)
		}
	}
	l.To(5).Add(paint, mark).To(tagColumn)
	if p.beside() {
		left := draw.NewLine(max(p.half()-tagColumn-3, 0))
		write(left, offer)
		l.Append(left).To(p.half() - 2)
		if offer != nil && answer != nil && r.Mark != sdp.SDPSame && r.Mark != sdp.SDPOwn {
			l.Add(paint, mark)
		}
		write(l.To(p.half()), answer)
		return
	}
	switch row.side {
	case sdpOffer:
		l.Add(th.Dim, "offer")
	case sdpAnswer:
		l.Add(th.Dim, "answer")
	case sdpBoth:
	}
	l.To(textColumn)
	write(l, offer)
	if offer == nil {
		write(l, answer)
	}
}
