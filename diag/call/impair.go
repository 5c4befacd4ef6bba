package call

import (
	"slices"

	"dialtone/diag"
)

// Mirrored is the impairment as its peer sees it: what one sends, the other receives.
func Mirrored(d *diag.Impaired) *diag.Impaired {
	if d == nil {
		return nil
	}
	return &diag.Impaired{Inbound: d.Outbound, Outbound: d.Inbound, Final: d.Final}
}

// IsImpaired reports whether the call has dropped or changed packets on purpose.
func (c *Call) IsImpaired() bool {
	if c.Impaired == nil {
		return false
	}
	changed := func(p diag.ImpairedPackets) uint64 { return p.Dropped() + p.Delayed + p.Duplicated + p.Reordered }
	return changed(c.Impaired.Inbound)+changed(c.Impaired.Outbound) > 0
}

// Injected is how many packets of a kind of media the call dropped on purpose that can show as loss in a direction. Of
// a peer whose packets show that it sends back what it gets, that includes what was dropped on the way there.
func (c *Call) Injected(direction diag.Direction, kind string) int64 {
	if c.Impaired == nil {
		return 0
	}
	n := c.dropped(direction, kind)
	if direction == diag.Inbound && c.echoes(kind) {
		n += c.dropped(diag.Outbound, kind)
	}
	return n
}

// dropped is how many packets of a kind of media the call dropped in a direction; if its streams cannot be
// distinguished, as inside an encrypted connection to a TURN server, all that it dropped.
func (c *Call) dropped(direction diag.Direction, kind string) (n int64) {
	counts, sample := c.Impaired.Of(direction), c.Latest()
	if sample == nil {
		return 0
	}
	var ssrcs []uint32
	for _, in := range sample.Inbound {
		if direction == diag.Inbound && in.Kind == kind {
			ssrcs = append(ssrcs, in.SSRC)
		}
	}
	for _, out := range sample.Outbound {
		if direction == diag.Outbound && out.Kind == kind {
			ssrcs = append(ssrcs, out.SSRC)
		}
	}
	if len(counts.Streams) == 0 {
		return int64(counts.Dropped()) // #nosec G115 -- a count of packets
	}
	for _, ssrc := range ssrcs {
		s, _ := counts.Stream(ssrc)
		n += int64(s.Dropped) // #nosec G115 -- a count of packets
	}
	return n
}

// echoes reports whether packets of a kind that were sent came back: what was dropped on the way there, is then missing
// here.
func (c *Call) echoes(kind string) bool {
	return slices.ContainsFunc(c.Samples, func(s SampleRow) bool {
		return slices.ContainsFunc(s.Inbound, func(in diag.InboundRTP) bool { return in.Kind == kind && in.EchoDelay != nil })
	})
}
