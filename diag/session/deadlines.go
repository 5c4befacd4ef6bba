package session

import "time"

// due names a deadline.
type due uint8

const (
	dueState  due = iota // the state has lasted as long as it may
	dueHold              // the call has lasted as long as it should
	dueSample            // the next statistics sample
	dueLinger            // the room is left
	dueGather            // a description that carries its candidates is sent with those that are known
	dueQuiet             // the path is looked at for silence
	dueRedial            // the next attempt to get a lost path back
	dues
)

// deadlines is the timer of a session: one for all that it waits for.
type deadlines struct {
	timer *time.Timer
	at    [dues]time.Time // zero: not set
}

func newDeadlines() *deadlines {
	d := &deadlines{timer: time.NewTimer(time.Hour)}
	d.timer.Stop()
	return d
}

// set moves a deadline; to the zero time: it is dropped.
func (d *deadlines) set(name due, at time.Time) {
	d.at[name] = at
	d.arm()
}

// arm sets the timer to the next deadline.
func (d *deadlines) arm() {
	d.timer.Stop()
	var next time.Time
	for _, at := range d.at {
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	if !next.IsZero() {
		d.timer.Reset(time.Until(next))
	}
}

func (d *deadlines) in(name due, after time.Duration) { d.set(name, time.Now().Add(after)) }
func (d *deadlines) drop(name due)                    { d.set(name, time.Time{}) }
func (d *deadlines) pending(name due) bool            { return !d.at[name].IsZero() }

// passed drops the deadlines that have passed and returns them.
func (d *deadlines) passed() []due {
	var out []due
	for name, at := range d.at {
		if !at.IsZero() && !at.After(time.Now()) {
			out = append(out, due(name)) // #nosec G115 -- an index
		}
	}
	for _, name := range out {
		d.at[name] = time.Time{}
	}
	d.arm()
	return out
}
