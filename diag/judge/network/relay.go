package network

import (
	"cmp"
	"slices"

	"dialtone/diag"
	"dialtone/diag/finding"
	"dialtone/diag/nat"
	"dialtone/diag/nat/turn"
)

// Relaying is how far the TURN servers relay.
type Relaying string

// Values of [Relaying].
const (
	RelayingAsking     Relaying = "asking"     // not known so far
	RelayingNone       Relaying = "none"       // no TURN server was given
	RelayingWorks      Relaying = "works"      // bytes came back through a relay
	RelayingUntested   Relaying = "untested"   // a relay was allocated, and whether it carries bytes is not known
	RelayingRedirected Relaying = "redirected" // a relay is at another server, to which not every client follows
	RelayingSilent     Relaying = "silent"     // a relay was allocated, and no bytes came back
	RelayingUnreached  Relaying = "unreached"  // they have the public address of this network, and did not answer
	RelayingFails      Relaying = "fails"      // no relay, or one that carries nothing
)

// relaying sums up the TURN servers.
func (n *Verdict) relaying() Relaying {
	given, silent, redirected, unreached := false, false, false, true
	for i := range n.Servers {
		row := &n.Servers[i]
		if !row.TURN {
			continue
		}
		given = true
		silent = silent || slices.Contains(row.Flaws, turn.FlawSilent)
		redirected = redirected || row.Relay == turn.RelayRedirected
		unreached = unreached && unreachable(row)
	}
	switch relays := n.Relays(); {
	case len(relays) > 0 && relays[0].Relay == turn.RelayCarries:
		return RelayingWorks
	case len(relays) > 0:
		return RelayingUntested
	case n.Pending:
		return RelayingAsking
	case !given:
		return RelayingNone
	case redirected:
		return RelayingRedirected
	case unreached:
		return RelayingUnreached
	case silent:
		return RelayingSilent
	}
	return RelayingFails
}

// Relays are the TURN servers that work, those that carried bytes first; of them those without a flaw, then by
// transport.
func (n *Verdict) Relays() []*nat.ServerRow {
	order := []string{"udp", "dtls", "tcp", "tls"}
	var out []*nat.ServerRow
	for _, relay := range []turn.Relay{turn.RelayCarries, turn.RelayUntested} {
		for i := range n.Servers {
			if n.Servers[i].Relay == relay {
				out = append(out, &n.Servers[i])
			}
		}
		if len(out) > 0 {
			break
		}
	}
	slices.SortStableFunc(out, func(a, b *nat.ServerRow) int {
		return cmp.Or(min(len(a.Flaws), 1)-min(len(b.Flaws), 1),
			slices.Index(order, a.Transport)-slices.Index(order, b.Transport))
	})
	return out
}

// RelayUse is the evidence of a relay that was allocated and does not do what it should.
type RelayUse struct {
	Server diag.Server `json:"server"`
	Flaw   turn.Flaw   `json:"flaw"`
}

// flawIDs are the findings of flaws. What the server rejected has that of its error code.
var flawIDs = map[turn.Flaw]string{
	turn.FlawImpossible: "turn.relay_impossible", turn.FlawPrivate: "turn.relay_private",
	turn.FlawElsewhere: "turn.relay_elsewhere", turn.FlawUnanswered: "turn.unanswered",
	turn.FlawSilent: "turn.relay_silent", turn.FlawIncomplete: "turn.answer_incomplete",
	turn.FlawAltered: "turn.relay_altered", turn.FlawNoChannel: "turn.channel_silent",
	turn.FlawForbidden: "turn.peer_forbidden", turn.FlawPeerSilent: "turn.relay_untested",
	turn.FlawRedirect: "server.try_alternate", turn.FlawNotExtended: "turn.refresh_failed",
	turn.FlawShort: "turn.refresh_short", turn.FlawEmptyRealm: "turn.realm_empty",
}

// relayFindings say what is wrong with relays that were allocated.
func relayFindings(out *finding.List, _ *nat.State, n *Verdict) {
	for i := range n.Servers {
		row := &n.Servers[i]
		for _, flaw := range row.Flaws {
			AddFlaw(out, &row.Server, flaw, n.flawSeverity(row, flaw))
		}
		if untried(row) {
			out.Add("turn.relay_untried", diag.Info, row.URL, RelayUse{Server: row.Server})
		}
	}
}

// untried reports whether the time was over before anything was sent through a relay: nothing failed.
func untried(row *nat.ServerRow) bool {
	return row.Relay == turn.RelayUntested && row.Stopped() == nil && row.Stage(diag.StageRelease) != nil
}

// flawSeverity is how grave a flaw is: one that makes a relay useless may explain a failure.
func (n *Verdict) flawSeverity(row *nat.ServerRow, flaw turn.Flaw) diag.Severity {
	switch {
	case flaw.Useless(), flaw == turn.FlawRedirect:
		return n.severity(&row.Server)
	case flaw == turn.FlawPeerSilent:
		return diag.Info
	}
	return diag.Warn
}

// AddFlaw names a flaw.
func AddFlaw(out *finding.List, s *diag.Server, flaw turn.Flaw, severity diag.Severity) {
	id := flawIDs[flaw]
	if stopped := s.Stopped(); stopped != nil && id == "" {
		id = cmp.Or(codeIDs[stopped.Failure.Code], "stun.error_response")
	}
	switch peer, _ := s.Peer(); flaw {
	case turn.FlawImpossible, turn.FlawPrivate, turn.FlawElsewhere:
		out.Add(id, severity, s.URL, ServerAddress{s.Address, s.Seen(), s.Relayed(), peer})
	default:
		out.Add(id, severity, s.URL, RelayUse{*s, flaw})
	}
}

// bindingOnly reports whether a TURN server that answers Allocate has rejected or ignored Binding requests: then it is
// not the server that failed.
func (n *Verdict) bindingOnly(row *nat.ServerRow) bool {
	failed, silent := row.Failed(), row.Cause() == diag.CauseTimeout // while it answers Allocate, if with an error
	return !row.TURN && failed != nil && failed.Name == diag.StageBinding && slices.ContainsFunc(n.Servers,
		func(r nat.ServerRow) bool {
			return r.TURN && (r.OK() || silent && r.Code() != 0) && r.URL == row.URL && len(r.Redirects) == 0
		})
}

// bindingFindings are about such servers.
func (n *Verdict) bindingFindings(out *finding.List) {
	for i := range n.Servers {
		if row := &n.Servers[i]; n.bindingOnly(row) {
			out.Add("server.binding_failed", diag.Info, row.URL, ServerFailure{Server: row.Server})
		}
	}
}
