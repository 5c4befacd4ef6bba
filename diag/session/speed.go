package session

import (
	"context"
	"time"
)

// checksOfSpeed is how often the candidate pair is checked during a measurement of throughput: each check is a round
// trip past everything but the path. A queue is full only for moments.
const checksOfSpeed = 50 * time.Millisecond

// measure does the measurement of throughput from the connection on. The call lasts until it is over.
func (s *Session) measure(ctx context.Context) {
	select {
	case <-ctx.Done():
		return
	case <-s.measuring:
	}
	s.speed.Measure(ctx, (*s.shared.Load()).Connection(), *s.o.Config.Speed)
	s.do(func() {
		s.held.measured = true
		s.setHold()
	})
}
