package diag

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// symmetric is the report of a network whose mapping depends on the endpoint, with a TURN server that refuses the password.
func symmetric() NATReport {
	return NATReport{
		Schema: NATSchema, Exit: ExitNoRelay,
		Servers:  []NATServer{{URL: "stun:stun.example", Transport: "udp", OK: true, Mapped: "203.0.113.7:41822"}},
		Behavior: NATBehaviors{Mapping: Behavior{AddressAndPortDependent, Proven, []string{"2 servers saw 2 ports"}}},
		Verdict:  NATVerdict{Headline: "Your NAT uses a new port per destination.", Next: []string{"configure a TURN server"}},
		Findings: []Finding{
			{ID: "nat.endpoint_dependent_mapping", Severity: Warn, Title: "The NAT uses another public port for each destination.", Evidence: []string{"2 servers saw 2 ports"}, Advice: "configure a TURN server"},
			{ID: "server.timeout", Severity: Warn, Title: "turn:turn.example gave nothing: no answer over UDP"},
			{ID: "turn.unauthorized", Severity: Problem, Title: "turn:turn.example gave nothing: the server refused the password"},
			{ID: "turn.quota_reached", Severity: Problem, Title: "turn:other.example gave nothing: it has no room"},
		},
	}
}

func diagnosed(because string) []any {
	early := NATReport{Findings: []Finding{{ID: "server.timeout", Title: "stun:stun.example gave nothing: no answer"}}}
	return []any{
		2000,
		NATStarted{URLs: []string{"stun:stun.example"}, Because: because},
		2100,
		NATProgress{Sent: 4, Report: early},
		2190,
		NATProgress{Sent: 9, Answered: 7, Final: true, Report: symmetric()},
	}
}

// TestDiagnosisExplainsFailure: what the network does is told beside the pairs that were tried, and of each server once.
func TestDiagnosisExplainsFailure(t *testing.T) {
	v := Judge(Fold(failedICE(append([]any{200, refusedTURN()}, diagnosed(BecauseICEFailed)...)...)))
	var ids []string
	for _, f := range v.Findings {
		ids = append(ids, f.ID+" "+string(f.Severity))
	}
	want := []string{"turn.unauthorized error", "nat.endpoint_dependent_mapping error", "turn.quota_reached error"}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	why := strings.Join(v.Why, " ")
	if v.Exit != ExitICE || !strings.Contains(why, "2 pairs were tried with 9 requests, none answered.") || !strings.Contains(why, "Your NAT uses a new port per destination.") {
		t.Errorf("%s %q", v.Exit, v.Why)
	}
	if !slices.Contains(v.Todo, "configure a TURN server") {
		t.Errorf("todo %q", v.Todo)
	}
	if !strings.HasPrefix(v.Headline, "no path found after 1.9 s") {
		t.Errorf("%q counts the diagnosis as a part of the attempt", v.Headline)
	}
}

// TestRemarksAreNoSteps: what is good to know mends nothing.
func TestRemarksAreNoSteps(t *testing.T) {
	r := symmetric()
	r.Findings = append(r.Findings, Finding{ID: "nat.filtering_untested", Severity: Info, Title: "t", Advice: "ask another server"})
	v := Judge(Fold(failedICE(2000, NATStarted{Because: BecauseICEFailed}, 2190, NATProgress{Final: true, Report: r})))
	if len(v.Findings) < 3 || slices.Contains(v.Todo, "ask another server") {
		t.Errorf("%+v", v)
	}
}

// TestFailureIsToldAtOnce: while the diagnosis goes on, the verdict says already that there is no path.
func TestFailureIsToldAtOnce(t *testing.T) {
	events := failedICE(diagnosed(BecauseICEFailed)[:4]...)
	v := Judge(Fold(events[:len(events)-1]))
	if v.Exit != ExitICE || v.Done || !strings.HasPrefix(v.Headline, "no path found") || len(v.Findings) > 0 {
		t.Errorf("%+v", v)
	}
}

// TestDiagnosisBesideCall: in a call that works its findings are warnings, those of an unfinished one nothing at all.
func TestDiagnosisBesideCall(t *testing.T) {
	for n, want := range map[int]int{2: 0, 4: 0, 6: 3} {
		v := Judge(Fold(up(CallEnded{Reason: EndHangup}, append([]any{1000, flowing()}, diagnosed(BecauseAsked)[:n]...)...)))
		if v.Exit != ExitPass || len(v.Findings) != want || slices.ContainsFunc(v.Findings, func(f Finding) bool { return f.Severity == Problem }) {
			t.Errorf("after %d parts: %s %+v", n/2, v.Exit, v.Findings)
		}
	}
}

func TestDiagnosisAlone(t *testing.T) {
	start := NATStarted{URLs: []string{"stun:stun.example"}}
	final := NATProgress{Final: true, Report: symmetric()}
	tests := []struct {
		name   string
		events []Event
		exit   Exit
		done   bool
	}{
		{"under way", log(0, start), ExitInterrupted, false},
		{"final", log(0, start, 900, final), ExitNoRelay, true},
		{"final, then asked again", log(0, start, 900, final, 1000, start), ExitNoRelay, false},
		{"asked again, broken off", log(0, start, 900, final, 1000, start, 1100, NATProgress{Final: true, Stopped: StoppedCancelled}), ExitNoRelay, true},
		{"broken off", log(0, start, 100, NATProgress{Final: true, Stopped: StoppedCancelled}), ExitInterrupted, true},
		{"impossible", log(0, start, 100, NATProgress{Final: true, Stopped: "no socket"}), ExitCannotRun, true},
		{"its time was over", log(0, start, 3000, NATProgress{Final: true, Stopped: StoppedTimeOver, Report: symmetric()}), ExitNoRelay, true},
	}
	for _, tt := range tests {
		if v := Judge(Fold(tt.events)); v.Exit != tt.exit || v.Done != tt.done {
			t.Errorf("%s: %s %v, want %s %v", tt.name, v.Exit, v.Done, tt.exit, tt.done)
		}
	}
}

func TestNATChanges(t *testing.T) {
	before, now := symmetric(), symmetric()
	now.Servers = []NATServer{{URL: "stun:stun.example", Transport: "udp", OK: true, Mapped: "203.0.113.7:50000"}}
	if got := NATChanges(&before, &now); len(got) > 0 {
		t.Errorf("another port is no change: %q", got)
	}
	now.Exit, now.Behavior.Mapping.Value = ExitPass, EndpointIndependent
	now.Servers = []NATServer{{URL: "stun:stun.example", Transport: "udp", ErrorText: "no answer over UDP"}}
	want := []string{
		"verdict: a relay is needed, and none works → direct calls should work",
		"public address: 203.0.113.7 → unknown",
		"mapping: address-and-port-dependent → endpoint-independent",
		"stun:stun.example over udp: works → no answer over UDP",
	}
	if diff := cmp.Diff(want, NATChanges(&before, &now)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
