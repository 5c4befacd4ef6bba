package judge_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/diagtest"
	"dialtone/diag/judge"
	"dialtone/diag/words"
)

// named are the IDs of findings.
func named(findings []judge.Finding) (out []string) {
	for _, f := range findings {
		out = append(out, f.ID)
	}
	return out
}

// TestShortOfCPU: from how many late timers on the program is not to be trusted with times.
func TestShortOfCPU(t *testing.T) {
	for _, tt := range []struct {
		ticks, late int
		want        bool
	}{{19, 19, false}, {20, 1, false}, {20, 2, true}, {1000, 50, false}, {1000, 51, true}, {0, 0, false}} {
		if got := (judge.Load{Ticks: tt.ticks, Late: tt.late}).Short(); got != tt.want {
			t.Errorf("%d of %d late: %v", tt.late, tt.ticks, got)
		}
	}
}

// TestEndedEarly: how much sooner than asked a call may end.
func TestEndedEarly(t *testing.T) {
	for at, want := range map[int]bool{9_749: true, 9_750: false, 9_900: false, 10_400: false} {
		c := call.Fold(diagtest.Log(
			0, diag.CallStart{ForMs: new(diag.Millis(10 * time.Second))}, 0, diag.ConnectionState{State: "connected"},
			at, diag.CallEnded{Reason: diag.EndPeerHangup, By: diag.ByRemote},
		))
		if got := slices.Contains(named(judge.Check(c, judge.Expectation{}).Findings), "call.ended_early"); got != want {
			t.Errorf("after %d ms: %v", at, got)
		}
	}
}

// ends is what was sent here and received there, at a second of both clocks.
func ends(second int, sent, received uint64, lost int64) diag.Event {
	return diag.Event{At: time.Duration(second) * time.Second, Data: diag.RemoteSample{
		Timestamp: float64(1000*second + 1),
		Inbound: []diag.InboundRTP{
			{Kind: "audio", SSRC: 9, PacketsReceived: new(uint64(20_000 * second))},
			{Kind: "audio", SSRC: 1, PacketsReceived: &received, PacketsLost: &lost},
		},
		Outbound: []diag.OutboundRTP{{Kind: "video", SSRC: 2, PacketsSent: new(uint64(1 + 20_000*second))}},
		Here: []diag.StreamCount{
			{Direction: diag.Outbound, Kind: "audio", SSRC: 9, Packets: uint64(20_000 * second)},
			{Direction: diag.Inbound, Kind: "video", SSRC: 2, Packets: uint64(1 + 20_000*second)},
			{Direction: diag.Outbound, Kind: "audio", SSRC: 1, Packets: sent},
		},
	}}
}

// TestPacketsUnderWay: what may be between the ends is what one stream sends in the time of a round trip and a quarter
// of a second, whatever the other streams do.
func TestPacketsUnderWay(t *testing.T) {
	for name, tt := range map[string]struct {
		events []diag.Event
		want   bool
	}{
		"none before":           {[]diag.Event{ends(10, 1000, 901, 0)}, false},
		"few before":            {[]diag.Event{ends(10, 1000, 899, 0)}, true},
		"1,000 a second, under": {[]diag.Event{ends(10, 1000, 1000, 0), ends(12, 3000, 3000-440, 0)}, false},
		"1,000 a second, over":  {[]diag.Event{ends(10, 1000, 1000, 0), ends(12, 3000, 3000-460, 0)}, true},
		"it stands still":       {[]diag.Event{ends(10, 3000, 3000-210, 0), ends(12, 3000, 3000-210, 0)}, true},
		"lost, not missing":     {[]diag.Event{ends(10, 1000, 1000, 0), ends(12, 3000, 2000, 900)}, false},
	} {
		c := call.Fold(tt.events)
		found := named(judge.EndsFindings(c))
		if slices.Contains(found, "media.not_received_there") != tt.want || len(found) > 1 {
			t.Errorf("%s: %v", name, found)
		}
	}
}

// TestLatelyIsTenSamples: what has happened lately is counted from the tenth sample before the last.
func TestLatelyIsTenSamples(t *testing.T) {
	series := func(n int, each func(i int) diag.Event) (out []diag.Event) {
		for i := range n {
			out = append(out, each(i))
		}
		return out
	}
	stopped := func(i int) diag.Event { return ends(i+1, uint64(100_000+100*i), 100_000, 1000) }
	invents := func(i int) diag.Event { return ends(i+1, 100_000, uint64(100_000+100*i), 1000) }
	for name, tt := range map[string]struct {
		events []diag.Event
		want   string
	}{
		"ten samples":             {series(10, stopped), ""},
		"eleven samples":          {series(11, stopped), "media.not_received_there"},
		"more received than sent": {series(11, invents), "media.received_not_sent"},
	} {
		found := named(judge.EndsFindings(call.Fold(tt.events)))
		if (tt.want == "") != (len(found) == 0) || tt.want != "" && found[0] != tt.want {
			t.Errorf("%s: %v", name, found)
		}
	}
}

// TestRoundTripsOfBothEnds: three or more of each, most of which differ by half and by 50 ms.
func TestRoundTripsOfBothEnds(t *testing.T) {
	for _, tt := range []struct {
		local, remote []float64
		want          bool
	}{
		{[]float64{0.1, 0.099, 0.101}, []float64{0.2, 0.199, 0.201}, true},
		{[]float64{0.1, 0.101}, []float64{0.2, 0.201}, false},
		{[]float64{0.2, 0.199, 0.201}, []float64{0.1, 0.099, 0.101}, true},
		{[]float64{0.02, 0.019, 0.021}, []float64{0.06, 0.059, 0.061}, false},
		{[]float64{0.25, 0.249, 0.251}, []float64{0.38, 0.377, 0.381}, true},
		{[]float64{0.25, 0.249, 0.251}, []float64{0.38, 0.376, 0.381}, false},
		{[]float64{0.0001, 0.2136, 0.1687}, []float64{0.0003, 0.0004, 0.101}, false}, // of a machine that is busy
		{[]float64{0.1, 0.099, 0.101, 0.5}, []float64{0.01, 0.3, 0.011, 0.012, 0.013}, true},
	} {
		c := &call.Call{}
		for i := range max(len(tt.local), len(tt.remote)) {
			at := time.Duration(i) * time.Second
			local, remote := tt.local[min(i, len(tt.local)-1)], tt.remote[min(i, len(tt.remote)-1)]
			c.Apply(diag.Event{At: at, Data: diag.Sample{Pair: &diag.Pair{CurrentRoundTripTime: &local}}})
			c.Apply(diag.Event{At: at, Data: diag.RemoteSample{Timestamp: at.Seconds() * 1000, Pair: &diag.PeerPair{CurrentRoundTripTime: &remote}}})
		}
		if got := slices.Contains(named(judge.EndsFindings(c)), "path.rtt_differs"); got != tt.want {
			t.Errorf("%g and %g: %v", tt.local, tt.remote, got)
		}
	}
}

// TestObstacles: at what a call without a path stopped, and whether a relay was missing.
func TestObstacles(t *testing.T) {
	candidate := func(side diag.Side) diag.Data {
		return diag.Candidate{Side: side, ID: string(side), Address: "192.0.2.1", Port: 1, Protocol: "udp", CandidateType: diag.Host}
	}
	pair := func(sent, answered uint64) diag.Data {
		return diag.Pair{ID: "p", LocalCandidateID: "local", RemoteCandidateID: "remote", RequestsSent: sent, ResponsesReceived: answered}
	}
	unsent := func(id string) diag.Data {
		return diag.Pair{ID: id, LocalCandidateID: "local", RemoteCandidateID: "remote", RequestsFailed: 1}
	}
	tcp := diag.Candidate{Side: diag.Local, ID: "tcp", Address: "192.0.2.1", Port: 9, Protocol: "tcp", CandidateType: diag.Host}
	overTCP := diag.Pair{ID: "t", LocalCandidateID: "tcp", RemoteCandidateID: "remote"}
	refused := func(peer string) diag.Data { return diag.TURNRefused{Peer: netip.MustParseAddr(peer), Code: 403} }
	local, remote := candidate(diag.Local), candidate(diag.Remote)
	mapped := func(side diag.Side) diag.Data {
		return diag.Candidate{
			Side: side, ID: string(side) + "2", Address: "203.0.113.7", Port: 2, Protocol: "udp", CandidateType: diag.Srflx,
		}
	}
	relay := func(side diag.Side) diag.Data {
		return diag.Candidate{
			Side: side, ID: string(side) + "3", Address: "198.51.100.7", Port: 3, Protocol: "udp", CandidateType: diag.Relay,
		}
	}
	for name, tt := range map[string]struct {
		data    []diag.Data
		want    judge.Obstacle
		noRelay bool
	}{
		"nothing":         {nil, judge.NoLocalCandidate, false},
		"no remote":       {[]diag.Data{local}, judge.NoRemoteCandidate, false},
		"no local":        {[]diag.Data{remote}, judge.NoLocalCandidate, false},
		"no pair":         {[]diag.Data{local, remote}, judge.NoPairFormed, true},
		"refused":         {[]diag.Data{local, remote, refused("192.0.2.1")}, judge.NoPermission, true},
		"refused another": {[]diag.Data{local, remote, refused("192.0.2.2")}, judge.NoPairFormed, true},
		"refused, asked":  {[]diag.Data{local, remote, refused("192.0.2.1"), pair(3, 0)}, judge.NoPairAnswered, true},
		"never asked":     {[]diag.Data{local, remote, pair(0, 0)}, judge.NoPairFormed, true},
		"not sent":        {[]diag.Data{local, remote, unsent("p"), unsent("q")}, judge.NoCheckSent, true},
		"not all sent":    {[]diag.Data{local, remote, unsent("p"), pair(1, 0)}, judge.NoPairAnswered, true},
		"TCP, too":        {[]diag.Data{local, remote, tcp, unsent("p"), overTCP, pair(1, 0)}, judge.NoPairAnswered, true},
		"never answered":  {[]diag.Data{local, remote, pair(1, 0)}, judge.NoPairAnswered, true},
		"gone":            {[]diag.Data{local, remote, pair(1, 0), diag.SignalRequest{Code: "bye", Status: 404, Error: "not found"}}, judge.NoPairAnswered, true},
		"one NAT":         {[]diag.Data{local, remote, mapped(diag.Local), mapped(diag.Remote), pair(1, 0)}, judge.NoPairAnswered, true},
		"a relay here":    {[]diag.Data{local, remote, relay(diag.Local), pair(1, 0)}, judge.NoPairAnswered, false},
		"a relay there":   {[]diag.Data{local, remote, relay(diag.Remote), pair(1, 0)}, judge.NoPairAnswered, false},
		"not good enough": {[]diag.Data{local, remote, pair(1, 1)}, judge.NoPairUsable, true},
	} {
		parts := []any{0, diag.CallStart{Command: "call"}, 1, diag.SignalState{State: diag.SignalPaired, Role: diag.RoleOfferer}}
		for _, d := range tt.data {
			parts = append(parts, 2, d)
		}
		v := judge.Judge(call.Fold(diagtest.Log(append(parts, 9, diag.CallEnded{Reason: diag.EndICE})...)))
		at := slices.IndexFunc(v.Findings, func(f judge.Finding) bool { _, is := f.Evidence.(judge.NoPath); return is })
		if at < 0 {
			t.Errorf("%s: %v", name, named(v.Findings))
			continue
		}
		got := v.Findings[at].Evidence.(judge.NoPath)
		advice := words.Of(v.Findings[at]).Advice
		stale := strings.Contains(advice, "stores answers")
		shared := strings.Contains(advice, "lets its clients reach each other")
		if got.Obstacle != tt.want || got.NoRelay != tt.noRelay || stale != (name == "gone") ||
			shared != (name == "one NAT") {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestLossToThePacket: from which share of how many packets on loss is named, and when it fails a check.
func TestLossToThePacket(t *testing.T) {
	for _, tt := range []struct {
		packets  uint64
		lost     int64
		severity judge.Severity
	}{
		{95, 5, ""}, {94, 6, judge.Warn}, {49, 51, ""}, {50, 10, judge.Warn}, {80, 20, judge.Warn}, {79, 21, judge.Problem},
	} {
		c := checked(diag.CallEnded{Reason: diag.EndDuration, By: diag.ByLocal}, 5000, sampled(audioIn(tt.packets, 0, tt.lost, 0)))
		var got judge.Severity
		for _, f := range judge.Check(c, judge.Expectation{}).Findings {
			if f.ID == "media.loss" {
				got = f.Severity
			}
		}
		if got != tt.severity {
			t.Errorf("%d lost beside %d: %q, want %q", tt.lost, tt.packets, got, tt.severity)
		}
	}
}

// TestStoppedToTheSecond: media that came has stopped after two seconds; what never came has not.
func TestStoppedToTheSecond(t *testing.T) {
	for _, tt := range []struct {
		packets uint64
		ago     float64
		want    bool
	}{{90, call.SilentAfter - 0.01, false}, {90, call.SilentAfter, true}, {0, 9, false}} {
		c := checked(diag.CallEnded{Reason: diag.EndDuration, By: diag.ByLocal}, 5000, sampled(audioIn(tt.packets, 0, 0, tt.ago)))
		if got := slices.Contains(named(judge.Check(c, judge.Expectation{}).Findings), "media.stopped"); got != tt.want {
			t.Errorf("%d packets, the last %g s ago: %v", tt.packets, tt.ago, got)
		}
	}
}
