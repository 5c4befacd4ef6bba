package load

import (
	"context"
	"encoding/xml"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"dialtone/diag"
	"dialtone/diag/assert"
	"dialtone/diag/call"
	"dialtone/diag/check"
	"dialtone/diag/diagtest"
	"dialtone/diag/judge"
	"dialtone/diag/judge/crowd"
	"dialtone/diag/judge/network"
	"dialtone/diag/report"
	"dialtone/signal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// silent is a server that answers nothing until the call ends; after is how many calls it refuses at once before.
type silent struct {
	refuse func(n int) bool
	dialed atomic.Int64
}

func (*silent) Describe() report.Target { return report.Target{Kind: "post", Role: "offer"} }

func (s *silent) Place(n int) check.Placement {
	return check.Placement{Dial: func(ctx context.Context, _ func(diag.SignalRequest)) (signal.Channel, error) {
		s.dialed.Add(1)
		if s.refuse(n) {
			return nil, &signal.Error{Op: "offer", Reason: signal.ReasonRejected, Status: 503, Err: errors.New("full")}
		}
		<-ctx.Done()
		return nil, ctx.Err()
	}}
}

func options(target check.Target, calls int, rate Rate) Options {
	return Options{
		Call: check.Options{Name: "lab", Target: target, Config: diag.Config{For: 100 * time.Millisecond, NoMedia: true}},
		Plan: Plan{[]Stage{{From: rate, To: rate}}, calls, 1, 1},
	}
}

// TestLoopback: real calls; whatever the machine does meanwhile, each is counted once, and times count from the schedule.
func TestLoopback(t *testing.T) {
	r, err := Run(t.Context(), options(check.Loopback{}, 6, 10))
	if err != nil {
		t.Fatal(err)
	}
	c := r.Calls
	if c.Scheduled != 6 || c.Started+c.Dropped != 6 || c.Ended != c.Started || c.Passed+c.Failed+r.Unjudged.Calls != c.Ended || c.Ready > c.Started {
		t.Errorf("%+v, %+v", c, r.Unjudged)
	}
	sum := 0
	for _, p := range r.Series {
		sum += p.Ready
	}
	if sum != c.Ready || r.Lateness.N != int64(c.Started) {
		t.Errorf("the series has %d calls, %+v", sum, c)
	}
	if s := r.Setup; s != nil && (s.Min < r.Phases["channel"].Min || s.N > int64(c.Ready)) {
		t.Errorf("setup %v, channel %v", s, r.Phases["channel"])
	}
	switch r.Exit.Code {
	case diag.ExitPass:
		if c.Passed == 0 || r.Verdict != report.Pass {
			t.Errorf("%+v", r)
		}
	case diag.ExitCannotRun:
		if !r.Tester.Withdrawn() || r.Findings[0].ID != "load.tester_limit" || r.Verdict != report.Error {
			t.Errorf("%+v", r)
		}
	default:
		if !(c.Failed > 0 || c.Dropped > 0) {
			t.Errorf("%v: %+v", r.Exit, r)
		}
	}
}

// TestRefused: failures are told by their cause, with the finding that a check has, and the exit code of the calls.
func TestRefused(t *testing.T) {
	s := &silent{refuse: func(int) bool { return true }}
	o := options(s, 20, 100)
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if n := r.Calls.Failed + r.Unjudged.Calls; int(s.dialed.Load()) != r.Calls.Started || n != r.Calls.Started {
		t.Errorf("%+v", r.Calls)
	}
	if r.Calls.Failed > 0 && (len(r.Causes) != 1 || r.Causes[0].Calls != r.Calls.Failed || !strings.HasPrefix(r.Causes[0].ID, "signal.") || r.Causes[0].Title == "") {
		t.Errorf("%+v", r.Causes)
	}
	if !r.Tester.Withdrawn() && r.Exit.Code != diag.ExitSignaling {
		t.Errorf("exit %v", r.Exit)
	}
	checkJUnit(t, r)
}

// checkJUnit: there are failures or errors exactly if the exit code is not 0.
func checkJUnit(t *testing.T, r *Report) {
	t.Helper()
	var b strings.Builder
	if err := WriteJUnit(&b, r); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
	}
	if err := xml.Unmarshal([]byte(b.String()), &doc); err != nil || (doc.Failures+doc.Errors > 0) != (r.Exit.Code != 0) {
		t.Errorf("%+v, %v, exit %v", doc, err, r.Exit)
	}
}

// TestDroppedAndInterrupted: what is due while all places are taken is dropped; an interruption ends everything in order
// with the report of what was.
func TestDroppedAndInterrupted(t *testing.T) {
	s := &silent{refuse: func(int) bool { return false }}
	o := options(s, 1000, 100)
	o.MaxInProgress = 3
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o.Progress = func(p Progress) {
		if p.Counts.Dropped > 0 {
			cancel()
		}
	}
	r, err := Run(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	if c := r.Calls; c.Peak != 3 || c.Started != 3 || c.Interrupted != 3 || c.Dropped != c.Scheduled-3 || c.Dropped == 0 || c.Scheduled == 1000 {
		t.Errorf("%+v", c)
	}
	if r.Exit.Code != diag.ExitInterrupted || r.Verdict != report.Error || r.Headline != "interrupted" {
		t.Errorf("%v %s", r.Exit, r.Headline)
	}
	if len(r.Findings) == 0 || r.Findings[len(r.Findings)-1].ID != "load.starts_dropped" && r.Findings[0].ID != "load.starts_dropped" {
		t.Errorf("%+v", r.Findings)
	}
	checkJUnit(t, r)
}

// TestStarvedTesterBlamesNoServer: calls in seconds in which the tester was short are counted and not judged, and
// without enough others there is no verdict.
func TestStarvedTesterBlamesNoServer(t *testing.T) {
	short := crowd.Window{Load: judge.Load{Ticks: 100, Late: 30, Worst: time.Second}}
	for name, test := range map[string]struct {
		windows []crowd.Window
		failed  int
		exit    diag.Exit
	}{
		"never short":       {make([]crowd.Window, 60), 11, diag.ExitICE},
		"always short":      {repeat(short, 60), 0, diag.ExitCannotRun},
		"short from 1 s on": {append(make([]crowd.Window, 1), repeat(short, 59)...), 0, diag.ExitCannotRun},
	} {
		o := options(check.Loopback{}, 100, 10)
		r := &runner{Options: o, starts: map[int]time.Duration{}, begun: time.Now()}
		r.Progress = func(Progress) {}
		for n, at := range o.Plan.Arrivals() {
			r.pending = append(r.pending, made(n, at))
		}
		for i, w := range test.windows {
			from := r.begun.Add(time.Duration(i) * time.Second)
			r.second(window{Window: w, from: from, to: from.Add(time.Second - 1)})
		}
		r.flush(time.Hour)
		got := r.report(false)
		if got.Calls.Failed != test.failed || got.Exit.Code != test.exit || got.Calls.Passed+got.Calls.Failed+got.Unjudged.Calls != 100 {
			t.Errorf("%s: %+v, unjudged %+v, exit %v", name, got.Calls, got.Unjudged, got.Exit)
		}
		if test.exit == diag.ExitCannotRun && !strings.Contains(got.Headline, "this machine was the limit") {
			t.Errorf("%s: %s", name, got.Headline)
		}
	}
}

// TestStuckCall: a call that a fault in the program ended is counted and not judged.
func TestStuckCall(t *testing.T) {
	r := &runner{Options: options(check.Loopback{}, 1, 1), starts: map[int]time.Duration{1: 0}, begun: time.Now()}
	r.placeOne = func(context.Context, int) (*report.RunInput, error) {
		return &report.RunInput{Call: call.Fold(diagtest.Log(5, diag.CallEnded{Reason: diag.EndInternal, Code: diag.CodeStuck}))}, nil
	}
	r.place(t.Context(), 1, 0)
	got := r.report(false)
	if got.Calls.Stuck != 1 || len(r.starts) != 0 || len(r.faults) != 0 || got.Exit.Code != diag.ExitCannotRun {
		t.Errorf("%+v, exit %v", got.Calls, got.Exit)
	}
	if !slices.ContainsFunc(got.Findings, func(f report.Finding) bool { return f.ID == "load.stuck" }) {
		t.Errorf("%+v", got.Findings)
	}
}

// TestLongWindow: where the tester was starved a window lasts longer than a second, and all of its seconds are short.
func TestLongWindow(t *testing.T) {
	r := &runner{Options: options(check.Loopback{}, 1, 1), starts: map[int]time.Duration{}, begun: time.Now()}
	r.Progress = func(Progress) {}
	at := func(s float64) time.Time { return r.begun.Add(time.Duration(s * float64(time.Second))) }
	r.second(window{from: at(0), to: at(1.01)})
	r.second(window{Window: crowd.Window{Load: judge.Load{Ticks: 100, Late: 99}}, from: at(1.01), to: at(4.5)})
	r.second(window{from: at(4.5), to: at(5.5)})
	r.pending = []outcome{{scheduled: 3 * time.Second, ended: 3500 * time.Millisecond}, {scheduled: 6 * time.Second, ended: 7 * time.Second}}
	r.flush(5500 * time.Millisecond)
	if diff := cmp.Diff([]float64{0, 0.99, 0.99, 0.99, 0.99, 0}, r.lost); diff != "" || r.limit.Seconds != 4 {
		t.Errorf("%d seconds: %s", r.limit.Seconds, diff)
	}
	if r.unjudged.Calls != 1 || len(r.pending) != 1 {
		t.Errorf("%+v, %d pending", r.unjudged, len(r.pending))
	}
	for i, p := range r.points[:5] {
		if p.Tester.Short != (i > 0) {
			t.Errorf("second %d: %+v", i, p.Tester)
		}
	}
}

// TestProvenFailure: an answer of the server is judged even while the tester is short; calls that passed meanwhile count
// for its share.
func TestProvenFailure(t *testing.T) {
	r := &runner{Options: options(check.Loopback{}, 10, 10), starts: map[int]time.Duration{}, begun: time.Now(), lost: []float64{1}}
	for n := range 10 {
		var o outcome
		if n < 2 { // a path may fail because of the tester
			o.run.Exit = report.ExitOf(diag.ExitICE)
		} else if n < 5 {
			o.run.Exit = report.ExitOf(diag.ExitSignaling)
			o.run.Findings = report.Written([]judge.Finding{{ID: "signal.refused", Severity: judge.Problem, Evidence: judge.SignalingFailed{Failure: &diag.SignalFailure{Reason: "refused"}}}})
		}
		r.count(&o)
	}
	got := r.report(false)
	if got.Calls.Failed != 3 || got.Unjudged.Calls != 7 || got.Unjudged.Failed != 2 || got.Exit.Code != diag.ExitCannotRun {
		t.Errorf("%+v, %+v, %v", got.Calls, got.Unjudged, got.Exit)
	}
	if !strings.HasSuffix(got.Headline, "; 3 of 8 calls failed: The signaling server refused the connection.") || environment(got)["failed_share"] != 3.0/8 {
		t.Errorf("%s, %v", got.Headline, environment(got)["failed_share"])
	}
}

// TestMeasuredUntilInterrupted: what was measured of calls that were interrupted is in the report, and none of them passed.
func TestMeasuredUntilInterrupted(t *testing.T) {
	for headline, exits := range map[string][]diag.Exit{
		"interrupted":                            {diag.ExitInterrupted, diag.ExitInterrupted},
		"interrupted; until then 1 call passed":  {diag.ExitInterrupted, diag.ExitPass},
		"interrupted; 1 of 1 calls failed: lost": {diag.ExitInterrupted, diag.ExitICE},
	} {
		r := &runner{Options: options(check.Loopback{}, 2, 1), starts: map[int]time.Duration{}}
		for _, exit := range exits {
			o := outcome{setup: new(10 * time.Millisecond), ended: time.Second}
			o.run.Exit, o.run.Headline = report.ExitOf(exit), "lost"
			r.count(&o)
		}
		got := r.report(r.cut)
		if got.Setup == nil || got.Setup.N != 2 || got.Headline != headline || got.Exit.Code != diag.ExitInterrupted {
			t.Errorf("%q, %v: %+v", got.Headline, got.Exit, got.Setup)
		}
	}
}

// TestWaitInVain: a server that did not answer for long is the cause, unless the tester lost half of that time.
func TestWaitInVain(t *testing.T) {
	for lost, failed := range map[int]int{0: 1, 6: 1, 8: 0} {
		r := &runner{Options: options(check.Loopback{}, 1, 1), starts: map[int]time.Duration{}, lost: make([]float64, 15)}
		for i := range lost {
			r.lost[i] = 1
		}
		o := outcome{ended: 15 * time.Second}
		o.run.Exit = report.ExitOf(diag.ExitSignaling)
		if r.count(&o); r.counts.Failed != failed {
			t.Errorf("%d s lost: %+v", lost, r.counts)
		}
	}
}

// TestCauseOfNoRelay: without a relay, the failure of the TURN server is the cause, and its answer is proof of it.
func TestCauseOfNoRelay(t *testing.T) {
	server := diag.Server{URL: "turn:a", Stages: []diag.Stage{{Name: diag.StageAllocate, Failure: &diag.Failure{Cause: diag.CauseSTUN, Code: 486}}}}
	quota := network.FailedServers([]diag.Server{server}, func(*diag.Server) diag.Severity { return judge.Problem })
	for obstacle, want := range map[judge.Obstacle]string{judge.NoRelayGathered: "turn.quota_reached", judge.NoPairAnswered: "ice.no_path"} {
		noPath := judge.Finding{ID: "ice.no_path", Severity: judge.Problem, Evidence: judge.NoPath{Obstacle: obstacle}}
		var o outcome
		o.run.Exit, o.run.Findings = report.ExitOf(diag.ExitICE), report.Written(append([]judge.Finding{noPath}, quota...))
		if got := o.cause().ID; got != want || o.proven() != (want != noPath.ID) {
			t.Errorf("%v: %s, proven %v", obstacle, got, o.proven())
		}
	}
}

// TestPause: one short pause of the tester says nothing against calls that were connected long before, one that is as
// long as a freeze does.
func TestPause(t *testing.T) {
	for worst, unjudged := range map[time.Duration]int{60 * time.Millisecond: 1, 300 * time.Millisecond: 2} {
		r := &runner{Options: options(check.Loopback{}, 1, 1), starts: map[int]time.Duration{}, begun: time.Now()}
		r.Progress = func(Progress) {}
		for i := range 10 {
			w := crowd.Window{Load: judge.Load{Ticks: 95}}
			if i == 5 {
				w.Late, w.Worst = 6, worst
			}
			r.second(window{Window: w, from: r.begun.Add(time.Duration(i) * time.Second), to: r.begun.Add(time.Duration(i+1) * time.Second)})
		}
		for _, begun := range []time.Duration{0, 5 * time.Second} { // connected before, and set up meanwhile
			o := outcome{scheduled: begun, setup: new(10 * time.Millisecond), ended: begun + 6*time.Second}
			r.count(&o)
		}
		if r.unjudged.Calls != unjudged || r.limit.Seconds != 1 {
			t.Errorf("%v: %d calls not judged, %d seconds", worst, r.unjudged.Calls, r.limit.Seconds)
		}
	}
}

// TestShortWindow: the use of the processors in a moment is unknown.
func TestShortWindow(t *testing.T) {
	u := usage{at: time.Unix(0, 0), cpu: new(time.Duration)}
	at := func(wall time.Duration) usage { return usage{at: u.at.Add(wall), cpu: new(10 * time.Millisecond)} }
	if share := at(time.Millisecond).share(u); share != nil {
		t.Errorf("%v", *share)
	}
	if share := at(time.Second).share(u); share == nil || *share > 0.011 {
		t.Errorf("%v", share)
	}
}

func repeat(w crowd.Window, n int) (out []crowd.Window) {
	for range n {
		out = append(out, w)
	}
	return out
}

// TestAssertionsReplaceDefaults: who allows failures gets no failure for them.
func TestAssertionsReplaceDefaults(t *testing.T) {
	for text, want := range map[string]diag.Exit{
		`failed_share < 0.5`: diag.ExitPass, `calls.failed < 3`: diag.ExitAssertion, `setup.p95 < duration("1ms")`: diag.ExitICE,
		`first_frame.p50 < duration("1h")`: diag.ExitICE, `passed_share > 0.99`: diag.ExitAssertion,
		`media.audio.inbound.loss.p99 < 0.02 && failed_share < 1.0`:      diag.ExitPass,
		`phases.offer_answer.p50 < duration("1ms") && calls.failed >= 0`: diag.ExitAssertion,
	} {
		a, err := ParseAssertion(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		r := &runner{Options: options(check.Loopback{}, 90, 10), starts: map[int]time.Duration{}, begun: time.Now()}
		r.Assertions = []*assert.Assertion{a}
		for n, at := range r.Plan.Arrivals() {
			o := made(n, at)
			r.count(&o)
		}
		if got := r.report(false); got.Exit.Code != want {
			t.Errorf("%s: exit %v, %+v", text, got.Exit, got.Assertions)
		}
	}
	if _, err := ParseAssertion(`setup.p96 < duration("1s")`); err == nil || !strings.Contains(err.Error(), "p95") {
		t.Errorf("%v", err)
	}
}

// TestDrops: packets that were discarded at sockets of this process count, of others not.
func TestDrops(t *testing.T) {
	const table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n" +
		" 1024: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4711 2 0000000000000000 17\n" +
		" 1025: 00000000:0036 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4712 2 0000000000000000 99\n"
	d := drops{"4711": 0, "1": 0}
	d.read(table)
	if n := d.since(drops{"4711": 5}); n != 12 || d["4711"] != 17 {
		t.Errorf("%d of %v", n, d)
	}
}

// TestBuckets: a quantile of a second is at most an eighth of a doubling above the truth.
func TestBuckets(t *testing.T) {
	for _, d := range []time.Duration{0, time.Millisecond, 7 * time.Millisecond, 550 * time.Millisecond, 60 * time.Second} {
		var p Point
		p.ready(d)
		got := p.Quantile(0.5).Duration()
		if got < d || d >= time.Millisecond && float64(got) > 1.0906*float64(d) {
			t.Errorf("%v: %v", d, got)
		}
	}
	var p Point
	if p.Quantile(0.5) != nil {
		t.Error("a quantile of nothing")
	}
	p.ready(time.Hour)
	if len(p.Setup) != buckets {
		t.Errorf("%d buckets", len(p.Setup))
	}
}

// TestFindingsOfCalls: a call in which audio and video have the same finding is one call with it.
func TestFindingsOfCalls(t *testing.T) {
	var r runner
	refused := report.Finding{Finding: judge.Finding{ID: "media.refused", Severity: judge.Problem}}
	other := report.Finding{Finding: judge.Finding{ID: "media.refused", Severity: judge.Problem}, Side: "answerer"}
	for range 2 {
		var o outcome
		o.run.Findings = []report.Finding{refused, refused, other}
		r.count(&o)
	}
	if len(r.findings) != 2 || r.findings[0].Calls != 2 || r.findings[1].Calls != 2 {
		t.Errorf("%+v", r.findings)
	}
}
