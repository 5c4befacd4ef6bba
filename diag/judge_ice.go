package diag

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// judgeICE explains why no path was found, from what was gathered and tried.
func judgeICE(c *Call) Verdict {
	v := Verdict{Exit: ExitICE, Headline: "no path found after " + span(c.failedAt()-c.pairedAt())}
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
		v.Why = append(v.Why, fmt.Sprintf("%s tried with %d requests, %s.", plural(tried, "pair was", "pairs were"), sent,
			answers(answered)))
	}
	if len(c.Local) > 0 && len(c.Remote) > 0 {
		v.Why = append(v.Why, "Here: "+local+". There: "+remote+".")
	}
	if len(c.Local) > 0 && len(c.Remote) > 0 && !hasType(c.Local, Relay) && !hasType(c.Remote, Relay) {
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
	if slices.ContainsFunc(c.Remote, func(r CandidateRow) bool { return strings.HasSuffix(r.Address, ".local") }) {
		v.Why = append(v.Why, "The other party hides its addresses behind mDNS names, which only work within one network.")
	}
	return v
}

func answers(n int) string {
	if n == 0 {
		return "none answered"
	}
	return plural(n, "pair", "pairs") + " answered, but none could be used to the end"
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// typeCounts writes "3 host, 1 srflx"; "nothing" for an empty list.
func typeCounts(rows []CandidateRow) string {
	var parts []string
	for _, t := range []CandidateType{Host, Srflx, Prflx, Relay} {
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

func hasType(rows []CandidateRow, t CandidateType) bool {
	return slices.ContainsFunc(rows, func(r CandidateRow) bool { return r.CandidateType == t })
}

// failedAt is when it was clear that there is no path: the call may have stayed for a diagnosis.
func (c *Call) failedAt() time.Duration {
	for i := len(c.NAT) - 1; i >= 0; i-- {
		if c.NAT[i].Because == BecauseICEFailed {
			return c.NAT[i].At
		}
	}
	if c.Ended != nil {
		return c.EndedAt
	}
	return c.Now
}

// pairedAt is when both parties were there: the end of the wait, or of the dial for the one who came second.
func (c *Call) pairedAt() time.Duration {
	var at time.Duration
	for _, s := range c.Spans {
		if (s.Phase == PhaseDial || s.Phase == PhaseWait) && s.Outcome == OutcomeOK {
			at = max(at, s.End)
		}
	}
	return at
}
