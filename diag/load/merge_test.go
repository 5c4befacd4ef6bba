package load

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/check"
	"dialtone/diag/judge"
	"dialtone/diag/report"
)

// made is a call as a server might have answered it, the same each time.
func made(n int, at time.Duration) outcome {
	r := rand.New(rand.NewPCG(7, uint64(n))) //nolint:gosec // a repeatable sequence
	o := outcome{scheduled: at, started: at + time.Duration(r.IntN(2000))*time.Microsecond}
	setup := time.Duration(5+r.IntN(900)) * time.Millisecond
	o.ended = o.started + setup + 2*time.Second
	if n%9 == 0 {
		o.run.Exit = report.ExitOf(diag.ExitICE)
		o.run.Findings = []report.Finding{{Finding: judge.Finding{ID: "call.no_path", Severity: judge.Problem}}}
		return o
	}
	o.setup = &setup
	o.run.Setup.Phases = []report.Phase{{PhaseEnd: diag.PhaseEnd{Phase: diag.PhaseOfferAnswer, Outcome: diag.OutcomeOK}, Duration: new(diag.Millis(setup / 2))}}
	o.run.Media.Audio = &report.Kind{Inbound: &call.Stream{Loss: new(float64(n%10) / 1000), Jitter: new(diag.Millis(r.IntN(9e6)))}}
	return o
}

// ran is the report of a part of a test in which no time passes.
func ran(part, parts int) *Report {
	r := &runner{Options: Options{Call: check.Options{Target: check.Loopback{}}, MaxInProgress: 100, Plan: Plan{
		[]Stage{{From: 40, To: 40}}, 1600, part, parts,
	}}, starts: map[int]time.Duration{}, begun: time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)}
	for n, at := range r.Plan.Arrivals() {
		o := made(n, at)
		r.counts.Scheduled, r.counts.Started = r.counts.Scheduled+1, r.counts.Started+1
		p := r.point(at)
		p.Scheduled, p.Started = p.Scheduled+1, p.Started+1
		if o.setup != nil {
			r.counts.Ready++
			r.point(at + *o.setup).ready(*o.setup)
		}
		r.count(&o)
	}
	return r.report(false)
}

// TestMerge: eight parts give what one run gives: counts exactly, percentiles those of the same histograms, also after
// they were written and read.
func TestMerge(t *testing.T) {
	whole := ran(1, 1)
	var parts []*Report
	for i := range 8 {
		var b bytes.Buffer
		if err := WriteJSON(&b, ran(8-i, 8)); err != nil {
			t.Fatal(err)
		}
		p, err := ReadJSON(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, p)
	}
	merged, err := Merge(parts)
	if err != nil {
		t.Fatal(err)
	}
	shown := func(r *Report) map[string]any {
		raw, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var v map[string]any
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"plan", "parts", "duration_ms", "max_in_progress"} {
			delete(v, name)
		}
		return v
	}
	if diff := cmp.Diff(shown(whole), shown(merged)); diff != "" {
		t.Errorf("one run (-) and eight parts (+):\n%s", diff)
	}
	if whole.Calls.Failed != 1600/9 || whole.Setup.N != 1600-1600/9 || whole.Setup.P95.Duration() < 800*time.Millisecond {
		t.Errorf("%+v, %+v", whole.Calls, whole.Setup)
	}
	if len(whole.Causes) != 1 || whole.Causes[0].Calls != 1600/9 || whole.Exit.Code != diag.ExitICE {
		t.Errorf("%+v, %v", whole.Causes, whole.Exit)
	}
}

// TestMissingPart: without all parts there is no verdict, until the others are merged, too.
func TestMissingPart(t *testing.T) {
	r, err := Merge([]*Report{ran(1, 3), ran(3, 3)})
	if err != nil || r.Exit.Code != diag.ExitCannotRun || r.Findings[0].ID != "load.parts_missing" || r.Headline != "no verdict: no report of part 2 of 3" {
		t.Fatalf("%v: %v, %s", err, r.Exit, r.Headline)
	}
	if r, err = Merge([]*Report{r, ran(2, 3)}); err != nil || r.Exit.Code != diag.ExitICE || len(r.Findings) > 0 || r.Missing != nil {
		t.Errorf("%v: %v, %s", err, r.Exit, r.Headline)
	}
}

// TestCausesByStatus: what the server answered with is told apart.
func TestCausesByStatus(t *testing.T) {
	var r runner
	r.Call.Target = check.Loopback{}
	for _, status := range []int{404, 503, 503, 0} {
		o := outcome{}
		o.run.Exit = report.ExitOf(diag.ExitSignaling)
		f := judge.Finding{ID: "signal.status", Severity: judge.Problem, Evidence: judge.SignalingFailed{Failure: &diag.SignalFailure{Reason: "status", Status: status}}}
		o.run.Findings = report.Written([]judge.Finding{f})
		r.count(&o)
	}
	want := []string{"2 503 HTTP 503 (Service Unavailable)", "1 404 HTTP 404 (Not Found)", "1 0 an unexpected HTTP status"}
	var got []string
	for _, c := range r.report(false).Causes {
		title := strings.TrimSuffix(strings.TrimPrefix(c.Title, "The signaling server answered with "), ".")
		got = append(got, fmt.Sprint(c.Calls, c.Status, " ", title))
	}
	if diff := cmp.Diff(want, got); diff != "" || len(r.findings) != 3 {
		t.Errorf("%s, %d findings", diff, len(r.findings))
	}
	var b bytes.Buffer
	if err := WriteProm(&b, r.report(false)); err != nil || strings.Count(b.String(), "dialtone_load_failed_calls{") != 3 || !strings.Contains(b.String(), `status="404"`) {
		t.Errorf("%v: %s", err, b.String())
	}
}

// TestNoMerge: what are no parts of one test is not joined.
func TestNoMerge(t *testing.T) {
	other, late, foreign := ran(2, 8), ran(3, 8), ran(4, 8)
	foreign.Target.URL = "https://other.example"
	other.Plan.Calls = 7
	late.StartedAt = late.StartedAt.Add(time.Hour)
	for want, parts := range map[string][]*Report{
		"different plans": {ran(1, 8), other}, "given twice": {ran(1, 8), ran(1, 8)}, "apart": {ran(1, 8), late}, "different targets": {ran(1, 8), foreign}, "no reports": nil,
	} {
		if _, err := Merge(parts); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// FuzzReadJSON: a report of foreign bytes is refused, or can be merged and written.
func FuzzReadJSON(f *testing.F) {
	var b bytes.Buffer
	if err := WriteJSON(&b, ran(1, 8)); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte(`{"schema":"dialtone.load/1","series":[{"setup":[1]}],"setup":{"n":1,"hdr_us":""},"assertions":[{"expr":"1..2"}]}`))
	f.Fuzz(func(_ *testing.T, raw []byte) {
		r, err := ReadJSON(raw)
		if err != nil {
			return
		}
		if m, err := Merge([]*Report{r}); err == nil {
			for _, write := range Formats {
				_ = write(&bytes.Buffer{}, m)
			}
		}
	})
}
