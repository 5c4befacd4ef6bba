package call

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"dialtone/diag"
	"dialtone/diag/diagtest"
)

func TestFoldGoodCall(t *testing.T) {
	c := Fold(diagtest.Then(diagtest.GoodCall(),
		400, diag.Message{Direction: diag.Inbound, Label: diag.LabelChat, Bytes: 5, Text: "hello"},
		410, diag.Ping{RTTMs: diag.Millis(9 * time.Millisecond)},
		1000, diagtest.Flowing(),
		4270, diag.Sample{Final: true, Inbound: diagtest.Flowing().Inbound, Outbound: diagtest.Flowing().Outbound},
		4280, diag.CallEnded{Reason: diag.EndDuration, By: diag.ByLocal}))
	type summary struct {
		State                         State
		Role                          diag.Role
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
		StateEnded, diag.RoleOfferer, "connected", "complete", "connected", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "sha-256 AB",
		267 * time.Millisecond, 270 * time.Millisecond, 4280 * time.Millisecond, 90 * time.Millisecond, 1, 1, 1, 3, 2, 4, 0, 1, 9 * time.Millisecond,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if p := c.Pairs[0]; p.State != diag.PairSucceeded || p.RequestsSent != 2 {
		t.Errorf("the pair is %+v: the latest event of an ID counts", p)
	}
	if row := c.track(diag.Inbound, "video", 4); row == nil || row.FirstPacket == nil || row.FirstFrame == nil || row.FirstFrame.Width != 320 {
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
	for _, e := range diagtest.Then(diagtest.GoodCall(),
		1000, diag.ConnectionState{State: "disconnected"},
		2000, diag.ConnectionState{State: "connected"},
		2100, diag.Restart{By: diag.ByLocal, Reason: "asked"},
		2200, diag.ConnectionState{State: "disconnected"},
		2300, diag.Restart{By: diag.ByNetwork, Reason: "silence", LimitMs: new(diag.Millis(time.Minute))},
		2400, diag.Ping{RTTMs: diag.Millis(time.Millisecond)},
		2500, diag.Restart{By: diag.ByNetwork, Reason: "failed", LimitMs: new(diag.Millis(time.Minute))},
		2600, diag.ConnectionState{State: "connected"},
		2700, diag.ConnectionState{State: "disconnected"},
		3000, diag.CallEnded{Reason: diag.EndHangup}) {
		c.Apply(e)
		note()
	}
	want := []State{
		StateUnknown, StateDialing, StateWaiting, StateNegotiating, StateConnecting, StateConnected, StateReconnecting, StateConnected,
		StateReconnecting, StateLost, StateReconnecting, StateLost, StateConnected, StateReconnecting, StateEnded,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSpans(t *testing.T) {
	c := Fold(diagtest.Log(
		10, diag.PhaseStart{Phase: diag.PhaseGather, Subject: "a"},
		20, diag.PhaseStart{Phase: diag.PhaseGather, Subject: "b"},
		30, diag.PhaseEnd{Phase: diag.PhaseGather, Subject: "a", Outcome: diag.OutcomeFailed, Detail: "401"},
		40, diag.PhaseEnd{Phase: diag.PhaseICE, Outcome: diag.OutcomeOK}, // never begun: no span
		50, diag.PhaseStart{Phase: diag.PhaseGather, Subject: "a"}, // once more, after a restart
	))
	ms := time.Millisecond
	want := []Span{
		{Phase: diag.PhaseGather, Subject: "a", Start: 10 * ms, End: 30 * ms, Outcome: diag.OutcomeFailed, Detail: "401"},
		{Phase: diag.PhaseGather, Subject: "b", Start: 20 * ms},
		{Phase: diag.PhaseGather, Subject: "a", Start: 50 * ms},
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
	c := Fold(diagtest.Log(
		1, diag.ChannelOpen{Label: "chat", ID: new(uint16(1))},
		2, diag.ChannelOpen{Label: diag.LabelControl, ID: new(uint16(3))},
		3, diag.ChannelOpen{Label: "chat", ID: new(uint16(5))},
		4, diag.Message{Direction: diag.Outbound, Label: diag.LabelControl, Text: `{"code":"hello"}`},
		5, diag.Control{Direction: diag.Outbound, Code: "hello", Agent: "dialtone/me"},
		6, diag.Message{Direction: diag.Inbound, Label: diag.LabelControl, Text: `{"code":"hello"}`},
		7, diag.Control{Direction: diag.Inbound, Code: "hello", Agent: "dialtone/0.9"},
		8, diag.Control{Direction: diag.Inbound, Code: "reject"}, // without its message: changes none
		9, diag.MessagesDropped{Label: "chat", Messages: 40, Bytes: 400},
		10, diag.Ping{RTTMs: diag.Millis(time.Millisecond)},
		11, diag.Sample{Channels: []diag.DataChannelRow{{Label: "chat", ID: new(uint16(5)), BytesSent: 7}}},
		12, diag.ChannelClose{Label: "chat", ID: new(uint16(5))},
		13, diag.ChannelClose{Label: "never opened"},
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

// TestOnePath: a peer-reflexive candidate that is signaled later does not change the path, another address does.
func TestOnePath(t *testing.T) {
	remote := func(id, address string) diag.Candidate {
		return diag.Candidate{Side: diag.Remote, ID: id, Address: address, Port: 1, Protocol: "udp"}
	}
	c := Fold(diagtest.Log(
		1, remote("R1", "192.0.2.1"), 2, diag.Selected{PairID: "p1", LocalCandidateID: "L1", RemoteCandidateID: "R1"},
		3, remote("R2", "192.0.2.1"), 4, diag.Selected{PairID: "p2", LocalCandidateID: "L1", RemoteCandidateID: "R2"},
	))
	if c.PathChanges != 0 {
		t.Errorf("%d changes by a name", c.PathChanges)
	}
	for i, e := range diagtest.Log(
		5, diag.Selected{PairID: "p3", LocalCandidateID: "L2", RemoteCandidateID: "R2"},
		6, remote("R3", "192.0.2.3"), 7, diag.Selected{PairID: "p4", LocalCandidateID: "L2", RemoteCandidateID: "R3"},
	) {
		if c.Apply(e); i != 1 && c.PathChanges != 1+i/2 {
			t.Errorf("%d changes after %+v", c.PathChanges, e.Data)
		}
	}
}

func TestPathsServersAndMutes(t *testing.T) {
	c := Fold(diagtest.Log(
		1, diag.Selected{PairID: "p1"}, 2, diag.Selected{PairID: "p1"}, 3, diag.Selected{PairID: "p2"},
		4, diag.ServerStage{URL: "stun:a", Stage: diag.Stage{Name: diag.StageBinding, Failure: &diag.Failure{Cause: diag.CauseTimeout}}},
		5, diag.ServerStage{URL: "stun:b", Stage: diag.Stage{Name: diag.StageBinding}}, 6, diag.ServerStage{URL: "stun:a", Stage: diag.Stage{Name: diag.StageBinding}},
		7, diag.TrackMuted{Side: diag.Remote, Kind: "video", Muted: true}, 8, diag.TrackMuted{Side: diag.Local, Kind: "audio", Muted: true},
		9, diag.TrackMuted{Side: diag.Local, Kind: "audio"}, 10, diag.TrackMuted{Side: diag.Remote, Kind: "smell", Muted: true},
		11, diag.Restart{By: diag.ByLocal}, 12, diag.SignalState{State: diag.SignalLost, Error: "refused"},
		13, diag.SignalRequest{Error: "refused"}, 14, diag.SignalRequest{Status: 200},
	))
	if c.PathChanges != 1 || c.Restarts != 1 {
		t.Errorf("%d changes of the path, %d restarts", c.PathChanges, c.Restarts)
	}
	if len(c.Servers) != 2 || !c.Servers[0].OK() || c.Servers[0].At != 6*time.Millisecond {
		t.Errorf("servers: %+v: the latest result of a URL counts", c.Servers)
	}
	if diff := cmp.Diff(map[string]bool{"video": true}, c.RemoteMuted); diff != "" {
		t.Errorf("remote: %s", diff)
	}
	if diff := cmp.Diff(map[string]bool{"audio": false}, c.LocalMuted); diff != "" {
		t.Errorf("local: %s", diff)
	}
	if diff := cmp.Diff(Signal{State: diag.SignalLost, Requests: 2, Failed: 1, LastError: "refused"}, c.Signal); diff != "" {
		t.Errorf("signaling: %s", diff)
	}
}

// TestFirstPacketBeforeTrack: the packet may be quicker than the news of its track; they become one row.
func TestFirstPacketBeforeTrack(t *testing.T) {
	c := Fold(diagtest.Log(
		5, diag.FirstPacket{Direction: diag.Inbound, Kind: "audio", SSRC: 7},
		6, diag.TrackAdded{Direction: diag.Inbound, Kind: "audio", SSRC: 7, MimeType: "audio/opus"},
	))
	want := []TrackRow{{
		TrackAdded: diag.TrackAdded{Direction: diag.Inbound, Kind: "audio", SSRC: 7, MimeType: "audio/opus"},
		At:         5 * time.Millisecond, FirstPacket: new(5 * time.Millisecond),
	}}
	if diff := cmp.Diff(want, c.Tracks); diff != "" {
		t.Error(diff)
	}
}

// TestClockNeverGoesBack folds a log whose times do not rise, as an edited recording may have.
func TestClockNeverGoesBack(t *testing.T) {
	if c := Fold(diagtest.Log(500, diag.ICEState{State: "new"}, 100, diag.ICEState{State: "checking"})); c.Now != 500*time.Millisecond {
		t.Errorf("now is %v", c.Now)
	}
}

// TestUnknownEventsChangeNothing but the count and the clock.
func TestUnknownEventsChangeNothing(t *testing.T) {
	want := Fold(diagtest.GoodCall())
	got := Fold(diagtest.Then(diagtest.GoodCall(), 310, diag.Unknown{Name: "future.thing", Raw: []byte(`{"a":1}`)}))
	got.Events--
	opts := cmp.Options{cmp.AllowUnexported(Call{}, Distribution{}), cmpopts.IgnoreFields(DescriptionRow{}, "parse"), cmpopts.EquateEmpty()}
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
		for _, d := range []diag.Data{
			diag.Candidate{Side: diag.Local, ID: id},
			diag.Candidate{Side: diag.Remote, ID: id},
			diag.ServerStage{URL: id},
			diag.Pair{ID: id},
			diag.Selected{PairID: id},
			diag.SessionDescription{Side: diag.Remote, SDP: id},
			diag.PhaseStart{Phase: diag.PhaseChannel, Subject: id},
			diag.ChannelOpen{Label: id, ID: new(uint16(i))},
			diag.Message{Direction: diag.Inbound, Label: diag.LabelControl, Text: id},
			diag.Control{Direction: diag.Inbound, Code: id},
			diag.Ping{RTTMs: diag.Millis(i)},
			diag.TrackAdded{Direction: diag.Inbound, Kind: "video", SSRC: uint32(i + 1), MimeType: "video/VP8"},
			diag.FirstPacket{Direction: diag.Inbound, Kind: "video", SSRC: uint32(i + 1)},
			diag.TrackMuted{Side: diag.Remote, Kind: id, Muted: true},
			diag.Sample{},
			diag.Warning{ID: id},
			diag.SignalRequest{Error: id},
			diag.Restart{Reason: id},
			diag.Unknown{Name: diag.Type(id), Raw: []byte("{}")},
		} {
			c.Apply(diag.Event{Seq: c.Events + 1, At: time.Duration(i) * time.Millisecond, Data: d})
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
}

func BenchmarkApply(b *testing.B) {
	events := diagtest.Then(diagtest.GoodCall(), 400, diag.Message{Direction: diag.Inbound, Label: diag.LabelChat, Text: "hello"}, 410, diag.Ping{RTTMs: 1}, 1000, diagtest.Flowing())
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
			c.Apply(diag.Event{Data: diag.Message{Direction: diag.Inbound, Label: diag.LabelChat, Text: "x"}})
			c.Apply(diag.Event{Data: diag.Pair{ID: fmt.Sprint(i)}})
			c.Apply(diag.Event{Data: diagtest.Flowing()})
		}
		b.ReportAllocs()
		b.ResetTimer()
		for i := 0; b.Loop(); i++ {
			c.Apply(events[i%len(events)])
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	})
}

// TestControlOfItsDirection: what a control message means belongs to the latest message that went the same way, though
// another one may have come in between.
func TestControlOfItsDirection(t *testing.T) {
	c := Fold(diagtest.Log(
		1, diag.Message{Direction: diag.Inbound, Label: diag.LabelControl, Text: "in"},
		2, diag.Message{Direction: diag.Outbound, Label: diag.LabelControl, Text: "out"},
		3, diag.Control{Direction: diag.Inbound, Code: "mute_audio"},
	))
	if in, out := c.Messages[0].Control, c.Messages[1].Control; in == nil || in.Code != "mute_audio" || out != nil {
		t.Errorf("inbound %+v, outbound %+v", in, out)
	}
}

// TestSetupTimeBeforeTheChannel: what is dialed and waited for after a channel has opened is no part of the setup.
func TestSetupTimeBeforeTheChannel(t *testing.T) {
	span := func(at int, phase diag.PhaseName) []any {
		return []any{at, diag.PhaseStart{Phase: phase}, at + 10, diag.PhaseEnd{Phase: phase, Outcome: diag.OutcomeOK}}
	}
	c := Fold(diagtest.Then(diagtest.Log(append(span(0, diag.PhaseDial), span(20, diag.PhaseWait)...)...),
		append([]any{100, diag.ChannelOpen{Label: diag.LabelChat}}, append(span(200, diag.PhaseDial), span(300, diag.PhaseWait)...)...)...))
	if d, ok := c.SetupTime(); !ok || d != 70*time.Millisecond {
		t.Errorf("%s, %t", d, ok)
	}
}
