package diag

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// failedICE is a call in which both sides have candidates and every check went unanswered.
func failedICE(parts ...any) []Event {
	events := log(
		0, CallStart{Command: "call", Code: "w1"},
		0, PhaseStart{Phase: PhaseWait}, 100, PhaseEnd{Phase: PhaseWait, Outcome: OutcomeOK},
		100, SignalState{State: SignalPaired, Role: RoleAnswerer},
		110, Candidate{Side: Local, ID: "l1", Address: "192.0.2.10", Protocol: "udp", CandidateType: Host},
		120, Candidate{Side: Remote, ID: "r1", Address: "198.51.100.4", Protocol: "udp", CandidateType: Host},
		130, ICEState{State: "checking"},
		140, Pair{ID: "p1", State: PairFailed, RequestsSent: 7},
		150, Pair{ID: "p2", State: PairFailed, RequestsSent: 2},
	)
	return then(then(events, parts...), 2200, ICEState{State: "failed"}, 2200, CallEnded{Reason: EndICE, By: ByNetwork})
}

// up is a good call to which parts happen and which then ends.
func up(end CallEnded, parts ...any) []Event {
	return then(then(goodCall(), parts...), 5000, end)
}

func refusedTURN() ServerResult {
	return ServerResult{
		URL: "turn:turn.example", Transport: "udp", Stage: "allocate", Cause: "auth", ErrorCode: 401, ErrorText: "the server refused the password",
		Advice: "Correct --ice-user and --ice-pass.",
	}
}

type judgeTest struct {
	name     string
	events   []Event
	exit     Exit
	headline string   // all of it
	words    []string // that the explanation and the advice must hold
	findings []string // IDs, in order
}

func orderlyEnds() []judgeTest {
	return []judgeTest{
		{"time is over", up(CallEnded{Reason: EndDuration}, 1000, flowing()), ExitPass, "connected for 4.7 s; its time was over", []string{"host udp 192.0.2.10:5000 ⇄ host udp 198.51.100.4:3021", "90 ms"}, nil},
		{"hang-up", up(CallEnded{Reason: EndHangup}, 1000, flowing()), ExitPass, "connected for 4.7 s; you hung up", nil, nil},
		{"peer hangs up", up(CallEnded{Reason: EndPeerHangup}, 1000, flowing()), ExitPass, "connected for 4.7 s; the other party hung up", nil, nil},
		{"interrupted", up(CallEnded{Reason: EndInterrupted}, 1000, flowing()), ExitInterrupted, "connected for 4.7 s, then it was interrupted", nil, nil},
		{
			"a server is lost on the way", up(CallEnded{Reason: EndDuration}, 1000, flowing(), 1100, Warning{ID: "signal.server_lost", Cause: "gone"}),
			ExitPass, "connected for 4.7 s; its time was over", nil,
			[]string{"signal.server_lost"},
		},
		{"path silent", up(CallEnded{Reason: EndHangup}, 4000, ConnectionState{State: "disconnected"}), ExitICE, "the path was silent when the call ended", []string{"disconnected", "network"}, nil},
		{"peer lost", up(CallEnded{Reason: EndPeerLost, Cause: "no consent answer for 5 s"}), ExitICE, "the other party vanished after 4.7 s", []string{"went silent", "no consent answer", "call again"}, nil},
		{"hung up while dialling", log(0, CallStart{}, 5, CallEnded{Reason: EndHangup}), ExitInterrupted, "you hung up while dialling", []string{"wait until"}, nil},
		{
			"interrupted while waiting", log(0, CallStart{}, 1, SignalState{State: SignalWaiting}, 5, CallEnded{Reason: EndInterrupted}),
			ExitInterrupted, "it was interrupted while waiting for the other party", nil, nil,
		},
		{
			"interrupted between offer and answer", log(0, SignalState{State: SignalPaired, Role: RoleOfferer}, 5, CallEnded{Reason: EndInterrupted}),
			ExitInterrupted, "it was interrupted while exchanging offer and answer", nil, nil,
		},
		{
			"interrupted during checks", log(0, SignalState{State: SignalPaired, Role: RoleOfferer}, 1, ICEState{State: "checking"}, 5, CallEnded{Reason: EndInterrupted}),
			ExitInterrupted, "it was interrupted while looking for a path", nil, nil,
		},
		{
			"interrupted during DTLS", log(0, SignalState{State: SignalPaired, Role: RoleOfferer}, 1, ICEState{State: "connected"}, 5, CallEnded{Reason: EndInterrupted}),
			ExitInterrupted, "it was interrupted while securing the path (DTLS)", nil, nil,
		},
		{"peer hangs up early", log(0, CallStart{}, 5, CallEnded{Reason: EndPeerHangup}), ExitSignaling, "the other party hung up before the call was up", []string{"Call again"}, nil},
		{"not ended", goodCall(), ExitInterrupted, "connected", nil, nil},
	}
}

func signalingEnds() []judgeTest {
	return []judgeTest{
		{
			"nobody came", log(0, CallStart{Code: "w1", Join: "dialtone call w1"}, 60000, CallEnded{Reason: EndNobody}),
			ExitNobody, "nobody came within 1m0s",
			[]string{`"w1"`, "joins with: dialtone call w1", "--wait"},
			nil,
		},
		{"nobody came, nothing to join with", log(0, CallStart{Code: "w1"}, 100, CallEnded{Reason: EndNobody}), ExitNobody, "nobody came within 100 ms", []string{"same code"}, nil},
		{
			"server refuses", log(
				0, CallStart{}, 1, SignalRequest{Error: "connection refused"}, 2, SignalRequest{Error: "no route"},
				3000, CallEnded{Reason: EndSignaling, Cause: "dial: connection refused", Code: "refused"},
			),
			ExitSignaling, "signaling failed after 3.0 s",
			[]string{"2 requests", "2 failed", "no route", "dial: connection refused", "the server runs"},
			nil,
		},
		{"peer left", log(0, CallStart{}, 5, CallEnded{Reason: EndPeerLeft}), ExitSignaling, "the other party left before the call was up", []string{"pair has ended"}, nil},
		{"internal", log(0, CallStart{}, 5, CallEnded{Reason: EndInternal, Cause: "no socket"}), ExitCannotRun, "dialtone could not run the call", []string{"no socket"}, nil},
		{"a reason of tomorrow", log(0, CallEnded{Reason: "eaten\x1b"}), ExitCannotRun, "the call ended for a reason this version does not know: eaten\ufffd", nil, nil},
	}
}

func transportEnds() []judgeTest {
	return []judgeTest{
		{
			"DTLS", log(0, SignalState{Role: RoleOfferer}, 1, Selected{Local: "host udp a:1", Remote: "host udp b:2"}, 900, CallEnded{Reason: EndDTLS, Cause: "fingerprint mismatch"}),
			ExitDTLS, "the DTLS handshake failed",
			[]string{"host udp a:1 ⇄ host udp b:2", "fingerprint mismatch", "MTU"},
			[]string{"dtls.timeout"},
		},
		{
			"ended in order without a channel", log(0, ConnectionState{State: "connected"}, 3000, CallEnded{Reason: EndDuration}),
			ExitChannel, "connected, but no data channel opened",
			[]string{"SCTP: unknown"},
			nil,
		},
		{"ICE, nobody answered", failedICE(), ExitICE, "no path found after 2.1 s", []string{
			"2 pairs were tried with 9 requests, none answered", "Here: 1 host. There: 1 host", "Neither side had a relay", "--ice stun:HOST --ice turn:HOST",
		}, nil},
		{"ICE, a server refused", failedICE(115, refusedTURN()), ExitICE, "no path found after 2.1 s", []string{
			"TURN server that works", "Correct --ice-user and --ice-pass",
		}, []string{"turn.unauthorized"}},
		{"ICE, one answered", failedICE(160, Pair{ID: "p1", State: PairFailed, RequestsSent: 8, ResponsesReceived: 1}), ExitICE, "no path found after 2.1 s", []string{
			"1 pair answered, but none could be used",
		}, nil},
		{"ICE, peer behind mDNS", failedICE(160, Candidate{Side: Remote, Address: "aa.local", CandidateType: Host}), ExitICE, "no path found after 2.1 s", []string{"mDNS", "There: 2 host"}, nil},
		{"ICE, relays", failedICE(160, Candidate{Side: Local, CandidateType: Relay}), ExitICE, "no path found after 2.1 s", []string{"Here: 1 host, 1 relay"}, nil},
		{
			"ICE, nothing gathered", log(0, CallStart{}, 900, CallEnded{Reason: EndICE}), ExitICE, "no path found after 900 ms",
			[]string{"no usable network interface"},
			nil,
		},
		{
			"ICE, relay only", log(0, CallStart{RelayOnly: true}, 1, refusedTURN(), 900, CallEnded{Reason: EndICE}), ExitICE, "no path found after 900 ms",
			[]string{"no TURN server gave one", "without --relay-only", "Correct --ice-user"},
			[]string{"turn.unauthorized"},
		},
		{
			"ICE, peer sent nothing", log(0, Candidate{Side: Local, CandidateType: Host}, 900, CallEnded{Reason: EndICE}), ExitICE, "no path found after 900 ms",
			[]string{"The other party sent no candidate"},
			nil,
		},
		{
			"ICE, no pair", log(0, Candidate{Side: Local, CandidateType: Host}, 1, Candidate{Side: Remote, CandidateType: Srflx}, 900, CallEnded{Reason: EndICE}),
			ExitICE, "no path found after 900 ms",
			[]string{"No pair could be formed: 1 host here, 1 srflx there"},
			nil,
		},
	}
}

func mediaEnds() []judgeTest {
	silentVideo := flowing()
	silentVideo.Inbound = silentVideo.Inbound[:1]
	stuckAudio := flowing()
	stuckAudio.Outbound = stuckAudio.Outbound[1:]
	nothing := Sample{}
	end := CallEnded{Reason: EndDuration}
	answer := func(sdp string) SessionDescription { return SessionDescription{Side: Remote, SDP: sdp} }
	ok := "connected for 4.7 s; its time was over"
	return []judgeTest{
		{"no video comes", up(end, 1000, silentVideo), ExitMedia, "connected, but no inbound video", []string{"look at the sender"}, []string{"media.no_inbound_video"}},
		{"no audio goes", up(end, 1000, stuckAudio), ExitMedia, "connected, but no outbound audio", nil, []string{"media.no_outbound_audio"}},
		{"nothing flows", up(end, 1000, nothing), ExitMedia, "connected, but no outbound audio, no inbound audio, no outbound video, no inbound video", nil, []string{
			"media.no_outbound_audio", "media.no_inbound_audio", "media.no_outbound_video", "media.no_inbound_video",
		}},
		{"peer muted video", up(end, 900, TrackMuted{Side: Remote, Kind: "video", Muted: true}, 1000, silentVideo), ExitPass, ok, nil, nil},
		{"we muted audio", up(end, 900, TrackMuted{Side: Local, Kind: "audio", Muted: true}, 1000, stuckAudio), ExitPass, ok, nil, nil},
		{"peer only receives video", up(end, 900, answer("v=0\r\nm=audio 9 x 0\r\nm=video 9 x 0\r\na=recvonly\r\n"), 1000, silentVideo), ExitPass, ok, nil, nil},
		{"peer refuses video", up(end, 900, answer("v=0\r\nm=audio 9 x 0\r\nm=video 0 x 0\r\n"), 1000, silentVideo), ExitPass, ok, nil, nil},
		{"media was not asked for", up(end, 900, CallStart{Media: false}, 1000, nothing), ExitPass, ok, nil, nil},
		{"nothing was measured", up(end), ExitPass, ok, nil, nil},
		{
			"too short to tell", then(goodCall(), 1000, nothing, 2000, end), ExitPass,
			"connected for 1.7 s; its time was over", nil, nil,
		},
	}
}

func TestJudge(t *testing.T) {
	reasons := map[EndReason]bool{}
	for _, tt := range slices.Concat(orderlyEnds(), signalingEnds(), transportEnds(), mediaEnds()) {
		t.Run(tt.name, func(t *testing.T) {
			c := Fold(tt.events)
			v := Judge(c)
			if v.Exit != tt.exit || v.Headline != tt.headline || v.Done != (c.Ended != nil) {
				t.Errorf("exit %v, %q, done %v; want %v, %q", v.Exit, v.Headline, v.Done, tt.exit, tt.headline)
			}
			text := strings.Join(append(slices.Clone(v.Why), v.Todo...), "\n")
			for _, word := range tt.words {
				if !strings.Contains(text, word) {
					t.Errorf("nothing mentions %q:\n%s", word, text)
				}
			}
			var ids []string
			for _, f := range v.Findings {
				ids = append(ids, f.ID)
			}
			if diff := cmp.Diff(tt.findings, ids); diff != "" {
				t.Errorf("findings: %s", diff)
			}
			if v.Done && v.Exit != ExitPass && v.Exit != ExitInterrupted && len(v.Todo)+len(v.Why) == 0 {
				t.Error("a failure without a reason or a next step")
			}
			if again := Judge(c); !cmp.Equal(v, again) {
				t.Error("judging twice gives two verdicts")
			}
			if c.Ended != nil {
				reasons[c.Ended.Reason] = true
			}
		})
	}
	for _, reason := range []EndReason{
		EndHangup, EndDuration, EndPeerHangup, EndPeerLost, EndInterrupted, EndNobody, EndSignaling, EndPeerLeft, EndICE, EndDTLS, EndInternal,
	} {
		if !reasons[reason] {
			t.Errorf("no call in the table ends by %q", reason)
		}
	}
}

// TestEveryFailureHasANextStep, with as little known as possible.
func TestEveryFailureHasANextStep(t *testing.T) {
	for _, reason := range []EndReason{EndPeerLost, EndNobody, EndSignaling, EndPeerLeft, EndICE, EndDTLS, EndInternal, EndPeerHangup, EndHangup} {
		if v := Judge(Fold(log(0, CallStart{Code: "w1"}, 5, CallEnded{Reason: reason}))); len(v.Todo) == 0 {
			t.Errorf("%s: exit %v without a next step", reason, v.Exit)
		}
	}
}

func TestSDPSends(t *testing.T) {
	tests := []struct {
		name, sdp    string
		audio, video bool
	}{
		{"nothing", "", false, false},
		{"no media section", "v=0\r\na=sendrecv\r\n", false, false},
		{"both by default", "v=0\r\nm=audio 9 x 0\r\nm=video 9 x 0\r\n", true, true},
		{"bare line feeds", "v=0\nm=audio 9 x 0\nm=video 9 x 0\na=inactive\n", true, false},
		{"one way each", "m=audio 9 x 0\r\na=sendonly\r\nm=video 9 x 0\r\na=recvonly\r\n", true, false},
		{"refused", "m=audio 0 x 0\r\nm=video 9 x 0\r\n", false, true},
		{"bundle-only is not refused", "m=audio 9 x 0\r\nm=video 0 x 0\r\na=bundle-only\r\n", true, true},
		{"bundle-only and inactive", "m=video 0 x 0\r\na=inactive\r\na=bundle-only\r\nm=application 0 x 0\r\n", false, false},
		{"the second of a kind", "m=video 9 x 0\r\na=recvonly\r\nm=video 9 x 0\r\n", false, true},
		{"another kind that begins alike", "m=audiobook 9 x 0\r\n", false, false},
	}
	for _, tt := range tests {
		if audio, video := SDPSends(tt.sdp, "audio"), SDPSends(tt.sdp, "video"); audio != tt.audio || video != tt.video {
			t.Errorf("%s: audio %v, video %v", tt.name, audio, video)
		}
	}
}

func TestServerFindingIDs(t *testing.T) {
	tests := map[string]ServerResult{
		"turn.unauthorized": {ErrorCode: 401, Cause: "auth"}, "turn.forbidden": {ErrorCode: 403}, "turn.allocation_mismatch": {ErrorCode: 437},
		"turn.stale_nonce": {ErrorCode: 438}, "turn.quota_reached": {ErrorCode: 486}, "turn.insufficient_capacity": {ErrorCode: 508},
		"stun.error_response": {ErrorCode: 500}, "server.dns": {Cause: "dns"}, "server.refused": {Cause: "refused"}, "server.timeout": {Cause: "timeout"},
		"server.protocol": {Cause: "protocol"}, "server.auth": {Cause: "auth"}, "server.unreachable": {Cause: "unreachable"}, "server.tls": {Cause: "tls"}, "server.config": {Cause: "config"}, "server.failed": {Cause: "\x1b[2J"},
	}
	for want, s := range tests {
		if got := serverFindingID(s); got != want {
			t.Errorf("%+v is %q, want %q", s, got, want)
		}
	}
}

// FuzzJudge: whatever words a peer, a server or a recording bring, a verdict is fit for a terminal.
func FuzzJudge(f *testing.F) {
	f.Add("hangup", "words\x1b[2J")
	f.Add("ice-failed", "\u202e")
	f.Add("nobody-came", "\x00")
	f.Fuzz(func(t *testing.T, reason, text string) {
		var events []Event
		for _, d := range filled(text) {
			if d.Type() != "call.ended" {
				events = append(events, Event{Data: d})
			}
		}
		events = append(events, Event{Data: ServerResult{URL: text, ErrorText: text, Advice: text, Stage: text, Cause: text}})
		v := Judge(Fold(append(events, Event{Data: CallEnded{Reason: EndReason(reason), Cause: text, Code: text}})))
		words := slices.Concat([]string{v.Headline}, v.Why, v.Todo)
		for _, finding := range v.Findings {
			words = append(words, finding.ID, finding.Title, finding.Advice)
			words = append(words, finding.Evidence...)
		}
		for _, s := range words {
			checkClean(t, s, 2000)
		}
	})
}
