package words

import (
	"fmt"
	"strings"

	"dialtone/diag"
)

// CandidateType names a type of candidates (RFC 8445 §5.1.1); an unknown type is named by itself.
func CandidateType(t diag.CandidateType) string {
	switch t {
	case diag.Srflx:
		return "server-reflexive"
	case diag.Prflx:
		return "peer-reflexive"
	case diag.Host, diag.Relay:
	}
	return string(t)
}

// Candidate is a candidate in one line.
func Candidate(c diag.Candidate) string {
	return Join(" ", c.String(), Prefixed("base ", Address(c.RelatedAddress, c.RelatedPort)), Prefixed("from ", c.URL),
		c.NetworkInterface)
}

// Pair is a candidate pair in one line; local and remote name its candidates.
func Pair(p diag.Pair, local, remote string) string {
	return fmt.Sprintf("%s ⇄ %s: %s, %s", local, remote, p.State, Checks(p))
}

// Checks counts the connectivity checks of a candidate pair.
func Checks(p diag.Pair) string {
	text := Count(int(p.RequestsSent), "check sent, ", "checks sent, ") + Number(p.ResponsesReceived) + " answered"
	if p.CurrentRoundTripTime != nil {
		text += ", round-trip time " + Seconds(*p.CurrentRoundTripTime)
	}
	return text
}

// ICELimits says what the limits of ICE held back.
func ICELimits(d diag.ICELimits) string {
	var out []string
	if d.Candidates > 0 {
		out = append(out, Number(d.Candidates)+" remote candidates were not used")
	}
	if d.Checks > 0 {
		out = append(out, Number(d.Checks)+" checks were not sent")
	}
	return strings.Join(out, ", ")
}
