package iceservers

import (
	"context"
	"time"

	"golang.org/x/time/rate"
)

// pace limits a bitrate; nil does not.
type pace struct{ limiter *rate.Limiter }

// maxDatagram is what must fit into a burst, or it would never pass.
const maxDatagram = 65535

// newPace lets one second's worth pass at once.
func newPace(bits float64) *pace {
	if bits < 0 {
		return nil
	}
	bytes := bits / 8
	return &pace{rate.NewLimiter(rate.Limit(bytes), max(int(bytes), maxDatagram))}
}

func (p *pace) allows(n int) bool { return p == nil || p.limiter.AllowN(time.Now(), n) }

// wait returns when n bytes may pass, at most a datagram's.
func (p *pace) wait(ctx context.Context, n int) error {
	if p == nil {
		return nil
	}
	return p.limiter.WaitN(ctx, n)
}

// inPace reports whether n bytes fit into the bitrate of an allocation, and of all.
func (r *Relay) inPace(one *pace, n int) bool {
	if !one.allows(n) {
		r.refusals.Warn("TURN dropped data: an allocation exceeds its bitrate", "limit", r.o.Bitrate,
			"flag", "--turn-max-bitrate")
		return false
	}
	if !r.pace.allows(n) {
		r.refusals.Warn("TURN dropped data: all allocations together exceed their bitrate", "limit",
			r.o.Bitrate*bitrateShares, "flag", "--turn-max-bitrate")
		return false
	}
	return true
}
