package peer

import (
	"crypto/tls"
	"errors"
	"io"
	"net/netip"
	"reflect"
	"time"

	"github.com/pion/transport/v5"
	"github.com/pion/webrtc/v4"

	"dialtone/diag"
	"dialtone/diag/guard"
	"dialtone/diag/media"
	"dialtone/diag/media/save"
	"dialtone/diag/reach"
)

// Loopback says what part the loopback interface plays in gathering.
type Loopback uint8

// Loopback policies.
const (
	LoopbackOff     Loopback = iota // as browsers do
	LoopbackInclude                 // beside the others: both parties may sit on this machine
	LoopbackOnly                    // nothing else: no network is touched
)

// Flow says which way media goes.
type Flow uint8

// Flows.
const (
	FlowBoth    Flow = iota // as calls do
	FlowSend                // as a WHIP client does, and a WHEP server
	FlowReceive             // as a WHEP client does, and a WHIP server
)

// Options configure a peer. The zero value is a data-and-media peer without servers that reports to no one.
type Options struct {
	Emit         func(diag.Data)  // gets every event; must not block and must be safe for concurrent use
	Phases       *diag.Phases     // shared with the session, so that spans lie on one list
	Now          func() time.Time // nil: time.Now
	ICEServers   []diag.ICEServerAuth
	TLS          *tls.Config    // for turns: servers; nil: the system's authorities
	Proxies      *reach.Proxies // for TURN over TCP and TLS; nil: none
	RelayOnly    bool
	PionDefaults bool
	Patient      bool // wait for a path as long as RFC 8863 asks for
	NoMedia      bool
	NoChannels   bool                // open no data channels: for signalings that carry media alone
	Channel      string              // the only data channel to open; "": those of dialtone
	Flow         Flow                // which way media goes
	NoKinds      []string            // kinds of media that are not part of the call
	Codecs       map[string][]string // by kind, the names of the only codecs, in the order of preference; none: all
	Clips        Clips               // what is sent instead of the codecs' own clips
	OneOfMany    bool                // be cheap: decode no media, open few channels, measure and report less often
	Echo         bool                // forward the media that comes back to its sender instead of playing clips
	Loopback     Loopback
	Limiter      *guard.Limiter // what hosts that do not answer may be sent; nil: one of this peer's own
	// FirstCandidate is how many local candidates were reported before, by the peer that this one replaces.
	FirstCandidate int
	Certificate    *Certificate // of the peer that this one replaces; nil: a new one
	Timeouts       Timeouts
	Net            Net         // nil: the operating system's network
	Save           *save.Saver // takes the media that is received; nil: no one does
	KeyLog         io.Writer   // takes the keys of DTLS in the NSS format; nil: no one does
	// Tap takes each packet that is sent or was received; nil: no one does.
	Tap func(way diag.Direction, local, remote netip.AddrPort, packet []byte)

	// OnCandidate gets every local candidate in the form that is signaled.
	OnCandidate func(Candidate)
	// OnGathered is called when gathering is over, after the last OnCandidate, once per description that begins one.
	OnGathered func()
	// OnNoRelay is called when the agent has gathered everything and this TURN server has given it no relay. It must not
	// call the peer.
	OnNoRelay func(url string)
	// OnMessage gets every message of every data channel, in the order of each channel. The slice is the callee's.
	OnMessage func(label string, text bool, data []byte)
	// OnChannel is offered every data channel that the peer opens, and takes it if it returns true: nothing else is done
	// with it then. It must set its handlers before it returns.
	OnChannel func(*Connection, *Channel) bool
	// OnOpen is called when a data channel can be written.
	OnOpen func(label string)
	// OnState gets each change that decides how a session goes on.
	OnState func(State)
}

// Connection is what measures throughput gets to open and to read.
type Connection = webrtc.PeerConnection

// Certificate is what a peer shows in the DTLS handshake, with its key.
type Certificate = webrtc.Certificate

// Channel is a data channel as it comes.
type Channel = webrtc.DataChannel

// Clips are what is sent, by kind of media.
type Clips map[string]*media.Clip

// Net is the network that a peer uses, for instance a simulated one.
type Net = transport.Net

// Timeouts bound what pion waits for. Zero values mean the defaults.
type Timeouts struct {
	Disconnected time.Duration // of silence until "disconnected"; 5 s
	Failed       time.Duration // of further silence until "failed"; 10 s (pion: 25 s)
	KeepAlive    time.Duration // between consent checks; 2 s
	DTLS         time.Duration // for the handshake; 10 s
	NoCandidates time.Duration // for the first remote candidate; 15 s
	LastPair     time.Duration // of quiet after the last pair failed and the last candidate came; 2.5 s
}

// withDefaults fills in what was left zero.
func (o Options) withDefaults() Options {
	orElse(&o.Emit, func(diag.Data) {})
	orElse(&o.Phases, diag.NewPhases(o.Emit))
	orElse(&o.Now, time.Now)
	orElse(&o.OnCandidate, func(Candidate) {})
	orElse(&o.OnGathered, func() {})
	orElse(&o.OnNoRelay, func(string) {})
	orElse(&o.OnMessage, func(string, bool, []byte) {})
	orElse(&o.OnChannel, func(*Connection, *Channel) bool { return false })
	orElse(&o.OnOpen, func(string) {})
	orElse(&o.OnState, func(State) {})
	t := &o.Timeouts
	if o.PionDefaults {
		orElse(&t.Failed, 25*time.Second)
	}
	orElse(&t.Disconnected, 5*time.Second)
	if o.Patient { // pion gives up after both
		orElse(&t.Failed, diag.PatientTime-t.Disconnected)
		orElse(&t.NoCandidates, diag.PatientTime)
		orElse(&t.LastPair, diag.PatientTime)
	}
	orElse(&t.Failed, 10*time.Second)
	orElse(&t.KeepAlive, 2*time.Second)
	orElse(&t.DTLS, 10*time.Second)
	orElse(&t.NoCandidates, 15*time.Second)
	orElse(&t.LastPair, 2500*time.Millisecond)
	return o
}

// orElse sets what is zero. Functions cannot be compared without reflection.
func orElse[T any](v *T, otherwise T) {
	if reflect.ValueOf(v).Elem().IsZero() {
		*v = otherwise
	}
}

// Candidate is an RTCIceCandidateInit.
type Candidate struct {
	Candidate        string
	SDPMid           *string
	SDPMLineIndex    *uint16
	UsernameFragment *string
}

// Description is an RTCSessionDescription.
type Description struct {
	Type string // offer or answer
	SDP  string
}

// State is what a peer has come to.
type State uint8

// States of interest to a session.
const (
	StateUnknown      State = iota
	StateConnected          // ICE and DTLS are up
	StateDisconnected       // consent answers stay away; it may come back
	StateICEFailed          // no pair works, or the path is lost for good
	StateDTLSFailed         // the handshake failed
	StateClosed             // the peer closed the connection
)

// Errors that callers branch on.
var (
	// ErrCertificateChanged: an offer or answer for an ICE restart announces another DTLS certificate than the call began
	// with.
	ErrCertificateChanged = errors.New("the description announces another certificate than the call began with")
	// ErrNoChannel: the data channel is not open.
	ErrNoChannel = errors.New("the data channel is not open")
	// ErrChannelFull: the data channel's buffer is full; the peer does not read.
	ErrChannelFull = errors.New("the data channel is full: the peer does not keep up")
	// ErrStuck: the connection did not end in time, and was left.
	ErrStuck = errors.New("the connection did not end in time")
)
