package judge

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
)

// Expectation is what a check asks of a call, beyond its coming up.
type Expectation struct {
	Media bool           // audio and video, until the end
	Way   diag.Direction // of the media; "" for both
	Path  string         // direct or relay; "" for any
	Load  Load           // how the program itself fared meanwhile
}

// maxTodo is how many next steps a verdict names.
const maxTodo = 6

// Words of [Expectation].Path.
const (
	ExpectDirect = "direct"
	ExpectRelay  = "relay"
)

// JudgeCheck judges a call as a check does: what [Judge] says, and beyond that everything that was asked for must have
// been seen. Where it was not, the verdict is that of the first step that was missing.
func JudgeCheck(c *call.Call, x Expectation) Verdict {
	v := Judge(c)
	found := slices.Concat(endFindings(c), echoFindings(c), x.mediaFindings(c), x.lossFindings(c),
		x.pathFindings(c))
	for _, f := range found {
		i := slices.IndexFunc(v.Findings, func(old diag.Finding) bool { return old.ID == f.ID && old.Title == f.Title })
		if i < 0 {
			v.Findings = append(v.Findings, f)
		} else if f.Severity.Compare(v.Findings[i].Severity) > 0 {
			v.Findings[i].Severity = f.Severity // a check asks for more
		}
	}
	if v.Exit != diag.ExitPass {
		blame(&v)
		for _, f := range found {
			if f.Severity == diag.Problem && f.Advice != "" && len(v.Todo) < maxTodo && !contains(v.Todo, f.Advice) {
				v.Todo = append(v.Todo, f.Advice)
			}
		}
	}
	if v.Exit == diag.ExitPass {
		v.fail(c, found)
	}
	slices.SortStableFunc(v.Findings, func(a, b diag.Finding) int { return b.Severity.Compare(a.Severity) })
	return v
}

// blame makes those findings problems that are the failure itself.
func blame(v *Verdict) {
	for i := range v.Findings {
		f := &v.Findings[i]
		missing := v.Exit == diag.ExitMedia && strings.HasPrefix(f.ID, "media.no_")
		if missing || f.ID == "signal.wrong_role" {
			f.Severity = diag.Problem
		}
	}
}

// fail turns a pass into the failure of the first thing that is missing.
func (v *Verdict) fail(c *call.Call, found []diag.Finding) {
	for _, exit := range []diag.Exit{diag.ExitChannel, diag.ExitMedia, diag.ExitAssertion} {
		var titles, todo []string
		for _, f := range found {
			if f.Severity == diag.Problem && exitOfFinding(f.ID) == exit {
				titles = append(titles, f.Title)
				if !contains(todo, f.Advice) {
					todo = append(todo, f.Advice)
				}
			}
		}
		if len(titles) > 0 {
			v.Exit, v.Headline = exit, "connected for "+diag.Span(c.UpTime())+", but "+lowered(titles[0])
			v.Why = append(v.Why, titles[1:]...)
			v.Todo = append(todo, v.Todo...)
			return
		}
	}
}

// exitOfFinding is what a finding of a call that came up amounts to.
func exitOfFinding(id string) diag.Exit {
	switch family, _, _ := strings.Cut(id, "."); family {
	case "channel":
		return diag.ExitChannel
	case "media":
		return diag.ExitMedia
	}
	return diag.ExitAssertion
}

// lowered makes a sentence the end of another.
func lowered(s string) string {
	s = strings.TrimSuffix(s, ".")
	if len(s) > 1 && s[1] >= 'a' && s[1] <= 'z' {
		s = strings.ToLower(s[:1]) + s[1:]
	}
	return s
}

func echoFindings(c *call.Call) []diag.Finding {
	switch {
	case c.ConnectedAt == nil || c.Start.MediaOnly:
		return nil
	case c.OpenAt == nil:
		return []diag.Finding{{
			ID: "channel.not_open", Severity: diag.Problem, Title: "No data channel opened within " + diag.Span(c.UpTime()) +
				" of connection.",
			Evidence: []string{"SCTP: " + diag.OrUnknown(c.SCTP.State),
				fmt.Sprintf("%d packets of the transport were received", c.Received())},
			Advice: "Check that the other party accepts data channels (an m=application section in its answer), and that nothing on the way drops large packets.",
		}}
	case !c.Echoed():
		return []diag.Finding{{
			ID: "channel.not_echoed", Severity: diag.Problem, Title: "Nothing that was sent over a data channel was answered.",
			Evidence: []string{fmt.Sprintf("%d channels were open, no ping was answered and no message came back",
				len(c.Channels))},
			Advice: "Let the other party be dialtone answer, or answer {\"ping\":N} with {\"pong\":N} on the channel ping.",
		}}
	}
	return nil
}

func (x Expectation) pathFindings(c *call.Call) []diag.Finding {
	if c.Selected == nil || c.ConnectedAt == nil {
		return nil
	}
	evidence := []string{"selected: " + pathWords(c), "here: " + typeCounts(c.Local), "there: " + typeCounts(c.Remote)}
	var out []diag.Finding
	switch relayed := c.Relayed(); {
	case relayed && x.Path == ExpectDirect:
		out = append(out, diag.Finding{
			ID: "path.relay_unexpected", Severity: diag.Problem, Title: "The path goes through a relay, although a direct one was expected.", Evidence: evidence,
			Advice: "Ask what stands between the two sides: dialtone nat, on both; or drop --expect direct.",
		})
	case !relayed && x.Path == ExpectRelay:
		out = append(out, diag.Finding{
			ID: "path.direct_unexpected", Severity: diag.Problem, Title: "The path is direct, although a relay was expected.", Evidence: evidence,
			Advice: "Add --relay-only to prove that the TURN server carries a call; or drop --expect relay.",
		})
	}
	if lost := c.LostIPv6(); lost > 0 {
		out = append(out, diag.Finding{
			ID: "path.ipv6_lost", Severity: diag.Problem, Title: "Both sides have IPv6, and the path is IPv4: no IPv6 pair worked.",
			Evidence: []string{diag.Plural(lost, "IPv6 pair was tried and failed", "IPv6 pairs were tried and all failed"),
				"selected: " + pathWords(c)},
			Advice: "Check that the firewalls of both sides let UDP over IPv6 out and its answers in.",
		})
	}
	return out
}

// Load is how late timers fired while a check ran: the only part of a machine's load that a call suffers from.
type Load struct {
	Ticks int           // timers that were watched
	Late  int           // of these, fired more than LateAfter too late
	Worst time.Duration // the latest
}

// LateAfter is the delay from which on a timer counts as late: half of what a packet of audio lasts.
const LateAfter = 10 * time.Millisecond

// lateShare is the share of late timers from which on the program is called short of CPU.
const lateShare = 0.05

// Short reports whether the program itself got too little CPU to be trusted with times.
func (l Load) Short() bool { return l.Ticks >= 20 && float64(l.Late) > lateShare*float64(l.Ticks) }

// Findings names a shortage.
func (l Load) Findings() []diag.Finding {
	if !l.Short() {
		return nil
	}
	return []diag.Finding{{
		ID: "tester.cpu", Severity: diag.Warn, Title: "This machine was short of CPU: times, losses and jitter may be its own and not the network's.",
		Evidence: []string{fmt.Sprintf("%d of %d timers fired more than %s late, the latest by %s", l.Late, l.Ticks,
			diag.Span(LateAfter), diag.Span(l.Worst))},
		Advice: "Run fewer calls at once (--parallel), or on a machine with less to do.",
	}}
}
