package schematest

import "dialtone/diag"

// common are the values of fields and types that all reports share.
var common = map[string][]string{
	"Severity":         {string(diag.Info), string(diag.Warn), string(diag.Problem)},
	"Exit.name":        exitNames(),
	"Target.role":      {"offer", "answer", "any"},
	"PhaseName":        phaseNames,
	"PhaseEnd.outcome": {string(diag.OutcomeOK), string(diag.OutcomeFailed), string(diag.OutcomeCancelled), ""},
	"Side":             {string(diag.Local), string(diag.Remote)},
	"Verdict":          {"pass", "fail", "error"},
}

var phaseNames = []string{
	string(diag.PhaseDial), string(diag.PhaseWait), string(diag.PhaseGather), string(diag.PhaseOfferAnswer),
	string(diag.PhaseICE), string(diag.PhaseNomination), string(diag.PhaseDTLS), string(diag.PhaseSCTP),
	string(diag.PhaseChannel), string(diag.PhaseFirstPacket), string(diag.PhaseFirstFrame), string(diag.PhaseRestart),
}

// ExitCodes are all.
var ExitCodes = []diag.Exit{
	diag.ExitPass, diag.ExitAssertion, diag.ExitUsage, diag.ExitSignaling, diag.ExitNoPeer, diag.ExitICE, diag.ExitDTLS,
	diag.ExitChannel, diag.ExitMedia, diag.ExitCannotRun, diag.ExitInterrupted,
}

func exitNames() (out []string) {
	for _, e := range ExitCodes {
		out = append(out, e.String())
	}
	return out
}
