package call

import (
	"slices"
	"strings"
	"time"

	"dialtone/diag"
	"dialtone/diag/sdp"
)

// mediaGrace is how long an established call must have lasted before missing media is held against it.
const mediaGrace = 2 * time.Second

// keyFrameGrace is how long a video may do without a key frame: the first requests for one have been sent by then.
const keyFrameGrace = 3 * time.Second

// MediaKind is media of one kind in one direction.
type MediaKind struct {
	Direction diag.Direction
	Kind      string // audio or video
}

// MissingMedia lists what both sides agreed to send and of which no packet was counted, once there was time to look.
func (c *Call) MissingMedia() []MediaKind {
	if !c.Start.Media || c.UpTime() < mediaGrace {
		return nil
	}
	sample := c.Latest()
	if sample == nil {
		return nil
	}
	var missing []MediaKind
	for _, kind := range diag.Kinds {
		if c.sent(kind) && c.Agreed(diag.Outbound, kind) && !flowsOut(sample.Sample, kind) {
			missing = append(missing, MediaKind{diag.Outbound, kind})
		}
		if c.Promised(kind) && !c.RemoteMuted[kind] && !flowsIn(sample.Sample, kind) {
			missing = append(missing, MediaKind{diag.Inbound, kind})
		}
	}
	return missing
}

// AnyMedia reports whether a packet of media was sent or has come.
func (c *Call) AnyMedia() bool {
	sample := c.Latest()
	return sample != nil && slices.ContainsFunc(diag.Kinds,
		func(kind string) bool { return flowsIn(sample.Sample, kind) || flowsOut(sample.Sample, kind) })
}

// sent reports whether we have a track of this kind that is not muted.
func (c *Call) sent(kind string) bool {
	for _, t := range c.Tracks {
		if t.Direction == diag.Outbound && t.Kind == kind && !c.LocalMuted[kind] {
			return true
		}
	}
	return false
}

// Promised reports whether the peer's latest description says that it sends this kind (RFC 8866 §6.7).
func (c *Call) Promised(kind string) bool {
	d := c.description(diag.Remote)
	return d != nil && d.Sends(kind)
}

// Agreed reports whether the latest descriptions of both sides let media of a kind pass in a direction. One that is not
// known yet forbids nothing.
func (c *Call) Agreed(direction diag.Direction, kind string) bool {
	from, to := c.description(diag.Local), c.description(diag.Remote)
	if direction == diag.Inbound {
		from, to = to, from
	}
	return (from == nil || from.Sends(kind)) && (to == nil || to.Receives(kind))
}

// description is the latest of a side; nil before the first.
func (c *Call) description(side diag.Side) *sdp.Description {
	for i := len(c.Descriptions) - 1; i >= 0; i-- {
		if c.Descriptions[i].Side == side {
			return c.Descriptions[i].Parsed
		}
	}
	return nil
}

func flowsIn(s diag.Sample, kind string) bool {
	for _, in := range s.Inbound {
		if in.Kind == kind && diag.OrZero(in.PacketsReceived) > 0 {
			return true
		}
	}
	return false
}

func flowsOut(s diag.Sample, kind string) bool {
	for _, out := range s.Outbound {
		if out.Kind == kind && diag.OrZero(out.PacketsSent) > 0 {
			return true
		}
	}
	return false
}

// WithoutKeyFrame reports whether video has come for a while without any key frame, and how many frames.
func (c *Call) WithoutKeyFrame() (frames uint32, without bool) {
	sample := c.Latest()
	if sample == nil || c.UpTime() < keyFrameGrace {
		return 0, false
	}
	for _, in := range sample.Inbound {
		if in.Kind != "video" || in.FramesReceived == nil || in.KeyFramesReceived == nil || *in.FramesReceived == 0 {
			continue
		}
		if *in.KeyFramesReceived > 0 {
			return 0, false
		}
		frames, without = frames+*in.FramesReceived, true
	}
	return frames, without
}

// mostCodecs bounds the codecs that are named of a declined offer.
const mostCodecs = 16

// Declined reports whether the local answer rejects a section of the kind in the latest remote offer, and which codecs
// the offer has there.
func (c *Call) Declined(kind string) (codecs string, yes bool) {
	var offer, answer *sdp.Description
	for _, d := range c.Descriptions {
		switch {
		case d.Side == diag.Remote && d.SDPType == "offer":
			offer, answer = d.Parsed, nil
		case d.Side == diag.Local && d.SDPType == "answer":
			answer = d.Parsed
		}
	}
	if offer == nil || answer == nil {
		return "", false
	}
	var names []string
	for i, s := range offer.Media[:min(len(offer.Media), len(answer.Media))] {
		if s.Kind != kind || s.Rejected() || s.Direction == "inactive" || !answer.Media[i].Rejected() {
			continue
		}
		yes = true
		for _, codec := range s.Codecs {
			if len(names) < mostCodecs && !slices.Contains(names, codec.Short()) {
				names = append(names, codec.Short())
			}
		}
	}
	return strings.Join(names, " "), yes
}
