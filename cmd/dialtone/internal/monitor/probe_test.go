package monitor

import (
	"strings"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/report"
)

// TestStepOfTimeout: a probe that was cut failed at the step that took too long, and the earliest of several counts.
func TestStepOfTimeout(t *testing.T) {
	for name, row := range map[string]struct {
		cut    bool
		phases map[diag.PhaseName]diag.Outcome
		exit   diag.Exit
	}{
		"an answer": {true, map[diag.PhaseName]diag.Outcome{
			diag.PhaseDial: diag.OutcomeOK, diag.PhaseOfferAnswer: diag.OutcomeCancelled, diag.PhaseGather: diag.OutcomeCancelled,
		}, diag.ExitSignaling},
		"checks and candidates": {true, map[diag.PhaseName]diag.Outcome{
			diag.PhaseICE: diag.OutcomeCancelled, diag.PhaseGather: diag.OutcomeCancelled, diag.PhaseDial: diag.OutcomeOK,
		}, diag.ExitICE},
		"two":       {true, map[diag.PhaseName]diag.Outcome{diag.PhaseDTLS: diag.OutcomeCancelled, diag.PhaseWait: diag.OutcomeCancelled}, diag.ExitNoPeer},
		"a channel": {true, map[diag.PhaseName]diag.Outcome{diag.PhaseChannel: diag.OutcomeCancelled}, diag.ExitChannel},
		"connected": {true, map[diag.PhaseName]diag.Outcome{diag.PhaseICE: diag.OutcomeOK}, diag.ExitInterrupted},
		"not cut":   {false, map[diag.PhaseName]diag.Outcome{diag.PhaseICE: diag.OutcomeCancelled}, diag.ExitInterrupted},
	} {
		one := report.Undone("dialtone test", "a", time.Now(), diag.ExitInterrupted, nil)
		run := report.Run{}
		for phase, outcome := range row.phases {
			run.Setup.Phases = append(run.Setup.Phases, report.Phase{PhaseEnd: diag.PhaseEnd{Phase: phase, Outcome: outcome}})
		}
		one.Runs = append(one.Runs, run)
		r := &result{TimedOut: row.cut}
		r.conclude(outcome{report: one}, 4*time.Second)
		if r.Report.Exit.Code != row.exit || r.Report.Verdict != report.VerdictOf(row.exit) || r.Pass {
			t.Errorf("%s: %v, %s", name, r.Report.Exit, r.Report.Verdict)
		}
		if said := strings.HasPrefix(r.Report.Headline, "cut at its timeout of 4s"); said != row.cut {
			t.Errorf("%s: %q", name, r.Report.Headline)
		}
	}
}
