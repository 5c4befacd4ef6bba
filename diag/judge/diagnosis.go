package judge

import (
	"dialtone/diag"
	"dialtone/diag/call"
)

// judgeDiagnosis is the verdict of a diagnosis by itself: that of the latest one that can be judged.
func judgeDiagnosis(c *call.Call) Verdict {
	if last := c.Diagnosed(); last != nil {
		n := Diagnose(last.State)
		return Verdict{Done: !c.Diagnosing(), Exit: n.Exit, Findings: n.Findings, Outcome: Outcome{Network: &n}}
	}
	v := Verdict{Done: true, Exit: diag.ExitInterrupted}
	n := &Network{Outcome: NetworkCancelled}
	switch d := c.Diagnosis(); {
	case d.Running():
		v.Done, n.Outcome = false, NetworkAsking
	case d.Ended.Stopped == diag.StoppedError:
		v.Exit, n.Outcome, n.Reason = diag.ExitCannotRun, NetworkFailed, diag.Clean(d.Ended.Reason, 300)
	}
	n.Exit, v.Outcome.Network = v.Exit, n
	return v
}

// networkFindings are those of the latest diagnosis of the network that a call has made. They explain a call that
// found no path; beside any other they are remarks. What is known of a server from the call itself is not repeated.
func networkFindings(c *call.Call, _ Expectation) []Finding {
	d := c.Diagnosed()
	if d == nil {
		return nil
	}
	known := map[string]bool{}
	for _, s := range c.Servers {
		known[s.URL] = s.Failed() != nil
	}
	var out []Finding
	for _, f := range Diagnose(d.State).Findings {
		switch f.Evidence.(type) {
		case ServerFailure:
			if known[f.Subject] || c.ServedBy(f.Subject) {
				continue
			}
			known[f.Subject] = true // a TURN server over UDP was asked twice: for a relay, and as a STUN server
		case RelayUse, ServerAddress:
			if c.Carries(f.Subject) {
				continue // the call itself shows the contrary
			}
		}
		out = append(out, f.inCall(c.NoPath()))
	}
	return out
}

// inCall is a finding of a diagnosis as one of a call: without a path what harms calls explains that. A flaw of a
// server that works does not.
func (f Finding) inCall(noPath bool) Finding {
	_, use := f.Evidence.(RelayUse)
	_, end := f.Evidence.(CertificateEnd)
	if f.Severity == Problem || f.Severity == Warn && !use && !end {
		f.Severity = graver(noPath)
	}
	return f
}

// network is the diagnosis of a call without a path, when enough is known to blame this side's network.
func network(c *call.Call) *Network {
	d := c.Diagnosed()
	if d == nil || !c.NoPath() {
		return nil
	}
	switch n := Diagnose(d.State); n.Exit {
	case diag.ExitPass, diag.ExitRelay, diag.ExitNoRelay, diag.ExitNoConnectivity:
		return &n
	default: // too little is known to blame the network
	}
	return nil
}
