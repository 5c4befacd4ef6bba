package diag

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLine(t *testing.T) {
	tests := []struct {
		data Data
		want string
	}{
		{CallStart{Command: "call", Code: "w1", Server: "http://h/call/", ICEServers: []ICEServer{{URL: "stun:s"}}}, `call.start         call "w1" through http://h/call/ stun:s`},
		{PhaseStart{Phase: PhaseDTLS}, "phase.start        dtls begins"},
		{PhaseEnd{Phase: PhaseGather, Subject: "stun:s", Outcome: OutcomeFailed, Detail: "timeout"}, "phase.end          gather stun:s failed (timeout)"},
		{SignalRequest{Code: "dial", Attempt: 2, DurationMs: Millis(12345678), Error: "refused"}, "signal.request     dial no answer 12.3 ms attempt 2 refused"},
		{
			SignalRequest{Code: "get_status", Attempt: 1, Status: 200, DurationMs: Millis(time.Second), LongPoll: true, Answer: "empty", TLSMs: Ptr(Millis(4 * time.Millisecond))},
			"signal.request     get_status 200 1000.0 ms empty (held by the server) tls 4.0 ms",
		},
		{SessionDescription{Side: Remote, SDPType: "answer", SDP: "v=0\r\nm=audio\r\nm=video\r\n"}, "signal.description remote answer 2 media sections"},
		{
			Candidate{Side: Local, CandidateType: Srflx, Protocol: "udp", Address: "2001:db8::1", Port: 5, RelatedAddress: "192.0.2.1", RelatedPort: 6, URL: "stun:s", Priority: 9},
			"ice.candidate      local srflx udp [2001:db8::1]:5 base 192.0.2.1:6 from stun:s priority 9",
		},
		{ServerResult{URL: "stun:s", OK: true, MappedAddress: "203.0.113.7:9", RTTMs: Ptr(Millis(2e6))}, "ice.server         stun:s ok rtt 2.0 ms sees us as 203.0.113.7:9"},
		{
			ServerResult{URL: "turn:t", Stage: "allocate", ErrorCode: 401, ErrorText: "wrong password", DurationMs: Millis(48e6), Advice: "Correct it."},
			"ice.server         turn:t failed at allocate after 48 ms: 401 wrong password Correct it.",
		},
		{Pair{ID: "p", State: PairSucceeded, Nominated: true, RequestsSent: 2, ResponsesReceived: 1, CurrentRoundTripTime: Ptr(0.012)}, "ice.pair           p succeeded nominated 2 requests, 1 responses, rtt 12.00 ms"},
		{Restart{By: ByRemote, Reason: "asked"}, "ice.restart        by remote asked"},
		{ChannelOpen{Side: Remote, Label: "x\n", MaxRetransmits: Ptr(uint16(3))}, `channel.open       "x\n" opened by remote at most 3 retransmissions, unordered`},
		{ChannelOpen{Side: Local, Label: "x", Ordered: true, MaxPacketLifeTime: Ptr(uint16(30))}, `channel.open       "x" opened by local for at most 30 ms`},
		{Message{Direction: Inbound, Label: "chat", Bytes: 2, Text: "hi"}, `channel.message    ◀ "chat" 2 bytes: hi`},
		{Message{Direction: Outbound, Label: "b", Bytes: 9, Binary: true}, `channel.message    ▶ "b" 9 bytes: binary`},
		{Control{Direction: Inbound, Code: "mute_audio", Value: Ptr(false)}, "channel.control    inbound mute_audio false"},
		{TrackMuted{Side: Local, Kind: "audio"}, "track.muted        local unmuted audio"},
		{FirstFrame{Direction: Inbound, Kind: "video", Width: 320, Height: 180}, "media.first_frame  inbound video 320×180"},
		{
			Sample{Outbound: []OutboundRTP{{Kind: "audio", PacketsSent: Ptr(uint64(50))}}, Inbound: []InboundRTP{{Kind: "video", Bitrate: Ptr(150200.0), PacketsReceived: Ptr(uint64(9)), PacketsLost: Ptr(int64(1)), Jitter: Ptr(0.0034)}}},
			"stats.sample       ↑ audio 50 packets  ↓ video 150.2 kbit/s 9 packets 1 lost jitter 3.4 ms",
		},
		{
			RemoteSample{Outbound: []OutboundRTP{{Kind: "audio", PacketsSent: Ptr(uint64(50))}}, Inbound: []InboundRTP{{Kind: "video", PacketsReceived: Ptr(uint64(9)), PacketsLost: Ptr(int64(-1)), FramesPerSecond: Ptr(25.0)}}, Pair: &PeerPair{CurrentRoundTripTime: Ptr(0.002)}},
			"stats.remote       there:  ↑ audio 50 packets  ↓ video 9 packets 25 fps -1 lost  rtt 2.00 ms",
		},
		{CallEnded{Reason: EndICE, By: ByNetwork, Cause: "timeout"}, "call.ended         ice-failed by network timeout"},
		{Unknown{Name: "future.thing", Raw: []byte(`{"a":1}`)}, `future.thing       {"a":1}`},
		{Unknown{Name: "future.thing"}, "future.thing       "},
	}
	for _, tt := range tests {
		t.Run(string(tt.data.Type()), func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Line(Event{Data: tt.data})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestLineHasWordsForAll: each known type is told in words, not as the JSON that is left for the unknown.
func TestLineHasWordsForAll(t *testing.T) {
	for _, e := range examples() {
		name := string(e.Data.Type())
		rest, ok := strings.CutPrefix(Line(e), fmt.Sprintf("%-18s ", name))
		if !ok || rest == "" || strings.HasPrefix(rest, "{") {
			t.Errorf("%s is told as %q", name, Line(e))
		}
	}
}

// FuzzLine puts hostile text into every string of every type.
func FuzzLine(f *testing.F) {
	f.Add("plain")
	f.Add("\x1b]0;title\a\u202e\u009b\r\n\u2028\xff\x00")
	f.Add(strings.Repeat("long ", 1000))
	f.Fuzz(func(t *testing.T, text string) {
		for _, data := range filled(text) {
			checkClean(t, Line(Event{Seq: 1, Data: data}), 600)
		}
		checkClean(t, Line(Event{Data: Unknown{Name: Type(text), Raw: []byte(text)}}), 600)
	})
}

func TestClock(t *testing.T) {
	for at, want := range map[time.Duration]string{0: "   0.000", 1234 * time.Millisecond: "   1.234", time.Hour: "3600.000", 99999 * time.Second: "99999.000"} {
		if got := Clock(at); got != want {
			t.Errorf("Clock(%v) = %q, want %q", at, got, want)
		}
	}
}

func BenchmarkLine(b *testing.B) {
	events := examples()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		Line(events[i%len(events)])
	}
}
