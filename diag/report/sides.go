package report

import (
	"slices"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/words/verdict"
)

// judgeRun judges both peers. What only the answerer has found is marked as its own.
func judgeRun(x judge.Expectation, run RunInput) Result {
	v := judge.Check(run.Call, x)
	out := resultOf(v, "")
	if run.Other == nil {
		return out
	}
	mirrored := judge.Expectation{Echo: x.Echo, Load: x.Load}
	for _, m := range x.Media {
		mirrored.Media = append(mirrored.Media, call.MediaKind{Direction: m.Direction.Opposite(), Kind: m.Kind})
	}
	there := *run.Other
	there.Impaired = call.Mirrored(run.Call.Impaired) // by the side that is described, which alone impairs
	other := judge.Check(&there, mirrored)
	blamed := v.Exit == diag.ExitPass && run.Other.ConnectedAt != nil && run.Other.Ended != nil &&
		run.Other.Ended.Reason == diag.EndPeerHangup
	own := v.Findings
	if follows(run.Call) && !follows(run.Other) && run.Other.Ended != nil &&
		run.Other.Ended.Reason != diag.EndInterrupted {
		// The answerer failed first: that the offerer was left alone explains nothing.
		own = slices.DeleteFunc(slices.Clone(own), func(f judge.Finding) bool { return consequences[f.ID] })
		blamed = true
	}
	found := slices.DeleteFunc(slices.Clone(other.Findings), func(f judge.Finding) bool {
		return slices.ContainsFunc(own, func(g judge.Finding) bool { return f.ID == g.ID }) ||
			consequences[f.ID] && v.Exit != diag.ExitPass
	})
	if blamed && other.Exit != diag.ExitPass {
		out = resultOf(other, answerer)
	}
	out.Findings = merged(append(Written(own), inEnglish(found, answerer)...))
	return out
}

// resultOf is the verdict about a side in English.
func resultOf(v judge.Verdict, side string) Result {
	said := verdict.Of(v)
	if side != "" {
		said.Headline = otherSide + said.Headline
	}
	return Result{
		VerdictOf(v.Exit), ExitOf(v.Exit), said.Headline, filled(said.Why), filled(said.Next),
		merged(inEnglish(v.Findings, side)),
	}
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
		return c.Ended.Signal != nil && c.Ended.Signal.Reason == "peer-gone"
	default:
		return false
	}
}

// consequences are findings that only say that the other peer has ended the call.
var consequences = map[string]bool{
	"call.peer_left": true, "call.peer_lost": true, "signal.peer_gone": true, "signal.failed": true,
	"dtls.closed_by_peer": true, "call.nobody_came": true,
}

// otherSide begins the title of a finding and the headline of the answerer.
const otherSide = "Answerer: "
