package call

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"dialtone/diag"
)

func (c *Call) applySignal(e diag.Event) bool {
	switch d := e.Data.(type) {
	case diag.ServedRequest:
		c.Signal.applyServed(d)
	case diag.SignalRequest:
		c.Signal.Requests++
		if d.Error != "" {
			c.Signal.Failed++
			c.Signal.LastError = d.Error
		}
		c.Signal.applyRequest(d)
	case diag.SignalState:
		c.Signal.State = d.State
		if d.Role != "" {
			c.Role = d.Role
		}
		if d.Error != "" {
			c.Signal.LastError = d.Error
		}
	case diag.SessionDescription:
		c.describe(d, e.At)
	case diag.SignalingState:
		c.Signaling = d.State
	default:
		return false
	}
	return true
}

// maxRemarks bounds what is kept of the remarks about answers.
const maxRemarks = 16

// maxRefused bounds what is kept of refused requests.
const maxRefused = 16

// applyServed notes whose offer was accepted, and requests that were refused. A second one of the same kind only
// counts. What others are refused leaves room for what the call's own client is.
func (s *Signal) applyServed(d diag.ServedRequest) {
	if d.Status < 400 {
		if d.Method == http.MethodPost {
			s.Client = hostOf(d.RemoteAddr)
		}
		return
	}
	i := slices.IndexFunc(s.Refused, func(r RefusedRequest) bool {
		return r.Method == d.Method && r.Status == d.Status && r.Problem == d.Problem &&
			hostOf(r.RemoteAddr) == hostOf(d.RemoteAddr)
	})
	if i >= 0 {
		s.Refused[i].Times++
		return
	}
	if len(s.Refused) == maxRefused {
		i = slices.IndexFunc(s.Refused, s.IsOthers)
		if i < 0 || s.IsOthers(RefusedRequest{d, 1}) {
			return
		}
		s.Refused = slices.Delete(s.Refused, i, i+1)
	}
	s.Refused = append(s.Refused, RefusedRequest{d, 1})
}

// IsOthers reports whether a request came from another host than that whose offer was accepted.
func (s *Signal) IsOthers(r RefusedRequest) bool {
	return s.Client != "" && hostOf(r.RemoteAddr) != s.Client
}

// hostOf is the host of an address with a port.
func hostOf(address string) string {
	return address[:max(strings.LastIndexByte(address, ':'), 0)]
}

// applyRequest notes what a request says beside its success.
func (s *Signal) applyRequest(d diag.SignalRequest) {
	for _, remark := range d.Remarks {
		if !slices.Contains(s.Remarks, remark) && len(s.Remarks) < maxRemarks {
			s.Remarks = append(s.Remarks, remark)
		}
	}
	if d.Certificate != nil {
		s.Certificate, s.Clock = d.Certificate, d.Clock
	}
	switch d.Code {
	case "candidates", "restart", "bye", "ice-servers":
	default:
		s.countDeferred(d.Status)
		return
	}
	s.Side = slices.DeleteFunc(s.Side, func(r diag.SignalRequest) bool { return r.Code == d.Code })
	if d.Error != "" {
		s.Side = append(s.Side, d)
	}
}

// countDeferred notes that a request without which there is no call was put off.
func (s *Signal) countDeferred(status int) {
	switch status {
	case http.StatusTooManyRequests:
		s.Limited++
	case http.StatusServiceUnavailable:
		s.Unavailable++
	}
}

func (c *Call) applyTransport(e diag.Event) bool {
	switch d := e.Data.(type) {
	case diag.Candidate:
		if d.Side == diag.Local {
			c.Local = keep(c.Local, CandidateRow{d, e.At}, maxRows)
			for i := range c.Servers {
				s := &c.Servers[i]
				s.Served = s.Served || isOf(d, s.URL)
			}
		} else {
			c.Remote = keep(c.Remote, CandidateRow{d, e.At}, maxRows)
		}
	case diag.ServerStage:
		if d.Diagnosis {
			c.applyDiagnosis(e)
		} else {
			c.putServer(e.At, d)
		}
	case diag.Pair:
		c.putPair(d)
	case diag.Selected:
		if c.Selected != nil && c.Selected.PairID != d.PairID && !c.samePath(*c.Selected, d) {
			c.PathChanges++
		}
		c.Selected = &d
	case diag.ICELimits:
		c.Limits = d
	case diag.TURNRefused:
		c.Forbidden = keep(c.Forbidden, d, maxForbidden)
	case diag.ICEState:
		c.ICE = d.State
	case diag.GatheringState:
		c.Gathering = d.State
	case diag.Restart:
		c.Restarts, c.RestartAt, c.Lost = c.Restarts+1, new(e.At), nil
		if d.LimitMs != nil {
			c.Lost = &d
		}
	case diag.UnannouncedSSRC:
		c.Unannounced = keep(c.Unannounced, d, maxUnannounced)
	case diag.MediaPause:
		c.Paused.Inbound, c.Paused.Outbound = longer(c.Paused.Inbound, d.Inbound), longer(c.Paused.Outbound, d.Outbound)
	case diag.DTLSState:
		if c.Browser != nil && d.State == "closed" && c.DTLS.State != d.State {
			c.DownAt = e.At // the peer said goodbye
		}
		c.DTLS = mergeDTLS(c.DTLS, d)
	case diag.SCTPState:
		c.SCTP = d
	case diag.ConnectionState:
		if c.Connection == "connected" && d.State != "connected" {
			c.DownAt = e.At
		}
		c.Connection = d.State
		if d.State == "connected" {
			c.Lost = nil
			c.ConnectedAt = cmp.Or(c.ConnectedAt, new(e.At))
		}
	default:
		return false
	}
	return true
}

// maxForbidden bounds the addresses that relays refuse and that are kept.
const maxForbidden = 64

// maxUnannounced bounds the streams without an announcement that are kept.
const maxUnannounced = 16

// longer is the longer of two times of which either may be unknown.
func longer(a, b *diag.Millis) *diag.Millis {
	if a == nil || b != nil && *b > *a {
		return b
	}
	return a
}

// mergeDTLS keeps what earlier events reported: the cipher is known before the state is "connected", and stays.
func mergeDTLS(old, d diag.DTLSState) diag.DTLSState {
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
	d.LimitMs, d.Handshake = cmp.Or(d.LimitMs, old.LimitMs), cmp.Or(d.Handshake, old.Handshake)
	return d
}

func (c *Call) applyChannel(e diag.Event) bool {
	switch d := e.Data.(type) {
	case diag.ChannelOpen:
		if c.OpenAt == nil && !d.Sampled {
			c.OpenAt = new(e.At)
		}
		if len(c.Channels) < maxChannels {
			c.Channels = append(c.Channels, ChannelRow{ChannelOpen: d, At: e.At})
		}
	case diag.ChannelClose:
		for i := range c.Channels {
			row := &c.Channels[i]
			if row.Label == d.Label && row.ClosedAt == nil && (d.ID == nil || row.ID == nil || *d.ID == *row.ID) {
				row.ClosedAt = new(e.At)
				break
			}
		}
	case diag.Message:
		c.MessageRows++
		c.Messages = keep(c.Messages, MessageRow{Message: d, At: e.At}, maxMessages)
		c.countMessage(d.Label, d.Direction, 1)
	case diag.Control:
		c.applyControl(d)
	case diag.Ping:
		c.Pings.Add(d.RTTMs.Duration())
		c.EchoAt, c.Lost = new(e.At), nil
		c.countMessage(diag.LabelPing, diag.Outbound, 1)
	case diag.RemoteSample:
		c.addRemoteSample(TheirRow{d, e.At})
		c.countMessage(diag.LabelStats, diag.Inbound, 1)
	case diag.MessagesDropped:
		c.Dropped += d.Messages
		if d.Label != "" {
			c.countMessage(d.Label, diag.Inbound, d.Messages)
		}
	default:
		return false
	}
	return true
}

// applyControl attaches the meaning to the message that carried it, which is the latest one that way.
func (c *Call) applyControl(d diag.Control) {
	if d.Direction == diag.Inbound && d.Code == "hello" {
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
func IsControl(label string) bool {
	return label == diag.LabelControl || label == diag.LabelControlLegacy
}

func (c *Call) countMessage(label string, dir diag.Direction, n uint64) {
	for i := range c.Channels {
		if c.Channels[i].Label != label {
			continue
		}
		if dir == diag.Inbound {
			c.Channels[i].Received += n
		} else {
			c.Channels[i].Sent += n
		}
		return
	}
}

func (c *Call) applyMedia(e diag.Event) {
	switch d := e.Data.(type) {
	case diag.TrackAdded:
		c.putTrack(d, e.At)
	case diag.TrackMuted:
		c.putMute(d, e.At)
	case diag.FirstPacket:
		t := c.track(d.Direction, d.Kind, d.SSRC)
		if t == nil { // a packet may be quicker than the news of its track
			t = c.putTrack(diag.TrackAdded{Direction: d.Direction, Kind: d.Kind, SSRC: d.SSRC}, e.At)
		}
		if t.FirstPacket == nil {
			t.FirstPacket = new(e.At)
		}
	case diag.FirstFrame:
		if t := c.track(d.Direction, d.Kind, d.SSRC); t != nil && t.FirstFrame == nil {
			t.FirstFrame = &d
		}
	case diag.Picture:
		c.putPicture(d, e.At)
	case diag.VideoEncoding:
		c.putEncoding(d)
	case diag.Sample:
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

func (c *Call) track(dir diag.Direction, kind string, ssrc uint32) *TrackRow {
	for i := range c.Tracks {
		t := &c.Tracks[i]
		if t.Direction == dir && t.Kind == kind && (t.SSRC == ssrc || t.SSRC == 0 || ssrc == 0) {
			return t
		}
	}
	return nil
}

// putTrack adds a track, or completes what its first packet has reported of it.
func (c *Call) putTrack(d diag.TrackAdded, at time.Duration) *TrackRow {
	if t := c.track(d.Direction, d.Kind, d.SSRC); t != nil && t.MimeType == "" {
		t.TrackAdded = d
		return t
	}
	c.Tracks = keep(c.Tracks, TrackRow{TrackAdded: d, At: at}, maxRows)
	return &c.Tracks[len(c.Tracks)-1]
}

func (c *Call) openSpan(at time.Duration, d diag.PhaseStart) {
	if len(c.Spans) < maxRows {
		c.Spans = append(c.Spans, Span{Phase: d.Phase, Subject: d.Subject, Start: at})
	}
}

func (c *Call) closeSpan(at time.Duration, d diag.PhaseEnd) {
	for i := len(c.Spans) - 1; i >= 0; i-- {
		if s := &c.Spans[i]; s.Phase == d.Phase && s.Subject == d.Subject && s.Outcome == "" {
			s.End, s.Outcome, s.Detail = at, d.Outcome, d.Detail
			return
		}
	}
}

// putServer folds a step of asking a server for the call.
func (c *Call) putServer(at time.Duration, d diag.ServerStage) {
	i := slices.IndexFunc(c.Servers, func(s ServerRow) bool { return s.URL == d.URL })
	if i < 0 {
		if len(c.Servers) == maxRows {
			return
		}
		i, c.Servers = len(c.Servers), append(c.Servers, ServerRow{})
	}
	c.Servers[i].Apply(d)
	c.Servers[i].At, c.Servers[i].Served = at, c.ServedBy(d.URL)
}

func (c *Call) putPair(p diag.Pair) {
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

// keep appends v. If the list is full, it drops the oldest tenth.
func keep[T any](list []T, v T, limit int) []T {
	if len(list) >= limit {
		list = slices.Delete(list, 0, limit/10+1)
	}
	return append(list, v)
}
