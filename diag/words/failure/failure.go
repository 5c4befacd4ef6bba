// Package failure says why a STUN or TURN server, or the proxy to it, failed, and what to do.
package failure

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"

	"dialtone/diag"
)

// Of is why a server failed, as a clause, and the next step, as a sentence.
func Of(s *diag.Server) (what, advice string) { return At(s, s.Failed()) }

// At is the same of a step.
func At(s *diag.Server, stage *diag.Stage) (what, advice string) {
	if stage == nil || stage.Failure == nil {
		return "it did not answer", "Check host, port and transport of " + diag.Clean(s.URL, 300) + "."
	}
	f := failing{server: s, stage: stage, Failure: stage.Failure, url: diag.Clean(s.URL, 300), at: whereOf(s)}
	if stage.Name == diag.StageProxy || f.Cause == diag.CauseProxy {
		what, advice = f.proxy()
		return diag.Clean(what, 400), diag.Clean(advice, 400)
	}
	switch f.Cause {
	case diag.CauseConfig:
		what, advice = f.config()
	case diag.CauseDNS:
		what, advice = f.dns()
	case diag.CauseTLS:
		what, advice = f.tls()
	case diag.CauseTimeout, diag.CauseCancelled:
		what, advice = f.timeout()
	case diag.CauseRefused:
		what, advice = f.refused()
	case diag.CauseUnreachable:
		what, advice = f.unreachable()
	case diag.CauseProtocol:
		what, advice = f.protocol()
	case diag.CauseAuth, diag.CauseSTUN:
		what, advice = f.code()
	default:
		what = diag.Clean(f.String(), 200)
	}
	if len(s.Redirects) > 0 && f.Code != 300 {
		what = "it redirects to " + s.Address + " (300), and there " + what
		switch f.Cause {
		case diag.CauseRefused, diag.CauseTimeout, diag.CauseUnreachable:
			advice = "Fix the redirect of " + f.url + " (coturn: alternate-server), or the server that it names."
		default:
		}
	}
	advice = cmp.Or(advice, "Check the URL "+f.url+", and the log of the server there.")
	return diag.Clean(what, 400), diag.Clean(advice, 400)
}

// failing is a failure while it is put into words.
type failing struct {
	server *diag.Server
	stage  *diag.Stage
	*diag.Failure
	url, at string
}

// whereOf is host:port of a server, as its URL or DNS SRV names it; of one that redirects, where that leads.
func whereOf(s *diag.Server) string {
	if len(s.Redirects) > 0 {
		return diag.Clean(s.Address, 300)
	}
	_, rest, _ := strings.Cut(s.URL, ":")
	rest, _, _ = strings.Cut(rest, "?")
	return diag.Clean(cmp.Or(s.SRV, rest, s.Address), 300)
}

// kind is STUN or TURN.
func (f failing) kind() string {
	if strings.HasPrefix(f.server.URL, "turn") {
		return "TURN"
	}
	return "STUN"
}

// scheme is that of the URL.
func (f failing) scheme() string {
	scheme, _, _ := strings.Cut(f.server.URL, ":")
	return diag.Clean(scheme, 10)
}

// plain is the scheme without TLS.
func (f failing) plain() string { return strings.TrimSuffix(f.scheme(), "s") }

// transport is UDP, TCP, TLS or DTLS.
func (f failing) transport() string {
	return strings.ToUpper(cmp.Or(diag.Clean(f.server.Transport, 20), "udp"))
}

// overUDP reports whether the transport is UDP or DTLS.
func (f failing) overUDP() bool { return f.server.Transport == "udp" || f.server.Transport == "dtls" }

func (f failing) config() (what, advice string) {
	switch f.Detail {
	case diag.DetailURL:
		return "invalid URL: " + f.Reason, "Write stun:HOST, or turn:HOST with user name and password; HOST may be " +
			"host:port, followed by ?transport=udp or ?transport=tcp."
	case diag.DetailCredentials:
		return "a TURN server requires user name and password", "Set both for " + f.url + ": --ice-user and --ice-pass."
	case diag.DetailUsername:
		return "the user name is longer than 508 bytes", "Use the user name of the account at " + f.url + "."
	case diag.DetailFamily:
		return f.at + " has no address of the requested family",
			"Leave out -4 or -6, or ask from an address of the other family."
	default:
		return diag.Clean(f.String(), 200), ""
	}
}

func (f failing) dns() (what, advice string) {
	host := f.at
	if i := strings.LastIndexByte(host, ':'); i > 0 && !strings.HasSuffix(host, "]") {
		host = host[:i]
	}
	switch f.Detail {
	case diag.DetailNoName:
		return "the name " + host + " does not exist", "Check the spelling of the host name " + host + "."
	case diag.DetailResolver:
		return "the DNS resolver did not answer for " + host,
			"Check the DNS server and the network of this machine, or use the server's IP address."
	case diag.DetailNoService:
		return fmt.Sprintf("DNS SRV says that %s has no %s service over %s", host, f.kind(), f.transport()),
			"Use a transport that the server supports, or add the port to the URL to ask nevertheless."
	default:
		return fmt.Sprintf("the name %s could not be resolved: %s", host, cmp.Or(f.Reason, "unknown error")),
			"Check the DNS server of this machine, or use the server's IP address."
	}
}

// resolved is the address that was asked if it is that of a name and explains something: one of IPv6, as that of IPv4
// may answer, or one of this machine or of none.
func (f failing) resolved() string {
	to, err := netip.ParseAddrPort(f.server.Address)
	ip := to.Addr().Unmap()
	if err != nil || ip.Is4() && !ip.IsUnspecified() && !ip.IsLoopback() || strings.Contains(f.at, ip.String()) {
		return ""
	}
	return " (" + ip.String() + ")"
}

// blocked is the next step for a name that a filter keeps from being reached; empty for others.
func (f failing) blocked() string {
	to, err := netip.ParseAddrPort(f.server.Address)
	if err != nil || !to.Addr().IsUnspecified() || f.resolved() == "" {
		return ""
	}
	return "Check the DNS server of this machine: " + to.Addr().String() + " is the address of no server, and filters " +
		"(blocklists) answer so."
}

func (f failing) timeout() (what, advice string) {
	what = fmt.Sprintf("no answer from %s%s over %s", f.at, f.resolved(), f.transport())
	through := f.stage.Name == diag.StageSend || f.stage.Name == diag.StageChannel
	if through {
		what = "no bytes came back through the relay from " + f.stage.Peer
	}
	switch {
	case f.Cause == diag.CauseCancelled:
		what += fmt.Sprintf(" within the %.1f s until the call ended", f.server.DurationMs().Duration().Seconds())
		return what, "Check host, port and transport of " + f.url + ", and that no firewall drops the answers; " +
			"a longer call would know more."
	case f.stage.Name == diag.StageConnect:
		advice = "Check the address of " + f.url + ": a firewall drops the connection, or the machine is down."
	case f.stage.Name == diag.StageTLS && !f.overUDP():
		what = f.at + " accepted the connection and did not answer the TLS handshake"
		advice = "Check that " + f.at + " is the server's TLS port (usually 5349)."
	case !f.overUDP() && !through:
		what = f.at + " accepted the connection and did not answer"
		advice = fmt.Sprintf("Check that a %s server listens at %s.", f.kind(), f.at)
	default:
		advice = "Check host and port of " + f.url + "; if a firewall blocks UDP, use ?transport=tcp or turns: on port 443."
	}
	if f.Requests > 0 {
		what += fmt.Sprintf(" (%d request%s", f.Requests, strings.Repeat("s", min(f.Requests-1, 1)))
		if f.stage.DurationMs > 0 {
			what += fmt.Sprintf(" in %.1f s", f.stage.DurationMs.Duration().Seconds())
		}
		if f.Bytes > 0 {
			what += fmt.Sprintf(", %d bytes of an answer", f.Bytes)
		}
		what += ")"
	}
	return what, advice
}

func (f failing) refused() (what, advice string) {
	advice = cmp.Or(f.blocked(), "Check port and transport of "+f.url+", and that the server runs.")
	if f.overUDP() {
		return "the UDP port of " + f.at + f.resolved() + " is closed, or a firewall rejects UDP (ICMP port unreachable)",
			advice
	}
	return f.at + f.resolved() + " refused the TCP connection", advice
}

func (f failing) unreachable() (what, advice string) {
	if f.Detail == diag.DetailLimited {
		return f.at + " was not asked: its host has not answered the packets that it may be sent",
			"Name fewer servers at one host, or check that one of them answers."
	}
	if f.Detail == diag.DetailNotPermitted {
		return "this machine is not permitted to send to " + f.at + ": " + f.Reason, "Check the firewall of this machine."
	}
	what = "no route to " + f.at + f.resolved()
	if f.overUDP() {
		what += ", or a firewall rejects UDP"
	}
	return what + ": " + cmp.Or(f.Reason, "unknown error"),
		"Check this machine's network; for an IPv6 address, check that it has IPv6."
}

const updateTURN = "Update the TURN server, or use another."

func (f failing) protocol() (what, advice string) {
	advice = fmt.Sprintf("Check that %s is a %s server over %s", f.at, f.kind(), f.transport())
	if f.server.Transport == "tcp" {
		advice += fmt.Sprintf("; if the port is for TLS, use %ss:", f.scheme())
	}
	advice += "."
	as := f.kind()
	if f.stage.Name == diag.StageBinding {
		as = "STUN"
	}
	unusable := fmt.Sprintf("%s answers, but not as a %s server does: ", f.at, as)
	switch f.Detail {
	case diag.DetailIntegrity:
		return "the server accepted user name and password, but MESSAGE-INTEGRITY of its answer does not match",
			"Compare with turns: over TLS: either a proxy or an ALG changes messages, or the server is broken."
	case diag.DetailMapped:
		return unusable + "a success without a mapped address", advice
	case diag.DetailRelayed:
		return unusable + "a success without a relayed transport address", advice
	case diag.DetailLifetime:
		return "the server allocated a relay without LIFETIME, which libwebrtc and pion do not use", updateTURN
	case diag.DetailRealm, diag.DetailNonce:
		missing := map[diag.Detail]string{diag.DetailRealm: "REALM", diag.DetailNonce: "NONCE"}[f.Detail]
		return "it requires credentials and sends no " + missing + ", so no client can log in",
			"Check the realm and the authentication in the configuration of " + f.url + " (coturn: realm, lt-cred-mech)."
	case diag.DetailNoTime:
		return "the server accepted it and granted 0 s, which ends the allocation", updateTURN
	case diag.DetailElsewhere:
		return unusable + "the answer came from " + f.Reason + ", and not from the address that was asked", advice
	case diag.DetailWeb, diag.DetailSSH, diag.DetailTLSPort, diag.DetailProxyHeader:
		return f.frontend()
	case diag.DetailAltered:
		return "what came back through the relay is not an answer of a STUN server", "Ask another STUN server through the " +
			"relay."
	case diag.DetailClosed:
		return f.at + " closed the connection instead of answering", advice
	default:
		return unusable + cmp.Or(f.Reason, "unknown error"), advice
	}
}
