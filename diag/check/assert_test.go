package check

import (
	"errors"
	"strings"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/assert"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/nat"
	"dialtone/diag/report"
)

// seen is a report of a relayed call without video that connected in 500 ms.
func seen() *report.Report {
	ms := func(n int) diag.Millis { return diag.Millis(n) * diag.Millis(time.Millisecond) }
	r := &report.Report{
		Summary: report.Summary{Runs: 3, Failed: 1, Setup: &report.Percentiles{N: 3, Min: ms(400), P50: ms(500), P95: ms(790), P99: ms(790), Max: ms(790)}},
		Runs:    []report.Run{{Connected: true}, {Connected: false}},
	}
	r.Setup.Total = new(ms(500))
	r.Path = &report.Path{Local: diag.Candidate{CandidateType: diag.Relay}, Remote: diag.Candidate{CandidateType: diag.Host, Port: 9}, Relay: true}
	r.Media.Audio = &report.Kind{Inbound: &call.Stream{Packets: 100, Loss: new(0.004)}}
	r.Findings = []report.Finding{{Finding: judge.Finding{ID: "media.loss", Severity: judge.Warn}}}
	return r
}

func TestAssertions(t *testing.T) {
	tests := []struct {
		expr  string
		pass  bool
		value any
		err   string
	}{
		{`setup.p95 < duration("800ms")`, true, "790ms", ""},
		{`setup.p95 < duration("0.7s")`, false, "790ms", ""},
		{`setup.total < duration("1s")`, true, "500ms", ""},
		{`path.local.candidateType == "relay"`, true, "relay", ""},
		{`media.audio.inbound.loss < 0.01`, true, 0.004, ""},
		{`!any(findings, .severity == "error")`, true, true, ""},
		{`any(findings, .id == "media.loss")`, true, true, ""},
		{`summary.failed / summary.runs < 0.5`, true, 1.0 / 3, ""},
		{`all(runs, .connected)`, false, false, ""},
		{`path.ipv6`, false, false, ""},

		// What is absent never passes, whichever way one asks.
		{`media.video.inbound.loss < 0.01`, false, nil, "no such value"},
		{`media.video.inbound.loss >= 0`, false, nil, "no such value"},
		{`media.audio.inbound.rtt != duration("1s")`, false, nil, "no such value"},
		{`!(media.audio.inbound.bitrate > 10)`, false, false, "no such value"},
		{`path.local.url != "turn:x"`, false, nil, "no such value"},
		{`path.local.url not in ["turn:x"]`, false, nil, "no such value"},
		{`path.rtt < duration("1s")`, false, nil, "no such value"},
		{`nat.mapping != "endpoint-independent"`, false, nil, "no such value"},
		{`phases.ice.p95 < duration("1s")`, false, nil, "no such value"},
		{`all(runs, .media.audio.inbound.flows)`, false, nil, "no such value"},
		{`none(runs, .path.relay)`, false, nil, "no such value"},
		{`media.video?.inbound?.loss != 1.0`, false, nil, "no such value"},
		{`string(path.local.url) != "turn:x"`, false, nil, "no such value"},
		{`[path.local.url] != ["turn:x"]`, false, nil, "no such value"},
		{`(path.relay ? path.local.url : "a") != "b"`, false, nil, "no such value"},
		{`let u = path.local.url; u != "b"`, false, nil, "no such value"},
		{`max(media.audio.inbound.jitter, duration("1s")) < duration("2s")`, false, nil, "unknown"},
		// To ask for absence is allowed.
		{`media.video == nil`, true, nil, ""},
		{`(media.video?.inbound?.loss ?? 0.5) < 0.9`, true, 0.5, ""},
	}
	for _, test := range tests {
		a, err := ParseAssertion(test.expr)
		if err != nil {
			t.Errorf("%s: %v", test.expr, err)
			continue
		}
		r := seen()
		Assert(r, []*assert.Assertion{a})
		got := r.Assertions[0]
		if got.Pass != test.pass || (got.Error == "") != (test.err == "") || !strings.Contains(got.Error, test.err) {
			t.Errorf("%s: %+v", test.expr, got)
		}
		if test.err == "" && got.Value != test.value {
			t.Errorf("%s: saw %v (%T), want %v", test.expr, got.Value, got.Value, test.value)
		}
		if !test.pass && (r.Exit.Name != "assertion" && r.Exit.Name != "pass" || r.Verdict != report.Fail) {
			t.Logf("%s: %v", test.expr, r.Exit)
		}
	}
}

func TestWrongExpressions(t *testing.T) {
	tests := []struct {
		expr string
		want []string
	}{
		{`setp.p95 < duration("1s")`, []string{"column 1", "unknown name setp", "setup?"}},
		{`setup.p96 < duration("1s")`, []string{"unknown name p96", "p95"}},
		{`media.audio.inbond.loss < 1`, []string{"inbond", "did you mean inbound"}},
		{`phases.ise.p95 < duration("1s")`, []string{"ise", "ice"}},
		{`setup.p95 < 800`, []string{"time.Duration"}},
		{`setup.p95 < 800ms`, []string{"no unit", `duration("800ms")`}},
		{`setup.p95 < "800ms"`, []string{"mismatched types"}},
		{`path.local.candidateType`, []string{"bool"}},
		{`setup.p95 <`, []string{"column"}},
		{`any(findings, .sevrity == "error")`, []string{"sevrity", "severity"}},
		{`setup.p95 < duration("eight")`, []string{"eight"}},
		{strings.Repeat("(", 5000), []string{"longer"}},
	}
	for _, test := range tests {
		_, err := ParseAssertion(test.expr)
		var wrong *assert.ExpressionError
		if !errors.As(err, &wrong) {
			t.Errorf("%.60s: %v", test.expr, err)
			continue
		}
		for _, word := range test.want {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%.60s: %v: not told: %s", test.expr, err, word)
			}
		}
	}
}

func TestDefaultAssertionsAreValid(t *testing.T) {
	media := []call.MediaKind{{Direction: diag.Outbound, Kind: "audio"}, {Direction: diag.Inbound, Kind: "video"}}
	if n := len(DefaultAssertions(judge.Expectation{Media: media, Echo: true})); n != 4 {
		t.Errorf("%d default assertions", n)
	}
	if n := len(DefaultAssertions(judge.Expectation{})); n != 1 {
		t.Errorf("%d default assertions of a call without anything", n)
	}
}

// TestExpected: by default a call echoes and has the media that takes part in it; what is said or asserted replaces
// that.
func TestExpected(t *testing.T) {
	const all = "inbound audio, outbound audio, inbound video, outbound video"
	for name, test := range map[string]struct {
		change  func(*Options)
		asserts []string
		media   string
		echo    bool
	}{
		"default":                    {func(*Options) {}, nil, all, true},
		"no media":                   {func(o *Options) { o.Config.NoMedia = true }, nil, "", true},
		"audio only":                 {func(o *Options) { o.Config.NoKinds = []string{"video"} }, nil, "inbound audio, outbound audio", true},
		"only sent":                  {func(o *Options) { o.Config.Way = diag.Outbound }, nil, "outbound audio, outbound video", true},
		"media only":                 {func(o *Options) { o.Config.MediaOnly = true }, nil, all, false},
		"no echo":                    {func(o *Options) { o.NoEcho = true }, nil, all, false},
		"expects video":              {func(o *Options) { o.ExpectMedia = []string{"video"} }, nil, "inbound video, outbound video", true},
		"expects none":               {func(o *Options) { o.ExpectMedia = []string{} }, nil, "", true},
		"asserts about a stream":     {func(*Options) {}, []string{"not media.video.inbound.flows"}, "inbound audio, outbound audio, outbound video", true},
		"asserts about each run":     {func(*Options) {}, []string{"all(runs, .media.audio.outbound.loss < 0.1)"}, "inbound audio, inbound video, outbound video", true},
		"asserts about channels":     {func(*Options) {}, []string{"len(channels) == 0"}, all, false},
		"asserts about the echo":     {func(*Options) {}, []string{"any(runs, .echoed)"}, all, false},
		"asserts about other things": {func(*Options) {}, []string{"runs[0].connected"}, all, true},
		"a stream is not its kind":   {func(*Options) {}, []string{"media.audio != nil"}, all, true},
		"two conditions in one":      {func(*Options) {}, []string{"media.audio.inbound.flows && media.video.inbound.flows"}, "outbound audio, outbound video", true},
	} {
		o := Options{Target: Loopback{}}
		test.change(&o)
		for _, text := range test.asserts {
			a, err := ParseAssertion(text)
			if err != nil {
				t.Fatal(name, err)
			}
			o.Assertions = append(o.Assertions, a)
		}
		x := o.Expectation()
		var got []string
		for _, m := range x.Media {
			got = append(got, string(m.Direction)+" "+m.Kind)
		}
		if media := strings.Join(got, ", "); media != test.media || x.Echo != test.echo {
			t.Errorf("%s: %s, echo %v", name, media, x.Echo)
		}
	}
}

func FuzzParseAssertion(f *testing.F) {
	for _, s := range []string{`setup.p95 < duration("800ms")`, `!any(findings, .severity == "error")`, "a?.b ?? c", `path.local.candidateType in ["a"]`, "let x = 1; x > 0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAssertion(s)
		if err != nil {
			return
		}
		Assert(&report.Report{}, []*assert.Assertion{a})
	})
}

// TestServersThatDidNotAnswer: a server of which nothing is known when the call ends is no server that is well.
func TestServersThatDidNotAnswer(t *testing.T) {
	r := seen()
	r.Target.ICEServers = []string{"stun:192.0.2.1:3478", "stun:192.0.2.2:3478"}
	r.Servers = []report.ServerReport{{ServerRow: nat.ServerRow{Server: diag.Server{URL: "stun:192.0.2.1:3478"}}, OK: true}}
	for text, want := range map[string]bool{
		"all(servers, .ok)": false, "none(servers, .ok == false)": false, "len(servers) == 2": true, `any(servers, .url == "stun:192.0.2.2:3478")`: true,
	} {
		a, err := ParseAssertion(text)
		if err != nil {
			t.Fatal(err)
		}
		Assert(r, []*assert.Assertion{a})
		if last := r.Assertions[len(r.Assertions)-1]; last.Pass != want {
			t.Errorf("%+v", last)
		}
	}
}

// TestToyStatistic: expressions name every statistic of a stream, without a line of code for it.
func TestToyStatistic(t *testing.T) {
	a, err := ParseAssertion("media.audio.inbound.inbound_rtp[0].packetsDuplicated == 7")
	if err != nil {
		t.Fatal(err)
	}
	r := seen()
	r.Media.Audio.Inbound.Inbound = []diag.InboundRTP{{PacketsDuplicated: new(uint64(7))}}
	Assert(r, []*assert.Assertion{a})
	if got := r.Assertions[0]; !got.Pass || got.Value != 7 {
		t.Errorf("%+v", got)
	}
}
