// Package finding has the form of conclusions: an ID, a severity, a subject and typed evidence. It has no words:
// package words turns findings into English.
package finding

import (
	"slices"
	"strings"

	"dialtone/diag"
)

// Finding is one conclusion. Its ID is stable: scripts and documents refer to it, and "dialtone explain ID" prints a
// paragraph about it.
type Finding struct {
	ID       string        `json:"id"`
	Severity diag.Severity `json:"severity"`
	Subject  string        `json:"subject,omitempty"` // what it is about: the URL of a server, "inbound audio"; empty: the call
	Evidence any           `json:"facts,omitempty"`   // typed: each ID has a form of its own; nil: the ID says it all
	// the call did things to its own packets on purpose that can be the cause (--impair)
	Injected bool `json:"injected,omitempty"`
}

// Same reports whether two findings say the same of the same thing.
func (f Finding) Same(g Finding) bool { return f.ID == g.ID && f.Subject == g.Subject }

// Family is what stands before the dot of the ID: "media", "turn".
func (f Finding) Family() string {
	family, _, _ := strings.Cut(f.ID, ".")
	return family
}

// List is what rules have found.
type List []Finding

// Add puts a finding at the end.
func (l *List) Add(id string, severity diag.Severity, subject string, evidence any) {
	*l = append(*l, Finding{ID: id, Severity: severity, Subject: subject, Evidence: evidence})
}

// Merged lists what was found twice once, with the graver severity. The gravest come first.
func (l List) Merged() []Finding {
	var out []Finding
	for _, f := range l {
		i := slices.IndexFunc(out, f.Same)
		switch {
		case i < 0:
			out = append(out, f)
		case f.Severity.Compare(out[i].Severity) > 0:
			out[i] = f
		}
	}
	slices.SortStableFunc(out, func(a, b Finding) int { return b.Severity.Compare(a.Severity) })
	return out
}

// Count is a number of things of one kind, such as candidates of a type.
type Count struct {
	Of string `json:"of"`
	N  int    `json:"n"`
}

// Candidates counts those of each type, in the order of RFC 8445 §4; types without any are left out.
func Candidates[T any](rows []T, typeOf func(T) diag.CandidateType) []Count {
	var out []Count
	for _, t := range []diag.CandidateType{diag.Host, diag.Srflx, diag.Prflx, diag.Relay} {
		n := 0
		for _, r := range rows {
			if typeOf(r) == t {
				n++
			}
		}
		if n > 0 {
			out = append(out, Count{string(t), n})
		}
	}
	return out
}

// Graver returns Problem if it explains a failure, Warn if not.
func Graver(problem bool) diag.Severity {
	if problem {
		return diag.Problem
	}
	return diag.Warn
}
