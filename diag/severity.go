package diag

import "cmp"

// Severity grades a finding.
type Severity string

// Severities.
const (
	Info    Severity = "info"    // good to know
	Warn    Severity = "warning" // it may do harm
	Problem Severity = "error"   // it explains a failure
)

// Compare is negative where s is less grave than other, positive where it is graver.
func (s Severity) Compare(other Severity) int { return cmp.Compare(s.rank(), other.rank()) }

// rank orders severities, the gravest highest.
func (s Severity) rank() int {
	switch s {
	case Problem:
		return 2
	case Warn:
		return 1
	case Info:
	}
	return 0
}
