package pane

import (
	"fmt"
	"slices"
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/sdp"
	"dialtone/diag/words"
	"dialtone/diag/words/explain"
	"dialtone/diag/words/line"
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

// sdpSide is what a row shows of a line: offer and answer of different lines stand below each other where the screen
// is narrow.
type sdpSide uint8

const (
	sdpBoth sdpSide = iota
	sdpOffer
	sdpAnswer
)

func (p *SDP) beside() bool { return p.width >= twoColumns }

// arrange makes the rows that are not folded.
func (p *SDP) arrange() {
	p.rows = p.list(func(section int) bool { return p.open[section] })
}

// every row, also of what is folded.
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
	if i := slices.Index(p.rows, row); i >= 0 {
		return i
	}
	return max(slices.Index(p.rows, sdpRow{section: row.section}), 0)
}

// lines are the lines of offer and answer that the row shows; nil for none.
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

// text is what a search reads, and what is copied.
func (p *SDP) text(row sdpRow) string {
	d := p.sections[row.section]
	switch row.kind {
	case sdpHead:
		return sectionName(d)
	case sdpRemark:
		return explain.SDPDifference(d.Remarks[row.index])
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

// title names the two descriptions, their origin and their time.
func (p *SDP) title() string {
	th := p.Theme
	x := p.exchanges[len(p.exchanges)-1-p.older]
	l := draw.NewLine(p.width).Gap(1).Add(th.Strong, "Offer").Gap(1).Add(th.Dim, origin(x.offer))
	if p.beside() {
		l.To(p.half())
	} else {
		l.Gap(3)
	}
	l.Add(th.Strong, "Answer").Gap(1).Add(th.Dim, origin(x.answer))
	if n := len(p.exchanges); n > 1 {
		l.Note(th.Dim, fmt.Sprintf("exchange %d of %d", n-p.older, n))
	}
	return l.String()
}

func origin(d *call.DescriptionRow) string {
	if d == nil {
		return "missing"
	}
	who := "local"
	if d.Side == diag.Remote {
		who = "remote"
	}
	if d.ICERestart {
		who += ", ICE restart"
	}
	return who + ", at " + strings.TrimSpace(line.Time(d.At)) + " s"
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
		mark, paint := p.mark(r.Kind.Mark())
		highlight(l.To(5).Add(paint, mark).Gap(1), p.Theme, paint, explain.SDPDifference(r), p.search.words)
	case sdpLine:
		p.line(l, row)
	}
	return l.String()
}

// mark is how a difference looks: minus for what the answer omits, plus for what it adds, a wave for what it changes.
func (p *SDP) mark(m sdp.Mark) (string, draw.Paint) {
	switch m {
	case sdp.Dropped:
		return "-", p.Theme.Warn
	case sdp.Added:
		return "+", p.Theme.Accent
	case sdp.Changed:
		return "~", p.Theme.Warn
	case sdp.Same, sdp.Own:
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
	lines := words.Count(len(d.Rows), "line", "lines")
	if p.beside() && d.Offer != nil && d.Answer != nil {
		l.Add(th.Plain, draw.Truncate(summary(d.Offer), max(p.half()-l.Width()-1, 0)))
		l.To(p.half()).Add(th.Plain, summary(d.Answer)).Note(th.Dim, lines)
		return
	}
	described := d.Answer
	if described == nil {
		described = d.Offer
	} else if p.beside() {
		l.To(p.half())
	}
	l.Add(th.Plain, summary(described))
	if l.Room() > 12 {
		l.Note(th.Dim, lines)
	}
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

// mostNames is how many codecs a summary names.
const mostNames = 5

// summary is a section in a few words.
func summary(s *sdp.Section) string {
	if s.Kind == "session" {
		return sessionSummary(s)
	}
	if s.Rejected() {
		return "rejected"
	}
	var names []string
	counts := map[string]int{}
	for _, c := range s.Codecs {
		if c.Auxiliary() {
			continue // they only serve the others
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
	setup := ""
	if s.Kind == "application" {
		setup = words.Prefixed("DTLS ", s.Setup)
	}
	extensions := ifAny(len(s.Extensions), "extension", "extensions")
	return words.Join(" · ", s.Direction, strings.Join(names, ", ")+rest, extensions, setup)
}

func sessionSummary(s *sdp.Section) string {
	var bundle, lite string
	for _, l := range s.Lines {
		if rest, ok := strings.CutPrefix(l.Value, "BUNDLE "); ok && l.Name == "group" {
			bundle = "one path for sections " + rest
		}
		if l.Name == "ice-lite" {
			lite = "ICE-lite"
		}
	}
	return words.Join(" · ", bundle, lite)
}

// tagColumn and textColumn are where the origin of a line, and the line itself, are aligned.
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
		if offer != nil && answer != nil && r.Mark != sdp.Same && r.Mark != sdp.Own {
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
