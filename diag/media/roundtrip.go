package media

import (
	"time"

	"dialtone/diag"
)

const (
	// reportsKept is how many sent reports are remembered. A report block is about the last one that arrived.
	reportsKept = 8
	// maxRoundTrip bounds what is accepted: a peer that computes the delay wrong gives hours, or less than nothing.
	maxRoundTrip = 60 * time.Second
	// roundTripAge is how old the last one may be to count as that of now.
	roundTripAge = 30 * time.Second
)

// roundTrips measures from reports that were sent and answers that name them (RFC 3550, section 6.4.1; RFC 3611,
// section 4.5). The time of sending is taken from the local clock, not computed from the NTP time in the report, so
// neither a wrong wall clock nor a report that was never sent gives a number. The zero value is ready.
type roundTrips struct {
	sent  [reportsKept]sentReport
	next  int
	last  time.Duration
	at    time.Time // when it was measured
	total time.Duration
	count uint64
}

type sentReport struct {
	id uint32 // the middle 32 bits of its NTP time
	at time.Time
}

// report remembers a report that was sent, by its 64 bits of NTP time.
func (r *roundTrips) report(ntp uint64, at time.Time) {
	r.sent[r.next] = sentReport{id: uint32(ntp >> 16), at: at}
	r.next = (r.next + 1) % reportsKept
}

// answer measures by the peer's answer to report id, sent after delay in 1/65536 s, that arrived now.
func (r *roundTrips) answer(id, delay uint32, at time.Time) {
	if id == 0 {
		return // the peer has received no report yet
	}
	for _, s := range r.sent {
		if s.id != id || s.at.IsZero() {
			continue
		}
		rtt := at.Sub(s.at) - time.Duration(delay)*time.Second/65536
		if rtt < 0 || rtt > maxRoundTrip {
			return
		}
		r.last, r.at = rtt, at
		r.total += rtt
		r.count++
		return
	}
}

// seconds is the last round-trip time; nil before the first, and when it is old.
func (r *roundTrips) seconds(now time.Time) *float64 {
	if r.count == 0 || now.Sub(r.at) > roundTripAge {
		return nil
	}
	return diag.Ptr(r.last.Seconds())
}
