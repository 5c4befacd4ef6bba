package video

// bitReader reads bits, most significant first. After the end it returns zeros and is bad.
type bitReader struct {
	b     []byte
	plain bool // there are no emulation prevention bytes (ITU-T H.264 and H.265, section 7.4.1)
	pos   int
	bad   bool
}

func (r *bitReader) bits(n int) uint32 {
	var v uint32
	for ; n > 0; n-- {
		i := r.pos >> 3
		if !r.plain && r.pos&7 == 0 && i >= 2 && i < len(r.b) && r.b[i] == 3 && r.b[i-1] == 0 && r.b[i-2] == 0 {
			r.pos, i = r.pos+8, i+1
		}
		if i >= len(r.b) {
			r.bad = true
			return 0
		}
		v = v<<1 | uint32(r.b[i]>>(7-r.pos&7)&1)
		r.pos++
	}
	return v
}

// ue reads an unsigned Exp-Golomb code (section 9.1) of at most 16 leading zeros, which is more than any field here
// needs.
func (r *bitReader) ue() uint32 {
	zeros := 0
	for r.bits(1) == 0 {
		if zeros++; r.bad || zeros > 16 {
			r.bad = true
			return 0
		}
	}
	return 1<<zeros - 1 + r.bits(zeros)
}

func (r *bitReader) se() int32 {
	v := r.ue()
	if v&1 == 1 {
		return int32(v+1) / 2
	}
	return -int32(v / 2)
}
