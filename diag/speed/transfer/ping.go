package transfer

import (
	"context"
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"

	"dialtone/diag"
)

const (
	pingEvery = 50 * time.Millisecond
	pingLost  = 5 * time.Second // a ping that is not answered in this time is lost
)

// pinger measures round trips on a channel of its own, and reads those of the candidate pair.
type pinger struct {
	dc   *webrtc.DataChannel
	stun func() (webrtc.ICECandidatePairStats, bool)

	quiet atomic.Bool // no pings are sent

	mu   sync.Mutex
	next uint64
	sent map[uint64]time.Time
	got  diag.SpeedRoundTrips
	last webrtc.ICECandidatePairStats
}

func newPinger(dc *webrtc.DataChannel, stun func() (webrtc.ICECandidatePairStats, bool)) *pinger {
	p := &pinger{dc: dc, stun: stun, sent: map[uint64]time.Time{}}
	p.last, _ = stun()
	dc.OnMessage(func(m webrtc.DataChannelMessage) { p.receive(m.Data) })
	return p
}

// run sends pings until ctx ends.
func (p *pinger) run(ctx context.Context) {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if !p.quiet.Load() {
				p.ping(time.Now())
			}
			p.check()
		}
	}
}

// check takes the round trips of the checks that were answered since it was called before.
func (p *pinger) check() {
	s, ok := p.stun()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !ok {
		return
	}
	n := int64(s.ResponsesReceived) - int64(p.last.ResponsesReceived) // #nosec G115 -- counters of checks
	if took := s.TotalRoundTripTime - p.last.TotalRoundTripTime; n > 0 && took > 0 {
		p.got.BySTUN = append(p.got.BySTUN, diag.Millis(diag.SecondsOf(took/float64(n))))
	}
	p.last = s
}

func (p *pinger) ping(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for n, at := range p.sent {
		if now.Sub(at) > pingLost {
			delete(p.sent, n)
			p.got.Lost++
		}
	}
	data := binary.BigEndian.AppendUint64(nil, p.next)
	if p.dc.BufferedAmount() > idleQueue/4 || p.dc.Send(data) != nil {
		p.got.Unsent++
		return
	}
	p.sent[p.next] = now
	p.next++
}

func (p *pinger) receive(data []byte) {
	now := time.Now()
	if len(data) != 8 {
		return
	}
	n := binary.BigEndian.Uint64(data)
	p.mu.Lock()
	defer p.mu.Unlock()
	if at, known := p.sent[n]; known {
		delete(p.sent, n)
		p.got.ByPing = append(p.got.ByPing, diag.Millis(now.Sub(at)))
	}
}

// take returns the round trips since it was called before; false if there were none.
func (p *pinger) take() (diag.SpeedRoundTrips, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.got
	p.got = diag.SpeedRoundTrips{}
	return r, len(r.ByPing)+len(r.BySTUN)+r.Lost+r.Unsent > 0
}

// forget drops the pings that are not answered: they belong to the test before.
func (p *pinger) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.sent)
	p.got = diag.SpeedRoundTrips{}
}
