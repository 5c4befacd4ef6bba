package clock

import "time"

// NTPEpoch is the beginning of NTP's time.
var NTPEpoch = time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)

// Mapping ties the timestamps of a stream to the clock of its sender by its reports (RFC 3550 §6.4.1), and measures how
// long after the capture its packets arrive, by two clocks that may differ. The zero value is ready.
type Mapping struct {
	Arrived bool    // a packet has, after a report
	Transit float64 // seconds, mean of the latest packets

	known  bool
	sentAt time.Duration // of the last report, since NTPEpoch
	ts     uint32        // at that time
	last   uint32        // timestamp of the packet before
}

// Report notes a sender report.
func (m *Mapping) Report(ntp uint64, ts uint32) {
	if ntp == 0 {
		return // a sender without a clock
	}
	seconds, fraction := ntp>>32, ntp&0xffffffff
	sent := time.Duration(seconds)*time.Second + time.Duration(fraction*uint64(time.Second)>>32)
	if m.known && absolute(sent-m.sentAt) > time.Minute {
		m.Arrived = false // the clock was set
	}
	m.known, m.sentAt, m.ts = true, sent, ts
}

// Arrival notes a packet. Of a frame, the first counts.
func (m *Mapping) Arrival(at time.Time, ts, rate uint32) {
	if !m.known || rate == 0 || m.Arrived && ts == m.last {
		return
	}
	m.last = ts
	captured := m.sentAt.Seconds() + float64(int32(ts-m.ts))/float64(rate)
	transit := float64(at.Unix()-NTPEpoch.Unix()) + float64(at.Nanosecond())/float64(time.Second) - captured
	if !m.Arrived {
		m.Arrived, m.Transit = true, transit
		return
	}
	m.Transit += (transit - m.Transit) / 16
}

func absolute(d time.Duration) time.Duration { return max(d, -d) }
