package judge

import (
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
)

// judgeDiagnosis is the verdict of a diagnosis by itself: that of its latest report.
func judgeDiagnosis(c *call.Call) Verdict {
	running := c.Diagnosing()
	if last := c.Diagnosed(); last != nil {
		r := last.Report()
		return Verdict{
			Done: !running, Exit: r.Exit, Findings: prose(r.Findings),
			Outcome: Outcome{Network: &Network{r.Verdict.Headline, r.Verdict.Why, r.Verdict.Next}},
		}
	}
	switch d := c.Diagnosis(); {
	case running:
		return Verdict{Exit: diag.ExitInterrupted, Outcome: Outcome{Network: &Network{Headline: "the diagnosis is in progress"}}}
	case d.Progress.Stopped == diag.StoppedCancelled:
		return Verdict{Done: true, Exit: diag.ExitInterrupted, Outcome: Outcome{Network: &Network{
			Headline: "the diagnosis was cancelled", Next: []string{"Run it again and wait for the verdict: it takes a few seconds at most."},
		}}}
	default:
		return Verdict{Done: true, Exit: diag.ExitCannotRun, Outcome: Outcome{Network: &Network{
			Headline: "the diagnosis failed: " + diag.Clean(d.Progress.Stopped, 300), Next: []string{"Check this machine's network."},
		}}}
	}
}

// networkFindings are those of the latest diagnosis of the network that a call has made. They explain a call that found
// no path; beside any other they are remarks. What the probes have told of a server is not told again.
func networkFindings(c *call.Call) []diag.Finding {
	d := c.Diagnosed()
	if d == nil {
		return nil
	}
	failed := c.NoPath()
	told := map[string]bool{}
	for _, s := range c.Servers {
		told[s.URL] = !s.OK
	}
	var out []diag.Finding
	for _, f := range d.Report().Findings {
		if url, _, silent := strings.Cut(f.Title, diag.GaveNothing); silent {
			if f.ID == "turn.quota_reached" && c.RelayedBy(url) {
				continue
			}
			if told[url] {
				continue
			}
			told[url] = true // a TURN server over UDP was asked twice: for a relay, and as a STUN server
		}
		switch {
		case failed && f.Severity == diag.Warn:
			f.Severity = diag.Problem
		case !failed && f.Severity == diag.Problem:
			f.Severity = diag.Warn
		}
		out = append(out, f)
	}
	return out
}

// networkRule gives the findings of the latest diagnosis.
func networkRule(c *call.Call, _ Expectation) []Finding { return prose(networkFindings(c)) }

// network is what the diagnosis of a call without a path says of this side.
func network(c *call.Call) *Network {
	d := c.Diagnosed()
	if d == nil || !c.NoPath() {
		return nil
	}
	switch r := d.Report(); r.Exit {
	case diag.ExitPass, diag.ExitRelay, diag.ExitNoRelay, diag.ExitNoConnectivity:
		return &Network{Headline: diag.Clean(r.Verdict.Headline, 300), Next: r.Verdict.Next}
	default: // too little is known to blame the network
	}
	return nil
}
