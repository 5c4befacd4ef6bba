package call

import (
	"slices"
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
		if c.sent(kind) && !flowsOut(sample.Sample, kind) {
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
	for i := len(c.Descriptions) - 1; i >= 0; i-- {
		if c.Descriptions[i].Side == diag.Remote {
			return c.Descriptions[i].Parsed.Sends(kind)
		}
	}
	return false
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

// refused is what a side offered to send of a kind and the other's answer refuses; false if it takes it.
func (c *Call) refused(offerer diag.Side, kind string) (sdp.Agreement, bool) {
	offer, answer, agreed := c.latestExchange()
	if !agreed || offer.Side != offerer {
		return sdp.Agreement{}, false
	}
	var first *sdp.Agreement
	for _, a := range sdp.Agree(offer.Parsed, answer.Parsed) {
		switch {
		case a.Kind != kind || !a.Sends:
		case a.Refusal == sdp.NoRefusal:
			return sdp.Agreement{}, false
		case first == nil:
			first = &a
		}
	}
	if first == nil {
		return sdp.Agreement{}, false
	}
	return *first, true
}

// Refused reports whether the peer's answer refuses a kind that was offered to it, and how.
func (c *Call) Refused(kind string) (sdp.Agreement, bool) { return c.refused(diag.Local, kind) }

// Declined reports whether the local answer rejects a kind that the peer offered to send, and with which codecs.
func (c *Call) Declined(kind string) (codecs []string, yes bool) {
	a, refused := c.refused(diag.Remote, kind)
	return a.Offered, refused && a.Refusal == sdp.Rejected
}
