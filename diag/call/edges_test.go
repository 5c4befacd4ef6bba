package call

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/diagtest"
)

const ms = time.Millisecond

// TestFlowEdges: packets that were counted and are none, and silence to the second.
func TestFlowEdges(t *testing.T) {
	const offer = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 RTP 0\r\na=sendrecv\r\n"
	at := func(in diag.InboundRTP, out diag.OutboundRTP) *Call {
		in.Kind, out.Kind = "audio", "audio"
		return Fold(diagtest.Log(
			0, diag.CallStart{Media: true},
			1, diag.TrackAdded{Direction: diag.Outbound, Kind: "audio"},
			2, diag.SessionDescription{Side: diag.Remote, SDPType: "answer", SDP: offer},
			3, diag.SessionDescription{Side: diag.Local, SDPType: "offer", SDP: offer},
			100, diag.ConnectionState{State: "connected"},
			9000, diag.Sample{Inbound: []diag.InboundRTP{in}, Outbound: []diag.OutboundRTP{out}},
		))
	}
	for name, tt := range map[string]struct {
		received, sent uint64
		ago            float64
		in, out        Flow
	}{
		"nothing":            {0, 0, 0, FlowMissing, FlowMissing},
		"one packet":         {1, 1, 0, FlowOK, FlowOK},
		"nearly silent":      {9, 9, SilentAfter - 0.01, FlowOK, FlowOK},
		"silent for so long": {9, 9, SilentAfter, FlowSilent, FlowOK},
	} {
		c := at(diag.InboundRTP{PacketsReceived: &tt.received, LastPacketReceivedAgo: &tt.ago}, diag.OutboundRTP{PacketsSent: &tt.sent})
		if in, out := c.Flow(diag.Inbound, "audio"), c.Flow(diag.Outbound, "audio"); in != tt.in || out != tt.out {
			t.Errorf("%s: %s and %s, want %s and %s", name, in, out, tt.in, tt.out)
		}
		if c.NoMedia() == (tt.received > 0) {
			t.Errorf("%s: no media: %v", name, c.NoMedia())
		}
	}
	if Flow(200).String() != "unknown" || Flow(len(flowNames)).String() != "unknown" || State(len(stateNames)).String() != "unknown" {
		t.Error("a flow or a state beyond the last has a name")
	}
}

// TestPromisedByTheLatest: what the peer offers to send is in its latest description, not in ours behind it.
func TestPromisedByTheLatest(t *testing.T) {
	const head = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 RTP 0\r\n"
	c := Fold(diagtest.Log(
		0, diag.SessionDescription{Side: diag.Remote, SDPType: "offer", SDP: head + "a=recvonly\r\n"},
		1, diag.SessionDescription{Side: diag.Remote, SDPType: "offer", SDP: head + "a=sendonly\r\n"},
		2, diag.SessionDescription{Side: diag.Local, SDPType: "answer", SDP: head + "a=recvonly\r\n"},
	))
	if !c.Promised("audio") || c.Promised("video") {
		t.Errorf("audio %v, video %v", c.Promised("audio"), c.Promised("video"))
	}
	if (&Call{}).Promised("audio") {
		t.Error("promised before anything was said")
	}
}

// TestSignalErrors: an error is kept until the next one, and remarks once each, up to their bound.
func TestSignalErrors(t *testing.T) {
	c := Fold(diagtest.Log(0, diag.SignalState{State: diag.SignalLost, Error: "gone"}, 1, diag.SignalState{State: diag.SignalConnected}))
	if c.Signal.LastError != "gone" {
		t.Errorf("%+v", c.Signal)
	}
	var parts []any
	for i := range maxRemarks + 4 {
		parts = append(parts, i, diag.SignalRequest{Code: "dial", Remarks: []string{fmt.Sprint("r", i), "r0"}})
	}
	if c := Fold(diagtest.Log(parts...)); len(c.Signal.Remarks) != maxRemarks {
		t.Errorf("%d remarks", len(c.Signal.Remarks))
	}
	if !IsControl(diag.LabelControl) || !IsControl(diag.LabelControlLegacy) || IsControl(diag.LabelChat) {
		t.Error("which channels carry control messages")
	}
}

// TestTracksByTheirSSRC: the first packet belongs to the track of its SSRC; one without may be any of its kind.
func TestTracksByTheirSSRC(t *testing.T) {
	in := func(ssrc uint32) diag.TrackAdded {
		return diag.TrackAdded{Direction: diag.Inbound, Kind: "video", SSRC: ssrc, MimeType: "video/VP8"}
	}
	packet := func(ssrc uint32) diag.FirstPacket {
		return diag.FirstPacket{Direction: diag.Inbound, Kind: "video", SSRC: ssrc}
	}
	first := func(c *Call) (out []bool) {
		for _, row := range c.Tracks {
			out = append(out, row.FirstPacket != nil)
		}
		return out
	}
	for name, tt := range map[string]struct {
		tracks []diag.TrackAdded
		ssrc   uint32
		want   []bool
	}{
		"the second":              {[]diag.TrackAdded{in(1), in(2)}, 2, []bool{false, true}},
		"an unknown one is added": {[]diag.TrackAdded{in(1), in(2)}, 3, []bool{false, false, true}},
		"a track without":         {[]diag.TrackAdded{in(0), in(2)}, 3, []bool{true, false}},
		"a packet without":        {[]diag.TrackAdded{in(1), in(2)}, 0, []bool{true, false}},
	} {
		var parts []any
		for i, track := range tt.tracks {
			parts = append(parts, i, track)
		}
		if got := first(Fold(diagtest.Log(append(parts, 9, packet(tt.ssrc))...))); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

// TestKeepDropsATenth: a full list loses its oldest tenth at once, and no more.
func TestKeepDropsATenth(t *testing.T) {
	var list []int
	for i := range 21 {
		list = keep(list, i, 20)
	}
	if want := []int{3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20}; !slices.Equal(list, want) {
		t.Errorf("%v", list)
	}
}

// TestDiagnosisEndsOnce: the time of its end is that of the end, whatever comes later, and of none before.
func TestDiagnosisEndsOnce(t *testing.T) {
	c := Fold(diagtest.Log(0, diag.DiagnosisStart{}, 5, diag.NATLocal{}))
	if c.NAT[0].EndedAt != 0 || !c.Diagnosing() {
		t.Errorf("ended at %s", c.NAT[0].EndedAt)
	}
	c = Fold(diagtest.Log(0, diag.DiagnosisStart{}, 5, diag.DiagnosisEnd{}, 9, diag.NATLocal{}))
	if c.NAT[0].EndedAt != 5*ms || c.Diagnosing() {
		t.Errorf("ended at %s", c.NAT[0].EndedAt)
	}
}

// TestLatestOfADistribution: as many as were asked for, the newest last, also when the window wraps.
func TestLatestOfADistribution(t *testing.T) {
	d := distribution(3, 1, 2)
	for n, want := range [][]time.Duration{{}, {2}, {1, 2}, {3, 1, 2}, {3, 1, 2}} {
		if got := d.Latest(n); !slices.Equal(got, want) {
			t.Errorf("%d: %v, want %v", n, got, want)
		}
	}
	if d.Min != 1 || d.Max != 3 {
		t.Errorf("%d to %d", d.Min, d.Max)
	}
}

// TestRoundTripTimeOf: of the checks of the path before that of a ping; unknown is no number.
func TestRoundTripTimeOf(t *testing.T) {
	rtt := 0.030
	ping := []any{0, diag.CallStart{}, 1, diag.Ping{RTTMs: diag.Millis(9 * ms)}}
	for name, tt := range map[string]struct {
		parts []any
		want  time.Duration
		known bool
	}{
		"nothing":                 {[]any{0, diag.CallStart{}}, 0, false},
		"a ping":                  {ping, 9 * ms, true},
		"a sample without a pair": {append(slices.Clip(ping), 2, diag.Sample{}), 9 * ms, true},
		"a pair without a time":   {append(slices.Clip(ping), 2, diag.Sample{Pair: &diag.Pair{}}), 9 * ms, true},
		"a pair":                  {append(slices.Clip(ping), 2, diag.Sample{Pair: &diag.Pair{CurrentRoundTripTime: &rtt}}), 30 * ms, true},
	} {
		if got, known := Fold(diagtest.Log(tt.parts...)).RoundTripTime(); got != tt.want || known != tt.known {
			t.Errorf("%s: %s, %v", name, got, known)
		}
	}
}

// TestUpTimeOf: from the connection to the last sample, the end or the latest event; StateAt is when the state began.
func TestUpTimeOf(t *testing.T) {
	start := []any{0, diag.CallStart{}, 500, diag.ConnectionState{State: "connected"}, 1500, diag.Sample{}}
	for name, tt := range map[string]struct {
		parts []any
		want  time.Duration
	}{
		"in progress":   {append(slices.Clip(start), 2500, diag.ICEState{State: "connected"}), 2 * time.Second},
		"ended":         {append(slices.Clip(start), 3500, diag.CallEnded{Reason: diag.EndHangup}, 4500, diag.ICEState{State: "closed"}), 3 * time.Second},
		"last sample":   {append(slices.Clip(start), 2000, diag.Sample{Final: true}, 3500, diag.CallEnded{Reason: diag.EndHangup}), 1500 * ms},
		"not connected": {[]any{0, diag.CallStart{}, 900, diag.ICEState{State: "checking"}}, 0},
	} {
		c := Fold(diagtest.Log(tt.parts...))
		if got := c.UpTime(); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
	c := Fold(diagtest.Log(append(slices.Clip(start), 2500, diag.ICEState{State: "connected"})...))
	if c.StateAt != 500*ms {
		t.Errorf("connected since %s", c.StateAt)
	}
}

// TestSetupBeginsWithThePairing: a wait that ends with the channel counts, a later one does not.
func TestSetupBeginsWithThePairing(t *testing.T) {
	span := func(end int) []any {
		return []any{0, diag.CallStart{}, 1, diag.PhaseStart{Phase: diag.PhaseWait}, end, diag.PhaseEnd{Phase: diag.PhaseWait, Outcome: diag.OutcomeOK}}
	}
	open := diag.ChannelOpen{Label: diag.LabelChat}
	if got, known := Fold(diagtest.Log(append(span(80), 80, open)...)).SetupTime(); got != 0 || !known {
		t.Errorf("at once: %s, %v", got, known)
	}
	if got, known := Fold(diagtest.Log(append(span(80), 95, open)...)).SetupTime(); got != 15*ms || !known {
		t.Errorf("after 15 ms: %s, %v", got, known)
	}
	if _, known := Fold(diagtest.Log(span(80)...)).SetupTime(); known {
		t.Error("no channel, and a setup time")
	}
}

// TestLateSamples: a sample is late that took half a second longer than the fastest.
func TestLateSamples(t *testing.T) {
	c := Fold(diagtest.Log(
		1000, diag.RemoteSample{Timestamp: 500_000}, 2000, diag.RemoteSample{Timestamp: 501_010}, 3490, diag.RemoteSample{Timestamp: 502_000},
		5020, diag.RemoteSample{Timestamp: 503_000},
	))
	for i, want := range []bool{false, false, false, true} {
		if got := c.IsLate(&c.RemoteSamples[i]); got != want {
			t.Errorf("sample %d is late: %v", i, got)
		}
	}
}

// TestSparseVideo: a shared screen with a frame in two seconds has not stopped when it pauses for two; other video has.
func TestSparseVideo(t *testing.T) {
	const offer = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 RTP 0\r\na=sendrecv\r\n"
	for _, tt := range []struct {
		frames uint32
		recent *float64 // seconds between frames
		ago    float64
		want   Flow
	}{
		{250, nil, 2, FlowSilent},
		{5, nil, 2, FlowOK},
		{5, nil, 5.5, FlowOK},
		{5, nil, 6.5, FlowSilent},
		{1, nil, 9.9, FlowOK},
		{1, nil, 10, FlowSilent},
		{250, new(3.0), 8.9, FlowOK},
		{250, new(3.0), 9, FlowSilent},
		{5, new(0.04), 2, FlowSilent},
	} {
		packets := uint64(tt.frames)
		c := Fold(diagtest.Log(
			0, diag.CallStart{Media: true},
			2, diag.SessionDescription{Side: diag.Remote, SDPType: "answer", SDP: offer},
			3, diag.SessionDescription{Side: diag.Local, SDPType: "offer", SDP: offer},
			100, diag.ConnectionState{State: "connected"},
			10_100, diag.Sample{Inbound: []diag.InboundRTP{{
				Kind: "video", PacketsReceived: &packets, FramesReceived: &tt.frames, LastPacketReceivedAgo: &tt.ago,
				RecentFrameGap: tt.recent,
			}}},
		))
		if got := c.Flow(diag.Inbound, "video"); got != tt.want {
			t.Errorf("%d frames in 10 s, the last %g s ago: %s, want %s", tt.frames, tt.ago, got, tt.want)
		}
	}
}
