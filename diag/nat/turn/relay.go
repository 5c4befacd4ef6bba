// Package turn judges how far the relay of a TURN server works, by what the server answered. It is pure.
package turn

import (
	"net/netip"
	"slices"

	"dialtone/diag"
)

// Relay says how far the relay of a TURN server works. It is the one rule for that: exit code, verdict, result line,
// prediction and findings all read it.
type Relay string

// Values of a [Relay].
const (
	RelayCarries    Relay = "carries"    // bytes came back through it
	RelayUntested   Relay = "untested"   // none did, and the peer that was asked through it may be the cause
	RelayRedirected Relay = "redirected" // as carries or untested, at another server; not every client goes there
	RelayFails      Relay = "fails"      // no relay, or one that carries nothing
)

// Flaw is something that is wrong with a relay that was allocated.
type Flaw string

// Flaws, those first that make a relay useless.
const (
	FlawImpossible  Flaw = "impossible-address" // no one can send to its address: 0.0.0.0, loopback, port 0
	FlawPrivate     Flaw = "private-address"    // a public server gives a private address
	FlawElsewhere   Flaw = "elsewhere"          // the peer saw it at another public address
	FlawRejected    Flaw = "rejected"           // CreatePermission was rejected
	FlawUnanswered  Flaw = "unanswered"         // CreatePermission or ChannelBind was not answered
	FlawSilent      Flaw = "silent"             // bytes were sent, and none came back
	FlawAltered     Flaw = "altered"            // what came back is not what the peer sends
	FlawNoChannel   Flaw = "no-channel"         // bytes came back by Send, and none as ChannelData
	FlawForbidden   Flaw = "forbidden"          // the peer that was tried is forbidden
	FlawPeerSilent  Flaw = "peer-silent"        // bytes were sent, none came back, and the peer may be the cause
	FlawRedirect    Flaw = "redirect"           // it is at another server, to which not every client follows
	FlawBind        Flaw = "bind-rejected"      // ChannelBind was rejected; Send goes on to work
	FlawNotExtended Flaw = "not-extended"       // Refresh failed, or granted nothing
	FlawShort       Flaw = "short"              // Refresh granted much less than Allocate
	FlawEmptyRealm  Flaw = "empty-realm"        // browsers cannot log in
	FlawIncomplete  Flaw = "incomplete"         // the answer to Allocate lacks what it must have
)

// useless are the flaws with which a relay carries no call, doubtful those with which that is not known.
var (
	useless = []Flaw{
		FlawImpossible, FlawPrivate, FlawElsewhere, FlawRejected, FlawUnanswered, FlawSilent, FlawAltered, FlawNoChannel,
	}
	doubtful = []Flaw{FlawForbidden, FlawPeerSilent}
)

// Useless reports whether a relay with this flaw carries no call.
func (f Flaw) Useless() bool { return slices.Contains(useless, f) }

// Judge says how far a relay works, and what is wrong with it.
func Judge(s *diag.Server, all []diag.Server) (Relay, []Flaw) {
	if !s.OK() {
		return RelayFails, nil
	}
	flaws := relayFlaws(s, all)
	has := func(list []Flaw) bool {
		return slices.ContainsFunc(flaws, func(f Flaw) bool { return slices.Contains(list, f) })
	}
	switch {
	case has(useless):
		return RelayFails, flaws
	case slices.Contains(flaws, FlawRedirect):
		return RelayRedirected, flaws
	case has(doubtful), s.Took(diag.StageSend) == nil:
		return RelayUntested, flaws
	}
	return RelayCarries, flaws
}

// relayFlaws are what is wrong with a relay that was allocated, the gravest first.
func relayFlaws(s *diag.Server, all []diag.Server) []Flaw {
	flaws := addressFlaws(s, false)
	if isElsewhere(s) {
		flaws = append(flaws, FlawElsewhere)
	}
	if flaw := stageFlaw(s, all); flaw != "" {
		flaws = append(flaws, flaw)
	}
	if len(s.Redirects) > 0 {
		flaws = append(flaws, FlawRedirect)
	}
	allocate, refresh := s.Stage(diag.StageAllocate), s.Stage(diag.StageRefresh)
	switch {
	case refresh == nil:
	case refresh.Failure != nil:
		flaws = append(flaws, FlawNotExtended)
	case refresh.LifetimeS > 0 && 2*refresh.LifetimeS < allocate.LifetimeS:
		flaws = append(flaws, FlawShort)
	}
	return append(flaws, AnswerFlaws(s)...)
}

// AnswerFlaws are what is wrong with the answers to Allocate of a server that gave a relay.
func AnswerFlaws(s *diag.Server) []Flaw {
	allocate := s.Stage(diag.StageAllocate)
	if !s.OK() || allocate == nil {
		return nil
	}
	var flaws []Flaw
	if allocate.EmptyRealm {
		flaws = append(flaws, FlawEmptyRealm)
	}
	if len(allocate.Lacks) > 0 {
		flaws = append(flaws, FlawIncomplete)
	}
	return flaws
}

// forbidden is the error code of a TURN server that does not send to an address (RFC 8656 §19).
const forbidden = 403

// stageFlaw is how far bytes came; empty where they came back in both ways. Silence is the peer's fault, perhaps,
// when nothing else has heard from it, or when it is the TURN server itself.
func stageFlaw(s *diag.Server, all []diag.Server) Flaw {
	stopped := s.Stopped()
	peer, own := s.Peer()
	switch {
	case stopped == nil, stopped.Name == diag.StageRefresh:
		return ""
	case stopped.Failure.Code == forbidden && stopped.Name == diag.StagePermission && own: // rightly so
		return FlawPeerSilent
	case stopped.Failure.Code == forbidden && stopped.Name == diag.StagePermission:
		return FlawForbidden
	case stopped.Failure.Code != 0 && stopped.Name == diag.StageBind:
		return FlawBind
	case stopped.Failure.Code != 0:
		return FlawRejected
	case stopped.Name == diag.StagePermission, stopped.Name == diag.StageBind:
		return FlawUnanswered
	case stopped.Name == diag.StageChannel:
		return FlawNoChannel
	case own || !answers(peer, all):
		return FlawPeerSilent
	case stopped.Failure.Detail == diag.DetailAltered:
		return FlawAltered
	}
	return FlawSilent
}

// answers reports whether a STUN server is known to answer: to this machine, or through any relay.
func answers(address string, all []diag.Server) bool {
	return slices.ContainsFunc(all, func(r diag.Server) bool {
		peer, _ := r.Peer()
		return !r.TURN && r.OK() && r.Address == address ||
			r.TURN && peer == address && r.Took(diag.StageSend) != nil
	})
}

// AddressFlaw says what is wrong with the address of a relay by itself; empty: nothing. failing: the call has found
// no path, so that a private server is suspected too when its relay is elsewhere.
func AddressFlaw(s *diag.Server, failing bool) Flaw {
	for _, f := range addressFlaws(s, failing) {
		return f
	}
	return ""
}

func addressFlaws(s *diag.Server, failing bool) []Flaw {
	relay, err := netip.ParseAddrPort(s.Relayed())
	if err != nil {
		return nil
	}
	server, err := netip.ParseAddrPort(s.Address) // unknown behind a proxy
	switch {
	case !diag.Sendable(relay), err == nil && relay.Addr().IsLoopback() && !server.Addr().IsLoopback():
		return []Flaw{FlawImpossible}
	case err == nil && diag.PrivateAddress(relay.Addr()) &&
		(!diag.PrivateAddress(server.Addr()) || failing && relay.Addr() != server.Addr()):
		return []Flaw{FlawPrivate}
	}
	return nil
}

// isElsewhere reports whether the peer saw another address of the relay than the server gives out. Within a private
// network that is no wonder.
func isElsewhere(s *diag.Server) bool {
	address, _ := s.Peer()
	seen, err := netip.ParseAddrPort(s.Seen())
	relay, err2 := netip.ParseAddrPort(s.Relayed())
	peer, err3 := netip.ParseAddrPort(address)
	return err == nil && err2 == nil && err3 == nil && seen.Addr() != relay.Addr() && !diag.PrivateAddress(seen.Addr()) &&
		!diag.PrivateAddress(peer.Addr())
}
