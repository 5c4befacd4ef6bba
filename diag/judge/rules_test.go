package judge_test

import (
	"net/http"
	"slices"
	"testing"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/diagtest"
	"dialtone/diag/judge"
)

// TestIsolatedRelays: both relays at one address, asked and not answered, in a call that found no path.
func TestIsolatedRelays(t *testing.T) {
	candidate := func(side diag.Side, typ diag.CandidateType, address string) diag.Data {
		return diag.Candidate{Side: side, ID: string(side), Address: address, Port: 50000, Protocol: "udp", CandidateType: typ, URL: "turn:a"}
	}
	const here, there = "198.51.100.7", "198.51.100.8"
	for name, tt := range map[string]struct {
		local, remote  diag.CandidateType
		address        string // of the remote one
		sent, answered uint64
		end            diag.EndReason
		want           bool
	}{
		"isolated":         {diag.Relay, diag.Relay, here, 3, 0, diag.EndICE, true},
		"of other servers": {diag.Relay, diag.Relay, there, 3, 0, diag.EndICE, false},
		"one is no relay":  {diag.Relay, diag.Srflx, here, 3, 0, diag.EndICE, false},
		"nor the other":    {diag.Host, diag.Relay, here, 3, 0, diag.EndICE, false},
		"neither is":       {diag.Srflx, diag.Srflx, here, 3, 0, diag.EndICE, false},
		"not asked":        {diag.Relay, diag.Relay, here, 0, 0, diag.EndICE, false},
		"answered":         {diag.Relay, diag.Relay, here, 3, 1, diag.EndICE, false},
		"hung up":          {diag.Relay, diag.Relay, here, 3, 0, diag.EndHangup, false},
	} {
		c := call.Fold(diagtest.Log(
			0, diag.CallStart{}, 1, candidate(diag.Local, tt.local, here), 1, candidate(diag.Remote, tt.remote, tt.address),
			2, diag.Pair{ID: "p", LocalCandidateID: "local", RemoteCandidateID: "remote", RequestsSent: tt.sent, ResponsesReceived: tt.answered},
			9, diag.CallEnded{Reason: tt.end},
		))
		if got := slices.Contains(named(judge.Judge(c).Findings), "ice.relays_isolated"); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// TestChecksOfThePeer: of pairs that were not answered it is told how many the peer's checks arrived on.
func TestChecksOfThePeer(t *testing.T) {
	for _, tt := range []struct {
		answered, heard uint64
		want            int
	}{{0, 0, 0}, {0, 2, 1}, {1, 2, 0}} {
		log := diagtest.Log(
			0, diag.CallStart{}, 1, diag.SignalState{State: diag.SignalPaired, Role: diag.RoleOfferer},
			2, diag.Pair{ID: "p", RequestsSent: 3, ResponsesReceived: tt.answered, RequestsReceived: tt.heard},
			9, diag.CallEnded{Reason: diag.EndICE},
		)
		for _, f := range judge.Judge(call.Fold(log)).Findings {
			if e, is := f.Evidence.(judge.NoPath); is && e.Heard != tt.want {
				t.Errorf("%+v: %d", tt, e.Heard)
			}
		}
	}
}

// TestStressToItsEnd: a stress test that another end than an interruption cut short is incomplete.
func TestStressToItsEnd(t *testing.T) {
	for name, tt := range map[string]struct {
		last diag.StressName
		end  diag.EndReason // "": in progress
		want bool
	}{
		"over":        {diag.StressOver, diag.EndHangup, false},
		"cut short":   {diag.StressGap, diag.EndHangup, true},
		"interrupted": {diag.StressGap, diag.EndInterrupted, false},
		"in progress": {diag.StressGap, "", false},
	} {
		parts := []any{0, diag.CallStart{}, 1, diag.ConnectionState{State: "connected"}, 2, diag.StressStep{Step: diag.StressQuiet}, 3, diag.StressStep{Step: tt.last}}
		if tt.end != "" {
			parts = append(parts, 9, diag.CallEnded{Reason: tt.end})
		}
		if got := slices.Contains(named(judge.Judge(call.Fold(diagtest.Log(parts...))).Findings), "stress.incomplete"); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// TestSessionsLeft: a session whose end the server refuses stays there, unless the other side has ended it.
func TestSessionsLeft(t *testing.T) {
	for name, tt := range map[string]struct {
		code   string
		status int
		by     diag.EndedBy // "": in progress
		want   string
	}{
		"refused":                     {"bye", http.StatusForbidden, diag.ByLocal, "signal.session_left"},
		"unknown":                     {"bye", http.StatusNotFound, diag.ByLocal, "signal.session_left"},
		"ended by the peer":           {"bye", http.StatusForbidden, diag.ByRemote, ""},
		"lost, and unknown":           {"bye", http.StatusNotFound, diag.ByNetwork, ""},
		"lost, and gone":              {"bye", http.StatusGone, diag.ByNetwork, ""},
		"lost, and refused":           {"bye", http.StatusForbidden, diag.ByNetwork, "signal.session_left"},
		"in progress":                 {"bye", http.StatusForbidden, "", "signal.session_left"},
		"candidates are not accepted": {"candidates", http.StatusMethodNotAllowed, diag.ByLocal, ""},
		"candidates fail":             {"candidates", http.StatusForbidden, diag.ByLocal, "signal.request_failed"},
	} {
		parts := []any{0, diag.CallStart{}, 1, diag.ConnectionState{State: "connected"}, 2, diag.SignalRequest{Code: tt.code, Status: tt.status, Error: "no"}}
		if tt.by != "" {
			parts = append(parts, 9, diag.CallEnded{Reason: diag.EndPeerHangup, By: tt.by})
		}
		found := slices.DeleteFunc(named(judge.Judge(call.Fold(diagtest.Log(parts...))).Findings), func(id string) bool {
			return id != "signal.session_left" && id != "signal.request_failed"
		})
		if want := slices.DeleteFunc([]string{tt.want}, func(s string) bool { return s == "" }); !slices.Equal(found, want) {
			t.Errorf("%s: %v", name, found)
		}
	}
}

// TestKeyFramesOfACall: that none came fails where video is all that there is, and when that is over.
func TestKeyFramesOfACall(t *testing.T) {
	video := diag.InboundRTP{Kind: "video", PacketsReceived: new(uint64(200)), FramesReceived: new(uint32(100)), KeyFramesReceived: new(uint32)}
	for _, tt := range []struct {
		alone, ended bool
		want         diag.Severity
	}{{true, true, diag.Problem}, {true, false, diag.Warn}, {false, true, diag.Warn}, {false, false, diag.Warn}} {
		parts := []any{0, diag.CallStart{Media: true, MediaOnly: tt.alone}, 1, diag.ConnectionState{State: "connected"}, 3900, diag.Sample{Inbound: []diag.InboundRTP{video}}}
		if tt.ended {
			parts = append(parts, 4000, diag.CallEnded{Reason: diag.EndHangup, By: diag.ByLocal})
		}
		found := judge.Judge(call.Fold(diagtest.Log(parts...))).Findings
		i := slices.IndexFunc(found, func(f judge.Finding) bool { return f.ID == "media.no_key_frame" })
		if i < 0 || found[i].Severity != tt.want {
			t.Errorf("%+v: %v", tt, found)
		}
	}
}

// TestSessionOfAFailedCall: only a refused goodbye shows that the server does not know the session.
func TestSessionOfAFailedCall(t *testing.T) {
	for _, tt := range []struct {
		code         string
		status, want int
	}{{"bye", http.StatusNotFound, http.StatusNotFound}, {"bye", http.StatusForbidden, 0}, {"candidates", http.StatusNotFound, 0}} {
		log := diagtest.Log(
			0, diag.CallStart{}, 1, diag.SignalState{State: diag.SignalPaired, Role: diag.RoleOfferer},
			2, diag.SignalRequest{Code: tt.code, Status: tt.status, Error: "no"}, 9, diag.CallEnded{Reason: diag.EndICE},
		)
		for _, f := range judge.Judge(call.Fold(log)).Findings {
			if e, is := f.Evidence.(judge.NoPath); is && e.NoSession != tt.want {
				t.Errorf("%+v: %d", tt, e.NoSession)
			}
		}
	}
}

// TestClocksThatAreKnown: nothing is said of a clock without its rate, or how certain it is.
func TestClocksThatAreKnown(t *testing.T) {
	rate, margin := 44_100.0, 100.0
	for name, tt := range map[string]struct {
		announced    uint32
		rate, margin *float64
		want         bool
	}{
		"known":            {48_000, &rate, &margin, true},
		"not announced":    {0, &rate, &margin, false},
		"not measured":     {48_000, nil, &margin, false},
		"nobody knows how": {48_000, &rate, nil, false},
	} {
		in := diag.InboundRTP{Kind: "audio", PacketsReceived: new(uint64(500)), ClockRate: tt.announced, TimestampRate: tt.rate, TimestampRateMargin: tt.margin}
		c := call.Fold(diagtest.Log(0, diag.CallStart{Media: true}, 1, diag.ConnectionState{State: "connected"}, 60_000, diag.Sample{Inbound: []diag.InboundRTP{in}}))
		if got := slices.Contains(named(judge.Judge(c).Findings), "media.clock_rate"); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// TestImpairmentWithoutEffect: a call that was connected to its end and dropped nothing was not impaired.
func TestImpairmentWithoutEffect(t *testing.T) {
	for name, tt := range map[string]struct {
		connected, ended bool
		lost             uint64
		want             string
	}{
		"it had none":     {true, true, 0, "impair.no_effect"},
		"it had one":      {true, true, 1, "impair.injected"},
		"in progress":     {true, false, 0, ""},
		"never connected": {false, true, 0, ""},
	} {
		parts := []any{0, diag.CallStart{Stress: true}}
		if tt.connected {
			parts = append(parts, 1, diag.ConnectionState{State: "connected"})
		}
		parts = append(parts, 2, diag.Impaired{Inbound: diag.ImpairedPackets{Lost: tt.lost}})
		if tt.ended {
			parts = append(parts, 9000, diag.CallEnded{Reason: diag.EndHangup})
		}
		var got string
		for _, id := range named(judge.Judge(call.Fold(diagtest.Log(append(parts, 9001, diag.StressStep{Step: diag.StressOver})...))).Findings) {
			if id == "impair.no_effect" || id == "impair.injected" {
				got = id
			}
		}
		if got != tt.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestDeferredSideRequest: a request beside those that make the call, which was put off, did not delay it.
func TestDeferredSideRequest(t *testing.T) {
	for code, want := range map[string]bool{"offer": true, "candidates": false, "bye": false} {
		c := call.Fold(diagtest.Log(0, diag.CallStart{}, 1, diag.SignalRequest{Code: code, Status: 429, Error: "too many requests"},
			2, diag.ConnectionState{State: "connected"}))
		if got := slices.Contains(named(judge.Judge(c).Findings), "signal.deferred"); got != want {
			t.Errorf("%s: deferred %t", code, got)
		}
	}
}

// TestDeferredRequests: requests that were put off are told of, unless the call ended with its signaling.
func TestDeferredRequests(t *testing.T) {
	for reason, want := range map[diag.EndReason]bool{"": true, diag.EndHangup: true, diag.EndSignaling: false} {
		c := call.Fold(diagtest.Log(0, diag.CallStart{}, 1, diag.ConnectionState{State: "connected"}))
		if reason != "" {
			c.Apply(diag.Event{Seq: 9, Data: diag.CallEnded{Reason: reason}})
		}
		if c.Signal.Limited, c.Signal.Unavailable = 1, 1; slices.Contains(named(judge.Judge(c).Findings), "signal.deferred") != want {
			t.Errorf("%q: %t", reason, !want)
		}
		if c.Signal.Limited, c.Signal.Unavailable = 0, 0; slices.Contains(named(judge.Judge(c).Findings), "signal.deferred") {
			t.Errorf("%q: none was deferred", reason)
		}
	}
}

// TestDroppedBetweenTheEnds: what this side dropped or repeated on purpose is missing or too much without a contradiction.
func TestDroppedBetweenTheEnds(t *testing.T) {
	for _, tt := range []struct {
		received uint64
		want     bool
	}{{891, false}, {889, true}} {
		c := call.Fold([]diag.Event{ends(10, 1000, tt.received, 0)})
		c.Impaired = &diag.Impaired{Outbound: diag.ImpairedPackets{Lost: 5, Duplicated: 5}}
		if got := slices.Contains(named(judge.EndsFindings(c)), "media.not_received_there"); got != tt.want {
			t.Errorf("%d received: %t", tt.received, got)
		}
	}
}
