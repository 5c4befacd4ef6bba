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

// Finding is one thing that was found out, with a stable ID that scripts and documents can refer to.
type Finding struct {
	ID       string   `json:"id"`                 // stable: dialtone explain ID prints a paragraph about it
	Severity Severity `json:"severity"`           // how grave it is
	Title    string   `json:"title"`              // what is so, in one sentence
	Evidence []string `json:"evidence,omitempty"` // how it is known: counts, codes, addresses
	Advice   string   `json:"advice,omitempty"`   // the next step
}

func OrUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

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
