package wire

import (
	"encoding/binary"
	"net/netip"
	"sync"
)

// Stranger is an RTP stream that arrives and that no one receives: pion drops the packets of an SSRC that no
// description announced.
type Stranger struct {
	SSRC        uint32
	PayloadType uint8
	Packets     uint64
	From        netip.AddrPort // of the latest packet
}

// maxStrangers bounds the streams that are counted one by one; a hostile peer has more.
const maxStrangers = 16

// Strangers counts the packets of streams that are not received, by what SRTP leaves in clear text.
type Strangers struct {
	knows func(ssrc uint32) bool

	mu      sync.Mutex
	begun   bool
	bySSRC  map[uint32]*Stranger
	omitted uint64 // packets of further streams
}

// NewStrangers makes a counter. Knows reports whether a stream is received now.
func NewStrangers(knows func(ssrc uint32) bool) *Strangers {
	return &Strangers{knows: knows, bySSRC: map[uint32]*Stranger{}}
}

// Begin says that the keys of the call are there. Until then, no stream is received: the peer may have its keys
// earlier.
func (l *Strangers) Begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begun = true
}

// Arrived counts a packet from an address, if it is one of SRTP and of a stream that is not received.
func (l *Strangers) Arrived(b []byte, from netip.AddrPort) {
	if !IsRTP(b) {
		return
	}
	ssrc := binary.BigEndian.Uint32(b[8:])
	if ssrc == 0 || l.knows(ssrc) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.bySSRC[ssrc]
	if !l.begun {
		return
	}
	if s == nil {
		if len(l.bySSRC) >= maxStrangers {
			l.omitted++
			return
		}
		s = &Stranger{SSRC: ssrc}
		l.bySSRC[ssrc] = s
	}
	s.PayloadType = b[1] & 0x7f
	s.From = from
	s.Packets++
}

// List has those that are not received by now, and how many packets of further ones have arrived.
func (l *Strangers) List() (out []Stranger, omitted uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for ssrc, s := range l.bySSRC {
		if l.knows(ssrc) {
			delete(l.bySSRC, ssrc)
			continue
		}
		out = append(out, *s)
	}
	return out, l.omitted
}
