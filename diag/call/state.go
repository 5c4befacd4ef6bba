// Package call is the state of one call: the fold of its events, and views of it.
package call

import (
	"slices"
	"time"

	"dialtone/diag"
	"dialtone/diag/browser"
	"dialtone/diag/nat"
	"dialtone/diag/sdp"
	"dialtone/diag/speed"
)

// Bounds of what a fold keeps of a list that a peer can lengthen at will; beyond them only counters grow.
const (
	maxRows         = 1024 // candidates, pairs, spans, tracks
	maxDiagnoses    = 64
	maxDescriptions = 64 // each as long as a peer may make its SDP
	maxChannels     = 256
	maxMessages     = 1000
	maxSamples      = 900 // a quarter of an hour at one a second: a long call takes no more memory than that
	maxWarnings     = 200
)

// Call is the state of one call: the fold of its events. Readers own the Call that they fold and may read all of it;
// only Apply changes it. What was never reported is nil, empty or zero-valued with a doc that says so.
type Call struct {
	Start   diag.CallStart // zero until call.start
	Now     time.Duration  // time of the latest event
	Events  uint64         // how many were folded
	StateAt time.Duration  // since when the call is in its State

	Role        diag.Role // empty until both parties are there
	Signal      Signal
	ICE         string // RTCIceConnectionState
	Gathering   string // gathering, complete; empty before
	Connection  string // RTCPeerConnectionState
	Signaling   string // RTCSignalingState
	DTLS        diag.DTLSState
	SCTP        diag.SCTPState
	ConnectedAt *time.Duration // when the connection was first up
	DownAt      time.Duration  // when the connection last ceased to be up; zero: it never did
	EchoAt      *time.Duration // when a ping was last answered
	OpenAt      *time.Duration // when the first data channel opened

	Spans        []Span
	Local        []CandidateRow
	Remote       []CandidateRow
	Servers      []ServerRow
	Pairs        []diag.Pair // the latest of each ID, in the order of their first appearance
	Selected     *diag.Selected
	Limits       diag.ICELimits
	Forbidden    []diag.TURNRefused // addresses of the peer that relays refuse, the latest 64
	PathChanges  int                // after the first selection
	Restarts     int
	Unannounced  []diag.UnannouncedSSRC // streams, the latest 16
	RestartAt    *time.Duration         // the latest
	Lost         *diag.Restart          // the latest, if it followed the loss of the path, and the path is not back
	Paused       diag.MediaPause        // the longest pause of each direction in all ICE restarts
	Descriptions []DescriptionRow

	Channels    []ChannelRow
	Messages    []MessageRow // the latest 1,000
	MessageRows uint64       // how many there were
	Dropped     uint64       // counted but not logged, of a flooding peer
	Pings       Distribution
	PeerAgent   string // what the peer calls itself; empty when it did not say

	Tracks        []TrackRow
	LocalMuted    map[string]bool // by kind
	RemoteMuted   map[string]bool
	unmuted       map[muting]time.Duration // when that ended last
	Pictures      []PictureRow             // the latest of each stream of video
	Encodings     []diag.VideoEncoding     // likewise, of those that arrive
	Samples       []SampleRow              // the latest quarter of an hour
	RemoteSamples []TheirRow               // what the peer's statistics say, likewise
	RemoteSince   *TheirRow                // the first sample since the peer's counters began anew; nil if they never did
	fastest       float64                  // shortest time from a peer's clock to ours, ms: only differences count

	// what the call did to its own packets on purpose, or its peer in this process did; nil: nothing
	Impaired  *diag.Impaired
	Steps     []StepRow     // of a stress test
	KeyFrames []KeyFrameRow // requests for them, the latest
	Resumed   []ResumedRow  // ends of pauses of inbound streams

	Speed   *speed.State   // nil: throughput was not measured
	Browser *browser.State // of a dump; nil: it is a call of dialtone

	Machine Machine
	NAT     []NATRow // diagnoses of the network, the latest 64

	Warnings []WarningRow
	Ended    *diag.CallEnded
	EndedAt  time.Duration

	pairIndex map[string]int
	state     State // after the latest event
	begun     bool  // call.start came: there is a call
}

// Signal sums up the signaling.
type Signal struct {
	State       diag.SignalPhase // empty before the first
	Requests    int
	Failed      int    // requests that got no answer or an error
	Limited     int    // answered with 429 before the call was accepted: too many requests
	Unavailable int    // likewise with 503
	LastError   string // empty when none

	Refused []RefusedRequest // of clients of the call's own server, each once
	Client  string           // the host whose offer that server accepted; "": none yet
	Remarks []string         // what was wrong with answers and was tolerated, each once
	// the certificate of the server, and what this machine's clock said then; nil without https
	Certificate *diag.Certificate
	Clock       string

	Side []diag.SignalRequest // the last failure of each request that a call can do without: candidates, restart, bye
}

// RefusedRequest is a request of a client that the call's own server refused, and how often.
type RefusedRequest struct {
	diag.ServedRequest
	Times int
}

// Span is a phase with its times.
type Span struct {
	Phase   diag.PhaseName
	Subject string
	Start   time.Duration
	End     time.Duration // valid when Outcome is set
	Outcome diag.Outcome  // empty while it runs
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
		diag.Candidate
		At time.Duration
	}
	// ServerRow is a server that was asked for the call, and when its latest step was over.
	ServerRow struct {
		diag.Server
		At     time.Duration
		Served bool // the call itself got what the server was asked for, whatever became of asking it beside the call
	}
	// DescriptionRow is an offer or answer and when it was set.
	DescriptionRow struct {
		diag.SessionDescription
		At    time.Duration
		parse func() *sdp.Description // once, when it is asked for
	}
	// MessageRow is a data-channel message, or a control message that was understood.
	MessageRow struct {
		diag.Message
		At      time.Duration
		Control *diag.Control // what it meant, when it is a control message
	}
	// SampleRow is a statistics sample and when it was taken.
	SampleRow struct {
		diag.Sample
		At time.Duration
	}
	// TheirRow is a sample of the peer and when it came.
	TheirRow struct {
		diag.RemoteSample
		At time.Duration
	}
	// WarningRow is a warning and when it came.
	WarningRow struct {
		diag.Warning
		At time.Duration
	}
	// ChannelRow is a data channel with its counters (pings included).
	ChannelRow struct {
		diag.ChannelOpen
		At       time.Duration
		ClosedAt *time.Duration
		Received uint64 // messages
		Sent     uint64
		Stats    *diag.DataChannelRow // of the latest sample
	}
	// NATRow is a diagnosis of the network: what is known so far, when it began and when it ended.
	NATRow struct {
		*nat.State
		At      time.Duration
		EndedAt time.Duration // zero while it runs
	}
	// TrackRow is a media stream.
	TrackRow struct {
		diag.TrackAdded
		At          time.Duration
		FirstPacket *time.Duration
		FirstFrame  *diag.FirstFrame
	}
)

// Fold returns the state after events, for tests and one-shot readers.
func Fold(events []diag.Event) *Call {
	c := &Call{}
	for _, e := range events {
		c.Apply(e)
	}
	return c
}

// Apply takes the next event.
func (c *Call) Apply(e diag.Event) {
	c.Now = max(c.Now, e.At)
	c.Events++
	defer c.noteState()
	switch d := e.Data.(type) {
	case diag.CallStart:
		c.Start, c.begun = d, true
	case diag.PhaseStart:
		c.openSpan(e.At, d)
	case diag.PhaseEnd:
		c.closeSpan(e.At, d)
	case diag.Warning:
		c.Warnings = keep(c.Warnings, WarningRow{d, e.At}, maxWarnings)
	case diag.CallEnded:
		if d.Reason == diag.EndDTLS {
			c.ConnectedAt = nil // the peer rejected the end of the handshake
		}
		c.Ended, c.EndedAt = &d, e.At
	case diag.DiagnosisStart:
		c.NAT = keep(c.NAT, NATRow{State: &nat.State{}, At: e.At}, maxDiagnoses)
		c.Diagnosis().Apply(d)
	case diag.NATLocal, diag.NATFamilies, diag.NATServer, diag.NATRequest, diag.NATStream, diag.NATRelay,
		diag.DiagnosisFurther, diag.DiagnosisEnd:
		c.applyDiagnosis(e)
	default:
		if !c.applyBrowser(e) && !c.applySpeed(e) && !c.applySignal(e) && !c.applyTransport(e) && !c.applyChannel(e) &&
			!c.applyStress(e) && !c.applyMachine(e) {
			c.applyMedia(e)
		}
	}
}

// applySpeed folds what is measured of throughput.
func (c *Call) applySpeed(e diag.Event) bool {
	state, mine := speed.Apply(c.Speed, e.Data)
	c.Speed = state
	return mine
}

// noteState remembers when the state changed.
func (c *Call) noteState() {
	if state := c.State(); state != c.state {
		c.state, c.StateAt = state, c.Now
	}
}

// State says where the call stands.
func (c *Call) State() State {
	switch {
	case c.Ended != nil:
		return StateEnded
	case c.Connection == "connected":
		return StateConnected
	case c.Lost != nil:
		return StateLost
	case c.ConnectedAt != nil:
		return StateReconnecting
	case c.ICE == "checking" || c.Connection == "connecting" || c.Signal.State == diag.SignalConnected:
		return StateConnecting
	case c.Role != "":
		return StateNegotiating
	case c.Signal.State == diag.SignalWaiting:
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

// samePath reports whether two pairs are one path: the path itself showed a remote candidate that was signaled later.
func (c *Call) samePath(a, b diag.Selected) bool {
	shown, signaled := c.RemoteCandidate(a.RemoteCandidateID), c.RemoteCandidate(b.RemoteCandidateID)
	return a.LocalCandidateID == b.LocalCandidateID && shown != nil && signaled != nil &&
		shown.Address == signaled.Address && shown.Port == signaled.Port && shown.Protocol == signaled.Protocol
}

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

// RoundTripsDiffer is how far the round trips of the selected pair in the latest samples are apart. False without two:
// a value that is repeated was not measured again.
func (c *Call) RoundTripsDiffer() (time.Duration, bool) {
	var trips []float64
	for _, s := range c.Samples {
		if s.Pair != nil && s.Pair.CurrentRoundTripTime != nil {
			trips = append(trips, *s.Pair.CurrentRoundTripTime)
		}
	}
	trips = slices.Compact(trips)
	if len(trips) < 2 {
		return 0, false
	}
	return diag.SecondsOf(slices.Max(trips) - slices.Min(trips)), true
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

// ReadyAt is when the call was set up: its first data channel was open, or media without channels was connected. It is
// nil before.
func (c *Call) ReadyAt() *time.Duration {
	if c.MediaOnly() {
		return c.ConnectedAt
	}
	return c.OpenAt
}

// SetupTime is from the pairing of the parties (the end of the wait, else of the dial) until a data channel was open;
// false while that is not so.
func (c *Call) SetupTime() (time.Duration, bool) {
	if c.OpenAt == nil {
		return 0, false
	}
	var from time.Duration
	for _, s := range c.Spans {
		if (s.Phase == diag.PhaseDial || s.Phase == diag.PhaseWait) && s.Outcome == diag.OutcomeOK && s.End <= *c.OpenAt {
			from = max(from, s.End)
		}
	}
	return *c.OpenAt - from, true
}
