package diag

import (
	"net/netip"
	"testing"
	"time"
)

// examples is one call as a log: every type of the vocabulary once, with values as a real call has them. The document of
// the events prints it, the tests of lines and folds read it, the fuzzers start from it.
func examples() []Event {
	log := []struct {
		at   time.Duration
		data Data
	}{
		{0, CallStart{
			Command: "call", Code: "w1", Server: "https://call.example/call/", Join: "dialtone call w1 --server https://call.example/call/",
			ICEServers: []ICEServer{{URL: "stun:stun.example:3478"}, {URL: "turn:turn.example:3478?transport=udp", HasUsername: true}},
			Media:      true, WaitMs: new(Millis(time.Minute)), ForMs: new(Millis(10 * time.Second)), LocalVersion: "0.1.0", StartedAtUnix: 1767323045.123,
		}},
		{210 * time.Microsecond, PhaseStart{Phase: PhaseGather, Subject: "stun:stun.example:3478"}},
		{11 * time.Millisecond, ServedRequest{
			Method: "PATCH", Path: "/session/…", Status: 428, Problem: "an If-Match field is required", Origin: "https://app.example",
			RemoteAddr: "192.0.2.7:51000", DurationMs: Millis(400 * time.Microsecond),
		}},
		{12 * time.Millisecond, SignalRequest{
			Code: "dial", Attempt: 1, Status: 200, DNSMs: new(Millis(1800 * time.Microsecond)), ConnectMs: new(Millis(9 * time.Millisecond)),
			TLSMs: new(Millis(11 * time.Millisecond)), FirstByteMs: new(Millis(31 * time.Millisecond)), DurationMs: Millis(32 * time.Millisecond),
			RemoteAddr: "203.0.113.80:443", BytesSent: 34, BytesRecv: 78, Answer: "user_id",
		}},
		{13 * time.Millisecond, SignalState{State: SignalPaired, Role: RoleOfferer}},
		{14 * time.Millisecond, SignalingState{State: "have-local-offer"}},
		{15 * time.Millisecond, SessionDescription{
			Side: Local, SDPType: "offer", SDP: "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=sendrecv\r\na=ice-ufrag:abcd\r\na=ice-pwd:***\r\n",
			Fingerprint: "sha-256 AB:CD:EF:01",
		}},
		{16 * time.Millisecond, GatheringState{State: "gathering"}},
		{17 * time.Millisecond, Candidate{
			Side: Local, ID: "local-2", Foundation: "1966762133", Component: 1, Protocol: "udp", Priority: 1694498815, TypePreference: 100, LocalPreference: 65535,
			Address: "203.0.113.7", Port: 41822, CandidateType: Srflx, RelatedAddress: "192.0.2.10", RelatedPort: 50211, URL: "stun:stun.example:3478",
			NetworkInterface: "wlan0", UsernameFragment: "abcd",
		}},
		{18 * time.Millisecond, ServerStage{
			URL: "turn:turn.example:3478?transport=udp", Transport: "udp", TURN: true, Address: "203.0.113.9:3478", Stage: Stage{
				Name: StageAllocate, DurationMs: Millis(48 * time.Millisecond), RTTMs: new(Millis(23 * time.Millisecond)),
				Failure: &Failure{Cause: CauseAuth, Code: 401, Reason: "Unauthorized"}, Realm: "turn.example", Software: "a TURN server",
			},
		}},
		{19 * time.Millisecond, DiagnosisStart{URLs: []string{"stun:stun.example:3478"}, BudgetMs: Millis(6 * time.Second), Because: BecauseAsked}},
		{20 * time.Millisecond, NATServer{URL: "stun:stun.example:3478", Address: netip.MustParseAddrPort("203.0.113.80:3478"), DNSMs: new(Millis(time.Millisecond))}},
		{21 * time.Millisecond, NATLocal{Address: netip.MustParseAddrPort("192.0.2.10:50300"), Interface: "wlan0", MTU: 1500}},
		{21 * time.Millisecond, NATFamilies{IPv6: true, NAT64: []netip.Prefix{netip.MustParsePrefix("64:ff9b::/96")}}},
		{22 * time.Millisecond, NATRequest{
			Test: TestReach, Socket: NATSocket{Use: SocketReach}, Local: netip.MustParseAddrPort("192.0.2.10:50300"), To: netip.MustParseAddrPort("203.0.113.80:3478"),
			SentMs: Millis(time.Millisecond), Answer: &NATAnswer{
				From: netip.MustParseAddrPort("203.0.113.80:3478"), RTTMs: Millis(23 * time.Millisecond), Mapped: netip.MustParseAddrPort("203.0.113.7:41822"), Size: 68,
			},
		}},
		{22 * time.Millisecond, NATRelay{
			URL: "turn:turn.example.org", Relayed: netip.MustParseAddrPort("203.0.113.9:50000"), Sent: 1,
			From: netip.MustParseAddrPort("198.51.100.7:50300"),
		}},
		{22 * time.Millisecond, NATStream{To: netip.MustParseAddrPort("203.0.113.80:3478"), Failure: &Failure{Cause: CauseRefused}}},
		{22 * time.Millisecond, DiagnosisFurther{}},
		{22 * time.Millisecond, DiagnosisEnd{Stopped: StoppedCancelled}},
		{23 * time.Millisecond, PhaseEnd{Phase: PhaseGather, Subject: "stun:stun.example:3478", Outcome: OutcomeOK, Detail: "203.0.113.7"}},
		{64 * time.Millisecond, ICEState{State: "checking"}},
		{70 * time.Millisecond, Pair{
			ID: "local-2:remote-1", LocalCandidateID: "local-2", RemoteCandidateID: "remote-1", State: PairSucceeded, Nominated: true, RequestsSent: 2,
			ResponsesReceived: 2, RequestsReceived: 1, ResponsesSent: 1, CurrentRoundTripTime: new(0.0121),
		}},
		{70 * time.Millisecond, ICELimits{Candidates: 3800, Checks: 12}},
		{70 * time.Millisecond, TURNRefused{Relay: netip.MustParseAddr("203.0.113.80"), Peer: netip.MustParseAddr("192.168.1.23"), Code: 403}},
		{71 * time.Millisecond, Selected{
			PairID: "local-2:remote-1", LocalCandidateID: "local-2", RemoteCandidateID: "remote-1",
			Local: "srflx udp 203.0.113.7:41822", Remote: "host udp 198.51.100.4:3021",
		}},
		{82 * time.Millisecond, DTLSState{
			State: "connected", Role: "client", Version: "DTLS 1.2", Cipher: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
			LocalFingerprint: "sha-256 AB:CD:EF:01", RemoteFingerprint: "sha-256 12:34:56:78",
		}},
		{83 * time.Millisecond, ConnectionState{State: "connected"}},
		{84 * time.Millisecond, SCTPState{State: "connected", MaxMessageSize: 65536}},
		{85 * time.Millisecond, ChannelOpen{Side: Local, ID: new(uint16(1)), Label: LabelChat, Ordered: true}},
		{90 * time.Millisecond, TrackAdded{
			Direction: Inbound, Kind: "video", Mid: "1", SSRC: 2774119101, MimeType: "video/VP8", ClockRate: 90000, PayloadType: 96, TrackID: "picture",
		}},
		{98 * time.Millisecond, FirstPacket{Direction: Inbound, Kind: "video", SSRC: 2774119101}},
		{134 * time.Millisecond, FirstFrame{Direction: Inbound, Kind: "video", SSRC: 2774119101, Width: 320, Height: 180, KeyFrame: true}},
		{140 * time.Millisecond, Picture{
			SSRC: 2774119101, Width: 320, Height: 180, Luma: 0.47, Contrast: 0.23, Dark: 0.03, Difference: new(0.21), ClipFrame: new(50),
			Thumbnail: Thumbnail{Width: 64, Height: 36},
		}},
		{200 * time.Millisecond, Message{Direction: Inbound, Label: LabelChat, Bytes: 5, Text: "hello"}},
		{210 * time.Millisecond, Ping{RTTMs: Millis(12340 * time.Microsecond)}},
		{300 * time.Millisecond, Control{Direction: Inbound, Code: "mute_video", Value: new(true)}},
		{300 * time.Millisecond, TrackMuted{Side: Remote, Kind: "video", Muted: true}},
		{900 * time.Millisecond, MessagesDropped{Label: LabelChat, Messages: 4100, Bytes: 98400}},
		{time.Second, exampleSample()},
		{1100 * time.Millisecond, RemoteSample{
			Timestamp: 1767323046180,
			Inbound:   []InboundRTP{{Kind: "audio", SSRC: 1001, Mid: "0", MimeType: "audio/opus", PacketsReceived: new(uint64(54)), PacketsLost: new(int64(0)), BytesReceived: new(uint64(4331)), Jitter: new(0.001)}},
			Outbound:  []OutboundRTP{{Kind: "video", SSRC: 2774119101, Mid: "1", MimeType: "video/VP8", PacketsSent: new(uint64(47)), FramesPerSecond: new(25.0), FrameWidth: new(uint16(320)), FrameHeight: new(uint16(180))}},
			Pair:      &PeerPair{CurrentRoundTripTime: new(0.0121), LocalCandidateType: "host", RemoteCandidateType: "srflx", Protocol: "udp"},
			Here:      []StreamCount{{Direction: Outbound, Kind: "audio", SSRC: 1001, Packets: 55}, {Direction: Inbound, Kind: "video", SSRC: 2774119101, Packets: 46}},
		}},
		{1200 * time.Millisecond, StressStep{Step: StressLossIn}},
		{1200 * time.Millisecond, KeyFrameRequested{SSRC: 2774119101, SinceMs: new(Millis(700 * time.Millisecond)), IntervalMs: new(Millis(2 * time.Second))}},
		{1250 * time.Millisecond, KeyFrame{SSRC: 2774119101, AfterMs: Millis(50 * time.Millisecond)}},
		{1260 * time.Millisecond, MediaResumed{Kind: "video", SSRC: 2774119101, AfterMs: Millis(1100 * time.Millisecond)}},
		{1270 * time.Millisecond, VideoEncoding{
			SSRC: 2774119101, MimeType: "video/H264", PayloadType: 102, Profile: ConstrainedBaseline, Level: "3.1", ProfileLevelID: "42e01f",
			Width: 1280, Height: 720, KeyFrameIntervalMs: new(Millis(2 * time.Second)), BFrames: new(false), Reordered: new(false),
		}},
		{1280 * time.Millisecond, MediaFile{File: "media/video-1-2774119101.ivf", Kind: "video", Mid: "1", SSRC: 2774119101, Codec: "VP8", Bytes: 104300, Frames: 31}},
		{1300 * time.Millisecond, Impaired{
			Inbound:  ImpairedPackets{Packets: 140, Lost: 9, Delayed: 131, Reordered: 1, Streams: []ImpairedStream{{SSRC: 2774119101, Packets: 48, Dropped: 5}}},
			Outbound: ImpairedPackets{Packets: 122},
		}},
		{1400 * time.Millisecond, SpeedStart{Plan: SpeedPlan{
			Tests: []SpeedTest{exampleSpeedTest}, MaxBytes: 1e9, MaxMs: Millis(6 * time.Second),
		}}},
		{1410 * time.Millisecond, SpeedTestStart{Spec: exampleSpeedTest}},
		{1600 * time.Millisecond, SpeedInterval{
			Direction: Outbound, FromMs: Millis(100 * time.Millisecond), ToMs: Millis(200 * time.Millisecond), Bytes: 65536, Messages: 4,
			Packets: new(uint64(61)), WireBytes: new(uint64(71004)), JitterMs: new(Millis(900 * time.Microsecond)),
			DelayMs: new(Millis(41 * time.Millisecond)),
		}},
		{1610 * time.Millisecond, SpeedRoundTrips{
			ByPing: []Millis{Millis(61 * time.Millisecond)}, BySTUN: []Millis{Millis(60 * time.Millisecond)}, Settled: true,
		}},
		{1700 * time.Millisecond, SpeedSender{
			Direction: Outbound, Bytes: 3407872, Messages: 208, CPU: new(0.31), Cores: 4, Busy: new(0.12), ReceiveDrops: new(uint64(0)),
			SendDrops: new(uint64(0)),
		}},
		{1710 * time.Millisecond, SpeedTestEnd{Complete: true}},
		{1720 * time.Millisecond, SpeedEnd{Reason: SpeedDone}},
		{2 * time.Second, Warning{ID: "signal.server_lost", Cause: "unexpected EOF"}},
		{3 * time.Second, Restart{By: ByLocal, Reason: "asked"}},
		{2500 * time.Millisecond, UnannouncedSSRC{SSRC: 7001, PayloadType: 96, Kind: "video", Mid: "1", Previous: 2774119101, Packets: 11, From: "192.0.2.9:41000", OffPath: true}},
		{3200 * time.Millisecond, MediaPause{Inbound: new(Millis(24 * time.Millisecond)), Outbound: new(Millis(131 * time.Millisecond))}},
		{4 * time.Second, NetworkChanged{
			Added:   []InterfaceAddress{{Interface: "wwan0", Address: "198.51.100.30", Kind: AddressPublic}},
			Removed: []InterfaceAddress{{Interface: "wlan0", Address: "192.0.2.10", Kind: AddressPublic}},
			Routes:  []DefaultRoute{{Up: true, Source: "198.51.100.30"}, {IPv6: true}}, Online: true,
		}},
		{8 * time.Second, Paused{DurationMs: Millis(4 * time.Second), Source: PauseStopped}},
		{9 * time.Second, ChannelClose{ID: new(uint16(1)), Label: LabelChat}},
		{9 * time.Second, DumpStart{
			Format: DumpInternals, Connection: "9-1", URL: "https://app.example/call", UserAgent: "Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0.0.0", Open: true,
		}},
		{9 * time.Second, CaptureRequest{Request: "getUserMedia", Audio: true, Video: true, Error: "NotAllowedError", Message: "Permission denied"}},
		{9 * time.Second, APIFailure{Call: SetRemoteDescription, Error: "InvalidStateError: Called in wrong state: stable"}},
		{9 * time.Second, CaptureTrack{Side: Local, Kind: "audio", TrackID: "88e081af", Change: TrackEnded}},
		{9 * time.Second, BrowserSample{
			Outbound: []BrowserOutbound{{
				Kind: "video", SSRC: 2002, Encoder: "libvpx", LimitationReason: "cpu", LimitationDurations: &LimitationDurations{None: 1.5, CPU: 2.5}, TargetBitrate: new(1.2e6),
			}},
			Inbound:                  []BrowserInbound{{Kind: "audio", SSRC: 2001, JitterBuffer: new(1440.5), Emitted: new(uint64(48000))}},
			AvailableOutgoingBitrate: new(1.5e6),
		}},
		{10 * time.Second, CallEnded{Reason: EndDuration, By: ByLocal}},
	}
	events := make([]Event, len(log))
	for i, e := range log {
		events[i] = Event{Seq: uint64(i + 1), At: e.at, Data: e.data}
	}
	return events
}

func exampleSample() Sample {
	return Sample{
		Inbound: []InboundRTP{{
			Kind: "video", SSRC: 2774119101, Mid: "1", MimeType: "video/VP8", PacketsReceived: new(uint64(42)), BytesReceived: new(uint64(37120)), HeaderBytesReceived: new(uint64(840)),
			PacketsLost: new(int64(1)), FractionLost: new(0.023), Jitter: new(0.0034), Bitrate: new(150200.0), NACKCount: new(uint32(1)), PLICount: new(uint32(1)),
			FramesReceived: new(uint32(25)), KeyFramesReceived: new(uint32(1)), FramesPerSecond: new(25.0), FrameWidth: new(uint16(320)), FrameHeight: new(uint16(180)),
			FreezeCount: new(uint32(0)), TotalFreezesDuration: new(0.0), LastPacketReceivedAgo: new(0.012),
		}},
		Outbound: []OutboundRTP{{
			Kind: "audio", SSRC: 1001, Mid: "0", MimeType: "audio/opus", PacketsSent: new(uint64(50)), BytesSent: new(uint64(4012)), HeaderBytesSent: new(uint64(600)), Bitrate: new(32100.0),
			Remote: &RemoteInbound{Jitter: new(0.002), RoundTripTime: new(0.0123), TotalRoundTripTime: new(0.0123), RoundTripTimeMeasurements: new(uint64(1))},
		}},
		Pair: &Pair{
			ID: "local-2:remote-1", LocalCandidateID: "local-2", RemoteCandidateID: "remote-1", State: PairSucceeded, Nominated: true, RequestsSent: 3,
			ResponsesReceived: 3, RequestsReceived: 2, ResponsesSent: 2, CurrentRoundTripTime: new(0.0119), BytesSent: 5200, BytesReceived: 39000,
		},
		Transport: &TransportStats{PacketsSent: 71, PacketsReceived: 64, BytesSent: 6120, BytesReceived: 40210},
		SCTP:      &SCTPStats{SmoothedRoundTripTime: new(0.013), CongestionWindow: 4912, ReceiverWindow: 1048576, MTU: 1228},
		Channels:  []DataChannelRow{{Label: LabelChat, ID: new(uint16(1)), State: "open", MessagesSent: 1, BytesSent: 5, MessagesReceived: 1, BytesReceived: 5}},
	}
}

// TestExamples keeps the examples complete: the document is made of them.
func TestExamples(t *testing.T) {
	seen := map[Type]int{}
	for _, e := range examples() {
		seen[e.Type()]++
	}
	for name := range decoders {
		if seen[name] != 1 {
			t.Errorf("%s occurs %d times in the examples, want once", name, seen[name])
		}
	}
	if len(seen) != len(decoders) {
		t.Errorf("the examples have %d types, the vocabulary has %d", len(seen), len(decoders))
	}
}

var exampleSpeedTest = SpeedTest{
	Way: SpeedUp, ForMs: Millis(6 * time.Second), WarmUpMs: Millis(2 * time.Second), Size: 16384, MaxBytes: 5e8,
}
