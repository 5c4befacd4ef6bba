package judge

import (
	"net/netip"
	"slices"
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
)

// Obstacle is the first thing that stands between the candidates and a path.
type Obstacle string

// Obstacles.
const (
	NoRelayGathered   Obstacle = "no-relay-gathered"   // relay candidates only, and no TURN server allocated one
	NoLocalCandidate  Obstacle = "no-local-candidate"  // no usable network interface
	NoRemoteCandidate Obstacle = "no-remote-candidate" // the peer signaled none
	NoPairFormed      Obstacle = "no-pair-formed"      // they fit nowhere: protocols or IP versions
	NoPairAnswered    Obstacle = "no-pair-answered"    // checks were sent, and none was answered
	NoPairUsable      Obstacle = "no-pair-usable"      // some were answered, and none could be used to the end
)

// NoPath is the evidence of a call without a path: what was gathered and tried.
type NoPath struct {
	Obstacle   Obstacle `json:"obstacle"`
	Local      []Count  `json:"local"`  // candidates by type
	Remote     []Count  `json:"remote"` // candidates by type
	Pairs      int      `json:"pairs"`  // that were checked
	Answered   int      `json:"answered"`
	Requests   uint64   `json:"requestsSent"`
	RelayOnly  bool     `json:"relayOnly,omitempty"`
	NoRelay    bool     `json:"noRelay,omitempty"`    // neither side has a relay candidate
	Configured bool     `json:"configured,omitempty"` // STUN or TURN servers were given
	RemoteMDNS bool     `json:"remoteMDNS,omitempty"` // the peer hides addresses behind .local names
	// RemoteOnly is what all candidates of the peer have in common that keeps this machine from reaching it: tcp,
	// unspecified (0.0.0.0), loopback or private; absent: nothing
	RemoteOnly string `json:"remoteOnly,omitempty"`
}

// What all remote candidates may have in common.
const (
	OnlyTCP         = "tcp"
	OnlyUnspecified = "unspecified"
	OnlyLoopback    = "loopback"
	OnlyPrivate     = "private"
)

// remoteOnly is what all signaled candidates of the peer have in common; "" for nothing.
func remoteOnly(rows []call.CandidateRow) string {
	common := func(is func(call.CandidateRow, netip.Addr) bool) bool {
		signaled := 0
		for _, r := range rows {
			addr, err := netip.ParseAddr(r.Address)
			if r.CandidateType == diag.Prflx {
				continue
			}
			if signaled++; err != nil || !is(r, addr.Unmap()) {
				return false
			}
		}
		return signaled > 0
	}
	switch {
	case common(func(r call.CandidateRow, _ netip.Addr) bool { return strings.EqualFold(r.Protocol, "tcp") }):
		return OnlyTCP
	case common(func(_ call.CandidateRow, a netip.Addr) bool { return a.IsUnspecified() }):
		return OnlyUnspecified
	case common(func(_ call.CandidateRow, a netip.Addr) bool { return a.IsLoopback() }):
		return OnlyLoopback
	case common(func(_ call.CandidateRow, a netip.Addr) bool { return a.IsPrivate() }):
		return OnlyPrivate
	}
	return ""
}

// noPath looks at what was gathered and tried.
func noPath(c *call.Call) NoPath {
	typeOf := func(r call.CandidateRow) diag.CandidateType { return r.CandidateType }
	n := NoPath{
		Local: candidates(c.Local, typeOf), Remote: candidates(c.Remote, typeOf), RelayOnly: c.Start.RelayOnly,
		RemoteOnly: remoteOnly(c.Remote),
		Configured: len(c.Servers) > 0 || len(c.Start.ICEServers) > 0,
		RemoteMDNS: slices.ContainsFunc(c.Remote,
			func(r call.CandidateRow) bool { return strings.HasSuffix(r.Address, ".local") }),
	}
	for _, p := range c.Pairs {
		n.Requests += p.RequestsSent
		if p.RequestsSent > 0 {
			n.Pairs++
		}
		if p.ResponsesReceived > 0 {
			n.Answered++
		}
	}
	both := len(c.Local) > 0 && len(c.Remote) > 0
	n.NoRelay = both && !call.HasType(c.Local, diag.Relay) && !call.HasType(c.Remote, diag.Relay)
	switch {
	case len(c.Local) == 0 && c.Start.RelayOnly:
		n.Obstacle = NoRelayGathered
	case len(c.Local) == 0:
		n.Obstacle = NoLocalCandidate
	case len(c.Remote) == 0:
		n.Obstacle = NoRemoteCandidate
	case n.Pairs == 0:
		n.Obstacle = NoPairFormed
	case n.Answered == 0:
		n.Obstacle = NoPairAnswered
	default:
		n.Obstacle = NoPairUsable
	}
	return n
}

// PathTrouble says, while a call looks for a path, what is in the way so far: the evidence that a failure would have if
// it were one now. Nil if a pair has answered, or nothing is known yet.
func PathTrouble(c *call.Call) *NoPath {
	if c.Selected != nil || len(c.Local)+len(c.Remote) == 0 ||
		slices.ContainsFunc(c.Pairs, func(p diag.Pair) bool { return p.State == diag.PairSucceeded }) {
		return nil
	}
	n := noPath(c)
	return &n
}

// Evidence about the path that was found.
type (
	// PathKind means that it is not of the kind that was expected.
	PathKind struct {
		Path   string  `json:"path"`
		Local  []Count `json:"local"`
		Remote []Count `json:"remote"`
	}
	// IPv6Lost means that both have IPv6, and all pairs of it failed.
	IPv6Lost struct {
		Failed int    `json:"failed"` // IPv6 pairs
		Path   string `json:"path"`
	}
)

// limitFindings report that limits of ICE held something back.
func limitFindings(c *call.Call, _ Expectation) []Finding {
	if c.Limits == (diag.ICELimits{}) {
		return nil
	}
	severity := Info
	if c.NoPath() {
		severity = Warn
	}
	return []Finding{{ID: "ice.limited", Severity: severity, Evidence: c.Limits}}
}

// pathFindings name that no path was found, or one that is not as expected.
func pathFindings(c *call.Call, x Expectation) []Finding {
	if c.NoPath() {
		return []Finding{{ID: "ice.no_path", Severity: Problem, Evidence: noPath(c)}}
	}
	if c.Selected == nil || c.ConnectedAt == nil || !x.check {
		return nil
	}
	typeOf := func(r call.CandidateRow) diag.CandidateType { return r.CandidateType }
	kind := PathKind{Path(c.Selected), candidates(c.Local, typeOf), candidates(c.Remote, typeOf)}
	var out []Finding
	switch relayed := c.Relayed(); {
	case relayed && x.Path == ExpectDirect:
		out = append(out, Finding{ID: "path.relay_unexpected", Severity: Problem, Evidence: kind})
	case !relayed && x.Path == ExpectRelay:
		out = append(out, Finding{ID: "path.direct_unexpected", Severity: Problem, Evidence: kind})
	}
	if lost := c.LostIPv6(); lost > 0 {
		out = append(out, Finding{ID: "path.ipv6_lost", Severity: Problem, Evidence: IPv6Lost{lost, kind.Path}})
	}
	return out
}
