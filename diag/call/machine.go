package call

import (
	"time"

	"dialtone/diag"
)

const (
	// maxMachineRows bounds what is kept of this machine's network and pauses.
	maxMachineRows = 64
	// longPause is the least time in which a program that is merely short of CPU does not run.
	longPause = 3 * time.Second
)

// Machine is what was observed about this machine during the call.
type Machine struct {
	Changes []NetworkRow // of its network, the latest 64
	Outages []Outage     // times without a network, the latest 64
	Pauses  []PauseRow   // of 3 s and more, the latest 64
	Stalls  []PauseRow   // all pauses, the latest 64
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
			m.Outages[n-1].To = new(e.At)
		case !lasts && !d.Online:
			m.Outages = keep(m.Outages, Outage{From: e.At}, maxMachineRows)
		}
	case diag.Paused:
		m.Stalls = keep(m.Stalls, PauseRow{d, e.At}, maxMachineRows)
		if d.DurationMs.Duration() >= longPause {
			m.Pauses = keep(m.Pauses, PauseRow{d, e.At}, maxMachineRows)
		}
	default:
		return false
	}
	return true
}

// Stalled is for how much of a time this program did not run, so that it neither sent nor received.
func (m *Machine) Stalled(from, to time.Duration) (total time.Duration) {
	for _, p := range m.Stalls {
		total += max(0, min(to, p.At)-max(from, p.At-p.DurationMs.Duration()))
	}
	return total
}

// Explains reports whether a stream paused because this program did not run for most of the time: what is left of the
// pause is no more, or too short for one. A stall may be noticed after the first packet that ended it.
func (m *Machine) Explains(r ResumedRow) bool {
	pause := r.AfterMs.Duration()
	return pause-m.Stalled(r.At-pause, r.At) < max(time.Second, pause/2)
}

// silentTime is how long a path has been silent when its connection is reported as disconnected.
const silentTime = 5 * time.Second

// LostAt is when an established path was last seen to work, if it does not any more: when a ping was answered or, if
// that is long ago, some seconds before the connection ceased to be up.
func (c *Call) LostAt() (time.Duration, bool) {
	lost := c.Ended != nil && c.Ended.Reason == diag.EndPeerLost
	if c.ConnectedAt == nil || c.Connection == "connected" && !lost {
		return 0, false
	}
	at := c.DownAt - silentTime
	if c.DownAt == 0 {
		at = c.Now
	}
	if c.EchoAt != nil {
		at = max(at, *c.EchoAt)
	}
	return max(at, *c.ConnectedAt), true
}
