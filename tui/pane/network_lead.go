package pane

import (
	"fmt"
	"slices"
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge/network"
	"dialtone/diag/nat"
	"dialtone/diag/nat/pair"
	"dialtone/diag/words"
	"dialtone/diag/words/compare"
	"dialtone/diag/words/verdict"
	"dialtone/tui/draw"
)

// empty says how a diagnosis begins, where there has been none.
func (p *Network) empty() []string {
	th := p.Theme
	out := []string{draw.NewLine(p.width).Gap(1).Add(th.Strong, "The network has not been diagnosed").String()}
	say := func(text string) { out = append(out, p.indented(text, 3, p.width)...) }
	switch {
	case p.Live && p.hasServers():
		out = append(out, draw.NewLine(p.width).Gap(3).Add(th.Accent, "d").Add(th.Plain,
			" asks the servers of this call what your network does to it.").String(), "")
		say("It takes some seconds and does not disturb the call.")
	case p.Live:
		say("This call has no STUN or TURN server that could be asked. Name one with --ice stun:HOST, or ask without a " +
			"call: dialtone nat stun:HOST")
	case p.hasServers():
		var urls []string
		for _, s := range p.Call.Start.ICEServers {
			urls = append(urls, s.URL)
		}
		say("It was not asked for during this call. Without a call: dialtone nat " + strings.Join(urls, " "))
	default:
		say("It was not asked for during this call, which had no STUN or TURN server that could be asked.")
	}
	out = append(out, "")
	say("A diagnosis shows whether UDP passes, how your NAT maps and filters, and whether the TURN servers relay. From " +
		"that follows which direct calls work.")
	return out
}

// lead is what the diagnosis says, growing surer while it is in progress.
func (p *Network) lead() []string {
	d := p.Call.Diagnosis()
	var out []string
	if p.Call.Diagnosing() {
		out = append(out, p.progress(d)...)
	}
	from, n := p.shown()
	warn := func(text string) {
		out = append(out, p.Theme.Labeled(p.Theme.Glyphs.Warn, p.Theme.Warn, text, 1, p.width)...)
	}
	switch {
	case from != nil && from.Complete():
		out = append(out, p.verdict(from, n)...)
		if len(p.Call.NAT) > 1 {
			out = append(out, p.history()...)
		}
	case d.Running() && n != nil && sure(n):
		out = append(out, p.Theme.Labeled(p.Theme.Glyphs.Half, p.Theme.Accent,
			"So far: "+verdict.OfNetwork(*n).Headline, 1, p.width)...)
	case d.Running() && !p.Call.Diagnosing():
		warn("The diagnosis did not finish.")
	case !d.Running():
		warn("The diagnosis did not finish: " + words.Join(" ", string(d.Ended.Stopped), d.Ended.Reason))
	}
	return out
}

// sure reports whether an interim verdict says something that will hardly be taken back: silence becomes a verdict only
// at the end.
func sure(n *network.Verdict) bool {
	return n.Behaviors.UDP.Value == nat.Present && n.Behaviors.Mapping.Value != nat.Unknown
}

// progress shows what goes on: for how long, how many requests, what is known, and what is asked now.
func (p *Network) progress(d *call.NATRow) []string {
	th, n := p.Theme, p.Judged(d)
	l := draw.NewLine(p.width).Gap(1).Add(th.Accent, p.Spinner()).Gap(1).Add(th.Strong,
		"Asking "+words.Count(len(d.Start.URLs), "server", "servers"))
	l.Gap(2).Add(th.Dim, seconds(p.Clock-d.At)+" of "+seconds(d.Start.BudgetMs.Duration())+" at most")
	sent, answered := d.Count()
	l.Gap(2).Add(th.Plain, words.Number(uint64(sent))).Add(th.Dim, " requests ").Add(th.Plain,
		words.Number(uint64(answered))).Add(th.Dim, " answered")
	known, of := certain(n)
	l.Right(draw.NewLine(p.width).Add(th.Accent, strings.Repeat(th.Glyphs.Bar[7], known)).Add(th.Dim,
		strings.Repeat(th.Glyphs.Hatch, of-known)).
		Gap(1).Add(th.Dim, fmt.Sprintf("%d of %d known", known, of)).Gap(1))
	return []string{l.String(), draw.NewLine(p.width).Gap(3).Add(th.Dim, "now: "+askedNow(d, n)).String()}
}

// certain counts the behaviors that are known.
func certain(n *network.Verdict) (known, of int) {
	rows := n.Rows()
	for _, row := range rows {
		if row.Confidence == nat.Proven || row.Confidence == nat.Likely {
			known++
		}
	}
	return known, len(rows)
}

// askedNow is the question that is open.
func askedNow(d *call.NATRow, n *network.Verdict) string {
	b := &n.Behaviors
	supports := func(row nat.ServerRow) bool { return row.Grade == nat.GradeRFC5780 }
	switch {
	case b.UDP.Value != nat.Present:
		return "whether the servers answer"
	case b.Mapping.Confidence == nat.NotKnown:
		return "mapping: does every destination see the same port?"
	case b.Filtering.Confidence == nat.NotKnown && slices.ContainsFunc(n.Servers, supports):
		return "filtering: which hosts may send to the mapped address?"
	case d.Further:
		return "the tests that take long: " + strings.Join(further(d), ", ")
	}
	return "what is still open: relays, other transports, the rest of the list"
}

// further names the tests that are made on request.
func further(d *call.NATRow) []string {
	var out []string
	if d.Start.Deep {
		out = append(out, words.BehaviorLabel(nat.NameLifetime), words.BehaviorLabel(nat.NameFragments))
	}
	if d.Start.Hairpin {
		out = append(out, words.BehaviorLabel(nat.NameHairpin))
	}
	return out
}

// verdict is what a finished diagnosis says, and the line for the peer.
func (p *Network) verdict(d *call.NATRow, n *network.Verdict) []string {
	th, text := p.Theme, verdict.OfNetwork(*n)
	mark, paint := th.Mark(DiagnosisLevel(n.Exit))
	var out []string
	for i, line := range draw.Wrap(text.Headline, min(p.width-4, 140)) {
		l := draw.NewLine(p.width).Gap(1)
		if i == 0 {
			l.Add(paint, mark)
		}
		out = append(out, l.To(3).Add(th.Strong, line).String())
	}
	sent, answered := d.Count()
	took := draw.NewLine(p.width).Gap(3).Add(th.Dim, "after "+words.Duration(d.EndedAt-d.At)+", ").Add(th.Plain,
		words.Number(uint64(sent))).Add(th.Dim, " requests, ").Add(th.Plain, words.Number(uint64(answered))).
		Add(th.Dim, " answered"+words.Prefixed("; stopped: ", string(d.Ended.Stopped)))
	out = append(out, took.String())
	if p.height >= 24 {
		for _, why := range text.Why[:min(len(text.Why), 3)] {
			out = append(out, th.Labeled(th.Glyphs.Dot, th.Dim, why, 3, p.width)...)
		}
	}
	if len(text.Next) > 0 {
		out = append(out, th.Labeled("next", th.Accent, text.Next[0], 3, p.width)...)
	}
	if n.Pair != nil {
		out = append(out, th.Labeled(th.Glyphs.Between, th.Accent,
			"With the peer: "+string(n.Pair.Path)+". "+compare.Prediction(*n.Pair), 1, p.width)...)
	}
	return append(out, draw.NewLine(p.width).Gap(3).Add(th.Dim, "result ").Add(th.Accent, pair.Line(n.Side)).Add(th.Dim,
		"  y copies it").String())
}

// DiagnosisLevel grades the exit code of a diagnosis.
func DiagnosisLevel(e diag.Exit) draw.Level {
	switch e {
	case diag.ExitPass:
		return draw.Good
	case diag.ExitRelay, diag.ExitInconclusive:
		return draw.Warn
	default:
		return draw.Bad
	}
}

// history is a line about the runs: a mark for each, and what changed last.
func (p *Network) history() []string {
	th := p.Theme
	l, last := draw.NewLine(p.width).Gap(3).Add(th.Dim, "runs "), "nothing has changed so far"
	var before *network.Verdict
	for i := range p.Call.NAT {
		d := &p.Call.NAT[i]
		if !d.Complete() {
			continue
		}
		n := p.Judged(d)
		mark, paint := th.Glyphs.Dot, th.Dim
		if before == nil {
			mark = th.Glyphs.Idle
		} else if changes := compare.Changes(network.Changes(before, n)); len(changes) > 0 {
			mark, paint = th.Mark(draw.Warn)
			last = "changed at " + words.Clock(d.At) + ": " + strings.Join(changes, "; ")
		}
		if l.Width() < p.width/2 {
			l.Add(paint, mark)
		}
		before = n
	}
	return []string{l.Gap(2).Add(th.Dim, last).String()}
}
