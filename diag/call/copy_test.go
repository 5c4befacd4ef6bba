package call

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"dialtone/diag"
	"dialtone/diag/diagtest"
)

// TestCopy: whatever is applied to a call or to its copy does not show in the other one, at whatever event they part.
func TestCopy(t *testing.T) {
	events := diagtest.GoodCall()
	for _, data := range diagtest.Filled("x") {
		events = append(events, diag.Event{Seq: uint64(len(events) + 1), At: time.Second, Data: data})
	}
	exact := cmp.Options{cmp.AllowUnexported(Call{}, Distribution{}), cmpopts.IgnoreFields(Distribution{}, "sorted"), cmpopts.IgnoreFields(DescriptionRow{}, "parse"), cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{}, netip.Prefix{})}
	for at := range events {
		before := Fold(events[:at])
		later := before.Copy()
		for _, e := range events[at:] {
			later.Apply(e)
		}
		if diff := cmp.Diff(Fold(events[:at]), before, exact); diff != "" {
			t.Fatalf("the original of event %d changed with its copy:\n%s", at, diff)
		}
		if diff := cmp.Diff(Fold(events), later, exact); diff != "" {
			t.Fatalf("the copy of event %d went another way:\n%s", at, diff)
		}
	}
}
