package diag

import (
	"cmp"
	"fmt"
	"slices"
)

// Exit is the exit code of a command: a contract with scripts, so a number never changes its meaning.
type Exit int

// The exit codes, and the one place that names them.
const (
	ExitPass      Exit = 0 // all that was asked for was seen
	ExitAssertion Exit = 1 // an assertion failed
	ExitUsage     Exit = 2 // wrong flags or configuration; nothing was tried
	ExitSignaling Exit = 3 // the parties could not exchange offer, answer and candidates
	ExitNoPeer    Exit = 4 // the peer never came
	ExitICE       Exit = 5 // no path was found, or the path was lost
	ExitDTLS      Exit = 6 // a path was found, the handshake over it failed
	ExitChannel   Exit = 7 // connected, but a data channel did not open or did not echo
	ExitMedia     Exit = 8 // connected, but media was asked for and did not flow
	ExitCannotRun Exit = 9 // dialtone itself could not do its work: a port, a file, a terminal

	// Those of dialtone nat alone; there 0 means that direct calls are likely to work.
	ExitRelay          Exit = 10 // a relay is needed, and one works
	ExitNoRelay        Exit = 11 // a relay is needed, and none works
	ExitInconclusive   Exit = 12 // too little is known
	ExitNoConnectivity Exit = 13 // nothing answers

	ExitInterrupted Exit = 130 // Ctrl-C, SIGTERM or SIGHUP before the work was done
)

var exitNames = map[Exit]string{
	ExitPass: "pass", ExitAssertion: "assertion", ExitUsage: "usage", ExitSignaling: "signaling", ExitNoPeer: "no-peer",
	ExitICE: "ice", ExitDTLS: "dtls", ExitChannel: "channel", ExitMedia: "media", ExitCannotRun: "cannot-run",
	ExitRelay: "relay", ExitNoRelay: "no-relay", ExitInconclusive: "inconclusive", ExitNoConnectivity: "no-connectivity",
	ExitInterrupted: "interrupted",
}

// Exits lists every exit code in ascending order, for the documentation and its test.
func Exits() []Exit {
	return []Exit{
		ExitPass, ExitAssertion, ExitUsage, ExitSignaling, ExitNoPeer, ExitICE, ExitDTLS, ExitChannel, ExitMedia,
		ExitCannotRun, ExitRelay, ExitNoRelay, ExitInconclusive, ExitNoConnectivity, ExitInterrupted,
	}
}

// String is the stable name of the code.
func (e Exit) String() string {
	if name, ok := exitNames[e]; ok {
		return name
	}
	return fmt.Sprintf("exit(%d)", int(e))
}

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
