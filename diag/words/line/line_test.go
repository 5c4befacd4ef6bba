package line

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/diagtest"
)

func TestLine(t *testing.T) {
	tests := []struct {
		data diag.Data
		want string
	}{
		{diag.CallStart{Command: "call", Code: "w1", Server: "http://h/call/", ICEServers: []diag.ICEServer{{URL: "stun:s"}}}, `call.start         call "w1" through http://h/call/ stun:s`},
		{diag.PhaseStart{Phase: diag.PhaseDTLS}, "phase.start        dtls begins"},
		{diag.PhaseEnd{Phase: diag.PhaseGather, Subject: "stun:s", Outcome: diag.OutcomeFailed, Detail: "timeout"}, "phase.end          gather stun:s failed (timeout)"},
		{diag.SignalRequest{Code: "dial", Attempt: 2, DurationMs: diag.Millis(12345678), Error: "refused"}, "signal.request     dial no answer 12.3 ms attempt 2 refused"},
		{
			diag.SignalRequest{Code: "get_status", Attempt: 1, Status: 200, DurationMs: diag.Millis(time.Second), LongPoll: true, Answer: "empty", TLSMs: new(diag.Millis(4 * time.Millisecond))},
			"signal.request     get_status 200 1000.0 ms empty (held by the server) tls 4.0 ms",
		},
		{diag.SessionDescription{Side: diag.Remote, SDPType: "answer", SDP: "v=0\r\nm=audio\r\nm=video\r\n"}, "signal.description remote answer 2 media sections"},
		{
			diag.Candidate{Side: diag.Local, CandidateType: diag.Srflx, Protocol: "udp", Address: "2001:db8::1", Port: 5, RelatedAddress: "192.0.2.1", RelatedPort: 6, URL: "stun:s", Priority: 9},
			"ice.candidate      local srflx udp [2001:db8::1]:5 base 192.0.2.1:6 from stun:s priority 9",
		},
		{
			diag.ServerStage{URL: "stun:s", Stage: diag.Stage{Name: diag.StageBinding, DurationMs: diag.Millis(2e6), Mapped: "203.0.113.7:9"}},
			"server.stage       stun:s binding 2.0 ms mapped address 203.0.113.7:9",
		},
		{
			diag.ServerStage{URL: "turn:t", Stage: diag.Stage{Name: diag.StageAllocate, DurationMs: diag.Millis(48e6), Failure: &diag.Failure{Cause: diag.CauseAuth, Code: 401, Reason: "Wrong"}}},
			"server.stage       turn:t allocate 48.0 ms failed: auth 401 Wrong",
		},
		{
			diag.NATRequest{Test: diag.TestReach, To: diagtest.ServerA, Answer: &diag.NATAnswer{RTTMs: diag.Millis(2e6), Mapped: diagtest.ServerB}},
			"nat.request        reach to 9.9.9.1:3478 rtt 2.0 ms mapped address 9.9.9.2:3479",
		},
		{diag.NATRequest{Test: diag.TestChangeBoth, To: diagtest.ServerA}, "nat.request        change-both to 9.9.9.1:3478 no answer"},
		{diag.NATServer{URL: "stun:s", Failure: &diag.Failure{Cause: diag.CauseDNS, Detail: diag.DetailNoName}}, "nat.server         stun:s failed: dns no-name"},
		{diag.DiagnosisEnd{Stopped: diag.StoppedError, Reason: "no socket"}, "diagnosis.end      error no socket"},
		{diag.Pair{ID: "p", State: diag.PairSucceeded, Nominated: true, RequestsSent: 2, ResponsesReceived: 1, CurrentRoundTripTime: new(0.012)}, "ice.pair           p succeeded nominated 2 requests, 1 responses, rtt 12.00 ms"},
		{diag.Pair{ID: "p", State: diag.PairSucceeded, ResponsesReceived: 3}, "ice.pair           p succeeded 3 responses"},
		{diag.Pair{ID: "p", State: diag.PairSucceeded}, "ice.pair           p succeeded"},
		{diag.Pair{ID: "p", State: diag.PairWaiting}, "ice.pair           p waiting 0 requests, 0 responses"},
		{diag.Restart{By: diag.ByRemote, Reason: "asked"}, "ice.restart        by remote asked"},
		{
			diag.Restart{By: diag.ByNetwork, Reason: "silence", LimitMs: new(diag.Millis(time.Minute))},
			"ice.restart        by network silence (the path is lost: dialing the peer again for 1 min at most)",
		},
		{diag.ChannelOpen{Side: diag.Remote, Label: "x\n", MaxRetransmits: new(uint16(3))}, `channel.open       "x\n" opened by remote at most 3 retransmissions, unordered`},
		{diag.ChannelOpen{Side: diag.Local, Label: "x", Ordered: true, MaxPacketLifeTime: new(uint16(30))}, `channel.open       "x" opened by local retransmitted for 30 ms`},
		{diag.Message{Direction: diag.Inbound, Label: "chat", Bytes: 2, Text: "hi"}, `channel.message    ◀ "chat" 2 bytes: hi`},
		{diag.Message{Direction: diag.Outbound, Label: "b", Bytes: 9, Binary: true}, `channel.message    ▶ "b" 9 bytes: binary`},
		{diag.Control{Direction: diag.Inbound, Code: "mute_audio", Value: new(false)}, "channel.control    inbound mute_audio false"},
		{diag.TrackMuted{Side: diag.Local, Kind: "audio"}, "track.muted        local unmuted audio"},
		{diag.FirstFrame{Direction: diag.Inbound, Kind: "video", Width: 320, Height: 180}, "media.first_frame  inbound video 320×180"},
		{
			diag.Sample{Outbound: []diag.OutboundRTP{{Kind: "audio", PacketsSent: new(uint64(50))}}, Inbound: []diag.InboundRTP{{Kind: "video", Bitrate: new(150200.0), PacketsReceived: new(uint64(9)), PacketsLost: new(int64(1)), Jitter: new(0.0034)}}},
			"stats.sample       ↑ audio 50 packets  ↓ video 150.2 kbit/s 9 packets 1 lost jitter 3.4 ms",
		},
		{
			diag.RemoteSample{Outbound: []diag.OutboundRTP{{Kind: "audio", PacketsSent: new(uint64(50))}}, Inbound: []diag.InboundRTP{{Kind: "video", PacketsReceived: new(uint64(9)), PacketsLost: new(int64(-1)), FramesPerSecond: new(25.0)}}, Pair: &diag.PeerPair{CurrentRoundTripTime: new(0.002)}},
			"stats.remote       there:  ↑ audio 50 packets  ↓ video 25 fps 9 packets -1 lost  rtt 2.00 ms",
		},
		{diag.CallEnded{Reason: diag.EndICE, By: diag.ByNetwork, Cause: "timeout"}, "call.ended         ice-failed by network timeout"},
		{diag.Unknown{Name: "future.thing", Raw: []byte(`{"a":1}`)}, `future.thing       {"a":1}`},
		{diag.Unknown{Name: "future.thing"}, "future.thing       "},
	}
	for _, tt := range tests {
		t.Run(string(diag.TypeOf(tt.data)), func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Of(diag.Event{Data: tt.data})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestLineHasWordsForAll: each known type is told in words, not as the JSON that is left for the unknown.
func TestLineHasWordsForAll(t *testing.T) {
	for kind, data := range diagtest.Filled("x") {
		e, name := diag.Event{Seq: 1, Data: data}, string(kind)
		rest, ok := strings.CutPrefix(Of(e), fmt.Sprintf("%-18s ", name))
		if !ok || rest == "" || strings.HasPrefix(rest, "{") {
			t.Errorf("%s is told as %q", name, Of(e))
		}
	}
}

// FuzzLine puts hostile text into every string of every type.
func FuzzLine(f *testing.F) {
	f.Add("plain")
	f.Add("\x1b]0;title\a\u202e\u009b\r\n\u2028\xff\x00")
	f.Add(strings.Repeat("long ", 1000))
	f.Fuzz(func(t *testing.T, text string) {
		for _, data := range diagtest.Filled(text) {
			diagtest.CheckClean(t, Of(diag.Event{Seq: 1, Data: data}), 600)
		}
		diagtest.CheckClean(t, Of(diag.Event{Data: diag.Unknown{Name: diag.Type(text), Raw: []byte(text)}}), 600)
	})
}

func TestTime(t *testing.T) {
	for at, want := range map[time.Duration]string{0: "   0.000", 1234 * time.Millisecond: "   1.234", time.Hour: "3600.000", 99999 * time.Second: "99999.000"} {
		if got := Time(at); got != want {
			t.Errorf("Time(%v) = %q, want %q", at, got, want)
		}
	}
}

func BenchmarkLine(b *testing.B) {
	all := slices.Collect(maps.Values(diagtest.Filled("x")))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		Of(diag.Event{Seq: 1, Data: all[i%len(all)]})
	}
}
