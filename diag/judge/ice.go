package judge

import (
	"net/netip"
	"slices"
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/finding"
)

// Obstacle is the first thing that stands between the candidates and a path.
type Obstacle string

// Obstacles.
const (
	NoRelayGathered   Obstacle = "no-relay-gathered"   // relay candidates only, and no TURN server allocated one
	NoLocalCandidate  Obstacle = "no-local-candidate"  // no usable network interface
	NoRemoteCandidate Obstacle = "no-remote-candidate" // the peer signaled none
	NoPairFormed      Obstacle = "no-pair-formed"      // they fit nowhere: protocols, IP versions or addresses
	NoCheckSent       Obstacle = "no-check-sent"       // the operating system sent none
	NoPermission      Obstacle = "no-permission"       // no check was sent: relays refuse all addresses of the peer
	NoPairAnswered    Obstacle = "no-pair-answered"    // checks were sent, and none was answered
	NoPairUsable      Obstacle = "no-pair-usable"      // some were answered, and none could be used to the end
	NoPairKnown       Obstacle = "no-pair-known"       // the dump of a browser does not show what was tried
	PathLost          Obstacle = "path-lost"           // a pair was selected, and went silent before DTLS was done
)

// NoPath is the evidence of a call without a path: what was gathered and tried.
type NoPath struct {
	Obstacle  Obstacle        `json:"obstacle"`
	Local     []finding.Count `json:"local"`  // candidates by type
	Remote    []finding.Count `json:"remote"` // candidates by type
	Pairs     int             `json:"pairs"`  // that were checked over UDP
	Answered  int             `json:"answered"`
	Requests  uint64          `json:"requestsSent"`
	TCPPairs  int             `json:"tcpPairs,omitempty"` // that were tried over TCP
	RelayOnly bool            `json:"relayOnly,omitempty"`
	// addresses of the peer that relays refuse, and whether these are all that it has
	Refused    []diag.TURNRefused `json:"refused,omitempty"`
	RefusedAll bool               `json:"refusedAll,omitempty"`
	NoRelay    bool               `json:"noRelay,omitempty"`    // neither side has a relay candidate
	Configured bool               `json:"configured,omitempty"` // STUN or TURN servers were given; to a browser, TURN
	// how long pairs were checked; absent: none was, or it is not known
	CheckedMs *diag.Millis `json:"checked_ms,omitempty"`
	Heard     int          `json:"heard,omitempty"` // pairs on which the peer sent checks, if it answered none
	Here      bool         `json:"here,omitempty"`  // all addresses of the peer are of this machine
	Early     bool         `json:"early,omitempty"` // that is less than RFC 8863 §4 asks for
	Dump      bool         `json:"dump,omitempty"`  // the call is of a browser's dump
	// the HTTP status by which the server says that it does not know the session that came with its answer
	NoSession int `json:"noSession,omitempty"`
	// the mapped address of both peers: they are behind one NAT
	Shared string `json:"sharedAddress,omitempty"`
	// why candidates of the peer could not be used at all, of the first of them
	Unusable []string `json:"unusable,omitempty"`
	// another finding says what is wrong with all candidates of the peer
	Explained bool `json:"explained,omitempty"`
	// the peer has candidates of one version of IP only, and this machine of the other: 4 or 6
	RemoteVersion int `json:"remoteVersion,omitempty"`
}

// remoteVersion is the version of IP of all candidates of the peer, if this machine has candidates of the other only;
// 0: it is not so, or not known.
func remoteVersion(c *call.Call) int {
	version := func(rows []call.CandidateRow) (v int) {
		for _, r := range rows {
			a, err := netip.ParseAddr(r.Address)
			is := 4
			if a = a.Unmap(); a.Is6() {
				is = 6
			}
			if err != nil || v != 0 && v != is {
				return 0
			}
			v = is
		}
		return v
	}
	if own, its := version(c.Local), version(c.Remote); own != 0 && own != its {
		return its
	}
	return 0
}

// unusable is why candidates of the peer could not even be parsed, or are of another description.
func unusable(c *call.Call) (why []string) {
	for _, w := range c.Warnings {
		if w.ID == "ice.candidate_unusable" && len(why) < maxNamed {
			why = append(why, w.Cause)
		}
	}
	return why
}

// sharedAddress is the mapped address that both peers have, by their candidates; empty: none.
func sharedAddress(c *call.Call) string {
	for _, l := range c.Local {
		if l.CandidateType == diag.Srflx && slices.ContainsFunc(c.Remote, func(r call.CandidateRow) bool {
			return r.CandidateType == l.CandidateType && r.Address == l.Address
		}) {
			return diag.Clean(l.Address, 60)
		}
	}
	return ""
}

// refusedAll reports whether relays refuse every address of the peer.
func refusedAll(c *call.Call) bool {
	return len(c.Remote) > 0 && !slices.ContainsFunc(c.Remote, func(r call.CandidateRow) bool {
		return !slices.ContainsFunc(c.Forbidden, func(d diag.TURNRefused) bool { return d.Peer.String() == r.Address })
	})
}

// noPath looks at what was gathered and tried.
func noPath(c *call.Call) NoPath {
	typeOf := func(r call.CandidateRow) diag.CandidateType { return r.CandidateType }
	n := NoPath{
		Local: finding.Candidates(c.Local, typeOf), Remote: finding.Candidates(c.Remote, typeOf),
		RelayOnly: c.Start.RelayOnly, Configured: len(c.Servers) > 0 || len(c.Start.ICEServers) > 0,
		Dump: c.Browser != nil, Refused: c.Forbidden, RefusedAll: refusedAll(c), Shared: sharedAddress(c),
	}
	if n.Dump {
		n.Configured = slices.ContainsFunc(c.Start.ICEServers, func(s diag.ICEServer) bool {
			return strings.HasPrefix(s.URL, "turn")
		})
	}
	for _, r := range c.Signal.Side {
		if r.Code == "bye" && sessionUnknown(r.Status) {
			n.NoSession = r.Status
		}
	}
	n.Here = len(c.Remote) > 0 && !slices.ContainsFunc(c.Remote, func(r call.CandidateRow) bool {
		return !c.IsOwn(r.Address)
	})
	n.NoRelay = len(c.Local) > 0 && len(c.Remote) > 0 &&
		!call.HasType(c.Local, diag.Relay) && !call.HasType(c.Remote, diag.Relay) && !pathLost(c)
	n.countPairs(c)
	if began, known := c.CheckingAt(); known && c.NoPath() && n.Pairs+n.TCPPairs > 0 {
		checked := c.FailedAt() - began
		n.CheckedMs, n.Early = new(diag.Millis(checked)), checked < diag.PatientTime && !pathLost(c)
	}
	n.Obstacle = n.obstacle(c)
	return n
}

// pathLost reports whether a path had been found when the call failed for want of one.
func pathLost(c *call.Call) bool {
	return c.Selected != nil && c.ConnectedAt == nil && c.Browser == nil
}

// countPairs counts the pairs that were tried, and what came of them.
func (n *NoPath) countPairs(c *call.Call) {
	for _, p := range c.Pairs {
		local := c.LocalCandidate(p.LocalCandidateID)
		switch {
		case local != nil && local.Protocol == "tcp":
			n.TCPPairs++
		case p.RequestsSent > 0:
			n.Pairs++
			n.Requests += p.RequestsSent
		}
		if p.ResponsesReceived > 0 {
			n.Answered++
		}
		if p.RequestsReceived > 0 {
			n.Heard++
		}
	}
	if n.Answered > 0 {
		n.Heard = 0
	}
}

// obstacle is the first thing that was missing, by what n says of candidates and pairs.
func (n *NoPath) obstacle(c *call.Call) Obstacle {
	untried := n.Pairs+n.TCPPairs == 0
	switch {
	case pathLost(c):
		return PathLost
	case len(c.Local) == 0 && n.RelayOnly:
		return NoRelayGathered
	case n.Dump && untried && (len(c.Local) == 0 || len(c.Remote) > 0 || c.Browser.Start.Partial):
		return NoPairKnown // browsers do not report each check, and a dump may have no statistics
	case len(c.Local) == 0:
		return NoLocalCandidate
	case len(c.Remote) == 0:
		return NoRemoteCandidate
	case untried && slices.ContainsFunc(c.Pairs, func(p diag.Pair) bool { return p.RequestsFailed > 0 }):
		return NoCheckSent
	case untried && n.RefusedAll:
		return NoPermission
	case untried:
		return NoPairFormed
	case n.Answered == 0:
		return NoPairAnswered
	}
	return NoPairUsable
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
		Path   string          `json:"path"`
		Local  []finding.Count `json:"local"`
		Remote []finding.Count `json:"remote"`
	}
	// IPv6Lost means that both have IPv6, and all pairs of it failed.
	IPv6Lost struct {
		Failed int    `json:"failed"` // IPv6 pairs
		Path   string `json:"path"`
	}
)

// limitFindings report that limits of ICE held something back. Checks that were only repeated less often explain
// nothing.
func limitFindings(out *finding.List, c *call.Call, _ Expectation) {
	if c.Limits == (diag.ICELimits{}) {
		return
	}
	severity := Info
	if c.NoPath() && c.Limits.Candidates > 0 {
		severity = Warn
	}
	out.Add("ice.limited", severity, "", c.Limits)
}

// pathFindings name that no path was found, or one that is not as expected.
func pathFindings(out *finding.List, c *call.Call, x Expectation) {
	if c.NoPath() {
		n := noPath(c)
		n.Unusable, n.RemoteVersion = unusable(c), remoteVersion(c)
		var remote finding.List
		remoteFindings(&remote, c, x)
		n.Explained = slices.ContainsFunc(remote, func(f Finding) bool {
			return f.Severity == Problem && f.ID != "ice.remote_private" // of private ones a relay may make a path
		})
		out.Add("ice.no_path", Problem, "", n)
		return
	}
	if c.Selected == nil || c.ConnectedAt == nil || !x.check {
		return
	}
	typeOf := func(r call.CandidateRow) diag.CandidateType { return r.CandidateType }
	kind := PathKind{Path(c.Selected), finding.Candidates(c.Local, typeOf), finding.Candidates(c.Remote, typeOf)}
	switch relayed := c.Relayed(); {
	case relayed && x.Path == ExpectDirect:
		out.Add("path.relay_unexpected", Problem, "", kind)
	case !relayed && x.Path == ExpectRelay:
		out.Add("path.direct_unexpected", Problem, "", kind)
	}
	if lost := c.LostIPv6(); lost > 0 {
		out.Add("path.ipv6_lost", Problem, "", IPv6Lost{lost, kind.Path})
	}
}
