package latency

import (
	"hash/maphash"
	"time"

	"dialtone/diag"
)

// maxDelay bounds what is accepted: clocks that are set, and senders that compute their time wrong, give hours.
const maxDelay = 60 * time.Second

// Receiver measures the packets of one stream that arrives. The zero value is ready; it is for one goroutine at a time.
type Receiver struct {
	from    *Sender
	offset  uint32 // by which the timestamps differ from those that were sent
	matched tally
	stated  tally // by the clock of the sender, of which the difference to this one is not subtracted
	clocks  clocks
}

// tally sums up times.
type tally struct {
	count, latest uint64        // of all, and since the last report
	total, sum    time.Duration // likewise
	least, most   time.Duration // since the last report
}

func (t *tally) add(d time.Duration) {
	if t.latest == 0 {
		t.least, t.most = d, d
	}
	t.least, t.most = min(t.least, d), max(t.most, d)
	t.count++
	t.latest++
	t.total += d
	t.sum += d
}

// Packet notes a packet that arrived, and is no retransmission: the part of its payload that a server forwards
// unchanged. Packets by chance alike do not count, because their timestamps are not those that belong together.
func (r *Receiver) Packet(b *Book, kind string, ssrc uint32, at time.Time, ts uint32, body []byte) {
	from, p, ok := b.find(kind, ssrc, maphash.Bytes(seed, body), at)
	if !ok || from.ssrc == ssrc && p.ts != ts {
		return
	}
	if known := r.from == from && r.offset == ts-p.ts; !known {
		r.from, r.offset = from, ts-p.ts
		if from.ssrc != ssrc {
			return // the next one confirms it
		}
	}
	if d := at.Sub(p.at); d >= 0 {
		r.matched.add(d)
	}
}

// Transit notes how much later than its capture, by the sender's reports, a packet arrived, by two clocks.
func (r *Receiver) Transit(d time.Duration) { r.stated.add(d) }

// SenderReport notes how much later than it was sent a sender report arrived, by two clocks, and how long a round trip
// takes now.
func (r *Receiver) SenderReport(at time.Time, transit, trip time.Duration) {
	r.clocks.add(at, transit, trip)
}

// Report is the delay of the packets since the last one, and of all; nil while nothing was measured. The owner is the
// peer connection that receives.
func (r *Receiver) Report(owner any, now time.Time) *diag.OneWayDelay {
	defer func() { r.matched.latest, r.matched.sum, r.stated.latest, r.stated.sum = 0, 0, 0, 0 }()
	if r.matched.count > 0 {
		source := diag.DelayPayload
		if r.from.owner == owner {
			source = diag.DelayEcho
		}
		return r.matched.report(0, 0, source)
	}
	transit, trip, known := r.clocks.fastest(now)
	if !known || r.stated.count == 0 {
		return nil
	}
	// the fastest report is taken to have needed half of the fastest round trip: it needed none of it, or all
	return r.stated.report(trip/2-transit, trip/2, diag.DelayReports)
}

// report is what was summed up, corrected; nil for what cannot be.
func (t *tally) report(correction, uncertainty time.Duration, source diag.DelaySource) *diag.OneWayDelay {
	whole := func(d time.Duration) float64 { return max(0, d).Seconds() }
	mean := t.total/time.Duration(t.count) + correction // #nosec G115 -- far below 2⁶³ packets
	if mean < -uncertainty || mean > maxDelay {
		return nil
	}
	d := &diag.OneWayDelay{
		Source: source, Uncertainty: uncertainty.Seconds(), Mean: whole(mean), Measurements: t.count,
	}
	if t.latest > 0 {
		d.Delay = diag.Ptr(whole(t.sum/time.Duration(t.latest) + correction)) // #nosec G115 -- likewise
		d.Min, d.Max = diag.Ptr(whole(t.least+correction)), diag.Ptr(whole(t.most+correction))
	}
	return d
}
