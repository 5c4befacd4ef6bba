package media

const (
	// window is how many packets back duplicates and repairs are distinguished, a power of two; pion's NACK responder
	// keeps as many.
	window = 1024
	// maxMisorder and maxDropout bound what is taken for reordering and for loss (RFC 3550, appendix A.1, which suggests
	// 100 and 3000; repairs come later than reordered packets).
	maxMisorder = window - 1
	maxDropout  = 3000
)

// arrival is the place of a packet in the order of its stream.
type arrival uint8

const (
	arrivalUnknown   arrival = iota
	arrivalNew               // newer than everything before
	arrivalLate              // fills a gap
	arrivalRepair            // fills a gap that a NACK asked for
	arrivalDuplicate         // was here already
	arrivalOdd               // so far off that it belongs nowhere (yet)
	arrivalRestart           // begins a new sequence: the source started again
)

// sequence extends sequence numbers and knows what is missing (RFC 3550, appendices A.1 and A.3). The zero value is
// ready. Other than there, a packet counts once however often it arrives, so nothing is ever lost less than zero times.
type sequence struct {
	started   bool
	base, max int64 // extended: first and highest of the present sequence
	odd       int32 // what would follow the last odd packet, −1 for none
	past      int64 // expected before the source restarted
	unique    int64 // arrived, each counted once
	repaired  int64 // of those, arrived as retransmissions
	got       bits  // arrived, of the window up to max
	asked     bits  // asked for with a NACK, of the window up to max
	restored  bits  // repeated in later packets, of the window up to max
}

// add counts the arrival of a packet and returns its extended sequence number, which only grows, restarts included. A
// repaired packet came by way of a retransmission and cannot restart anything. The number of an odd packet is 0.
func (s *sequence) add(seq uint16, repaired bool) (int64, arrival) {
	if !s.started {
		if repaired {
			return 0, arrivalOdd
		}
		s.begin(int64(seq))
		return s.max, arrivalNew
	}
	step := int64(int16(seq - uint16(s.max)))
	ext := s.max + step
	switch {
	case step > 0 && step <= maxDropout:
		s.advance(step)
		return ext, arrivalNew
	case step <= 0 && step >= -maxMisorder:
		return ext, s.fill(ext)
	case repaired:
		return 0, arrivalOdd
	case int32(seq) == s.odd: // two in a row: the source really is there now
		s.past += s.max - s.base + 1
		s.begin((s.max>>16+2)<<16 | int64(seq)) // beyond the window of what was before
		return s.max, arrivalRestart
	}
	s.odd = int32(seq + 1)
	return 0, arrivalOdd
}

func (s *sequence) begin(ext int64) {
	s.started, s.base, s.max, s.odd = true, ext, ext, -1
	s.got, s.asked, s.restored = bits{}, bits{}, bits{}
	s.got.set(ext)
	s.unique++
}

func (s *sequence) advance(step int64) {
	s.odd = -1
	if step >= window {
		s.got, s.asked, s.restored = bits{}, bits{}, bits{}
	} else {
		for i := s.max + 1; i <= s.max+step; i++ {
			s.got.clear(i)
			s.asked.clear(i)
			s.restored.clear(i)
		}
	}
	s.max += step
	s.got.set(s.max)
	s.unique++
}

func (s *sequence) fill(ext int64) arrival {
	if s.got.has(ext) {
		if !s.restored.has(ext) {
			return arrivalDuplicate
		}
		s.repaired-- // it was late, not lost
		s.restored.clear(ext)
		if s.asked.has(ext) {
			return arrivalRepair
		}
		return arrivalLate
	}
	s.got.set(ext)
	s.unique++
	s.base = min(s.base, ext) // the first packets came in the wrong order
	if s.asked.has(ext) {
		return arrivalRepair
	}
	return arrivalLate
}

// restore counts a packet as repaired that later ones repeat; false if it is not missing.
func (s *sequence) restore(ext int64) bool {
	if !s.started || ext <= s.base || ext > s.max || ext <= s.max-window || s.got.has(ext) {
		return false
	}
	s.got.set(ext)
	s.restored.set(ext)
	s.unique++
	s.repaired++
	return true
}

// ask remembers that a NACK for seq was sent.
func (s *sequence) ask(seq uint16) {
	if !s.started {
		return
	}
	step := int64(int16(seq - uint16(s.max)))
	if step <= 0 && step >= -maxMisorder && !s.got.has(s.max+step) {
		s.asked.set(s.max + step)
	}
}

// has reports whether the packet arrived; false for what left the window.
func (s *sequence) has(ext int64) bool {
	return s.started && ext <= s.max && ext > s.max-window && s.got.has(ext)
}

// expected is how many packets were sent, by their numbers.
func (s *sequence) expected() int64 {
	if !s.started {
		return 0
	}
	return s.past + s.max - s.base + 1
}

// lost is how many of them did not come by themselves; some of those were repaired.
func (s *sequence) lost() int64 { return s.expected() - s.unique + s.repaired }

// bits is a set of extended sequence numbers of one window.
type bits [window / 64]uint64

func (b *bits) set(i int64)      { b[i&(window-1)/64] |= 1 << (i & 63) }
func (b *bits) clear(i int64)    { b[i&(window-1)/64] &^= 1 << (i & 63) }
func (b *bits) has(i int64) bool { return b[i&(window-1)/64]&(1<<(i&63)) != 0 }
