package report

import (
	"slices"

	"dialtone/diag/judge"
	"dialtone/diag/words"
)

// Finding is a finding and its English.
type Finding struct {
	judge.Finding
	Side string `json:"side,omitempty"` // answerer: the peer that the report does not describe; both run here
	words.Text
}

// answerer is the side of the peer that the report does not describe.
const answerer = "answerer"

// Written adds the English to findings.
func Written(list []judge.Finding) []Finding { return inEnglish(list, "") }

func inEnglish(list []judge.Finding, side string) []Finding {
	out := make([]Finding, 0, len(list))
	for _, f := range list {
		text := words.Of(f)
		text.Evidence = slices.DeleteFunc(slices.Clone(text.Evidence), func(e string) bool { return e == text.Title })
		if side != "" {
			text.Title = otherSide + text.Title
		}
		out = append(out, Finding{f, side, text})
	}
	return out
}

// merged lists each finding once, gravest first.
func merged(list []Finding) []Finding {
	out := []Finding{}
	for _, f := range list {
		if !slices.ContainsFunc(out, func(g Finding) bool { return f.Same(g.Finding) && f.Side == g.Side }) {
			out = append(out, f)
		}
	}
	slices.SortStableFunc(out, func(a, b Finding) int { return b.Severity.Compare(a.Severity) })
	return out
}

// lines are a finding in lines, each behind its label: what was found, the evidence, the next step.
func (f Finding) lines() []fact {
	out := []fact{{clean(string(f.Severity)), clean(f.Title + " [" + f.ID + "]")}}
	for _, e := range f.Text.Evidence {
		out = append(out, fact{"", clean(e)})
	}
	if f.Advice != "" {
		out = append(out, fact{"next", clean(f.Advice)})
	}
	return out
}
