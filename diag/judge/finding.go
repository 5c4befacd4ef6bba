package judge

import (
	"dialtone/diag"
	"dialtone/diag/finding"
)

// Finding is one conclusion.
type Finding = finding.Finding

// Severity grades a finding.
type Severity = diag.Severity

// Severities.
const (
	Info    = diag.Info    // good to know
	Warn    = diag.Warn    // it may do harm
	Problem = diag.Problem // it explains a failure
)
