package report

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/speed"
)

func phase(name diag.PhaseName, start diag.Millis, took *diag.Millis, outcome diag.Outcome) Phase {
	return Phase{PhaseEnd: diag.PhaseEnd{Phase: name, Outcome: outcome}, Start: start, Duration: took}
}

// TestSteps: waiting and pauses take no room, what did not come to an end does not stretch the scale.
func TestSteps(t *testing.T) {
	p := func(v diag.Millis) *diag.Millis { return &v }
	s := Setup{Phases: []Phase{
		phase("dial", 0, p(10), diag.OutcomeOK),
		phase("first-packet", 60_030, p(99_000), diag.OutcomeCancelled),
		phase("wait", 10, p(60_000), diag.OutcomeOK),
		phase("ice", 60_010, p(20), diag.OutcomeOK),
		phase("dtls", 60_030, p(10), diag.OutcomeOK),
		phase("channel", 60_035, nil, ""),
		phase("ice-restart", 90_000, p(10), diag.OutcomeFailed),
	}}
	var got []string
	for _, st := range s.steps() {
		got = append(got, fmt.Sprintf("%s %.2f–%.2f", st.Title, st.From, st.To))
	}
	want := []string{"dial 0.00–0.20", "wait 0.20–0.20", "ice 0.20–0.60", "first-packet 0.60–1.00", "dtls 0.60–0.80", "channel 0.70–1.00", "ice-restart 0.80–1.00"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWrap(t *testing.T) {
	for _, tt := range []struct {
		text string
		n    int
		want []string
	}{
		{"", 10, []string{""}},
		{"one two three", 8, []string{"one two", "three"}},
		{strings.Repeat("x", 12), 5, []string{"xxxxx", "xxxxx", "xx"}},
		{"日本語テ", 5, []string{"日本", "語テ"}},
	} {
		if diff := cmp.Diff(tt.want, wrap(tt.text, tt.n)); diff != "" {
			t.Errorf("%q in %d: %s", tt.text, tt.n, diff)
		}
	}
}

// TestTableFits: a table is as wide as the text may be at most, with every word in it.
func TestTableFits(t *testing.T) {
	var b textWriter
	long := strings.Repeat("word 語 ", 40) + strings.Repeat("x", 150)
	b.table(columns("a", "#b", "d"), [][]string{{"a", "b", "d"}, {long, "12", strings.Repeat("語", 90)}})
	text := b.b.String()
	for line := range strings.Lines(text) {
		if n := ansi.StringWidth(strings.TrimSuffix(line, "\n")); n > textWidth {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	if strings.Count(text, "word") != 40 || strings.Count(text, "語") != 130 || strings.Count(text, "x") != 150 {
		t.Error(text)
	}
}

// TestUnknownIsNoNumber: of a call of which nothing was measured no format tells a number.
func TestUnknownIsNoNumber(t *testing.T) {
	if got := []string{span(nil), unitBits.of(nil), directed{kind: "video", Stream: &call.Stream{}}.coded()}; cmp.Diff([]string{unknown, unknown, "unknown, size unknown"}, got) != "" {
		t.Error(got)
	}
	r := nothing(t)
	var b strings.Builder
	if err := WriteProm(&b, r); err != nil {
		t.Fatal(err)
	}
	for _, family := range []string{"setup_seconds", "path_", "media_", "failed_runs_ratio", "round_trip"} {
		if strings.Contains(b.String(), "dialtone_check_"+family) {
			t.Errorf("a sample of %s, which nobody has measured", family)
		}
	}
}

// TestRedIsWhatTheExitCodeSays: one cause is one failure, and what did not make the exit code is none.
func TestRedIsWhatTheExitCodeSays(t *testing.T) {
	r := recorded(t, "good")
	r.Setup.Phases[0].Outcome = diag.OutcomeFailed
	if s := r.suites()[0]; s.count(failed)+s.count(broken)+s.count(skipped) != 0 {
		t.Errorf("%d failures of a call that passed, %d skipped", s.count(failed), s.count(skipped))
	}
	wrong := recorded(t, "ice-failure")
	wrong.Assertions = append(wrong.Assertions, Assertion{Expr: "all(runs, .connected)", Default: true}, Assertion{Expr: "2 > 1", Pass: true})
	wrong.Settle()
	if s := wrong.suites()[0]; s.count(failed) != 1 || s.count(skipped) != 1 || s.count(passed) != 1 {
		t.Errorf("%d failures of one cause, %d skipped, %d passed", s.count(failed), s.count(skipped), s.count(passed))
	}
	wrong.Assertions = append(wrong.Assertions, Assertion{Expr: "1 > 2"}) // of the user
	wrong.Settle()
	if s := wrong.suites()[0]; s.count(failed) != 2 {
		t.Errorf("%d failures of two causes", s.count(failed))
	}
	good := recorded(t, "good")
	good.Assertions = []Assertion{{Expr: "all(runs, .connected)", Default: true}}
	good.Settle()
	if s := good.suites()[0]; s.count(failed) != 1 {
		t.Errorf("%d failures where only an assertion of dialtone failed", s.count(failed))
	}
	r.Assertions = append(r.Assertions, Assertion{Expr: "1 > 2"})
	r.Settle()
	if s := r.suites()[0]; s.count(failed) != 1 || s.count(broken) != 0 {
		t.Errorf("%d failures, %d errors", s.count(failed), s.count(broken))
	}
	if s := nothing(t).suites()[0]; s.count(broken) != 1 {
		t.Errorf("%d errors of a check that was interrupted", s.count(broken))
	}
}

// TestPathsCompared: each path has a line; of one that failed it says why.
func TestPathsCompared(t *testing.T) {
	ms := diag.Millis(3e6)
	measured := Report{Name: "direct", Result: Result{Verdict: Pass}}
	measured.Speed = &speed.Result{
		Idle: &speed.Latency{P50: ms},
		Up:   &speed.Flow{Goodput: 5e6, Loaded: &speed.Latency{P50: 7 * ms}}, Down: &speed.Flow{Goodput: 9e6, LowerBound: true},
	}
	failed := Report{Name: "TURN/TLS", Result: Result{Verdict: Fail, Headline: "no path found", Why: []string{"No relay.", "Port closed."}}}
	slow := Report{Name: "TURN/TCP", Result: Result{Verdict: Fail, Headline: "up.goodput is low", Why: []string{"A detail."}, Exit: ExitOf(diag.ExitAssertion)}}
	r := Combine("dialtone", "comparison", time.Now(), time.Second, []Report{measured, failed, slow}, false)
	var causes []string
	for _, row := range r.comparison().Rows {
		causes = append(causes, row.Cells[len(row.Cells)-1].Text)
	}
	if diff := cmp.Diff([]string{"", "Port closed.", "up.goodput is low"}, causes); diff != "" {
		t.Error(diff)
	}
	for name, write := range map[string]func(io.Writer, *Report) error{"text": WriteText, "markdown": WriteMarkdown, "html": WriteHTML} {
		var b strings.Builder
		if err := write(&b, r); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"Paths compared", "5.00 Mbit/s", "≥ 9.00 Mbit/s", "3.00 ms", "21.0 ms", "Port closed."} {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s has no %q", name, want)
			}
		}
	}
	r = Combine("dialtone", "scenario", time.Now(), time.Second, []Report{{Name: "a"}, failed}, false)
	if s := r.comparison(); len(s.Rows) > 0 {
		t.Errorf("a scenario without measurements: %+v", s)
	}
}

// count is how many cases have an outcome.
func (s suite) count(of outcome) (n int) {
	for _, c := range s.cases {
		if c.outcome == of {
			n++
		}
	}
	return n
}
