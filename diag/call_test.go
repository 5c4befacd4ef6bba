package diag

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// log builds a log: milliseconds and what happened then, in turns.
func log(parts ...any) []Event {
	var events []Event
	for i := 0; i < len(parts); i += 2 {
		ms, isTime := parts[i].(int)
		data, isData := parts[i+1].(Data)
		if !isTime || !isData {
			panic(fmt.Sprintf("part %d of the log is no time and event", i))
		}
		events = append(events, Event{Seq: uint64(i/2 + 1), At: time.Duration(ms) * time.Millisecond, Data: data})
	}
	return events
}

// goodCall is the set-up of a call that works, without its end.
func goodCall() []Event {
	return log(
		0, CallStart{Command: "call", Code: "w1", Media: true, Join: "dialtone call w1"},
		0, PhaseStart{Phase: PhaseDial},
		0, SignalState{State: SignalDialing},
		12, SignalRequest{Code: "dial", Attempt: 1, Status: 200, DurationMs: Millis(12 * time.Millisecond), Answer: "user_id"},
		12, PhaseEnd{Phase: PhaseDial, Outcome: OutcomeOK},
		12, PhaseStart{Phase: PhaseWait},
		13, SignalState{State: SignalWaiting},
		180, PhaseEnd{Phase: PhaseWait, Outcome: OutcomeOK},
		180, SignalState{State: SignalPaired, Role: RoleOfferer},
		181, PhaseStart{Phase: PhaseGather, Subject: "host"},
		182, TrackAdded{Direction: Outbound, Kind: "audio", MimeType: "audio/opus", SSRC: 1},
		183, TrackAdded{Direction: Outbound, Kind: "video", MimeType: "video/VP8", SSRC: 2},
		184, SessionDescription{Side: Local, SDPType: "offer", SDP: "v=0\r\nm=audio 9 RTP 0\r\nm=video 9 RTP 0\r\n"},
		185, Candidate{Side: Local, ID: "l1", Address: "192.0.2.10", Port: 5000, Protocol: "udp", CandidateType: Host},
		190, GatheringState{State: "complete"},
		190, PhaseEnd{Phase: PhaseGather, Subject: "host", Outcome: OutcomeOK},
		240, SessionDescription{Side: Remote, SDPType: "answer", SDP: "v=0\r\nm=audio 9 RTP 0\r\nm=video 9 RTP 0\r\n"},
		241, SignalState{State: SignalConnected},
		242, Candidate{Side: Remote, ID: "r1", Address: "198.51.100.4", Port: 3021, Protocol: "udp", CandidateType: Host},
		243, ICEState{State: "checking"},
		250, Pair{ID: "p1", LocalCandidateID: "l1", RemoteCandidateID: "r1", State: PairInProgress, RequestsSent: 1},
		255, Pair{ID: "p1", LocalCandidateID: "l1", RemoteCandidateID: "r1", State: PairSucceeded, Nominated: true, RequestsSent: 2, ResponsesReceived: 2},
		255, Selected{PairID: "p1", Local: "host udp 192.0.2.10:5000", Remote: "host udp 198.51.100.4:3021"},
		256, ICEState{State: "connected"},
		260, DTLSState{State: "connecting", Version: "DTLS 1.2", Cipher: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
		266, DTLSState{State: "connected", RemoteFingerprint: "sha-256 AB"},
		267, ConnectionState{State: "connected"},
		269, SCTPState{State: "connected"},
		270, ChannelOpen{Side: Local, ID: Ptr(uint16(1)), Label: LabelChat, Ordered: true},
		280, TrackAdded{Direction: Inbound, Kind: "audio", SSRC: 3, MimeType: "audio/opus"},
		281, FirstPacket{Direction: Inbound, Kind: "audio", SSRC: 3},
		290, TrackAdded{Direction: Inbound, Kind: "video", SSRC: 4, MimeType: "video/VP8"},
		291, FirstPacket{Direction: Inbound, Kind: "video", SSRC: 4},
		310, FirstFrame{Direction: Inbound, Kind: "video", SSRC: 4, Width: 320, Height: 180, KeyFrame: true},
	)
}

// then continues a log; times are absolute.
func then(events []Event, parts ...any) []Event {
	for _, e := range log(parts...) {
		e.Seq = uint64(len(events) + 1)
		events = append(events, e)
	}
	return events
}

// flowing is a sample of a call with media both ways.
func flowing() Sample {
	return Sample{
		Inbound:  []InboundRTP{{Kind: "audio", SSRC: 3, PacketsReceived: Ptr(uint64(50))}, {Kind: "video", SSRC: 4, PacketsReceived: Ptr(uint64(100))}},
		Outbound: []OutboundRTP{{Kind: "audio", SSRC: 1, PacketsSent: Ptr(uint64(50))}, {Kind: "video", SSRC: 2, PacketsSent: Ptr(uint64(100))}},
		Pair:     &Pair{ID: "p1", CurrentRoundTripTime: Ptr(0.012)},
	}
}

func TestFoldGoodCall(t *testing.T) {
	c := Fold(then(goodCall(),
		400, Message{Direction: Inbound, Label: LabelChat, Bytes: 5, Text: "hello"},
		410, Ping{RTTMs: Millis(9 * time.Millisecond)},
		1000, flowing(),
		4270, Sample{Final: true, Inbound: flowing().Inbound, Outbound: flowing().Outbound},
		4280, CallEnded{Reason: EndDuration, By: ByLocal}))
	type summary struct {
		State                         State
		Role                          Role
		ICE, Gathering, Connection    string
		Cipher, Fingerprint           string
		Connected, Open, Ended, Setup time.Duration
		Local, Remote, Pairs, Spans   int
		Samples, Tracks, PathChanges  int
		Received                      uint64
		RTT                           time.Duration
	}
	setup, _ := c.SetupTime()
	rtt, _ := c.RoundTripTime()
	got := summary{
		c.State(), c.Role, c.ICE, c.Gathering, c.Connection, c.DTLS.Cipher, c.DTLS.RemoteFingerprint, *c.ConnectedAt, *c.OpenAt, c.EndedAt, setup,
		len(c.Local), len(c.Remote), len(c.Pairs), len(c.Spans), len(c.Samples), len(c.Tracks), c.PathChanges, c.Channels[0].Received, rtt,
	}
	want := summary{
		StateEnded, RoleOfferer, "connected", "complete", "connected", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "sha-256 AB",
		267 * time.Millisecond, 270 * time.Millisecond, 4280 * time.Millisecond, 90 * time.Millisecond, 1, 1, 1, 3, 2, 4, 0, 1, 9 * time.Millisecond,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if p := c.Pairs[0]; p.State != PairSucceeded || p.RequestsSent != 2 {
		t.Errorf("the pair is %+v: the latest event of an ID counts", p)
	}
	if row := c.track(Inbound, "video", 4); row == nil || row.FirstPacket == nil || row.FirstFrame == nil || row.FirstFrame.Width != 320 {
		t.Errorf("the video that arrives is %+v", row)
	}
	if c.LocalCandidate("l1") == nil || c.RemoteCandidate("r1") == nil || c.LocalCandidate("r1") != nil {
		t.Error("candidates are not found by their IDs")
	}
}

// TestStateAlongTheCall looks at the state after each step.
func TestStateAlongTheCall(t *testing.T) {
	c := &Call{}
	var got []State
	note := func() {
		if s := c.State(); len(got) == 0 || got[len(got)-1] != s {
			got = append(got, s)
		}
	}
	note()
	for _, e := range then(goodCall(),
		1000, ConnectionState{State: "disconnected"},
		2000, ConnectionState{State: "connected"},
		3000, CallEnded{Reason: EndHangup}) {
		c.Apply(e)
		note()
	}
	want := []State{StateUnknown, StateDialing, StateWaiting, StateNegotiating, StateConnecting, StateConnected, StateReconnecting, StateConnected, StateEnded}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSpans(t *testing.T) {
	c := Fold(log(
		10, PhaseStart{Phase: PhaseGather, Subject: "a"},
		20, PhaseStart{Phase: PhaseGather, Subject: "b"},
		30, PhaseEnd{Phase: PhaseGather, Subject: "a", Outcome: OutcomeFailed, Detail: "401"},
		40, PhaseEnd{Phase: PhaseICE, Outcome: OutcomeOK}, // never begun: no span
		50, PhaseStart{Phase: PhaseGather, Subject: "a"}, // once more, after a restart
	))
	ms := time.Millisecond
	want := []Span{
		{Phase: PhaseGather, Subject: "a", Start: 10 * ms, End: 30 * ms, Outcome: OutcomeFailed, Detail: "401"},
		{Phase: PhaseGather, Subject: "b", Start: 20 * ms},
		{Phase: PhaseGather, Subject: "a", Start: 50 * ms},
	}
	if diff := cmp.Diff(want, c.Spans); diff != "" {
		t.Error(diff)
	}
	if got := c.Spans[0].Length(time.Second); got != 20*ms {
		t.Errorf("an ended span is %v long", got)
	}
	if got := c.Spans[1].Length(100 * ms); got != 80*ms {
		t.Errorf("a running span is %v long", got)
	}
}

func TestChannelsAndMessages(t *testing.T) {
	c := Fold(log(
		1, ChannelOpen{Label: "chat", ID: Ptr(uint16(1))},
		2, ChannelOpen{Label: LabelControl, ID: Ptr(uint16(3))},
		3, ChannelOpen{Label: "chat", ID: Ptr(uint16(5))}, // a label may repeat
		4, Message{Direction: Outbound, Label: LabelControl, Text: `{"code":"hello"}`},
		5, Control{Direction: Outbound, Code: "hello", Agent: "dialtone/me"},
		6, Message{Direction: Inbound, Label: LabelControl, Text: `{"code":"hello"}`},
		7, Control{Direction: Inbound, Code: "hello", Agent: "dialtone/0.9"},
		8, Control{Direction: Inbound, Code: "reject"}, // without its message: changes none
		9, MessagesDropped{Label: "chat", Messages: 40, Bytes: 400},
		10, Ping{RTTMs: Millis(time.Millisecond)},
		11, Sample{Channels: []DataChannelRow{{Label: "chat", ID: Ptr(uint16(5)), BytesSent: 7}}},
		12, ChannelClose{Label: "chat", ID: Ptr(uint16(5))},
		13, ChannelClose{Label: "never opened"},
	))
	if c.PeerAgent != "dialtone/0.9" || c.Dropped != 40 || c.MessageRows != 2 || c.Pings.Count != 1 {
		t.Errorf("agent %q, dropped %d, rows %d, pings %d", c.PeerAgent, c.Dropped, c.MessageRows, c.Pings.Count)
	}
	codes := []string{}
	for _, m := range c.Messages {
		if m.Control != nil {
			codes = append(codes, string(m.Control.Direction)+" "+m.Control.Code)
		}
	}
	if diff := cmp.Diff([]string{"outbound hello", "inbound hello"}, codes); diff != "" {
		t.Error(diff)
	}
	if c.Channels[0].ClosedAt != nil || c.Channels[2].ClosedAt == nil {
		t.Error("the wrong one of two channels with one label was closed")
	}
	if c.Channels[0].Stats != nil || c.Channels[2].Stats == nil || c.Channels[2].Stats.BytesSent != 7 {
		t.Error("statistics went to the wrong one of two channels with one label")
	}
}

func TestPathsServersAndMutes(t *testing.T) {
	c := Fold(log(
		1, Selected{PairID: "p1"}, 2, Selected{PairID: "p1"}, 3, Selected{PairID: "p2"},
		4, ServerResult{URL: "stun:a", Cause: "timeout"}, 5, ServerResult{URL: "stun:b", OK: true}, 6, ServerResult{URL: "stun:a", OK: true},
		7, TrackMuted{Side: Remote, Kind: "video", Muted: true}, 8, TrackMuted{Side: Local, Kind: "audio", Muted: true},
		9, TrackMuted{Side: Local, Kind: "audio"}, 10, TrackMuted{Side: Remote, Kind: "smell", Muted: true},
		11, Restart{By: ByLocal}, 12, SignalState{State: SignalLost, Error: "refused"},
		13, SignalRequest{Error: "refused"}, 14, SignalRequest{Status: 200},
	))
	if c.PathChanges != 1 || c.Restarts != 1 {
		t.Errorf("%d changes of the path, %d restarts", c.PathChanges, c.Restarts)
	}
	if len(c.Servers) != 2 || !c.Servers[0].OK || c.Servers[0].At != 6*time.Millisecond {
		t.Errorf("servers: %+v: the latest result of a URL counts", c.Servers)
	}
	if diff := cmp.Diff(map[string]bool{"video": true}, c.RemoteMuted); diff != "" {
		t.Errorf("remote: %s", diff)
	}
	if diff := cmp.Diff(map[string]bool{"audio": false}, c.LocalMuted); diff != "" {
		t.Errorf("local: %s", diff)
	}
	if diff := cmp.Diff(Signal{State: SignalLost, Requests: 2, Failed: 1, LastError: "refused", Lost: true}, c.Signal); diff != "" {
		t.Errorf("signaling: %s", diff)
	}
}

// TestFirstPacketBeforeTrack: the packet may be quicker than the news of its track; they become one row.
func TestFirstPacketBeforeTrack(t *testing.T) {
	c := Fold(log(
		5, FirstPacket{Direction: Inbound, Kind: "audio", SSRC: 7},
		6, TrackAdded{Direction: Inbound, Kind: "audio", SSRC: 7, MimeType: "audio/opus"},
	))
	want := []TrackRow{{
		TrackAdded: TrackAdded{Direction: Inbound, Kind: "audio", SSRC: 7, MimeType: "audio/opus"},
		At:         5 * time.Millisecond, FirstPacket: Ptr(5 * time.Millisecond),
	}}
	if diff := cmp.Diff(want, c.Tracks); diff != "" {
		t.Error(diff)
	}
}

// TestClockNeverGoesBack folds a log whose times do not rise, as an edited recording may have.
func TestClockNeverGoesBack(t *testing.T) {
	if c := Fold(log(500, ICEState{State: "new"}, 100, ICEState{State: "checking"})); c.Now != 500*time.Millisecond {
		t.Errorf("now is %v", c.Now)
	}
}

// TestUnknownEventsChangeNothing but the count and the clock.
func TestUnknownEventsChangeNothing(t *testing.T) {
	want := Fold(goodCall())
	got := Fold(then(goodCall(), 310, Unknown{Name: "future.thing", Raw: []byte(`{"a":1}`)}))
	got.Events--
	opts := cmp.Options{cmp.AllowUnexported(Call{}, Distribution{}), cmpopts.EquateEmpty()}
	if diff := cmp.Diff(want, got, opts); diff != "" {
		t.Error(diff)
	}
}

// TestFloodsStayBounded sends more of everything than a sane peer would: lists stop growing, and the latest is kept where
// a list forgets.
func TestFloodsStayBounded(t *testing.T) {
	c := &Call{}
	const flood = 5000
	for i := range flood {
		id := fmt.Sprintf("n%d", i)
		for _, d := range []Data{
			Candidate{Side: Local, ID: id},
			Candidate{Side: Remote, ID: id},
			ServerResult{URL: id},
			Pair{ID: id},
			Selected{PairID: id},
			SessionDescription{Side: Remote, SDP: id},
			PhaseStart{Phase: PhaseChannel, Subject: id},
			ChannelOpen{Label: id, ID: Ptr(uint16(i))},
			Message{Direction: Inbound, Label: LabelControl, Text: id},
			Control{Direction: Inbound, Code: id},
			Ping{RTTMs: Millis(i)},
			TrackAdded{Direction: Inbound, Kind: "video", SSRC: uint32(i + 1), MimeType: "video/VP8"},
			FirstPacket{Direction: Inbound, Kind: "video", SSRC: uint32(i + 1)},
			TrackMuted{Side: Remote, Kind: id, Muted: true},
			Sample{},
			Warning{ID: id},
			SignalRequest{Error: id},
			Restart{Reason: id},
			Unknown{Name: Type(id), Raw: []byte("{}")},
		} {
			c.Apply(Event{Seq: c.Events + 1, At: time.Duration(i) * time.Millisecond, Data: d})
		}
	}
	sizes := map[string][2]int{
		"local candidates": {len(c.Local), maxRows}, "remote candidates": {len(c.Remote), maxRows}, "servers": {len(c.Servers), maxRows},
		"pairs": {len(c.Pairs), maxRows}, "pair index": {len(c.pairIndex), maxRows}, "descriptions": {len(c.Descriptions), maxDescriptions},
		"spans": {len(c.Spans), maxRows}, "channels": {len(c.Channels), maxChannels}, "messages": {len(c.Messages), maxMessages},
		"tracks": {len(c.Tracks), maxRows}, "samples": {len(c.Samples), maxSamples}, "warnings": {len(c.Warnings), maxWarnings},
		"mutes": {len(c.RemoteMuted), 2}, "pings": {len(c.Pings.ring), distributionWindow},
	}
	for what, size := range sizes {
		if size[0] > size[1] {
			t.Errorf("%d %s are kept, at most %d are allowed", size[0], what, size[1])
		}
	}
	last := fmt.Sprintf("n%d", flood-1)
	if got := c.Messages[len(c.Messages)-1]; got.Text != last || got.Control == nil || got.Control.Code != last {
		t.Errorf("the latest message is %+v", got)
	}
	if c.Remote[len(c.Remote)-1].ID != last || c.Warnings[len(c.Warnings)-1].ID != last || c.Descriptions[len(c.Descriptions)-1].SDP != last {
		t.Error("a list forgot its newest entry")
	}
	if c.MessageRows != flood || c.PathChanges != flood-1 || c.Signal.Failed != flood {
		t.Errorf("counters stopped: %d messages, %d changes, %d failures", c.MessageRows, c.PathChanges, c.Signal.Failed)
	}
	for _, text := range append(Judge(c).Todo, Judge(c).Headline) {
		if strings.ContainsAny(text, "\x00\x1b\n") {
			t.Errorf("%q", text)
		}
	}
}

func BenchmarkApply(b *testing.B) {
	events := then(goodCall(), 400, Message{Direction: Inbound, Label: LabelChat, Text: "hello"}, 410, Ping{RTTMs: 1}, 1000, flowing())
	b.Run("call", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			Fold(events)
		}
		b.ReportMetric(float64(b.N)*float64(len(events))/b.Elapsed().Seconds(), "events/s")
	})
	b.Run("full", func(b *testing.B) { // lists at their bounds: what a long call costs
		c := Fold(events)
		for i := range 5000 {
			c.Apply(Event{Data: Message{Direction: Inbound, Label: LabelChat, Text: "x"}})
			c.Apply(Event{Data: Pair{ID: fmt.Sprint(i)}})
			c.Apply(Event{Data: flowing()})
		}
		b.ReportAllocs()
		b.ResetTimer()
		for i := 0; b.Loop(); i++ {
			c.Apply(events[i%len(events)])
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	})
}
