package judge_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/diagtest"
	"dialtone/diag/judge"
	"dialtone/diag/words/verdict"
)

// symmetric are the facts about a network whose mapping depends on the endpoint, with two TURN servers that fail.
func symmetric() *diagtest.Diagnosis {
	d := diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC)
	d.Maps(0, "9.9.9.1:3478", "5.5.5.5:1").Maps(1, "8.8.8.1:3478", "5.5.5.5:2")
	return d.Asked(
		diagtest.Failing("turn:turn.example", "udp", "203.0.113.9:3478", diag.StageAllocate, diag.Failure{Cause: diag.CauseAuth, Code: 401}),
		diagtest.Failing("turn:other.example", "udp", "203.0.113.10:3478", diag.StageAllocate, diag.Failure{Cause: diag.CauseSTUN, Code: 486}))
}

// during is a diagnosis from 2.0 s on; its requests end at 2.1 s, and it at 2.19 s.
func during(d *diagtest.Diagnosis, because diag.Because) []any {
	d.Start.Because = because
	facts := d.Facts()
	out := []any{2000, facts[0]}
	for _, fact := range facts[1 : len(facts)-1] {
		out = append(out, 2100, fact)
	}
	return append(out, 2190, facts[len(facts)-1])
}

func diagnosed(because diag.Because) []any { return during(symmetric(), because) }

// TestDiagnosisExplainsFailure means that what the network does is told beside the pairs that were tried, and of each server once.
func TestDiagnosisExplainsFailure(t *testing.T) {
	v := judge.Judge(call.Fold(failedICE(append([]any{200, refusedTURN()}, diagnosed(diag.BecauseICEFailed)...)...)))
	var ids []string
	for _, f := range v.Findings {
		ids = append(ids, f.ID+" "+string(f.Severity))
	}
	want := []string{"ice.no_path error", "turn.unauthorized error", "nat.endpoint_dependent_mapping error", "turn.quota_reached error", "nat.filtering_untested info"}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	why := strings.Join(verdict.Of(v).Why, " ")
	if v.Exit != diag.ExitICE || !strings.Contains(why, "2 candidate pairs checked with 9 requests, none answered.") || !strings.Contains(why, "Your NAT uses a new public port per destination") {
		t.Errorf("%s %q", v.Exit, verdict.Of(v).Why)
	}
	if !slices.ContainsFunc(verdict.Of(v).Next, func(s string) bool { return strings.Contains(s, "Configure a TURN server") }) {
		t.Errorf("todo %q", verdict.Of(v).Next)
	}
	if !strings.HasPrefix(verdict.Of(v).Headline, "no path found after 1.9 s") {
		t.Errorf("%q counts the diagnosis as a part of the attempt", verdict.Of(v).Headline)
	}
}

// TestRemarksAreNoSteps means that what is good to know fixes nothing.
func TestRemarksAreNoSteps(t *testing.T) {
	v := judge.Judge(call.Fold(failedICE(diagnosed(diag.BecauseICEFailed)...)))
	untested := slices.ContainsFunc(v.Findings, func(f judge.Finding) bool { return f.ID == "nat.filtering_untested" && f.Severity == judge.Info })
	if !untested || slices.ContainsFunc(verdict.Of(v).Next, func(s string) bool { return strings.Contains(s, "RFC 5780") }) {
		t.Errorf("%+v", verdict.Of(v))
	}
}

// TestFailureIsKnownAtOnce means that while the diagnosis is in progress, the verdict says already that there is no path.
func TestFailureIsKnownAtOnce(t *testing.T) {
	events := failedICE(diagnosed(diag.BecauseICEFailed)[:6]...)
	v := judge.Judge(call.Fold(events[:len(events)-2]))
	if v.Exit != diag.ExitICE || v.Done || !strings.HasPrefix(verdict.Of(v).Headline, "no path found") || len(v.Findings) != 1 {
		t.Errorf("%+v", v)
	}
}

// TestDiagnosisBesideCall means that in a call that works its findings are warnings, those of an unfinished one nothing at all.
func TestDiagnosisBesideCall(t *testing.T) {
	parts := diagnosed(diag.BecauseAsked)
	for n, want := range map[int]int{2: 0, len(parts) - 2: 0, len(parts): 4} {
		v := judge.Judge(call.Fold(up(diag.CallEnded{Reason: diag.EndHangup}, append([]any{1000, diagtest.Flowing()}, parts[:n]...)...)))
		if v.Exit != diag.ExitPass || len(v.Findings) != want || slices.ContainsFunc(v.Findings, func(f judge.Finding) bool { return f.Severity == judge.Problem }) {
			t.Errorf("after %d parts: %s %+v", n/2, v.Exit, v.Findings)
		}
	}
}

func TestDiagnosisAlone(t *testing.T) {
	start := diag.DiagnosisStart{URLs: []string{"stun:stun.example"}}
	facts := during(symmetric(), "")
	cut := func(stopped diag.Stopped) []any {
		return append(slices.Clone(facts[:len(facts)-1]), diag.DiagnosisEnd{Stopped: stopped, Reason: "no socket"})
	}
	tests := []struct {
		name   string
		events []diag.Event
		exit   diag.Exit
		done   bool
	}{
		{"in progress", diagtest.Log(facts[:4]...), diag.ExitInterrupted, false},
		{"final", diagtest.Log(facts...), diag.ExitNoRelay, true},
		{"final, then asked again", diagtest.Log(append(slices.Clone(facts), 3000, start)...), diag.ExitNoRelay, false},
		{"asked again, cancelled", diagtest.Log(append(slices.Clone(facts), 3000, start, 3100, diag.DiagnosisEnd{Stopped: diag.StoppedCancelled})...), diag.ExitNoRelay, true},
		{"cancelled", diagtest.Log(cut(diag.StoppedCancelled)...), diag.ExitInterrupted, true},
		{"impossible", diagtest.Log(cut(diag.StoppedError)...), diag.ExitCannotRun, true},
		{"its time was over", diagtest.Log(cut(diag.StoppedTimeout)...), diag.ExitNoRelay, true},
	}
	for _, tt := range tests {
		v := judge.Judge(call.Fold(tt.events))
		if v.Exit != tt.exit || v.Done != tt.done || verdict.Of(v).Headline == "" {
			t.Errorf("%s: %s %v %q, want %s %v", tt.name, v.Exit, v.Done, verdict.Of(v).Headline, tt.exit, tt.done)
		}
	}
}

// TestRejectedAnswer: what is wrong with an answer is tolerated only if the call goes on with it.
func TestRejectedAnswer(t *testing.T) {
	answer := diag.SignalRequest{Code: "offer", Status: 200, Remarks: []string{"status"}}
	for reason, want := range map[diag.EndReason]bool{diag.EndSignaling: false, diag.EndHangup: true} {
		v := judge.Judge(call.Fold(diagtest.Log(0, diag.CallStart{}, 1, answer, 2, diag.CallEnded{Reason: reason})))
		if got := slices.ContainsFunc(v.Findings, func(f judge.Finding) bool { return f.ID == "signal.tolerated" }); got != want {
			t.Errorf("%s: %+v", reason, v.Findings)
		}
	}
}

// TestUDPBlockedInCall: where UDP is blocked, the silence of a server over UDP is no fault of that server.
func TestUDPBlockedInCall(t *testing.T) {
	silent := diag.ServerStage{URL: "stun:9.9.9.1:3478", Transport: "udp", Address: "9.9.9.1:3478", Stage: diag.Stage{
		Name: diag.StageBinding, Failure: &diag.Failure{Cause: diag.CauseTimeout, Requests: 6},
	}}
	d := diagtest.NewDiagnosis(diagtest.ServerA, diagtest.ServerC)
	for i, s := range d.Servers {
		d.Add(i, diag.TestReach, s.Address, "")
		d.Asked(diag.Server{URL: s.URL + "?transport=tcp", Transport: "tcp", Address: s.Address.String(), Stages: []diag.Stage{
			{Name: diag.StageBinding, Mapped: "5.5.5.5:9"},
		}})
	}
	v := judge.Judge(call.Fold(failedICE(append([]any{200, silent}, during(d, diag.BecauseICEFailed)...)...)))
	ids := diag.Map(v.Findings, func(f judge.Finding) string { return f.ID })
	if slices.Contains(ids, "server.timeout") || !slices.Contains(ids, "nat.udp_blocked") {
		t.Error(ids)
	}
}
