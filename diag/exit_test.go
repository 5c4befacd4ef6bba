package diag

import (
	"slices"
	"testing"
)

// TestExits: the codes are a contract, so their numbers stand here once more.
func TestExits(t *testing.T) {
	want := map[Exit]struct {
		number int
		name   string
	}{
		ExitPass: {0, "pass"}, ExitAssertion: {1, "assertion"}, ExitUsage: {2, "usage"}, ExitSignaling: {3, "signaling"},
		ExitNoPeer: {4, "no-peer"}, ExitICE: {5, "ice"}, ExitDTLS: {6, "dtls"}, ExitChannel: {7, "channel"}, ExitMedia: {8, "media"},
		ExitCannotRun: {9, "cannot-run"}, ExitRelay: {10, "relay"}, ExitNoRelay: {11, "no-relay"},
		ExitInconclusive: {12, "inconclusive"}, ExitNoConnectivity: {13, "no-connectivity"}, ExitInterrupted: {130, "interrupted"},
	}
	names := map[string]Exit{}
	for _, e := range Exits() {
		w, known := want[e]
		if !known || int(e) != w.number || e.String() != w.name {
			t.Errorf("exit %d is %q, want %d %q", int(e), e, w.number, w.name)
		}
		if other, taken := names[e.String()]; taken {
			t.Errorf("%d and %d are both named %q", int(other), int(e), e)
		}
		names[e.String()] = e
	}
	if len(Exits()) != len(want) || !slices.IsSorted(Exits()) {
		t.Errorf("Exits() = %v, want all %d in ascending order", Exits(), len(want))
	}
	if got := Exit(77).String(); got != "exit(77)" {
		t.Errorf("a code without a name is %q", got)
	}
}
