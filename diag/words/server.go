package words

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"dialtone/diag"
	"dialtone/diag/judge"
	"dialtone/diag/nat"
)

// stageLabels are what the steps of asking a server are called.
var stageLabels = map[diag.StageName]string{
	diag.StageConfig: "configuration", diag.StageDNS: "DNS", diag.StageConnect: "connect",
	diag.StageProxy: "proxy", diag.StageTLS: "TLS handshake",
	diag.StageBinding: "Binding", diag.StageAllocate: "Allocate", diag.StagePermission: "CreatePermission",
	diag.StageSend: "data by Send", diag.StageBind: "ChannelBind", diag.StageChannel: "data by ChannelData",
	diag.StageRefresh: "Refresh", diag.StageRelease: "release", diag.StageSample: "round trips",
}

// StageLabel is what a step of asking a server is called.
func StageLabel(name diag.StageName) string {
	return diag.Clean(cmp.Or(stageLabels[name], string(name), "unknown step"), 40)
}

// ServerHeadline is the outcome of asking a server, in a few words: an address, or why there is none.
func ServerHeadline(s *diag.Server) string {
	switch s.State() {
	case diag.ServerWorks:
		if s.TURN {
			return "relayed transport address " + diag.Clean(s.Relayed(), 60)
		}
		return "mapped address " + diag.Clean(s.Mapped(), 60)
	case diag.ServerFailed:
		what, _ := serverFailure(s)
		return what
	case diag.ServerUnknown:
		return "not known: it was cancelled"
	case diag.ServerAsking:
	}
	return "in progress"
}

// Server is what asking a server for a call gave, in a line: round trip and addresses, or why it failed and the next
// step.
func Server(s diag.Server) string {
	var parts []string
	add := func(label, text string) {
		if text != "" {
			parts = append(parts, label+diag.Clean(text, 500))
		}
	}
	if s.State() != diag.ServerWorks {
		if stage := s.Failed(); stage != nil {
			add("failed at ", StageLabel(stage.Name))
		}
		add("", ServerHeadline(&s))
		add("", ServerAdvice(&s))
		return strings.Join(parts, " · ")
	}
	if rtt := s.RTT(); rtt != nil {
		add("", millis(*rtt))
	}
	add("mapped address ", s.Mapped())
	add("relayed transport address ", s.Relayed())
	return strings.Join(parts, " · ")
}

// ServerAdvice is the next step for a server that failed; empty when it did not.
func ServerAdvice(s *diag.Server) string {
	if s.Failed() == nil {
		return ""
	}
	_, advice := serverFailure(s)
	return advice
}

// ServerFacts are what is known of a server beyond its headline, a fact each.
func ServerFacts(s *diag.Server) []string {
	var out []string
	add := func(label, text string) {
		if text != "" {
			out = append(out, label+diag.Clean(text, 200))
		}
	}
	if !strings.Contains(s.URL, ":"+s.Address) {
		add("address ", s.Address)
	}
	add("named by DNS SRV: ", s.SRV)
	add("through the proxy ", s.Proxy)
	for _, stage := range s.Stages {
		if stage.Failure == nil && stage.DurationMs > 0 && stage.Times == nil && stage.RTTMs == nil {
			out = append(out, StageLabel(stage.Name)+" "+millis(stage.DurationMs))
		}
	}
	switch t := s.Times(); {
	case t == nil && s.TURN && s.RTT() != nil:
		out = append(out, "round trip "+millis(*s.RTT()))
	case t != nil:
		text := "round trip " + millis(t.MedianMs)
		if t.Sent > 1 {
			text += fmt.Sprintf(" (minimum %s, jitter %s, %d of %d lost)", millis(t.MinMs), millis(t.JitterMs), t.Lost, t.Sent)
		}
		out = append(out, text)
	}
	if c := s.Certificate(); c != nil {
		day, _, _ := strings.Cut(c.NotAfter, "T")
		add("", Join(" ", c.Version, "certificate of", c.Name, "issued by", c.Issuer, "valid until", day))
	}
	if peer, _ := s.Peer(); peer != "" && s.Seen() != "" {
		add("bytes came back from "+diag.Clean(peer, 60)+", which saw the relay at ", s.Seen())
	}
	if r := s.Stage(diag.StageRefresh); r != nil && r.Failure == nil {
		out = append(out, fmt.Sprintf("extended for %d s", r.LifetimeS))
	}
	if s.OK() {
		add("then ", ServerStopped(s))
	}
	add("software ", s.Software())
	return out
}

// ServerLine is a server in one line.
func ServerLine(row nat.ServerRow) string { return ServerName(row) + ": " + ServerResult(row) }

// ServerName is the URL of a server, and the transport that it was asked over.
func ServerName(row nat.ServerRow) string {
	name := diag.Clean(row.URL, 400)
	if row.Transport != "" {
		name += " over " + strings.ToUpper(diag.Clean(row.Transport, 20))
	}
	return name
}

// ServerResult is what a server returned, and what is known of it.
func ServerResult(row nat.ServerRow) string {
	parts := append([]string{ServerHeadline(&row.Server)}, ServerFacts(&row.Server)...)
	if grade := Grade(row); grade != "" {
		parts = append(parts, grade)
	}
	return strings.Join(parts, ", ")
}

// ServerStopped is where a relay that was allocated failed, and why; empty when it did not.
func ServerStopped(s *diag.Server) string {
	stopped := s.Stopped()
	if stopped == nil {
		return ""
	}
	what, _ := failure(s, stopped)
	return "failed at " + StageLabel(stopped.Name) + ": " + what
}

// ExplainServer explains a server of a call in full sentences, with the next step.
func ExplainServer(s diag.Server) string { return ServerSentence(nat.ServerRow{Server: s}) }

// ServerSentence explains a server of a diagnosis in full sentences, with the next step.
func ServerSentence(row nat.ServerRow) string {
	url := diag.Clean(row.URL, 300)
	switch row.State() {
	case diag.ServerFailed:
		return Join(" ", url+" failed: "+ServerHeadline(&row.Server)+".", ServerAdvice(&row.Server))
	case diag.ServerWorks:
	case diag.ServerAsking, diag.ServerUnknown:
		return url + " is " + ServerHeadline(&row.Server) + "."
	}
	text := url + " reports the mapped address " + diag.Clean(row.Mapped(), 60) + "."
	if row.TURN {
		text = url + " allocated the relayed transport address " + diag.Clean(row.Relayed(), 60) + "."
	}
	switch {
	case row.Stopped() != nil:
		text += " It " + ServerStopped(&row.Server) + "."
	case row.Took(diag.StageChannel) != nil:
		text += " Bytes came back through it as Send indication and as ChannelData: it carries calls when no direct path " +
			"works."
	case row.TURN:
		text += " Whether it carries bytes was not tested."
	case row.Outlier:
		text += " Most servers report another mapped address, so this one is not believed."
	case row.Grade == nat.GradeRFC5780:
		text += " It supports RFC 5780: it answers from a second address when asked to, which shows the filtering of the NAT."
	case row.Grade == nat.GradeBasic:
		text += " It supports basic STUN only, so filtering cannot be tested with it (" + basic(*row.Basic) + ")."
	}
	return text
}

// Grade is what STUN a server supports; empty when that is not known.
func Grade(row nat.ServerRow) string {
	switch {
	case row.Outlier:
		return "outlier: most servers report another mapped address"
	case row.Grade == nat.GradeRFC5780:
		return "supports RFC 5780"
	case row.Grade == nat.GradeBasic && row.Basic != nil:
		return "basic STUN only (" + basic(*row.Basic) + ")"
	}
	return ""
}

// basic says why a server counts as one of basic STUN.
func basic(b nat.Basic) string {
	other := "OTHER-ADDRESS " + diag.Clean(b.Other, 60)
	switch b.Why {
	case nat.BasicSilent:
		return "it does not answer"
	case nat.BasicNoOther:
		return "no OTHER-ADDRESS"
	case nat.BasicOtherFamily:
		return other + " is of another address family"
	case nat.BasicSameIP:
		return other + " has the IP address that was asked (RFC 5780 §7.4)"
	case nat.BasicSamePort:
		return other + " has the port that was asked"
	case nat.BasicNotPublic:
		return other + " is not public"
	case nat.BasicNoOrigin:
		return "no RESPONSE-ORIGIN"
	case nat.BasicWrongOrigin:
		return fmt.Sprintf("RESPONSE-ORIGIN %s is not the address that it answers from, %s", diag.Clean(b.Origin, 60),
			diag.Clean(b.From, 60))
	}
	return diag.Clean(string(b.Why), 60)
}

// millis writes milliseconds with a tenth.
func millis(m diag.Millis) string { return fmt.Sprintf("%.1f ms", m.Duration().Seconds()*1e3) }

// serverFailure is why a server failed, and the next step.
func serverFailure(s *diag.Server) (what, advice string) { return failure(s, s.Failed()) }

// failure is why a step failed, as a clause, and the next step, as a sentence.
func failure(s *diag.Server, stage *diag.Stage) (what, advice string) {
	if stage == nil || stage.Failure == nil {
		return "it did not answer", ""
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
	return diag.Clean(what, 400), diag.Clean(advice, 400)
}

// failing is a failure while it is put into words.
type failing struct {
	server *diag.Server
	stage  *diag.Stage
	*diag.Failure
	url, at string
}

// whereOf is host:port of a server, as its URL or DNS SRV names it.
func whereOf(s *diag.Server) string {
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

// overUDP reports whether the transport is UDP or DTLS.
// transport is UDP, TCP, TLS or DTLS.
func (f failing) transport() string {
	return strings.ToUpper(cmp.Or(diag.Clean(f.server.Transport, 20), "udp"))
}

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

// maxNames is how many names of a certificate are listed.
const maxNames = 3

func (f failing) tls() (what, advice string) {
	certificate, validity := "the server's certificate", ""
	var names []string
	if c := f.stage.Certificate; c != nil {
		names = c.Names[:min(len(c.Names), maxNames)]
		if len(c.Names) > maxNames {
			names = append(slices.Clone(names), "…")
		}
		from, _, _ := strings.Cut(c.NotBefore, "T")
		to, _, _ := strings.Cut(c.NotAfter, "T")
		certificate += fmt.Sprintf(" %s (issued by %s, valid until %s)", c.Name, c.Issuer, to)
		validity = fmt.Sprintf(": it is valid from %s to %s", from, to)
	}
	switch f.Detail {
	case diag.DetailAuthority:
		return certificate + " is signed by an unknown authority", "Install a certificate of a public authority, with " +
			"its intermediate certificates, on " + f.at + ", or trust its authority with --ca."
	case diag.DetailName:
		what = certificate + " is not for " + f.Reason
		if len(names) > 0 {
			what = certificate + " is for " + strings.Join(names, ", ") + ", not for " + f.Reason
		}
		return what,
			"Use a name that the certificate is for, or install a certificate for this one on " + f.at + "."
	case diag.DetailExpired:
		return certificate + " has expired or is not valid yet" + validity,
			"Renew the certificate of " + f.at + ", and check this machine's clock."
	case diag.DetailInvalid:
		return certificate + " is not valid: " + f.Reason, "Install another certificate on " + f.at + "."
	case diag.DetailNotTLS:
		return f.at + " answers, but does not speak TLS",
			fmt.Sprintf("Use the server's TLS port (usually 5349), or %s: without TLS.", f.plain())
	case diag.DetailAlert:
		return "the server rejected the TLS handshake: " + f.Reason,
			"Check the TLS configuration of " + f.at + ": versions, ciphers, certificate."
	case diag.DetailClosed:
		return "the server closed the connection during the TLS handshake",
			"Check that " + f.at + " is the server's TLS port and that its certificate is configured."
	default:
		return "the TLS handshake failed: " + cmp.Or(f.Reason, "unknown error"),
			fmt.Sprintf("Check that %s speaks TLS, or use %s: without it.", f.at, f.plain())
	}
}

func (f failing) timeout() (what, advice string) {
	what = fmt.Sprintf("no answer from %s over %s", f.at, f.transport())
	if f.stage.Peer != "" {
		what = "no bytes came back through the relay from " + f.stage.Peer
	}
	switch {
	case f.Cause == diag.CauseCancelled:
		what += fmt.Sprintf(" within the %s until the call ended", Duration(f.server.DurationMs().Duration()))
		return what, "Check host, port and transport of " + f.url + ", and that no firewall drops the answers; " +
			"a longer call would know more."
	case f.stage.Name == diag.StageConnect:
		advice = "Check the address of " + f.url + ": a firewall drops the connection, or the machine is down."
	case f.stage.Name == diag.StageTLS && !f.overUDP():
		what = f.at + " accepted the connection and did not answer the TLS handshake"
		advice = "Check that " + f.at + " is the server's TLS port (usually 5349)."
	case !f.overUDP() && f.stage.Peer == "":
		what = f.at + " accepted the connection and did not answer"
		advice = fmt.Sprintf("Check that a %s server listens at %s.", f.kind(), f.at)
	default:
		advice = "Check host and port of " + f.url + "; if a firewall blocks UDP, use ?transport=tcp or turns: on port 443."
	}
	if f.Requests > 0 {
		what += fmt.Sprintf(" (%s", Count(f.Requests, "request", "requests"))
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
	advice = "Check port and transport of " + f.url + ", and that the server runs."
	if f.overUDP() {
		return "the UDP port of " + f.at + " is closed (ICMP unreachable)", advice
	}
	return f.at + " refused the TCP connection", advice
}

func (f failing) unreachable() (what, advice string) {
	if f.Detail == diag.DetailNotPermitted {
		return "this machine is not permitted to send to " + f.at + ": " + f.Reason, "Check the firewall of this machine."
	}
	return "no route to " + f.at + ": " + cmp.Or(f.Reason, "unknown error"),
		"Check this machine's network; for an IPv6 address, check that it has IPv6."
}

func (f failing) protocol() (what, advice string) {
	advice = fmt.Sprintf("Check that %s is a %s server over %s", f.at, f.kind(), f.transport())
	if f.server.Transport == "tcp" {
		advice += fmt.Sprintf("; if the port is for TLS, use %ss:", f.scheme())
	}
	advice += "."
	unusable := fmt.Sprintf("%s answers, but not as a %s server does: ", f.at, f.kind())
	switch f.Detail {
	case diag.DetailIntegrity:
		return "the server accepted user name and password, but MESSAGE-INTEGRITY of its answer does not match",
			"Compare with turns: over TLS: either a proxy or an ALG changes messages, or the server is broken."
	case diag.DetailMapped:
		return unusable + "a success without a mapped address", advice
	case diag.DetailRelayed:
		return unusable + "a success without a relayed transport address", advice
	case diag.DetailRealm:
		return unusable + "it requires credentials without naming realm or nonce", advice
	case diag.DetailElsewhere:
		return unusable + "the answer came from " + f.Reason + ", and not from the address that was asked", advice
	case diag.DetailAltered:
		return "what came back through the relay is not an answer of a STUN server", "Ask another STUN server through the " +
			"relay."
	case diag.DetailClosed:
		return f.at + " closed the connection instead of answering", advice
	default:
		return unusable + cmp.Or(f.Reason, "unknown error"), advice
	}
}

// codeNames are what the registry calls error codes (IANA "STUN Error Codes").
var codeNames = map[int]string{
	300: "Try Alternate", 400: "Bad Request", 401: "Unauthenticated", 403: "Forbidden", 405: "Mobility Forbidden",
	420: "Unknown Attribute", 437: "Allocation Mismatch", 438: "Stale Nonce", 440: "Address Family not Supported",
	441: "Wrong Credentials", 442: "Unsupported Transport Protocol", 443: "Peer Address Family Mismatch",
	446: "Connection Already Exists", 447: "Connection Timeout or Failure", 486: "Allocation Quota Reached",
	487: "Role Conflict", 500: "Server Error", 508: "Insufficient Capacity",
}

// codeAdvice is the next step for an error code (RFC 8489 §14.8, RFC 8656 §19); %s is the URL.
var codeAdvice = map[int]string{
	400: "Check that %s is a standard STUN or TURN server, and its log: it could not read the request.",
	401: "Check the user name and password for %s; a temporary (REST) credential may have expired.",
	403: "Check the access rules of %s (coturn: allowed-peer-ip, denied-peer-ip, and the realm's users).",
	405: "Allow mobility in the configuration of %s.",
	420: "Update %s, or use another server: it does not know an attribute of the request.",
	437: "Wait until the old allocation at %s expires (at most ten minutes), and look for a NAT that reuses ports at " +
		"once.",
	438: "Check that all requests reach the same server behind %s (load balancer), and its clock.",
	440: "Enable this address family on %s, or use the other one.",
	441: "Use the user name and password that the allocation at %s was made with.",
	442: "Enable relaying over UDP on %s (coturn: no-udp-relay must not be set).",
	443: "Use peers of one address family: %s does not relay between IPv4 and IPv6.",
	446: "Wait for the other connection through %s to end.",
	447: "Check that %s can reach the peer.",
	486: "Close other sessions of this user at %s, or raise the quota (coturn: user-quota, total-quota).",
	487: "Ask %s again.",
	500: "Ask %s again, and look into its log.",
	508: "Ask %s again later, or widen its port range (coturn: min-port, max-port): no relay port is free.",
}

func (f failing) code() (what, advice string) {
	name := strings.TrimSpace(fmt.Sprintf("error %d %s", f.Code, cmp.Or(f.Reason, codeNames[f.Code])))
	advice = fmt.Sprintf("Look for error %d in the log of %s.", f.Code, f.url)
	if text, ok := codeAdvice[f.Code]; ok {
		advice = fmt.Sprintf(text, f.url)
	}
	credentials := f.stage.Name != diag.StageBinding && f.Cause == diag.CauseAuth
	switch {
	case f.Code == 401 && f.stage.Name == diag.StageBinding:
		return "the server answered with " + name, "Use another STUN server, or turn: with user name and password: " +
			f.url + " requires credentials even for STUN."
	case credentials && f.Code == 400:
		return "the server rejected the request with user name and password (" + name + ")", "Check the user name and " +
			"password for " + f.url + ": some servers (pion/turn) answer 400 instead of 401 when they are wrong."
	case credentials && f.Code == 401:
		return "the server rejected the user name or password (" + name + ")", advice
	case f.Code == 300 && f.Alternate != "":
		advice = "Use " + f.Alternate + " instead of " + f.url + "."
	case f.Code == 300:
		advice = "Use another server instead of " + f.url + ", which names none."
	}
	return "the server answered with " + name, advice
}

// expiry is the time that a user name carries, when it is past; otherwise empty.
func expiry(s *diag.Server) string {
	stage := s.Stage(diag.StageConfig)
	if stage == nil {
		return ""
	}
	until, err := time.Parse(time.RFC3339, stage.CredentialExpires)
	now, err2 := time.Parse(time.RFC3339, stage.Clock)
	if err != nil || err2 != nil || !now.After(until) {
		return ""
	}
	return until.UTC().Format("2006-01-02 15:04:05 UTC")
}

// failedText is a finding about a server that failed.
func failedText(f judge.Finding, e judge.ServerFailure) Text {
	what, advice := serverFailure(&e.Server)
	evidence := []string{}
	if stage := e.Server.Failed(); stage != nil {
		evidence = append(evidence, "step "+StageLabel(stage.Name)+", cause "+diag.Clean(string(stage.Failure.Cause), 60))
	}
	for _, same := range e.Same {
		what, _ := serverFailure(&same)
		evidence = append(evidence, diag.Clean("the same: "+same.URL+": "+what, 400))
	}
	return Text{Title: diag.Clean(f.Subject+" failed: "+what, 500) + ".", Evidence: evidence, Advice: advice}
}
