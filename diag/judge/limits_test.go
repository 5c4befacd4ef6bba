package judge_test

import (
	"testing"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/diagtest"
	"dialtone/diag/judge"
	"dialtone/diag/words"
)

// TestLimits: without a path, candidates that were not used may be the reason; checks that were repeated less often are
// not.
func TestLimits(t *testing.T) {
	for name, test := range map[string]struct {
		limits   diag.ICELimits
		severity diag.Severity
		advice   bool
	}{
		"checks":     {diag.ICELimits{Checks: 900}, judge.Info, false},
		"candidates": {diag.ICELimits{Candidates: 12, Checks: 900}, judge.Warn, true},
	} {
		t.Run(name, func(t *testing.T) {
			v := judge.Judge(call.Fold(diagtest.Log(
				0, diag.CallStart{Code: "w"}, 100, diag.ICEState{State: "checking"}, 200, test.limits,
				3000, diag.CallEnded{Reason: diag.EndICE, By: diag.ByNetwork},
			)))
			for _, f := range v.Findings {
				if f.ID == "ice.limited" {
					if f.Severity != test.severity || (words.Of(f).Advice != "") != test.advice {
						t.Errorf("%s, advice %q", f.Severity, words.Of(f).Advice)
					}
					return
				}
			}
			t.Errorf("findings: %+v", v.Findings)
		})
	}
}
