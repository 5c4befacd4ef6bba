package tui

import (
	"fmt"
	"math"
	"time"

	"dialtone/diag"
)

// script writes the events of a call as it might have been.
type script struct {
	events []diag.Event
	now    time.Duration
}

// at sets the time of what follows, in milliseconds since the start.
func (s *script) at(ms float64) *script {
	s.now = time.Duration(ms * 1e6)
	return s
}

func (s *script) add(list ...diag.Data) *script {
	for _, d := range list {
		s.events = append(s.events, diag.Event{Seq: uint64(len(s.events) + 1), At: s.now, Data: d})
	}
	return s
}

func begin(p diag.PhaseName, subject string) diag.Data {
	return diag.PhaseStart{Phase: p, Subject: subject}
}

func done(p diag.PhaseName, subject, detail string) diag.Data {
	return diag.PhaseEnd{Phase: p, Subject: subject, Outcome: diag.OutcomeOK, Detail: detail}
}

func broken(p diag.PhaseName, subject, detail string) diag.Data {
	return diag.PhaseEnd{Phase: p, Subject: subject, Outcome: diag.OutcomeFailed, Detail: detail}
}

const (
	stunURL = "stun:stun.example:3478"
	turnURL = "turn:turn.example:3478"
)

// dialed is a call until it waits for the peer: the beginning of every scenario.
func dialed(s *script) *script {
	s.at(0).add(diag.CallStart{
		Command: "call", Code: "w1", Server: "https://calls.example/call", Join: "dialtone call w1 --server https://calls.example/call",
		ICEServers: []diag.ICEServer{{URL: stunURL}, {URL: turnURL, HasUsername: true}}, Media: true,
		WaitMs: new(diag.Millis(time.Minute)), LocalVersion: "0.1.0",
	}, begin(diag.PhaseDial, ""), diag.SignalState{State: diag.SignalDialing})
	s.at(0.4).add(
		begin(diag.PhaseGather, "host"), begin(diag.PhaseGather, stunURL), begin(diag.PhaseGather, turnURL),
		diag.GatheringState{State: "gathering"},
	)
	s.at(1.1).add(
		diag.Candidate{
			Side: diag.Local, ID: "L1", Component: 1, Protocol: "udp", Priority: 2130706431, TypePreference: 126, LocalPreference: 65535,
			Address: "192.0.2.10", Port: 50211, CandidateType: diag.Host, NetworkInterface: "wlan0",
		},
		diag.Candidate{
			Side: diag.Local, ID: "L2", Component: 1, Protocol: "udp", Priority: 2130706175, TypePreference: 126, LocalPreference: 65534,
			Address: "2001:db8:85a3::8a2e:370:7334", Port: 50212, CandidateType: diag.Host, NetworkInterface: "wlan0",
		},
		done(diag.PhaseGather, "host", ""),
	)
	s.at(12.4).add(
		diag.SignalRequest{
			Code: "dial", Attempt: 1, Status: 200, DNSMs: new(diag.Millis(2e6)), ConnectMs: new(diag.Millis(3e6)),
			TLSMs: new(diag.Millis(4e6)), DurationMs: diag.Millis(12e6), BytesSent: 34, BytesRecv: 82, Answer: "user_id",
		},
		done(diag.PhaseDial, "", ""), begin(diag.PhaseWait, ""), diag.SignalState{State: diag.SignalWaiting},
	)
	s.at(23.4).add(
		diag.Candidate{
			Side: diag.Local, ID: "L3", Component: 1, Protocol: "udp", Priority: 1694498815, TypePreference: 100, LocalPreference: 65535,
			Address: "203.0.113.7", Port: 41822, CandidateType: diag.Srflx, RelatedAddress: "192.0.2.10", RelatedPort: 50211, URL: stunURL,
			NetworkInterface: "wlan0",
		},
		diag.ServerStage{URL: stunURL, Transport: "udp", Address: "198.51.100.53:3478", Stage: diag.Stage{
			Name: diag.StageBinding, RTTMs: new(diag.Millis(22.8e6)), DurationMs: diag.Millis(23.1e6), Mapped: "203.0.113.7:41822",
			Software: "coturn",
		}},
		done(diag.PhaseGather, stunURL, ""),
	)
	return s
}

func turnRefuses(s *script) *script {
	return s.at(41.3).add(
		diag.ServerStage{URL: turnURL, Transport: "udp", TURN: true, Address: "198.51.100.54:3478", Stage: diag.Stage{
			Name: diag.StageAllocate, DurationMs: diag.Millis(40.9e6), Realm: "turn.example",
			Failure: &diag.Failure{Cause: diag.CauseAuth, Code: 401, Reason: "Unauthorized"},
		}},
		broken(diag.PhaseGather, turnURL, "401"), diag.GatheringState{State: "complete"},
	)
}

// scenarioWaiting waits for the peer.
func scenarioWaiting() []diag.Event { return turnRefuses(dialed(&script{})).events }

// paired adds what follows when the peer has come at ms.
func paired(s *script, ms float64) *script {
	s.at(ms).add(
		diag.SignalRequest{Code: "get_status", Attempt: 1, Status: 200, DurationMs: diag.Millis((ms - 20) * 1e6), LongPoll: true, Reused: true, Answer: "need_init"},
		done(diag.PhaseWait, "", ""), diag.SignalState{State: diag.SignalPaired, Role: diag.RoleOfferer}, begin(diag.PhaseOfferAnswer, ""),
		diag.SessionDescription{Side: diag.Local, SDPType: "offer", SDP: "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"},
		diag.SignalingState{State: "have-local-offer"},
	)
	s.at(ms+64).add(
		diag.SessionDescription{Side: diag.Remote, SDPType: "answer", SDP: "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=sendrecv\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=sendrecv\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"},
		diag.SignalingState{State: "stable"}, done(diag.PhaseOfferAnswer, "", ""), diag.SignalState{State: diag.SignalConnected},
		begin(diag.PhaseICE, ""), diag.ICEState{State: "checking"}, diag.ConnectionState{State: "connecting"},
	)
	s.at(ms+65).add(
		diag.Candidate{Side: diag.Remote, ID: "R1", Component: 1, Protocol: "udp", Priority: 2130706431, TypePreference: 126, LocalPreference: 65535, Address: "198.51.100.4", Port: 3021, CandidateType: diag.Host},
		diag.Candidate{Side: diag.Remote, ID: "R2", Component: 1, Protocol: "udp", Priority: 1694498815, TypePreference: 100, LocalPreference: 65535, Address: "198.51.100.99", Port: 61234, CandidateType: diag.Srflx, RelatedAddress: "10.1.2.3", RelatedPort: 61234},
		diag.Candidate{Side: diag.Remote, ID: "R3", Component: 1, Protocol: "udp", Priority: 2130706175, TypePreference: 126, LocalPreference: 65534, Address: "0d2cf8e7-5a34-4c1b-9a70-5f3b2f3f6a11.local", Port: 3022, CandidateType: diag.Host},
	)
	n := 0
	for l := 1; l <= 3; l++ {
		for r := 1; r <= 3; r++ {
			n++
			s.add(diag.Pair{ID: fmt.Sprintf("P%d", n), LocalCandidateID: fmt.Sprintf("L%d", l), RemoteCandidateID: fmt.Sprintf("R%d", r), State: diag.PairInProgress, RequestsSent: 1})
		}
	}
	return s
}

// connected adds a path, DTLS, SCTP, channels and first media, from ms on.
func connected(s *script, ms float64) *script {
	s.at(ms).add(
		diag.Pair{ID: "P7", LocalCandidateID: "L3", RemoteCandidateID: "R1", State: diag.PairSucceeded, Nominated: true, RequestsSent: 2, ResponsesReceived: 2, CurrentRoundTripTime: new(0.0122)},
		done(diag.PhaseICE, "", ""), begin(diag.PhaseNomination, ""),
	)
	s.at(ms+0.3).add(
		diag.Selected{PairID: "P7", LocalCandidateID: "L3", RemoteCandidateID: "R1", Local: "srflx udp 203.0.113.7:41822", Remote: "host udp 198.51.100.4:3021"},
		done(diag.PhaseNomination, "", ""), diag.ICEState{State: "connected"}, begin(diag.PhaseDTLS, ""), diag.DTLSState{State: "connecting"},
	)
	s.at(ms+11.4).add(
		diag.DTLSState{State: "connected", Role: "client", Version: "DTLS 1.2", Cipher: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", RemoteFingerprint: "sha-256 4A:AD:B9"},
		done(diag.PhaseDTLS, "", "DTLS 1.2"), diag.ConnectionState{State: "connected"}, begin(diag.PhaseSCTP, ""), diag.SCTPState{State: "connecting"},
	)
	for _, kind := range []string{"audio", "video"} {
		s.add(begin(diag.PhaseFirstPacket, "inbound "+kind), begin(diag.PhaseFirstPacket, "outbound "+kind))
	}
	s.at(ms+13.2).add(
		diag.SCTPState{State: "connected", MaxMessageSize: 65536}, done(diag.PhaseSCTP, "", ""), begin(diag.PhaseChannel, "chat"),
		begin(diag.PhaseChannel, "ping"), begin(diag.PhaseChannel, diag.LabelControl),
	)
	s.at(ms+14.0).add(
		diag.ChannelOpen{Side: diag.Local, ID: new(uint16(1)), Label: diag.LabelControl, Ordered: true}, done(diag.PhaseChannel, diag.LabelControl, ""),
		diag.ChannelOpen{Side: diag.Local, ID: new(uint16(3)), Label: diag.LabelChat, Ordered: true}, done(diag.PhaseChannel, "chat", ""),
		diag.ChannelOpen{Side: diag.Local, ID: new(uint16(5)), Label: diag.LabelPing, MaxRetransmits: new(uint16(0))}, done(diag.PhaseChannel, "ping", ""),
		diag.Message{Direction: diag.Outbound, Label: diag.LabelControl, Bytes: 40, Text: `{"code":"hello","agent":"dialtone 0.1.0"}`},
		diag.Control{Direction: diag.Outbound, Code: "hello", Agent: "dialtone 0.1.0"},
	)
	ssrc := uint32(11)
	for _, dir := range []diag.Direction{diag.Outbound, diag.Inbound} {
		for _, kind := range []string{"audio", "video"} {
			s.at(ms+16+float64(ssrc-11)*4).add(
				diag.TrackAdded{Direction: dir, Kind: kind, Mid: fmt.Sprint(ssrc % 2), SSRC: ssrc, MimeType: mimes[kind], ClockRate: 90000},
				diag.FirstPacket{Direction: dir, Kind: kind, SSRC: ssrc}, done(diag.PhaseFirstPacket, string(dir)+" "+kind, ""),
			)
			ssrc++
		}
	}
	s.add(begin(diag.PhaseFirstFrame, "inbound video"))
	return s.at(ms+58).add(
		diag.FirstFrame{Direction: diag.Inbound, Kind: "video", SSRC: 14, Width: 320, Height: 240, KeyFrame: true},
		done(diag.PhaseFirstFrame, "inbound video", "320×240"),
	)
}

var mimes = map[string]string{"audio": "audio/opus", "video": "video/VP8"}

// talked adds n seconds of samples and pings from ms on.
func talked(s *script, ms float64, n int) *script {
	for i := 1; i <= n; i++ {
		wave := math.Sin(float64(i) / 3)
		s.at(ms+float64(i)*1000).add(sample(i, wave), diag.Ping{RTTMs: diag.Millis((12.3 + wave) * 1e6)})
	}
	return s
}

func sample(i int, wave float64) diag.Sample {
	n := uint64(i)
	rtt := 0.0122 + wave/4000
	report := func(lost int64) *diag.RemoteInbound {
		return &diag.RemoteInbound{PacketsLost: new(lost), FractionLost: new(0.0), Jitter: new(0.0019 + wave/5000), RoundTripTime: new(rtt)}
	}
	return diag.Sample{
		Outbound: []diag.OutboundRTP{
			{Kind: "audio", SSRC: 11, MimeType: "audio/opus", PacketsSent: new(uint64(50 * n)), BytesSent: new(uint64(4000 * n)), Bitrate: new(32100 + 90*wave), Remote: report(0)},
			{Kind: "video", SSRC: 12, MimeType: "video/VP8", PacketsSent: new(uint64(40 * n)), BytesSent: new(uint64(18800 * n)), Bitrate: new(151000 + 60000*wave), FramesPerSecond: new(25.0), FrameWidth: new(uint16(320)), FrameHeight: new(uint16(240)), Remote: report(0)},
		},
		Inbound: []diag.InboundRTP{
			{Kind: "audio", SSRC: 13, MimeType: "audio/opus", PacketsReceived: new(uint64(50 * n)), PacketsLost: new(int64(i / 9)), Bitrate: new(31900 + 120*wave), Jitter: new(0.0021 + wave/4000), LastPacketReceivedAgo: new(0.01)},
			{Kind: "video", SSRC: 14, MimeType: "video/VP8", PacketsReceived: new(uint64(40 * n)), PacketsLost: new(int64(i / 2)), Bitrate: new(150200 + 65000*wave), Jitter: new(0.0034 + wave/4000), FramesPerSecond: new(25.0), FrameWidth: new(uint16(320)), FrameHeight: new(uint16(240)), LastPacketReceivedAgo: new(0.02)},
		},
		Pair: &diag.Pair{ID: "P7", LocalCandidateID: "L3", RemoteCandidateID: "R1", State: diag.PairSucceeded, Nominated: true, RequestsSent: 2 + n, ResponsesReceived: 2 + n, CurrentRoundTripTime: new(rtt)},
	}
}

func said(dir diag.Direction, text string) diag.Data {
	return diag.Message{Direction: dir, Label: diag.LabelChat, Bytes: len(text), Text: text}
}

// scenarioGood is a call that works: set up after a wait of 18 s, 42 s long, still up.
func scenarioGood() []diag.Event {
	s := connected(paired(turnRefuses(dialed(&script{})), 18_041), 18_131)
	s = talked(s, 18_150, 3)
	s.at(21_400).add(said(diag.Outbound, "hello"))
	s.at(21_412).add(said(diag.Inbound, "hello"))
	s.at(24_000).add(said(diag.Outbound, "can you hear the tone?"))
	s.at(24_013).add(said(diag.Inbound, "can you hear the tone?"))
	s.at(26_000).add(
		diag.Message{Direction: diag.Inbound, Label: diag.LabelControl, Bytes: 34, Text: `{"code":"mute_video","value":true}`},
		diag.Control{Direction: diag.Inbound, Code: "mute_video", Value: new(true)}, diag.TrackMuted{Side: diag.Remote, Kind: "video", Muted: true},
	)
	s.at(29_500).add(
		diag.Message{Direction: diag.Inbound, Label: diag.LabelControl, Bytes: 35, Text: `{"code":"mute_video","value":false}`},
		diag.Control{Direction: diag.Inbound, Code: "mute_video", Value: new(false)}, diag.TrackMuted{Side: diag.Remote, Kind: "video", Muted: false},
	)
	return talked(s, 30_000, 30).events
}

// scenarioHungUp is the good call after its end.
func scenarioHungUp() []diag.Event {
	s := &script{events: scenarioGood()}
	return s.at(60_500).add(diag.ConnectionState{State: "closed"}, diag.CallEnded{Reason: diag.EndHangup, By: diag.ByLocal}).events
}

// scenarioFailed finds no path: no relay, because the TURN server refused the password.
func scenarioFailed() []diag.Event {
	s := paired(turnRefuses(dialed(&script{})), 3_041)
	for i := 1; i <= 9; i++ {
		s.at(4_900 + float64(i)).add(diag.Pair{
			ID: fmt.Sprintf("P%d", i), LocalCandidateID: fmt.Sprintf("L%d", (i-1)/3+1), RemoteCandidateID: fmt.Sprintf("R%d", (i-1)%3+1),
			State: diag.PairFailed, RequestsSent: 7,
		})
	}
	return s.at(5_120).add(
		broken(diag.PhaseICE, "", "no pair answered"), diag.ICEState{State: "failed"}, diag.ConnectionState{State: "failed"},
		diag.CallEnded{Reason: diag.EndICE, By: diag.ByNetwork},
	).events
}

// hostile is text that wants to do harm to a terminal, a line or a column.
const hostile = "\x1b[2J\x1b]0;owned\x07\x9b31m\r\n\t\u202egnp.exe\u202c 👨‍👩‍👧‍👦🏳️‍🌈 日本語テキスト e\u0301\u0301\u0301\u0301\u0301 \u200b\u2028 end"

// scenarioHostile is a chatty peer that sends whatever it can think of.
func scenarioHostile() []diag.Event {
	s := connected(paired(turnRefuses(dialed(&script{})), 900), 990)
	s.at(1_200).add(diag.Candidate{Side: diag.Remote, ID: "RX", Protocol: hostile, Address: hostile, Port: 9, CandidateType: hostile, RelatedAddress: hostile})
	for i := range 40 {
		s.at(1_300 + float64(i)*10).add(diag.ChannelOpen{Side: diag.Remote, ID: new(uint16(100 + i)), Label: fmt.Sprintf("%d %s", i, hostile), Protocol: hostile, MaxPacketLifeTime: new(uint16(i))})
	}
	s.at(1_800).add(
		diag.Message{Direction: diag.Inbound, Label: "0 " + hostile, Bytes: 70000, Text: hostile, Truncated: true},
		diag.Message{Direction: diag.Inbound, Label: diag.LabelControl, Bytes: 90, Text: hostile},
		diag.Control{Direction: diag.Inbound, Code: "hello", Agent: hostile},
		diag.Message{Direction: diag.Inbound, Label: "files", Bytes: 1 << 20, Binary: true},
	)
	for i := range 60 {
		s.at(1_900 + float64(i)*20).add(said(diag.Inbound, fmt.Sprintf("%d %s 🚀🚀🚀 %s", i, "spam, spam, spam and 玉子焼き", hostile)))
	}
	s.at(3_200).add(
		diag.MessagesDropped{Label: diag.LabelChat, Messages: 48213, Bytes: 9 << 20},
		diag.Warning{ID: "channel.full", Subject: hostile},
		diag.Unknown{Name: "future.event", Raw: []byte(`{"text":"from a later version"}`)},
	)
	return talked(s, 3_300, 4).events
}

// scenarioRelay talks over our relay, behind a NAT, with a party that hides its addresses: the longest path.
func scenarioRelay() []diag.Event {
	s := paired(dialed(&script{}), 2_400)
	s.at(2_420).add(
		diag.Candidate{
			Side: diag.Local, ID: "L4", Component: 1, Protocol: "udp", Priority: 16777215, Address: "198.51.100.54", Port: 49160, CandidateType: diag.Relay,
			RelatedAddress: "192.0.2.10", RelatedPort: 50214, URL: turnURL, RelayProtocol: "tls",
		},
		diag.ServerStage{URL: turnURL, Transport: "udp", TURN: true, Address: "198.51.100.54:3478", Stage: diag.Stage{
			Name: diag.StageAllocate, RTTMs: new(diag.Millis(31.2e6)), DurationMs: diag.Millis(95e6), Mapped: "203.0.113.7:41899",
			Relayed: "198.51.100.54:49160",
		}},
		done(diag.PhaseGather, turnURL, ""), diag.GatheringState{State: "complete"},
	)
	for i := 1; i <= 9; i++ {
		s.at(3_900 + float64(i)).add(diag.Pair{ID: fmt.Sprintf("P%d", i), LocalCandidateID: fmt.Sprintf("L%d", (i-1)/3+1), RemoteCandidateID: fmt.Sprintf("R%d", (i-1)%3+1), State: diag.PairFailed, RequestsSent: 7})
	}
	s.at(4_000).add(diag.Pair{ID: "P7", LocalCandidateID: "L4", RemoteCandidateID: "R3", State: diag.PairInProgress})
	before := len(s.events)
	connected(s, 4_100)
	for i, e := range s.events[before:] {
		if d, ok := e.Data.(diag.Selected); ok {
			d.LocalCandidateID, d.RemoteCandidateID = "L4", "R3"
			d.Local, d.Remote = "relay udp 198.51.100.54:49160", "host udp 0d2cf8e7-5a34-4c1b-9a70-5f3b2f3f6a11.local:3022"
			s.events[before+i].Data = d
		}
	}
	return talked(s, 4_200, 20).events
}

// scenarioOneWay receives nothing, though the peer agreed to send.
func scenarioOneWay() []diag.Event {
	s := paired(turnRefuses(dialed(&script{})), 1_200)
	for _, e := range connected(&script{}, 1_300).events {
		switch d := e.Data.(type) {
		case diag.TrackAdded:
			if d.Direction == diag.Inbound {
				continue
			}
		case diag.FirstPacket:
			if d.Direction == diag.Inbound {
				continue
			}
		case diag.FirstFrame:
			continue
		case diag.PhaseEnd:
			if (d.Phase == diag.PhaseFirstPacket || d.Phase == diag.PhaseFirstFrame) && d.Subject[:2] == "in" {
				continue
			}
		}
		s.at(float64(e.At) / 1e6).add(e.Data)
	}
	for i := 1; i <= 12; i++ {
		d := sample(i, 0)
		d.Inbound = nil
		s.at(1_400+float64(i)*1000).add(d, diag.Ping{RTTMs: 12.3e6})
	}
	return s.events
}

// scenarioLongCall has ten minutes of media with all that may happen to it: bursts of loss, a silence that was not measured,
// a picture that freezes, pings over two decades, a peer that says hello on both control channels.
func scenarioLongCall() []diag.Event {
	s := connected(paired(turnRefuses(dialed(&script{})), 900), 990)
	for _, label := range []string{diag.LabelControl, diag.LabelControlLegacy} {
		s.at(1_020).add(
			diag.Message{Direction: diag.Inbound, Label: label, Bytes: 40, Text: `{"code":"hello","agent":"Firefox"}`},
			diag.Control{Direction: diag.Inbound, Code: "hello", Agent: "Firefox"},
		)
	}
	s.at(1_100).add(diag.ChannelOpen{Side: diag.Remote, ID: new(uint16(8)), Label: "game state", Protocol: "game.v2", MaxPacketLifeTime: new(uint16(150))})
	for i := 1; i <= 600; i++ {
		if i >= 240 && i < 270 {
			continue // the machine slept
		}
		wave := math.Sin(float64(i) / 30)
		d := sample(i, wave)
		for n := range d.Inbound {
			in := &d.Inbound[n]
			in.BytesReceived = new(uint64(i) * uint64(4000+14800*n))
			in.FractionLost = new(0.0)
			if i%97 < 6 {
				in.FractionLost = new(0.02 * float64(6-i%97))
			}
			if in.Kind == "video" {
				in.FramesReceived, in.KeyFramesReceived = new(uint32(25*i)), new(uint32(i/20+1))
				in.FreezeCount, in.TotalFreezesDuration = new(uint32(i/250)), new(float64(i/250)*0.4)
				in.NACKCount, in.PLICount = new(uint32(i/9)), new(uint32(i/97))
				in.FramesPerSecond = new(25 - 5*math.Abs(wave))
			}
		}
		for n := range d.Outbound {
			d.Outbound[n].Mid = fmt.Sprint(n)
		}
		d.Channels = []diag.DataChannelRow{
			{Label: diag.LabelChat, ID: new(uint16(3)), State: "open", MessagesSent: 2, BytesSent: 240, MessagesReceived: 2, BytesReceived: 230},
			{Label: "game state", ID: new(uint16(8)), State: "open", MessagesReceived: uint64(20 * i), BytesReceived: uint64(900 * i)},
		}
		s.at(1_100+float64(i)*1000).add(d, diag.Ping{RTTMs: diag.Millis(12e6 * math.Exp(2*math.Abs(math.Sin(float64(i*i)))))})
	}
	long := "a longer message, which goes on and on until it needs another line: 日本語のテキスト 🚀 and then some more words, so that it is wrapped"
	s.at(590_000).add(said(diag.Outbound, long))
	return s.at(590_020).add(said(diag.Inbound, long)).events
}

// scenarioMuted has audio muted by us and video by the peer.
func scenarioMuted() []diag.Event {
	s := &script{events: scenarioGood()}
	return s.at(60_200).add(
		diag.Message{Direction: diag.Outbound, Label: diag.LabelControl, Bytes: 34, Text: `{"code":"mute_audio","value":true}`},
		diag.Control{Direction: diag.Outbound, Code: "mute_audio", Value: new(true)}, diag.TrackMuted{Side: diag.Local, Kind: "audio", Muted: true},
		diag.Message{Direction: diag.Inbound, Label: diag.LabelControl, Bytes: 34, Text: `{"code":"mute_video","value":true}`},
		diag.Control{Direction: diag.Inbound, Code: "mute_video", Value: new(true)}, diag.TrackMuted{Side: diag.Remote, Kind: "video", Muted: true},
	).events
}
