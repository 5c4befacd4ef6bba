package pane

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/judge/network"
	"dialtone/diag/nat"
	"dialtone/diag/nat/turn"
	"dialtone/diag/words"
	"dialtone/diag/words/compare"
	"dialtone/diag/words/verdict"
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

// maxNetRows bounds a section; only a forged recording has more.
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
	d, n := p.shown()
	if d == nil {
		return nil, nil
	}
	left = append(left, p.servers(d, n))
	if n == nil {
		return left, nil
	}
	right = append(right, p.behaviors(n))
	relays, runs := p.relays(n), p.runs()
	if p.stacked {
		left, right = append(left, right...), nil
	}
	if len(relays.entries) > 0 {
		left = append(left, relays)
	}
	if len(runs.entries) > 1 {
		left = append(left, runs)
	}
	if d.Complete() {
		right = append(right, p.findings(n)...)
	}
	return left, right
}

var netServerColumns = []draw.Column{
	{Title: "Servers", Strong: 7, Min: 26, Max: 44, Flex: true},
	{Title: "over", Min: 4, Max: 5, Keep: 2},
	{Title: "rtt", Right: true, Min: 10},
	{Title: "lost", Right: true, Min: 7, Keep: 1},
	{Title: "mapped address", Min: 20, Flex: true},
	{Title: "grade", Min: 8, Keep: 3},
}

// servers lists those that have answered or failed, and those that are still asked.
func (p *Network) servers(d *call.NATRow, n *network.Verdict) netPart {
	part := netPart{columns: netServerColumns, empty: "none"}
	listed := map[string]bool{}
	if n != nil {
		for i, row := range n.Servers[:min(len(n.Servers), maxNetRows)] {
			listed[row.URL] = true
			switch {
			case row.TURN:
			case row.State() == diag.ServerAsking:
				part.entries = append(part.entries, p.asking(row.URL, row.Transport))
			default:
				e := p.server(row)
				e.id = fmt.Sprint("server ", i, " ", row.URL)
				part.entries = append(part.entries, e)
			}
		}
	}
	if d.Ended != nil {
		return part
	}
	for _, u := range d.Start.URLs[:min(len(d.Start.URLs), maxNetRows)] {
		if !listed[u] {
			part.entries = append(part.entries, p.asking(u, ""))
		}
	}
	return part
}

// asking is a server that has not answered so far.
func (p *Network) asking(url, transport string) netEntry {
	mark, paint := p.Theme.Mark(draw.Idle)
	return netEntry{
		id: "asking " + url + transport, text: url + ": asking", about: url + " is being asked and has not answered so " +
			"far. Silence becomes a finding only when enough requests have gone unanswered.",
		cells: []draw.Cell{
			{Text: url, Mark: mark, Level: paint},
			{Text: transport, Paint: p.Theme.Dim},
			{},
			{},
			{Text: "asking", Paint: p.Theme.Dim},
		},
	}
}

func (p *Network) server(row nat.ServerRow) netEntry {
	th := p.Theme
	level, gave, paint := draw.Good, row.Mapped(), th.Plain
	switch {
	case row.State() == diag.ServerFailed:
		level, gave, paint = draw.Bad, words.ServerHeadline(&row.Server), th.Bad
	case row.Outlier:
		level = draw.Warn
	}
	mark, markPaint := th.Mark(level)
	rtt, lost := draw.Cell{}, draw.Cell{}
	if t := row.Times(); t != nil {
		rtt = length(&t.MedianMs)
		lost = draw.Cell{Text: fmt.Sprintf("%d of %d", t.Lost, t.Sent)}
		if t.Lost > 0 {
			lost.Paint = th.Warn
		}
	}
	return netEntry{
		cells: []draw.Cell{
			{Text: row.URL, Mark: mark, Level: markPaint},
			{Text: row.Transport, Paint: th.Dim},
			rtt, lost,
			{Text: gave, Paint: paint},
			{Text: words.GradeLabel(row), Paint: th.Dim},
		},
		more: serverDetails(row), about: words.ServerSentence(row), text: words.ServerLine(row),
	}
}

var behaviorColumns = []draw.Column{
	{Title: "Behavior", Strong: 8, Min: 13, Max: 17},
	{Title: "value", Min: 26, Max: 34},
	{Title: "confidence", Min: 13},
	{Title: "because", Min: 20, Flex: true, Keep: 1},
}

func (p *Network) behaviors(n *network.Verdict) netPart {
	part := netPart{columns: behaviorColumns, empty: "nothing is known yet"}
	for _, row := range n.Rows() {
		mark, paint := p.confidence(row.Confidence)
		label, value := words.RowLabel(row), words.BehaviorValue(row.Behavior)
		evidence := words.BehaviorEvidence(row.Behavior)
		because := ""
		if len(evidence) > 0 {
			because = evidence[0]
		}
		valuePaint := p.Theme.Plain
		switch {
		case row.Confidence == nat.NotKnown:
			valuePaint = p.Theme.Dim
		case hurts(row):
			valuePaint = p.Theme.Warn
		}
		part.entries = append(part.entries, netEntry{
			id: "behavior " + string(row.Family) + string(row.Name), more: orNone(evidence), about: words.BehaviorMeaning(row),
			text: strings.Join(append([]string{label + ": " + value + " (" + string(row.Confidence) + ")"}, evidence...), "\n"),
			cells: []draw.Cell{
				{Text: label},
				{Text: value, Paint: valuePaint},
				{Text: string(row.Confidence), Mark: mark, Level: paint},
				{Text: because, Paint: p.Theme.Dim},
			},
		})
	}
	return part
}

// confidence is the glyph of a confidence; the word stands beside it.
func (p *Network) confidence(c nat.Confidence) (string, draw.Paint) {
	switch c {
	case nat.Proven:
		return p.Theme.Mark(draw.Good)
	case nat.Likely:
		return p.Theme.Glyphs.Half, p.Theme.Good
	case nat.Contradictory:
		return p.Theme.Mark(draw.Warn)
	case nat.NotKnown:
	}
	return p.Theme.Mark(draw.Idle)
}

// hurts reports whether a value makes direct calls harder.
func hurts(row nat.Row) bool {
	switch row.Value {
	case nat.AddressDependent, nat.AddressAndPortDependent:
		return row.Name != nat.NameFiltering
	case nat.None:
		return row.Name == nat.NameUDP
	case nat.Present:
		return row.Name == nat.NameALG
	case nat.PoolingArbitrary:
		return true
	default:
		return false
	}
}

var relayColumns = []draw.Column{
	{Title: "Relays", Strong: 6, Min: 24, Max: 44, Flex: true},
	{Title: "over", Min: 4, Max: 5, Keep: 3},
	{Title: "relay address", Min: 20, Flex: true},
	{Title: "allocate", Right: true, Min: 10},
	{Title: "send", Right: true, Min: 10, Keep: 2},
	{Title: "channel", Right: true, Min: 10, Keep: 1},
}

func (p *Network) relays(n *network.Verdict) netPart {
	part := netPart{columns: relayColumns}
	for i, row := range n.Servers[:min(len(n.Servers), maxNetRows)] {
		if !row.TURN {
			continue
		}
		level, address, paint, always := draw.Good, row.Relayed(), p.Theme.Plain, ""
		switch failed := row.Failed(); {
		case failed != nil:
			level, address, paint = draw.Bad, "failed at "+words.StageLabel(failed.Name), p.Theme.Bad
			always = words.ServerHeadline(&row.Server)
		case row.Relay == turn.RelayFails:
			level, always = draw.Bad, words.ServerStopped(&row.Server)
		case len(row.Flaws) > 0:
			level, always = draw.Warn, words.ServerStopped(&row.Server)
		case row.State() == diag.ServerAsking:
			level, address, paint = draw.Idle, "asking", p.Theme.Dim
		}
		mark, markPaint := p.Theme.Mark(level)
		part.entries = append(part.entries, netEntry{
			id: fmt.Sprint("relay ", i, " ", row.URL), always: always, more: serverDetails(row),
			about: words.ServerSentence(row), text: words.ServerLine(row),
			cells: []draw.Cell{
				{Text: row.URL, Mark: mark, Level: markPaint},
				{Text: row.Transport, Paint: p.Theme.Dim},
				{Text: address, Paint: paint},
				length(row.RTT()), length(row.Took(diag.StageSend)), length(row.Took(diag.StageChannel)),
			},
		})
	}
	return part
}

// length is a time in a column; empty where it was not measured.
func length(ms *diag.Millis) draw.Cell {
	if ms == nil {
		return draw.Cell{}
	}
	n, unit := draw.Length(ms.Duration())
	return draw.Cell{Text: n, Unit: unit}
}

// findings are what is noteworthy, each with its advice, and what to do about the whole.
func (p *Network) findings(n *network.Verdict) []netPart {
	part := netPart{columns: []draw.Column{{Title: "Findings", Strong: 8, Min: 20, Flex: true}}}
	for i, f := range n.Findings[:min(len(n.Findings), maxNetRows)] {
		level, text := draw.Idle, words.Of(f)
		switch f.Severity {
		case judge.Problem:
			level = draw.Bad
		case judge.Warn:
			level = draw.Warn
		case judge.Info:
		}
		mark, paint := p.Theme.Mark(level)
		about, explained := words.Explain(f.ID)
		if !explained {
			about = text.Title
		}
		part.entries = append(part.entries, netEntry{
			id: fmt.Sprint("finding ", i, " ", f.ID), cells: []draw.Cell{{Text: text.Title, Mark: mark, Level: paint}},
			always: words.Prefixed("next: ", text.Advice), more: append(slices.Clone(text.Evidence), "explained by: dialtone "+
				"explain "+f.ID),
			about: about, text: strings.Join(append([]string{text.Title, text.Advice}, text.Evidence...), "\n"),
		})
	}
	var out []netPart
	if len(part.entries) > 0 {
		out = append(out, part)
	}
	steps := verdict.OfNetwork(*n).Next
	if len(steps) < 2 {
		return out // it stands on top
	}
	lines := []string{heading(p.Theme, p.width, "What to do")}
	for i, next := range steps {
		lines = append(lines, p.Theme.Labeled(fmt.Sprint(i+1, "."), p.Theme.Accent, next, 3, p.columnWidth())...)
	}
	return append([]netPart{{lines: lines}}, out...)
}

// columnWidth is the width of a section.
func (p *Network) columnWidth() int {
	if p.stacked {
		return p.width
	}
	return p.width/2 - 3
}

var runColumns = []draw.Column{
	{Title: "Runs", Strong: 4, Min: 8},
	{Title: "verdict", Min: 24, Flex: true},
	{Title: "changed since the previous run", Min: 20, Flex: true},
}

// runs are the diagnoses so far, the latest first, and what changed since the previous run.
func (p *Network) runs() netPart {
	part := netPart{columns: runColumns}
	var before *network.Verdict
	for i := range p.Call.NAT {
		d := &p.Call.NAT[i]
		e := netEntry{
			id:    fmt.Sprint("run ", d.At),
			cells: []draw.Cell{{Text: words.Clock(d.At)}, {Text: "in progress", Paint: p.Theme.Dim}, {}},
		}
		switch {
		case d.Complete():
			n := p.Judged(d)
			p.run(&e, before, n)
			before = n
		case !d.Running():
			e.cells[1].Text = string(d.Ended.Stopped)
		}
		e.text = e.cells[0].Text + " " + e.cells[1].Text + " " + e.cells[2].Text
		e.about = cmp.Or(e.about, "A diagnosis without a verdict.")
		part.entries = append(part.entries, e)
	}
	slices.Reverse(part.entries)
	return part
}

func (p *Network) run(e *netEntry, before, n *network.Verdict) {
	mark, paint := p.Theme.Mark(DiagnosisLevel(n.Exit))
	e.cells[1] = draw.Cell{Text: verdict.NetworkExit(n.Exit), Mark: mark, Level: paint}
	e.about = verdict.OfNetwork(*n).Headline
	if before == nil {
		return
	}
	changes := compare.Changes(network.Changes(before, n))
	e.more = orNone(changes)
	if len(changes) > 0 {
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
