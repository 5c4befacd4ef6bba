package load

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"dialtone/diag"
	"dialtone/diag/judge"
	"dialtone/diag/judge/network"
	"dialtone/diag/report"
)

// outcome is what remains of a call: its events are folded, judged and dropped.
type outcome struct {
	scheduled, started, ended time.Duration // since the test began
	setup                     *time.Duration
	run                       report.Run
}

// outcomeOf is a call that was due at a time. Every time counts from then, however late the call began.
func outcomeOf(scheduled time.Duration, begun time.Time, in *report.RunInput, f report.Folded) outcome {
	o := outcome{scheduled: scheduled, started: in.Began.Sub(begun), run: f.Run}
	if at := in.Call.ReadyAt(); at != nil {
		o.setup = new(o.started + *at - scheduled)
	}
	return o
}

// failed reports whether the call failed, other than by an interruption.
func (o *outcome) failed() bool {
	return o.run.Exit.Code != diag.ExitPass && o.run.Exit.Code != diag.ExitInterrupted
}

// cause is the finding that explains why the call failed: the gravest, the first of equals. Why no relay was allocated,
// where only relays may be used, the failure of the TURN server says.
func (o *outcome) cause() report.Finding {
	if len(o.run.Findings) > 0 && o.run.Findings[0].Severity == judge.Problem {
		first := o.run.Findings[0]
		path, _ := first.Finding.Evidence.(judge.NoPath)
		for _, f := range o.run.Findings {
			if _, server := serverOf(f); server && path.Obstacle == judge.NoRelayGathered && f.Side == first.Side {
				return f
			}
		}
		return first
	}
	f := report.Finding{Finding: judge.Finding{ID: "exit." + o.run.Exit.Name, Severity: judge.Problem}}
	f.Title = o.run.Headline
	return f
}

// serverOf is the STUN or TURN server whose failure a finding is about.
func serverOf(f report.Finding) (network.ServerFailure, bool) {
	e, ok := f.Finding.Evidence.(network.ServerFailure)
	return e, ok && f.Severity == judge.Problem
}

// proven reports whether the call failed because of what the server did, however little CPU this program had: it
// answered with an error, or its machine refused the connection. A request that came too late (408) proves nothing.
func (o *outcome) proven() bool {
	f := o.cause()
	if e, server := serverOf(f); server {
		return o.failed() && (e.Server.Code() != 0 || e.Server.Cause() == diag.CauseRefused)
	}
	e, known := f.Finding.Evidence.(judge.SignalingFailed)
	return o.failed() && known && e.Failure != nil && e.Failure.Status != http.StatusRequestTimeout &&
		slices.Contains(saidByServer, e.Failure.Reason)
}

// saidByServer are the reasons of failed signaling that an answer, or its refusal, has; those of signal.Reason.
var saidByServer = []string{"refused", "status", "limit", "protocol", "rejected"}

// statusOf is the HTTP status by which signaling failed; 0: it did not, or without one.
func statusOf(f report.Finding) int {
	if e, known := f.Finding.Evidence.(judge.SignalingFailed); known && e.Failure != nil {
		return e.Failure.Status
	}
	return 0
}

// Cause is why calls failed. Those of another HTTP status have another cause.
type Cause struct {
	report.Finding             // of the first of these calls
	Status         int         `json:"status,omitempty"` // HTTP status of the signaling that failed
	Calls          int         `json:"calls"`
	Exit           report.Exit `json:"exit"`
	First          diag.Millis `json:"first_ms"` // when the first of them ended, since the test began
}

// maxCauses bounds the kinds of failures and findings.
const maxCauses = 100

// Stream is one direction of a kind of media over all calls.
type Stream struct {
	Loss   *Values `json:"loss,omitempty"`   // lost / expected of each call, 0–1
	Jitter *Times  `json:"jitter,omitempty"` // of each call's last sample
	// one-way delay of each call, if its sender is in this process too, or sends reports of a clock that is known
	Delay   *Times  `json:"one_way_delay,omitempty"`
	MOS     *Values `json:"mos,omitempty"`     // of each call, 1–4.5
	Freezes *Values `json:"freezes,omitempty"` // of each call
}

// Media is all media.
type Media struct {
	Audio Kind `json:"audio"`
	Video Kind `json:"video"`
}

// Kind is a kind of media.
type Kind struct {
	Inbound  Stream `json:"inbound"`
	Outbound Stream `json:"outbound"`
}

// Metrics are the distributions over calls. Times count from the scheduled start of each call, phases from their own
// beginning.
type Metrics struct {
	// until the first data channel was open (media only: until connected)
	Setup *Times `json:"setup"`
	// until the first frame had arrived
	FirstFrame *Times            `json:"first_frame"`
	Phases     map[string]*Times `json:"phases"` // by phase, with "_" for "-"; of several subjects the longest
	RTT        *Times            `json:"rtt"`    // of the path, at the end of each call
	Media      Media             `json:"media"`
}

// there is a distribution, which is made if it is not there yet.
func there[T any](p **T) *T {
	if *p == nil {
		*p = new(T)
	}
	return *p
}

func addMillis(t **Times, d *diag.Millis) {
	if d != nil {
		there(t).add(d.Duration())
	}
}

func addValue(v **Values, x *float64) {
	if x != nil {
		there(v).add(*x)
	}
}

// add counts a call.
func (m *Metrics) add(o *outcome) {
	if o.setup != nil {
		there(&m.Setup).add(*o.setup)
	}
	longest := map[string]diag.Millis{}
	for _, p := range o.run.Setup.Phases {
		if p.Outcome != diag.OutcomeOK || p.Duration == nil {
			continue
		}
		name := PhaseKey(p.Phase)
		longest[name] = max(longest[name], *p.Duration)
		if p.Phase == diag.PhaseFirstFrame {
			there(&m.FirstFrame).add(o.started - o.scheduled + p.Start.Duration() + p.Duration.Duration())
		}
	}
	for name, d := range longest {
		if m.Phases == nil {
			m.Phases = map[string]*Times{}
		}
		t := m.Phases[name]
		there(&t).add(d.Duration())
		m.Phases[name] = t
	}
	if o.run.Path != nil {
		addMillis(&m.RTT, o.run.Path.RTT)
	}
	m.Media.Audio.add(o.run.Media.Audio)
	m.Media.Video.add(o.run.Media.Video)
}

func (k *Kind) add(of *report.Kind) {
	if of == nil {
		return
	}
	if s := of.Inbound; s != nil {
		addValue(&k.Inbound.Loss, s.Loss)
		addMillis(&k.Inbound.Jitter, s.Jitter)
		addMillis(&k.Inbound.Delay, s.OneWayDelay)
		addValue(&k.Inbound.MOS, s.MOS)
		if s.Freezes != nil {
			addValue(&k.Inbound.Freezes, new(float64(*s.Freezes)))
		}
	}
	if s := of.Outbound; s != nil {
		addValue(&k.Outbound.Loss, s.Loss)
		addMillis(&k.Outbound.Jitter, s.Jitter)
	}
}

// times and values list the places of all distributions but those of phases, in a fixed order.
func (m *Metrics) times() []**Times {
	out := []**Times{&m.Setup, &m.FirstFrame, &m.RTT}
	for _, s := range m.streams() {
		out = append(out, &s.Jitter, &s.Delay)
	}
	return out
}

func (m *Metrics) values() (out []**Values) {
	for _, s := range m.streams() {
		out = append(out, &s.Loss, &s.MOS, &s.Freezes)
	}
	return out
}

func (m *Metrics) streams() []*Stream {
	a, v := &m.Media.Audio, &m.Media.Video
	return []*Stream{&a.Inbound, &a.Outbound, &v.Inbound, &v.Outbound}
}

// merge adds the distributions of other calls.
func (m *Metrics) merge(from *Metrics) {
	to, other := m.times(), from.times()
	for i := range to {
		mergeTimes(to[i], *other[i])
	}
	values, others := m.values(), from.values()
	for i, v := range values {
		if *others[i] != nil {
			there(v).Histogram.merge((*others[i]).Histogram)
		}
	}
	for name, t := range from.Phases {
		if m.Phases == nil {
			m.Phases = map[string]*Times{}
		}
		p := m.Phases[name]
		if p == nil && len(m.Phases) >= maxPhases {
			continue
		}
		mergeTimes(&p, t)
		m.Phases[name] = p
	}
}

// settle computes all percentiles.
func (m *Metrics) settle() {
	for _, t := range m.times() {
		*t = (*t).settle()
	}
	for _, v := range m.values() {
		*v = (*v).settle()
	}
	if m.Phases == nil {
		m.Phases = map[string]*Times{}
	}
	for _, name := range slices.Collect(maps.Keys(m.Phases)) {
		if m.Phases[name] = m.Phases[name].settle(); m.Phases[name] == nil {
			delete(m.Phases, name)
		}
	}
}
