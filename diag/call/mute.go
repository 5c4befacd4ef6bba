package call

import (
	"slices"
	"sync"
	"time"

	"dialtone/diag"
	"dialtone/diag/sdp"
)

// muting is a side and a kind of media.
type muting struct {
	side diag.Side
	kind string
}

// resumed is how long something must be back, after a side ended its mute, before it is judged: samples are taken
// each second.
const resumed = 1750 * time.Millisecond

// putMute notes that a side muted or unmuted. What was seen until then says nothing of what comes.
func (c *Call) putMute(d diag.TrackMuted, at time.Duration) {
	if d.Kind != "audio" && d.Kind != "video" {
		return
	}
	side := &c.LocalMuted
	if d.Side == diag.Remote {
		side = &c.RemoteMuted
	}
	if *side == nil {
		*side = map[string]bool{}
	}
	if (*side)[d.Kind] && !d.Muted {
		c.ended(muting{d.Side, d.Kind}, at)
	}
	(*side)[d.Kind] = d.Muted
	for i := range c.Pictures {
		if d.Side == diag.Remote && d.Kind == "video" {
			c.Pictures[i].Alike, c.Pictures[i].Black = Run{}, Run{}
		}
	}
}

// describe keeps a description. Media that it lets pass again was on hold, which is a mute that both agreed on.
func (c *Call) describe(d diag.SessionDescription, at time.Duration) {
	held := slices.DeleteFunc(slices.Clone(MediaKinds), func(m MediaKind) bool { return c.Agreed(m.Direction, m.Kind) })
	parse := sync.OnceValue(func() *sdp.Description { return sdp.Parse(d.SDP) })
	c.Descriptions = keep(c.Descriptions, DescriptionRow{d, at, parse}, maxDescriptions)
	for _, m := range held {
		if c.Agreed(m.Direction, m.Kind) {
			c.ended(muting{sender(m.Direction), m.Kind}, at)
		}
	}
}

// ended notes that a side sends a kind of media again.
func (c *Call) ended(m muting, at time.Duration) {
	if c.unmuted == nil {
		c.unmuted = map[muting]time.Duration{}
	}
	c.unmuted[m] = at
}

// sender is the side that sends in a direction.
func sender(direction diag.Direction) diag.Side {
	if direction == diag.Outbound {
		return diag.Local
	}
	return diag.Remote
}

// Muted reports whether the sender of a kind of media has muted it.
func (c *Call) Muted(direction diag.Direction, kind string) bool {
	if direction == diag.Outbound {
		return c.LocalMuted[kind]
	}
	return c.RemoteMuted[kind]
}

// Hushed reports whether the sender of a kind of media has muted it, or ended that so lately that what was measured is
// of the time before.
func (c *Call) Hushed(direction diag.Direction, kind string) bool {
	at, was := c.unmuted[muting{sender(direction), kind}]
	return c.Muted(direction, kind) || was && c.Now-at < resumed
}

// sinceUnmuted is how much time before a sample counts at all: since the sender ended its mute, at most this.
func (c *Call) sinceUnmuted(direction diag.Direction, kind string, at, ago time.Duration) time.Duration {
	if unmuted, was := c.unmuted[muting{sender(direction), kind}]; was {
		return max(0, min(ago, at-unmuted))
	}
	return ago
}
