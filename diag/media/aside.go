package media

import (
	"dialtone/diag"
	"dialtone/diag/media/redundancy"
)

// aside is what a payload type of the peer holds that is no codec of media.
type aside struct {
	name   string // as SDP has it, in lower case
	format redundancy.Format
}

// fec counts what came against loss and is no media.
type fec struct {
	packets, bytes uint64 // in the packets of the stream
	inBand         bool   // those of Opus, whose bytes are not known
	format         string
	ssrc           uint32 // of a stream of its own
	beside         uint64 // packets there
}

func (f *fec) add(packets, bytes int, format string) {
	if packets > 0 {
		f.packets, f.bytes, f.format = f.packets+uint64(packets), f.bytes+uint64(bytes), format // #nosec G115 -- of a packet
	}
}

func (f *fec) report(d *diag.InboundRTP) {
	if f.packets+f.beside == 0 {
		return
	}
	d.FECPacketsReceived, d.FECFormat = diag.Ptr(f.packets+f.beside), f.format
	if !f.inBand && f.beside == 0 {
		d.FECBytesReceived = diag.Ptr(f.bytes)
	}
	if f.ssrc != 0 {
		d.FECSSRC = diag.Ptr(f.ssrc)
	}
}

// SetAside says what packets of a payload type hold, by the name in the peer's description ("red", "ulpfec", "CN"):
// whatever was agreed, they are no media.
func (r *Recorder) SetAside(payloadType uint8, name string) {
	if format := redundancy.FormatOf(name); format != redundancy.Unknown && int(payloadType) < len(r.asides) {
		r.asides[payloadType].Store(&aside{diag.Clean(name, 32), format})
	}
}

// SetGuard says which stream another one with FEC protects (RFC 5956, FEC-FR).
func (r *Recorder) SetGuard(fec, protected uint32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.guards) < maxStreams {
		r.guards[fec] = protected
	}
}

// Guards reports whether a stream that is not recorded holds FEC, and gives its packets to the one that it protects.
func (r *Recorder) Guards(ssrc uint32, payloadType uint8, packets uint64) bool {
	x := r.asides[payloadType&0x7f].Load()
	if x == nil || x.format != redundancy.FEC {
		return false
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	protected, known := r.guards[ssrc]
	if !known && r.newest != nil {
		protected = r.newest.ssrc
	}
	found := false
	r.in.update(protected, func(s *inbound) {
		s.fec.ssrc, s.fec.beside, s.fec.format, found = ssrc, packets, x.name, true
	})
	return found
}

// unwrap finds the media in a packet, and counts what it has against loss. What pion has no codec for, at which it
// would end the track, is taken from b: the length of the rest is returned.
func (s *inbound) unwrap(b []byte, h header) (header, int) {
	c, x := s.rec.codecs[h.payloadType].Load(), s.rec.asides[h.payloadType].Load()
	switch {
	case c != nil:
		s.fallback = h.payloadType
		if c.Name == "opus" && redundancy.OpusFEC(h.payload) {
			s.fec.add(1, 0, c.Name)
			s.fec.inBand = true
		}
		return h, len(b)
	case !s.rec.negotiated.Load():
		return h, len(b)
	case x == nil || x.format == redundancy.Other: // it is measured as it is
		return h, rewrite(b, h.start, s.fallback, nil)
	case x.format == redundancy.RED:
		s.red(&h)
	default:
		s.guarded(&h, h.payload, x)
	}
	length := rewrite(b, h.start, h.payloadType, h.payload)
	h.payload = b[h.start:length]
	return h, length
}

// red turns a packet of RED into one of what its primary block holds: media, FEC, or nothing that can be read.
func (s *inbound) red(h *header) {
	block, ok := redundancy.Unwrap(h.payload)
	x := s.rec.asides[block.PayloadType].Load()
	if s.fec.add(block.Earlier, block.Bytes, "red"); ok && x != nil && x.format == redundancy.FEC {
		s.guarded(h, block.Payload, x)
		return
	}
	h.payloadType, h.payload = block.PayloadType, block.Payload
	if s.rec.codecs[block.PayloadType].Load() == nil {
		h.payloadType, h.payload = s.fallback, nil
	}
}

// guarded counts FEC and leaves a packet without media.
func (s *inbound) guarded(h *header, payload []byte, x *aside) {
	s.fec.add(1, len(payload), x.name)
	h.payloadType, h.payload = s.fallback, nil
}

// rewrite gives a packet another payload type and, as payload, a part of its own. It returns the new length.
func rewrite(b []byte, start int, payloadType uint8, payload []byte) int {
	b[0] &^= 0x20 // no padding
	b[1] = b[1]&0x80 | payloadType
	return start + copy(b[start:], payload)
}
