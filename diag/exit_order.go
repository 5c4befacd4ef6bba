package diag

import (
	"cmp"
	"slices"
)

// ExitOrder lists the codes from the best to the worst: those of diagnoses, then those of calls and checks. Of several
// the worst counts: what was not tried (interrupted, could not run) before what failed, and an earlier step of a call
// before a later one.
var ExitOrder = []Exit{
	ExitPass, ExitRelay, ExitNoRelay, ExitInconclusive, ExitNoConnectivity,
	ExitAssertion, ExitMedia, ExitChannel, ExitDTLS, ExitICE, ExitNoPeer, ExitSignaling, ExitUsage, ExitCannotRun,
	ExitInterrupted,
}

// Compare is negative where e is better than other, positive where it is worse.
func (e Exit) Compare(other Exit) int {
	return cmp.Compare(slices.Index(ExitOrder, e), slices.Index(ExitOrder, other))
}

// Worse returns the worse of two codes.
func (e Exit) Worse(other Exit) Exit {
	if e.Compare(other) >= 0 {
		return e
	}
	return other
}
