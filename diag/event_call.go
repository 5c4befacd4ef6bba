package diag

// The events of a call's frame: its start, its phases, its remarks, its end.
var _ = []Type{
	register[CallStart](), register[PhaseStart](), register[PhaseEnd](), register[Warning](),
	register[CallEnded](),
}

func (CallStart) name() Type  { return "call.start" }
func (PhaseStart) name() Type { return "phase.start" }
func (PhaseEnd) name() Type   { return "phase.end" }
func (Warning) name() Type    { return "warning" }
func (CallEnded) name() Type  { return "call.ended" }

// CallStart ("call.start") opens every log: the request, without any secret.
type CallStart struct {
	Command string `json:"command"` // call, answer, demo, check or import
	// the room code that both peers dial; empty if the signaling needs none
	Code         string      `json:"code"`
	Signaling    string      `json:"signaling,omitempty"`    // how offer and answer travel: room, post, whip, whep, paste
	Listens      bool        `json:"listens,omitempty"`      // the call waits at an address of its own, which Server is
	Carried      bool        `json:"carried,omitempty"`      // people carry the descriptions
	Server       string      `json:"server,omitempty"`       // the signaling server as the user named it
	Dialed       bool        `json:"dialed,omitempty"`       // the peer is a server, which answers at Server
	Join         string      `json:"join,omitempty"`         // what the peer types or opens
	ICEServers   []ICEServer `json:"iceServers,omitempty"`   // without credentials
	RelayOnly    bool        `json:"relayOnly,omitempty"`    // iceTransportPolicy "relay"
	Patient      bool        `json:"patient,omitempty"`      // waits for a path as long as RFC 8863 asks for
	PionDefaults bool        `json:"pionDefaults,omitempty"` // acceptance waits as pion has them
	Media        bool        `json:"media"`                  // whether a tone and a picture are sent
	MediaOnly    bool        `json:"mediaOnly,omitempty"`    // no data channels are opened
	// names of the codecs that take part, in the order of preference
	AudioCodecs []string  `json:"audioCodecs,omitempty"`
	VideoCodecs []string  `json:"videoCodecs,omitempty"`
	Way         Direction `json:"way,omitempty"` // the only direction of media; absent: both
	// the label of the only data channel that is opened, because the peer wants it; absent: those of dialtone
	Channel string `json:"channel,omitempty"`
	// how long the peer is waited for; absent: without limit
	WaitMs *Millis `json:"wait_ms,omitempty"`
	// how long the call is held; absent: until one of the peers hangs up
	ForMs *Millis `json:"for_ms,omitempty"`
	// what the packets of this call suffer in its own sockets, on purpose
	Impair        []Impairment `json:"impair,omitempty"`
	Stress        bool         `json:"stress,omitempty"`        // the call goes through the steps of a stress test
	LocalVersion  string       `json:"localVersion,omitempty"`  // dialtone's version
	StartedAtUnix float64      `json:"startedAtUnix,omitempty"` // wall clock of event time 0, seconds
}

// Codecs are the names of the codecs of a kind of media.
func (s CallStart) Codecs(kind string) []string {
	if kind == Kinds[0] {
		return s.AudioCodecs
	}
	return s.VideoCodecs
}

// Title names the call in a few words: "call w1", "answer via whip". It is not cleaned.
func (s CallStart) Title() string {
	if s.Code == "" && s.Signaling != "" {
		return s.Command + " via " + s.Signaling
	}
	return s.Command + " " + s.Code
}

// ICEServer is a STUN or TURN server as configured. Its credential is never part of an event.
type ICEServer struct {
	URL         string `json:"url"`
	HasUsername bool   `json:"hasUsername,omitempty"`
}

// PhaseName says which part of the setup a span measures.
type PhaseName string

// The phases, in the order in which they usually begin.
const (
	PhaseDial        PhaseName = "dial"         // POST dial until the server's answer
	PhaseWait        PhaseName = "wait"         // until the peer has dialed
	PhaseGather      PhaseName = "gather"       // Subject: the server's URL, or "host"
	PhaseOfferAnswer PhaseName = "offer-answer" // from the pairing until both descriptions are set
	PhaseICE         PhaseName = "ice"          // connectivity checks until the first pair works
	PhaseNomination  PhaseName = "nomination"   // from the first working pair until one is selected
	PhaseDTLS        PhaseName = "dtls"         // handshake
	PhaseSCTP        PhaseName = "sctp"         // association
	PhaseChannel     PhaseName = "channel"      // Subject: the channel's label
	PhaseFirstPacket PhaseName = "first-packet" // Subject: "inbound audio", …; from the connection to the packet
	PhaseFirstFrame  PhaseName = "first-frame"  // Subject as above; until the first complete frame
	PhaseRestart     PhaseName = "ice-restart"  // from the restart until the connection works again
)

// PhaseStart ("phase.start") opens a span; the PhaseEnd with the same phase and subject closes it.
type PhaseStart struct {
	Phase   PhaseName `json:"phase"`
	Subject string    `json:"subject,omitempty"`
}

// Outcome is how a phase ended.
type Outcome string

// Outcomes.
const (
	OutcomeOK        Outcome = "ok"
	OutcomeFailed    Outcome = "failed"
	OutcomeCancelled Outcome = "cancelled" // the call ended first: nothing is known of the phase itself
)

// PhaseEnd ("phase.end") closes a span.
type PhaseEnd struct {
	Phase   PhaseName `json:"phase"`
	Subject string    `json:"subject,omitempty"`
	Outcome Outcome   `json:"outcome"`
	Detail  string    `json:"detail,omitempty"` // a short text: an address, a cipher, a cause
}

// Warning ("warning") is something that a reader should know and that ended nothing.
type Warning struct {
	ID      string `json:"id"`                // stable, as in findings: "signal.server_lost", …
	Subject string `json:"subject,omitempty"` // what it is about: a channel, a kind of media, a URL
	Cause   string `json:"cause,omitempty"`   // the text of the underlying error, bounded and clean
}

// EndReason says why a call ended. It is a fact of the session; [Judge] makes a verdict of it.
type EndReason string

// Reasons.
const (
	EndHangup      EndReason = "hangup"      // by us: a key or a command
	EndDuration    EndReason = "duration"    // --for is over
	EndPeerHangup  EndReason = "peer-hangup" // the peer said so
	EndPeerLost    EndReason = "peer-lost"   // the established path went silent and did not come back
	EndInterrupted EndReason = "interrupted" // Ctrl-C, SIGTERM, SIGHUP
	EndNoPeer      EndReason = "no-peer"     // the wait was over
	EndSignaling   EndReason = "signaling"   // dial, offer, answer or candidates could not be exchanged
	EndPeerLeft    EndReason = "peer-left"   // the peer left before the call was connected
	EndICE         EndReason = "ice-failed"  // no pair works
	EndDTLS        EndReason = "dtls-failed" // the path works, the handshake does not
	EndInternal    EndReason = "internal"    // dialtone itself could not run
	EndDump        EndReason = "dump-end"    // the call went on when the dump of a browser was written
)

// EndedBy says who ended a call.
type EndedBy string

// Parties.
const (
	ByLocal   EndedBy = "local"
	ByRemote  EndedBy = "remote"
	ByServer  EndedBy = "server"
	ByNetwork EndedBy = "network"
)

// CallEnded ("call.ended") is the last event of every log.
type CallEnded struct {
	Reason EndReason `json:"reason"`
	By     EndedBy   `json:"by,omitempty"`
	Cause  string    `json:"cause,omitempty"` // the text of the underlying error, bounded and clean
	// the cause as a stable word; of signaling: no-description, offer-storm; of ice-failed and dtls-failed:
	// setup-timeout; of peer-lost: no-redial, certificate; of internal: stuck
	Code string `json:"code,omitempty"`
	// what failed in signaling; absent for any other cause
	Signal *SignalFailure `json:"signal,omitempty"`
}

// Codes of CallEnded for what is no error of signaling.
const (
	CodeNoDescription = "no-description" // the peer dialed and sent no offer or answer
	CodeOfferStorm    = "offer-storm"    // the peer made one offer after another
	CodeSetupTimeout  = "setup-timeout"  // the setup took longer than it may
	CodeNoRedial      = "no-redial"      // the peer did not dial again for an ICE restart
	CodeCertificate   = "certificate"    // a peer with another certificate dialed for an ICE restart
	CodeStuck         = "stuck"          // the connection inside dialtone no longer reacted
)
