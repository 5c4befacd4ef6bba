// Package speeds shows a measurement of throughput while it runs: bars of the current rate, the rates and the round
// trips over time, and what was found so far.
package speeds

import (
	"time"

	"dialtone/diag"
	"dialtone/diag/speed"
	"dialtone/tui/draw"
)

// maxPoints bounds what is kept of each chart: ten minutes.
const maxPoints = 8192

// Measurement is what the screen draws.
type Measurement struct {
	name   string
	state  *speed.State
	begun  time.Duration // when it was, of the call's log
	now    time.Duration // likewise
	rates  map[diag.Direction][]draw.Point
	trips  []draw.Point // on a data channel, ms
	path   *diag.Millis // the last check
	most   float64      // bit/s of a bar's whole width
	latest map[diag.Direction]float64
}

// New is that of a target with a name before it began.
func New(name string) *Measurement {
	return &Measurement{name: name, rates: map[diag.Direction][]draw.Point{}, latest: map[diag.Direction]float64{}}
}

// Take implements [live.Content]: events of the peer that measures.
func (m *Measurement) Take(news any) {
	events, _ := news.([]diag.Event)
	for _, e := range events {
		m.now = e.At
		m.event(e)
	}
}

func (m *Measurement) event(e diag.Event) {
	m.state, _ = speed.Apply(m.state, e.Data)
	at := e.At - m.begun
	switch d := e.Data.(type) {
	case diag.SpeedStart:
		m.begun = e.At
	case diag.SpeedTestStart:
		clear(m.latest)
	case diag.SpeedInterval:
		took := (d.ToMs - d.FromMs).Duration().Seconds()
		if took <= 0 || len(m.rates[d.Direction]) >= maxPoints {
			return
		}
		rate := float64(8*d.Bytes) / took
		m.rates[d.Direction] = append(m.rates[d.Direction], draw.Point{At: at, Value: rate / 1e6})
		m.latest[d.Direction] += (rate - m.latest[d.Direction]) / 4 // of about the last half second
		m.most = max(m.most, m.latest[d.Direction])
	case diag.SpeedRoundTrips:
		for _, t := range d.ByPing {
			if len(m.trips) < maxPoints {
				m.trips = append(m.trips, draw.Point{At: at, Value: t.Float()})
			}
		}
		if n := len(d.BySTUN); n > 0 {
			m.path = &d.BySTUN[n-1]
		}
	}
}

// test is the one that runs, and its number from 1; nil before the first and after the last.
func (m *Measurement) test() (t *speed.Test, n int) {
	if m.state == nil || len(m.state.Tests) == 0 || m.state.End != nil {
		return nil, 0
	}
	n = len(m.state.Tests)
	return &m.state.Tests[n-1], n
}
