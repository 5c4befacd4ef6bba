package judge

import (
	"slices"
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/finding"
)

// RemoteCandidates is the evidence of candidates of the peer that explain why no path was found.
type RemoteCandidates struct {
	Candidates []string `json:"candidates"` // the first of them: "host udp 0.0.0.0:5000"
	N          int      `json:"n"`          // of them
	Of         int      `json:"of"`         // remote candidates in all
	Errors     []string `json:"errors,omitempty"`
	RelayOnly  bool     `json:"relayOnly,omitempty"`
	Active     bool     `json:"active,omitempty"` // the peer connects from them by itself (RFC 6544 §4.5)
}

// remoteClass is what a candidate of the peer came to in a call without a path.
type remoteClass uint8

const (
	remoteAnswering  remoteClass = iota // or not checked, for a reason that another finding names
	remoteResolved                      // a name whose addresses are candidates of their own
	remoteUnusable                      // no address or port that anything can be sent to
	remoteUnresolved                    // a name that did not resolve
	remoteMDNS                          // likewise, of mDNS
	remoteTCP
	remoteUnroutable // nothing could be sent there
	remotePrivate    // it was checked in vain, and is of a private network; or of another machine's loopback or link
	remotePublic     // it was checked in vain
	remoteClasses
)

// checks are those on all pairs of a remote candidate.
type remoteChecks struct {
	sent, failed, answered uint64
	errors                 []string
}

func checksOf(c *call.Call, id string) remoteChecks {
	var out remoteChecks
	for _, p := range c.Pairs {
		if p.RemoteCandidateID != id {
			continue
		}
		out.sent += p.RequestsSent
		out.failed += p.RequestsFailed
		out.answered += p.ResponsesReceived
		if p.SendError != "" && !slices.Contains(out.errors, p.SendError) {
			out.errors = append(out.errors, p.SendError)
		}
	}
	return out
}

func classOf(c *call.Call, r call.CandidateRow, checks remoteChecks) remoteClass {
	resolves := func(other call.CandidateRow) bool { return other.Name == r.Address }
	kind := diag.KindOfAddress(r.Address)
	switch {
	case checks.answered > 0:
		return remoteAnswering
	case !r.Reachable():
		return remoteUnusable
	case r.Protocol == "tcp":
		return remoteTCP
	case kind == diag.AddressName && slices.ContainsFunc(c.Remote, resolves):
		return remoteResolved
	case kind == diag.AddressName && checks.sent > 0:
		return remotePrivate
	case kind == diag.AddressName && strings.HasSuffix(r.Address, ".local"):
		return remoteMDNS
	case kind == diag.AddressName:
		return remoteUnresolved
	case checks.sent == 0 && checks.failed > 0:
		return remoteUnroutable
	case checks.sent == 0 && kind != diag.AddressLoopback && kind != diag.AddressLinkLocal:
		return remoteAnswering
	case kind == diag.AddressPublic:
		return remotePublic
	}
	return remotePrivate
}

// remoteFindings name what is wrong with the candidates of the peer of a call without a path. One that holds for all of
// them explains the failure. Without a local candidate nothing was checked, and none of them explains anything; nor
// where relays refuse them, unless they are private, which relays are right to refuse.
func remoteFindings(out *finding.List, c *call.Call, _ Expectation) {
	public := func(d diag.TURNRefused) bool { return !diag.PrivateAddress(d.Peer) }
	if !c.NoPath() || len(c.Local) == 0 || refusedAll(c) && slices.ContainsFunc(c.Forbidden, public) {
		return
	}
	var by [remoteClasses]RemoteCandidates
	of := 0
	var active RemoteCandidates
	for _, r := range c.Remote {
		if r.Component > 1 {
			continue // the peer does not use it beside RTP
		}
		if r.TCPType == "active" {
			active.add(r)
			continue // the peer connects from there: it is not to be checked
		}
		checks := checksOf(c, r.ID)
		class := classOf(c, r, checks)
		if class == remoteResolved {
			continue
		}
		of++
		e := &by[class]
		e.add(r)
		for _, text := range checks.errors {
			if !slices.Contains(e.Errors, text) && len(e.Errors) < maxNamed {
				e.Errors = append(e.Errors, diag.Clean(text, 120))
			}
		}
	}
	if of == 0 && active.N > 0 {
		active.Of, active.Active = active.N, true
		out.Add("ice.tcp_only", Problem, "", active)
		return
	}
	nameRemote(out, &by, of, c.Start.RelayOnly)
}

func (e *RemoteCandidates) add(r call.CandidateRow) {
	if e.N++; len(e.Candidates) < maxNamed {
		e.Candidates = append(e.Candidates, diag.Clean(r.String(), 120))
	}
}

// maxNamed is how many candidates a finding names.
const maxNamed = 4

// nameRemote makes the findings: those that do not depend on other candidates, and those about all that can be checked.
func nameRemote(out *finding.List, by *[remoteClasses]RemoteCandidates, of int, relayOnly bool) {
	add := func(id string, class remoteClass, among int) {
		if e := by[class]; e.N > 0 {
			e.Of, e.RelayOnly = of, relayOnly
			out.Add(id, finding.Graver(e.N == among), "", e)
		}
	}
	checkable := of - by[remoteUnusable].N - by[remoteUnresolved].N - by[remoteMDNS].N
	if by[remoteTCP].N == checkable {
		add("ice.tcp_only", remoteTCP, checkable)
	}
	if by[remotePrivate].N+by[remoteTCP].N == checkable {
		add("ice.remote_private", remotePrivate, by[remotePrivate].N)
	}
	add("ice.remote_unroutable", remoteUnroutable, checkable)
	add("ice.remote_unusable", remoteUnusable, of)
	add("ice.remote_unresolved", remoteUnresolved, of)
	add("ice.remote_mdns", remoteMDNS, of)
}
