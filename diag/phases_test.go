package diag

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestPhases(t *testing.T) {
	var got []Data
	p := NewPhases(func(d Data) { got = append(got, d) })
	p.Start(PhaseICE, "")
	p.Start(PhaseICE, "") // somebody else noticed it too
	p.End(PhaseICE, "", OutcomeOK, "first")
	p.End(PhaseICE, "", OutcomeFailed, "second") // too late
	p.Start(PhaseICE, "")                        // it has ended
	p.End(PhaseDTLS, "", OutcomeOK, "")          // never opened: no length
	p.Again(PhaseICE, "")
	p.Start(PhaseICE, "")
	p.Again(PhaseICE, "") // it runs: nothing to forget
	want := []Data{
		PhaseStart{Phase: PhaseICE},
		PhaseEnd{Phase: PhaseICE, Outcome: OutcomeOK, Detail: "first"},
		PhaseStart{Phase: PhaseDTLS},
		PhaseEnd{Phase: PhaseDTLS, Outcome: OutcomeOK},
		PhaseStart{Phase: PhaseICE},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !p.Running(PhaseICE, "") || p.Running(PhaseDTLS, "") || !p.Known(PhaseDTLS, "") || p.Known(PhaseSCTP, "") {
		t.Error("what runs and what is known differs from what was emitted")
	}
}

func TestPhasesCancel(t *testing.T) {
	var got []Data
	p := NewPhases(func(d Data) { got = append(got, d) })
	p.Start(PhaseGather, "a")
	p.Start(PhaseGather, "b")
	p.End(PhaseDial, "", OutcomeOK, "")
	got = nil
	p.Cancel()
	p.Cancel()
	want := []Data{
		PhaseEnd{Phase: PhaseGather, Subject: "a", Outcome: OutcomeCancelled},
		PhaseEnd{Phase: PhaseGather, Subject: "b", Outcome: OutcomeCancelled},
	}
	if diff := cmp.Diff(want, got, cmpopts.SortSlices(func(a, b Data) bool { return a.(PhaseEnd).Subject < b.(PhaseEnd).Subject })); diff != "" {
		t.Error(diff)
	}
}

// TestPhasesFromManySides: whoever comes first, each span begins once and ends once.
func TestPhasesFromManySides(t *testing.T) {
	count := map[Type]int{}
	p := NewPhases(func(d Data) { count[TypeOf(d)]++ })
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			p.Start(PhaseSCTP, "")
			p.End(PhaseSCTP, "", OutcomeOK, "")
		})
	}
	wg.Wait()
	if diff := cmp.Diff(map[Type]int{"phase.start": 1, "phase.end": 1}, count); diff != "" {
		t.Error(diff)
	}
}
