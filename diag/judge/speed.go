package judge

import (
	"slices"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/finding"
	"dialtone/diag/speed"
)

// SpeedEnded is the evidence of a measurement that did not do all.
type SpeedEnded struct {
	Reason diag.SpeedEndReason `json:"reason"`
	Cause  string              `json:"cause,omitempty"`
	Done   int                 `json:"done"` // tests
	Of     int                 `json:"of"`
}

// SpeedBound is the evidence of a direction in which the sender was the limit.
type SpeedBound struct {
	Limit   speed.Limit `json:"limit"`
	Goodput float64     `json:"goodput"` // bit/s
	CPU     *float64    `json:"cpu,omitempty"`
	Cores   int         `json:"cores"`
	Busy    *float64    `json:"busy,omitempty"` // share of the CPU time of the machine that was used, 0–1
}

// SpeedChange is the evidence of a rate that changed during a test.
type SpeedChange struct {
	speed.Shift
	Goodput float64 `json:"goodput"` // bit/s of messages, before and after
}

// SpeedSpent is the evidence of a test that ended early.
type SpeedSpent struct {
	MaxBytes uint64 `json:"max_bytes"` // of each direction
}

// SpeedEmpty is the evidence of a test that was done, and in which nothing could be counted after the warm-up.
type SpeedEmpty struct {
	Bytes     uint64      `json:"bytes"` // of messages that arrived
	Intervals int         `json:"intervals"`
	WarmUpMs  diag.Millis `json:"warm_up_ms"`
	ForMs     diag.Millis `json:"for_ms"`
}

// SpeedQueue is the evidence of round trips that are much longer under load.
type SpeedQueue struct {
	IdleMs   diag.Millis `json:"idle_ms"`   // of the path, median
	LoadedMs diag.Millis `json:"loaded_ms"` // of the path, the highest level
	RPM      float64     `json:"rpm"`       // under load
}

// longQueue is how much longer round trips may become under load, before calls suffer (ITU-T G.114: 150 ms one way).
const longQueue = diag.Millis(100e6)

// speedFindings are about a measurement of throughput.
func speedFindings(out *finding.List, c *call.Call, _ Expectation) {
	r := c.Speed.Result()
	if r == nil {
		return
	}
	if end := c.Speed.End; end != nil && end.Reason != diag.SpeedDone && end.Reason != diag.SpeedCancelled {
		out.Add("speed."+string(end.Reason), Problem, "", speedEnded(c.Speed))
	}
	if i := slices.IndexFunc(c.Speed.Tests, speed.Test.SpentBytes); i >= 0 {
		t := c.Speed.Tests[i]
		out.Add("speed.bytes_spent", Info, string(t.Way), SpeedSpent{t.MaxBytes})
	}
	for _, t := range c.Speed.Tests {
		for _, d := range []diag.Direction{diag.Outbound, diag.Inbound} {
			if t.Empty(d) {
				out.Add("speed.no_result", Problem, string(t.Way), speedEmpty(&t, d))
				break
			}
		}
	}
	flows := []struct {
		name string
		*speed.Flow
	}{{"up", r.Up}, {"down", r.Down}}
	for _, f := range flows {
		if f.Flow == nil {
			continue
		}
		if f.LowerBound {
			out.Add("speed.lower_bound", Info, f.name, speedBound(c.Speed, f.name, *f.Flow))
		}
		if f.Change != nil {
			out.Add("speed.changed", Warn, f.name, SpeedChange{*f.Change, f.Goodput})
		}
		if l := f.Loaded; l != nil && l.Queued != nil && *l.Queued > longQueue {
			out.Add("speed.queue", Warn, f.name, SpeedQueue{IdleMs: r.Idle.Path.P50, LoadedMs: l.Path.Highest, RPM: l.RPM})
		}
	}
}

func speedEnded(s *speed.State) SpeedEnded {
	e := SpeedEnded{Reason: s.End.Reason, Cause: s.End.Cause, Of: len(s.Start.Plan.Tests)}
	for _, t := range s.Tests {
		if t.Complete && !t.Search {
			e.Done++
		}
	}
	return e
}

func speedEmpty(t *speed.Test, d diag.Direction) SpeedEmpty {
	e := SpeedEmpty{WarmUpMs: t.WarmUpMs, ForMs: t.ForMs}
	for _, i := range t.Intervals {
		if i.Direction == d {
			e.Bytes += i.Bytes
			e.Intervals++
		}
	}
	return e
}

// speedBound is how the sender of a flow fared.
func speedBound(s *speed.State, name string, f speed.Flow) SpeedBound {
	e := SpeedBound{Limit: f.Limit, Goodput: f.Goodput}
	for _, t := range s.Tests {
		if string(t.Way) != name || t.Rate > 0 {
			continue
		}
		for _, sender := range t.Senders {
			e.CPU, e.Cores, e.Busy = sender.CPU, sender.Cores, sender.Busy
		}
	}
	return e
}
