package monitor

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"dialtone/diag"
	"dialtone/diag/judge"
	"dialtone/diag/report"
)

// windUp is what a probe that is cut has to report what it has seen: a tenth of its timeout, and not more than this.
const windUp = time.Second

// stuckTime is how long a probe that was cut and does not end keeps its slot.
const stuckTime = 30 * time.Second

// result is what came of a probe.
type result struct {
	Number   int
	Module   string
	Target   string // without secrets
	At       time.Time
	Took     time.Duration
	Pass     bool
	TimedOut bool
	// Cancelled says that no one waits for the result any more: it says nothing about the target.
	Cancelled bool
	Headline  string
	Report    *report.Report // nil if there is none
	page      []byte         // the report as HTML, compressed
}

// outcome is what a probe returns.
type outcome struct {
	report *report.Report
	err    error
}

// probe probes a target. It returns within the limit, whatever the probe does.
func (m *Monitor) probe(ctx context.Context, module Module, target, shown string, limit time.Duration) *result {
	r := &result{Module: module.Name, Target: shown, At: time.Now()}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	select {
	case m.slots <- struct{}{}:
		m.run(ctx, module, target, r)
	case <-ctx.Done():
		r.cut(ctx, fmt.Sprintf("not probed: %d probes were in progress all the time; raise --concurrency, or probe less "+
			"often", cap(m.slots)))
	}
	r.Took = time.Since(r.At)
	m.metrics.probed(r)
	m.results.keep(r)
	return r
}

// run probes with a slot. The probe is cut a little before ctx ends, and abandoned when that does.
func (m *Monitor) run(ctx context.Context, module Module, target string, r *result) {
	end, _ := ctx.Deadline()
	left := time.Until(end)
	inner, stop := context.WithTimeout(context.WithoutCancel(ctx), left-min(windUp, left/10))
	release := context.AfterFunc(ctx, stop)
	done := make(chan outcome, 1)
	m.metrics.inProgress.Inc()
	m.probes.Go(func() {
		defer m.metrics.inProgress.Dec()
		one, err := module.Probe(inner, target)
		done <- outcome{one, err}
	})
	select {
	case o := <-done:
		<-m.slots
		if inner.Err() == context.Canceled {
			r.cut(ctx, "")
			break
		}
		r.TimedOut = inner.Err() != nil
		r.conclude(o, left)
	case <-ctx.Done():
		r.cut(ctx, fmt.Sprintf("cut at its timeout of %v, and did not end", left.Round(time.Second/10)))
		m.probes.Go(func() { m.reclaim(done) })
	}
	release()
	stop()
}

// cut notes that ctx ended a probe: its time was over, or no one waits for it any more.
func (r *result) cut(ctx context.Context, late string) {
	if ctx.Err() == context.DeadlineExceeded {
		r.TimedOut, r.Headline = true, late
		return
	}
	r.Cancelled, r.Headline = true, "cancelled: "+context.Cause(ctx).Error()
}

// reclaim frees the slot of a probe that was cut when it has ended, or after a while.
func (m *Monitor) reclaim(done <-chan outcome) {
	timer := time.NewTimer(stuckTime)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		m.metrics.stuck.Inc()
		m.o.Logger.Error("a probe that was cut at its timeout has not ended: it is abandoned")
	}
	<-m.slots
}

// conclude notes what the probe has returned.
func (r *result) conclude(o outcome, limit time.Duration) {
	r.Report = o.report
	switch {
	case o.report == nil && o.err != nil:
		r.Headline = diag.Clean(o.err.Error(), 500)
	case o.report == nil:
		r.Headline = "no result"
	default:
		r.Headline, r.Pass = withCause(o.report), o.report.Verdict == report.Pass
		if servers, only := probed(o.report); len(servers) > 0 {
			i := slices.IndexFunc(servers, func(s report.ServerReport) bool { return !s.OK })
			r.Pass = (r.Pass || only) && i < 0
			if !r.Pass && i >= 0 && !strings.Contains(r.Headline, servers[i].URL) {
				r.Headline = sentence(r.Headline, servers[i].URL+": "+servers[i].Headline)
			}
		}
	}
	if r.TimedOut && !r.Pass {
		r.Headline = fmt.Sprintf("cut at its timeout of %v: %s", limit.Round(time.Second/10), r.Headline)
		r.fail()
	}
}

// steps are the parts of a setup that a probe fails at if its time is over meanwhile.
var steps = map[diag.PhaseName]diag.Exit{
	diag.PhaseDial: diag.ExitSignaling, diag.PhaseWait: diag.ExitNoPeer, diag.PhaseOfferAnswer: diag.ExitSignaling,
	diag.PhaseICE: diag.ExitICE, diag.PhaseNomination: diag.ExitICE, diag.PhaseDTLS: diag.ExitDTLS,
	diag.PhaseSCTP: diag.ExitChannel, diag.PhaseChannel: diag.ExitChannel,
}

// fail gives the report of a probe that was cut the result of the step that took too long: for the check inside, the
// end of its context looks as if it had been interrupted.
func (r *result) fail() {
	if r.Report == nil || r.Report.Exit.Code != diag.ExitInterrupted {
		return
	}
	r.Report.Headline = r.Headline
	exit := diag.ExitPass
	for _, run := range r.Report.Runs {
		for _, phase := range run.Setup.Phases {
			if step, ok := steps[phase.Phase]; ok && phase.Outcome == diag.OutcomeCancelled {
				exit = exit.Worse(step)
			}
		}
	}
	if exit != diag.ExitPass {
		r.Report.Exit, r.Report.Verdict = report.ExitOf(exit), report.VerdictOf(exit)
	}
}

// withCause is the headline of a report, and its first errors: what happened, and often why.
func withCause(r *report.Report) string {
	headline := r.Headline
	for _, f := range r.Findings[:min(len(r.Findings), 2)] {
		if f.Severity == judge.Problem && !strings.Contains(headline, f.Title) {
			headline = sentence(headline, f.Title)
		}
	}
	return headline
}

// sentence joins a headline, which can be a sentence itself, and what explains it.
func sentence(headline, more string) string {
	if strings.HasSuffix(headline, ".") {
		return headline + " " + more
	}
	return headline + ": " + more
}

// probed are the STUN and TURN servers if they are the target, and whether nothing else is: a call between two local
// peers can fail by itself.
func probed(r *report.Report) (servers []report.ServerReport, only bool) {
	switch {
	case r.Target.Kind == kindNAT && r.NAT != nil:
		return r.NAT.Servers, true
	case r.Target.Kind == report.KindLoopback:
		return r.Servers, false
	}
	return nil, false
}

// render makes the page of the report.
func (r *result) render() {
	if r.Report == nil {
		return
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if err := report.WriteHTML(z, r.Report); err == nil && z.Close() == nil {
		r.page = b.Bytes()
	}
}
