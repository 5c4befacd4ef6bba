package media

import (
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
)

// lossy is a network that loses every twentieth packet, and of every fifth of those all retransmissions too.
type lossy struct {
	interceptor.NoOp
	mu      sync.Mutex
	streams map[uint32]*truth
}

// truth is what happened to a stream.
type truth struct {
	packets, repairs, repairsCame int
	sent                          map[uint16]rtp.Header
	came, repaired                map[uint16]bool
}

func (l *lossy) NewInterceptor(string) (interceptor.Interceptor, error) { return l, nil }

func (l *lossy) BindLocalStream(info *interceptor.StreamInfo, next interceptor.RTPWriter) interceptor.RTPWriter {
	s := &truth{sent: map[uint16]rtp.Header{}, came: map[uint16]bool{}, repaired: map[uint16]bool{}}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.streams[info.SSRC] = s
	return interceptor.RTPWriterFunc(func(h *rtp.Header, payload []byte, a interceptor.Attributes) (int, error) {
		l.mu.Lock()
		lose := s.note(h, payload, info.SSRC)
		l.mu.Unlock()
		if lose {
			return h.MarshalSize() + len(payload), nil
		}
		return next.Write(h, payload, a)
	})
}

func (s *truth) note(h *rtp.Header, payload []byte, primary uint32) (lose bool) {
	if h.SSRC == primary {
		s.packets++
		s.sent[h.SequenceNumber] = *h
		if lose = h.SequenceNumber%20 == 7; !lose {
			s.came[h.SequenceNumber] = true
		}
		return lose
	}
	// pion repeats a retransmission under its old number, and SRTP at the other end takes that for a replay.
	original := binary.BigEndian.Uint16(payload)
	s.repairs++
	if lose = original%100 == 7; !lose && !s.repaired[original] {
		s.repairsCame++
		s.repaired[original] = true
	}
	return lose
}

// stream returns a copy of the truth of a stream.
func (l *lossy) stream(ssrc uint32) truth {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.streams[ssrc]
	c := *s
	c.sent, c.came, c.repaired = map[uint16]rtp.Header{}, map[uint16]bool{}, map[uint16]bool{}
	for seq, h := range s.sent {
		c.sent[seq] = h
		if s.came[seq] {
			c.came[seq] = true
		}
		if s.repaired[seq] {
			c.repaired[seq] = true
		}
	}
	return c
}

func (l *lossy) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := ""
	for ssrc, s := range l.streams {
		out += fmt.Sprintf("%d: %d packets, %d repairs, of which %d came\n", ssrc, s.packets, s.repairs, s.repairsCame)
	}
	return out
}

// lost is how many packets between the first and the last that came did not.
func (s *truth) lost() int {
	holes, run, any := 0, 0, false
	for _, seq := range s.order() {
		switch {
		case s.came[seq] || s.repaired[seq]:
			if any {
				holes += run
			}
			any, run = true, 0
		default:
			run++
		}
	}
	return holes
}

// order returns what was sent in the order of sending.
func (s *truth) order() []uint16 {
	first := uint16(0)
	for seq := range s.sent {
		if _, before := s.sent[seq-1]; !before {
			first = seq
		}
	}
	var out []uint16
	for seq := first; len(out) < len(s.sent); seq++ {
		out = append(out, seq)
	}
	return out
}

// frames counts the frames of video of which all packets are ok.
func (s *truth) frames(ok func(uint16) bool) int {
	n, whole := 0, true
	for _, seq := range s.order() {
		h := s.sent[seq]
		whole = whole && ok(seq)
		if !h.Marker {
			continue
		}
		if whole {
			n++
		}
		whole = true
	}
	return n
}
