package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
)

var begun = time.Date(2026, 3, 1, 4, 5, 6, 0, time.UTC)

// What checks expect by default, and of a peer that only sends.
var (
	inboundMedia = []call.MediaKind{{Direction: diag.Inbound, Kind: "audio"}, {Direction: diag.Inbound, Kind: "video"}}
	bothWays     = append([]call.MediaKind{{Direction: diag.Outbound, Kind: "audio"}, {Direction: diag.Outbound, Kind: "video"}}, inboundMedia...)
)

// recordedCalls are those of testdata/calls, with what is asked of them.
var recordedCalls = map[string]judge.Expectation{
	"good": {Media: bothWays, Echo: true}, "relay": {Media: bothWays, Echo: true, Path: judge.ExpectRelay}, "ice-failure": {Media: bothWays, Echo: true}, "one-way": {Media: bothWays, Echo: true}, "hostile": {Media: bothWays, Echo: true},
}

// events of a recorded call.
func events(t testing.TB, name string) []diag.Event {
	t.Helper()
	raw, err := os.ReadFile("../../testdata/calls/" + name + ".jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var out []diag.Event
	for _, line := range bytes.Split(raw, []byte("\n"))[1:] {
		if len(line) == 0 {
			continue
		}
		var e diag.Event
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

// recorded is the report of a recorded call.
func recorded(t testing.TB, name string) *Report {
	t.Helper()
	log := events(t, name)
	c := call.Fold(log)
	return Build(Input{
		Tool: "dialtone v0.0.0", Name: name, StartedAt: begun, Duration: log[len(log)-1].At,
		Target: Target{Kind: "room", URL: "https://call.example/call/", Room: "w1", Role: "any", ICEServers: []string{"turn:turn.example:3478"}, Media: true, For: diag.Millis(10 * time.Second)},
		Runs:   []Folded{Fold(recordedCalls[name], RunInput{Call: c, Events: log, Recording: "rec/run-001.jsonl"})},
	})
}

// many is a check of 60 calls, three of which failed, with assertions and a baseline.
func many(t testing.TB) *Report {
	t.Helper()
	one := recorded(t, "relay")
	bad := recorded(t, "one-way")
	r := *one
	r.Name, r.Runs = "nightly: relay", nil
	for i := range 60 {
		run := one.Runs[0]
		if i%23 == 11 {
			run = bad.Runs[0]
		}
		run.Index, run.Start, run.Recording = i, diag.Millis(i)*diag.Millis(410*time.Millisecond), fmt.Sprintf("rec/run-%03d-offer.jsonl", i+1)
		run.Setup = varied(run.Setup, 0.7+float64((i*37)%60)/60+float64(i%7/6)*1.4)
		r.Runs = append(r.Runs, run)
	}
	r.Summary = summarize(r.Runs)
	r.Detail = detail(r.Runs)
	r.Measurements, r.Result = r.Runs[r.Detail].Measurements, r.Runs[r.Detail].Result
	r.Assertions = []Assertion{
		{Expr: "all(runs, .connected)", Pass: true, Default: true},
		{Expr: "all(runs, .media.audio.inbound.flows)", Default: true},
		{Expr: `setup.p95 < duration("2s")`, Pass: true, Value: "1.615s"},
		{Expr: `path.local.candidateType == "relay"`, Pass: true, Value: "relay"},
		{Expr: "media.video.inbound.loss < 0.01", Value: 0.25},
		{Expr: "nat.mapping == 'none'", Error: "unknown: the report has no such value"},
	}
	r.Baseline = []Change{
		{Name: "setup.p50", Before: 51.2, Now: 88.4, Noise: 12, Worse: true, Unit: "ms"},
		{Name: "phases.dtls.p50", Before: 20, Now: 4, Noise: 3, Unit: "ms"},
		{Name: "media.audio.inbound.loss", Before: 0, Now: 0.002, Noise: 0.01, Unit: "ratio"},
	}
	r.Settle()
	return &r
}

func varied(s Setup, factor float64) Setup {
	scaled := func(m *diag.Millis) *diag.Millis {
		if m == nil {
			return nil
		}
		return new(diag.Millis(time.Duration(float64(*m) * factor).Round(time.Microsecond)))
	}
	out := Setup{Total: scaled(s.Total)}
	for _, p := range s.Phases {
		p.Duration = scaled(p.Duration)
		out.Phases = append(out.Phases, p)
	}
	return out
}

// scenario is one of two checks of the same name, and interrupted before the third.
func scenario(t testing.TB) *Report {
	a, b := recorded(t, "good"), recorded(t, "ice-failure")
	b.Name = a.Name
	return Combine("dialtone v0.0.0", "nightly", begun, time.Minute, []Report{*a, *b}, true)
}

// nothing is a check that was interrupted before it placed a call.
func nothing(testing.TB) *Report {
	return Build(Input{Tool: "dialtone v0.0.0", Name: "loopback", StartedAt: begun, Target: Target{Kind: "loopback", ICEServers: []string{}}, Interrupted: true})
}

// fixtures are the reports that all formats are tested with.
func fixtures(t testing.TB) map[string]*Report {
	t.Helper()
	out := map[string]*Report{"many": many(t), "scenario": scenario(t), "nothing": nothing(t)}
	for name := range recordedCalls {
		out[name] = recorded(t, name)
	}
	return out
}
