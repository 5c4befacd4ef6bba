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
	"dialtone/diag/words/verdict"
)

// failedICE is a call in which both sides have candidates and every check went unanswered.
func failedICE(parts ...any) []diag.Event {
	events := diagtest.Log(
		0, diag.CallStart{Command: "call", Code: "w1"},
		0, diag.PhaseStart{Phase: diag.PhaseWait}, 100, diag.PhaseEnd{Phase: diag.PhaseWait, Outcome: diag.OutcomeOK},
		100, diag.SignalState{State: diag.SignalPaired, Role: diag.RoleAnswerer},
		110, diag.Candidate{Side: diag.Local, ID: "l1", Address: "192.0.2.10", Protocol: "udp", CandidateType: diag.Host},
		120, diag.Candidate{Side: diag.Remote, ID: "r1", Address: "198.51.100.4", Port: 5000, Protocol: "udp", CandidateType: diag.Host},
		130, diag.ICEState{State: "checking"},
		140, diag.Pair{ID: "p1", State: diag.PairFailed, RequestsSent: 7},
		150, diag.Pair{ID: "p2", State: diag.PairFailed, RequestsSent: 2},
	)
	return diagtest.Then(diagtest.Then(events, parts...), 2200, diag.ICEState{State: "failed"}, 2200, diag.CallEnded{Reason: diag.EndICE, By: diag.ByNetwork})
}

// up is a good call to which parts happen and which then ends.
func up(end diag.CallEnded, parts ...any) []diag.Event {
	return diagtest.Then(diagtest.Then(diagtest.GoodCall(), parts...), 5000, end)
}

func refusedTURN() diag.ServerStage {
	return diag.ServerStage{URL: "turn:turn.example", Transport: "udp", TURN: true, Stage: diag.Stage{
		Name:    diag.StageAllocate,
		Failure: &diag.Failure{Cause: diag.CauseAuth, Code: 401},
	}}
}

type judgeTest struct {
	name     string
	events   []diag.Event
	exit     diag.Exit
	headline string   // all of it
	words    []string // that the explanation and the advice must hold
	findings []string // IDs, in order
}

func orderlyEnds() []judgeTest {
	return []judgeTest{
		{"time is over", up(diag.CallEnded{Reason: diag.EndDuration}, 1000, diagtest.Flowing()), diag.ExitPass, "connected for 4.7 s; reached --for", []string{"host udp 192.0.2.10:5000 ⇄ host udp 198.51.100.4:3021", "90.0 ms"}, nil},
		{"hang-up", up(diag.CallEnded{Reason: diag.EndHangup}, 1000, diagtest.Flowing()), diag.ExitPass, "connected for 4.7 s; you hung up", nil, nil},
		{"peer hangs up", up(diag.CallEnded{Reason: diag.EndPeerHangup}, 1000, diagtest.Flowing()), diag.ExitPass, "connected for 4.7 s; the peer hung up", nil, nil},
		{"interrupted", up(diag.CallEnded{Reason: diag.EndInterrupted}, 1000, diagtest.Flowing()), diag.ExitInterrupted, "connected for 4.7 s; interrupted", nil, nil},
		{
			"a server is lost on the way", up(diag.CallEnded{Reason: diag.EndDuration}, 1000, diagtest.Flowing(), 1100, diag.Warning{ID: "signal.server_lost", Cause: "gone"}),
			diag.ExitPass, "connected for 4.7 s; reached --for", nil,
			[]string{"signal.server_lost"},
		},
		{"path silent", up(diag.CallEnded{Reason: diag.EndHangup}, 4000, diag.ConnectionState{State: "disconnected"}), diag.ExitICE, "connected for 4.7 s, but the path was silent when the call ended", []string{"disconnected", "network"}, []string{"ice.silent_at_end"}},
		{"peer lost", up(diag.CallEnded{Reason: diag.EndPeerLost, Cause: "no consent answer for 5 s"}), diag.ExitICE, "the peer vanished after 4.7 s", []string{"no media since then", "no consent answer", "call again"}, []string{"call.peer_lost"}},
		{"hung up while dialing", diagtest.Log(0, diag.CallStart{}, 5, diag.CallEnded{Reason: diag.EndHangup}), diag.ExitInterrupted, "you hung up while dialing", []string{"until it connects or fails"}, nil},
		{
			"interrupted while waiting", diagtest.Log(0, diag.CallStart{}, 1, diag.SignalState{State: diag.SignalWaiting}, 5, diag.CallEnded{Reason: diag.EndInterrupted}),
			diag.ExitInterrupted, "interrupted while waiting for the peer",
			[]string{"Start the peer"},
			nil,
		},
		{
			"interrupted between offer and answer", diagtest.Log(0, diag.SignalState{State: diag.SignalPaired, Role: diag.RoleOfferer}, 5, diag.CallEnded{Reason: diag.EndInterrupted}),
			diag.ExitInterrupted, "interrupted while exchanging offer and answer", nil, nil,
		},
		{
			"interrupted during checks", diagtest.Log(0, diag.SignalState{State: diag.SignalPaired, Role: diag.RoleOfferer}, 1, diag.ICEState{State: "checking"}, 5, diag.CallEnded{Reason: diag.EndInterrupted}),
			diag.ExitInterrupted, "interrupted while checking candidate pairs", nil, nil,
		},
		{
			"interrupted during DTLS", diagtest.Log(0, diag.SignalState{State: diag.SignalPaired, Role: diag.RoleOfferer}, 1, diag.ICEState{State: "connected"}, 5, diag.CallEnded{Reason: diag.EndInterrupted}),
			diag.ExitInterrupted, "interrupted while waiting for the DTLS handshake", nil, nil,
		},
		{"peer hangs up early", diagtest.Log(0, diag.CallStart{}, 5, diag.CallEnded{Reason: diag.EndPeerHangup}), diag.ExitSignaling, "the peer hung up before the call was connected", []string{"It hung up", "call again"}, []string{"call.peer_left"}},
		{"not ended", diagtest.GoodCall(), diag.ExitInterrupted, "connected", nil, nil},
	}
}

func signalingEnds() []judgeTest {
	return []judgeTest{
		{
			"nobody came", diagtest.Log(0, diag.CallStart{Code: "w1", Join: "dialtone call w1"}, 60000, diag.CallEnded{Reason: diag.EndNoPeer}),
			diag.ExitNoPeer, "timed out waiting for the peer after 1 min",
			[]string{`"w1"`, "Ask the peer to run: dialtone call w1"},
			[]string{"call.nobody_came"},
		},
		{"nobody came, nothing to join with", diagtest.Log(0, diag.CallStart{Code: "w1"}, 100, diag.CallEnded{Reason: diag.EndNoPeer}), diag.ExitNoPeer, "timed out waiting for the peer after 100 ms", []string{"same room code"}, []string{"call.nobody_came"}},
		{
			"server refuses", diagtest.Log(
				0, diag.CallStart{}, 1, diag.SignalRequest{Error: "connection refused"}, 2, diag.SignalRequest{Error: "no route"},
				3000, diag.CallEnded{Reason: diag.EndSignaling, Cause: "dial: connection refused", Signal: &diag.SignalFailure{Reason: "refused"}},
			),
			diag.ExitSignaling, "signaling failed after 3.0 s",
			[]string{"2 requests", "2 failed", "no route", "dial: connection refused", "Start the server"},
			[]string{"signal.refused"},
		},
		{"peer left", diagtest.Log(0, diag.CallStart{Code: "w1"}, 5, diag.CallEnded{Reason: diag.EndPeerLeft}), diag.ExitSignaling, "the peer left before the call was connected", []string{"pair has ended"}, []string{"call.peer_left"}},
		{"internal", diagtest.Log(0, diag.CallStart{}, 5, diag.CallEnded{Reason: diag.EndInternal, Cause: "no socket"}), diag.ExitCannotRun, "dialtone could not run the call", []string{"no socket"}, []string{"call.cannot_run"}},
		{"stuck", diagtest.Log(0, diag.CallStart{}, 5, diag.CallEnded{Reason: diag.EndInternal, Code: diag.CodeStuck}), diag.ExitCannotRun, "the call no longer reacted, because of a fault in dialtone, which ended it", []string{"Nothing was finished for 15 s"}, []string{"call.cannot_run"}},
		{"a reason of tomorrow", diagtest.Log(0, diag.CallEnded{Reason: "eaten\x1b"}), diag.ExitCannotRun, "the call ended for a reason that this version does not know: eaten\ufffd", nil, []string{"call.cannot_run"}},
	}
}

func transportEnds() []judgeTest {
	return []judgeTest{
		{
			"DTLS", diagtest.Log(0, diag.SignalState{Role: diag.RoleOfferer}, 1, diag.Selected{Local: "host udp a:1", Remote: "host udp b:2"}, 900, diag.CallEnded{Reason: diag.EndDTLS, Cause: "fingerprint mismatch"}),
			diag.ExitDTLS, "the DTLS handshake failed",
			[]string{"host udp a:1 ⇄ host udp b:2", "fingerprint mismatch", "MTU"},
			[]string{"dtls.timeout"},
		},
		{
			"ended in order without a channel", diagtest.Log(0, diag.ConnectionState{State: "connected"}, 3000, diag.CallEnded{Reason: diag.EndDuration}),
			diag.ExitChannel, "connected for 3.0 s, but no data channel opened",
			[]string{"SCTP: unknown"},
			[]string{"channel.not_open"},
		},
		{
			"an offer of media only", diagtest.Log(
				0, diag.SessionDescription{Side: diag.Remote, SDPType: "offer", SDP: "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"},
				0, diag.ConnectionState{State: "connected"},
				2900, diag.Sample{Inbound: []diag.InboundRTP{{Kind: "audio", PacketsReceived: new(uint64(9))}}},
				3000, diag.CallEnded{Reason: diag.EndDuration},
			),
			diag.ExitPass, "connected for 3.0 s; reached --for", nil, nil,
		},
		{
			"hung up at once", diagtest.Log(0, diag.ConnectionState{State: "connected"}, 40, diag.CallEnded{Reason: diag.EndHangup, By: diag.ByLocal}),
			diag.ExitInterrupted, "connected for 40.0 ms; you hung up", nil, nil,
		},
		{"ICE, nobody answered", failedICE(), diag.ExitICE, "no path found after 2.1 s", []string{
			"2 candidate pairs checked with 9 requests, none answered", "Local candidates: 1 host; remote candidates: 1 host", "Neither side has a relay candidate", "(--ice stun:HOST)", "(--ice turn:HOST --ice-user NAME)",
		}, []string{"ice.no_path"}},
		{"ICE, a server refused", failedICE(115, refusedTURN()), diag.ExitICE, "no path found after 2.1 s", []string{
			"TURN server that works", "Check the user name and password",
		}, []string{"ice.no_path", "turn.unauthorized"}},
		{"ICE, one answered", failedICE(160, diag.Pair{ID: "p1", State: diag.PairFailed, RequestsSent: 8, ResponsesReceived: 1}), diag.ExitICE, "no path found after 2.1 s", []string{
			"1 pair answered, but none could be used",
		}, []string{"ice.no_path"}},
		{"ICE, peer behind mDNS", failedICE(160, diag.Candidate{Side: diag.Remote, ID: "r2", Protocol: "udp", Address: "aa.local", Port: 5000, CandidateType: diag.Host}), diag.ExitICE, "no path found after 2.1 s", []string{"passes multicast", "remote candidates: 2 host"}, []string{"ice.no_path", "ice.remote_mdns"}},
		{"ICE, relays", failedICE(160, diag.Candidate{Side: diag.Local, CandidateType: diag.Relay}), diag.ExitICE, "no path found after 2.1 s", []string{"ocal candidates: 1 host, 1 relay"}, []string{"ice.no_path"}},
		{
			"ICE, nothing gathered", diagtest.Log(0, diag.CallStart{}, 900, diag.CallEnded{Reason: diag.EndICE}), diag.ExitICE, "no path found after 900 ms",
			[]string{"no usable network interface"},
			[]string{"ice.no_path"},
		},
		{
			"ICE, relay only", diagtest.Log(0, diag.CallStart{RelayOnly: true}, 1, refusedTURN(), 900, diag.CallEnded{Reason: diag.EndICE}), diag.ExitICE, "no path found after 900 ms",
			[]string{"no TURN server allocated one", "without --relay-only", "Check the user name and password"},
			[]string{"ice.no_path", "turn.unauthorized"},
		},
		{
			"ICE, peer sent nothing", diagtest.Log(0, diag.Candidate{Side: diag.Local, CandidateType: diag.Host}, 900, diag.CallEnded{Reason: diag.EndICE}), diag.ExitICE, "no path found after 900 ms",
			[]string{"The peer sent no candidate"},
			[]string{"ice.no_path"},
		},
		{
			"ICE, no pair", diagtest.Log(0, diag.Candidate{Side: diag.Local, Port: 5000, CandidateType: diag.Host}, 1, diag.Candidate{Side: diag.Remote, CandidateType: diag.Srflx, Port: 5000}, 900, diag.CallEnded{Reason: diag.EndICE}),
			diag.ExitICE, "no path found after 900 ms",
			[]string{"No candidate pair could be formed"},
			[]string{"ice.no_path"},
		},
	}
}

func mediaEnds() []judgeTest {
	silentVideo := diagtest.Flowing()
	silentVideo.Inbound = silentVideo.Inbound[:1]
	stuckAudio := diagtest.Flowing()
	stuckAudio.Outbound = stuckAudio.Outbound[1:]
	nothing := diag.Sample{}
	end := diag.CallEnded{Reason: diag.EndDuration}
	answer := func(text string) diag.SessionDescription {
		return diag.SessionDescription{Side: diag.Remote, SDP: text}
	}
	ok := "connected for 4.7 s; reached --for"
	return []judgeTest{
		{"no video comes", up(end, 1000, silentVideo), diag.ExitMedia, "connected for 4.7 s, but no inbound video", []string{"Check the sender"}, []string{"media.no_inbound_video"}},
		{"no audio goes", up(end, 1000, stuckAudio), diag.ExitMedia, "connected for 4.7 s, but no outbound audio", nil, []string{"media.no_outbound_audio"}},
		{"nothing flows", up(end, 1000, nothing), diag.ExitMedia, "connected for 4.7 s, but no outbound audio, no inbound audio, no outbound video, no inbound video", nil, []string{
			"media.no_outbound_audio", "media.no_inbound_audio", "media.no_outbound_video", "media.no_inbound_video",
		}},
		{"an echo of nothing", up(end, 900, diag.CallStart{Command: "answer", Media: true}, 1000, nothing), diag.ExitMedia, "connected for 4.7 s, but no inbound audio, no inbound video", nil, []string{
			"media.no_inbound_audio", "media.no_inbound_video",
		}},
		{"an echo that stays away", up(end, 900, diag.CallStart{Command: "answer", Media: true}, 1000, stuckAudio), diag.ExitMedia, "connected for 4.7 s, but no outbound audio", nil, []string{"media.no_outbound_audio"}},
		{"peer muted video", up(end, 900, diag.TrackMuted{Side: diag.Remote, Kind: "video", Muted: true}, 1000, silentVideo), diag.ExitPass, ok, nil, nil},
		{"we muted audio", up(end, 900, diag.TrackMuted{Side: diag.Local, Kind: "audio", Muted: true}, 1000, stuckAudio), diag.ExitPass, ok, nil, nil},
		{"peer only receives video", up(end, 900, answer("v=0\r\nm=audio 9 x 0\r\nm=video 9 x 0\r\na=recvonly\r\n"), 1000, silentVideo), diag.ExitPass, ok, nil, nil},
		{"peer refuses video", up(end, 900, answer("v=0\r\nm=audio 9 x 0\r\nm=video 0 x 0\r\n"), 1000, silentVideo), diag.ExitPass, ok, nil, nil},
		{"media was not asked for", up(end, 900, diag.CallStart{Media: false}, 1000, nothing), diag.ExitPass, ok, nil, nil},
		{"nothing was measured", up(end), diag.ExitPass, ok, nil, nil},
		{
			"too short to tell", diagtest.Then(diagtest.GoodCall(), 1000, nothing, 2000, end), diag.ExitPass,
			"connected for 1.7 s; reached --for", nil, nil,
		},
	}
}

func TestJudge(t *testing.T) {
	reasons := map[diag.EndReason]bool{}
	for _, tt := range slices.Concat(orderlyEnds(), signalingEnds(), transportEnds(), mediaEnds()) {
		t.Run(tt.name, func(t *testing.T) {
			c := call.Fold(tt.events)
			v := judge.Judge(c)
			said := verdict.Of(v)
			if v.Exit != tt.exit || said.Headline != tt.headline || v.Done != (c.Ended != nil) {
				t.Errorf("exit %v, %q, done %v; want %v, %q", v.Exit, said.Headline, v.Done, tt.exit, tt.headline)
			}
			text := strings.Join(append(slices.Clone(said.Why), said.Next...), "\n")
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
			if v.Done && v.Exit != diag.ExitPass && v.Exit != diag.ExitInterrupted && len(said.Next) == 0 {
				t.Error("a failure without a reason or a next step")
			}
			if again := judge.Judge(c); !cmp.Equal(v, again) {
				t.Error("judging twice gives two verdicts")
			}
			if c.Ended != nil {
				reasons[c.Ended.Reason] = true
			}
		})
	}
	for _, reason := range []diag.EndReason{
		diag.EndHangup, diag.EndDuration, diag.EndPeerHangup, diag.EndPeerLost, diag.EndInterrupted, diag.EndNoPeer, diag.EndSignaling, diag.EndPeerLeft, diag.EndICE, diag.EndDTLS, diag.EndInternal,
	} {
		if !reasons[reason] {
			t.Errorf("no call in the table ends by %q", reason)
		}
	}
}

// TestEveryFailureHasANextStep, with as little known as possible.
func TestEveryFailureHasANextStep(t *testing.T) {
	for _, reason := range []diag.EndReason{diag.EndPeerLost, diag.EndNoPeer, diag.EndSignaling, diag.EndPeerLeft, diag.EndICE, diag.EndDTLS, diag.EndInternal, diag.EndPeerHangup, diag.EndHangup} {
		if v := judge.Judge(call.Fold(diagtest.Log(0, diag.CallStart{Code: "w1"}, 5, diag.CallEnded{Reason: reason}))); len(verdict.Of(v).Next) == 0 {
			t.Errorf("%s: exit %v without a next step", reason, v.Exit)
		}
	}
}

// FuzzJudge means that whatever words a peer, a server or a recording bring, a verdict is fit for a terminal.
func FuzzJudge(f *testing.F) {
	f.Add("hangup", "words\x1b[2J")
	f.Add("ice-failed", "\u202e")
	f.Add("no-peer", "\x00")
	f.Fuzz(func(t *testing.T, reason, text string) {
		var events []diag.Event
		for _, d := range diagtest.Filled(text) {
			if diag.TypeOf(d) != "call.ended" {
				events = append(events, diag.Event{Data: d})
			}
		}
		for _, stage := range []diag.StageName{diag.StageAllocate, diag.StageSend} {
			events = append(events, diag.Event{Data: diag.ServerStage{URL: text, TURN: true, Stage: diag.Stage{
				Name: stage, Peer: text, Failure: &diag.Failure{Cause: diag.Cause(text), Detail: diag.Detail(text), Reason: text},
			}}})
		}
		v := judge.Judge(call.Fold(append(events, diag.Event{Data: diag.CallEnded{Reason: diag.EndReason(reason), Cause: text, Code: text}})))
		said := verdict.Of(v)
		texts := slices.Concat([]string{said.Headline}, said.Why, said.Next)
		for _, finding := range v.Findings {
			written := words.Of(finding)
			texts = append(append(texts, finding.ID, written.Title, written.Advice), written.Evidence...)
		}
		for _, s := range texts {
			diagtest.CheckClean(t, s, 2000)
		}
	})
}
