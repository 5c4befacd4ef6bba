package judge

import (
	"fmt"
	"slices"
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
)

// judgeICE explains why no path was found, from what was gathered and tried.
func judgeICE(c *call.Call) Verdict {
	v := Verdict{Exit: diag.ExitICE, Headline: "no path found after " + diag.Span(c.FailedAt()-c.PairedAt())}
	local, remote := typeCounts(c.Local), typeCounts(c.Remote)
	tried, answered, sent := 0, 0, uint64(0)
	for _, p := range c.Pairs {
		sent += p.RequestsSent
		if p.RequestsSent > 0 {
			tried++
		}
		if p.ResponsesReceived > 0 {
			answered++
		}
	}
	switch {
	case len(c.Local) == 0 && c.Start.RelayOnly:
		v.Why = append(v.Why, "Only relayed candidates were allowed, and no TURN server gave one.")
		v.Todo = append(v.Todo, "Mend the TURN server or its credentials (below), or call without --relay-only.")
	case len(c.Local) == 0:
		v.Why = append(v.Why, "We gathered no candidate: this machine offers no usable network interface.")
		v.Todo = append(v.Todo, "Check that a network interface is up.")
	case len(c.Remote) == 0:
		v.Why = append(v.Why, "The other party sent no candidate, so there was nothing to try.")
		v.Todo = append(v.Todo, "Look at the other side: its network, its ICE servers, or its signaling of candidates.")
	case tried == 0:
		v.Why = append(v.Why,
			"No pair could be formed: "+local+" here, "+remote+" there (different protocols or IP versions).")
	default:
		v.Why = append(v.Why, fmt.Sprintf("%s tried with %d requests, %s.", diag.Plural(tried, "pair was", "pairs were"),
			sent,
			answers(answered)))
	}
	if len(c.Local) > 0 && len(c.Remote) > 0 {
		v.Why = append(v.Why, "Here: "+local+". There: "+remote+".")
	}
	if len(c.Local) > 0 && len(c.Remote) > 0 && !call.HasType(c.Local, diag.Relay) && !call.HasType(c.Remote, diag.Relay) {
		v.Why = append(v.Why, "Neither side had a relay.")
		if len(c.Servers) == 0 {
			v.Todo = append(v.Todo,
				"Give both sides a STUN server, and one of them a TURN server: --ice stun:HOST --ice turn:HOST --ice-user NAME --ice-pass PASSWORD.")
		} else {
			v.Todo = append(v.Todo,
				"Give one side a TURN server that works: --ice turn:HOST --ice-user NAME --ice-pass PASSWORD.")
		}
	}
	networkWhy(c, &v)
	if slices.ContainsFunc(c.Remote, func(r call.CandidateRow) bool { return strings.HasSuffix(r.Address, ".local") }) {
		v.Why = append(v.Why, "The other party hides its addresses behind mDNS names, which only work within one network.")
	}
	return v
}

func answers(n int) string {
	if n == 0 {
		return "none answered"
	}
	return diag.Plural(n, "pair", "pairs") + " answered, but none could be used to the end"
}

// typeCounts writes "3 host, 1 srflx"; "nothing" for an empty list.
func typeCounts(rows []call.CandidateRow) string {
	var parts []string
	for _, t := range []diag.CandidateType{diag.Host, diag.Srflx, diag.Prflx, diag.Relay} {
		n := 0
		for _, r := range rows {
			if r.CandidateType == t {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, t))
		}
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}
