package latency

import (
	"hash/maphash"
	"time"

	"dialtone/diag"
)

// maxDelay bounds what is accepted: clocks that are set, and senders that compute their time wrong, give hours.
const maxDelay = 60 * time.Second

// senderDelay is how long a sender may take from the capture until it sends. Where the fastest packet took that much
// longer than a round trip does now, the reports may as well tie timestamps and clock wrongly.
const senderDelay = 100 * time.Millisecond

// confirmations are how many packets must agree on the sender of a stream with another SSRC.
const confirmations = 5

// Receiver measures the packets of one stream that arrives. The zero value is ready; it is for one goroutine at a time.
type Receiver struct {
	from    *Sender
	offset  uint32 // by which the timestamps differ from those that were sent
	sure    int    // packets in succession that confirmed both
	matched tally
	echoed  tally // of what the receiver sent itself
	stated  tally // by the clock of the sender, of which the difference to this one is not subtracted
	capture tally // likewise, since the capture that packets state
	clocks  clocks
}

// tally sums up times.
type tally struct {
	first       time.Duration // of the interval; the others count from it, because clocks may be decades apart
	latest      uint64        // packets of the interval
	sum         time.Duration // of the interval
	least, most time.Duration // of the interval
	count       uint64        // packets of the intervals before
	total       time.Duration // likewise, corrected
}

func (t *tally) add(d time.Duration) {
	if t.latest == 0 {
		t.first, t.sum, t.least, t.most = d, 0, 0, 0
	}
	d -= t.first
	t.least, t.most = min(t.least, d), max(t.most, d)
	t.latest++
	t.sum += d
}

// Packet notes a packet that arrived, and is no retransmission: the part of its payload that a server forwards
// unchanged. The owner is the peer connection that receives. Packets by chance alike do not count, because their
// timestamps are not those that belong together.
func (r *Receiver) Packet(b *Senders, owner any, kind string, ssrc uint32, at time.Time, ts uint32, body []byte) {
	from, p, d, ok := b.find(stream{kind, ssrc}, maphash.Bytes(seed, body), at)
	if !ok || from.ssrc == ssrc && p.ts != ts {
		return
	}
	if r.from != from || r.offset != ts-p.ts {
		r.from, r.offset, r.sure = from, ts-p.ts, 0
	}
	if r.sure++; r.sure <= confirmations && from.ssrc != ssrc {
		return
	}
	switch {
	case d < 0:
	case from.owner == owner:
		r.echoed.add(d)
	default:
		r.matched.add(d)
	}
}

// Transit notes how much later than its capture, by the sender's reports, a packet arrived, by two clocks.
func (r *Receiver) Transit(d time.Duration) { r.stated.add(d) }

// Captured notes how much later than the capture that it states a packet arrived, by two clocks.
func (r *Receiver) Captured(d time.Duration) { r.capture.add(d) }

// SenderReport notes how much later than it was sent a sender report arrived, by two clocks, and how long a round trip
// takes now.
func (r *Receiver) SenderReport(at time.Time, transit, trip time.Duration) {
	r.clocks.add(at, transit, trip)
}

// Report is the delay of the packets since the last one, and of all; nil while nothing was measured.
func (r *Receiver) Report(now time.Time) *diag.OneWayDelay {
	if r.matched.latest+r.matched.count > 0 {
		return r.matched.report(0, 0, maxDelay, diag.DelayPayload)
	}
	transit, trip, known := r.clocks.fastest(now)
	if !known {
		r.stated.latest, r.capture.latest = 0, 0
		return nil
	}
	most := r.clocks.trip + senderDelay
	if r.capture.latest+r.capture.count > 0 {
		r.stated.latest = 0
		return r.capture.report(trip/2-transit, trip/2, most, diag.DelayCapture)
	}
	// the fastest report is taken to have needed half of the fastest round trip: it needed none of it, or all
	return r.stated.report(trip/2-transit, trip/2, most, diag.DelayReports)
}

// Echo is the mean time since the last call from sending a packet until it came back, in seconds; nil if none did.
func (r *Receiver) Echo() *float64 {
	d := r.echoed.report(0, 0, maxDelay, "")
	if d == nil {
		return nil
	}
	return d.Delay
}

// report ends the interval, whose times are corrected; nil for times that cannot be, the fastest of more than the most.
func (t *tally) report(correction, uncertainty, most time.Duration, source diag.DelaySource) *diag.OneWayDelay {
	d := &diag.OneWayDelay{Source: source, Uncertainty: uncertainty.Seconds()}
	seconds := func(d time.Duration) *float64 { return new(max(0, d).Seconds()) }
	if t.latest > 0 {
		correction += t.first
		mean := t.sum/time.Duration(t.latest) + correction // #nosec G115 -- packets of a second
		sum := t.sum + correction*time.Duration(t.latest)  // #nosec G115 -- likewise
		n := t.latest
		t.latest = 0
		if mean < -uncertainty || mean > maxDelay || t.least+correction > most {
			return nil
		}
		t.count += n
		t.total += sum
		d.Delay, d.Min, d.Max = seconds(mean), seconds(t.least+correction), seconds(t.most+correction)
	}
	if t.count == 0 {
		return nil
	}
	d.Mean, d.Measurements = *seconds(t.total / time.Duration(t.count)), t.count // #nosec G115 -- far below 2⁶³
	return d
}
