package transfer

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/diag"
	"dialtone/diag/speed"
)

// path is a channel over a link of limited rate with a queue, in virtual time. Messages are acknowledged when they have
// arrived; what the queue has no room for is sent again by SCTP, so that it only takes longer.
type path struct {
	rate      float64 // bit/s
	way       time.Duration
	mu        sync.Mutex
	waiting   uint64
	free      time.Time // when the link is free
	threshold uint64
	low       func()
	arrived   func([]byte)
	wg        sync.WaitGroup
}

func (p *path) Send(data []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := time.Now(); p.free.Before(now) {
		p.free = now
	}
	p.free = p.free.Add(time.Duration(float64(8*len(data)) / p.rate * 1e9))
	p.waiting += uint64(len(data))
	due := time.Until(p.free)
	data = append([]byte{}, data...)
	p.wg.Go(func() {
		time.Sleep(due + p.way)
		p.arrived(data)
		time.Sleep(p.way)
		p.mu.Lock()
		above := p.waiting > p.threshold
		p.waiting -= uint64(len(data))
		below := p.waiting <= p.threshold
		p.mu.Unlock()
		if above && below {
			p.low()
		}
	})
	return nil
}

func (p *path) BufferedAmount() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.waiting
}

func (p *path) SetBufferedAmountLowThreshold(n uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.threshold = n
}

func (p *path) OnBufferedAmountLow(f func()) { p.low = f }

// measure runs a test over the path, and returns what it finds.
func (p *path) measure(ctx context.Context, spec diag.SpeedTest) *speed.Result {
	var arrived atomic.Uint64
	meter := newMeter(time.Now, func() *pairCount { return &pairCount{0, arrived.Load()} })
	p.arrived = func(data []byte) {
		arrived.Add(uint64(len(data)))
		meter.message(data)
	}
	state, _ := speed.Apply(nil, diag.SpeedStart{})
	state, _ = speed.Apply(state, diag.SpeedTestStart{Spec: spec})
	s := newSender(p, spec, func() sctpState { return sctpState{math.MaxUint32, 2 * p.way} })
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.run(ctx)
	}()
	for end := time.Now().Add(spec.ForMs.Duration()); time.Now().Before(end); {
		time.Sleep(every)
		if i, ok := meter.interval(); ok {
			i.Direction = diag.Outbound
			state, _ = speed.Apply(state, i)
		}
	}
	<-done
	r := s.result()
	r.Direction = diag.Outbound
	state, _ = speed.Apply(state, r)
	p.wg.Wait()
	return state.Result()
}

// TestRateOfShapedLinks: the receiver finds the rate of a link within 5 %, whatever the round trip.
func TestRateOfShapedLinks(t *testing.T) {
	for _, mbits := range []float64{1, 5, 20, 100} {
		for _, rtt := range []time.Duration{0, 20 * time.Millisecond, 100 * time.Millisecond} {
			t.Run(fmt.Sprintf("%v Mbit/s, %v", mbits, rtt), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := &path{rate: mbits * 1e6, way: rtt / 2}
					r := p.measure(t.Context(), diag.SpeedTest{
						Way: diag.SpeedUp, ForMs: diag.Millis(6 * time.Second), WarmUpMs: diag.Millis(2 * time.Second), Size: 16384, MaxBytes: 1e9,
					})
					if r.Up == nil || math.Abs(r.Up.Goodput-p.rate) > 0.05*p.rate {
						t.Fatalf("%+v", r.Up)
					}
					if r.Up.Capacity == nil || math.Abs(*r.Up.Capacity-p.rate) > 0.05*p.rate {
						t.Errorf("capacity %v", *r.Up.Capacity)
					}
				})
			})
		}
	}
}

// TestPacedMessages are sent at their rate and not faster, and what the path does not carry is found as delay.
func TestPacedMessages(t *testing.T) {
	for _, one := range []struct {
		rate     float64
		achieved bool
	}{{500e3, true}, {2e6, false}} {
		synctest.Test(t, func(t *testing.T) {
			p := &path{rate: 1e6, way: 10 * time.Millisecond}
			r := p.measure(t.Context(), diag.SpeedTest{
				Way: diag.SpeedUp, ForMs: diag.Millis(4 * time.Second), WarmUpMs: diag.Millis(time.Second), Size: 1000, Rate: one.rate, MaxBytes: 1e9,
			})
			want := min(one.rate, p.rate)
			got := r.Paced[0]
			if got.Goodput == nil || math.Abs(*got.Goodput-want) > 0.05*want || got.Achieved != one.achieved {
				t.Errorf("at %v: %+v, arrived %v", one.rate, got, *got.Goodput)
			}
			if queued := got.Delay.Duration() > 100*time.Millisecond; queued == one.achieved {
				t.Errorf("at %v: delay %v", one.rate, got.Delay.Duration())
			}
		})
	}
}

// TestBytesAreBounded: a sender stops when its bytes are spent.
func TestBytesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &path{rate: 100e6, arrived: func([]byte) {}}
		s := newSender(p, diag.SpeedTest{ForMs: diag.Millis(10 * time.Second), Size: 1000, MaxBytes: 50_500}, func() sctpState {
			return sctpState{math.MaxUint32, time.Millisecond}
		})
		s.run(t.Context())
		p.wg.Wait()
		if r := s.result(); s.sent() != 50_000 || !r.BytesSpent {
			t.Errorf("sent %d: %+v", s.sent(), r)
		}
	})
}

// TestSearchOfShapedLinks: a search finds the rate at which a queue begins to grow within 5 %.
func TestSearchOfShapedLinks(t *testing.T) {
	for _, mbits := range []float64{1, 4} {
		for _, rtt := range []time.Duration{0, 100 * time.Millisecond} {
			synctest.Test(t, func(t *testing.T) {
				var s speed.Search
				var steps []speed.Found
				for rate, more := s.Next(); more; rate, more = s.Next() {
					p := &path{rate: mbits * 1e6, way: rtt / 2}
					spec := diag.SpeedTest{
						Way: diag.SpeedUp, ForMs: diag.Millis(stepTime), WarmUpMs: diag.Millis(stepWarmUp), Size: 1000, MaxBytes: 1e9, Rate: rate, Search: true,
					}
					one := p.measure(t.Context(), spec).Search[0]
					steps = append(steps, one)
					s.Take(rate, one.Onset)
				}
				held, broke := 0.0, math.Inf(1)
				for _, one := range steps {
					if one.Onset == speed.OnsetNone && one.Rate != nil {
						held = max(held, *one.Rate)
					} else if one.Broke != nil {
						broke = min(broke, *one.Broke)
					}
				}
				// The link of this test has no headers, which a search counts.
				if want := mbits * 1e6; held < 0.95*want || broke > 1.1*want || broke > 1.05*held {
					t.Errorf("%v Mbit/s, %v: holds at %v, not at %v", mbits, rtt, held, broke)
				}
			})
		}
	}
}
