// Package judge draws conclusions: from the state of a call, of a diagnosis and of servers it makes findings and a
// verdict. It is pure, and it has no words: a finding is an ID, a severity, a subject and typed evidence, which
// package words turns into English.
package judge

import (
	"cmp"
	"slices"
)

// Severity grades a finding.
type Severity string

// Severities.
const (
	Info    Severity = "info"    // good to know
	Warn    Severity = "warning" // it may do harm
	Problem Severity = "error"   // it explains a failure
)

// Finding is one conclusion. Its ID is stable: scripts and documents refer to it, and "dialtone explain ID" prints a
// paragraph about it.
type Finding struct {
	ID       string   `json:"id"`
	Severity Severity `json:"severity"`
	Subject  string   `json:"subject,omitempty"`  // what it is about: the URL of a server, "inbound audio", a channel; empty: the call
	Evidence any      `json:"evidence,omitempty"` // a struct of this package, one type for each ID; nil: the ID says it all
}

// Compare is negative when s is less grave than other, positive when it is graver.
func (s Severity) Compare(other Severity) int { return cmp.Compare(s.rank(), other.rank()) }

// rank orders severities, the gravest highest.
func (s Severity) rank() int {
	return slices.Index([]Severity{Info, Warn, Problem}, s)
}
