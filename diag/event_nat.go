package diag

import "net/netip"

// The events of a diagnosis of the network, by itself (dialtone nat) or during a call.
var _ = []Type{
	register[DiagnosisStart](), register[NATLocal](), register[NATFamilies](), register[NATServer](),
	register[NATRequest](), register[NATStream](), register[NATRelay](), register[DiagnosisFurther](),
	register[DiagnosisEnd](),
}

func (DiagnosisStart) name() Type   { return "diagnosis.start" }
func (NATLocal) name() Type         { return "nat.local" }
func (NATFamilies) name() Type      { return "nat.families" }
func (NATServer) name() Type        { return "nat.server" }
func (NATRequest) name() Type       { return "nat.request" }
func (NATStream) name() Type        { return "nat.stream" }
func (NATRelay) name() Type         { return "nat.relay" }
func (DiagnosisFurther) name() Type { return "diagnosis.further" }
func (DiagnosisEnd) name() Type     { return "diagnosis.end" }

// DiagnosisStart ("diagnosis.start") begins a diagnosis: servers are asked what the network between them and this
// machine does. What follows are facts: every reader judges them.
type DiagnosisStart struct {
	URLs     []string `json:"urls"`              // the servers, without credentials
	Deep     bool     `json:"deep,omitempty"`    // binding lifetime and fragments too
	Hairpin  bool     `json:"hairpin,omitempty"` // hairpinning too
	Run      int      `json:"run,omitempty"`     // of --watch, from 1
	BudgetMs Millis   `json:"budget_ms"`         // it takes no longer
	Because  Because  `json:"because,omitempty"` // why a session asks during a call
	Peer     string   `json:"peer,omitempty"`    // result line of the peer's network, as given with --peer
}

// Because says why a session diagnoses the network during a call.
type Because string

// Reasons of a diagnosis during a call.
const (
	BecauseUnknown   Because = ""
	BecauseAsked     Because = "asked"      // a key, or a command
	BecauseICEFailed Because = "ice-failed" // the call has failed, and ends after the diagnosis
)

// NATLocal ("nat.local") is the local address that requests leave from. Reported again when IPv4 is used after IPv6.
type NATLocal struct {
	Address   netip.AddrPort `json:"address"`             // of a connected socket
	Interface string         `json:"interface,omitempty"` // name of its interface
	MTU       int            `json:"mtu,omitempty"`       // of that interface, in bytes
	Network   netip.Prefix   `json:"network,omitzero"`    // of that interface, when it is a private one
}

// NATFamilies ("nat.families") says which addresses this machine has, and how its network translates between the
// families. Reported again when DNS names a prefix.
type NATFamilies struct {
	IPv4  bool           `json:"ipv4"`            // it has an IPv4 address, beside those of loopback and of one link only
	IPv6  bool           `json:"ipv6"`            // the same of IPv6
	NAT64 []netip.Prefix `json:"nat64,omitempty"` // prefixes in the answer of DNS for ipv4only.arpa (RFC 7050)
}

// NATServer ("nat.server") is a STUN server that a diagnosis asks over UDP. Reported again when it changes.
type NATServer struct {
	Server    int            `json:"server"`             // its number in this diagnosis, from 0
	URL       string         `json:"url"`                // as given, without credentials
	Also      []string       `json:"also,omitempty"`     // other STUN URLs of the list that lead to this address
	Address   netip.AddrPort `json:"address,omitzero"`   // asked; absent when the name did not resolve
	SRV       string         `json:"srv,omitempty"`      // host:port that DNS SRV named, if the URL has no port
	DNSMs     *Millis        `json:"dns_ms,omitempty"`   // until the name was resolved
	Stage     StageName      `json:"stage,omitempty"`    // at which it failed
	Failure   *Failure       `json:"failure,omitempty"`  // why nothing could be asked or heard
	Elsewhere netip.AddrPort `json:"elsewhere,omitzero"` // other address from which a plain request was answered
	Repeated  int            `json:"repeated,omitempty"` // answers to requests that had been answered
}

// NATTest says what a request was sent for.
type NATTest string

// Tests. Those of filtering follow RFC 5780 §4.4; the proofs are the control arm, without which silence means nothing.
const (
	TestReach      NATTest = "reach"       // from a connected socket, which hears of a refusal (ICMP)
	TestMapping    NATTest = "mapping"     // from one socket to every address of every server (§4.3)
	TestRepeat     NATTest = "repeat"      // the first address of the mapping test once more, at its end
	TestControl    NATTest = "control"     // a plain request from the socket of a filtering test
	TestChangeBoth NATTest = "change-both" // to be answered from the alternate address and port
	TestChangePort NATTest = "change-port" // to be answered from the alternate port
	TestOpen       NATTest = "open"        // to the address that a proof is answered from, so that the NAT lets it in
	TestProveBoth  NATTest = "prove-both"  // as change-both, answered to where open has opened the way
	TestProvePort  NATTest = "prove-port"  // as change-port, in the same way

	TestOtherPort NATTest = "other-port" // from a connected socket, to the port of OTHER-ADDRESS

	TestHold      NATTest = "hold"       // makes a mapping that is left idle then (§4.6), or that a hairpin goes to
	TestWake      NATTest = "wake"       // to be answered to the held port (RESPONSE-PORT), after a pause
	TestProveWake NATTest = "prove-wake" // as wake, without a pause
	TestAgain     NATTest = "again"      // from the held socket itself, after a pause: has its port changed?
	TestPadded    NATTest = "padded"     // with PADDING beyond the MTU, which asks for an answer as long (§3.5)
	TestLong      NATTest = "long"       // as long, with an answer of the usual length
	TestSize      NATTest = "size"       // as long as one packet, not to be fragmented, with an answer of the usual length
	TestSizeBack  NATTest = "size-back"  // with PADDING that makes the answer as long as one packet
	TestSizeAny   NATTest = "size-any"   // as size, and may be fragmented
	TestHairpin   NATTest = "hairpin"    // from one socket to the public address of another one (§3.4)
)

// SocketUse says what a socket of a diagnosis is for.
type SocketUse string

// Uses of a socket. What its number means is said with each.
const (
	SocketReach     SocketUse = "reach"           // connected to a server, by its number
	SocketMapping   SocketUse = "mapping"         // the one of the mapping test; 4 or 6, by family
	SocketBoth      SocketUse = "both"            // change-both with a server
	SocketPort      SocketUse = "port"            // change-port with a server
	SocketProveBoth SocketUse = "prove-both"      // control arm of change-both with a server
	SocketProvePort SocketUse = "prove-port"      // control arm of change-port with a server
	SocketAskBoth   SocketUse = "ask-both"        // asks for answers to the socket prove-both
	SocketAskPort   SocketUse = "ask-port"        // asks for answers to the socket prove-port
	SocketOtherPort SocketUse = "other-port"      // connected to the other port of a server, by its number
	SocketSize      SocketUse = "size"            // packets of a size, not to be fragmented, with a server
	SocketSizeAny   SocketUse = "size-any"        // the same, and they may be fragmented
	SocketHairpin   SocketUse = "hairpin"         // one of two, 0 or 1
	SocketPadded    SocketUse = "padded"          // long packets with a server
	SocketLong      SocketUse = "long"            // long requests with a server
	SocketHeld      SocketUse = "held"            // left idle for so many seconds
	SocketBefore    SocketUse = "held-not-before" // control arm of the lifetime test, before the pauses
	SocketAfter     SocketUse = "held-not-after"  // the same after the pauses
	SocketWaking    SocketUse = "waking"          // asks for answers to held sockets
)

// NATSocket names a socket of a diagnosis: requests of one name left one local port.
type NATSocket struct {
	Use    SocketUse `json:"use"`
	Number int       `json:"number,omitempty"` // which one of that use
}

// NATRequest ("nat.request") is a Binding request over UDP that was answered, or waited for long enough. Reported
// again when the answer comes later.
type NATRequest struct {
	Request int            `json:"request"`          // its number in this diagnosis, from 0
	Server  int            `json:"server"`           // number of the server
	Test    NATTest        `json:"test"`             // what it was sent for
	Socket  NATSocket      `json:"socket"`           // that it left
	Local   netip.AddrPort `json:"local"`            // of the socket; without an address when that is not known
	To      netip.AddrPort `json:"to"`               // where it went
	Held    NATSocket      `json:"held,omitzero"`    // that the answer is to come to, when that is another one
	SentMs  Millis         `json:"sent_ms"`          // since the start of the diagnosis
	Answer  *NATAnswer     `json:"answer,omitempty"` // absent: silence

	Bytes   int  `json:"bytes,omitempty"`   // of a test of packet sizes: length of the IP packet, both ways
	Refused bool `json:"refused,omitempty"` // instead of an answer, ICMP said that the port is closed
}

// NATAnswer is a STUN response, or what a NAT has sent back inside.
type NATAnswer struct {
	From     netip.AddrPort `json:"from"`               // where it really came from
	RTTMs    Millis         `json:"rtt_ms"`             // after the request
	Code     int            `json:"code,omitempty"`     // STUN error code; absent for a success
	Mapped   netip.AddrPort `json:"mapped,omitzero"`    // XOR-MAPPED-ADDRESS, or else MAPPED-ADDRESS
	Plain    netip.AddrPort `json:"plain,omitzero"`     // MAPPED-ADDRESS (RFC 5780 §3.6 compares them)
	Other    netip.AddrPort `json:"other,omitzero"`     // OTHER-ADDRESS
	Origin   netip.AddrPort `json:"origin,omitzero"`    // RESPONSE-ORIGIN
	Software string         `json:"software,omitempty"` // what the server calls itself
	Size     int            `json:"size"`               // of the datagram, in bytes
}

// NATStream ("nat.stream") is a TCP connection of the mapping test, all of which leave one local port, or one beside
// UDP.
type NATStream struct {
	To      netip.AddrPort `json:"to"`                // the server
	Beside  bool           `json:"beside,omitempty"`  // to a port that was silent over UDP, from a local port of its own
	Mapped  netip.AddrPort `json:"mapped,omitzero"`   // how it saw the connection
	Failure *Failure       `json:"failure,omitempty"` // why it did not say
}

// NATRelay ("nat.relay") is what became of packets that were sent straight to the relayed transport address of a TURN
// server, which has a port that no firewall expects.
type NATRelay struct {
	URL     string         `json:"url"`               // of the TURN server, without credentials
	Relayed netip.AddrPort `json:"relayed"`           // where the packets went
	Sent    int            `json:"sent"`              // until one arrived, or all
	From    netip.AddrPort `json:"from,omitzero"`     // where the relay saw one come from; absent: none arrived
	Opened  netip.AddrPort `json:"opened,omitzero"`   // the socket's mapped address: the relay had sent there before
	Refused bool           `json:"refused,omitempty"` // ICMP said that the port is closed
}

// DiagnosisFurther ("diagnosis.further") says that only the tests that take long are still in progress: binding
// lifetime, fragments and hairpinning.
type DiagnosisFurther struct{}

// DiagnosisEnd ("diagnosis.end") ends a diagnosis.
type DiagnosisEnd struct {
	Stopped Stopped `json:"stopped,omitempty"` // why it ended early
	Reason  string  `json:"reason,omitempty"`  // the system's error, of stopped error
}

// Stopped says why a diagnosis ended early.
type Stopped string

// Reasons of an early end.
const (
	StoppedNot       Stopped = ""          // it did not
	StoppedCancelled Stopped = "cancelled" // by the user, or by the end of the call
	StoppedTimeout   Stopped = "timeout"   // what is known by then counts nevertheless
	StoppedError     Stopped = "error"     // no request could be made
)
