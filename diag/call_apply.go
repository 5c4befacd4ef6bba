package diag

import (
	"slices"
	"time"
)

func (c *Call) applySignal(e Event) bool {
	switch d := e.Data.(type) {
	case SignalRequest:
		c.Signal.Requests++
		if d.Error != "" {
			c.Signal.Failed++
			c.Signal.LastError = d.Error
		}
	case SignalState:
		c.Signal.State = d.State
		c.Signal.Lost = d.State == SignalLost
		if d.Role != "" {
			c.Role = d.Role
		}
		if d.Error != "" {
			c.Signal.LastError = d.Error
		}
	case SessionDescription:
		c.Descriptions = keep(c.Descriptions, DescriptionRow{d, e.At}, maxDescriptions)
	case SignalingState:
		c.Signaling = d.State
	default:
		return false
	}
	return true
}

func (c *Call) applyTransport(e Event) bool {
	switch d := e.Data.(type) {
	case Candidate:
		if d.Side == Local {
			c.Local = keep(c.Local, CandidateRow{d, e.At}, maxRows)
		} else {
			c.Remote = keep(c.Remote, CandidateRow{d, e.At}, maxRows)
		}
	case ServerResult:
		c.putServer(ServerRow{d, e.At})
	case Pair:
		c.putPair(d)
	case Selected:
		if c.Selected != nil && c.Selected.PairID != d.PairID {
			c.PathChanges++
		}
		c.Selected = &d
	case ICEState:
		c.ICE = d.State
	case GatheringState:
		c.Gathering = d.State
	case Restart:
		c.Restarts++
	case DTLSState:
		c.DTLS = mergeDTLS(c.DTLS, d)
	case SCTPState:
		c.SCTP = d
	case ConnectionState:
		c.Connection = d.State
		if d.State == "connected" && c.ConnectedAt == nil {
			c.ConnectedAt = Ptr(e.At)
		}
	default:
		return false
	}
	return true
}

// mergeDTLS keeps what earlier events told: the cipher is known before the state is "connected", and stays.
func mergeDTLS(old, d DTLSState) DTLSState {
	fill := func(to *string, from string) {
		if *to == "" {
			*to = from
		}
	}
	fill(&d.Role, old.Role)
	fill(&d.Version, old.Version)
	fill(&d.Cipher, old.Cipher)
	fill(&d.LocalFingerprint, old.LocalFingerprint)
	fill(&d.RemoteFingerprint, old.RemoteFingerprint)
	return d
}

func (c *Call) applyChannel(e Event) bool {
	switch d := e.Data.(type) {
	case ChannelOpen:
		if c.OpenAt == nil {
			c.OpenAt = Ptr(e.At)
		}
		if len(c.Channels) < maxChannels {
			c.Channels = append(c.Channels, ChannelRow{ChannelOpen: d, At: e.At})
		}
	case ChannelClose:
		for i := range c.Channels {
			row := &c.Channels[i]
			if row.Label == d.Label && row.ClosedAt == nil && (d.ID == nil || row.ID == nil || *d.ID == *row.ID) {
				row.ClosedAt = Ptr(e.At)
				break
			}
		}
	case Message:
		c.MessageRows++
		c.Messages = keep(c.Messages, MessageRow{Message: d, At: e.At}, maxMessages)
		c.countMessage(d.Label, d.Direction, 1)
	case Control:
		c.applyControl(d)
	case Ping:
		c.Pings.Add(d.RTTMs.Duration())
		c.countMessage(LabelPing, Outbound, 1)
	case RemoteSample:
		c.Theirs = keep(c.Theirs, TheirRow{d, e.At}, maxSamples)
		c.countMessage(LabelStats, Inbound, 1)
	case MessagesDropped:
		c.Dropped += d.Messages
		c.countMessage(d.Label, Inbound, d.Messages)
	default:
		return false
	}
	return true
}

// applyControl attaches the meaning to the message that carried it, which is the latest one that way.
func (c *Call) applyControl(d Control) {
	if d.Direction == Inbound && d.Code == "hello" {
		c.PeerAgent = d.Agent
	}
	for i := len(c.Messages) - 1; i >= 0; i-- {
		if m := &c.Messages[i]; m.Direction == d.Direction && m.Control == nil && IsControl(m.Label) {
			m.Control = &d
			return
		}
	}
}

// IsControl reports whether a channel of this label carries control messages.
func IsControl(label string) bool { return label == LabelControl || label == LabelControlLegacy }

func (c *Call) countMessage(label string, dir Direction, n uint64) {
	for i := range c.Channels {
		if c.Channels[i].Label != label {
			continue
		}
		if dir == Inbound {
			c.Channels[i].Received += n
		} else {
			c.Channels[i].Sent += n
		}
		return
	}
}

func (c *Call) applyMedia(e Event) {
	switch d := e.Data.(type) {
	case TrackAdded:
		c.putTrack(d, e.At)
	case TrackMuted:
		side := &c.LocalMuted
		if d.Side == Remote {
			side = &c.RemoteMuted
		}
		if *side == nil {
			*side = map[string]bool{}
		}
		if d.Kind == "audio" || d.Kind == "video" {
			(*side)[d.Kind] = d.Muted
		}
	case FirstPacket:
		t := c.track(d.Direction, d.Kind, d.SSRC)
		if t == nil { // a packet may be quicker than the news of its track
			t = c.putTrack(TrackAdded{Direction: d.Direction, Kind: d.Kind, SSRC: d.SSRC}, e.At)
		}
		if t.FirstPacket == nil {
			t.FirstPacket = Ptr(e.At)
		}
	case FirstFrame:
		if t := c.track(d.Direction, d.Kind, d.SSRC); t != nil && t.FirstFrame == nil {
			t.FirstFrame = &d
		}
	case Sample:
		c.Samples = keep(c.Samples, SampleRow{d, e.At}, maxSamples)
		for _, stats := range d.Channels {
			for i := range c.Channels {
				if row := &c.Channels[i]; row.Label == stats.Label && sameID(row.ID, stats.ID) {
					row.Stats = &stats
				}
			}
		}
	}
}

func sameID(a, b *uint16) bool { return a == nil || b == nil || *a == *b }

func (c *Call) track(dir Direction, kind string, ssrc uint32) *TrackRow {
	for i := range c.Tracks {
		t := &c.Tracks[i]
		if t.Direction == dir && t.Kind == kind && (t.SSRC == ssrc || t.SSRC == 0 || ssrc == 0) {
			return t
		}
	}
	return nil
}

// putTrack adds a track, or completes what its first packet has told of it.
func (c *Call) putTrack(d TrackAdded, at time.Duration) *TrackRow {
	if t := c.track(d.Direction, d.Kind, d.SSRC); t != nil && t.MimeType == "" {
		t.TrackAdded = d
		return t
	}
	c.Tracks = keep(c.Tracks, TrackRow{TrackAdded: d, At: at}, maxRows)
	return &c.Tracks[len(c.Tracks)-1]
}

func (c *Call) openSpan(at time.Duration, d PhaseStart) {
	if len(c.Spans) < maxRows {
		c.Spans = append(c.Spans, Span{Phase: d.Phase, Subject: d.Subject, Start: at})
	}
}

func (c *Call) closeSpan(at time.Duration, d PhaseEnd) {
	for i := len(c.Spans) - 1; i >= 0; i-- {
		if s := &c.Spans[i]; s.Phase == d.Phase && s.Subject == d.Subject && s.Outcome == "" {
			s.End, s.Outcome, s.Detail = at, d.Outcome, d.Detail
			return
		}
	}
}

func (c *Call) putServer(row ServerRow) {
	for i := range c.Servers {
		if c.Servers[i].URL == row.URL {
			c.Servers[i] = row
			return
		}
	}
	c.Servers = keep(c.Servers, row, maxRows)
}

func (c *Call) putPair(p Pair) {
	if i, ok := c.pairIndex[p.ID]; ok {
		c.Pairs[i] = p
		return
	}
	if len(c.Pairs) >= maxRows {
		return
	}
	if c.pairIndex == nil {
		c.pairIndex = map[string]int{}
	}
	c.pairIndex[p.ID] = len(c.Pairs)
	c.Pairs = append(c.Pairs, p)
}

// keep appends and forgets the oldest tenth when the list has outgrown limit.
func keep[T any](list []T, v T, limit int) []T {
	if len(list) >= limit {
		list = slices.Delete(list, 0, limit/10+1)
	}
	return append(list, v)
}
