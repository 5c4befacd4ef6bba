package diag

import (
	"slices"
	"time"
)

// Bounds of what a fold keeps of a list that a peer can lengthen at will; beyond them only counters grow.
const (
	maxRows         = 1024 // candidates, pairs, spans, tracks
	maxDescriptions = 64   // each as long as a peer may make its SDP
	maxChannels     = 256
	maxMessages     = 1000
	maxSamples      = 3600 // an hour at one a second
	maxWarnings     = 200
)

// Call is the state of one call: the fold of its events. Readers own the Call that they fold and may read all of it; only
// Apply changes it. What was never told is nil, empty or zero-valued with a doc that says so.
type Call struct {
	Start   CallStart     // zero until call.start
	Now     time.Duration // time of the latest event
	Events  uint64        // how many were folded
	StateAt time.Duration // since when the call is in its State

	Role        Role // empty until both parties are there
	Signal      Signal
	ICE         string // RTCIceConnectionState
	Gathering   string // gathering, complete; empty before
	Connection  string // RTCPeerConnectionState
	Signaling   string // RTCSignalingState
	DTLS        DTLSState
	SCTP        SCTPState
	ConnectedAt *time.Duration // when the connection was first up
	OpenAt      *time.Duration // when the first data channel opened

	Spans        []Span
	Local        []CandidateRow
	Remote       []CandidateRow
	Servers      []ServerRow
	Pairs        []Pair // the latest of each ID, in the order of their first appearance
	Selected     *Selected
	PathChanges  int // after the first selection
	Restarts     int
	Descriptions []DescriptionRow

	Channels    []ChannelRow
	Messages    []MessageRow // the latest 1,000
	MessageRows uint64       // how many there were
	Dropped     uint64       // counted but not logged, of a flooding peer
	Pings       Distribution
	PeerAgent   string // what the other party calls itself; empty when it did not say

	Tracks      []TrackRow
	LocalMuted  map[string]bool // by kind
	RemoteMuted map[string]bool
	Samples     []SampleRow // the latest hour

	Warnings []WarningRow
	Ended    *CallEnded
	EndedAt  time.Duration

	pairIndex map[string]int
	state     State // after the latest event
}

// Signal sums up the signaling.
type Signal struct {
	State     SignalPhase // empty before the first
	Requests  int
	Failed    int    // requests that got no answer or an error
	LastError string // empty when none
	Lost      bool   // the server went away and has not come back
}

// Span is a phase with its times.
type Span struct {
	Phase   PhaseName
	Subject string
	Start   time.Duration
	End     time.Duration // valid when Outcome is set
	Outcome Outcome       // empty while it runs
	Detail  string
}

// Length is how long the span took, or has taken until now.
func (s Span) Length(now time.Duration) time.Duration {
	if s.Outcome == "" {
		return now - s.Start
	}
	return s.End - s.Start
}

// Rows are events with the time at which they came.
type (
	// CandidateRow is a candidate and when it came.
	CandidateRow struct {
		Candidate
		At time.Duration
	}
	// ServerRow is a probed server and when its result came.
	ServerRow struct {
		ServerResult
		At time.Duration
	}
	// DescriptionRow is an offer or answer and when it was set.
	DescriptionRow struct {
		SessionDescription
		At time.Duration
	}
	// MessageRow is a data-channel message, or a control message that was understood.
	MessageRow struct {
		Message
		At      time.Duration
		Control *Control // what it meant, when it is a control message
	}
	// SampleRow is a statistics sample and when it was taken.
	SampleRow struct {
		Sample
		At time.Duration
	}
	// WarningRow is a warning and when it came.
	WarningRow struct {
		Warning
		At time.Duration
	}
	// ChannelRow is a data channel with its counters (pings included).
	ChannelRow struct {
		ChannelOpen
		At       time.Duration
		ClosedAt *time.Duration
		Received uint64 // messages
		Sent     uint64
		Stats    *DataChannelRow // of the latest sample
	}
	// TrackRow is a media stream.
	TrackRow struct {
		TrackAdded
		At          time.Duration
		FirstPacket *time.Duration
		FirstFrame  *FirstFrame
	}
)

// Fold returns the state after events, for tests and one-shot readers.
func Fold(events []Event) *Call {
	c := &Call{}
	for _, e := range events {
		c.Apply(e)
	}
	return c
}

// Apply takes the next event.
func (c *Call) Apply(e Event) {
	c.Now = max(c.Now, e.At)
	c.Events++
	defer c.noteState()
	switch d := e.Data.(type) {
	case CallStart:
		c.Start = d
	case PhaseStart:
		c.openSpan(e.At, d)
	case PhaseEnd:
		c.closeSpan(e.At, d)
	case Warning:
		c.Warnings = keep(c.Warnings, WarningRow{d, e.At}, maxWarnings)
	case CallEnded:
		c.Ended, c.EndedAt = &d, e.At
	default:
		if !c.applySignal(e) && !c.applyTransport(e) && !c.applyChannel(e) {
			c.applyMedia(e)
		}
	}
}

// noteState remembers when the state changed.
func (c *Call) noteState() {
	if state := c.State(); state != c.state {
		c.state, c.StateAt = state, c.Now
	}
}

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

// State says where the call stands.
func (c *Call) State() State {
	switch {
	case c.Ended != nil:
		return StateEnded
	case c.Connection == "connected":
		return StateConnected
	case c.ConnectedAt != nil:
		return StateReconnecting
	case c.ICE == "checking" || c.Connection == "connecting" || c.Signal.State == SignalConnected:
		return StateConnecting
	case c.Role != "":
		return StateNegotiating
	case c.Signal.State == SignalWaiting:
		return StateWaiting
	case c.Events > 0:
		return StateDialing
	}
	return StateUnknown
}

// LocalCandidate returns the candidate with this ID; nil when there is none.
func (c *Call) LocalCandidate(id string) *CandidateRow { return byID(c.Local, id) }

// RemoteCandidate returns the candidate with this ID; nil when there is none.
func (c *Call) RemoteCandidate(id string) *CandidateRow { return byID(c.Remote, id) }

func byID(rows []CandidateRow, id string) *CandidateRow {
	for i := len(rows) - 1; i >= 0; i-- {
		if rows[i].ID == id {
			return &rows[i]
		}
	}
	return nil
}

// Latest returns the newest sample; nil before the first.
func (c *Call) Latest() *SampleRow {
	if len(c.Samples) == 0 {
		return nil
	}
	return &c.Samples[len(c.Samples)-1]
}

// RoundTripTime is the path's latest measured RTT: of the selected pair's checks, else of a ping. False when unknown.
func (c *Call) RoundTripTime() (time.Duration, bool) {
	if s := c.Latest(); s != nil && s.Pair != nil && s.Pair.CurrentRoundTripTime != nil {
		return time.Duration(*s.Pair.CurrentRoundTripTime * 1e9), true
	}
	if last := c.Pings.Latest(1); len(last) == 1 {
		return last[0], true
	}
	return 0, false
}

// SetupTime is from the pairing of the parties (the end of the wait, else of the dial) until a data channel was open;
// false while that is not so.
func (c *Call) SetupTime() (time.Duration, bool) {
	if c.OpenAt == nil {
		return 0, false
	}
	var from time.Duration
	for _, s := range c.Spans {
		if (s.Phase == PhaseDial || s.Phase == PhaseWait) && s.Outcome == OutcomeOK && s.End <= *c.OpenAt {
			from = max(from, s.End)
		}
	}
	return *c.OpenAt - from, true
}
