package report

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/diagtest"
	"dialtone/diag/judge"
	"dialtone/diag/nat"
	"dialtone/diag/speed"
)

// TestNumbersForPeople: each form of a number on both sides of where the form changes.
func TestNumbersForPeople(t *testing.T) {
	for got, want := range map[string]string{
		short(99.94): "99.9", short(100): "100", short(123.4): "123", short(999_999): "999999", short(1e6): "1e+06", short(0.1234): "0.123",
		fixed(9_999_999): "9999999.0", fixed(1e7): "1e+07", fixed(-9_999_999): "-9999999.0", fixed(-1e7): "-1e+07",
		kilobits(9_999): "10.0 kbit/s", kilobits(10_000): "10 kbit/s", kilobits(64_000): "64 kbit/s", kilobits(9.9e10): "99000000 kbit/s", kilobits(1e11): "1e+08 kbit/s",
		millis(9.994): "9.99 ms", millis(10): "10.0 ms", millis(99.9): "99.9 ms", millis(100): "100 ms", millis(9_999): "9999 ms", millis(10_000): "10.0 s",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for v, want := range map[float64]float64{
		0: 1, -3: 1, 1: 1, 1.5: 2, 2: 2, 2.1: 5, 5: 5, 5.1: 10, 10: 10, 30: 50, 400: 500, 0.03: 0.05, math.Inf(1): 1,
	} {
		if got := nice(v); math.Abs(got-want) > 1e-9 {
			t.Errorf("the scale of %g ends at %g, want %g", v, got, want)
		}
	}
	for n, want := range map[int][3]int{1: {0, 0, 0}, 2: {0, 0, 1}, 3: {0, 1, 2}, 4: {0, 1, 3}, 100: {0, 49, 94}} {
		if got := [3]int{rank(n, 0), rank(n, 50), rank(n, 95)}; got != want {
			t.Errorf("ranks of %d: %v, want %v", n, got, want)
		}
	}
	if round(1.23456) != 1.235 || round(-0.0004) != 0 {
		t.Errorf("%g, %g", round(1.23456), round(-0.0004))
	}
}

// TestBarsOfRuns: where the bars and the percentiles of a histogram stand, and what is written below them.
func TestBarsOfRuns(t *testing.T) {
	runsOf := func(at ...diag.Millis) ([]Run, *Percentiles) {
		var all []Run
		for _, m := range at {
			run := Run{}
			run.Setup.Total = new(m)
			all = append(all, run)
		}
		return all, PercentilesOf(at)
	}
	ms := diag.Millis(time.Millisecond)
	h := spread(runsOf(100*ms, 100*ms, 220*ms, 340*ms))
	want := &histogram{
		From: "100", To: "340", Most: 2, N: 4,
		Bars: []histogramBar{
			{X: 1, Y: 0, W: 39.7, H: 300, Title: "2 runs of 100 to 110 ms"},
			{X: 501, Y: 150, W: 39.7, H: 150, Title: "1 runs of 220 to 230 ms"},
			{X: 959.3, Y: 150, W: 39.7, H: 150, Title: "1 runs of 330 to 340 ms"},
		},
		Marks: []histogramMark{{"p50", "100 ms", 0}, {"p95", "340 ms", 1000}, {"p99", "340 ms", 1000}},
	}
	if diff := cmp.Diff(want, h); diff != "" {
		t.Error(diff)
	}
	if h := spread(runsOf(50 * ms)); h != nil {
		t.Errorf("one run: %+v", h)
	}
	same := spread(runsOf(50*ms, 50*ms))
	if same == nil || same.From != "50" || same.To != "74" || len(same.Bars) != 1 || same.Bars[0].Title != "2 runs of 50 to 51 ms" {
		t.Errorf("two equal runs: %+v", same)
	}
}

// TestTimesBelowAChart: in seconds since the call began.
func TestTimesBelowAChart(t *testing.T) {
	list := charts([]Sample{{At: 2500 * diag.Millis(time.Millisecond), RTT: new(second)}, {At: 40 * second, RTT: new(second)}})
	if len(list) != 1 || list[0].From != "2.5" || list[0].To != "40" || list[0].Unit != "ms" || list[0].Top != "1000" {
		t.Errorf("%+v", list)
	}
}

// TestBaselineEdges: what is exactly at its bound, how few runs are few, and what the names are.
func TestBaselineEdges(t *testing.T) {
	ms := time.Millisecond
	repeat := func(n int, d time.Duration) (out []time.Duration) {
		for range n {
			out = append(out, d)
		}
		return out
	}
	find := func(r *Report, name string) *Change {
		for i := range r.Baseline {
			if r.Baseline[i].Name == name {
				return &r.Baseline[i]
			}
		}
		return nil
	}
	for name, tt := range map[string]struct {
		before, now []time.Duration
		worse, p95  bool
	}{
		"at the bound":      {repeat(5, 50*ms), repeat(5, 55*ms), false, true},
		"beyond the bound":  {repeat(5, 50*ms), repeat(5, 56*ms), true, true},
		"four runs before":  {repeat(4, 50*ms), repeat(5, 56*ms), false, false},
		"four runs now":     {repeat(5, 50*ms), repeat(4, 56*ms), false, false},
		"at 2 ms":           {repeat(5, 10*ms), repeat(5, 12*ms), false, true},
		"beyond 2 ms":       {repeat(5, 10*ms), repeat(5, 12*ms+100*time.Microsecond), true, true},
		"few, at twice":     {repeat(1, 50*ms), repeat(1, 100*ms), false, false},
		"few, beyond twice": {repeat(1, 50*ms), repeat(1, 101*ms), true, false},
	} {
		now := timed(tt.now...)
		now.Compare(timed(tt.before...))
		p50, p95 := find(now, "setup.p50"), find(now, "setup.p95")
		if p50 == nil || p50.Worse != tt.worse || (p95 != nil) != tt.p95 {
			t.Errorf("%s: %+v, p95 %+v", name, p50, p95)
		}
	}
	// The scatter of the high end is what the median does not show.
	tail := timed(50*ms, 50*ms, 50*ms, 50*ms, 90*ms)
	tail.Compare(tail)
	if p95 := find(tail, "setup.p95"); p95 == nil || p95.Noise != 80 {
		t.Errorf("%+v", p95)
	}
	r := timed(repeat(5, 50*ms)...)
	r.Summary.Phases = []PhaseSummary{{Phase: diag.PhaseICE, Times: PercentilesOf([]diag.Millis{second})}, {Phase: diag.PhaseGather, Subject: "stun:s", Times: PercentilesOf([]diag.Millis{second})}}
	for i := range r.Runs {
		r.Runs[i].Media.Audio = &Kind{Inbound: &call.Stream{Packets: 9, Loss: new(0.1), Jitter: new(second)}}
	}
	r.Compare(r)
	var names []string
	for _, c := range r.Baseline {
		names = append(names, c.Name)
	}
	want := []string{"setup.p50", "setup.p95", "phases.ice.p50", "phases.gather[stun:s].p50", "media.audio.inbound.loss", "media.audio.inbound.jitter"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
}

// TestCombinedChecks: how many passed, and of what the exit code is made.
func TestCombinedChecks(t *testing.T) {
	good, bad := timed(5*time.Millisecond), Build(Input{Runs: runs(placed(0, diag.EndNoPeer))})
	r := Combine("t", "n", time.Time{}, 0, []Report{*good, *bad, *good}, false)
	if r.Headline != "2 of 3 checks passed" || r.Summary.Passed != 2 || r.Summary.Failed != 1 || r.Summary.Runs != 3 {
		t.Errorf("%q %+v", r.Headline, r.Summary)
	}
	suites := r.suites()
	if len(suites) != 3 || suites[1].name != "check (2)" || suites[2].name != "check (4)" && suites[2].name != "check (3)" {
		t.Errorf("%v", suites)
	}
	if nothing := Build(Input{}); nothing.Headline != "nothing was run" || nothing.Exit.Code != diag.ExitCannotRun {
		t.Errorf("%+v", nothing.Result)
	}
	one := Combine("t", "n", time.Time{}, 0, []Report{*good}, false)
	if one.Headline == "nothing was run" || one.Exit.Code != diag.ExitPass {
		t.Errorf("%+v", one.Result)
	}
	both := Combine("t", "n", time.Time{}, 0, []Report{*good}, false)
	both.Runs = good.Runs // as many runs as checks
	both.Settle()
	if both.Exit.Code != diag.ExitPass {
		t.Errorf("%+v", both.Result)
	}
}

// TestPhaseEnds: the words for how a phase ended.
func TestPhaseEnds(t *testing.T) {
	for want, p := range map[string]Phase{
		"in progress": {}, "ok": phase("ice", 0, new(second), diag.OutcomeOK), "failed": phase("ice", 0, nil, diag.OutcomeFailed),
		unknown: {Duration: new(second)},
	} {
		if got := p.ended(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestTouchingSteps: phases that follow each other at once are one busy stretch; what waits in between is cut out.
func TestTouchingSteps(t *testing.T) {
	s := Setup{Phases: []Phase{
		phase(diag.PhaseDial, 0, new(second), diag.OutcomeOK), phase(diag.PhaseICE, second, new(second), diag.OutcomeOK),
		phase(diag.PhaseDTLS, 8*second, new(2*second), diag.OutcomeOK),
	}}
	var got []string
	for _, step := range s.steps() {
		got = append(got, fmt.Sprintf("%.2f-%.2f", step.From, step.To))
	}
	if diff := cmp.Diff([]string{"0.00-0.25", "0.25-0.50", "0.50-1.00"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestListsOfRuns: one run has no list of runs and no percentiles; a list too long says so.
func TestListsOfRuns(t *testing.T) {
	of := func(n int) *Report {
		var all []*call.Call
		for range n {
			all = append(all, placed(5*time.Millisecond, diag.EndDuration))
		}
		return Build(Input{Runs: runs(all...)})
	}
	for n, want := range map[int][3]any{1: {0, 0, "Runs"}, 2: {2, 3, "Runs"}, maxRuns: {maxRuns, 3, "Runs"}, maxRuns + 1: {maxRuns, 3, fmt.Sprintf("Runs (%d of %d)", maxRuns, maxRuns+1)}} {
		r := of(n)
		list, percentiles := r.runSection(), r.percentileSection()
		if got := [3]any{len(list.Rows), len(percentiles.Rows), list.Title}; got != want {
			t.Errorf("%d runs: %v, want %v", n, got, want)
		}
	}
	titles := map[string]bool{}
	for _, s := range of(1).sections() {
		titles[s.Title] = true
		if len(s.Rows)+len(s.Steps)+len(s.Charts) == 0 {
			t.Errorf("%q is empty", s.Title)
		}
	}
	drawn := of(1)
	drawn.Runs[0].Samples = []Sample{{At: second, RTT: new(second)}, {At: 2 * second, RTT: new(second)}}
	chartsOf := 0
	for _, s := range drawn.sections() {
		chartsOf += len(s.Charts)
	}
	if chartsOf != 1 || titles["Runs"] {
		t.Errorf("%d charts, %v", chartsOf, titles)
	}
}

// TestPingsAreTheEcho: a channel of pings is echoed by one answer, and not by none.
func TestPingsAreTheEcho(t *testing.T) {
	c := &call.Call{}
	if channelOf(c, call.ChannelRow{ChannelOpen: diag.ChannelOpen{Label: diag.LabelPing}}).Echoed {
		t.Error("echoed without an answer")
	}
	c.Pings.Add(time.Millisecond)
	if !channelOf(c, call.ChannelRow{ChannelOpen: diag.ChannelOpen{Label: diag.LabelPing}}).Echoed {
		t.Error("an answer is no echo")
	}
}

// TestSelectedPair: of the pairs only that which is selected is marked.
func TestSelectedPair(t *testing.T) {
	for selected, want := range map[string]string{"": "", "b": "b"} {
		c := &call.Call{Pairs: []diag.Pair{{ID: "a"}, {ID: "b"}}}
		if selected != "" {
			c.Selected = &diag.Selected{PairID: selected}
		}
		got := ""
		for _, p := range detailsOf(c).Pairs {
			if p.Selected {
				got += p.ID
			}
		}
		if got != want {
			t.Errorf("selected %q: %q is marked", selected, got)
		}
	}
}

// unechoed is a call in which nothing came back.
func unechoed(end diag.EndReason) *call.Call {
	return call.Fold(diagtest.Log(0, diag.CallStart{}, 5, diag.ConnectionState{State: "connected"}, 5, diag.ChannelOpen{Label: diag.LabelPing},
		3000, diag.CallEnded{Reason: end}))
}

// TestServersOfTheMetrics: those of a diagnosis by itself, and those of the call beside one.
func TestServersOfTheMetrics(t *testing.T) {
	servers := func(url string) []ServerReport {
		return []ServerReport{{ServerRow: nat.ServerRow{Server: diag.Server{URL: url}}}}
	}
	for _, tt := range []struct {
		kind string
		nat  *Network
		want string
	}{{"nat", &Network{Servers: servers("stun:nat")}, "stun:nat"}, {"call", &Network{Servers: servers("stun:nat")}, "stun:call"}, {"nat", nil, "stun:call"}, {"call", nil, "stun:call"}} {
		var b bytes.Buffer
		if err := WriteProm(&b, &Report{Target: Target{Kind: tt.kind}, Details: Details{NAT: tt.nat, Servers: servers("stun:call")}}); err != nil {
			t.Fatal(err)
		}
		if got := b.String(); !strings.Contains(got, tt.want) || strings.Count(got, `url="`) != 1 {
			t.Errorf("%s, diagnosis %t: %s", tt.kind, tt.nat != nil, got)
		}
	}
}

// TestCertificatesOfTheMetrics: a certificate whose end is known has a metric.
func TestCertificatesOfTheMetrics(t *testing.T) {
	var b bytes.Buffer
	r := &Report{Details: Details{Certificates: []call.ServerCertificate{
		{Server: "turns:a", Name: "a", NotAfter: "1970-01-01T00:01:00Z"}, {Server: "turns:b", Name: "b", NotAfter: "never"},
	}}}
	if err := WriteProm(&b, r); err != nil {
		t.Fatal(err)
	}
	want := `certificate_expiry_timestamp_seconds{check="check",server="turns:a",name="a"} 60`
	if got := b.String(); !strings.Contains(got, want) || strings.Contains(got, "turns:b") {
		t.Errorf("%q is missing, or not alone: %s", want, got)
	}
}

// TestCommandsOfRunners: a line that a CI runner takes for a command is changed, and an IPv6 address is not.
func TestCommandsOfRunners(t *testing.T) {
	for in, want := range map[string]string{
		"::error::x": "∷error::x", "  ::add-mask::x": "  ∷add-mask::x", "::1 answers": "::1 answers", "at fd00::1 and ::1": "at fd00::1 and ::1",
		"## [group]": "## [group]", "##[group]": "# [group]",
	} {
		if got := disarm(in); got != want {
			t.Errorf("%q: %q instead of %q", in, got, want)
		}
	}
}

// TestThroughputInReports: both directions at once have one row of round trips, and a rate is told in bytes.
func TestThroughputInReports(t *testing.T) {
	flow := func() *speed.Flow {
		return &speed.Flow{Goodput: 16e6, Rate: new(24e6), Capacity: new(32e6), Loaded: &speed.Latency{}}
	}
	r := &Report{Measurements: Measurements{Speed: &speed.Result{
		Up: flow(), Down: flow(), Both: &speed.Both{Up: flow(), Down: flow()}, Search: []speed.Found{{Way: "up", Rate: new(8e6)}, {Way: "down"}},
		Paced: []speed.Paced{{Way: "up", Rate: 2e6, Goodput: new(1.6e6), Loaded: &speed.Latency{}}},
	}}}
	var loads []string
	for _, row := range r.latencySection().Rows {
		loads = append(loads, row.Cells[0].Text)
	}
	if diff := cmp.Diff([]string{"up", "down", "both", "up at 2.00 Mbit/s"}, loads); diff != "" {
		t.Error(diff)
	}
	var b bytes.Buffer
	if err := WriteProm(&b, r); err != nil {
		t.Fatal(err)
	}
	got := b.String()
	for _, want := range []string{
		`speed_search_bytes_per_second{check="check",direction="up"} 1000000`,
		`speed_goodput_bytes_per_second{check="check",test="up",direction="up"} 2000000`,
		`speed_rate_bytes_per_second{check="check",test="up",direction="up"} 3000000`,
		`speed_capacity_bytes_per_second{check="check",test="up",direction="up"} 4000000`,
		`speed_paced_bytes_per_second{check="check",direction="up",rate="2000000"} 200000`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("%q is missing", want)
		}
	}
	if strings.Count(got, "speed_search_bytes_per_second{") != 1 {
		t.Error("a search that found nothing has a metric")
	}
}

// TestWhoIsBlamed: the answerer's failure is that of the run if the offerer passed only because the other hung up, and what both
// found is listed once.
func TestWhoIsBlamed(t *testing.T) {
	ms := time.Millisecond
	for name, tt := range map[string]struct {
		here, there *call.Call
		headline    bool // of the answerer
	}{
		"both are well":         {placed(5*ms, diag.EndDuration), placed(5*ms, diag.EndPeerHangup), false},
		"it lost its peer":      {placed(5*ms, diag.EndDuration), placed(5*ms, diag.EndPeerLost), false},
		"it never connected":    {placed(5*ms, diag.EndDuration), placed(0, diag.EndNoPeer), false},
		"it has not even ended": {placed(5*ms, diag.EndDuration), &call.Call{}, false},
		"left alone, it failed": {placed(5*ms, diag.EndPeerLeft), placed(5*ms, diag.EndDTLS), true},
		"it missed the echo":    {placed(5*ms, diag.EndDuration), unechoed(diag.EndPeerHangup), true},
		"and has not hung up":   {placed(5*ms, diag.EndDuration), unechoed(diag.EndDuration), false},
		"it failed here, too":   {placed(5*ms, diag.EndPeerLost), unechoed(diag.EndPeerHangup), false},
		"left alone, cancelled": {placed(5*ms, diag.EndPeerLeft), placed(5*ms, diag.EndInterrupted), false},
	} {
		r := judgeRun(judge.Expectation{Echo: true}, RunInput{Call: tt.here, Other: tt.there})
		if got := strings.HasPrefix(r.Headline, otherSide); got != tt.headline {
			t.Errorf("%s: %q", name, r.Headline)
		}
		seen := map[string]bool{}
		for _, f := range r.Findings {
			if seen[f.ID] {
				t.Errorf("%s: %s twice", name, f.ID)
			}
			seen[f.ID] = true
		}
	}
}
