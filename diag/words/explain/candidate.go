package explain

import (
	"cmp"
	"fmt"
	"strings"

	"dialtone/diag"
	"dialtone/diag/words"
)

// Candidates says what candidates are for.
const Candidates = "A candidate is a transport address at which a peer may be reached. ICE checks each local " +
	"candidate with each remote one; a pair whose check is answered can carry the call."

// Local says what a candidate of this machine is.
func Local(c diag.Candidate) string {
	place, server := words.Address(c.Address, c.Port), cmp.Or(c.URL, "a server")
	text := place + "."
	switch c.CandidateType {
	case diag.Host:
		text = fmt.Sprintf("Host candidate: %s is an address of this machine%s. Peers in the same network reach it directly.",
			place, words.Prefixed(", on ", c.NetworkInterface))
	case diag.Srflx:
		text = fmt.Sprintf("Server-reflexive candidate: %s is the mapped address of %s, reported by %s. "+
			"Whether a peer can send to it depends on the filtering of the NAT.",
			place, cmp.Or(words.Address(c.RelatedAddress, c.RelatedPort), "this machine"), server)
	case diag.Prflx:
		text = fmt.Sprintf("Peer-reflexive candidate: the peer's response to a check reported the mapped address %s.", place)
	case diag.Relay:
		text = fmt.Sprintf("Relay candidate: %s is a relayed transport address, allocated on %s%s. "+
			"It works when no direct path does, over a longer route.", place, server, words.Prefixed(" over ", c.RelayProtocol))
	}
	return text + priority(c)
}

// Remote says what a candidate of the peer is.
func Remote(c diag.Candidate) string {
	place := words.Address(c.Address, c.Port)
	text := place + "."
	switch c.CandidateType {
	case diag.Host:
		text = fmt.Sprintf("Host candidate: %s is an address of the peer's machine. "+
			"A private address works only within its network.", place)
		if strings.HasSuffix(c.Address, ".local") {
			text = fmt.Sprintf("Host candidate: the peer hides its address behind the mDNS name %s, "+
				"which resolves only within its network.", c.Address)
		}
	case diag.Srflx:
		text = fmt.Sprintf("Server-reflexive candidate: %s is the mapped address of the peer%s.",
			place, words.Prefixed("; its base is ", words.Address(c.RelatedAddress, c.RelatedPort)))
	case diag.Prflx:
		text = fmt.Sprintf("Peer-reflexive candidate: checks of the peer arrived from %s, which it did not signal: "+
			"its NAT uses another mapping for this machine.", place)
	case diag.Relay:
		text = fmt.Sprintf("Relay candidate: %s is a relayed transport address on a TURN server of the peer.", place)
	}
	return text + priority(c)
}

// priority takes the number apart (RFC 8445 §5.1.2.1); nothing when there is none.
func priority(c diag.Candidate) string {
	if c.Priority == 0 {
		return ""
	}
	rank := "other"
	switch {
	case c.TypePreference >= 120:
		rank = "host candidates come first"
	case c.TypePreference >= 105:
		rank = "peer-reflexive candidates come second"
	case c.TypePreference >= 90:
		rank = "server-reflexive candidates come third"
	case c.TypePreference < 10:
		rank = "relay candidates come last"
	}
	return fmt.Sprintf(" Priority %d: type preference %d of 126 (%s), local preference %d of 65535, component %d.",
		c.Priority, c.TypePreference, rank, c.LocalPreference, c.Component)
}

// Pair says how far a candidate pair has come; local and remote name its candidates.
func Pair(p diag.Pair, selected bool, local, remote string) string {
	ends, counts := local+" to "+remote, words.Checks(p)
	switch {
	case selected:
		return fmt.Sprintf("In use: %s carries the call. %s. Checks continue every few seconds to confirm "+
			"the peer's consent (RFC 7675).", ends, counts)
	case p.State == diag.PairSucceeded:
		return fmt.Sprintf("Succeeded: %s. %s. Another pair was selected.", ends, counts)
	case p.State == diag.PairFailed:
		return fmt.Sprintf("Failed: %s. %s. %s", ends, counts, pairFailure(p))
	case p.State == diag.PairInProgress:
		return fmt.Sprintf("In progress: %s. %s so far.", ends, counts)
	}
	return fmt.Sprintf("Not checked yet: %s. Pairs are checked in the order of their priority.", ends)
}

// pairFailure is what the counters of a failed pair show.
func pairFailure(p diag.Pair) string {
	switch {
	case p.RequestsSent == 0:
		return "It was given up before its turn."
	case p.ResponsesReceived > 0:
		return "It worked at first, then the responses stopped."
	case p.RequestsReceived > 0:
		return fmt.Sprintf("%s of the peer arrived, so only the way to the peer, or that of the responses, is blocked.",
			words.Count(int(p.RequestsReceived), "check", "checks"))
	}
	return "No check of the peer arrived either: a NAT or a firewall drops them, or no program listens there."
}
