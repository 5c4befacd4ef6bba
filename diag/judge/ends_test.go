package judge_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/words"
)

func TestBothEnds(t *testing.T) {
	if _, told := call.Fold(nil).BothEnds(); told {
		t.Error("there is another end where nobody told of one")
	}
	n := func(v uint64) *uint64 { return &v }
	told := func(at time.Duration, sentHere, receivedThere, sentThere, receivedHere uint64) diag.Event {
		return diag.Event{At: at, Data: diag.RemoteSample{
			Timestamp: float64(at/time.Millisecond) + 1, Inbound: []diag.InboundRTP{{Kind: "audio", SSRC: 1, PacketsReceived: n(receivedThere), PacketsLost: new(int64(2))}},
			Outbound: []diag.OutboundRTP{{Kind: "video", SSRC: 2, PacketsSent: n(sentThere), FrameWidth: new(uint16(640)), FrameHeight: new(uint16(360))}},
			Here:     []diag.StreamCount{{Direction: diag.Inbound, Kind: "video", SSRC: 2, Packets: receivedHere}, {Direction: diag.Outbound, Kind: "audio", SSRC: 1, Packets: sentHere}},
			Pair:     &diag.PeerPair{CurrentRoundTripTime: new(0.01 + at.Seconds()/1e4)},
		}}
	}
	many := func(each func(i uint64) diag.Event) []diag.Event {
		var out []diag.Event
		for i := range uint64(13) {
			out = append(out, each(i))
		}
		return out
	}
	sample := func(rtt float64) diag.Event {
		return diag.Event{At: time.Minute, Data: diag.Sample{Pair: &diag.Pair{CurrentRoundTripTime: &rtt}}}
	}
	nothing := diag.RemoteSample{Timestamp: 1, Here: []diag.StreamCount{{Direction: diag.Inbound, Kind: "video", SSRC: 2, Packets: 400}, {Direction: diag.Outbound, Kind: "audio", SSRC: 1, Packets: 400}}}
	for _, test := range []struct {
		name   string
		events []diag.Event
		want   []string // titles
	}{
		{"they agree", []diag.Event{told(time.Second, 1000, 996, 900, 903)}, nil},
		{"under way at the beginning", []diag.Event{told(time.Second, 50, 0, 50, 0)}, nil},
		{"audio does not come through", []diag.Event{told(time.Second, 1000, 0, 900, 900)}, []string{"1000 of 1000 audio packets sent locally were not received by the peer since the call began."}},
		{"a third of the video is lost", []diag.Event{told(time.Second, 100, 100, 900, 600)}, []string{"300 of 900 video packets sent by the peer were not received locally since the call began."}},
		{"a receiver that counts more", []diag.Event{told(time.Second, 100, 100, 300, 900)}, []string{"900 video packets were received locally, but 300 sent by the peer since the call began."}},
		{"a sender that says nothing", []diag.Event{{At: time.Second, Data: nothing}}, []string{
			"400 of 400 audio packets sent locally were not received by the peer since the call began.",
			"400 video packets were received locally, but 0 sent by the peer since the call began.",
		}},
		{"it stopped lately in a long call", many(func(i uint64) diag.Event {
			return told(time.Duration(i)*time.Second, 100_000+50*i, 100_000, 7, 7)
		}), []string{"500 of 500 audio packets sent locally were not received by the peer in the last 10.0 s."}},
		{"a fast stream over a slow path", append(many(func(i uint64) diag.Event {
			return told(time.Duration(i)*time.Second, 1000*i, 1000*i-min(500*i, 500), 7, 7)
		}), sample(0.6)), nil},
		{"a peer that began to count anew", []diag.Event{told(time.Second, 900, 900, 900, 900), told(2*time.Second, 1000, 60, 1000, 1000), told(3*time.Second, 1100, 160, 1100, 1100)}, nil},
		{"it began to count anew lately", many(func(i uint64) diag.Event {
			received := 900 * i
			if i > 2 {
				received -= 2000
			}
			return told(time.Duration(i)*time.Second, 900*i, received, 7, 7)
		}), nil},
		{"a stream that is left out", []diag.Event{told(time.Second, 7, 7, 400, 400), {At: 2 * time.Second, Data: diag.RemoteSample{
			Timestamp: 2001, Here: []diag.StreamCount{{Direction: diag.Inbound, Kind: "video", SSRC: 2, Packets: 400}},
		}}}, nil},
		{"loss since it began to count anew", []diag.Event{told(time.Second, 900, 900, 900, 900), told(2*time.Second, 1000, 60, 1000, 1000), told(3*time.Second, 1500, 160, 1500, 1500)}, []string{
			"400 of 500 audio packets sent locally were not received by the peer in the last 1.0 s.",
		}},
		{"loss that the receiver counts", []diag.Event{{At: time.Second, Data: diag.RemoteSample{
			Timestamp: 1001, Inbound: []diag.InboundRTP{{Kind: "audio", SSRC: 1, PacketsReceived: n(600), PacketsLost: new(int64(400))}},
			Here: []diag.StreamCount{{Direction: diag.Outbound, Kind: "audio", SSRC: 1, Packets: 1000}},
		}}}, nil},
		{"a sample that an outage held up", []diag.Event{told(time.Second, 100, 100, 100, 100), {At: 9 * time.Second, Data: diag.RemoteSample{
			Timestamp: 2001, Inbound: []diag.InboundRTP{{Kind: "audio", SSRC: 1, PacketsReceived: n(150)}},
			Here: []diag.StreamCount{{Direction: diag.Outbound, Kind: "audio", SSRC: 1, Packets: 900}},
		}}}, nil},
		{"a section that the peer does not receive", []diag.Event{
			{Data: diag.SessionDescription{Side: diag.Remote, SDPType: "answer", SDP: "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=sendonly\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=sendonly\r\n"}},
			told(time.Second, 1000, 0, 900, 900),
		}, nil},
		{"round trips that differ", append(many(func(i uint64) diag.Event { return told(time.Duration(i)*time.Second, 1, 1, 1, 1) }), sample(0.1), sample(0.12), sample(0.11)), []string{"The round-trip time is 110 ms locally and 10.6 ms at the peer."}},
		{"one round trip, repeated", append(many(func(i uint64) diag.Event { return told(0, 1, 1, 1, 1) }), sample(0.1), sample(0.12), sample(0.11)), nil},
		{"round trips that differ a little", append(many(func(i uint64) diag.Event { return told(0, 1, 1, 1, 1) }), sample(0.05), sample(0.04), sample(0.03)), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var titles []string
			for _, f := range judge.EndsFindings(call.Fold(test.events)) {
				titles = append(titles, words.Of(f).Title)
			}
			if diff := cmp.Diff(test.want, titles); diff != "" {
				t.Error(diff)
			}
		})
	}
	placed := call.Fold([]diag.Event{{At: time.Second, Data: diag.Sample{
		Outbound: []diag.OutboundRTP{{Kind: "audio", SSRC: 1, MimeType: "audio/opus", Remote: &diag.RemoteInbound{PacketsLost: new(int64(3))}}},
		Inbound:  []diag.InboundRTP{{Kind: "video", SSRC: 2, PacketsLost: new(int64(4)), FramesPerSecond: new(25.0)}},
		Pair:     &diag.Pair{CurrentRoundTripTime: new(0.012)},
	}}, told(2*time.Second, 100, 96, 90, 93)})
	got, _ := placed.BothEnds()
	want := call.Ends{At: 2 * time.Second, RTTHere: new(0.012), RTTThere: new(0.0102), Streams: []call.EndsStream{
		{Direction: diag.Outbound, Kind: "audio", SSRC: 1, Sent: n(100), Received: n(96), Sender: &placed.Latest().Outbound[0], Receiver: &placed.RemoteSamples[0].Inbound[0]},
		{Direction: diag.Inbound, Kind: "video", SSRC: 2, Sent: n(90), Received: n(93), Sender: &placed.RemoteSamples[0].Outbound[0], Receiver: &placed.Latest().Inbound[0]},
	}}
	for i, want := range []struct {
		mime        string
		here, there *int64
	}{{"audio/opus", new(int64(3)), new(int64(2))}, {"", new(int64(4)), nil}} {
		s := got.Streams[i]
		if diff := cmp.Diff([]any{want.mime, want.here, want.there}, []any{s.MimeType(), s.Lost(diag.Local), s.Lost(diag.Remote)}); diff != "" {
			t.Errorf("stream %d: %s", i, diff)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if missing, known := got.Streams[0].Missing(); missing != 4 || !known {
		t.Errorf("%d missing", missing)
	}
	if missing, known := got.Streams[1].Missing(); missing != 0 || !known {
		t.Errorf("%d missing where more came", missing)
	}
}
