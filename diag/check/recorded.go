package check

import (
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/report"
)

// Recorded is a call that was placed before.
type Recorded struct {
	Began  time.Time // wall clock of event time 0
	Events []diag.Event
}

// Describe implements [Target].
func (Recorded) Describe() report.Target { return report.Target{Kind: "recording"} }

// Place implements [Target]; nothing is dialed.
func (Recorded) Place(int) Placement { return Placement{} }

// Of completes options with what was asked of a recorded call: of one of a check the same, of any other only what the
// options say.
func (o Options) Of(r Recorded) Options {
	o.Target = r
	var start diag.CallStart
	for _, e := range r.Events {
		if s, ok := e.Data.(diag.CallStart); ok {
			start = s
			break
		}
	}
	o.Config.RelayOnly, o.Config.NoMedia, o.Config.MediaOnly = start.RelayOnly, !start.Media, start.MediaOnly
	o.Config.Channel, o.Config.Way, o.Config.For = start.Channel, start.Way, diag.OrZero(start.ForMs).Duration()
	for _, s := range start.ICEServers {
		o.Config.ICEServers = append(o.Config.ICEServers, diag.ICEServerAuth{URL: s.URL})
	}
	if start.Command != "check" {
		o.NoEcho = true
		if o.ExpectMedia == nil {
			o.ExpectMedia = []string{}
		}
		return o
	}
	for _, kind := range diag.Kinds {
		if len(start.AudioCodecs)+len(start.VideoCodecs) > 0 && len(start.Codecs(kind)) == 0 {
			o.Config.NoKinds = append(o.Config.NoKinds, kind)
		}
	}
	return o
}

// Judge makes the report of a recorded call, the target of the options, as [Run] does of one that it places.
func Judge(o Options) *report.Report {
	r, _ := o.Target.(Recorded)
	o.Repeat, o.Progress = 1, func(Progress) {}
	c := &checker{Caller: Caller{Options: o, Keep: maxEvents}, begun: r.Began}
	placed := call.Fold(r.Events)
	c.note(1, report.RunInput{Began: r.Began, Call: placed, Events: r.Events[:min(len(r.Events), maxEvents)]}, nil)
	return c.report(judge.Load{}, placed.Now, c.cut())
}
