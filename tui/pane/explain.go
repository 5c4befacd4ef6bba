package pane

import (
	"fmt"
	"strings"

	"dialtone/diag"
	"dialtone/tui/draw"
)

// explainServer says in words what a STUN or TURN server gave, or why it gave nothing and what to do.
func explainServer(s diag.ServerRow) string {
	if !s.OK {
		code := ""
		if s.ErrorCode != 0 {
			code = fmt.Sprintf(" (STUN error %d)", s.ErrorCode)
		}
		return fmt.Sprintf("%s gave nothing: %s%s. %s", s.URL, orSay(s.ErrorText, "it failed at "+orSay(s.Stage, "an unknown stage")), code, s.Advice)
	}
	text := s.URL + " works"
	if s.RTTMs != nil {
		text += ": it answers in " + draw.Span(s.RTTMs.Duration())
	}
	text += "."
	if s.MappedAddress != "" {
		text += " Seen from there, this machine is " + s.MappedAddress + "."
	}
	if s.RelayAddress != "" {
		text += " It lends us " + s.RelayAddress + ": what arrives there is passed on to us, when no direct path works."
	}
	return text
}

// explainLocal says in words what an address of ours is.
func explainLocal(c diag.Candidate) string {
	place, from := address(c.Address, c.Port), orSay(c.URL, "a server")
	priority := fmt.Sprintf(" Its priority is %d (type preference %d, local preference %d).", c.Priority, c.TypePreference, c.LocalPreference)
	switch c.CandidateType {
	case diag.Host:
		return fmt.Sprintf("Host: %s is an address of this machine itself%s. Parties in the same network reach it directly.%s",
			place, prefixed(", on ", c.NetworkInterface), priority)
	case diag.Srflx:
		return fmt.Sprintf("Server-reflexive: %s is how %s looks from outside, learned from %s. Whether others may send to it depends on the NAT.%s",
			place, orSay(address(c.RelatedAddress, c.RelatedPort), "us"), from, priority)
	case diag.Prflx:
		return fmt.Sprintf("Peer-reflexive: %s is how the other party sees us; its answer to a check told it.%s", place, priority)
	case diag.Relay:
		return fmt.Sprintf("Relayed: %s belongs to %s, which passes everything on%s. It works where nothing else does, and costs a detour.%s",
			place, from, prefixed(" over ", c.RelayProtocol), priority)
	}
	return place
}

// explainRemote says in words what an address of the other party is.
func explainRemote(c diag.Candidate) string {
	place := address(c.Address, c.Port)
	switch c.CandidateType {
	case diag.Host:
		return fmt.Sprintf("Host: the other party says that %s is an address of its own machine. A private one works only within one network.", place)
	case diag.Srflx:
		return fmt.Sprintf("Server-reflexive: %s is how the other party looks from outside its NAT%s.",
			place, prefixed("; its own address there is ", address(c.RelatedAddress, c.RelatedPort)))
	case diag.Prflx:
		return fmt.Sprintf("Peer-reflexive: the other party's checks came from %s, which it never announced: its NAT gave it that address towards us.", place)
	case diag.Relay:
		return fmt.Sprintf("Relayed: %s belongs to a TURN server of the other party, which passes everything on to it.", place)
	}
	return place
}

// explainPair says in words how far a pair of candidates has come.
func (p *Candidates) explainPair(pair diag.Pair, chosen bool) string {
	if chosen {
		pair = p.latest(pair)
	}
	ends := p.end(p.Call.LocalCandidate(pair.LocalCandidateID), pair.LocalCandidateID) + " to " +
		p.end(p.Call.RemoteCandidate(pair.RemoteCandidateID), pair.RemoteCandidateID)
	counts := fmt.Sprintf("%s sent, %s answered", draw.Plural(int(pair.RequestsSent), "check was", "checks were"), draw.Count(pair.ResponsesReceived))
	switch {
	case chosen:
		return fmt.Sprintf("In use: the call runs over %s. %s; they also prove, every few seconds, that the other side still agrees.", ends, counts)
	case pair.State == diag.PairSucceeded:
		return fmt.Sprintf("Works: %s. %s. Another pair was preferred.", ends, counts)
	case pair.State == diag.PairFailed:
		return fmt.Sprintf("Failed: %s. %s: a NAT or a firewall on the way drops them, or nobody is there.", ends, counts)
	case pair.State == diag.PairInProgress:
		return fmt.Sprintf("Being tried: %s. %s so far.", ends, counts)
	}
	return fmt.Sprintf("Not tried yet: %s. Pairs wait their turn, those of the highest priority first.", ends)
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
