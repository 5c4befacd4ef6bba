package probe

import (
	"context"
	"maps"
	"time"

	"dialtone/diag"
	"dialtone/diag/reach"
)

// samplePace is the pause between the requests that are timed, as between the first sends over UDP.
const samplePace = 100 * time.Millisecond

// sampler times Binding requests on one connection, one after another. Where an answer comes late, it counts for the
// request that it answers.
type sampler struct {
	link  *link
	open  map[txID]time.Time // unanswered so far
	trips []time.Duration
	sent  int
}

// sample asks until so many Binding requests were sent as the target wants, and sums up. Before, first was asked and
// answered; nil: nothing was. The probe has succeeded by then: what fails here is no failure of the server.
func (p *prober) sample(ctx context.Context, l *link, first *reply) {
	if p.target.Samples < 2 {
		return
	}
	s := sampler{link: l, open: map[txID]time.Time{}}
	if first != nil {
		maps.Copy(s.open, l.past)
		delete(s.open, first.id)
		s.trips, s.sent = []time.Duration{first.rtt}, len(l.past)
	}
	_ = p.step(ctx, diag.StageSample, func(stage *diag.Stage) error {
		for n := len(s.trips); n < p.target.Samples; n++ {
			if n > 0 && !diag.Sleep(ctx, samplePace) || !s.sample(ctx) {
				break
			}
		}
		stage.Times = diag.NewTimes(s.trips, s.sent)
		return nil
	}) // it cannot fail
}

// sample sends one request and waits for its answer; false where the connection is of no more use.
func (s *sampler) sample(ctx context.Context) bool {
	id := newTxID()
	b, err := encode(methodBinding, id, nil)
	if err != nil {
		return false
	}
	s.open[id] = time.Now()
	s.sent++
	if err := s.link.send(ctx, b); err != nil {
		return false
	}
	until := time.Now().Add(s.grace())
	for stray := 0; stray < maxStray; {
		b, err := s.link.receive(ctx, until)
		if err != nil {
			return reach.IsTimeout(err) && !s.link.reliable && ctx.Err() == nil
		}
		a, err := decode(b)
		if err != nil {
			stray++
			continue
		}
		if at, ours := s.open[a.id]; ours && a.method == methodBinding {
			s.trips = append(s.trips, time.Since(at))
			delete(s.open, a.id)
		}
		if a.id == id {
			return true
		}
	}
	return false
}

// grace is how long an answer is waited for.
func (s *sampler) grace() time.Duration {
	var slowest time.Duration
	for _, t := range s.trips {
		slowest = max(slowest, t)
	}
	if slowest == 0 {
		return maxGrace
	}
	return min(max(4*slowest, minGrace), maxGrace)
}
