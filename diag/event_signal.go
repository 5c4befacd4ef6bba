package diag

// The events of signaling: requests, and what traveled in them.
var _ = []Type{
	register[SignalRequest](), register[ServedRequest](), register[SignalState](), register[SessionDescription](),
}

func (ServedRequest) name() Type      { return "signal.served" }
func (SignalRequest) name() Type      { return "signal.request" }
func (SignalState) name() Type        { return "signal.state" }
func (SessionDescription) name() Type { return "signal.description" }

// SignalRequest ("signal.request") is one HTTP request to the signaling server, timed by its parts. A part that did
// not take place (a reused connection needs no DNS, connect or TLS) is absent.
type SignalRequest struct {
	// the request of the room protocol (dial, get_status, offer, answer, ice, disconnect, hang_up), or of another way:
	// offer, candidates, restart, bye, and what a preset names
	Code        string  `json:"code"`
	Attempt     int     `json:"attempt"`          // from 1
	Status      int     `json:"status,omitempty"` // HTTP status; absent when no answer came
	DNSMs       *Millis `json:"dns_ms,omitempty"`
	ConnectMs   *Millis `json:"connect_ms,omitempty"`
	TLSMs       *Millis `json:"tls_ms,omitempty"`
	FirstByteMs *Millis `json:"firstByte_ms,omitempty"` // from the request's start
	DurationMs  Millis  `json:"duration_ms"`
	Reused      bool    `json:"reused,omitempty"` // the TCP connection was open already
	// held by the server on purpose: its length says nothing about the network
	LongPoll   bool   `json:"longPoll,omitempty"`
	RemoteAddr string `json:"remoteAddress,omitempty"`
	BytesSent  int    `json:"bytesSent"`
	BytesRecv  int    `json:"bytesReceived"`
	// what the body was: need_init, offered, answered, connected; ended: the pair is gone
	Answer string `json:"answer,omitempty"`
	// what was wrong with the answer and was tolerated: status, content_type, bom, blank, line_end, gzip, elsewhere,
	// no_setup, no_session
	Remarks []string `json:"remarks,omitempty"`
	Error   string   `json:"error,omitempty"`
	// that the server presented, and what this machine's clock said (RFC 3339, UTC), of a new connection over https
	Certificate *Certificate `json:"certificate,omitempty"`
	Clock       string       `json:"clock,omitempty"`
}

// ServedRequest ("signal.served") is one HTTP request of a client to the server that the call waits at, once it was
// answered.
type ServedRequest struct {
	Method     string `json:"method"`
	Path       string `json:"path"` // without the name of a session, which is a secret
	Status     int    `json:"status"`
	Problem    string `json:"problem,omitempty"` // why it was refused
	Origin     string `json:"origin,omitempty"`  // of the web page that made it
	RemoteAddr string `json:"remoteAddress,omitempty"`
	DurationMs Millis `json:"duration_ms"`
	Unreported int    `json:"unreported,omitempty"` // requests since the event before that came too fast for one each
}

// SignalFailure is why signaling failed, in stable words.
type SignalFailure struct {
	Op string `json:"op,omitempty"` // the step: endpoint, dial, get_status, offer, …
	// dns, refused, unreachable, proxy, tls, timeout, broken, status, limit, protocol, rejected, peer-gone, shutdown,
	// forgotten; absent: unknown
	Reason   string `json:"reason,omitempty"`
	Status   int    `json:"status,omitempty"`   // HTTP status; absent without an answer
	Code     string `json:"code,omitempty"`     // the detail: dialtone's or the server's stable name for it
	Location string `json:"location,omitempty"` // where a redirect leads that was not followed; with token_withheld the host
	Scheme   string `json:"scheme,omitempty"`   // how the server wants to know its clients: Basic, Bearer, …
}

// Role is the part that a peer plays in the offer/answer exchange.
type Role string

// Roles: who dialed first offers.
const (
	RoleOfferer  Role = "offerer"
	RoleAnswerer Role = "answerer"
)

// SignalPhase is how far signaling has come.
type SignalPhase string

// Signaling states.
const (
	SignalDialing   SignalPhase = "dialing"
	SignalWaiting   SignalPhase = "waiting"   // dialed; the peer has not
	SignalPaired    SignalPhase = "paired"    // both are there; Role is known
	SignalConnected SignalPhase = "connected" // offer and answer are exchanged; candidates travel
	SignalClosed    SignalPhase = "closed"    // ended cleanly
	SignalLost      SignalPhase = "lost"      // the server went away; an established call goes on
)

// SignalState ("signal.state") reports a change of signaling.
type SignalState struct {
	State SignalPhase `json:"state"`
	Role  Role        `json:"role,omitempty"`
	Error string      `json:"error,omitempty"`
}

// Side reports whose a thing is.
type Side string

// Sides.
const (
	Local  Side = "local"
	Remote Side = "remote"
)

// SessionDescription ("signal.description") is an offer or an answer (RTCSessionDescription). The ICE password of its
// SDP is replaced by asterisks before it becomes an event.
type SessionDescription struct {
	Side        Side   `json:"side"`
	SDPType     string `json:"sdpType"`
	SDP         string `json:"sdp"`
	Fingerprint string `json:"fingerprint,omitempty"` // of the DTLS certificate, as announced
	ICERestart  bool   `json:"iceRestart,omitempty"`
}
