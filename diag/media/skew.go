package media

import (
	"time"

	"dialtone/diag"
)

// ntpEpoch is the beginning of NTP's time.
var ntpEpoch = time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)

// mapping ties the timestamps of a stream to the clock of its sender by its reports (RFC 3550 §6.4.1), and measures how
// long after the capture its packets arrive, by two clocks that may differ. The zero value is ready.
type mapping struct {
	known   bool
	sentAt  time.Duration // of the last report, since ntpEpoch
	ts      uint32        // at that time
	arrived bool
	last    uint32  // timestamp of the packet before
	transit float64 // seconds, mean of the latest packets
}

// report notes a sender report.
func (m *mapping) report(ntp uint64, ts uint32) {
	if ntp == 0 {
		return // a sender without a clock
	}
	seconds, fraction := ntp>>32, ntp&0xffffffff
	sent := time.Duration(seconds)*time.Second + time.Duration(fraction*uint64(time.Second)>>32) // #nosec G115 -- below 136 years
	if m.known && absolute(sent-m.sentAt) > time.Minute {
		m.arrived = false // the clock was set
	}
	m.known, m.sentAt, m.ts = true, sent, ts
}

// arrival notes a packet. Of a frame, the first counts.
func (m *mapping) arrival(at time.Time, ts, rate uint32) {
	if !m.known || rate == 0 || m.arrived && ts == m.last {
		return
	}
	m.last = ts
	captured := m.sentAt.Seconds() + float64(int32(ts-m.ts))/float64(rate)
	transit := float64(at.Unix()-ntpEpoch.Unix()) + float64(at.Nanosecond())/float64(time.Second) - captured
	if !m.arrived {
		m.arrived, m.transit = true, transit
		return
	}
	m.transit += (transit - m.transit) / 16
}

func absolute(d time.Duration) time.Duration { return max(d, -d) }

// Skew is how much later video arrives after its capture than audio, in seconds: negative where audio is later. It is
// that of the first stream of each kind, whose sender ties both to one clock by the same canonical name (RFC 3550
// §6.5.1); nil where it does not.
func (r *Recorder) Skew() *float64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	transit, names := map[string]float64{}, map[string]string{}
	for _, s := range r.in.order {
		r.in.update(s.ssrc, func(s *inbound) {
			if _, taken := transit[s.codec.Kind]; !taken && !s.ended && s.mapping.arrived {
				transit[s.codec.Kind], names[s.codec.Kind] = s.mapping.transit, s.name
			}
		})
	}
	audio, ok := transit[KindAudio]
	video, ok2 := transit[KindVideo]
	if !ok || !ok2 || names[KindAudio] != names[KindVideo] || names[KindAudio] == "" {
		return nil
	}
	return diag.Ptr(video - audio)
}
