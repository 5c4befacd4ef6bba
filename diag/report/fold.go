package report

import (
	"slices"

	"dialtone/diag/judge"
)

// folded is what a report needs of a run: some kilobytes, where its calls have all that was said in them.
type folded struct {
	run   Run     // without what a verdict tells
	plain verdict // where the machine had time enough
	short verdict // where it was short of CPU: that is known at the end
	shown shown
}

// shown is what is told of the run that a report describes, beside what is told of each.
type shown struct {
	candidates []Candidate
	pairs      []Pair
	channels   []Channel
	servers    []ServerReport
	nat        *Network
}

// Fold judges the run and lets its calls go. x is what is asked of it; its Load does not count, that of the report
// does.
func (in *RunInput) Fold(x judge.Expectation) {
	f := foldRun(x, *in)
	in.folded, in.Call, in.Other = &f, nil, nil
}

// Run is the run in short; it must have been folded. Index is 0.
func (in *RunInput) Run() Run { return in.folded.judged(judge.Load{}) }

func foldRun(x judge.Expectation, in RunInput) folded {
	f := folded{run: runOf(in), shown: shownOf(in.Call)}
	x.Load = judge.Load{}
	f.plain = judgeRun(x, in)
	x.Load = shortLoad
	f.short = judgeRun(x, in)
	return f
}

// shortLoad stands for a machine that is short of CPU.
var shortLoad = judge.Load{Ticks: 100, Late: 100}

func (f *folded) verdict(load judge.Load) verdict {
	if load.Short() {
		return f.short
	}
	return f.plain
}

func (f *folded) judged(load judge.Load) Run {
	run, v := f.run, f.verdict(load)
	run.Verdict, run.Exit, run.Headline, run.Findings = verdictOf(v.exit), ExitOf(v.exit), v.said.Headline, filled(slices.Clone(v.findings))
	return run
}

// show copies to a report what it tells of a run.
func (r *Report) show(s shown) {
	r.Candidates, r.Pairs, r.Channels, r.Servers, r.NAT = filled(s.candidates), filled(s.pairs), filled(s.channels), filled(s.servers), s.nat
}
