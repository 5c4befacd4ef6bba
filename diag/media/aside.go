package media

import (
	"strings"
	"time"

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
	d.FECPacketsReceived, d.FECFormat = new(f.packets+f.beside), f.format
	if !f.inBand && f.beside == 0 {
		d.FECBytesReceived = new(f.bytes)
	}
	if f.ssrc != 0 {
		d.FECSSRC = new(f.ssrc)
	}
}

// SetAside says what packets of a payload type hold that is not agreed on, by the name in the peer's description
// ("red", "ulpfec", "CN").
func (r *Recorder) SetAside(payloadType uint8, name string) {
	if int(payloadType) < len(r.asides) {
		r.asides[payloadType].Store(&aside{diag.Clean(name, 32), redundancy.FormatOf(name)})
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
func (r *Recorder) Guards(ssrc uint32, payloadType uint8, packets uint64) (found bool) {
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
	r.in.update(protected, func(s *inbound) {
		s.fec.ssrc, s.fec.beside, s.fec.format, found = ssrc, packets, x.name, true
	})
	return found
}

// SetRepair says which payload type the retransmissions of another one repair (RFC 4588, apt).
func (r *Recorder) SetRepair(rtx, apt uint8) {
	if int(rtx) < len(r.repaired) && int(apt) < len(r.repaired) {
		r.repaired[rtx].Store(uint32(apt) + 1)
	}
}

// rest is what of a packet is left for pion, if that is not all.
type rest struct {
	changed     bool
	payloadType uint8
	payload     []byte
}

// unwrap finds the media in a packet, and counts what it has against loss. What pion has no codec for, at which it
// would end the track, is not in the rest.
func (s *inbound) unwrap(h header) (header, rest) {
	s.repeats = [len(s.repeats)]redundancy.Repeat{}
	s.fallback = s.rec.agreed(s.codec.Kind, s.fallback)
	c, x := s.rec.codecs[h.payloadType].Load(), s.rec.asides[h.payloadType].Load()
	switch {
	case c != nil:
		s.fallback = h.payloadType
		if c.Name == "opus" && redundancy.OpusFEC(h.payload) {
			s.fec.add(1, 0, c.Name)
			s.fec.inBand = true
			s.repeats[0] = redundancy.Repeat{PayloadType: h.payloadType}
		}
		return h, rest{}
	case !s.rec.negotiated.Load():
		return h, rest{}
	case x != nil && x.format == redundancy.RED:
		s.red(&h)
	case x != nil && x.format == redundancy.FEC:
		s.guarded(&h, h.payload, x)
	default: // it is measured as it is
		s.disagrees(h.payloadType, x)
		return h, rest{true, s.fallback, nil}
	}
	return h, rest{true, h.payloadType, h.payload}
}

// agreed is a payload type of a kind of media that is agreed on: that one, if it is. What pion announces need not be,
// and it announces none (0, which is PCMU) of a stream that begins with such a packet.
func (r *Recorder) agreed(kind string, payloadType uint8) uint8 {
	for i := range uint8(len(r.codecs)) {
		if c := r.codecs[(payloadType+i)&0x7f].Load(); c != nil && c.Kind == kind {
			return (payloadType + i) & 0x7f
		}
	}
	return payloadType
}

// disagrees counts a packet whose payload type is not agreed on. Comfort noise is heard as such.
func (s *inbound) disagrees(payloadType uint8, x *aside) {
	if x.isComfortNoise(payloadType) {
		return
	}
	if s.unagreed.PayloadType != payloadType {
		s.unagreed = diag.UnagreedPayload{PayloadType: payloadType}
		if x != nil {
			s.unagreed.Name = x.name
		}
	}
	s.unagreed.Packets++
}

// isComfortNoise reports whether packets of a payload type hold comfort noise (RFC 3389), by its number or its name.
func (x *aside) isComfortNoise(payloadType uint8) bool {
	return payloadType == 13 || x != nil && strings.EqualFold(x.name, "CN")
}

// unwrapRepair finds the media in what is retransmitted of RED: the rest begins behind the original number.
func (s *inbound) unwrapRepair(h header) (header, rest) {
	apt := s.rec.repaired[h.payloadType].Load()
	if apt == 0 {
		return h, rest{}
	}
	x := s.rec.asides[(apt-1)&0x7f].Load()
	if x == nil || x.format != redundancy.RED || len(h.payload) < 2 {
		return h, rest{}
	}
	inner := h
	inner.payload = h.payload[2:]
	s.red(&inner)
	media := h.payload[2:2]
	if len(inner.payload) > 0 {
		media = inner.payload
	}
	return h, rest{true, h.payloadType, media}
}

// red turns a packet of RED into one of what its primary block holds: media, FEC, or nothing that can be read.
func (s *inbound) red(h *header) {
	block, ok := redundancy.Unwrap(h.payload)
	x := s.rec.asides[block.PayloadType].Load()
	if s.fec.add(block.Earlier, block.Bytes, "red"); ok && x != nil && x.format == redundancy.FEC {
		s.guarded(h, block.Payload, x)
		return
	}
	s.repeats = block.Repeats
	h.payloadType, h.payload = block.PayloadType, block.Payload
	if !ok || s.rec.codecs[block.PayloadType].Load() == nil {
		h.payloadType, h.payload = s.fallback, nil
	}
}

// restore counts packets that are missing and are repeated in the one that arrived.
func (s *inbound) restore(ext int64, h header, now time.Time) {
	if s.codec.Kind != KindAudio {
		return
	}
	for i, r := range s.repeats {
		c := s.rec.codecs[r.PayloadType].Load()
		inBand := r.Payload == nil && s.fec.inBand
		if c == nil || len(r.Payload) == 0 && !inBand {
			continue
		}
		back := int64(i + 1)
		if n := int64(s.step); n > 0 && int64(r.Offset)%n == 0 && r.Offset > 0 {
			back = int64(r.Offset) / n
		}
		if !s.seq.Restore(ext-back) || inBand {
			continue
		}
		earlier := h
		earlier.payloadType, earlier.payload, earlier.timestamp = r.PayloadType, r.Payload, h.timestamp-r.Offset
		s.listen(ext-back, earlier, now)
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
