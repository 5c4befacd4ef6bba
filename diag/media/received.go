package media

import (
	"time"

	"github.com/pion/rtcp"

	"dialtone/diag"
	"dialtone/diag/media/reports"
)

// received is what the peer's latest report says of a stream that is sent, as far as it does not contradict itself.
type received struct {
	report   rtcp.ReceptionReport
	expected int64 // packets that it is about; −1 if it names one that was not sent
	lost     int64 // as it says
	skipped  int64 // of expected, never sent
	fraction float64
	sudden   bool     // fraction has packets that lost does not have
	jitter   *float64 // seconds
}

// newReceived takes a report after another one, of a stream with a clock rate.
func newReceived(r rtcp.ReceptionReport, before *received, expected, skipped int64, rate uint32) *received {
	now := &received{report: r, expected: expected, skipped: skipped, fraction: float64(r.FractionLost) / 256}
	now.lost = int64(int32(r.TotalLost<<8) >> 8) // 24 bits, signed
	earlier := &received{}
	if before != nil {
		earlier, now.jitter = before, before.jitter
	}
	now.sudden = r.FractionLost > 0 && now.lost <= earlier.lost
	if left, of := skipped-earlier.skipped, expected-earlier.expected; left > 0 && of > left {
		lost := max(0, now.lost-earlier.lost-left)
		now.fraction = min(1, float64(lost)/float64(of-left)) // of what was sent
	}
	if rate != 0 { // else, and if the peer compared timestamps across their wrap, it is not known
		if s := float64(r.Jitter) / float64(rate); s <= reports.MaxRoundTrip.Seconds() {
			now.jitter = &s
		}
	}
	return now
}

// stats is the report, with the round trips that it and those before it measured. What changes is not in it if reports
// have been missing since.
func (r *received) stats(trips *reports.RoundTrips, missing time.Duration, now time.Time) *diag.RemoteInbound {
	d := &diag.RemoteInbound{
		TotalRoundTripTime: new(trips.Total.Seconds()), RoundTripTimeMeasurements: new(trips.Count),
	}
	if r.expected < 0 || r.lost <= r.expected {
		d.PacketsLost = &r.lost
	}
	if r.skipped > 0 {
		d.PacketsSkipped = &r.skipped
	}
	if r.expected >= max(0, r.lost) {
		d.PacketsReceived = new(uint64(r.expected - r.lost)) // #nosec G115 -- not negative
	}
	if missing > 0 {
		d.ReportsMissingFor = new(missing.Seconds())
		return d
	}
	d.RoundTripTime, d.Jitter = trips.Seconds(now), r.jitter
	if !r.sudden {
		d.FractionLost = &r.fraction
	}
	return d
}
