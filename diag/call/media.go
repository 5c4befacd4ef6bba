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

// MediaKinds are those of all directions.
var MediaKinds = []MediaKind{
	{diag.Inbound, "audio"}, {diag.Inbound, "video"}, {diag.Outbound, "audio"}, {diag.Outbound, "video"},
}

// MissingMedia lists what both sides agreed to send and of which no packet was counted, once there was time to look. An
// echo can send only what it receives.
func (c *Call) MissingMedia() []MediaKind {
	if !c.Start.Media || c.Latest() == nil || c.MediaUnknown() || c.Counted() < mediaGrace {
		return nil
	}
	var missing []MediaKind
	for _, kind := range diag.Kinds {
		sends := c.hasTrack(diag.Outbound, kind) && !c.Hushed(diag.Outbound, kind) && c.Agreed(diag.Outbound, kind)
		if sends && (!c.IsEcho() || c.packets(diag.Inbound, kind) > 0) && c.none(diag.Outbound, kind) {
			missing = append(missing, MediaKind{diag.Outbound, kind})
		}
		if c.Promised(kind) && !c.Hushed(diag.Inbound, kind) && c.none(diag.Inbound, kind) {
			missing = append(missing, MediaKind{diag.Inbound, kind})
		}
	}
	return missing
}

// IsEcho reports whether this end sends back what comes, and nothing else.
func (c *Call) IsEcho() bool {
	return c.Start.Command == "answer" && c.Start.Way == "" && c.Start.Signaling != "whep"
}

// MediaUnknown reports whether the dump of a browser leaves open which media flowed: it has no counters of streams, or
// what it had could not be read.
func (c *Call) MediaUnknown() bool {
	return c.Browser != nil && (c.Browser.Start.Partial || !slices.ContainsFunc(c.Samples, func(s SampleRow) bool {
		return slices.ContainsFunc(s.Inbound, func(in diag.InboundRTP) bool { return in.PacketsReceived != nil }) ||
			slices.ContainsFunc(s.Outbound, func(out diag.OutboundRTP) bool { return out.PacketsSent != nil })
	}))
}

// Counted is for how long of the connection packets were counted: the latest sample of a dump may come long before its
// end.
func (c *Call) Counted() time.Duration {
	if s := c.Latest(); c.Browser != nil && s != nil && c.ConnectedAt != nil {
		return s.At - *c.ConnectedAt
	}
	return c.UpTime()
}

// NoMedia reports whether no packet of media was sent or has come.
func (c *Call) NoMedia() bool {
	early := c.Browser != nil && c.Counted() < mediaGrace
	return !early && !c.MediaUnknown() && !slices.ContainsFunc(diag.Kinds,
		func(kind string) bool { return c.packets(diag.Inbound, kind)+c.packets(diag.Outbound, kind) > 0 })
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

// HasFormat reports whether the latest description of a side names a format of a kind ("red"), or is not known.
func (c *Call) HasFormat(side diag.Side, kind, name string) bool {
	d := c.description(side)
	is := func(f sdp.Codec) bool { return strings.EqualFold(f.Short(), name) }
	return d == nil || slices.ContainsFunc(d.Media, func(s sdp.Section) bool {
		return s.Kind == kind && slices.ContainsFunc(s.Codecs, is)
	})
}

// SharedPayloadTypes are those by which the latest description of the peer means several codecs.
func (c *Call) SharedPayloadTypes() []sdp.Shared {
	if d := c.description(diag.Remote); d != nil {
		return d.SharedPayloadTypes()
	}
	return nil
}

// Parsed is the description, parsed.
func (d *DescriptionRow) Parsed() *sdp.Description { return d.parse() }

// description is the latest of a side; nil before the first.
func (c *Call) description(side diag.Side) *sdp.Description {
	for i := len(c.Descriptions) - 1; i >= 0; i-- {
		if c.Descriptions[i].Side == side {
			return c.Descriptions[i].Parsed()
		}
	}
	return nil
}

// none reports whether no packet of a kind was counted in a direction, as far as all its streams have counters.
func (c *Call) none(dir diag.Direction, kind string) bool {
	sample := c.Latest()
	return c.packets(dir, kind) == 0 && !slices.ContainsFunc(sample.Inbound, func(in diag.InboundRTP) bool {
		return dir == diag.Inbound && in.Kind == kind && in.PacketsReceived == nil
	}) && !slices.ContainsFunc(sample.Outbound, func(out diag.OutboundRTP) bool {
		return dir == diag.Outbound && out.Kind == kind && out.PacketsSent == nil
	})
}

// packets counts those of a kind in a direction, by the latest sample, unless all are padding.
func (c *Call) packets(dir diag.Direction, kind string) (n uint64) {
	sample := c.Latest()
	if sample == nil {
		return 0
	}
	if dir == diag.Inbound {
		for _, in := range sample.Inbound {
			if in.Kind == kind {
				n += in.MediaPackets()
			}
		}
		return n
	}
	for _, out := range sample.Outbound {
		if out.Kind == kind {
			n += out.MediaPackets()
		}
	}
	return n
}

// Padding counts the packets of streams of a kind that brought nothing but padding.
func (c *Call) Padding(dir diag.Direction, kind string) (n uint64) {
	sample := c.Latest()
	if sample == nil || dir != diag.Inbound {
		return 0
	}
	for _, in := range sample.Inbound {
		if in.Kind == kind && in.MediaPackets() == 0 {
			n += diag.OrZero(in.PacketsReceived)
		}
	}
	return n
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

// latestExchange is the last offer and the answer to it; agreed reports whether there is one.
func (c *Call) latestExchange() (offer, answer *DescriptionRow, agreed bool) {
	for i := range c.Descriptions {
		d := &c.Descriptions[i]
		switch {
		case d.SDPType == "offer":
			offer, answer = d, nil
		case d.SDPType == "answer" && offer != nil && d.Side != offer.Side:
			answer = d
		}
	}
	return offer, answer, answer != nil
}

// MediaOnly reports whether no data channel is due: the call has none by its way, or outside of a room the peer's offer
// has no section for them.
func (c *Call) MediaOnly() bool {
	if c.Start.MediaOnly || c.Start.Code != "" {
		return c.Start.MediaOnly
	}
	offer, _, _ := c.latestExchange()
	return offer != nil && offer.Side == diag.Remote && !offer.Parsed().Cut &&
		!slices.ContainsFunc(offer.Parsed().Media, func(s sdp.Section) bool { return s.Kind == "application" })
}

// PeersAnswer is the peer's answer to the last local offer, with that; nil if there is none or not all of it is known.
func (c *Call) PeersAnswer() (offer, answer *sdp.Description) {
	o, a, agreed := c.latestExchange()
	if !agreed || o.Side != diag.Local || max(len(o.SDP), len(a.SDP)) > sdp.MaxEvent/2 {
		return nil, nil
	}
	if offer, answer = o.Parsed(), a.Parsed(); offer.Cut || answer.Cut {
		return nil, nil
	}
	return offer, answer
}

// agreements are those on the sections of a kind, if a side offered the latest exchange.
func (c *Call) agreements(offerer diag.Side, kind string) []sdp.Agreement {
	offer, answer, agreed := c.latestExchange()
	if !agreed || offer.Side != offerer {
		return nil
	}
	all := sdp.Agree(offer.Parsed(), answer.Parsed())
	return slices.DeleteFunc(all, func(a sdp.Agreement) bool { return a.Kind != kind })
}

// Refused reports whether the peer's answer refuses a kind that was offered to it, and how. One section that is
// accepted is enough. What was sent before is on hold then.
func (c *Call) Refused(kind string) (sdp.Agreement, bool) {
	if c.packets(diag.Outbound, kind) > 0 {
		return sdp.Agreement{}, false
	}
	sent := slices.DeleteFunc(c.agreements(diag.Local, kind), func(a sdp.Agreement) bool { return !a.Sends })
	if len(sent) == 0 || slices.ContainsFunc(sent, func(a sdp.Agreement) bool { return a.Refusal == sdp.NoRefusal }) {
		return sdp.Agreement{}, false
	}
	return sent[0], true
}

// Declined reports whether the local answer rejects a section of the kind in the latest remote offer, and which codecs
// the offer has there.
func (c *Call) Declined(kind string) (codecs []string, yes bool) {
	if c.begun && !c.Start.Media { // the call leaves media out
		return nil, false
	}
	for _, a := range c.agreements(diag.Remote, kind) {
		if a.Refusal == sdp.Rejected {
			return a.Offered, true
		}
	}
	return nil, false
}
