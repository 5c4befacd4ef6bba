package reports

import "time"

const (
	// intervalLeast is the least that a receiver's interval is taken for: that of audio is between 2.5 and 7.5 s.
	intervalLeast = 3 * time.Second
	// missed is after how many intervals reports are missing (RFC 3550 §6.3.5).
	missed = 5
	// pause is the least time between two packets that is no time of sending.
	pause = 2 * time.Second
)

// Interval is how often the peer reports on a stream, in time of sending: on one that pauses, it need not. The zero
// value is ready.
type Interval struct {
	since   time.Duration // the last report
	longest time.Duration // between two, or before the first
}

// Sent notes how long after the one before a packet was sent.
func (i *Interval) Sent(after time.Duration) {
	if after < pause {
		i.since += after
	}
}

// Report notes a report.
func (i *Interval) Report() { i.longest, i.since = max(i.longest, i.since), 0 }

// Missing is the time since the last report, if that is too long.
func (i *Interval) Missing() time.Duration {
	if i.since < missed*max(i.longest, intervalLeast) {
		return 0
	}
	return i.since
}
