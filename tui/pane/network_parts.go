package pane

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/words"
	"dialtone/tui/draw"
)

// netPart is a section: a table of rows, or fixed lines.
type netPart struct {
	columns []draw.Column
	entries []netEntry
	empty   string   // what is said where there are no rows
	lines   []string // instead of a table
}

// netEntry is a row.
type netEntry struct {
	id     string // stays the same while other rows come and go
	cells  []draw.Cell
	always string   // below the row
	more   []string // below that, when it is unfolded
	about  string   // the row in words
	text   string   // the row for the clipboard
}

// maxNetRows bounds a section; only a recording that somebody has made up has more.
const maxNetRows = 100

// entries are the rows of all sections in the order of the cursor.
func (p *Network) entries() []netEntry {
	var out []netEntry
	left, right := p.parts()
	for _, part := range slices.Concat(left, right) {
		out = append(out, part.entries...)
	}
	return out
}

// parts are the sections of the left and of the right column. In a single one the behaviors come before the relays.
func (p *Network) parts() (left, right []netPart) {
	d, r := p.shown()
	if d == nil {
		return nil, nil
	}
	final := d.Report() != nil
	left = append(left, p.servers(d, r, final))
	if r == nil {
		return left, nil
	}
	right = append(right, p.behaviors(r))
	relays, runs := p.relays(r), p.runs()
	if p.width < twoColumns {
		left, right = append(left, right...), nil
	}
	if len(relays.entries) > 0 {
		left = append(left, relays)
	}
	if len(runs.entries) > 1 {
		left = append(left, runs)
	}
	if final {
		right = append(right, p.findings(r)...)
	}
	return left, right
}

var netServerColumns = []draw.Column{
	{Title: "Servers", Strong: 7, Min: 26, Max: 44, Flex: true},
	{Title: "over", Min: 4, Max: 5, Keep: 2},
	{Title: "rtt", Right: true, Min: 10},
	{Title: "lost", Right: true, Min: 7, Keep: 1},
	{Title: "sees us as", Min: 20, Flex: true},
	{Title: "grade", Min: 8, Keep: 3},
}

// servers lists those that have answered or failed, and those that are still asked.
func (p *Network) servers(d *call.NATRow, r *diag.NATReport, final bool) netPart {
	part := netPart{columns: netServerColumns, empty: "none"}
	told := map[string]bool{}
	if r != nil {
		for i, s := range r.Servers[:min(len(r.Servers), maxNetRows)] {
			told[s.URL] = true
			if s.Waiting || !final && !s.OK && s.Cause == "timeout" {
				part.entries = append(part.entries, p.asking(s.URL, s.Transport))
				continue
			}
			e := p.server(s)
			e.id = fmt.Sprint("server ", i, " ", s.URL)
			part.entries = append(part.entries, e)
		}
		for _, t := range r.TURN {
			told[t.URL] = true
		}
	}
	if final {
		return part
	}
	for _, u := range d.URLs[:min(len(d.URLs), maxNetRows)] {
		if !told[u] {
			part.entries = append(part.entries, p.asking(u, ""))
		}
	}
	return part
}

// asking is a server that has not answered so far.
func (p *Network) asking(url, transport string) netEntry {
	mark, paint := p.Theme.Mark(draw.Idle)
	return netEntry{
		id: "asking " + url + transport, text: url + ": asking", about: url +
			" is being asked and has not answered so far. Silence becomes a finding only when enough requests have gone unanswered.",
		cells: []draw.Cell{{Text: url, Mark: mark, Level: paint}, {Text: transport, Paint: p.Theme.Dim}, {}, {},
			{Text: "asking", Paint: p.Theme.Dim}},
	}
}

func (p *Network) server(s diag.NATServer) netEntry {
	th := p.Theme
	level, gave, paint := draw.Good, s.Mapped, th.Plain
	grade := s.Grade
	switch {
	case !s.OK:
		level, gave, paint = draw.Bad, cmp.Or(s.ErrorText, "it failed"), th.Bad
	case s.Outlier:
		level, grade = draw.Warn, "outlier"
	case s.Grade == diag.GradeRFC5780:
		grade = "RFC 5780"
	}
	mark, markPaint := th.Mark(level)
	rtt, lost := draw.Cell{}, draw.Cell{}
	if s.RTT != nil {
		n, unit := draw.Length(s.RTT.MedianMs.Duration())
		rtt = draw.Cell{Text: n, Unit: unit}
		lost = draw.Cell{Text: fmt.Sprintf("%d of %d", s.RTT.Lost, s.RTT.Sent)}
		if s.RTT.Lost > 0 {
			lost.Paint = th.Warn
		}
	}
	return netEntry{
		cells: []draw.Cell{
			{Text: s.URL, Mark: mark, Level: markPaint},
			{Text: s.Transport, Paint: th.Dim},
			rtt, lost,
			{Text: gave, Paint: paint},
			{Text: grade, Paint: th.Dim},
		},
		more: serverDetails(s), about: explainNATServer(s), text: strings.Join(append([]string{s.URL + " " + gave},
			serverDetails(s)...), "\n"),
	}
}

var behaviorColumns = []draw.Column{
	{Title: "Behavior", Strong: 8, Min: 13, Max: 14},
	{Title: "value", Min: 26, Max: 34},
	{Title: "confidence", Min: 13},
	{Title: "because", Min: 20, Flex: true, Keep: 1},
}

func (p *Network) behaviors(r *diag.NATReport) netPart {
	part := netPart{columns: behaviorColumns, empty: "nothing is known yet"}
	for _, row := range r.Behavior.Rows() {
		mark, paint := p.confidence(row.Confidence)
		because := ""
		if len(row.Evidence) > 0 {
			because = row.Evidence[0]
		}
		value := p.Theme.Plain
		switch {
		case row.Confidence == diag.NotKnown:
			value = p.Theme.Dim
		case hurts(row):
			value = p.Theme.Warn
		}
		part.entries = append(part.entries, netEntry{
			id: "behavior " + row.Name, more: orNone(row.Evidence), about: explainBehavior(row),
			text: strings.Join(append([]string{row.Name + ": " + row.Value + " (" + string(row.Confidence) + ")"},
				row.Evidence...), "\n"),
			cells: []draw.Cell{
				{Text: row.Name},
				{Text: row.Value, Paint: value},
				{Text: string(row.Confidence), Mark: mark, Level: paint},
				{Text: because, Paint: p.Theme.Dim},
			},
		})
	}
	return part
}

// confidence is the glyph of a confidence; the word stands beside it.
func (p *Network) confidence(c diag.Confidence) (string, draw.Paint) {
	switch c {
	case diag.Proven:
		return p.Theme.Mark(draw.Good)
	case diag.Likely:
		return p.Theme.Glyphs.Half, p.Theme.Good
	case diag.Contradictory:
		return p.Theme.Mark(draw.Warn)
	case diag.NotKnown:
	}
	return p.Theme.Mark(draw.Idle)
}

// hurts reports whether a value makes direct calls harder.
func hurts(row diag.NATBehaviorRow) bool {
	switch row.Value {
	case diag.AddressDependent, diag.AddressAndPortDependent:
		return row.Name != "filtering"
	case diag.BehaviorNone:
		return row.Name == "UDP"
	case diag.BehaviorPresent:
		return row.Name == "ALG"
	case diag.PoolingArbitrary:
		return true
	}
	return false
}

var relayColumns = []draw.Column{
	{Title: "Relays", Strong: 6, Min: 24, Max: 44, Flex: true},
	{Title: "over", Min: 4, Max: 5, Keep: 3},
	{Title: "relay address", Min: 20, Flex: true},
	{Title: "allocate", Right: true, Min: 10},
	{Title: "send", Right: true, Min: 10, Keep: 2},
	{Title: "channel", Right: true, Min: 10, Keep: 1},
}

func (p *Network) relays(r *diag.NATReport) netPart {
	part := netPart{columns: relayColumns}
	for i, t := range r.TURN[:min(len(r.TURN), maxNetRows)] {
		level, address, paint := draw.Good, t.RelayAddress, p.Theme.Plain
		always := ""
		switch {
		case !t.OK:
			level, address, paint = draw.Bad, "failed at "+cmp.Or(t.Stage, "an unknown stage"), p.Theme.Bad
			always = relayFailure(t.ErrorCode, t.ErrorText)
		case t.Stopped != "":
			level, always = draw.Warn, "stopped at "+t.Stopped+": "+relayFailure(t.StoppedCode, t.StoppedText)
		}
		mark, markPaint := p.Theme.Mark(level)
		part.entries = append(part.entries, netEntry{
			id: fmt.Sprint("relay ", i, " ", t.URL), always: always, more: orNone(relayStages(t)), about: explainRelay(t),
			text: strings.Join(append([]string{t.URL + ": " + cmp.Or(t.RelayAddress, t.ErrorText)}, relayStages(t)...), "\n"),
			cells: []draw.Cell{
				{Text: t.URL, Mark: mark, Level: markPaint},
				{Text: t.Transport, Paint: p.Theme.Dim},
				{Text: address, Paint: paint},
				millisCell(t.RTTMs), millisCell(t.SendMs), millisCell(t.ChannelMs),
			},
		})
	}
	return part
}

func relayFailure(code int, text string) string {
	if code != 0 {
		return fmt.Sprintf("%d %s", code, text)
	}
	return text
}

// findings are what is noteworthy, each with its advice, and what to do about the whole.
func (p *Network) findings(r *diag.NATReport) []netPart {
	part := netPart{columns: []draw.Column{{Title: "Findings", Strong: 8, Min: 20, Flex: true}}}
	for i, f := range r.Findings[:min(len(r.Findings), maxNetRows)] {
		level := draw.Idle
		switch f.Severity {
		case diag.Problem:
			level = draw.Bad
		case diag.Warn:
			level = draw.Warn
		case diag.Info:
		}
		mark, paint := p.Theme.Mark(level)
		always := ""
		if f.Advice != "" {
			always = "next: " + f.Advice
		}
		more := append(slices.Clone(f.Evidence), "dialtone explain "+f.ID+" tells more")
		part.entries = append(part.entries, netEntry{
			id: fmt.Sprint("finding ", i, " ", f.ID), cells: []draw.Cell{{Text: f.Title, Mark: mark,
				Level: paint}}, always: always, more: more,
			about: explainFinding(f), text: strings.Join(append([]string{f.Title, f.Advice}, f.Evidence...), "\n"),
		})
	}
	var out []netPart
	if len(part.entries) > 0 {
		out = append(out, part)
	}
	if len(r.Verdict.Next) < 2 {
		return out // it stands on top
	}
	lines := []string{heading(p.Theme, p.width, "What to do")}
	for i, next := range r.Verdict.Next {
		lines = append(lines, labeled(p.Theme, fmt.Sprint(i+1, "."), p.Theme.Accent, next, 3, p.columnWidth())...)
	}
	return append([]netPart{{lines: lines}}, out...)
}

// columnWidth is the width of a section.
func (p *Network) columnWidth() int {
	if p.width < twoColumns {
		return p.width
	}
	return p.width/2 - 3
}

var runColumns = []draw.Column{
	{Title: "Runs", Strong: 4, Min: 8},
	{Title: "verdict", Min: 24, Flex: true},
	{Title: "changed since the one before", Min: 20, Flex: true},
}

// runs are the diagnoses so far, the latest first, and what each found otherwise than the one before it.
func (p *Network) runs() netPart {
	part := netPart{columns: runColumns}
	var before *diag.NATReport
	for i := range p.Call.NAT {
		d := &p.Call.NAT[i]
		e := netEntry{id: fmt.Sprint("run ", d.At),
			cells: []draw.Cell{{Text: words.Clock(d.At)}, {Text: "under way", Paint: p.Theme.Dim}, {}}}
		switch r := d.Report(); {
		case r != nil:
			p.run(&e, before, r)
			before = r
		case !d.Running():
			e.cells[1].Text = "broken off: " + d.Progress.Stopped
		}
		e.text = e.cells[0].Text + " " + e.cells[1].Text + " " + e.cells[2].Text
		e.about = cmp.Or(e.about, "A diagnosis that has no report.")
		part.entries = append(part.entries, e)
	}
	slices.Reverse(part.entries)
	return part
}

func (p *Network) run(e *netEntry, before, r *diag.NATReport) {
	mark, paint := p.Theme.Mark(DiagnosisLevel(r.Exit))
	e.cells[1] = draw.Cell{Text: diag.NATWords(r.Exit), Mark: mark, Level: paint}
	e.about = r.Verdict.Headline
	if before == nil {
		return
	}
	e.more = orNone(diag.NATChanges(before, r))
	if changes := diag.NATChanges(before, r); len(changes) > 0 {
		changed, warn := p.Theme.Mark(draw.Warn)
		e.cells[2] = draw.Cell{Text: strings.Join(changes, "; "), Mark: changed, Level: warn}
		return
	}
	e.cells[2] = draw.Cell{Text: "nothing", Paint: p.Theme.Dim}
}

func orNone(list []string) []string {
	if len(list) == 0 {
		return []string{"nothing further is known"}
	}
	return list
}
