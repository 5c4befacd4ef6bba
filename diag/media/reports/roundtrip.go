// Package reports measures by the reports of RTCP: how long a round trip takes, and how often a receiver reports.
package reports

import (
	"time"
)

const (
	// reportsKept is how many sent reports are remembered. A report block is about the last one that arrived.
	reportsKept = 8
	// MaxRoundTrip bounds what is accepted: a peer that computes the delay wrong gives hours, or less than nothing.
	MaxRoundTrip = 60 * time.Second
	// roundTripAge is how old the last one may be to count as that of now.
	roundTripAge = 30 * time.Second
)

// RoundTrips measures from reports that were sent and answers that name them (RFC 3550, section 6.4.1; RFC 3611,
// section 4.5). The time of sending is taken from the local clock, not computed from the NTP time in the report, so
// neither a wrong wall clock nor a report that was never sent gives a number. The zero value is ready.
type RoundTrips struct {
	sent  [reportsKept]sentReport
	next  int
	Last  time.Duration
	at    time.Time // when it was measured
	Total time.Duration
	Count uint64
}

type sentReport struct {
	id uint32 // the middle 32 bits of its NTP time
	at time.Time
}

// Report remembers a report that was sent, by its 64 bits of NTP time.
func (r *RoundTrips) Report(ntp uint64, at time.Time) {
	r.sent[r.next] = sentReport{id: uint32(ntp >> 16), at: at}
	r.next = (r.next + 1) % reportsKept
}

// Answer measures by the peer's answer to report id, sent after delay in 1/65536 s, that arrived now.
func (r *RoundTrips) Answer(id, delay uint32, at time.Time) {
	if id == 0 {
		return // the peer has received no report yet
	}
	for _, s := range r.sent {
		if s.id != id || s.at.IsZero() {
			continue
		}
		rtt := at.Sub(s.at) - time.Duration(delay)*time.Second/65536
		if rtt < 0 || rtt > MaxRoundTrip {
			return
		}
		r.Last, r.at = rtt, at
		r.Total += rtt
		r.Count++
		return
	}
}

// Seconds is the last round-trip time; nil before the first, and when it is old.
func (r *RoundTrips) Seconds(now time.Time) *float64 {
	if r.Count == 0 || now.Sub(r.at) > roundTripAge {
		return nil
	}
	return new(r.Last.Seconds())
}
