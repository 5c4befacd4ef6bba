package media

import (
	"time"

	"github.com/pion/rtcp"

	"dialtone/diag"
)

const (
	// reportInterval is the least that a receiver's interval is taken for: that of audio is between 2.5 and 7.5 s.
	reportInterval = 3 * time.Second
	// reportsMissed is after how many intervals reports are missing (RFC 3550 §6.3.5).
	reportsMissed = 5
	// sendingPause is the least time between two packets that is no time of sending.
	sendingPause = 2 * time.Second
)

// reporting is how often the peer reports on a stream, in time of sending: on one that pauses, it need not. The zero
// value is ready.
type reporting struct {
	since   time.Duration // the last report
	longest time.Duration // between two, or before the first
}

// sent notes how long after the one before a packet was sent.
func (r *reporting) sent(after time.Duration) {
	if after < sendingPause {
		r.since += after
	}
}

func (r *reporting) report() { r.longest, r.since = max(r.longest, r.since), 0 }

// missing is the time since the last report, if that is too long.
func (r *reporting) missing() time.Duration {
	if r.since < reportsMissed*max(r.longest, reportInterval) {
		return 0
	}
	return r.since
}

// received is what the peer's latest report says of a stream that is sent, as far as it does not contradict itself.
type received struct {
	report   rtcp.ReceptionReport
	expected int64 // packets that it is about; −1 if it names one that was not sent
	lost     int64 // as it says
	fraction float64
	sudden   bool     // fraction has packets that lost does not have
	jitter   *float64 // seconds
}

// newReceived takes a report after another one, of a stream with a clock rate.
func newReceived(r rtcp.ReceptionReport, before *received, expected int64, rate uint32) *received {
	now := &received{report: r, expected: expected, fraction: float64(r.FractionLost) / 256}
	now.lost = int64(int32(r.TotalLost<<8) >> 8) // 24 bits, signed
	earlier := int64(0)
	if before != nil {
		earlier, now.jitter = before.lost, before.jitter
	}
	now.sudden = r.FractionLost > 0 && now.lost <= earlier
	if rate != 0 { // else, and if the peer compared timestamps across their wrap, it is not known
		if s := float64(r.Jitter) / float64(rate); s <= maxRoundTrip.Seconds() {
			now.jitter = &s
		}
	}
	return now
}

// stats is the report, with the round trips that it and those before it measured. What changes is not in it if reports
// have been missing since.
func (r *received) stats(trips *roundTrips, missing time.Duration, now time.Time) *diag.RemoteInbound {
	d := &diag.RemoteInbound{
		TotalRoundTripTime: diag.Ptr(trips.total.Seconds()), RoundTripTimeMeasurements: diag.Ptr(trips.count),
	}
	if r.expected < 0 || r.lost <= r.expected {
		d.PacketsLost = &r.lost
	}
	if r.expected >= max(0, r.lost) {
		d.PacketsReceived = diag.Ptr(uint64(r.expected - r.lost)) // #nosec G115 -- not negative
	}
	if missing > 0 {
		d.ReportsMissingFor = diag.Ptr(missing.Seconds())
		return d
	}
	d.RoundTripTime, d.Jitter = trips.seconds(now), r.jitter
	if !r.sudden {
		d.FractionLost = &r.fraction
	}
	return d
}
