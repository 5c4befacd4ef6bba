package diagtest

import (
	"fmt"
	"time"

	"dialtone/diag"
)

// Log builds a log: milliseconds and what happened then, in turns.
func Log(parts ...any) []diag.Event {
	var events []diag.Event
	for i := 0; i < len(parts); i += 2 {
		ms, isTime := parts[i].(int)
		data, isData := parts[i+1].(diag.Data)
		if !isTime || !isData {
			panic(fmt.Sprintf("part %d of the log is not a time and event", i)) //nolint:forbidigo // in tests only
		}
		events = append(events, diag.Event{Seq: uint64(i/2 + 1), At: time.Duration(ms) * time.Millisecond, Data: data})
	}
	return events
}

// GoodCall is the setup of a call that works, without its end.
func GoodCall() []diag.Event {
	return Log(
		0, diag.CallStart{Command: "call", Code: "w1", Media: true, Join: "dialtone call w1"},
		0, diag.PhaseStart{Phase: diag.PhaseDial},
		0, diag.SignalState{State: diag.SignalDialing},
		12, diag.SignalRequest{
			Code: "dial", Attempt: 1, Status: 200, DurationMs: diag.Millis(12 * time.Millisecond),
			Answer: "user_id",
		},
		12, diag.PhaseEnd{Phase: diag.PhaseDial, Outcome: diag.OutcomeOK},
		12, diag.PhaseStart{Phase: diag.PhaseWait},
		13, diag.SignalState{State: diag.SignalWaiting},
		180, diag.PhaseEnd{Phase: diag.PhaseWait, Outcome: diag.OutcomeOK},
		180, diag.SignalState{State: diag.SignalPaired, Role: diag.RoleOfferer},
		181, diag.PhaseStart{Phase: diag.PhaseGather, Subject: "host"},
		182, diag.TrackAdded{Direction: diag.Outbound, Kind: "audio", MimeType: "audio/opus", SSRC: 1},
		183, diag.TrackAdded{Direction: diag.Outbound, Kind: "video", MimeType: "video/VP8", SSRC: 2},
		184, diag.SessionDescription{
			Side: diag.Local, SDPType: "offer",
			SDP: "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 RTP 0\r\nm=video 9 RTP 0\r\n",
		},
		185, diag.Candidate{
			Side: diag.Local, ID: "l1", Address: "192.0.2.10", Port: 5000, Protocol: "udp",
			CandidateType: diag.Host,
		},
		190, diag.GatheringState{State: "complete"},
		190, diag.PhaseEnd{Phase: diag.PhaseGather, Subject: "host", Outcome: diag.OutcomeOK},
		240, diag.SessionDescription{
			Side: diag.Remote, SDPType: "answer",
			SDP: "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 RTP 0\r\nm=video 9 RTP 0\r\n",
		},
		241, diag.SignalState{State: diag.SignalConnected},
		242, diag.Candidate{
			Side: diag.Remote, ID: "r1", Address: "198.51.100.4", Port: 3021, Protocol: "udp",
			CandidateType: diag.Host,
		},
		243, diag.ICEState{State: "checking"},
		250, diag.Pair{
			ID: "p1", LocalCandidateID: "l1", RemoteCandidateID: "r1", State: diag.PairInProgress,
			RequestsSent: 1,
		},
		255, diag.Pair{
			ID: "p1", LocalCandidateID: "l1", RemoteCandidateID: "r1", State: diag.PairSucceeded, Nominated: true,
			RequestsSent: 2, ResponsesReceived: 2,
		},
		255, diag.Selected{PairID: "p1", Local: "host udp 192.0.2.10:5000", Remote: "host udp 198.51.100.4:3021"},
		256, diag.ICEState{State: "connected"},
		260, diag.DTLSState{State: "connecting", Version: "DTLS 1.2", Cipher: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
		266, diag.DTLSState{State: "connected", RemoteFingerprint: "sha-256 AB"},
		267, diag.ConnectionState{State: "connected"},
		269, diag.SCTPState{State: "connected"},
		270, diag.ChannelOpen{Side: diag.Local, ID: new(uint16(1)), Label: diag.LabelChat, Ordered: true},
		280, diag.TrackAdded{Direction: diag.Inbound, Kind: "audio", SSRC: 3, MimeType: "audio/opus"},
		281, diag.FirstPacket{Direction: diag.Inbound, Kind: "audio", SSRC: 3},
		290, diag.TrackAdded{Direction: diag.Inbound, Kind: "video", SSRC: 4, MimeType: "video/VP8"},
		291, diag.FirstPacket{Direction: diag.Inbound, Kind: "video", SSRC: 4},
		310, diag.FirstFrame{Direction: diag.Inbound, Kind: "video", SSRC: 4, Width: 320, Height: 180, KeyFrame: true},
	)
}

// Then continues a log; times are absolute.
func Then(events []diag.Event, parts ...any) []diag.Event {
	for _, e := range Log(parts...) {
		e.Seq = uint64(len(events) + 1)
		events = append(events, e)
	}
	return events
}

// Flowing is a sample of a call with media both ways.
func Flowing() diag.Sample {
	return diag.Sample{
		Inbound: []diag.InboundRTP{
			{Kind: "audio", SSRC: 3, PacketsReceived: new(uint64(50))},
			{Kind: "video", SSRC: 4, PacketsReceived: new(uint64(100))},
		},
		Outbound: []diag.OutboundRTP{
			{Kind: "audio", SSRC: 1, PacketsSent: new(uint64(50))},
			{Kind: "video", SSRC: 2, PacketsSent: new(uint64(100))},
		},
		Pair: &diag.Pair{ID: "p1", CurrentRoundTripTime: new(0.012)},
	}
}
