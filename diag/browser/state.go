// Package browser is what a dump says of a browser's part in a call: the fold of its events, and what they show.
package browser

import (
	"maps"
	"slices"
	"time"

	"dialtone/diag"
)

// Bounds of what is kept of a dump.
const (
	maxCaptures = 100
	maxChanges  = 500
	maxStreams  = 200
	maxRestarts = 1000
	maxFailures = 100
)

// State is the fold of the events of a browser; nil for a call of dialtone.
type State struct {
	Start    diag.DumpStart
	Captures []CaptureRow
	Changes  []ChangeRow
	Failures []FailureRow
	Outbound []Outbound
	Inbound  []Inbound
	Restarts []time.Duration // when ICE was restarted
}

// Rows are events with the time at which they came.
type (
	// CaptureRow is a request for devices, or what came of one.
	CaptureRow struct {
		diag.CaptureRequest
		At time.Duration
	}
	// FailureRow is a call of the API that was rejected.
	FailureRow struct {
		diag.APIFailure
		At       time.Duration
		Overcome bool // a later call of the kind succeeded
	}
	// ChangeRow is a change of a track.
	ChangeRow struct {
		diag.CaptureTrack
		At time.Duration
	}
)

// Outbound is a stream that the browser sends: its first and its latest statistics.
type Outbound struct {
	First, Latest diag.BrowserOutbound
	Since, At     time.Duration // of the first and the latest
	GaveAt        time.Duration // of the latest at which its source had given anything since the one before
	// how long each reason was the one of a sample, where the browser counts no durations
	Reasons map[string]time.Duration
	// for how long it was limited by the bandwidth although the path was expected to carry more
	Roomy     time.Duration
	Available *float64 // bit/s that the path was expected to carry, of the latest sample of that time
	Wanted    float64  // bit/s, the target of all encoders then
}

// Inbound is a stream that the browser receives.
type Inbound struct {
	First, Latest diag.BrowserInbound
}

// Copy returns a State that goes its own way.
func (s *State) Copy() *State {
	if s == nil {
		return nil
	}
	d := *s
	d.Captures, d.Changes, d.Restarts = slices.Clone(s.Captures), slices.Clone(s.Changes), slices.Clone(s.Restarts)
	d.Failures = slices.Clone(s.Failures)
	d.Outbound, d.Inbound = slices.Clone(s.Outbound), slices.Clone(s.Inbound)
	for i := range d.Outbound {
		d.Outbound[i].Reasons = maps.Clone(d.Outbound[i].Reasons)
	}
	return &d
}

// Apply folds an event; false if it is none of a browser's. A restart is noted too, and left to others.
func Apply(s *State, e diag.Event) (*State, bool) {
	if start, begins := e.Data.(diag.DumpStart); begins {
		return &State{Start: start}, true
	}
	if s == nil {
		return nil, false
	}
	switch d := e.Data.(type) {
	case diag.CaptureRequest:
		if len(s.Captures) < maxCaptures {
			s.Captures = append(s.Captures, CaptureRow{d, e.At})
		}
	case diag.CaptureTrack:
		if len(s.Changes) < maxChanges {
			s.Changes = append(s.Changes, ChangeRow{d, e.At})
		}
	case diag.APIFailure:
		if len(s.Failures) < maxFailures && d.Call.Known() {
			s.Failures = append(s.Failures, FailureRow{APIFailure: d, At: e.At})
		}
	case diag.SessionDescription:
		s.described(d.Side)
		return s, false
	case diag.BrowserSample:
		s.sample(d, e.At)
	case diag.Restart:
		if len(s.Restarts) < maxRestarts {
			s.Restarts = append(s.Restarts, e.At)
		}
		return s, false
	default:
		return s, false
	}
	return s, true
}

// described notes that a description was set, so that earlier failures of that did no lasting harm.
func (s *State) described(side diag.Side) {
	for i := range s.Failures {
		switch s.Failures[i].Call {
		case diag.SetRemoteDescription:
			s.Failures[i].Overcome = s.Failures[i].Overcome || side == diag.Remote
		case diag.CreateOffer, diag.CreateAnswer, diag.SetLocalDescription:
			s.Failures[i].Overcome = s.Failures[i].Overcome || side == diag.Local
		case diag.AddICECandidate:
		}
	}
}

// roomy is how many times the target of all encoders a path is expected to carry that does not limit them.
const roomy = 1.5

func (s *State) sample(d diag.BrowserSample, at time.Duration) {
	wanted := 0.0
	for _, out := range d.Outbound {
		wanted += diag.OrZero(out.TargetBitrate)
	}
	available := d.AvailableOutgoingBitrate
	for _, out := range d.Outbound {
		row := s.outbound(out, at)
		if row == nil {
			continue
		}
		if reason := out.LimitationReason; reason != "" {
			row.Reasons[reason] += at - row.At
			if reason == "bandwidth" && out.TargetBitrate != nil && available != nil && *available >= roomy*wanted {
				row.Roomy += at - row.At
				row.Available, row.Wanted = available, wanted
			}
		}
		if gave(row.Latest, out) {
			row.GaveAt = at
		}
		row.Latest, row.At = out, at
	}
	for _, in := range d.Inbound {
		if row := s.inbound(in); row != nil {
			row.Latest = in
		}
	}
}

// gave reports whether the source of a stream gave anything between two statistics, as far as they say.
func gave(before, now diag.BrowserOutbound) bool {
	if now.Kind == "audio" {
		return before.SourceEnergy == nil || now.SourceEnergy == nil || *now.SourceEnergy != *before.SourceEnergy
	}
	return now.SourceFrames == nil || *now.SourceFrames > 0 || now.SourceTrackID != before.SourceTrackID
}

func (s *State) outbound(out diag.BrowserOutbound, at time.Duration) *Outbound {
	for i := range s.Outbound {
		if o := &s.Outbound[i]; o.Latest.Kind == out.Kind && o.Latest.SSRC == out.SSRC && o.Latest.RID == out.RID {
			return o
		}
	}
	if len(s.Outbound) == maxStreams {
		return nil
	}
	s.Outbound = append(s.Outbound, Outbound{
		First: out, Latest: out, Since: at, At: at, GaveAt: at, Reasons: map[string]time.Duration{},
	})
	return &s.Outbound[len(s.Outbound)-1]
}

func (s *State) inbound(in diag.BrowserInbound) *Inbound {
	for i := range s.Inbound {
		if o := &s.Inbound[i]; o.Latest.Kind == in.Kind && o.Latest.SSRC == in.SSRC {
			return o
		}
	}
	if len(s.Inbound) == maxStreams {
		return nil
	}
	s.Inbound = append(s.Inbound, Inbound{First: in, Latest: in})
	return &s.Inbound[len(s.Inbound)-1]
}
