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
	"dialtone/diag/words"
)

// symmetric is the report of a network whose mapping depends on the endpoint, with a TURN server that refuses the password.
func symmetric() diag.NATReport {
	return diag.NATReport{
		Schema: diag.NATSchema, Exit: diag.ExitNoRelay,
		Servers:  []diag.NATServer{{URL: "stun:stun.example", Transport: "udp", OK: true, Mapped: "203.0.113.7:41822"}},
		Behavior: diag.NATBehaviors{Mapping: diag.Behavior{Value: diag.AddressAndPortDependent, Confidence: diag.Proven, Evidence: []string{"2 servers saw 2 ports"}}},
		Verdict:  diag.NATVerdict{Headline: "Your NAT uses a new port per destination.", Next: []string{"configure a TURN server"}},
		Findings: []diag.Finding{
			{ID: "nat.endpoint_dependent_mapping", Severity: diag.Warn, Title: "The NAT uses another public port for each destination.", Evidence: []string{"2 servers saw 2 ports"}, Advice: "configure a TURN server"},
			{ID: "server.timeout", Severity: diag.Warn, Title: "turn:turn.example gave nothing: no answer over UDP"},
			{ID: "turn.unauthorized", Severity: diag.Problem, Title: "turn:turn.example gave nothing: the server refused the password"},
			{ID: "turn.quota_reached", Severity: diag.Problem, Title: "turn:other.example gave nothing: it has no room"},
		},
	}
}

func diagnosed(because string) []any {
	early := diag.NATReport{Findings: []diag.Finding{{ID: "server.timeout", Title: "stun:stun.example gave nothing: no answer"}}}
	return []any{
		2000,
		diag.NATStarted{URLs: []string{"stun:stun.example"}, Because: because},
		2100,
		diag.NATProgress{Sent: 4, Report: early},
		2190,
		diag.NATProgress{Sent: 9, Answered: 7, Final: true, Report: symmetric()},
	}
}

// TestDiagnosisExplainsFailure: what the network does is told beside the pairs that were tried, and of each server once.
func TestDiagnosisExplainsFailure(t *testing.T) {
	v := judge.Judge(call.Fold(failedICE(append([]any{200, refusedTURN()}, diagnosed(diag.BecauseICEFailed)...)...)))
	var ids []string
	for _, f := range v.Findings {
		ids = append(ids, f.ID+" "+string(f.Severity))
	}
	want := []string{"ice.no_path error", "turn.unauthorized error", "nat.endpoint_dependent_mapping error", "turn.quota_reached error"}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	why := strings.Join(words.Verdict(v).Why, " ")
	if v.Exit != diag.ExitICE || !strings.Contains(why, "2 candidate pairs checked with 9 requests, none answered.") || !strings.Contains(why, "Your NAT uses a new port per destination.") {
		t.Errorf("%s %q", v.Exit, words.Verdict(v).Why)
	}
	if !slices.Contains(words.Verdict(v).Next, "configure a TURN server") {
		t.Errorf("todo %q", words.Verdict(v).Next)
	}
	if !strings.HasPrefix(words.Verdict(v).Headline, "no path found after 1.9 s") {
		t.Errorf("%q counts the diagnosis as a part of the attempt", words.Verdict(v).Headline)
	}
}

// TestRemarksAreNoSteps: what is good to know mends nothing.
func TestRemarksAreNoSteps(t *testing.T) {
	r := symmetric()
	r.Findings = append(r.Findings, diag.Finding{ID: "nat.filtering_untested", Severity: diag.Info, Title: "t", Advice: "ask another server"})
	v := judge.Judge(call.Fold(failedICE(2000, diag.NATStarted{Because: diag.BecauseICEFailed}, 2190, diag.NATProgress{Final: true, Report: r})))
	if len(v.Findings) < 3 || slices.Contains(words.Verdict(v).Next, "ask another server") {
		t.Errorf("%+v", v)
	}
}

// TestFailureIsToldAtOnce: while the diagnosis goes on, the verdict says already that there is no path.
func TestFailureIsToldAtOnce(t *testing.T) {
	events := failedICE(diagnosed(diag.BecauseICEFailed)[:4]...)
	v := judge.Judge(call.Fold(events[:len(events)-1]))
	if v.Exit != diag.ExitICE || v.Done || !strings.HasPrefix(words.Verdict(v).Headline, "no path found") || len(v.Findings) != 1 {
		t.Errorf("%+v", v)
	}
}

// TestDiagnosisBesideCall: in a call that works its findings are warnings, those of an unfinished one nothing at all.
func TestDiagnosisBesideCall(t *testing.T) {
	for n, want := range map[int]int{2: 0, 4: 0, 6: 3} {
		v := judge.Judge(call.Fold(up(diag.CallEnded{Reason: diag.EndHangup}, append([]any{1000, diagtest.Flowing()}, diagnosed(diag.BecauseAsked)[:n]...)...)))
		if v.Exit != diag.ExitPass || len(v.Findings) != want || slices.ContainsFunc(v.Findings, func(f judge.Finding) bool { return f.Severity == judge.Problem }) {
			t.Errorf("after %d parts: %s %+v", n/2, v.Exit, v.Findings)
		}
	}
}

func TestDiagnosisAlone(t *testing.T) {
	start := diag.NATStarted{URLs: []string{"stun:stun.example"}}
	final := diag.NATProgress{Final: true, Report: symmetric()}
	tests := []struct {
		name   string
		events []diag.Event
		exit   diag.Exit
		done   bool
	}{
		{"under way", diagtest.Log(0, start), diag.ExitInterrupted, false},
		{"final", diagtest.Log(0, start, 900, final), diag.ExitNoRelay, true},
		{"final, then asked again", diagtest.Log(0, start, 900, final, 1000, start), diag.ExitNoRelay, false},
		{"asked again, broken off", diagtest.Log(0, start, 900, final, 1000, start, 1100, diag.NATProgress{Final: true, Stopped: diag.StoppedCancelled}), diag.ExitNoRelay, true},
		{"broken off", diagtest.Log(0, start, 100, diag.NATProgress{Final: true, Stopped: diag.StoppedCancelled}), diag.ExitInterrupted, true},
		{"impossible", diagtest.Log(0, start, 100, diag.NATProgress{Final: true, Stopped: "no socket"}), diag.ExitCannotRun, true},
		{"its time was over", diagtest.Log(0, start, 3000, diag.NATProgress{Final: true, Stopped: diag.StoppedTimeOver, Report: symmetric()}), diag.ExitNoRelay, true},
	}
	for _, tt := range tests {
		if v := judge.Judge(call.Fold(tt.events)); v.Exit != tt.exit || v.Done != tt.done {
			t.Errorf("%s: %s %v, want %s %v", tt.name, v.Exit, v.Done, tt.exit, tt.done)
		}
	}
}

func TestNATChanges(t *testing.T) {
	before, now := symmetric(), symmetric()
	now.Servers = []diag.NATServer{{URL: "stun:stun.example", Transport: "udp", OK: true, Mapped: "203.0.113.7:50000"}}
	if got := diag.NATChanges(&before, &now); len(got) > 0 {
		t.Errorf("another port is no change: %q", got)
	}
	now.Exit, now.Behavior.Mapping.Value = diag.ExitPass, diag.EndpointIndependent
	now.Servers = []diag.NATServer{{URL: "stun:stun.example", Transport: "udp", ErrorText: "no answer over UDP"}}
	want := []string{
		"verdict: a relay is needed, and none works → direct calls should work",
		"public address: 203.0.113.7 → unknown",
		"mapping: address-and-port-dependent → endpoint-independent",
		"stun:stun.example over udp: works → no answer over UDP",
	}
	if diff := cmp.Diff(want, diag.NATChanges(&before, &now)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
