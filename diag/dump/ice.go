package dump

import (
	"cmp"
	"net"
	"regexp"
	"strconv"
	"strings"

	"dialtone/diag"
	"dialtone/diag/iceurl"
)

// candidates are those of a connection: what the trace and the statistics say of each is joined by its address.
type candidates struct {
	byKey  map[string]int    // the fact of a candidate, by its side, protocol, address and port
	byStat map[string]string // ID of a candidate, by that of its statistics
	named  map[string]string // how it is written, by its ID
	failed map[string]bool   // failures of servers that are reported
}

// traceICE takes candidates and what became of gathering them.
func (c *conn) traceICE(e entry, name string) bool {
	switch name {
	case "icecandidate", "addicecandidate":
		side := diag.Local
		if name == "addicecandidate" {
			side = diag.Remote
		}
		if line := text(member(e.value, "candidate"), 1000); line != "" {
			c.candidate(e.at, side, line, text(member(e.value, "url"), 300))
		}
	case "icecandidateerror":
		c.candidateError(e.at, e.value)
	case "addicecandidateonsuccess", "negotiationneeded", "renegotiationneeded":
	default:
		return false
	}
	return true
}

// candidate takes a candidate as the grammar of RFC 8839 §5.1 writes it.
func (c *conn) candidate(at float64, side diag.Side, line, url string) {
	d, ok := parseCandidate(line)
	if !ok {
		return
	}
	d.Side, d.URL = side, url
	d.UsernameFragment = cmp.Or(d.UsernameFragment, c.ufrag[side])
	c.putCandidate(at, d)
}

func parseCandidate(line string) (diag.Candidate, bool) {
	f := strings.Fields(strings.TrimPrefix(strings.TrimPrefix(line, "a="), "candidate:"))
	if len(f) < 8 || f[6] != "typ" {
		return diag.Candidate{}, false
	}
	component, err1 := strconv.ParseUint(f[1], 10, 16)
	priority, err2 := strconv.ParseUint(f[3], 10, 32)
	port, err3 := strconv.ParseUint(f[5], 10, 16)
	if err1 != nil || err2 != nil || err3 != nil {
		return diag.Candidate{}, false
	}
	d := diag.Candidate{
		Foundation: diag.Clean(f[0], 60), Component: uint16(component), Protocol: protocolOf(f[2]),
		Address: diag.Clean(f[4], 255), Port: uint16(port), CandidateType: typeOf(f[7]),
	}
	setPriority(&d, uint32(priority))
	for i := 8; i+1 < len(f); i += 2 {
		switch value := diag.Clean(f[i+1], 255); f[i] {
		case "raddr":
			d.RelatedAddress = value
		case "rport":
			n, _ := strconv.ParseUint(value, 10, 16)
			d.RelatedPort = uint16(n)
		case "tcptype":
			d.TCPType = value
		case "ufrag":
			d.UsernameFragment = value
		}
	}
	return d, d.CandidateType != ""
}

func setPriority(d *diag.Candidate, priority uint32) {
	d.Priority = priority
	d.TypePreference, d.LocalPreference = uint8(priority>>24), uint16(priority>>8&0xffff) //nolint:gosec // their bits
}

func protocolOf(s string) string {
	if strings.EqualFold(s, "udp") {
		return "udp"
	}
	return "tcp"
}

// typeOf is the type of a candidate, which old statistics name otherwise.
func typeOf(s string) diag.CandidateType {
	switch s {
	case "host", "srflx", "prflx", "relay":
		return diag.CandidateType(s)
	case "local", "hostcandidate":
		return diag.Host
	case "stun", "serverreflexive":
		return diag.Srflx
	case "peerreflexive":
		return diag.Prflx
	case "relayed":
		return diag.Relay
	}
	return ""
}

// putCandidate keeps a candidate, or completes what is known of it, and returns its ID.
func (c *conn) putCandidate(at float64, d diag.Candidate) string {
	key := strings.Join([]string{
		string(d.Side), d.Protocol, d.TCPType, net.JoinHostPort(strings.ToLower(d.Address), strconv.Itoa(int(d.Port))),
	}, " ")
	if i, known := c.candidates.byKey[key]; known {
		if i < 0 {
			return ""
		}
		old, _ := c.facts[i].data.(diag.Candidate)
		old.URL = cmp.Or(old.URL, d.URL)
		old.RelayProtocol = cmp.Or(old.RelayProtocol, d.RelayProtocol)
		old.NetworkInterface = cmp.Or(old.NetworkInterface, d.NetworkInterface)
		c.facts[i].data = old
		return old.ID
	}
	d.ID = string(d.Side) + "-" + strconv.Itoa(len(c.candidates.byKey)+1)
	c.candidates.named[d.ID] = d.String()
	c.candidates.byKey[key] = c.emit(at, d)
	return d.ID
}

// statCandidate takes a candidate of the statistics.
func (c *conn) statCandidate(s stat) {
	if c.candidates.byStat[s.id] != "" && c.candidates.named[c.candidates.byStat[s.id]] != "" {
		return
	}
	side := diag.Local
	if strings.HasPrefix(s.kind, "remote") {
		side = diag.Remote
	}
	first := func(names ...string) string {
		for _, name := range names {
			if v := text(s.values[name], 300); v != "" {
				return v
			}
		}
		return ""
	}
	port, _ := strconv.ParseUint(first("port", "portNumber"), 10, 16)
	d := diag.Candidate{
		Side: side, Component: 1, Protocol: protocolOf(first("protocol", "transport")),
		Address: first("address", "ip", "ipAddress"),
		Port:    uint16(port), CandidateType: typeOf(first("candidateType")), URL: first("url"),
		Foundation:    first("foundation"),
		RelayProtocol: first("relayProtocol"), TCPType: first("tcpType"), UsernameFragment: first("usernameFragment"),
		RelatedAddress: first("relatedAddress"),
	}
	if n, ok := number(s.values["priority"]); ok && n >= 0 && n < 1<<32 {
		setPriority(&d, uint32(n))
	}
	if d.CandidateType == "" {
		return
	}
	if d.Address == "" {
		d.Address = "unknown" // the browser hides it from the page
	}
	id := c.putCandidate(s.at, d)
	c.candidates.byStat[s.id] = id
}

// candidateError takes an icecandidateerror event (RTCPeerConnectionIceErrorEvent): what a server came to.
func (c *conn) candidateError(at float64, v any) {
	url := text(member(v, "url"), 300)
	either := func(a, b string) any {
		if m := member(v, a); m != nil {
			return m
		}
		return member(v, b)
	}
	code, _ := number(either("errorCode", "error_code"))
	reason := strings.TrimRight(text(either("errorText", "error_text"), 200), ".")
	key := url + " " + strconv.Itoa(int(code)) + " " + reason
	u, err := iceurl.Parse(url)
	configured, ok := c.asConfigured(url, u)
	if err != nil || !ok || c.candidates.failed[key] {
		return
	}
	c.candidates.failed[key] = true
	d := diag.ServerStage{URL: configured, TURN: u.Scheme.TURN(), Transport: u.Transport()}
	d.Stage = diag.Stage{Name: diag.StageBinding, Failure: failureOf(int(code), reason)}
	if d.TURN {
		d.Stage.Name = diag.StageAllocate
	}
	switch d.Stage.Failure.Cause {
	case diag.CauseDNS:
		d.Stage.Name = diag.StageDNS
	case diag.CauseUnreachable, diag.CauseRefused:
		d.Stage.Name = diag.StageConnect
	default: // as above
	}
	c.emit(at, d)
}

// asConfigured is a URL as the configuration has it: browsers report the port and the transport even if it does not.
// They ask TURN servers as STUN servers, too; false: only the page's TURN server is meant, whose own error says more.
func (c *conn) asConfigured(url string, u iceurl.URL) (string, bool) {
	relays := false
	for _, s := range servers(decoded(member(c.config, "iceServers"))) {
		v, err := iceurl.Parse(s.URL)
		switch {
		case err != nil:
		case v.String() == u.String():
			return s.URL, true
		case v.Scheme.TURN() && v.Address() == u.Address():
			relays = true
		}
	}
	return url, !relays || u.Scheme.TURN()
}

// words701 are what Chromium says in the text of error 701, which stands for all that is no answer of the server.
var words701 = []struct {
	pattern *regexp.Regexp
	cause   diag.Cause
}{
	{regexp.MustCompile(`(?i)lookup|resolve|dns|not found`), diag.CauseDNS},
	{regexp.MustCompile(`(?i)tls|certificate|ssl`), diag.CauseTLS},
	{regexp.MustCompile(`(?i)time(d)?[ -]?out`), diag.CauseTimeout},
	{regexp.MustCompile(`(?i)refused`), diag.CauseRefused},
	{regexp.MustCompile(`(?i)unreachable|family|address not`), diag.CauseUnreachable},
}

// failureOf is the failure that an error code stands for. Codes from 700 are none of STUN (W3C WebRTC §4.8.2).
func failureOf(code int, reason string) *diag.Failure {
	switch {
	case code == 400 || code == 401 || code == 441:
		return &diag.Failure{Cause: diag.CauseAuth, Code: code, Reason: reason}
	case code >= 300 && code < 700:
		return &diag.Failure{Cause: diag.CauseSTUN, Code: code, Reason: reason}
	}
	for _, w := range words701 {
		if w.pattern.MatchString(reason) {
			return &diag.Failure{Cause: w.cause, Reason: reason}
		}
	}
	return &diag.Failure{Reason: strings.TrimSpace(reason + " (error " + strconv.Itoa(code) + ")")}
}
