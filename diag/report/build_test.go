package report

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
)

// call is one that came up setup after its pairing at 10 ms, and ended as told.
func placed(setup time.Duration, end diag.EndReason) *call.Call {
	at := 10*time.Millisecond + setup
	var events []diag.Event
	add := func(at time.Duration, d diag.Data) {
		events = append(events, diag.Event{Seq: uint64(len(events) + 1), At: at, Data: d})
	}
	add(0, diag.CallStart{Command: "check", Code: "w"})
	add(0, diag.PhaseStart{Phase: diag.PhaseWait})
	add(10*time.Millisecond, diag.PhaseEnd{Phase: diag.PhaseWait, Outcome: diag.OutcomeOK})
	if end != diag.EndNoPeer {
		add(11*time.Millisecond, diag.PhaseStart{Phase: diag.PhaseICE})
		add(at-time.Millisecond, diag.PhaseEnd{Phase: diag.PhaseICE, Outcome: diag.OutcomeOK})
		add(at, diag.ConnectionState{State: "connected"})
		add(at, diag.ChannelOpen{Label: diag.LabelPing})
		add(at, diag.Ping{RTTMs: diag.Millis(time.Millisecond)})
	}
	add(time.Second, diag.CallEnded{Reason: end})
	return call.Fold(events)
}

func runs(calls ...*call.Call) []Folded {
	var in []Folded
	for _, c := range calls {
		in = append(in, Fold(judge.Expectation{Echo: true}, RunInput{Call: c}))
	}
	return in
}

func TestBuild(t *testing.T) {
	var calls []*call.Call
	for i := range 20 {
		calls = append(calls, placed(time.Duration(20-i)*time.Millisecond, diag.EndDuration))
	}
	r := Build(Input{Runs: runs(calls...)})
	ms := diag.Millis(time.Millisecond)
	want := &Percentiles{N: 20, Min: ms, P50: 10 * ms, P95: 19 * ms, P99: 20 * ms, Max: 20 * ms}
	if diff := cmp.Diff(want, r.Summary.Setup); diff != "" {
		t.Error(diff)
	}
	if r.Exit.Code != 0 || *r.Setup.Total != 10*ms || r.Detail != 10 {
		t.Errorf("%v, run %d with %v", r.Exit, r.Detail, *r.Setup.Total)
	}
	for _, p := range r.Summary.Phases {
		if p.Phase == "ice" && (p.Seen != 20 || p.Times.N != 20) {
			t.Errorf("%+v", p)
		}
	}
}

// TestWorstRunIsTold: of several failures the gravest, and the first of equals.
func TestWorstRunIsTold(t *testing.T) {
	r := Build(Input{Runs: runs(placed(5e6, diag.EndDuration), placed(5e6, diag.EndNoPeer), placed(5e6, diag.EndPeerLost), placed(5e6, diag.EndNoPeer))})
	if r.Exit.Name != "no-peer" || r.Detail != 1 || r.Verdict != Fail || r.Summary.Failed != 3 || r.Summary.Setup.N != 2 {
		t.Errorf("%+v", r)
	}
	var ids []string
	for _, f := range r.Findings {
		ids = append(ids, f.ID)
	}
	if diff := cmp.Diff([]string{"call.nobody_came", "call.peer_lost"}, ids); diff != "" {
		t.Error(diff)
	}
}

// TestCutShortIsNoFailure: a call that was interrupted counts by itself.
func TestCutShortIsNoFailure(t *testing.T) {
	r := Build(Input{Runs: runs(placed(5e6, diag.EndDuration), placed(5e6, diag.EndInterrupted), placed(5e6, diag.EndPeerLost)), Interrupted: true})
	if s := r.Summary; s.Runs != 3 || s.Failed != 1 || s.Interrupted != 1 || r.Exit.Code != 130 {
		t.Errorf("%+v %+v", s, r.Exit)
	}
	outer := Combine("", "", time.Time{}, 0, []Report{*r}, true)
	if s := outer.Summary; s.Failed != 1 || s.Interrupted != 1 {
		t.Errorf("%+v", s)
	}
}

// TestBusyMachine: heavy loss fails a run, unless the machine was short of CPU, which is known at the end.
func TestBusyMachine(t *testing.T) {
	lossy := placed(5e6, diag.EndDuration)
	lossy.Apply(diag.Event{At: time.Second, Data: diag.Sample{Final: true, Inbound: []diag.InboundRTP{
		{Kind: "audio", PacketsReceived: new(uint64(700)), PacketsLost: new(int64(300))},
		{Kind: "video", PacketsReceived: new(uint64(700))},
	}}})
	folded := Fold(judge.Expectation{Media: inboundMedia, Echo: true, Load: judge.Load{Ticks: 100, Late: 100}}, RunInput{Call: lossy})
	for _, test := range []struct {
		load     judge.Load
		severity judge.Severity
		ids      []string
	}{
		{judge.Load{}, judge.Problem, []string{"media.loss"}},
		{judge.Load{Ticks: 100, Late: 50}, judge.Warn, []string{"media.loss", "tester.cpu"}},
	} {
		r := Build(Input{Load: test.load, Runs: []Folded{folded}})
		var ids []string
		for _, f := range r.Findings {
			if f.ID == "media.loss" && f.Severity != test.severity {
				t.Errorf("%v: %+v", test.load, f)
			}
			if f.ID == "media.loss" || f.ID == "tester.cpu" {
				ids = append(ids, f.ID)
			}
		}
		slices.Sort(ids)
		if diff := cmp.Diff(test.ids, ids); diff != "" {
			t.Errorf("%v: %s", test.load, diff)
		}
		if failed := r.Runs[0].Verdict == Fail; failed != (test.severity == judge.Problem) {
			t.Errorf("%v: %v", test.load, r.Runs[0].Result)
		}
	}
}

// TestRunWithEventsIsDescribed: where not all events were kept, the described run is one that has some.
func TestRunWithEventsIsDescribed(t *testing.T) {
	var calls []*call.Call
	for i := range 9 {
		calls = append(calls, placed(time.Duration(i+1)*time.Millisecond, diag.EndDuration))
	}
	in := runs(calls...)
	in[1].Events, in[5].Events = []diag.Event{{}}, []diag.Event{{}}
	if r := Build(Input{Runs: in}); r.Detail != 5 {
		t.Errorf("run %d is described", r.Detail)
	}
	failed := runs(placed(5e6, diag.EndNoPeer), placed(5e6, diag.EndNoPeer))
	failed[1].Events = []diag.Event{{}}
	if r := Build(Input{Runs: failed}); r.Detail != 1 {
		t.Errorf("run %d is described", r.Detail)
	}
}

func TestInterruptedIsTheWorst(t *testing.T) {
	r := Build(Input{Runs: runs(placed(5e6, diag.EndNoPeer)), Interrupted: true})
	if r.Exit.Code != 130 || r.Verdict != Error {
		t.Errorf("%+v", r.Exit)
	}
	if r := Build(Input{}); r.Exit.Name != "cannot-run" || r.Verdict != Error {
		t.Errorf("of nothing: %+v", r.Exit)
	}
}

// TestFirstFailureIsTold: if the answerer fails first, the offerer knows only that it was left.
func TestFirstFailureIsTold(t *testing.T) {
	left, failed := placed(5e6, diag.EndNoPeer), placed(5e6, diag.EndNoPeer)
	left.Ended, failed.Ended = &diag.CallEnded{Reason: diag.EndPeerLeft, By: diag.ByRemote}, &diag.CallEnded{Reason: diag.EndICE, By: diag.ByNetwork}
	r := Build(Input{Runs: []Folded{Fold(judge.Expectation{Echo: true}, RunInput{Call: left, Other: failed})}})
	if r.Exit.Name != "ice" || !strings.HasPrefix(r.Headline, "Answerer: no path found") || len(r.Findings) != 1 || r.Findings[0].ID != "ice.no_path" {
		t.Errorf("%+v %q %+v", r.Exit, r.Headline, r.Findings)
	}
	r = Build(Input{Runs: []Folded{Fold(judge.Expectation{Echo: true}, RunInput{Call: failed, Other: left})}})
	if r.Exit.Name != "ice" || !strings.HasPrefix(r.Headline, "no path found") || len(r.Findings) != 1 {
		t.Errorf("%+v %q %+v", r.Exit, r.Headline, r.Findings)
	}
}

// TestNothingPassesWithAFailedAssertion: also where the runs saw nothing wrong.
func TestNothingPassesWithAFailedAssertion(t *testing.T) {
	for _, own := range []bool{true, false} {
		r := Build(Input{Runs: runs(placed(5e6, diag.EndDuration))})
		r.Assertions = append(r.Assertions, Assertion{Expr: "x", Default: own})
		r.Settle()
		if r.Exit.Name != "assertion" || r.Headline != "assertion failed: x" {
			t.Errorf("%+v %q", r.Exit, r.Headline)
		}
	}
	r := Build(Input{Runs: runs(placed(5e6, diag.EndNoPeer))})
	r.Assertions = append(r.Assertions, Assertion{Expr: "x"})
	r.Settle()
	if r.Exit.Name != "no-peer" {
		t.Errorf("an assertion hides what failed: %+v", r.Exit)
	}
}

// TestAssertionThatIsTold: one that comes by itself repeats what the runs say, and is told only where they passed.
func TestAssertionThatIsTold(t *testing.T) {
	for _, tt := range []struct {
		passes, own, passed bool // the assertion passes, comes by itself; the runs passed
		want                string
	}{
		{false, false, false, "assertion failed: x"},
		{false, false, true, "assertion failed: x"},
		{false, true, true, "assertion failed: x"},
		{false, true, false, ""},
		{true, false, true, ""},
		{true, true, true, ""},
		{true, false, false, ""},
	} {
		r := &Report{Assertions: []Assertion{{Expr: "x", Pass: tt.passes, Default: tt.own}}}
		if got := r.failing(tt.passed); got != tt.want {
			t.Errorf("%+v: %q", tt, got)
		}
	}
}

// TestJSONRoundTrip: what is read is written again as it was.
func TestJSONRoundTrip(t *testing.T) {
	var first, second bytes.Buffer
	if err := WriteJSON(&first, Build(Input{Runs: runs(placed(5e6, diag.EndDuration))})); err != nil {
		t.Fatal(err)
	}
	r, err := ReadJSON(first.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := WriteJSON(&second, r); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first.String(), second.String()); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(first.String(), `"findings": null`) || strings.Contains(first.String(), `"candidates": null`) {
		t.Error("an empty list is null")
	}
	for _, bad := range []string{"", "[]", `{"schema":"dialtone.report/1"}`, `{"schema":"dialtone.nat/1"}`} {
		if _, err := ReadJSON([]byte(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func timed(of ...time.Duration) *Report {
	var calls []*call.Call
	for _, d := range of {
		calls = append(calls, placed(d, diag.EndDuration))
	}
	return Build(Input{Runs: runs(calls...)})
}

func TestBaseline(t *testing.T) {
	ms := time.Millisecond
	steady := timed(50*ms, 51*ms, 52*ms, 51*ms, 50*ms, 52*ms)
	spread10 := timed(40*ms, 50*ms, 50*ms, 50*ms, 50*ms, 70*ms) // the median is 10 ms above the minimum
	scattered := timed(30*ms, 90*ms, 50*ms, 120*ms, 40*ms, 60*ms)
	tests := map[string]struct {
		before, now *Report
		worse       bool
	}{
		"the same":                             {steady, steady, false},
		"slower beyond the noise":              {steady, timed(70*ms, 71*ms, 72*ms, 71*ms, 70*ms, 72*ms), true},
		"slower within 10 %":                   {steady, timed(54*ms, 54*ms, 54*ms, 54*ms, 54*ms, 54*ms), false},
		"quicker":                              {steady, timed(20*ms, 21*ms, 20*ms, 22*ms, 21*ms, 20*ms), false},
		"within the scatter":                   {scattered, timed(45*ms, 80*ms, 60*ms, 130*ms, 50*ms, 70*ms), false},
		"slower by less than twice the spread": {spread10, timed(69*ms, 69*ms, 69*ms, 69*ms, 69*ms, 69*ms), false},
		"slower by more than twice the spread": {spread10, timed(71*ms, 71*ms, 71*ms, 71*ms, 71*ms, 71*ms), true},
		"one run, half as slow again":          {timed(50 * ms), timed(75 * ms), false},
		"one run, more than twice":             {timed(50 * ms), timed(120 * ms), true},
		"one quick run, some ms later":         {timed(4 * ms), timed(12 * ms), false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			now := *test.now
			now.Compare(test.before)
			if worse := now.Exit.Name == "assertion"; worse != test.worse {
				t.Errorf("%v: %+v", now.Exit, now.Baseline)
			}
			told := false
			for _, f := range now.Findings {
				told = told || f.ID == "baseline.worse"
			}
			if told != test.worse {
				t.Errorf("findings %+v", now.Findings)
			}
		})
	}
}

func TestComparable(t *testing.T) {
	target := Target{Kind: "loopback", ICEServers: []string{"stun:a"}}
	good := timed(5 * time.Millisecond)
	good.Name, good.Target = "x", target
	if err := Comparable(good, "x", target); err != nil {
		t.Error(err)
	}
	change := func(f func(*Report)) *Report {
		r := *good
		f(&r)
		return &r
	}
	for word, r := range map[string]*Report{
		"schema":                          change(func(r *Report) { r.Schema = "dialtone.nat/1" }),
		"another check":                   change(func(r *Report) { r.Name = "y" }),
		"another target":                  change(func(r *Report) { r.Target.Kind = "room" }),
		"instead of loopback with stun:a": change(func(r *Report) { r.Target.ICEServers = nil }),
		"connected":                       change(func(r *Report) { r.Summary.Setup = nil }),
	} {
		if err := Comparable(r, "x", target); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %v", word, err)
		}
	}
}

// TestInterruptedIsNotBlamed: an answerer that the check interrupted, because the offerer had failed, explains
// nothing.
func TestInterruptedIsNotBlamed(t *testing.T) {
	left, interrupted := placed(5e6, diag.EndNoPeer), placed(5e6, diag.EndInterrupted)
	left.Ended = &diag.CallEnded{Reason: diag.EndPeerLeft, By: diag.ByRemote}
	r := Build(Input{Runs: []Folded{Fold(judge.Expectation{Echo: true}, RunInput{Call: left, Other: interrupted})}})
	if strings.HasPrefix(r.Headline, otherSide) || len(r.Findings) != 1 || r.Findings[0].ID != "call.peer_left" {
		t.Errorf("%+v %q %+v", r.Exit, r.Headline, r.Findings)
	}
}
