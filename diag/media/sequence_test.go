package media

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSequence(t *testing.T) {
	type step struct {
		seq      uint16
		repaired bool
		want     arrival
	}
	in := func(want arrival, seqs ...uint16) (steps []step) {
		for _, seq := range seqs {
			steps = append(steps, step{seq, false, want})
		}
		return steps
	}
	join := func(parts ...[]step) (all []step) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	tests := []struct {
		name           string
		steps          []step
		expected, lost int64
	}{
		{"nothing", nil, 0, 0},
		{"in order", in(arrivalNew, 5, 6, 7), 3, 0},
		{"across the wrap", in(arrivalNew, 65534, 65535, 0, 1), 4, 0},
		{"loss", in(arrivalNew, 10, 11, 14), 5, 2},
		{"loss across the wrap", in(arrivalNew, 65535, 2), 4, 2},
		{"reordering", join(in(arrivalNew, 10, 12), in(arrivalLate, 11)), 3, 0},
		{"reordering across the wrap", join(in(arrivalNew, 65534, 0), in(arrivalLate, 65535)), 3, 0},
		{"the first is late", join(in(arrivalNew, 1), in(arrivalLate, 65535)), 3, 1},
		{"duplicates", join(in(arrivalNew, 1, 2), in(arrivalDuplicate, 2, 1, 1)), 2, 0},
		{"a duplicate of a late packet", join(in(arrivalNew, 1, 3), in(arrivalLate, 2), in(arrivalDuplicate, 2)), 3, 0},
		{"repair by RTX", join(in(arrivalNew, 1, 3), []step{{2, true, arrivalLate}, {2, true, arrivalDuplicate}}), 3, 0},
		{"RTX of the newest", join(in(arrivalNew, 1), []step{{2, true, arrivalNew}}, in(arrivalDuplicate, 2)), 2, 0},
		{"RTX before the stream", []step{{2, true, arrivalOdd}}, 0, 0},
		{"RTX of another age", join(in(arrivalNew, 1), []step{{30000, true, arrivalOdd}, {30001, true, arrivalOdd}}), 1, 0},
		{"a gap of 3000", in(arrivalNew, 1, 3001), 3001, 2999},
		{"one stray packet", join(in(arrivalNew, 1), in(arrivalOdd, 30000), in(arrivalNew, 2)), 2, 0},
		{"strays not in a row", join(in(arrivalNew, 1), in(arrivalOdd, 30000), in(arrivalNew, 2), in(arrivalOdd, 30001)), 2, 0},
		{"restart", join(in(arrivalNew, 1, 3), in(arrivalOdd, 30000), in(arrivalRestart, 30001), in(arrivalNew, 30002)), 5, 1},
		{"backwards beyond the window", join(in(arrivalNew, 5000), in(arrivalOdd, 3900), in(arrivalRestart, 3901)), 2, 0},
		{"late by the whole window", join(in(arrivalNew, 5000), in(arrivalLate, 5000-maxMisorder)), window, window - 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s sequence
			for i, step := range tt.steps {
				if _, got := s.add(step.seq, step.repaired); got != step.want {
					t.Errorf("step %d, packet %d: arrival %d instead of %d", i, step.seq, got, step.want)
				}
			}
			if s.expected() != tt.expected || s.lost() != tt.lost {
				t.Errorf("expected %d, lost %d instead of %d, %d", s.expected(), s.lost(), tt.expected, tt.lost)
			}
		})
	}
}

func TestSequenceTellsRepairsThatWereAskedFor(t *testing.T) {
	var s sequence
	s.ask(1) // before the first packet: nothing to ask for
	for _, seq := range []uint16{1, 2, 6} {
		s.add(seq, false)
	}
	s.ask(3)
	s.ask(6) // is here
	s.ask(9) // not sent yet
	got := []arrival{}
	for _, seq := range []uint16{3, 4, 6, 9} {
		_, a := s.add(seq, false)
		got = append(got, a)
	}
	if diff := cmp.Diff([]arrival{arrivalRepair, arrivalLate, arrivalDuplicate, arrivalNew}, got); diff != "" {
		t.Error(diff)
	}
}

// TestSequenceAgainstASet sends packets through a network that loses, doubles and reorders, over two wraps.
func TestSequenceAgainstASet(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const n = 150_000
	var order []int
	for i := range n {
		if rng.IntN(20) == 0 && i > 0 && i < n-1 {
			continue
		}
		order = append(order, i)
		if rng.IntN(30) == 0 {
			order = append(order, i)
		}
	}
	for i := range order[50:] {
		if rng.IntN(10) == 0 {
			j := i + rng.IntN(50)
			order[i], order[j] = order[j], order[i]
		}
	}
	var s sequence
	came := map[int]bool{}
	first, last, duplicates := order[0], order[0], 0
	for _, i := range order {
		ext, a := s.add(uint16(i), false)
		if ext != int64(i) {
			t.Fatalf("packet %d is taken for %d", i, ext)
		}
		if came[i] != (a == arrivalDuplicate) {
			t.Fatalf("packet %d: arrival %d, came before: %v", i, a, came[i])
		}
		if came[i] {
			duplicates++
		}
		came[i] = true
		first, last = min(first, i), max(last, i)
	}
	if want := int64(last - first + 1 - len(came)); s.lost() != want || s.unique != int64(len(came)) {
		t.Errorf("lost %d, unique %d instead of %d, %d", s.lost(), s.unique, want, len(came))
	}
}
