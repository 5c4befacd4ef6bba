package transfer

import (
	"context"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"dialtone/diag"
)

// outlet is the channel that a sender writes to, as *webrtc.DataChannel is one.
type outlet interface {
	Send(data []byte) error
	BufferedAmount() uint64
	SetBufferedAmountLowThreshold(threshold uint64)
	OnBufferedAmountLow(f func())
}

const (
	// look is how often a sender looks at the congestion window.
	look = 20 * time.Millisecond
	// pacedQueue is how many bytes of paced messages may wait, beside what is on its way, and pacedWait for how long, so
	// that a moment in which a machine is busy loses none.
	pacedQueue = 64 << 10
	pacedWait  = 100 * time.Millisecond
)

// sender sends the data of a test in one direction.
type sender struct {
	to   outlet
	test diag.SpeedTest
	sctp func() sctpState

	low    chan struct{}
	begun  time.Time
	next   time.Time // when it looks again
	filler filler
	late   uint64
	spent  bool
	broken bool

	mu   sync.Mutex // of what others read
	now  Host
	warm Host // after the warm-up
}

func newSender(to outlet, test diag.SpeedTest, sctp func() sctpState) *sender {
	s := &sender{to: to, test: test, sctp: sctp, low: make(chan struct{}, 1), filler: newFiller(test.Size)}
	to.OnBufferedAmountLow(func() {
		select {
		case s.low <- struct{}{}:
		default:
		}
	})
	return s
}

// run sends until the time of the test is over, its bytes are spent, the channel closes, or ctx ends.
func (s *sender) run(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, s.test.ForMs.Duration())
	defer stop()
	s.begun = time.Now()
	s.warm = ReadHost()
	message := make([]byte, s.test.Size)
	for ctx.Err() == nil {
		s.watch()
		if !s.wait(ctx) {
			break
		}
		if s.now.bytes+uint64(len(message)) > s.test.MaxBytes {
			s.spent = true
			break
		}
		if s.test.Rate > 0 && s.to.BufferedAmount() > s.room() {
			s.late++
			continue
		}
		putHeader(message, s.now.count, time.Since(s.begun))
		if s.to.Send(message) != nil {
			s.broken = true
			break
		}
		s.mu.Lock()
		s.now.bytes += uint64(len(message))
		s.now.count++
		s.mu.Unlock()
	}
}

// room is what may wait of paced messages, those included that are on their way in the shortest round trip.
func (s *sender) room() uint64 {
	second := s.test.Rate / 8
	return uint64(max(pacedQueue, second*pacedWait.Seconds()) + second*s.filler.rtt.Seconds())
}

// sent is how many bytes were given to the channel by now.
func (s *sender) sent() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now.bytes
}

// watch adapts what may wait to what the path takes.
func (s *sender) watch() {
	now := time.Now()
	if now.Before(s.next) {
		return
	}
	s.next = now.Add(look)
	waiting := s.to.BufferedAmount()
	s.filler.look(now.Sub(s.begun), s.now.bytes-min(waiting, s.now.bytes), s.sctp())
	s.to.SetBufferedAmountLowThreshold(s.filler.limit * 3 / 4)
	if s.now.all++; waiting < s.filler.limit/4 && s.now.count > 0 {
		s.now.starved++
	}
	if s.warm.all == 0 && now.Sub(s.begun) >= s.test.WarmUpMs.Duration() {
		s.warm = s.moment()
	}
}

// moment is how the sender has fared by now.
func (s *sender) moment() Host {
	h := ReadHost()
	h.starved, h.all, h.bytes, h.count = s.now.starved, s.now.all, s.now.bytes, s.now.count
	return h
}

// wait returns when the next message is due and has room; false when the test is over.
func (s *sender) wait(ctx context.Context) bool {
	if s.test.Rate > 0 {
		due := s.begun.Add(time.Duration(float64(s.now.count+s.late) * float64(8*s.test.Size) / s.test.Rate * 1e9))
		return diag.Sleep(ctx, time.Until(due))
	}
	for s.to.BufferedAmount() >= s.filler.limit {
		select {
		case <-ctx.Done():
			return false
		case <-s.low:
		case <-time.After(look): // the threshold has changed meanwhile
			s.watch()
		}
	}
	return true
}

// result is how the sender fared after the warm-up. Call it when run has returned.
func (s *sender) result() diag.SpeedSender {
	r := s.moment().Since(s.warm)
	r.Late, r.BytesSpent, r.Broken = s.late, s.spent, s.broken
	return r
}

// drain waits, for a bounded time, until a channel has nothing more to send.
func drain(ctx context.Context, dc *webrtc.DataChannel) {
	ctx, stop := context.WithTimeout(ctx, drainTime)
	defer stop()
	for dc.ReadyState() == webrtc.DataChannelStateOpen && dc.BufferedAmount() > 0 {
		if !diag.Sleep(ctx, look) {
			return
		}
	}
}
