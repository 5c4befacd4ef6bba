package diag

import (
	"net/netip"
	"slices"
	"time"
)

// NATSchema names the form of a [NATReport] in JSON.
const NATSchema = "dialtone.nat/1"

// Confidence says how far a behavior is known.
type Confidence string

// Confidences. Proven means: what was observed cannot be, or by chance in fewer than one of 10,000 runs, with any other
// value.
const (
	Proven        Confidence = "proven"        // what was seen would happen by chance in fewer than one of 10,000 runs
	Likely        Confidence = "likely"        // nothing else explains it, and it is no proof
	NotKnown      Confidence = "unknown"       // the value is unknown too
	Contradictory Confidence = "contradictory" // observations exclude each other
)

// Values of a behavior, in the terms of RFC 4787 and RFC 5780.
const (
	EndpointIndependent     = "endpoint-independent"
	AddressDependent        = "address-dependent"
	AddressAndPortDependent = "address-and-port-dependent"
	BehaviorNone            = "none"    // it is not there: no NAT, no rewriting
	BehaviorPresent         = "present" // it is there
	BehaviorUnknown         = "unknown"
	PoolingPaired           = "paired"    // RFC 4787 §4.1: one public address per host
	PoolingArbitrary        = "arbitrary" // several
	PortPreserved           = "preserved" // RFC 4787 §4.2.1
	PortNotPreserved        = "not-preserved"
	UplinksOne              = "one"
	UplinksSeveral          = "several"
	FragmentsOutgoing       = "outgoing" // fragmented requests come through, fragmented responses do not
)

// Behavior is one property of the network between this machine and the servers.
type Behavior struct {
	Value      string     `json:"value"`      // the table above
	Confidence Confidence `json:"confidence"` // how far it is known
	Evidence   []string   `json:"evidence"`   // how it is known: what was sent, what answered, from where
}

// unknown is a behavior that could not be found out, and why.
func unknown(why ...string) Behavior {
	return Behavior{Value: BehaviorUnknown, Confidence: NotKnown, Evidence: why}
}

// What is said of behaviors that are asked for apart.
const (
	onlyDeep    = "only with --deep"
	onlyHairpin = "only with --hairpin"
)

// notAsked reports whether the behavior is one that is asked for apart, and was not.
func (b *Behavior) notAsked() bool {
	return len(b.Evidence) == 1 && (b.Evidence[0] == onlyDeep || b.Evidence[0] == onlyHairpin)
}

// NATBehaviors are all of them.
type NATBehaviors struct {
	NAT              Behavior `json:"nat"`               // whether addresses are translated at all: none, present
	Mapping          Behavior `json:"mapping"`           // RFC 4787 §4.1
	Filtering        Behavior `json:"filtering"`         // RFC 4787 §5
	PortPreservation Behavior `json:"port_preservation"` // preserved, not-preserved
	Pooling          Behavior `json:"pooling"`           // paired, arbitrary
	ALG              Behavior `json:"alg"`               // a gateway that rewrites addresses in messages: none, present
	CGNAT            Behavior `json:"cgnat"`             // a carrier's NAT (RFC 6598): present, unknown
	UDP              Behavior `json:"udp"`               // whether answers come over UDP: present, none, unknown
	IPv6             Behavior `json:"ipv6"`              // whether a server answers over IPv6: present, none, unknown
	Uplinks          Behavior `json:"uplinks"`           // whether this machine's traffic leaves by one way: one, several
	// IPv4 over IPv6 within this machine (464XLAT, RFC 6877): present, unknown
	CLAT       Behavior `json:"clat"`
	TCPMapping Behavior `json:"tcp_mapping"` // as mapping, of TCP (RFC 5382 REQ-1)
	// how long a silent UDP socket keeps its port: between N s and M s, at least N s, less than M s; with --deep
	Lifetime Behavior `json:"lifetime"`
	// whether fragmented packets pass: present, outgoing, none; with --deep
	Fragments Behavior `json:"fragments"`
	// whether two hosts behind the NAT reach each other by its public address: present, none; with --hairpin
	Hairpin Behavior `json:"hairpin"`
}

// NATServer is what one STUN server, asked at one address over one transport, gave. Grade and outliers are
// those of UDP.
type NATServer struct {
	URL       string `json:"url"`               // as it was given
	Address   string `json:"address,omitempty"` // ip:port that was asked
	SRV       string `json:"srv,omitempty"`     // host:port that DNS SRV named, where the URL has no port
	Transport string `json:"transport"`         // udp, tcp, tls or dtls
	OK        bool   `json:"ok"`                // it told this machine's address
	// of an interim report: it has not answered so far, and is still being asked
	Waiting     bool      `json:"waiting,omitempty"`
	Cause       string    `json:"cause,omitempty"`       // as of ServerResult
	ErrorCode   int       `json:"errorCode,omitempty"`   // STUN error code (RFC 8489 §14.8)
	ErrorText   string    `json:"errorText,omitempty"`   // what happened, in words
	Advice      string    `json:"advice,omitempty"`      // the next step
	DNSMs       *Millis   `json:"dns_ms,omitempty"`      // until the name was resolved
	ConnectMs   *Millis   `json:"connect_ms,omitempty"`  // until the TCP connection was there
	TLSMs       *Millis   `json:"tls_ms,omitempty"`      // of the TLS or DTLS handshake
	TLSVersion  string    `json:"tlsVersion,omitempty"`  // "TLS 1.3", "DTLS 1.2"
	TLSName     string    `json:"tlsName,omitempty"`     // subject of the certificate
	TLSIssuer   string    `json:"tlsIssuer,omitempty"`   // who signed it
	TLSExpires  string    `json:"tlsExpires,omitempty"`  // until when it is valid: RFC 3339, UTC
	TLSDaysLeft *int      `json:"tlsDaysLeft,omitempty"` // whole days until then; negative: expired
	RTT         *NATTimes `json:"rtt,omitempty"`         // round trips
	Mapped      string    `json:"mapped,omitempty"`      // how it saw the first request
	Software    string    `json:"software,omitempty"`    // what it says that it is
	Grade       string    `json:"grade,omitempty"`       // rfc5780 or plain
	WhyPlain    string    `json:"why_plain,omitempty"`   // why it does not count as an RFC 5780 server
	Outlier     bool      `json:"outlier,omitempty"`     // it sees another address than the majority
}

// Grades of a server.
const (
	GradeRFC5780 = "rfc5780"
	GradePlain   = "plain"
)

// NATTimes are the round trips to one server.
type NATTimes struct {
	MinMs    Millis `json:"min_ms"`    // the shortest
	MedianMs Millis `json:"median_ms"` // the one in the middle
	JitterMs Millis `json:"jitter_ms"` // mean difference of successive round trips
	Sent     int    `json:"sent"`      // requests whose answer nothing but loss can prevent
	Lost     int    `json:"lost"`      // requests of those without an answer
}

// NewNATTimes sums up round trips, in the order of their requests, of so many requests sent; nil where there is none.
func NewNATTimes(trips []time.Duration, sent int) *NATTimes {
	if len(trips) == 0 {
		return nil
	}
	var jitter time.Duration
	for i := 1; i < len(trips); i++ {
		jitter += (trips[i] - trips[i-1]).Abs()
	}
	if len(trips) > 1 {
		jitter /= time.Duration(len(trips) - 1)
	}
	sorted := slices.Sorted(slices.Values(trips))
	return &NATTimes{
		MinMs: Millis(sorted[0]), MedianMs: Millis(sorted[len(sorted)/2]), JitterMs: Millis(jitter), Sent: sent, Lost: sent - len(trips),
	}
}

// NATRelay is what one TURN server gave, with all fields of the event ice.server, and whether its relay carries bytes:
// a Binding request to a STUN server and its response, once in a Send indication and once as ChannelData.
type NATRelay struct {
	ServerResult
	Peer         string  `json:"peer,omitempty"`          // the STUN server that was asked through the relay
	PermissionMs *Millis `json:"permission_ms,omitempty"` // CreatePermission
	SendMs       *Millis `json:"send_ms,omitempty"`       // round trip by Send indication
	BindMs       *Millis `json:"bind_ms,omitempty"`       // ChannelBind
	ChannelMs    *Millis `json:"channel_ms,omitempty"`    // round trip by ChannelData
	OwnPeer      bool    `json:"ownPeer,omitempty"`       // Peer is the TURN server itself: no STUN server was given
	RefreshMs    *Millis `json:"refresh_ms,omitempty"`    // Refresh
	LifetimeS    int     `json:"lifetime_s,omitempty"`    // seconds that the Refresh granted
	ReleaseMs    *Millis `json:"release_ms,omitempty"`    // Refresh with lifetime 0
	Seen         string  `json:"seen,omitempty"`          // the relay's address as the STUN server saw it
	// where it went no further: permission, send, bind, channel, refresh
	Stopped     string `json:"stopped,omitempty"`
	StoppedCode int    `json:"stoppedCode,omitempty"` // STUN error code of that
	StoppedText string `json:"stoppedText,omitempty"` // and what happened, in words
}

// NATVerdict is what it means for calls.
type NATVerdict struct {
	Headline string         `json:"headline"`       // with whom direct calls work, and who needs a relay
	Why      []string       `json:"why"`            // one sentence each
	Next     []string       `json:"next"`           // steps to take
	Result   string         `json:"result"`         // the compact line, for --peer on the other side
	Peer     *NATPrediction `json:"peer,omitempty"` // the answer for the pair, where the other side's line was given
}

// NATReport is everything that `dialtone nat` found out.
type NATReport struct {
	Schema   string       `json:"schema"`   // dialtone.nat/1
	Servers  []NATServer  `json:"servers"`  // STUN, those over UDP first
	Behavior NATBehaviors `json:"behavior"` // of the family that was judged: IPv4 where it answers
	TURN     []NATRelay   `json:"turn"`     // TURN servers, and what their relay carried
	Verdict  NATVerdict   `json:"verdict"`  // what it means for calls
	Exit     Exit         `json:"exit"`     // the process's exit code
	Findings []Finding    `json:"findings"` // the noteworthy things, those about the network first
}

// natCase is a report while it is judged, with what its conclusions rest on and the report does not show.
type natCase struct {
	*NATReport
	observed  *NATObservations
	others    []ServerResult
	public    netip.Addr // as the servers see this machine
	lan       netip.Prefix
	ips       int           // server addresses that the mapping is based on
	short     time.Duration // within which a silent port is forgotten; 0 where that is not known
	dependent bool          // the mapping depends on the endpoint, even where its value cannot say on what
}
