package verdict

import (
	"cmp"
	"strings"

	"dialtone/diag"
	"dialtone/diag/judge/network"
	"dialtone/diag/nat/turn"
	"dialtone/diag/words"
)

// relaying says how far the TURN servers relay: to those who need a relay, as the verdict about the servers, and to
// those of whose calls only some need one. {relays} are the transports that work.
var relaying = map[network.Relaying]struct{ needed, servers, others string }{
	network.RelayingNone: {needed: "You need a TURN server, and none was given."},
	network.RelayingWorks: {
		"You need TURN; your TURN server works ({relays}){caveat}.",
		"Your TURN server works ({relays}){caveat}.",
		"Your TURN server works, for the calls that need a relay ({relays}){caveat}.",
	},
	network.RelayingUntested: {
		"You need TURN; your TURN server allocates a relay ({relays}), but that it carries bytes is not proven.",
		"Your TURN server allocates a relay ({relays}), but that it carries bytes is not proven.",
		"Your TURN server allocates a relay ({relays}); that it carries bytes is not proven.",
	},
	network.RelayingRedirected: {
		"You need TURN; your TURN server redirects to another, which only some clients follow.",
		"Your TURN server redirects to another, which only some clients follow.",
		"Your TURN server redirects to another, which only some clients follow: the others get no relay.",
	},
	network.RelayingUnreached: {
		"You need TURN, and your TURN server is not reached from inside its own network.",
		noRelay + ".",
		"Your TURN server is not reached from inside its own network, so calls of this machine get no relay.",
	},
	network.RelayingSilent: {
		"You need TURN; your TURN server gave a relay, and no bytes came back through it.", noRelay + ".", failing,
	},
	network.RelayingFails: {"You need TURN, and your TURN server gave no usable relay.", noRelay + ".", failing},
}

const (
	noRelay = "Your TURN server gave no usable relay"
	failing = noRelay + ", so calls that need one will fail."
)

// filled puts the relays of a diagnosis into a sentence about them.
func filled(n network.Verdict, sentence string) string {
	return strings.NewReplacer("{relays}", relayList(n), "{caveat}", caveat(n)).Replace(sentence)
}

// relaySentence continues a headline when not every direct call works.
func relaySentence(n network.Verdict) string {
	return " " + filled(n, cmp.Or(relaying[n.Relaying].needed, "You need TURN."))
}

// relayList names the transports over which a relay works, with their round trips.
func relayList(n network.Verdict) string {
	var out []string
	for _, row := range n.Relays() {
		text := strings.ToUpper(diag.Clean(row.Transport, 20))
		if rtt := row.RTT(); rtt != nil {
			text += " " + words.RoundTrip(*rtt)
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

// caveat says what is wrong with the best relay, which carries bytes; empty: nothing.
func caveat(n network.Verdict) string {
	rows := n.Relays()
	if len(rows) == 0 {
		return ""
	}
	for _, flaw := range rows[0].Flaws {
		switch flaw {
		case turn.FlawEmptyRealm:
			return ", but not for browsers"
		case turn.FlawIncomplete:
			return ", but not for every client"
		case turn.FlawNotExtended, turn.FlawShort:
			return ", but does not extend its relays"
		case turn.FlawBind:
			return ", but rejects channels"
		default:
		}
	}
	return ""
}

// relayNext are the steps when calls need a relay; get is how to get one.
func relayNext(n network.Verdict, get string) []string {
	switch n.Relaying {
	case network.RelayingUntested:
		return []string{"Name a STUN server that answers beside the TURN server, so that it is asked through the relay."}
	case network.RelayingNone:
		return []string{get}
	case network.RelayingSilent:
		return []string{words.OpenRelayPorts}
	case network.RelayingFails:
		return append(adviceOf(n, func(s *diag.Server) bool { return s.TURN }), "Configure another TURN server.")
	case network.RelayingRedirected, network.RelayingUnreached:
		return adviceOf(n, func(s *diag.Server) bool { return s.TURN })
	case network.RelayingWorks, network.RelayingAsking:
	}
	return nil
}
