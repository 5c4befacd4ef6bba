package call

import (
	"time"

	"dialtone/diag"
)

// maxMachineRows bounds what is kept of this machine's network and pauses.
const maxMachineRows = 64

// Machine is what was observed about this machine during the call.
type Machine struct {
	Changes []NetworkRow // of its network, the latest 64
	Outages []Outage     // times without a network, the latest 64
	Pauses  []PauseRow   // the latest 64
}

// NetworkRow is a change of the network and when it was seen.
type NetworkRow struct {
	diag.NetworkChanged
	At time.Duration
}

// Outage is a time in which this machine had no network.
type Outage struct {
	From time.Duration
	To   *time.Duration // nil: it lasts
}

// Length is how long the outage lasted, or has lasted until now.
func (o Outage) Length(now time.Duration) time.Duration {
	if o.To == nil {
		return now - o.From
	}
	return *o.To - o.From
}

// PauseRow is a time in which this program did not run; At is its end.
type PauseRow struct {
	diag.Paused
	At time.Duration
}

func (c *Call) applyMachine(e diag.Event) bool {
	m := &c.Machine
	switch d := e.Data.(type) {
	case diag.NetworkChanged:
		m.Changes = keep(m.Changes, NetworkRow{d, e.At}, maxMachineRows)
		n := len(m.Outages)
		lasts := n > 0 && m.Outages[n-1].To == nil
		switch {
		case lasts && d.Online:
			m.Outages[n-1].To = diag.Ptr(e.At)
		case !lasts && !d.Online:
			m.Outages = keep(m.Outages, Outage{From: e.At}, maxMachineRows)
		}
	case diag.Paused:
		m.Pauses = keep(m.Pauses, PauseRow{d, e.At}, maxMachineRows)
	default:
		return false
	}
	return true
}

// LostAt is when an established path was last seen to work, if it does not any more: the last answer to a ping or,
// without pings, the last change of the connection.
func (c *Call) LostAt() (time.Duration, bool) {
	switch {
	case c.ConnectedAt == nil || c.Connection == "connected" && (c.Ended == nil || c.Ended.Reason != diag.EndPeerLost):
		return 0, false
	case c.EchoAt != nil:
		return max(*c.EchoAt, *c.ConnectedAt), true
	}
	return max(c.DownAt, *c.ConnectedAt), true
}
