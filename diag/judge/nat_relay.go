package judge

import (
	"net/netip"

	"dialtone/diag"
	"dialtone/diag/nat"
)

// RelayUse is the evidence of a relay that was allocated and does not do what it should.
type RelayUse struct {
	Server diag.Server `json:"server"`
}

// relayFindings say which relay does not carry bytes, or is elsewhere than the server says.
func relayFindings(_ *nat.State, n *Network) []Finding {
	var out []Finding
	for i := range n.Servers {
		row := &n.Servers[i]
		if !row.TURN || !row.OK() || row.Relay == "" {
			continue
		}
		if nat.PrivateRelay(row.Server, false) {
			out = append(out, privateRelay(&row.Server, n.severity(&row.Server)))
		}
		if id, severity := n.stopped(row); id != "" {
			out = append(out, Finding{ID: id, Severity: severity, Subject: row.URL, Evidence: RelayUse{row.Server}})
		}
		if seen, elsewhere := relayElsewhere(&row.Server); elsewhere {
			peer, _ := row.Peer()
			out = append(out, Finding{
				ID: "turn.relay_elsewhere", Severity: Problem, Subject: row.URL,
				Evidence: ServerAddress{Address: row.Address, Other: seen, Relayed: row.Relayed(), Peer: peer},
			})
		}
	}
	return out
}

// stopped names why a relay was of no use; empty when nothing stopped it.
func (n *Network) stopped(row *nat.ServerRow) (id string, severity Severity) {
	stage := row.Stopped()
	_, own := row.Peer()
	switch {
	case stage == nil:
		return "", ""
	case stage.Name == diag.StageRefresh:
		return "turn.refresh_failed", Warn
	case own:
		return "turn.relay_untested", Info
	case stage.Failure.Code == 403:
		return "turn.peer_forbidden", Warn
	}
	return "turn.relay_silent", n.severity(&row.Server)
}

// relayElsewhere reports whether the peer saw another address of the relay than the server gives out.
func relayElsewhere(s *diag.Server) (seen string, elsewhere bool) {
	address, _ := s.Peer()
	at, err := netip.ParseAddrPort(s.Seen())
	relay, err2 := netip.ParseAddrPort(s.Relayed())
	peer, err3 := netip.ParseAddrPort(address)
	return s.Seen(), err == nil && err2 == nil && err3 == nil && at.Addr() != relay.Addr() && !nat.Private(at.Addr()) &&
		!nat.Private(peer.Addr())
}
