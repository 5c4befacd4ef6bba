package report

import (
	"slices"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
)

// judgeRun judges both peers. What only the answerer has found is marked as its own.
func judgeRun(x judge.Expectation, run RunInput) Result {
	v := judge.JudgeCheck(run.Call, x)
	if run.Other == nil {
		return resultOf(v)
	}
	other := judge.JudgeCheck(run.Other, judge.Expectation{Media: x.Media, Load: x.Load})
	blamed := v.Exit == diag.ExitPass && run.Other.ConnectedAt != nil && run.Other.Ended != nil &&
		run.Other.Ended.Reason == diag.EndPeerHangup
	if follows(run.Call) && !follows(run.Other) && run.Other.Ended != nil &&
		run.Other.Ended.Reason != diag.EndInterrupted {
		// The answerer failed first: that the offerer was left alone explains nothing.
		v.Findings = slices.DeleteFunc(v.Findings, func(f diag.Finding) bool { return consequences[f.ID] })
		blamed = true
	}
	for _, f := range other.Findings {
		if slices.ContainsFunc(v.Findings, func(own diag.Finding) bool { return own.ID == f.ID }) ||
			consequences[f.ID] && v.Exit != diag.ExitPass {
			continue
		}
		f.Title = otherSide + f.Title
		v.Findings = append(v.Findings, f)
	}
	if blamed && other.Exit != diag.ExitPass {
		v.Exit, v.Headline, v.Why, v.Todo = other.Exit, otherSide+other.Headline, other.Why, other.Todo
	}
	sortFindings(v.Findings)
	return resultOf(v)
}

func resultOf(v judge.Verdict) Result {
	return Result{verdictOf(v.Exit), ExitOf(v.Exit), v.Headline, filled(v.Why), filled(v.Todo), filled(v.Findings)}
}

// filled is list, or an empty one: JSON has [] for it, not null.
func filled[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// follows reports whether a call failed only because the other peer had ended it.
func follows(c *call.Call) bool {
	if c.Ended == nil {
		return false
	}
	switch c.Ended.Reason {
	case diag.EndPeerLeft:
		return true
	case diag.EndPeerHangup:
		return c.ConnectedAt == nil
	case diag.EndDTLS:
		return c.Ended.By == diag.ByRemote
	case diag.EndSignaling:
		return c.Ended.Code == "peer-gone"
	default:
		return false
	}
}

// consequences are findings that only say that the other peer has ended the call.
var consequences = map[string]bool{
	"call.peer_left": true, "call.peer_lost": true, "signal.peer_gone": true, "signal.failed": true,
	"dtls.closed_by_peer": true, "call.nobody_came": true,
}

// otherSide begins the title of a finding of the answerer.
const otherSide = "The answering side: "

// Finding is one conclusion.
type Finding = diag.Finding

func sortFindings(list []diag.Finding) {
	slices.SortStableFunc(list, func(a, b diag.Finding) int { return b.Severity.Compare(a.Severity) })
}

// mergeFindings lists those of all runs, each ID and title once, gravest first.
func mergeFindings(in Input, runs []Run) []Finding {
	list := slices.Concat(in.Findings, in.Expect.Load.Findings())
	for _, r := range runs {
		list = append(list, r.Findings...)
	}
	type key struct{ id, title string }
	known := map[key]bool{}
	list = slices.DeleteFunc(list, func(f diag.Finding) bool {
		k := key{f.ID, f.Title}
		defer func() { known[k] = true }()
		return known[k]
	})
	sortFindings(list)
	return filled(list)
}
