// Package sequence puts the packets of an RTP stream in order, and counts those that are missing, repaired or doubled.
package sequence

const (
	// Window is how many packets back duplicates and repairs are distinguished, a power of two; pion's NACK responder
	// keeps as many.
	Window = 1024
	// MaxMisorder is how late a packet may be to count as reordered, and not as a new beginning (RFC 3550, appendix A.1,
	// which suggests 100; repairs come later than reordered packets).
	MaxMisorder = Window - 1
	// MaxDropout is the largest gap that counts as loss.
	MaxDropout = 3000
)

// Arrival is the place of a packet in the order of its stream.
type Arrival uint8

// Arrivals.
const (
	Unknown   Arrival = iota
	New               // newer than everything before
	Late              // fills a gap
	Repair            // fills a gap that a NACK asked for
	Duplicate         // was here already
	Odd               // so far off that it belongs nowhere (yet)
	Restart           // begins a new sequence: the source started again
)

// Sequence extends sequence numbers and knows what is missing (RFC 3550, appendices A.1 and A.3). The zero value is
// ready. Other than there, a packet counts once however often it arrives, so nothing is ever lost less than zero times.
type Sequence struct {
	started   bool
	base, max int64 // extended: first and highest of the present sequence
	odd       int32 // what would follow the last odd packet, −1 for none
	past      int64 // Expected before the source restarted
	unique    int64 // arrived, each counted once
	repaired  int64 // of those, arrived as retransmissions
	got       bits  // arrived, of the window up to max
	asked     bits  // asked for with a NACK, of the window up to max
	restored  bits  // repeated in later packets, of the window up to max
	repairs   bits  // came by way of a retransmission, of the window up to max
}

// Add counts the arrival of a packet and returns its extended sequence number, which only grows, restarts included. A
// repaired packet came by way of a retransmission and cannot restart anything. The number of an odd packet is 0.
func (s *Sequence) Add(seq uint16, repaired bool) (int64, Arrival) {
	if !s.started {
		if repaired {
			return 0, Odd
		}
		s.begin(int64(seq))
		return s.max, New
	}
	step := int64(int16(seq - uint16(s.max)))
	ext := s.max + step
	switch {
	case step > 0 && step <= MaxDropout:
		s.advance(step)
		s.mark(ext, repaired)
		return ext, New
	case step <= 0 && step >= -MaxMisorder:
		return ext, s.fill(ext, repaired)
	case repaired:
		return 0, Odd
	case int32(seq) == s.odd: // two in a row: the source really is there now
		s.past += s.max - s.base + 1
		s.begin((s.max>>16+2)<<16 | int64(seq)) // beyond the window of what was before
		return s.max, Restart
	}
	s.odd = int32(seq + 1)
	return 0, Odd
}

func (s *Sequence) begin(ext int64) {
	s.started, s.base, s.max, s.odd = true, ext, ext, -1
	s.got, s.asked, s.restored, s.repairs = bits{}, bits{}, bits{}, bits{}
	s.got.set(ext)
	s.unique++
}

func (s *Sequence) advance(step int64) {
	s.odd = -1
	if step >= Window {
		s.got, s.asked, s.restored, s.repairs = bits{}, bits{}, bits{}, bits{}
	} else {
		for i := s.max + 1; i <= s.max+step; i++ {
			s.got.clear(i)
			s.asked.clear(i)
			s.restored.clear(i)
			s.repairs.clear(i)
		}
	}
	s.max += step
	s.got.set(s.max)
	s.unique++
}

func (s *Sequence) fill(ext int64, repaired bool) Arrival {
	switch {
	case !s.got.has(ext):
		s.got.set(ext)
		s.unique++
		s.base = min(s.base, ext) // the first packets came in the wrong order
	case s.restored.has(ext):
		s.restored.clear(ext)
		s.repaired-- // it was late, not lost
	default:
		if s.repairs.has(ext) && !repaired {
			s.repairs.clear(ext)
			s.repaired--
		}
		return Duplicate
	}
	s.mark(ext, repaired)
	if s.asked.has(ext) {
		return Repair
	}
	return Late
}

// mark counts a packet as repaired if it came by way of a retransmission, until it comes by itself, too: then it was
// late, not lost.
func (s *Sequence) mark(ext int64, repaired bool) {
	if repaired {
		s.repairs.set(ext)
		s.repaired++
	}
}

// Restore counts a packet as repaired that later ones repeat; false if it is not missing.
func (s *Sequence) Restore(ext int64) bool {
	if !s.started || ext <= s.base || ext > s.max || ext <= s.max-Window || s.got.has(ext) {
		return false
	}
	s.got.set(ext)
	s.restored.set(ext)
	s.unique++
	s.repaired++
	return true
}

// Ask remembers that a NACK for seq was sent.
func (s *Sequence) Ask(seq uint16) {
	if !s.started {
		return
	}
	step := int64(int16(seq - uint16(s.max)))
	if step <= 0 && step >= -MaxMisorder && !s.got.has(s.max+step) {
		s.asked.set(s.max + step)
	}
}

// Has reports whether the packet arrived; false for what left the window.
func (s *Sequence) Has(ext int64) bool {
	return s.started && ext <= s.max && ext > s.max-Window && s.got.has(ext)
}

// Expected is how many packets were sent, by their numbers.
func (s *Sequence) Expected() int64 {
	if !s.started {
		return 0
	}
	return s.past + s.max - s.base + 1
}

// Lost is how many of them did not come by themselves; some of those were repaired.
func (s *Sequence) Lost() int64 { return s.Expected() - s.unique + s.repaired }

// Repair counts one more packet as repaired: it was asked for, and came again on the stream's own SSRC.
func (s *Sequence) Repair() { s.repaired++ }

// Repaired is how many of the lost packets were repaired.
func (s *Sequence) Repaired() int64 { return s.repaired }

// Base is the first extended sequence number of the present sequence.
func (s *Sequence) Base() int64 { return s.base }

// Max is the highest extended sequence number.
func (s *Sequence) Max() int64 { return s.max }

// bits is a set of extended sequence numbers of one window.
type bits [Window / 64]uint64

func (b *bits) set(i int64)      { b[i&(Window-1)/64] |= 1 << (i & 63) }
func (b *bits) clear(i int64)    { b[i&(Window-1)/64] &^= 1 << (i & 63) }
func (b *bits) has(i int64) bool { return b[i&(Window-1)/64]&(1<<(i&63)) != 0 }
