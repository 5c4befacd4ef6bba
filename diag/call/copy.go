package call

import (
	"maps"
	"slices"
)

// Copy returns a Call that goes its own way: what is applied to one does not show in the other. Applying replaces what
// pointers point to and never changes it, so lists and maps are all that must be doubled.
func (c *Call) Copy() *Call {
	d := *c
	d.Spans, d.Local, d.Remote = slices.Clone(c.Spans), slices.Clone(c.Local), slices.Clone(c.Remote)
	d.Servers = slices.Clone(c.Servers)
	d.Pairs, d.pairIndex = slices.Clone(c.Pairs), maps.Clone(c.pairIndex)
	d.Descriptions, d.Samples, d.Warnings = slices.Clone(c.Descriptions), slices.Clone(c.Samples), slices.Clone(c.Warnings)
	d.Channels, d.Messages, d.Tracks = slices.Clone(c.Channels), slices.Clone(c.Messages), slices.Clone(c.Tracks)
	d.Pictures, d.Encodings = slices.Clone(c.Pictures), slices.Clone(c.Encodings)
	d.RemoteSamples = slices.Clone(c.RemoteSamples)
	d.NAT = slices.Clone(c.NAT)
	m := c.Machine
	d.Machine = Machine{slices.Clone(m.Changes), slices.Clone(m.Outages), slices.Clone(m.Pauses), slices.Clone(m.Stalls)}
	d.Steps, d.KeyFrames, d.Resumed = slices.Clone(c.Steps), slices.Clone(c.KeyFrames), slices.Clone(c.Resumed)
	d.Signal.Refused = slices.Clone(c.Signal.Refused)
	d.Speed, d.Browser = c.Speed.Copy(), c.Browser.Copy()
	for i := range d.NAT {
		d.NAT[i].State = c.NAT[i].Copy()
	}
	d.LocalMuted, d.RemoteMuted = maps.Clone(c.LocalMuted), maps.Clone(c.RemoteMuted)
	d.unmuted = maps.Clone(c.unmuted)
	d.Pings.ring, d.Pings.sorted = slices.Clone(c.Pings.ring), nil
	return &d
}
