package verdict

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/diagtest"
	"dialtone/diag/judge"
	"dialtone/diag/record"
)

// TestEveryFailureHasAStep ends recorded calls at every part of their way, for every reason: each that did not pass has
// a next step, none says what another says, and none leads in a circle.
func TestEveryFailureHasAStep(t *testing.T) {
	ends := everyEnd(t)
	logs := recordings(t)
	logs["good"] = diagtest.GoodCall()
	for _, end := range signalEnds() {
		checkSteps(t, fmt.Sprintf("dialing, then %+v", end.Signal), ended(logs["good"][:3], end))
	}
	for name, events := range logs {
		for cut := 1; cut <= len(events); cut += max(1, len(events)/5) {
			part := withoutEnd(events[:cut])
			checkSteps(t, fmt.Sprintf("%s until event %d", name, cut), part)
			for _, end := range ends {
				checkSteps(t, fmt.Sprintf("%s until event %d, then %+v", name, cut, end), ended(part, end))
			}
			if t.Failed() {
				return
			}
		}
	}
}

// checkSteps checks what a call and a check of it advise.
func checkSteps(t *testing.T, name string, events []diag.Event) {
	t.Helper()
	c := call.Fold(events)
	expected := judge.Expectation{Echo: true, Media: []call.MediaKind{{Direction: diag.Inbound, Kind: "video"}}}
	for _, v := range []judge.Verdict{judge.Judge(c), judge.Check(c, expected)} {
		said := Of(v)
		if v.Done && v.Exit != diag.ExitPass && len(said.Next) == 0 {
			t.Errorf("%s: %s, no next step: %+v", name, said.Headline, v.Findings)
		}
		for i, step := range said.Next {
			for _, other := range said.Next[:i] {
				if strings.Contains(step, strings.TrimSuffix(other, ".")) || strings.Contains(other, strings.TrimSuffix(step, ".")) {
					t.Errorf("%s: %q and %q", name, other, step)
				}
			}
			if strings.Contains(step, "finding") {
				t.Errorf("%s: a circle: %s", name, step)
			}
		}
		seen := map[string]bool{}
		for _, line := range Lines(v) {
			text, _, _ := strings.Cut(line[1], " [")
			if seen[text] {
				t.Errorf("%s: twice: %s", name, text)
			}
			seen[text] = true
		}
	}
}

// everyEnd is each way in which a call may end.
func everyEnd(t *testing.T) (ends []diag.CallEnded) {
	t.Helper()
	for _, reason := range diagtest.Constants(t, "../../event_call.go", "EndReason") {
		for _, by := range []diag.EndedBy{diag.ByLocal, diag.ByRemote} {
			for _, code := range []string{
				"", diag.CodeNoDescription, diag.CodeSetupTimeout, diag.CodeNoRedial, diag.CodeCertificate, diag.CodeStuck, "new",
			} {
				ends = append(ends, diag.CallEnded{Reason: diag.EndReason(reason), By: by, Code: code, Cause: "it broke"})
			}
		}
	}
	return append(ends, diag.CallEnded{Reason: "new", By: "new"})
}

// signalEnds are the failures of signaling.
func signalEnds() (ends []diag.CallEnded) {
	for _, reason := range []string{
		"dns", "refused", "unreachable", "proxy", "tls", "timeout", "broken", "status", "limit", "protocol", "rejected", "peer-gone",
		"shutdown", "forgotten", "", "new",
	} {
		for _, status := range []int{0, 200, 302, 400, 401, 403, 404, 407, 409, 418, 429, 500, 503} {
			for _, op := range []string{"", "dial", "offer", "ice-servers", "paste", "listen", "pairing"} {
				f := diag.SignalFailure{Op: op, Reason: reason, Status: status}
				ends = append(ends, diag.CallEnded{Reason: diag.EndSignaling, By: diag.ByServer, Signal: &f, Cause: "it broke"})
			}
		}
	}
	return ends
}

// ended appends an end to a log.
func ended(events []diag.Event, end diag.CallEnded) []diag.Event {
	at := int(events[len(events)-1].At.Milliseconds()) + 1
	return diagtest.Then(append([]diag.Event(nil), events...), at, end)
}

// withoutEnd copies a log without its end.
func withoutEnd(events []diag.Event) []diag.Event {
	var out []diag.Event
	for _, e := range events {
		if _, end := e.Data.(diag.CallEnded); !end {
			out = append(out, e)
		}
	}
	return out
}

// recordings are the recorded calls of the repository that failed.
func recordings(t *testing.T) map[string][]diag.Event {
	t.Helper()
	out := map[string][]diag.Event{}
	for _, name := range []string{"ice-failure", "one-way", "two-nats"} {
		rec, err := record.Open(filepath.Join("../../../testdata/calls", name+".jsonl"), record.MaxMemory)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = rec.Events
	}
	return out
}

// TestTwoNATs: the most common failure, a call between two NATs without --ice, advises first what helps, with the
// flags and the command.
func TestTwoNATs(t *testing.T) {
	said := Of(judge.Judge(call.Fold(recordings(t)["two-nats"])))
	if len(said.Next) != 2 || !strings.HasPrefix(said.Next[0], "Give both peers a STUN server (--ice stun:HOST)") ||
		!strings.Contains(said.Next[0], "dialtone serve --stun IP --turn IP:3480") {
		t.Errorf("%q", said.Next)
	}
}

// TestWarningsAdvise: a call that passed with a warning says what to do about it, and one with a note only does not.
func TestWarningsAdvise(t *testing.T) {
	for severity, want := range map[judge.Severity]int{judge.Warn: 1, judge.Info: 0} {
		v := judge.Verdict{
			Done: true, Exit: diag.ExitPass, Outcome: judge.Outcome{Connected: true, Ended: diag.EndPeerHangup},
			Findings: []judge.Finding{{ID: "media.b_frames", Severity: severity}},
		}
		if got := Of(v).Next; len(got) != want {
			t.Errorf("%s: %q", severity, got)
		}
	}
}
