package diag

import (
	"net"
	"net/netip"
	"strconv"
	"time"
)

// The events of the transports: ICE, DTLS, SCTP, the whole connection.
var _ = []Type{
	register[Candidate](), register[Pair](), register[Selected](), register[ICEState](),
	register[ICELimits](), register[TURNRefused](),
	register[GatheringState](), register[Restart](), register[DTLSState](), register[SCTPState](),
	register[ConnectionState](), register[SignalingState](),
}

func (Candidate) name() Type       { return "ice.candidate" }
func (Pair) name() Type            { return "ice.pair" }
func (Selected) name() Type        { return "ice.selected" }
func (ICELimits) name() Type       { return "ice.limits" }
func (TURNRefused) name() Type     { return "turn.refused" }
func (ICEState) name() Type        { return "ice.state" }
func (GatheringState) name() Type  { return "ice.gathering" }
func (Restart) name() Type         { return "ice.restart" }
func (DTLSState) name() Type       { return "dtls.state" }
func (SCTPState) name() Type       { return "sctp.state" }
func (ConnectionState) name() Type { return "connection.state" }
func (SignalingState) name() Type  { return "signaling.state" }

// CandidateType is an RTCIceCandidateType.
type CandidateType string

// Candidate types (RFC 8445 §4).
const (
	Host  CandidateType = "host"
	Srflx CandidateType = "srflx"
	Prflx CandidateType = "prflx"
	Relay CandidateType = "relay"
)

// Candidate ("ice.candidate") is a transport address that one side offers (RTCIceCandidate).
type Candidate struct {
	Side            Side          `json:"side"`
	ID              string        `json:"id"` // ties pairs to candidates; unique in a call
	Foundation      string        `json:"foundation,omitempty"`
	Component       uint16        `json:"component"`       // 1 RTP, 2 RTCP
	Protocol        string        `json:"protocol"`        // udp or tcp
	Priority        uint32        `json:"priority"`        // RFC 8445 §5.1.2
	TypePreference  uint8         `json:"typePreference"`  // its first 8 bits, decoded
	LocalPreference uint16        `json:"localPreference"` // its next 16 bits, decoded
	Address         string        `json:"address"`         // an IP, an mDNS name, or a name that was signaled
	Name            string        `json:"name,omitempty"`  // that was signaled, of an address that it resolved to
	Port            uint16        `json:"port"`
	CandidateType   CandidateType `json:"candidateType"`
	TCPType         string        `json:"tcpType,omitempty"`
	// the base: of a local relay the one towards its server, which the description withholds; of a remote one whatever
	// the peer says
	RelatedAddress string `json:"relatedAddress,omitempty"`
	RelatedPort    uint16 `json:"relatedPort,omitempty"`
	URL            string `json:"url,omitempty"` // the server that gave it, without credentials
	// udp, tcp, tls or dtls: how the TURN server is reached
	RelayProtocol string       `json:"relayProtocol,omitempty"`
	Server        *RelayServer `json:"server,omitempty"` // more of that
	// its base's interface: eth0, wlan0, …; absent for the remote
	NetworkInterface string `json:"networkInterface,omitempty"`
	UsernameFragment string `json:"usernameFragment,omitempty"`
}

// RelayServer is the connection to the TURN server of a relay candidate.
type RelayServer struct {
	Address    string `json:"address,omitempty"`    // ip:port of the server; absent behind a proxy
	Proxy      string `json:"proxy,omitempty"`      // scheme and host:port of the proxy
	TLSVersion string `json:"tlsVersion,omitempty"` // "TLS 1.3", "DTLS 1.2"
	TLSCipher  string `json:"tlsCipher,omitempty"`  // IANA name
}

// PatientTime is how long a call that found no path has to wait for one (RFC 8863 §4): the peer may be slow to begin.
const PatientTime = 39500 * time.Millisecond

// PairState is an RTCStatsIceCandidatePairState.
type PairState string

// Pair states (RFC 8445 §6.1.2.6).
const (
	PairFrozen     PairState = "frozen"
	PairWaiting    PairState = "waiting"
	PairInProgress PairState = "in-progress"
	PairFailed     PairState = "failed"
	PairSucceeded  PairState = "succeeded"
)

// Pair ("ice.pair") is a candidate pair at one moment, with the W3C names of RTCIceCandidatePairStats. It is emitted
// when its state or nomination changes; the counters are those of that moment.
type Pair struct {
	ID                   string    `json:"id"`
	LocalCandidateID     string    `json:"localCandidateId"`
	RemoteCandidateID    string    `json:"remoteCandidateId"`
	State                PairState `json:"state"`
	Nominated            bool      `json:"nominated,omitempty"`
	RequestsSent         uint64    `json:"requestsSent"`
	ResponsesReceived    uint64    `json:"responsesReceived"`
	RequestsReceived     uint64    `json:"requestsReceived"`
	ResponsesSent        uint64    `json:"responsesSent"`
	RequestsFailed       uint64    `json:"requestsFailed,omitempty"`       // that the operating system did not send
	SendError            string    `json:"sendError,omitempty"`            // why not: "network is unreachable"
	CurrentRoundTripTime *float64  `json:"currentRoundTripTime,omitempty"` // seconds
	BytesSent            uint64    `json:"bytesSent,omitempty"`
	BytesReceived        uint64    `json:"bytesReceived,omitempty"`
}

// Selected ("ice.selected") reports which path the call uses from now on.
type Selected struct {
	PairID            string `json:"pairId"`
	LocalCandidateID  string `json:"localCandidateId"`
	RemoteCandidateID string `json:"remoteCandidateId"`
	Local             string `json:"local"` // "srflx udp 192.0.2.1:5000"
	Remote            string `json:"remote"`
}

// ICELimits ("ice.limits") counts what the limits of ICE held back by now: at most 100 candidate pairs are checked (RFC
// 8445 §6.1.2.5), and a host that has not answered gets 100 checks and then 5 each second. It is emitted when it has
// changed, at most once a second.
type ICELimits struct {
	Candidates uint64 `json:"candidates,omitempty"` // remote ones that are not used
	Checks     uint64 `json:"checks,omitempty"`     // that were not sent
}

// TURNRefused ("turn.refused") means that a TURN server rejected a CreatePermission or ChannelBind request (RFC 8656
// §9.2, §12.2): it relays nothing to this address of the peer. It is emitted once for each address.
type TURNRefused struct {
	Relay netip.Addr `json:"relay,omitzero"` // that the server allocated
	Peer  netip.Addr `json:"peer"`
	Code  int        `json:"code"` // of the STUN error: 403 Forbidden, 443 Peer Address Family Mismatch, …
}

// ICEState ("ice.state") is a change of RTCIceConnectionState: new, checking, connected, completed, disconnected,
// failed, closed.
type ICEState struct {
	State string `json:"state"`
}

// GatheringState ("ice.gathering") is a change of gathering: gathering, complete. Complete is reported when every
// server has given a candidate or has been proven to give none, which may be before the agent itself gives up on a
// silent one.
type GatheringState struct {
	State string `json:"state"`
}

// Restart ("ice.restart") reports that both sides dial again for new candidates and checks. LimitMs is set if the path
// is lost.
type Restart struct {
	By      EndedBy `json:"by"`                 // who asked; network: the path failed
	Reason  string  `json:"reason"`             // asked; failed; address: that of the path is gone; silence: the peer does not answer
	LimitMs *Millis `json:"limit_ms,omitempty"` // how long the call dials again before it ends
}

// DTLSState ("dtls.state") is a change of RTCDtlsTransportState: new, connecting, connected, closed, failed. Version
// and cipher are absent where the handshake could not be observed.
type DTLSState struct {
	State             string `json:"state"`
	Role              string `json:"dtlsRole,omitempty"`          // client or server
	Version           string `json:"tlsVersion,omitempty"`        // "DTLS 1.2"
	Cipher            string `json:"dtlsCipher,omitempty"`        // IANA name
	LocalFingerprint  string `json:"localFingerprint,omitempty"`  // "sha-256 AB:CD:…"
	RemoteFingerprint string `json:"remoteFingerprint,omitempty"` // of the certificate that was presented
	// of a failed handshake: how long it was allowed to take
	LimitMs *Millis `json:"limit_ms,omitempty"`
	// of a failed handshake: its packets
	Handshake *Handshake `json:"handshake,omitempty"`
}

// Handshake counts the packets of DTLS handshakes. Lengths are those of what UDP or the relay carries, in bytes.
type Handshake struct {
	PacketsSent          uint64 `json:"packetsSent"`
	LongestSent          int    `json:"longestSent"`
	PacketsReceived      uint64 `json:"packetsReceived"`
	LongestReceived      int    `json:"longestReceived"`
	ClientHellosReceived uint64 `json:"clientHellosReceived"` // with which the DTLS client begins
}

// SCTPState ("sctp.state") is a change of RTCSctpTransportState: connecting, connected, closed.
type SCTPState struct {
	State          string `json:"state"`
	MaxMessageSize uint32 `json:"maxMessageSize,omitempty"` // bytes
	Error          string `json:"error,omitempty"`
}

// ConnectionState ("connection.state") is a change of RTCPeerConnectionState.
type ConnectionState struct {
	State string `json:"state"`
}

// SignalingState ("signaling.state") is a change of RTCSignalingState.
type SignalingState struct {
	State string `json:"state"`
}

// String is the candidate in a few words: "srflx udp 192.0.2.1:5000".
func (c Candidate) String() string {
	return string(c.CandidateType) + " " + c.Protocol + " " + net.JoinHostPort(c.Address, strconv.Itoa(int(c.Port)))
}
