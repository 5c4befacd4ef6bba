package latency

import (
	"hash/maphash"
	"maps"
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
	list map[stream]*Sender
}

// stream names what is sent. That two have the same SSRC is as unlikely as in one call.
type stream struct {
	kind string
	ssrc uint32
}

// Sender remembers the packets of one stream. It is safe for concurrent use.
type Sender struct {
	stream
	owner any // the peer connection

	mu    sync.Mutex
	epoch time.Time // some time before the first packet
	sent  [slots]sent
}

// sent is one packet. It has no pointers, which the garbage collector would follow for each.
type sent struct {
	hash  uint64
	at    time.Duration // since the epoch of the sender; never 0
	ts    uint32
	again bool // the same bytes were sent before, not long ago
}

// Open adds a stream that a peer connection sends.
func (b *Senders) Open(owner any, kind string, ssrc uint32) *Sender {
	s := &Sender{stream: stream{kind, ssrc}, owner: owner}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.list == nil {
		b.list = map[stream]*Sender{}
	}
	b.list[s.stream] = s
	return s
}

// Close forgets the streams of a peer connection.
func (b *Senders) Close(owner any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	maps.DeleteFunc(b.list, func(_ stream, s *Sender) bool { return s.owner == owner })
}

// seed makes equal bytes have equal hashes within this process.
var seed = maphash.MakeSeed()

// Packet notes a packet that is about to be sent for the first time: its timestamp, and the part of its payload that a
// server forwards unchanged.
func (s *Sender) Packet(at time.Time, ts uint32, body []byte) {
	h := maphash.Bytes(seed, body)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.epoch.IsZero() {
		s.epoch = at.Add(-memory)
	}
	since := at.Sub(s.epoch)
	slot := &s.sent[h%slots]
	again := slot.hash == h && since-slot.at < memory
	*slot = sent{h, since, ts, again}
}

// find is the packet with a hash, and how long ago it was sent; false unless there is exactly one.
func (s *Sender) find(h uint64, at time.Time) (p sent, age time.Duration, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p = s.sent[h%slots]
	age = at.Sub(s.epoch) - p.at
	return p, age, p.hash == h && !p.again && p.at != 0 && age < memory
}

// find is who sent a packet, and how long ago: the stream with its SSRC, or the only one that sent the same bytes. A
// server that forwards gives streams other SSRCs.
func (b *Senders) find(name stream, h uint64, at time.Time) (by *Sender, p sent, age time.Duration, ok bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if by = b.list[name]; by != nil {
		p, age, ok = by.find(h, at)
		return by, p, age, ok
	}
	if len(b.list) > maxSought {
		return nil, p, 0, false
	}
	for _, s := range b.list {
		found, old, here := s.find(h, at)
		switch {
		case s.kind != name.kind || !here:
		case by != nil:
			return nil, p, 0, false
		default:
			by, p, age, ok = s, found, old, true
		}
	}
	return by, p, age, ok
}
