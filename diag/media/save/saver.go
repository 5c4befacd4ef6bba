// Package save writes the media that a call receives to files: what a player plays, and every packet as rtpdump.
//
// A stream of Opus becomes an Ogg file (RFC 7845), VP8, VP9 and AV1 become IVF, H264 and H265 a byte stream (Annex B),
// and PCMU, PCMA and G722 an AU file. These are in order and repaired: packets wait for those before them, and a frame
// of video that stays incomplete is left out. Beside it the packets of each stream, of any codec, are kept as they came
// in the format of rtptools.
package save

import (
	"fmt"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"dialtone/diag"
)

// Bounds of what is written.
const (
	MaxSize = 1 << 30   // of all files of a process, bytes
	MaxTime = time.Hour // of a stream
	// maxStreams is how many streams of a call are written. A call has two; a peer that invents more is not followed.
	maxStreams = 64
	// maxParts is how many files a stream may have besides its packets, one after each change of the codec.
	maxParts = 8
	// queued is how many packets wait for the disk: a second of a fast stream. More are left out, and counted.
	queued = 2048
)

// Budget is what all files of a process may hold. The zero value holds MaxSize.
type Budget struct{ used atomic.Int64 }

func (b *Budget) spent() bool { return b.used.Load() >= MaxSize }

// Options of a saver. All are needed.
type Options struct {
	Dir    string // is made if it is not there
	Budget *Budget
	Emit   func(diag.Data)
}

// Track is the stream that a packet belongs to.
type Track struct {
	Kind string // audio or video
	Mid  string // of the media section; may be empty
	SSRC uint32
	From netip.AddrPort // of the peer, when the stream began; may be unknown
}

// Saver writes the media of one call. A nil one takes packets and keeps none.
type Saver struct {
	o       Options
	packets chan packet
	done    chan struct{}

	slow atomic.Uint64 // packets that the disk was too slow for

	mu     sync.RWMutex
	closed bool

	// Of the goroutine that writes.
	streams map[uint32]*stream
	order   []*stream
	warned  map[string]bool // by what is warned of
}

// packet is an RTP packet that arrived.
type packet struct {
	track Track
	codec string // name of its payload type; empty: not negotiated
	at    time.Time
	raw   []byte
}

// New makes the directory and starts to write what it is given. Close must be called.
func New(o Options) (*Saver, error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	s := &Saver{
		o: o, packets: make(chan packet, queued), done: make(chan struct{}), streams: map[uint32]*stream{},
		warned: map[string]bool{},
	}
	go s.run()
	return s, nil
}

// Packet keeps a copy of a packet of RTP that arrived at a time, of a codec ("VP8"). It never waits.
func (s *Saver) Packet(t Track, codec string, at time.Time, raw []byte) {
	if s == nil {
		return
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return
	}
	select {
	case s.packets <- packet{track: t, codec: codec, at: at, raw: append([]byte(nil), raw...)}:
	default: // the file has a gap, as after a loss
		s.slow.Add(1)
	}
}

// Close writes what waits, ends the files and reports each.
func (s *Saver) Close() {
	if s == nil {
		return
	}
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.packets)
	}
	s.mu.Unlock()
	<-s.done
}

func (s *Saver) run() {
	defer close(s.done)
	for p := range s.packets {
		s.write(p)
	}
	for _, st := range s.order {
		st.end("")
	}
	if n := s.slow.Load(); n > 0 {
		s.warn("save.slow", s.o.Dir, fmt.Sprintf("%d packets were left out", n))
	}
}

// write hands a packet to its stream.
func (s *Saver) write(p packet) {
	st := s.streams[p.track.SSRC]
	if st == nil {
		if len(s.order) == maxStreams {
			return
		}
		st = newStream(s, p)
		s.streams[p.track.SSRC] = st
		s.order = append(s.order, st)
	}
	st.packet(p)
}

// warn warns once of each thing.
func (s *Saver) warn(id, subject, cause string) {
	if !s.warned[id+subject] {
		s.warned[id+subject] = true
		s.o.Emit(diag.Warning{ID: id, Subject: subject, Cause: cause})
	}
}
