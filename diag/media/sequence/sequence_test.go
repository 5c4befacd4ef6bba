package sequence

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSequence(t *testing.T) {
	type step struct {
		seq      uint16
		repaired bool
		want     Arrival
	}
	in := func(want Arrival, seqs ...uint16) (steps []step) {
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
		{"in order", in(New, 5, 6, 7), 3, 0},
		{"across the wrap", in(New, 65534, 65535, 0, 1), 4, 0},
		{"loss", in(New, 10, 11, 14), 5, 2},
		{"loss across the wrap", in(New, 65535, 2), 4, 2},
		{"reordering", join(in(New, 10, 12), in(Late, 11)), 3, 0},
		{"reordering across the wrap", join(in(New, 65534, 0), in(Late, 65535)), 3, 0},
		{"the first is late", join(in(New, 1), in(Late, 65535)), 3, 1},
		{"duplicates", join(in(New, 1, 2), in(Duplicate, 2, 1, 1)), 2, 0},
		{"a duplicate of a late packet", join(in(New, 1, 3), in(Late, 2), in(Duplicate, 2)), 3, 0},
		{"repair by RTX", join(in(New, 1, 3), []step{{2, true, Late}, {2, true, Duplicate}}), 3, 1},
		{"late, after its repair", join(in(New, 1, 3), []step{{2, true, Late}}, in(Duplicate, 2, 2)), 3, 0},
		{"RTX of the newest", join(in(New, 1), []step{{2, true, New}, {2, true, Duplicate}}), 2, 1},
		{"RTX that overtakes its packet", join(in(New, 1), []step{{2, true, New}}, in(Duplicate, 2), in(New, 3)), 3, 0},
		{"a number again, a window after its repair", join(in(New, 1), []step{{2, true, New}}, in(New, 1030), in(Late, 2+Window)), 1030, 1027},
		{"RTX before the stream", []step{{2, true, Odd}}, 0, 0},
		{"RTX of another age", join(in(New, 1), []step{{30000, true, Odd}, {30001, true, Odd}}), 1, 0},
		{"a gap of 3000", in(New, 1, 3001), 3001, 2999},
		{"one stray packet", join(in(New, 1), in(Odd, 30000), in(New, 2)), 2, 0},
		{"strays not in a row", join(in(New, 1), in(Odd, 30000), in(New, 2), in(Odd, 30001)), 2, 0},
		{"restart", join(in(New, 1, 3), in(Odd, 30000), in(Restart, 30001), in(New, 30002)), 5, 1},
		{"backwards beyond the window", join(in(New, 5000), in(Odd, 3900), in(Restart, 3901)), 2, 0},
		{"late by the whole window", join(in(New, 5000), in(Late, 5000-MaxMisorder)), Window, Window - 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s Sequence
			for i, step := range tt.steps {
				if _, got := s.Add(step.seq, step.repaired); got != step.want {
					t.Errorf("step %d, packet %d: arrival %d instead of %d", i, step.seq, got, step.want)
				}
			}
			if s.Expected() != tt.expected || s.Lost() != tt.lost {
				t.Errorf("expected %d, lost %d instead of %d, %d", s.Expected(), s.Lost(), tt.expected, tt.lost)
			}
		})
	}
}

func TestSequenceTellsRepairsThatWereAskedFor(t *testing.T) {
	var s Sequence
	s.Ask(1) // before the first packet: nothing to ask for
	for _, seq := range []uint16{1, 2, 6} {
		s.Add(seq, false)
	}
	s.Ask(3)
	s.Ask(6) // is here
	s.Ask(9) // not sent yet
	got := []Arrival{}
	for _, seq := range []uint16{3, 4, 6, 9} {
		_, a := s.Add(seq, false)
		got = append(got, a)
	}
	if diff := cmp.Diff([]Arrival{Repair, Late, Duplicate, New}, got); diff != "" {
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
	var s Sequence
	came := map[int]bool{}
	first, last, duplicates := order[0], order[0], 0
	for _, i := range order {
		ext, a := s.Add(uint16(i), false)
		if ext != int64(i) {
			t.Fatalf("packet %d is taken for %d", i, ext)
		}
		if came[i] != (a == Duplicate) {
			t.Fatalf("packet %d: arrival %d, came before: %v", i, a, came[i])
		}
		if came[i] {
			duplicates++
		}
		came[i] = true
		first, last = min(first, i), max(last, i)
	}
	if want := int64(last - first + 1 - len(came)); s.Lost() != want || s.unique != int64(len(came)) {
		t.Errorf("lost %d, unique %d instead of %d, %d", s.Lost(), s.unique, want, len(came))
	}
}
