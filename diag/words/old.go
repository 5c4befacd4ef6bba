package words

import (
	"dialtone/diag"
	"dialtone/diag/judge"
)

// old writes a finding in the form that calls still have. To be removed with diag.Finding.
func old(f judge.Finding) diag.Finding {
	t := Of(f)
	return diag.Finding{ID: f.ID, Severity: diag.Severity(f.Severity), Title: t.Title, Evidence: t.Evidence, Advice: t.Advice}
}

// init lets the judge of calls, whose findings are still sentences, use typed ones. To be removed with judge.English.
func init() {
	judge.English.Finding = old
	judge.English.Network = func(n judge.Network) (headline string, why, next []string) {
		t := OfNetwork(n)
		return t.Headline, t.Why, t.Next
	}
}
