package media

import (
	"encoding/binary"
	"sync"
	"time"

	"dialtone/diag/wire"
)

// Stranger is an RTP stream that arrives and is not recorded: pion gives no one the packets of an SSRC that no
// description announced.
type Stranger struct {
	SSRC        uint32
	PayloadType uint8
	Packets     uint64
}

// maxStrangers bounds the streams that are counted; a hostile peer has more.
const maxStrangers = 16

// strangers are counted by what SRTP leaves in clear text.
type strangers struct {
	mu     sync.Mutex
	bySSRC map[uint32]*Stranger
}

// Arrived counts an SRTP packet of a stream that is not recorded. Others are recorded when they are decrypted.
func (r *Recorder) Arrived(b []byte) {
	if !wire.IsRTP(b) {
		return
	}
	ssrc := binary.BigEndian.Uint32(b[8:])
	if ssrc == 0 || r.knows(ssrc) {
		return
	}
	l := &r.strangers
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.bySSRC[ssrc]
	if s == nil {
		if len(l.bySSRC) >= maxStrangers {
			return
		}
		if l.bySSRC == nil {
			l.bySSRC = map[uint32]*Stranger{}
		}
		s = &Stranger{SSRC: ssrc}
		l.bySSRC[ssrc] = s
	}
	s.PayloadType = b[1] & 0x7f
	s.Packets++
}

// knows reports whether a stream is recorded now.
func (r *Recorder) knows(ssrc uint32) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if s := r.repairs[ssrc]; s != nil {
		return true
	}
	s := r.in.bySSRC[ssrc]
	return s != nil && !s.hasEnded()
}

// Strangers are the streams that are not recorded by now.
func (r *Recorder) Strangers() []Stranger {
	l := &r.strangers
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []Stranger
	for ssrc, s := range l.bySSRC {
		if r.knows(ssrc) {
			delete(l.bySSRC, ssrc)
			continue
		}
		out = append(out, *s)
	}
	return out
}

// Quiet is how long a stream has had no packet; false if it is not recorded.
func (r *Recorder) Quiet(ssrc uint32) (quiet time.Duration, known bool) {
	now := r.now()
	r.mu.RLock()
	defer r.mu.RUnlock()
	r.in.update(ssrc, func(s *inbound) { quiet, known = now.Sub(s.last), s.packets > 0 })
	return quiet, known
}

// CodecName is the name of the negotiated codec of a payload type, and its kind; empty if there is none.
func (r *Recorder) CodecName(payloadType uint8) (name, kind string) {
	if c := r.codecs[payloadType&0x7f].Load(); c != nil {
		return c.Name, c.Kind
	}
	return "", ""
}
