package clock

import "time"

// NTPEpoch is the beginning of NTP's time.
var NTPEpoch = time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)

// Mapping ties the timestamps of a stream to the clock of its sender by its reports (RFC 3550 §6.4.1), and measures how
// long after the capture its packets arrive, by two clocks that may differ. The zero value is ready.
type Mapping struct {
	Arrived bool    // a packet has, after a report
	Transit float64 // seconds, mean of the latest packets

	rate   uint32        // of the timestamps, Hz
	begun  bool          // a report came
	known  bool          // and does not contradict the one before it
	sentAt time.Duration // of the last report, since NTPEpoch
	ts     uint32        // at that time
	last   uint32        // timestamp of the packet before
	base   time.Time     // first time of this machine's clock

	stated   bool          // a packet has stated its time of capture
	captured time.Duration // that time by the sender's clock, since NTPEpoch
	of       uint32        // timestamp of that packet
}

// Report notes a sender report, and returns how much later than it was sent it arrived; false for one that states no
// time.
func (m *Mapping) Report(at time.Time, ntp uint64, ts uint32) (time.Duration, bool) {
	if ntp == 0 {
		return 0, false // a sender without a clock
	}
	sent := sinceEpoch(ntp)
	off := m.begun && m.rate != 0 && absolute(sent-m.sentAt-Ticks(ts-m.ts, m.rate)) > maxStep
	if off {
		m.Arrived = false // the clock was set, or the sender counts timestamps wrong
	}
	m.begun, m.known, m.sentAt, m.ts = true, !off, sent, ts
	return m.since(at, sent), true
}

// Arrival notes a packet, and returns how long after its capture it arrived. Of a frame, the first counts.
func (m *Mapping) Arrival(at time.Time, ts, rate uint32) (time.Duration, bool) {
	if m.rate != rate {
		if m.rate != 0 {
			m.Restart()
		}
		m.rate = rate
	}
	if !m.known || rate == 0 || m.Arrived && ts == m.last {
		return 0, false
	}
	m.last = ts
	transit := m.since(at, m.sentAt+Ticks(ts-m.ts, rate))
	if m.Arrived && absolute(transit-time.Duration(m.Transit*float64(time.Second))) > maxStep {
		m.known, m.Arrived = false, false // the timestamps may have stood still while the source paused
		return 0, false
	}
	if m.Arrived {
		m.Transit += (transit.Seconds() - m.Transit) / 16
	} else {
		m.Arrived, m.Transit = true, transit.Seconds()
	}
	return transit, true
}

// Restart forgets how timestamps and clock are tied, until the next report: the timestamps began anew.
func (m *Mapping) Restart() { m.begun, m.known, m.Arrived, m.stated = false, false, false, false }

// sameClock is how far two statements of one capture may differ that are by one clock.
const sameClock = 250 * time.Millisecond

// Capture notes the time of capture that a packet states. Unless it is known to be by the clock of the sender, it
// counts only if the sender's reports say about the same: behind a server, the two may be clocks of two machines.
func (m *Mapping) Capture(ntp uint64, senders bool, ts, rate uint32) {
	if rate == 0 {
		return
	}
	at := sinceEpoch(ntp)
	if senders || m.known && absolute(at-m.sentAt-Ticks(ts-m.ts, rate)) <= sameClock {
		m.stated, m.captured, m.of = true, at, ts
	}
}

// Captured is how long after its stated capture a packet of a timestamp arrived, by two clocks.
func (m *Mapping) Captured(at time.Time, ts, rate uint32) (time.Duration, bool) {
	if !m.stated || rate == 0 {
		return 0, false
	}
	return m.since(at, m.captured+Ticks(ts-m.of, rate)), true
}

// sinceEpoch is a time in NTP's format (RFC 5905 §6).
func sinceEpoch(ntp uint64) time.Duration {
	return time.Duration(ntp>>32)*time.Second + time.Duration(ntp&0xffffffff*uint64(time.Second)>>32) // #nosec G115
}

// Ticks is the time that timestamps advance by.
func Ticks(n, rate uint32) time.Duration {
	return time.Duration(float64(int32(n)) / float64(rate) * float64(time.Second)) // #nosec G115 -- it wraps by intent
}

// since is the time from one of the sender's clock until one of this machine's: monotonic, so that it may be set.
func (m *Mapping) since(at time.Time, sent time.Duration) time.Duration {
	if m.base.IsZero() {
		m.base = at
	}
	local := time.Duration(m.base.Unix()-NTPEpoch.Unix())*time.Second + time.Duration(m.base.Nanosecond())
	return local + at.Sub(m.base) - sent
}

func absolute(d time.Duration) time.Duration { return max(d, -d) }
