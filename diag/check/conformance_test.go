package check

import (
	"strings"
	"testing"

	"dialtone/diag"
	"dialtone/diag/report"
	"dialtone/diag/words"
	"dialtone/signal/conform"
)

func TestConformanceCounts(t *testing.T) {
	result := func(level conform.Level, outcome conform.Outcome) conform.Result {
		return conform.Result{
			ID: "post-created", Standard: "RFC 9725", Section: "4.2", Level: level, Requirement: "a POST is answered 201 Created", Outcome: outcome,
			Reason: "it was answered 200", Exchanges: []string{"POST endpoint → 200 ok, 5 bytes"},
		}
	}
	tests := map[string]struct {
		result   conform.Result
		exit     diag.Exit
		findings int
	}{
		"kept":                 {result(conform.Must, conform.Pass), diag.ExitPass, 0},
		"a MUST is not kept":   {result(conform.Must, conform.Fail), diag.ExitAssertion, 0},
		"a SHOULD is not kept": {result(conform.Should, conform.Warn), diag.ExitPass, 1},
		"skipped":              {result(conform.Must, conform.Skipped), diag.ExitPass, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := &report.Report{Runs: []report.Run{{Result: report.Result{Exit: report.ExitOf(diag.ExitPass)}}}}
			takeConformance(r, []conform.Result{test.result})
			if diag.Exit(r.Exit.Code) != test.exit || len(r.Findings) != test.findings || len(r.Assertions) != 1 {
				t.Fatalf("exit %v, findings %+v, assertions %+v", r.Exit, r.Findings, r.Assertions)
			}
			a := r.Assertions[0]
			if !strings.HasPrefix(a.Expr, "RFC 9725 §4.2 "+string(test.result.Level)+" post-created: ") || a.Pass != (test.exit == diag.ExitPass) {
				t.Errorf("%+v", a)
			}
			var text strings.Builder
			if err := report.WriteText(&text, r); err != nil {
				t.Fatal(err)
			}
			if why := "fail: it was answered 200 (POST endpoint"; strings.Contains(text.String(), why) == a.Pass {
				t.Errorf("%q: %s", why, text.String())
			}
			for _, f := range r.Findings {
				if _, explained := words.Explain(f.ID); !explained || f.Severity != diag.Warn {
					t.Errorf("%+v", f)
				}
			}
		})
	}
}
