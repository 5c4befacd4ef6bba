package session

import (
	"context"

	"dialtone/diag"
	"dialtone/diag/impair"
)

// impair puts what was asked for between the peer connection and its network.
func (s *Session) impair(ctx context.Context) error {
	c := s.o.Config
	if len(c.Impair) == 0 && !c.Stress {
		return nil
	}
	network, err := impair.New(s.o.Net, c.Impair)
	if err != nil {
		return err
	}
	s.impaired = network // a diagnosis of the network is not impaired
	if c.Stress {
		s.wg.Go(func() { s.stress(ctx) })
	}
	return nil
}

// stress goes through the steps of a stress test, from the connection on.
func (s *Session) stress(ctx context.Context) {
	select {
	case <-ctx.Done():
		return
	case <-s.stressed:
	}
	s.impaired.Stress(ctx, s.o.StressUnit, func(step diag.StressName) {
		begun := make(chan struct{})
		s.do(func() {
			defer close(begun)
			s.sample(false) // where the step before ends
			s.o.Feed.Append(diag.StressStep{Step: step})
		})
		select {
		case <-begun:
		case <-ctx.Done():
		}
	}, func() { s.peer.RequestKeyFrames() })
	s.do(func() {
		s.held.stressed = true
		s.setHold()
	})
}

// countImpaired reports what the impairment has done by now.
func (s *Session) countImpaired(final bool) {
	if s.impaired == nil {
		return
	}
	counts := s.impaired.Counts()
	counts.Final = final
	s.o.Feed.Append(counts)
}
