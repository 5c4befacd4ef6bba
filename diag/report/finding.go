package report

import (
	"slices"

	"dialtone/diag"
	"dialtone/diag/judge"
	"dialtone/diag/words"
)

// Finding is a finding and its English.
type Finding struct {
	ID       string         `json:"id"`
	Severity judge.Severity `json:"severity"`
	Subject  string         `json:"subject,omitempty"`
	Side     string         `json:"side,omitempty"`  // "answerer": the other one of two peers that both run here
	Facts    any            `json:"facts,omitempty"` // the typed evidence; its form depends on the ID
	words.Text
}

// inEnglish adds the English to a finding.
func inEnglish(f judge.Finding) Finding {
	return Finding{ID: f.ID, Severity: f.Severity, Subject: f.Subject, Facts: f.Evidence, Text: words.Of(f)}
}

// Written adds the English to findings.
func Written(list []judge.Finding) []Finding {
	out := make([]Finding, 0, len(list))
	for _, f := range list {
		out = append(out, inEnglish(f))
	}
	return out
}

// same reports whether two findings say the same of the same thing.
func (f Finding) same(g Finding) bool {
	return f.ID == g.ID && f.Subject == g.Subject && f.Side == g.Side
}

// mergeFindings lists those of all runs, each once, gravest first.
func mergeFindings(in Input, runs []Run) []Finding {
	var out []Finding
	list := append(Written(in.Findings), Written(in.Expect.Load.Findings())...)
	for _, r := range runs {
		list = append(list, r.Findings...)
	}
	for _, f := range list {
		if !slices.ContainsFunc(out, f.same) {
			out = append(out, f)
		}
	}
	sortFindings(out)
	return filled(out)
}

func sortFindings(list []Finding) {
	slices.SortStableFunc(list, func(a, b Finding) int { return b.Severity.Compare(a.Severity) })
}

// verdict is that of a run: what both sides say, and which of them is to be believed.
type verdict struct {
	exit     diag.Exit
	said     words.Said
	findings []Finding
}
