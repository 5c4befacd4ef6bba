package diag

import "strings"

// judgeDiagnosis is the verdict of a diagnosis by itself: that of its latest report.
func judgeDiagnosis(c *Call) Verdict {
	running := c.Diagnosing()
	if last := c.Diagnosed(); last != nil {
		r := last.Report()
		return Verdict{Done: !running, Exit: r.Exit, Headline: r.Verdict.Headline, Why: r.Verdict.Why, Todo: r.Verdict.Next,
			Findings: r.Findings}
	}
	switch d := c.Diagnosis(); {
	case running:
		return Verdict{Exit: ExitInterrupted, Headline: "the diagnosis is under way"}
	case d.Progress.Stopped == StoppedCancelled:
		return Verdict{
			Done: true, Exit: ExitInterrupted, Headline: "the diagnosis was broken off",
			Todo: []string{"Ask again and wait for the verdict: it takes a few seconds at most."},
		}
	default:
		return Verdict{
			Done: true, Exit: ExitCannotRun, Headline: "the diagnosis could not be made: " + Clean(d.Progress.Stopped, 300),
			Todo: []string{"Check this machine's network."},
		}
	}
}

// networkFindings are those of the latest diagnosis of the network that a call has made. They explain a call that found
// no path; beside any other they are remarks. What the probes have told of a server is not told again.
func networkFindings(c *Call) []Finding {
	d := c.Diagnosed()
	if d == nil {
		return nil
	}
	failed := c.noPath()
	told := map[string]bool{}
	for _, s := range c.Servers {
		told[s.URL] = !s.OK
	}
	var out []Finding
	for _, f := range d.Report().Findings {
		if url, _, silent := strings.Cut(f.Title, gaveNothing); silent {
			if f.ID == "turn.quota_reached" && c.relayedBy(url) {
				continue
			}
			if told[url] {
				continue
			}
			told[url] = true // a TURN server over UDP was asked twice: for a relay, and as a STUN server
		}
		switch {
		case failed && f.Severity == Warn:
			f.Severity = Problem
		case !failed && f.Severity == Problem:
			f.Severity = Warn
		}
		out = append(out, f)
	}
	return out
}

// networkWhy adds to the verdict of a call without a path what its diagnosis says of this side's network.
func networkWhy(c *Call, v *Verdict) {
	d := c.Diagnosed()
	if d == nil {
		return
	}
	switch r := d.Report(); r.Exit {
	case ExitPass, ExitRelay, ExitNoRelay, ExitNoConnectivity:
		v.Why = append(v.Why, "Diagnosis of this side: "+Clean(r.Verdict.Headline, 300))
		v.Todo = append(v.Todo, r.Verdict.Next...)
	default: // too little is known to blame the network
	}
}
