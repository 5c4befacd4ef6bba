package judge

import (
	"dialtone/diag"
	"dialtone/diag/call"
)

// judgeDiagnosis is the verdict of a diagnosis by itself: that of the latest one that can be judged.
func judgeDiagnosis(c *call.Call) Verdict {
	running := c.Diagnosing()
	if last := c.Diagnosed(); last != nil {
		n := Diagnose(last.State)
		headline, why, next := English.Network(n)
		return Verdict{Done: !running, Exit: n.Exit, Headline: headline, Why: why, Todo: next,
			Findings: inEnglish(n.Findings)}
	}
	switch d := c.Diagnosis(); {
	case running || d.Running():
		return Verdict{Exit: diag.ExitInterrupted, Headline: "the diagnosis is in progress"}
	case d.Ended.Stopped == diag.StoppedCancelled:
		return Verdict{
			Done: true, Exit: diag.ExitInterrupted, Headline: "the diagnosis was cancelled",
			Todo: []string{"Ask again and wait for the verdict: it takes a few seconds at most."},
		}
	default:
		return Verdict{
			Done: true, Exit: diag.ExitCannotRun, Headline: "the diagnosis failed: " + diag.Clean(d.Ended.Reason, 300),
			Todo: []string{"Check this machine's network."},
		}
	}
}

// networkFindings are those of the latest diagnosis of the network that a call has made. They explain a call that found
// no path; beside any other they are remarks. What is known of a server from the call itself is not repeated.
func networkFindings(c *call.Call) []Finding {
	d := c.Diagnosed()
	if d == nil {
		return nil
	}
	failed := c.NoPath()
	known := map[string]bool{}
	for _, s := range c.Servers {
		known[s.URL] = s.Failed() != nil
	}
	var out []Finding
	for _, f := range Diagnose(d.State).Findings {
		if e, about := f.Evidence.(ServerFailure); about {
			if known[f.Subject] || e.Server.QuotaReached() && c.RelayedBy(f.Subject) {
				continue
			}
			known[f.Subject] = true // a TURN server over UDP was asked twice: for a relay, and as a STUN server
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
func networkWhy(c *call.Call, v *Verdict) {
	d := c.Diagnosed()
	if d == nil {
		return
	}
	switch n := Diagnose(d.State); n.Exit {
	case diag.ExitPass, diag.ExitRelay, diag.ExitNoRelay, diag.ExitNoConnectivity:
		headline, _, next := English.Network(n)
		v.Why = append(v.Why, "Diagnosis of this side: "+headline)
		v.Todo = append(v.Todo, next...)
	default: // too little is known to blame the network
	}
}

// English writes typed findings for the judge of calls, whose findings are still sentences; package words sets it. To
// be removed with [diag.Finding].
var English = struct {
	Finding func(Finding) diag.Finding
	Network func(Network) (headline string, why, next []string)
}{
	func(f Finding) diag.Finding {
		return diag.Finding{ID: f.ID, Severity: diag.Severity(f.Severity), Title: f.Subject + " " + f.ID}
	},
	func(n Network) (string, []string, []string) { return string(n.Outcome), nil, nil },
}

// inEnglish is to be removed with [English].
func inEnglish(list []Finding) []diag.Finding {
	var out []diag.Finding
	for _, f := range list {
		out = append(out, English.Finding(f))
	}
	return out
}
