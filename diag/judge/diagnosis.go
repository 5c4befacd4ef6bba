package judge

import (
	"slices"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/finding"
	"dialtone/diag/judge/network"
	"dialtone/diag/nat"
)

// judgeDiagnosis is the verdict of a diagnosis by itself: that of the latest one that can be judged.
func judgeDiagnosis(c *call.Call) Verdict {
	if last := c.Diagnosed(); last != nil {
		n := network.Judge(last.State)
		return Verdict{Done: !c.Diagnosing(), Exit: n.Exit, Findings: n.Findings, Outcome: Outcome{Network: &n}}
	}
	v := Verdict{Done: true, Exit: diag.ExitInterrupted}
	n := &network.Verdict{Outcome: network.Cancelled}
	switch d := c.Diagnosis(); {
	case d.Running():
		v.Done, n.Outcome = false, network.Asking
	case d.Ended.Stopped == diag.StoppedError:
		v.Exit, n.Outcome, n.Reason = diag.ExitCannotRun, network.Failed, diag.Clean(d.Ended.Reason, 300)
	}
	n.Exit, v.Outcome.Network = v.Exit, n
	return v
}

// networkFindings are those of the latest diagnosis of the network that a call has made. They explain a call that
// found no path; beside any other they are remarks. What is known of a server from the call itself is not repeated.
func networkFindings(out *finding.List, c *call.Call, _ Expectation) {
	d := c.Diagnosed()
	if d == nil {
		return
	}
	known := map[string]bool{}
	for _, s := range c.Servers {
		known[s.URL] = s.Failed() != nil
	}
	n := network.Judge(d.State)
	if n.Behaviors.UDP.Value == nat.None {
		*out = slices.DeleteFunc(*out, unheard)
	}
	for _, f := range n.Findings {
		switch f.Evidence.(type) {
		case network.ServerFailure:
			if known[f.Subject] || c.ServedBy(f.Subject) {
				continue
			}
			known[f.Subject] = true // a TURN server over UDP was asked twice: for a relay, and as a STUN server
		case network.RelayUse, network.ServerAddress:
			if c.Carries(f.Subject) {
				continue // the call itself shows the contrary
			}
		}
		*out = append(*out, inCall(f, c.NoPath()))
	}
}

// unheard reports whether a finding is about a server that was not reached over UDP: where UDP is blocked, that says
// nothing about the server.
func unheard(f Finding) bool {
	e, ok := f.Evidence.(network.ServerFailure)
	cause := e.Server.Cause()
	return ok && e.Server.Transport == "udp" && (cause == diag.CauseTimeout || cause == diag.CauseRefused)
}

// inCall is a finding of a diagnosis as one of a call: without a path what harms calls explains that. A flaw of a
// server that works does not.
func inCall(f Finding, noPath bool) Finding {
	_, use := f.Evidence.(network.RelayUse)
	_, end := f.Evidence.(network.CertificateEnd)
	if f.Severity == Problem || f.Severity == Warn && !use && !end {
		f.Severity = finding.Graver(noPath)
	}
	return f
}

// blamed is the diagnosis of a call without a path, when enough is known to blame this side's network.
func blamed(c *call.Call) *network.Verdict {
	d := c.Diagnosed()
	if d == nil || !c.NoPath() {
		return nil
	}
	switch n := network.Judge(d.State); n.Exit {
	case diag.ExitPass, diag.ExitRelay, diag.ExitNoRelay, diag.ExitNoConnectivity:
		return &n
	default: // too little is known to blame the network
	}
	return nil
}
