package latency

import (
	"hash/maphash"
	"slices"
	"sync"
	"time"
)

const (
	// memory is how long it is remembered when a packet was sent; it is less than the length of a clip, whose packets
	// come again.
	memory = 5 * time.Second
	// slots of a sender hold more packets than most streams send in that time. What is overwritten is not found.
	slots = 1024
	// maxSought is among how many senders a stream is sought whose SSRC is none of theirs.
	maxSought = 16
)

// Here has all that this process sends.
var Here = &Senders{}

// Senders are the streams that are sent. The zero value is ready, and it is safe for concurrent use.
type Senders struct {
	mu   sync.RWMutex
	list []*Sender
}

// Sender remembers the packets of one stream. It is safe for concurrent use.
type Sender struct {
	owner any // the peer connection
	kind  string
	ssrc  uint32

	mu   sync.Mutex
	sent [slots]sent
}

// sent is one packet.
type sent struct {
	hash  uint64
	at    time.Time
	ts    uint32
	again bool // the same bytes were sent before, not long ago
}

// Open adds a stream that a peer connection sends.
func (b *Senders) Open(owner any, kind string, ssrc uint32) *Sender {
	s := &Sender{owner: owner, kind: kind, ssrc: ssrc}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.list = append(b.list, s)
	return s
}

// Close forgets the streams of a peer connection.
func (b *Senders) Close(owner any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.list = slices.DeleteFunc(b.list, func(s *Sender) bool { return s.owner == owner })
}

// seed makes equal bytes have equal hashes within this process.
var seed = maphash.MakeSeed()

// Packet notes a packet that is about to be sent for the first time: its timestamp, and the part of its payload that a
// server forwards unchanged.
func (s *Sender) Packet(at time.Time, ts uint32, body []byte) {
	h := maphash.Bytes(seed, body)
	s.mu.Lock()
	defer s.mu.Unlock()
	slot := &s.sent[h%slots]
	again := slot.hash == h && at.Sub(slot.at) < memory
	*slot = sent{h, at, ts, again}
}

// find is the packet with a hash; false unless there is exactly one.
func (s *Sender) find(h uint64, at time.Time) (sent, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.sent[h%slots]
	return p, p.hash == h && !p.again && !p.at.IsZero() && at.Sub(p.at) < memory
}

// find is who sent a packet, and when: the stream with its SSRC, or the only one that sent the same bytes. A server
// that forwards gives streams other SSRCs.
func (b *Senders) find(kind string, ssrc uint32, h uint64, at time.Time) (by *Sender, p sent, ok bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if i := slices.IndexFunc(b.list, func(s *Sender) bool { return s.ssrc == ssrc && s.kind == kind }); i >= 0 {
		p, ok = b.list[i].find(h, at)
		return b.list[i], p, ok
	}
	if len(b.list) > maxSought {
		return nil, p, false
	}
	for _, s := range b.list {
		found, here := s.find(h, at)
		switch {
		case s.kind != kind || !here:
		case by != nil:
			return nil, p, false
		default:
			by, p, ok = s, found, true
		}
	}
	return by, p, ok
}
