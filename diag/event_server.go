package diag

import (
	"slices"
	"strconv"
	"strings"
)

// The events of STUN and TURN servers, each asked beside a call or for a diagnosis.
var _ = []Type{register[ServerStage]()}

func (ServerStage) name() Type { return "server.stage" }

// ServerStage ("server.stage") is one step of asking a STUN or TURN server, finished. The steps of a server come in
// the order of their names. A step that comes again, or one before it, begins anew from there: at another address,
// from another port, or because the server was asked once more.
type ServerStage struct {
	URL       string `json:"url"`                 // as given, without credentials
	Transport string `json:"transport,omitempty"` // udp, tcp, tls or dtls
	TURN      bool   `json:"turn,omitempty"`      // it is asked for a relay, and not for a mapped address only
	Diagnosis bool   `json:"diagnosis,omitempty"` // asked by a diagnosis, and not by the call
	Address   string `json:"address,omitempty"`   // ip:port that the name resolved to
	SRV       string `json:"srv,omitempty"`       // host:port that DNS SRV named, if the URL has no port
	Proxy     string `json:"proxy,omitempty"`     // scheme and host:port of the proxy that leads there
	Direct    bool   `json:"direct,omitempty"`    // asked without the proxy that leads there, to compare
	// ip:port of the servers that named another one instead (300 Try Alternate), in their order; the last named Address
	Redirects []string `json:"redirects,omitempty"`
	Stage     Stage    `json:"stage"` // what was done, and what came of it
}

// StageName names a step of asking a server.
type StageName string

// Steps in their order.
const (
	StageConfig     StageName = "config"     // URL and credentials are read
	StageDNS        StageName = "dns"        // the name is resolved
	StageConnect    StageName = "connect"    // the connection is opened
	StageProxy      StageName = "proxy"      // the proxy is reached, and connects to the server
	StageTLS        StageName = "tls"        // TLS or DTLS handshake
	StageBinding    StageName = "binding"    // Binding request (RFC 8489)
	StageAllocate   StageName = "allocate"   // Allocate request (RFC 8656)
	StagePermission StageName = "permission" // CreatePermission request
	StageSend       StageName = "send"       // Binding request to the peer and its response, in Send and Data indications
	StageBind       StageName = "bind"       // ChannelBind request
	StageChannel    StageName = "channel"    // Binding request to the peer and its response, as ChannelData
	StageRefresh    StageName = "refresh"    // Refresh request
	StageRelease    StageName = "release"    // Refresh request with lifetime 0
	StageSample     StageName = "sample"     // further Binding requests, timed
)

var stageOrder = []StageName{
	StageConfig, StageDNS, StageConnect, StageProxy, StageTLS, StageBinding, StageAllocate, StagePermission,
	StageSend, StageBind, StageChannel, StageRefresh, StageRelease, StageSample,
}

// rank is the place of the step in their order; an unknown one comes last.
func (n StageName) rank() int {
	if at := slices.Index(stageOrder, n); at >= 0 {
		return at
	}
	return len(stageOrder)
}

// throughRelay reports whether the step uses an allocated relay.
func (n StageName) throughRelay() bool {
	return StagePermission.rank() <= n.rank() && n.rank() <= StageRefresh.rank()
}

// Stage is a step of asking a server: how long it took, why it failed, what the server returned.
type Stage struct {
	Name        StageName    `json:"name"`
	DurationMs  Millis       `json:"duration_ms"`           // of the whole step
	Failure     *Failure     `json:"failure,omitempty"`     // why it failed; absent when it succeeded
	RTTMs       *Millis      `json:"rtt_ms,omitempty"`      // round trip of its first request that was answered
	Times       *Times       `json:"times,omitempty"`       // of several requests
	Certificate *Certificate `json:"certificate,omitempty"` // that the server presented, of tls
	// XOR-MAPPED-ADDRESS: how the server sees this machine, or through a relay how the peer sees the relay
	Mapped  string `json:"mapped,omitempty"`
	Relayed string `json:"relayed,omitempty"` // XOR-RELAYED-ADDRESS of a TURN server
	Realm   string `json:"realm,omitempty"`   // of its long-term credentials
	// REALM is there and empty: some clients take that for none, and cannot log in
	EmptyRealm bool `json:"emptyRealm,omitempty"`
	// attributes that a success must have (RFC 8656 §7.3, RFC 8489 §9.2.4) and this one has not, by their names there
	Lacks    []string `json:"lacks,omitempty"`
	Software string   `json:"software,omitempty"` // what the server calls itself
	Peer     string   `json:"peer,omitempty"`     // STUN server that is asked through the relay
	OwnPeer  bool     `json:"ownPeer,omitempty"`  // the peer is the TURN server itself: no STUN server was given
	// seconds that an Allocate or a Refresh granted
	LifetimeS int `json:"lifetime_s,omitempty"`
	// the time in a user name of the REST API for TURN servers: RFC 3339, UTC
	CredentialExpires string `json:"credentialExpires,omitempty"`
	// what this machine's clock said, of a step with something that expires: RFC 3339, UTC
	Clock string `json:"clock,omitempty"`
}

// Cause says why a step failed.
type Cause string

// Causes of a failure.
const (
	CauseDNS         Cause = "dns"         // the name does not resolve
	CauseRefused     Cause = "refused"     // the port is closed
	CauseTimeout     Cause = "timeout"     // no answer
	CauseUnreachable Cause = "unreachable" // no route from this machine
	CauseTLS         Cause = "tls"         // the handshake failed, or the certificate is wrong
	CauseAuth        Cause = "auth"        // the server rejected the credentials
	CauseSTUN        Cause = "stun-error"  // the server answered with an error code
	CauseProtocol    Cause = "protocol"    // something answers, and not as a STUN or TURN server does
	CauseProxy       Cause = "proxy"       // the proxy answered, and does not lead there
	CauseConfig      Cause = "config"      // URL or credentials cannot be used: nothing was sent
	CauseCancelled   Cause = "cancelled"   // the caller stopped waiting
)

// Detail is what is known of a failure beyond its [Cause].
type Detail string

// Details of a failure.
const (
	DetailURL         Detail = "url"         // config: not a STUN or TURN URL
	DetailCredentials Detail = "credentials" // config: a TURN server without user name or password
	DetailUsername    Detail = "username"    // config: the user name is too long
	DetailFamily      Detail = "family"      // config: no address of the family that was asked for

	DetailNoName    Detail = "no-name"    // dns: the name does not exist
	DetailResolver  Detail = "resolver"   // dns: the resolver did not answer
	DetailNoService Detail = "no-service" // dns: SRV says that there is no such service

	DetailAuthority    Detail = "authority"     // tls: signed by an unknown authority
	DetailIssuer       Detail = "no-issuer"     // tls: signed by an authority whose certificate was not sent
	DetailSelfSigned   Detail = "self-signed"   // tls: signed with its own key
	DetailName         Detail = "name"          // tls: the certificate is for another name
	DetailNoSAN        Detail = "no-san"        // tls: the certificate has no name in subjectAltName
	DetailExpired      Detail = "expired"       // tls: expired, by this machine's clock
	DetailNotYet       Detail = "not-yet"       // tls: not valid yet, by this machine's clock
	DetailInvalid      Detail = "invalid"       // tls: not valid for another reason
	DetailNotTLS       Detail = "not-tls"       // tls: the port does not speak TLS
	DetailAlert        Detail = "alert"         // tls: the server sent an alert that none of these is:
	DetailVersion      Detail = "version"       // tls: it has no version of TLS in common with this client
	DetailCipher       Detail = "cipher"        // tls: it has no parameters in common with this client, such as ciphers
	DetailUnknownName  Detail = "unknown-name"  // tls: it serves nothing under this name
	DetailALPN         Detail = "alpn"          // tls: it asks for a protocol by ALPN that is not that of TURN
	DetailClientCert   Detail = "client-cert"   // tls: it asks for a certificate of the client
	DetailClosed       Detail = "closed"        // tls, protocol: the server closed the connection
	DetailNotPermitted Detail = "not-permitted" // unreachable: this machine may not send there
	DetailLimited      Detail = "limited"       // unreachable: not asked, its host answered nothing so far

	DetailIntegrity Detail = "integrity"   // protocol: MESSAGE-INTEGRITY of a success does not match
	DetailMapped    Detail = "no-mapped"   // protocol: a success without a mapped address
	DetailRelayed   Detail = "no-relayed"  // protocol: a success without a relayed address
	DetailRealm     Detail = "no-realm"    // protocol: asks for credentials without REALM
	DetailNonce     Detail = "no-nonce"    // protocol: asks for credentials without NONCE
	DetailLifetime  Detail = "no-lifetime" // protocol: a success without LIFETIME
	DetailNoTime    Detail = "no-time"     // protocol: a Refresh succeeds and grants 0 s

	DetailLoop        Detail = "loop"           // stun-error 300: the servers name each other
	DetailAlternate   Detail = "alternate"      // stun-error 300: the server that it names cannot be asked
	DetailElsewhere   Detail = "elsewhere"      // protocol: answers from another address than the one asked
	DetailWeb         Detail = "web"            // protocol: a web server answers
	DetailSSH         Detail = "ssh"            // protocol: an SSH server answers
	DetailTLSPort     Detail = "tls-port"       // protocol: the port is for TLS
	DetailProxyHeader Detail = "proxy-protocol" // protocol: it answers behind a header of the PROXY protocol only
	DetailAltered     Detail = "altered"        // protocol: what came through the relay is not a response of a STUN server
)

// Failure is why a step of asking a server failed.
type Failure struct {
	Cause     Cause  `json:"cause"`
	Detail    Detail `json:"detail,omitempty"`
	Code      int    `json:"code,omitempty"`      // STUN error code (RFC 8489 §14.8)
	Status    int    `json:"status,omitempty"`    // HTTP status of a proxy
	Reason    string `json:"reason,omitempty"`    // the server's reason phrase, or the system's error
	Alternate string `json:"alternate,omitempty"` // ip:port that the server names instead, with code 300
	Requests  int    `json:"requests,omitempty"`  // requests sent without an answer
	Bytes     int    `json:"bytes,omitempty"`     // bytes of an answer that did not become whole
}

// String is the failure in the terms of the vocabulary, for logs and errors.
func (f *Failure) String() string {
	words := []string{string(f.Cause), "", string(f.Detail), f.Reason}
	if f.Code != 0 {
		words[1] = strconv.Itoa(f.Code)
	}
	return strings.Join(slices.DeleteFunc(words, func(word string) bool { return word == "" }), " ")
}

// Certificate is what the certificate of a server says.
type Certificate struct {
	Version   string   `json:"version,omitempty"` // "TLS 1.3", "DTLS 1.2", of a handshake that succeeded
	Cipher    string   `json:"cipher,omitempty"`  // IANA name of the cipher suite
	Name      string   `json:"name"`              // subject
	Names     []string `json:"names,omitempty"`   // host names and addresses that it is for, the first of them
	Issuer    string   `json:"issuer"`            // who signed it
	NotBefore string   `json:"notBefore"`         // RFC 3339, UTC
	NotAfter  string   `json:"notAfter"`          // RFC 3339, UTC
}
