package call

import "dialtone/diag"

// applyDiagnosis folds an event of a diagnosis; without a beginning it belongs to none.
func (c *Call) applyDiagnosis(e diag.Event) {
	d := c.Diagnosis()
	if d == nil {
		return
	}
	d.Apply(e.Data)
	if d.Ended != nil && d.EndedAt == 0 {
		d.EndedAt = e.At
	}
}

// Alone reports whether the events are those of a diagnosis by itself (dialtone nat) and not those of a call.
func (c *Call) Alone() bool { return !c.begun && len(c.NAT) > 0 }

// Diagnosis is the latest diagnosis of the network; nil before the first.
func (c *Call) Diagnosis() *NATRow {
	if len(c.NAT) == 0 {
		return nil
	}
	return &c.NAT[len(c.NAT)-1]
}

// Diagnosing reports whether a diagnosis is in progress.
func (c *Call) Diagnosing() bool {
	d := c.Diagnosis()
	return d != nil && c.Ended == nil && d.Running()
}

// Diagnosed is the latest diagnosis that came to an end which can be judged; nil while there is none.
func (c *Call) Diagnosed() *NATRow {
	for i := len(c.NAT) - 1; i >= 0; i-- {
		if c.NAT[i].Complete() {
			return &c.NAT[i]
		}
	}
	return nil
}

// Failing reports whether the call has found no path and stays only until a diagnosis has explained why.
func (c *Call) Failing() bool {
	d := c.Diagnosis()
	return d != nil && d.Start.Because == diag.BecauseICEFailed && c.Ended == nil && c.ConnectedAt == nil
}
