package media

import "time"

// Receives reports whether a stream is recorded now.
func (r *Recorder) Receives(ssrc uint32) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if s := r.repairs[ssrc]; s != nil {
		return true
	}
	s := r.in.bySSRC[ssrc]
	return s != nil && !s.hasEnded()
}

// Quiet is how long a stream has had no packet; false if it is not recorded.
func (r *Recorder) Quiet(ssrc uint32) (quiet time.Duration, known bool) {
	now := r.now()
	r.mu.RLock()
	defer r.mu.RUnlock()
	r.in.update(ssrc, func(s *inbound) { quiet, known = now.Sub(s.presence.Last), s.presence.Packets > 0 })
	return quiet, known
}

// CodecName is the name of the negotiated codec of a payload type, and its kind; empty if there is none.
func (r *Recorder) CodecName(payloadType uint8) (name, kind string) {
	if c := r.codecs[payloadType&0x7f].Load(); c != nil {
		return c.Name, c.Kind
	}
	return "", ""
}
