package call

import (
	"time"

	"dialtone/diag"
)

// silentPackets is how many packets say something about a sound.
const silentPackets = 50

// silentShare is how much of the connection must have been silent.
const silentShare = 0.6

// IsSilent reports whether all audio since early in the connection is proven to be silence.
func (c *Call) IsSilent(kind string) bool {
	_, _, ok := c.Silence(kind)
	return ok
}

// Silence finds the stretch up to the end in which every packet was silent, and reports whether it is most of the
// connection.
func (c *Call) Silence(kind string) (packets uint64, length time.Duration, ok bool) {
	last := c.Latest()
	if last == nil || c.ConnectedAt == nil {
		return 0, 0, false
	}
	total, quiet, known := silentCount(last.Sample, kind)
	if !known || total == 0 {
		return 0, 0, false
	}
	from, base := last.At, total
	for i := len(c.Samples) - 2; i >= -1; i-- {
		at, t, q := *c.ConnectedAt, uint64(0), uint64(0)
		if i >= 0 {
			at = c.Samples[i].At
			t, q, _ = silentCount(c.Samples[i].Sample, kind)
		}
		if t > base || total-t != quiet-q { // there was sound after that
			break
		}
		from, base = at, t
	}
	packets, length = total-base, last.At-from
	return packets, length, packets >= silentPackets && length.Seconds() >= silentShare*c.UpTime().Seconds()
}

// silentCount sums the packets of a kind and the silent ones among them; known is false where no one counted silence.
func silentCount(s diag.Sample, kind string) (packets, silent uint64, known bool) {
	for _, in := range s.Inbound {
		if in.Kind == kind {
			packets += diag.OrZero(in.PacketsReceived)
			if in.SilentPackets != nil {
				silent, known = silent+*in.SilentPackets, true
			}
		}
	}
	return packets, silent, known
}
