package call

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/diagtest"
)

// TestEndsOfStreams: what one side sends beside what the other receives, in the order of the reports.
func TestEndsOfStreams(t *testing.T) {
	n := func(v uint64) *uint64 { return &v }
	audioIn, videoOut := diag.InboundRTP{Kind: "audio", SSRC: 1, MimeType: "audio/opus", PacketsReceived: n(90), PacketsLost: new(int64(7))},
		diag.OutboundRTP{Kind: "video", SSRC: 2, PacketsSent: n(50), Remote: &diag.RemoteInbound{PacketsLost: new(int64(3))}}
	unheard := diag.OutboundRTP{Kind: "audio", SSRC: 4, MimeType: "audio/PCMU", PacketsSent: n(8)}
	list := EndsStreams(diag.RemoteSample{
		Inbound: []diag.InboundRTP{audioIn}, Outbound: []diag.OutboundRTP{videoOut, unheard},
		Here: []diag.StreamCount{
			{Direction: diag.Inbound, Kind: "video", SSRC: 2, Packets: 60},
			{Direction: diag.Outbound, Kind: "video", SSRC: 3, Packets: 20},
			{Direction: diag.Outbound, Kind: "audio", SSRC: 1, Packets: 100},
		},
	})
	want := []EndsStream{
		{Direction: diag.Outbound, Kind: "audio", SSRC: 1, Sent: n(100), Received: n(90), Receiver: &audioIn},
		{Direction: diag.Outbound, Kind: "video", SSRC: 3, Sent: n(20), Received: n(0)},
		{Direction: diag.Inbound, Kind: "audio", SSRC: 4, Sent: n(8), Received: n(0), Sender: &unheard},
		{Direction: diag.Inbound, Kind: "video", SSRC: 2, Sent: n(50), Received: n(60), Sender: &videoOut},
	}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Fatal(diff)
	}
	for i, missing := range []uint64{10, 20, 8, 0} {
		if got, known := list[i].Missing(); got != missing || !known {
			t.Errorf("stream %d: %d missing, %t", i, got, known)
		}
	}
	for _, s := range []EndsStream{{Sent: n(3)}, {Received: n(3)}} {
		if _, known := s.Missing(); known {
			t.Errorf("%+v: known what is missing", s)
		}
	}
	lost := func(s EndsStream, side diag.Side) int64 {
		if v := s.Lost(side); v != nil {
			return *v
		}
		return -1
	}
	if a, b, c, d := lost(list[0], diag.Remote), lost(list[0], diag.Local), lost(list[3], diag.Remote), lost(list[3], diag.Local); a != 7 || b != -1 || c != 3 || d != -1 {
		t.Errorf("lost: %d, %d, %d, %d", a, b, c, d)
	}
	if list[0].MimeType() != "audio/opus" || list[2].MimeType() != "audio/PCMU" || list[1].MimeType() != "" {
		t.Error("codecs of the streams")
	}
	whole := EndsStreams(diag.RemoteSample{
		Outbound: []diag.OutboundRTP{{Kind: "audio", PacketsSent: n(5)}, {Kind: "video", SSRC: 2, PacketsSent: n(6)}},
		Here:     []diag.StreamCount{{Direction: diag.Inbound, Kind: "audio", SSRC: 9, Packets: 5}, {Direction: diag.Outbound, Kind: "video", SSRC: 2, Packets: 1}},
	})
	if len(whole) != 3 || whole[0].Direction != diag.Outbound || whole[1].Kind != "audio" || *whole[1].Sent != 5 || whole[2].SSRC != 2 {
		t.Errorf("a peer without SSRCs: %+v", whole)
	}
}

// TestBothEndsOfTheCall: the latest of both sides, and only there if the peer reports.
func TestBothEndsOfTheCall(t *testing.T) {
	if _, reported := Fold(diagtest.Log(1, diag.Sample{})).BothEnds(); reported {
		t.Error("ends without a peer that reports")
	}
	here := []diag.StreamCount{{Direction: diag.Outbound, Kind: "audio", SSRC: 1, Packets: 5}, {Direction: diag.Inbound, Kind: "audio", SSRC: 2, Packets: 6}}
	c := Fold(diagtest.Log(
		1, diag.Sample{
			Inbound: []diag.InboundRTP{{Kind: "audio", SSRC: 2}}, Outbound: []diag.OutboundRTP{{Kind: "audio", SSRC: 1}},
			Pair: &diag.Pair{CurrentRoundTripTime: new(0.1)},
		},
		2, diag.RemoteSample{}, 3, diag.RemoteSample{Here: here, Pair: &diag.PeerPair{CurrentRoundTripTime: new(0.2)}},
	))
	e, reported := c.BothEnds()
	if !reported || e.At != 3*ms || len(e.Streams) != 2 || e.Streams[0].Sender == nil || e.Streams[1].Receiver == nil || *e.RTTHere != 0.1 || *e.RTTThere != 0.2 {
		t.Errorf("%+v", e)
	}
}

// TestCountersBeginAnew: a counter of a stream that fell, of the same stream.
func TestCountersBeginAnew(t *testing.T) {
	sample := func(ssrc uint32, received, sent uint64) diag.RemoteSample {
		return diag.RemoteSample{
			Inbound:  []diag.InboundRTP{{Kind: "audio", SSRC: ssrc, PacketsReceived: &received}},
			Outbound: []diag.OutboundRTP{{Kind: "video", SSRC: ssrc, PacketsSent: &sent}},
		}
	}
	for name, tt := range map[string]struct {
		now  diag.RemoteSample
		want bool
	}{
		"more":           {sample(1, 11, 21), false},
		"as many":        {sample(1, 10, 20), false},
		"fewer received": {sample(1, 9, 21), true},
		"fewer sent":     {sample(1, 11, 19), true},
		"another stream": {sample(2, 1, 1), false},
		"nothing":        {diag.RemoteSample{}, false},
	} {
		for _, between := range [][]any{nil, {2, diag.RemoteSample{}, 3, sample(3, 5, 5)}} { // left out for a while
			c := Fold(diagtest.Log(append(append([]any{1, sample(1, 10, 20)}, between...), 4, tt.now)...))
			if got := c.RemoteSince != nil; got != tt.want {
				t.Errorf("%s after %v: since %v", name, between, c.RemoteSince)
			}
		}
	}
}

// TestSumOfStreams: counters add up, and of times the worst counts.
func TestSumOfStreams(t *testing.T) {
	in := func(ssrc uint32, k uint64, width uint16) diag.InboundRTP {
		f, i, u := float64(k), int64(k), uint32(k)
		return diag.InboundRTP{
			Kind: "video", SSRC: ssrc, MimeType: "video/VP8", PacketsReceived: &k, BytesReceived: new(1000 * k), PacketsLost: &i, PacketsRepaired: new(i / 2),
			Jitter: new(f / 100), RoundTripTime: new(f / 10), EchoDelay: new(f), NACKCount: &u, PLICount: new(10 * u), FECPacketsReceived: &k,
			FramesReceived: &u, FreezeCount: &u, FrameWidth: &width, FrameHeight: new(width / 2),
			OneWayDelay: &diag.OneWayDelay{Mean: f, Uncertainty: f / 2, Source: diag.DelaySource(string(rune('a' + k)))},
		}
	}
	c := Fold(diagtest.Log(
		0, diag.ConnectionState{State: "connected"},
		1, diag.VideoEncoding{SSRC: 1, Width: 640}, 2, diag.VideoEncoding{SSRC: 2, Width: 320},
		10_000, diag.Sample{
			Inbound:  []diag.InboundRTP{in(1, 4, 640), in(2, 2, 320), {Kind: "audio", PacketsReceived: new(uint64(99))}},
			Outbound: []diag.OutboundRTP{{Kind: "video", NACKCount: new(uint32(3)), PLICount: new(uint32(4))}, {Kind: "video", NACKCount: new(uint32(5)), PLICount: new(uint32(6))}},
		},
	))
	s := c.StreamOf(diag.Inbound, "video")
	ms := func(n int) *diag.Millis { return new(diag.Millis(n) * diag.Millis(1e6)) }
	want := Stream{
		MimeType: "video/VP8", Flows: true, Packets: 6, Bytes: 6000, Lost: new(int64(6)), Loss: new(0.5), Repaired: new(int64(3)),
		UnrepairedLoss: new(0.25), Jitter: ms(40), RoundTrip: ms(400), OneWayDelay: ms(4000), OneWayUncertainty: ms(2000), OneWaySource: "e",
		EchoDelay: ms(4000), Bitrate: new(4800.0), FramesPerSecond: new(0.6), Frames: new(uint32(6)), Freezes: new(uint32(6)),
		Width: new(uint16(640)), Height: new(uint16(320)), NACK: 6, PLI: 60, FEC: new(6.0),
		Encoding: &diag.VideoEncoding{SSRC: 1, Width: 640},
	}
	s.Inbound, s.patience, s.expected = nil, 0, nil
	if diff := cmp.Diff(want, s, cmp.AllowUnexported(Stream{})); diff != "" {
		t.Error(diff)
	}
	if out := c.StreamOf(diag.Outbound, "video"); out.NACK != 8 || out.PLI != 10 {
		t.Errorf("outbound: %d NACK, %d PLI", out.NACK, out.PLI)
	}
}

// TestSilenceAtTheEnd: who ends a call has no time to wait for silence: a few of the longest pauses are enough.
func TestSilenceAtTheEnd(t *testing.T) {
	for name, tt := range map[string]struct {
		final   bool
		by      diag.EndedBy
		ago     float64
		longest []float64 // of each stream
		want    bool
	}{
		"ended here":                {true, diag.ByLocal, 0.6, []float64{0.1}, true},
		"ended here, just now":      {true, diag.ByLocal, 0.49, []float64{0.1}, false},
		"with long pauses":          {true, diag.ByLocal, 0.6, []float64{0.25}, false},
		"with a long pause of one":  {true, diag.ByLocal, 0.6, []float64{0.25, 0.1}, false},
		"with one of the other one": {true, diag.ByLocal, 0.6, []float64{0.1, 0.25}, false},
		"ended there":               {true, diag.ByRemote, 0.6, []float64{0.1}, false},
		"in progress":               {false, "", 0.6, []float64{0.1}, false},
		"no pauses are known":       {true, diag.ByLocal, 0.6, []float64{0}, false},
	} {
		var in []diag.InboundRTP
		for i, gap := range tt.longest {
			s := diag.InboundRTP{Kind: "audio", SSRC: uint32(i), PacketsReceived: new(uint64(9)), LastPacketReceivedAgo: new(tt.ago)}
			if gap > 0 {
				s.LongestPacketGap = &gap
			}
			in = append(in, s)
		}
		parts := []any{0, diag.ConnectionState{State: "connected"}, 10_000, diag.Sample{Final: tt.final, Inbound: in}}
		if tt.by != "" {
			parts = append(parts, 10_001, diag.CallEnded{Reason: diag.EndHangup, By: tt.by})
		}
		s := Fold(diagtest.Log(parts...)).StreamOf(diag.Inbound, "audio")
		if s.HasStopped() != tt.want {
			t.Errorf("%s: stopped %t", name, s.HasStopped())
		}
	}
}

// TestNotReceived: what the peer's feedback has not named for a second does not arrive, unless another stream does, or it
// is not sent any more.
func TestNotReceived(t *testing.T) {
	out := func(gone *float64, ago float64) diag.OutboundRTP {
		return diag.OutboundRTP{Kind: "audio", PacketsSent: new(uint64(9)), LastPacketSentAgo: &ago, Remote: &diag.RemoteInbound{NotReceivedFor: gone}}
	}
	for name, tt := range map[string]struct {
		out  []diag.OutboundRTP
		want bool
	}{
		"it arrives":                {[]diag.OutboundRTP{out(nil, 0)}, false},
		"it does not":               {[]diag.OutboundRTP{out(new(1.0), 0)}, true},
		"it has not for a moment":   {[]diag.OutboundRTP{out(new(0.9), 0)}, false},
		"it is not sent":            {[]diag.OutboundRTP{out(new(2.0), SilentAfter)}, false},
		"the second does":           {[]diag.OutboundRTP{out(new(2.0), 0), out(nil, 0)}, false},
		"the first does":            {[]diag.OutboundRTP{out(nil, 0), out(new(2.0), 0)}, false},
		"the other one is not sent": {[]diag.OutboundRTP{out(nil, SilentAfter), out(new(2.0), 0)}, true},
	} {
		c := Fold(diagtest.Log(0, diag.ConnectionState{State: "connected"}, 10_000, diag.Sample{Outbound: tt.out}))
		if got := c.StreamOf(diag.Outbound, "audio").NotReceived != nil; got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
