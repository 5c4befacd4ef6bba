package call

import "dialtone/diag"

// Alone reports whether the events are those of a diagnosis by itself (dialtone nat) and not those of a call.
func (c *Call) Alone() bool { return !c.begun && len(c.NAT) > 0 }

// Diagnosis is the latest diagnosis of the network; nil before the first.
func (c *Call) Diagnosis() *NATRow {
	if len(c.NAT) == 0 {
		return nil
	}
	return &c.NAT[len(c.NAT)-1]
}

// Diagnosing reports whether a diagnosis goes on.
func (c *Call) Diagnosing() bool {
	d := c.Diagnosis()
	return d != nil && c.Ended == nil && d.Running()
}

// Diagnosed is the latest diagnosis that came to a report; nil while there is none.
func (c *Call) Diagnosed() *NATRow {
	for i := len(c.NAT) - 1; i >= 0; i-- {
		if c.NAT[i].Report() != nil {
			return &c.NAT[i]
		}
	}
	return nil
}

// Failing reports whether the call has found no path and stays only until a diagnosis has told why.
func (c *Call) Failing() bool {
	d := c.Diagnosis()
	return d != nil && d.Because == diag.BecauseICEFailed && c.Ended == nil && c.ConnectedAt == nil
}

// Running reports whether the diagnosis has not ended.
func (r *NATRow) Running() bool { return r.Progress == nil || !r.Progress.Final }

// Report is what the diagnosis found out; nil while it runs, and of one that was broken off.
func (r *NATRow) Report() *diag.NATReport {
	if r.Running() || r.Progress.Stopped != "" && r.Progress.Stopped != diag.StoppedTimeOver {
		return nil
	}
	return &r.Progress.Report
}
