package sequence

import "slices"

// skippedKept is how many of the latest numbers that were left out may still be sent.
const skippedKept = 512

// Skipped counts the numbers that a sender leaves out: those of packets that it forwards and never got. Receivers
// report them as lost.
type Skipped struct {
	old    int64   // that are final
	recent []int64 // in their order
}

// Jump notes that a packet of a number followed one of another, both extended: those between were left out.
func (s *Skipped) Jump(from, to int64) {
	first := max(from+1, to-skippedKept)
	s.old += first - from - 1
	for n := first; n < to; n++ {
		s.recent = append(s.recent, n)
	}
	if over := len(s.recent) - skippedKept; over > 0 {
		s.old += int64(over)
		s.recent = slices.Delete(s.recent, 0, over)
	}
}

// Fill notes that a packet of a number is sent late; false if that number was not left out.
func (s *Skipped) Fill(number int64) bool {
	i, found := slices.BinarySearch(s.recent, number)
	if found {
		s.recent = slices.Delete(s.recent, i, i+1)
	}
	return found
}

// UpTo is how many numbers were left out, of those up to one.
func (s *Skipped) UpTo(number int64) int64 {
	n, found := slices.BinarySearch(s.recent, number)
	if found {
		n++
	}
	return s.old + int64(n)
}
