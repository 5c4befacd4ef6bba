package reports

import "time"

// Sent is what a sender's reports (RFC 3550 §6.4.1) say that it sent while nothing of it arrives. The zero value is
// ready.
type Sent struct {
	first, last   time.Time // reports since the last packet
	base, packets uint32    // what they count
}

// Arrived notes a packet of the stream.
func (s *Sent) Arrived() { s.first = time.Time{} }

// Report notes a report.
func (s *Sent) Report(now time.Time, packets uint32) {
	if s.first.IsZero() {
		s.first, s.base = now, packets
	}
	s.last, s.packets = now, packets
}

// Since is how many packets were sent between the first report since the last packet and the latest, and how long that
// is; zero before the second report.
func (s *Sent) Since() (packets uint32, over time.Duration) {
	if s.first.IsZero() {
		return 0, 0
	}
	return s.packets - s.base, s.last.Sub(s.first)
}
