package pane

import (
	"fmt"
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/words"
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
		say("This call has no STUN or TURN server that could be asked. Name one with --ice stun:HOST, or ask without a call: dialtone nat stun:HOST")
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
	say("A diagnosis tells whether UDP passes, whether your NAT keeps one port for all destinations (mapping) and whom it lets in (filtering), " +
		"and whether the TURN servers relay. From that follows with whom direct calls work.")
	return out
}

// lead is what the diagnosis says, growing surer while it goes on.
func (p *Network) lead() []string {
	d := p.Call.Diagnosis()
	var out []string
	if p.Call.Diagnosing() {
		out = append(out, p.progress(d)...)
	}
	from, r := p.shown()
	switch {
	case from != nil && from.Report() != nil:
		out = append(out, p.verdict(from, r)...)
		if len(p.Call.NAT) > 1 {
			out = append(out, p.history()...)
		}
	case d.Running() && r != nil && sure(r):
		out = append(out, labeled(p.Theme, p.Theme.Glyphs.Half, p.Theme.Accent, "So far: "+r.Verdict.Headline, 1,
			p.width)...)
	case d.Running() && !p.Call.Diagnosing():
		out = append(out, labeled(p.Theme, p.Theme.Glyphs.Warn, p.Theme.Warn, "The diagnosis did not come to its end.", 1,
			p.width)...)
	case !d.Running():
		out = append(out, labeled(p.Theme, p.Theme.Glyphs.Warn, p.Theme.Warn,
			"The diagnosis did not come to its end: "+d.Progress.Stopped, 1, p.width)...)
	}
	return out
}

// sure reports whether an interim report says something that will hardly be taken back: silence becomes a verdict only
// at the end.
func sure(r *diag.NATReport) bool {
	return r.Behavior.UDP.Value == diag.BehaviorPresent && r.Behavior.Mapping.Value != diag.BehaviorUnknown
}

// progress tells what goes on: for how long, how many requests, what is known, and what is asked now.
func (p *Network) progress(d *call.NATRow) []string {
	th := p.Theme
	l := draw.NewLine(p.width).Gap(1).Add(th.Accent, p.Spinner()).Gap(1).Add(th.Strong,
		"Asking "+words.Count(len(d.URLs), "server", "servers"))
	l.Gap(2).Add(th.Dim, seconds(p.Clock-d.At)+" of "+seconds(d.BudgetMs.Duration())+" at most")
	if d.Progress == nil {
		return []string{l.String()}
	}
	l.Gap(2).Add(th.Plain, words.Number(uint64(d.Progress.Sent))).Add(th.Dim, " sent ").Add(th.Plain,
		words.Number(uint64(d.Progress.Answered))).Add(th.Dim, " answered")
	known, of := certain(&d.Progress.Report)
	l.Right(draw.NewLine(p.width).Add(th.Accent, strings.Repeat(th.Glyphs.Bar[7], known)).Add(th.Dim,
		strings.Repeat(th.Glyphs.Hatch, of-known)).
		Gap(1).Add(th.Dim, fmt.Sprintf("%d of %d known", known, of)).Gap(1))
	return []string{l.String(), draw.NewLine(p.width).Gap(3).Add(th.Dim, "now: "+askedNow(d)).String()}
}

// certain counts the behaviors that are known.
func certain(r *diag.NATReport) (known, of int) {
	rows := r.Behavior.Rows()
	for _, row := range rows {
		if row.Confidence == diag.Proven || row.Confidence == diag.Likely {
			known++
		}
	}
	return known, len(rows)
}

// askedNow is the question that is open.
func askedNow(d *call.NATRow) string {
	b := &d.Progress.Report.Behavior
	switch {
	case b.UDP.Value != diag.BehaviorPresent:
		return "whether the servers answer"
	case b.Mapping.Confidence == diag.NotKnown:
		return "mapping: does every destination see the same port?"
	case b.Filtering.Confidence == diag.NotKnown && rfc5780(&d.Progress.Report):
		return "filtering: who is let in?"
	}
	return "what is still open: relays, other transports, the rest of the list"
}

func rfc5780(r *diag.NATReport) bool {
	for _, s := range r.Servers {
		if s.Grade == diag.GradeRFC5780 {
			return true
		}
	}
	return false
}

// verdict is what a finished diagnosis says, and the line for the other side.
func (p *Network) verdict(d *call.NATRow, r *diag.NATReport) []string {
	th := p.Theme
	mark, paint := th.Mark(DiagnosisLevel(r.Exit))
	var out []string
	for i, line := range draw.Wrap(r.Verdict.Headline, min(p.width-4, 140)) {
		l := draw.NewLine(p.width).Gap(1)
		if i == 0 {
			l.Add(paint, mark)
		}
		out = append(out, l.To(3).Add(th.Strong, line).String())
	}
	took := draw.NewLine(p.width).Gap(3).Add(th.Dim, "after "+words.Duration(d.ToldAt-d.At)+", ").Add(th.Plain,
		words.Number(uint64(d.Progress.Sent))).
		Add(th.Dim, " requests, ").Add(th.Plain, words.Number(uint64(d.Progress.Answered))).Add(th.Dim,
		" answered"+words.Prefixed("; ", d.Progress.Stopped))
	out = append(out, took.String())
	if p.height >= 24 {
		for _, why := range r.Verdict.Why[:min(len(r.Verdict.Why), 3)] {
			out = append(out, labeled(th, th.Glyphs.Dot, th.Dim, why, 3, p.width)...)
		}
	}
	if len(r.Verdict.Next) > 0 {
		out = append(out, labeled(th, "next", th.Accent, r.Verdict.Next[0], 3, p.width)...)
	}
	if pair := r.Verdict.Peer; pair != nil {
		out = append(out, labeled(th, th.Glyphs.Between, th.Accent, "With the other side: "+string(pair.Path)+". "+pair.Why,
			1, p.width)...)
	}
	return append(out, draw.NewLine(p.width).Gap(3).Add(th.Dim, "result ").Add(th.Accent, r.Verdict.Result).Add(th.Dim,
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
	l, last, before := draw.NewLine(p.width).Gap(3).Add(th.Dim,
		"runs "), "nothing has changed so far", (*diag.NATReport)(nil)
	for i := range p.Call.NAT {
		r := p.Call.NAT[i].Report()
		if r == nil {
			continue
		}
		mark, paint := th.Glyphs.Dot, th.Dim
		if before == nil {
			mark = th.Glyphs.Idle
		} else if changes := diag.NATChanges(before, r); len(changes) > 0 {
			mark, paint = th.Mark(draw.Warn)
			last = "changed at " + words.Clock(p.Call.NAT[i].At) + ": " + strings.Join(changes, "; ")
		}
		if l.Width() < p.width/2 {
			l.Add(paint, mark)
		}
		before = r
	}
	return []string{l.Gap(2).Add(th.Dim, last).String()}
}
