package pane

import (
	"fmt"
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/tui/draw"
)

// explainLocal says in words what an address of ours is, and how long the server that told it took.
func explainLocal(c diag.Candidate, servers []call.ServerRow) string {
	place, from := address(c.Address, c.Port), orSay(c.URL, "a server")
	for _, s := range servers {
		if s.URL == c.URL && s.OK() && s.RTT() != nil {
			from += " in " + draw.Span(s.RTT().Duration())
		}
	}
	switch c.CandidateType {
	case diag.Host:
		return fmt.Sprintf("Host: %s is an address of this machine itself%s. Parties in the same network reach it directly.%s",
			place, prefixed(", on ", c.NetworkInterface), priority(c))
	case diag.Srflx:
		return fmt.Sprintf("Server-reflexive: %s is how the Internet sees %s, learned from %s. Whether others may send to it depends on the NAT.%s",
			place, orSay(address(c.RelatedAddress, c.RelatedPort), "this machine"), from, priority(c))
	case diag.Prflx:
		return fmt.Sprintf("Peer-reflexive: %s is how the other party sees us; its answer to a check told it.%s", place,
			priority(c))
	case diag.Relay:
		return fmt.Sprintf("Relayed: %s belongs to %s, which passes everything on%s. It works where nothing else does, and costs a detour.%s",
			place, orSay(c.URL, "a server"), prefixed("; it is reached over ", c.RelayProtocol), priority(c))
	}
	return place + priority(c)
}

// priority takes the number apart (RFC 8445 §5.1.2.1); nothing when there is none.
func priority(c diag.Candidate) string {
	if c.Priority == 0 {
		return ""
	}
	rank := "other"
	switch {
	case c.TypePreference >= 120:
		rank = "direct addresses come first"
	case c.TypePreference >= 105:
		rank = "what checks reveal comes second"
	case c.TypePreference >= 90:
		rank = "addresses behind a NAT come third"
	case c.TypePreference < 10:
		rank = "relays come last"
	}
	return fmt.Sprintf(" Priority %d: type preference %d of 126 (%s), local preference %d of 65535, component %d.",
		c.Priority, c.TypePreference, rank, c.LocalPreference, c.Component)
}

// explainRemote says in words what an address of the other party is.
func explainRemote(c diag.Candidate) string {
	place := address(c.Address, c.Port)
	switch c.CandidateType {
	case diag.Host:
		if strings.HasSuffix(c.Address, ".local") {
			return fmt.Sprintf("Host: the other party hides its own address behind the name %s (mDNS), which is understood only within its network.%s", c.Address, priority(c))
		}
		return fmt.Sprintf("Host: the other party says that %s is an address of its own machine. A private one works only within one network.%s", place, priority(c))
	case diag.Srflx:
		return fmt.Sprintf("Server-reflexive: %s is how the Internet sees the other party%s.%s",
			place, prefixed("; its own address there is ", address(c.RelatedAddress, c.RelatedPort)), priority(c))
	case diag.Prflx:
		return fmt.Sprintf("Peer-reflexive: the other party's checks came from %s, which it never announced: its NAT gave it that address towards us.%s", place, priority(c))
	case diag.Relay:
		return fmt.Sprintf("Relayed: %s belongs to a TURN server of the other party, which passes everything on to it.%s",
			place, priority(c))
	}
	return place + priority(c)
}

// explainPair says in words how far a pair of candidates has come.
func (p *Candidates) explainPair(pair diag.Pair, chosen bool) string {
	if chosen {
		pair = p.latest(pair)
	}
	ends := p.end(p.Call.LocalCandidate(pair.LocalCandidateID), pair.LocalCandidateID) + " to " +
		p.end(p.Call.RemoteCandidate(pair.RemoteCandidateID), pair.RemoteCandidateID)
	counts := fmt.Sprintf("%s sent, %s answered", draw.Plural(int(pair.RequestsSent), "check was", "checks were"),
		draw.Count(pair.ResponsesReceived))
	switch {
	case chosen:
		return fmt.Sprintf("In use: the call runs over %s. %s; they also prove, every few seconds, that the other side still agrees.", ends, counts)
	case pair.State == diag.PairSucceeded:
		return fmt.Sprintf("Works: %s. %s. Another pair was preferred.", ends, counts)
	case pair.State == diag.PairFailed:
		return fmt.Sprintf("Failed: %s. %s: %s", ends, counts, whyFailed(pair))
	case pair.State == diag.PairInProgress:
		return fmt.Sprintf("Being tried: %s. %s so far.", ends, counts)
	}
	return fmt.Sprintf("Not tried yet: %s. Pairs wait their turn, those of the highest priority first.", ends)
}

// whyFailed draws what can be drawn from the counters of a failed pair.
func whyFailed(pair diag.Pair) string {
	switch {
	case pair.RequestsSent == 0:
		return "it was given up before its turn came."
	case pair.ResponsesReceived > 0:
		return "it worked at first, then the answers stopped."
	case pair.RequestsReceived > 0:
		return fmt.Sprintf("the other side's own checks did arrive (%s), so only the way from here to there, or that of the answers back, is closed.", draw.Count(pair.RequestsReceived))
	}
	return "a NAT or a firewall on the way drops them, or nobody is there. None of the other side's checks arrived either."
}

// candidateText is a candidate for the clipboard.
func candidateText(c diag.Candidate) string {
	return joinSpace(c.String(), prefixed("base ", address(c.RelatedAddress, c.RelatedPort)), prefixed("from ", c.URL),
		c.NetworkInterface)
}

// pairText is a pair for the clipboard.
func (p *Candidates) pairText(pair diag.Pair) string {
	return fmt.Sprintf("%s %s %s: %s, %d checks sent, %d answered",
		p.end(p.Call.LocalCandidate(pair.LocalCandidateID), pair.LocalCandidateID), p.Theme.Glyphs.Between,
		p.end(p.Call.RemoteCandidate(pair.RemoteCandidateID),
			pair.RemoteCandidateID), pair.State, pair.RequestsSent, pair.ResponsesReceived)
}

func orSay(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// explainRows is the room for words below a list, in a pane of this height.
func explainRows(height int) int {
	switch {
	case height < 8:
		return 0
	case height < 16:
		return 2
	case height < 24:
		return 3
	}
	return 4
}

// explanation is a rule and words below it, in exactly that many rows; nothing for 0.
func explanation(th *draw.Theme, text string, width, rows int) []string {
	if rows == 0 {
		return nil
	}
	out := []string{" " + th.Dim.On(strings.Repeat(th.Glyphs.Rule, max(width-1, 0)))}
	words := draw.Wrap(text, min(width-2, 120))
	for _, w := range words[:min(len(words), rows)] {
		out = append(out, draw.NewLine(width).Gap(1).Add(th.Plain, w).String())
	}
	return append(out, make([]string, max(rows-len(words), 0))...)
}
