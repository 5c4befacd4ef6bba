package call

import (
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/diagtest"
)

// TestWhenItWentDown: a connection goes down when it leaves "connected", and no sooner or later.
func TestWhenItWentDown(t *testing.T) {
	c := Fold(diagtest.Log(
		0, diag.CallStart{}, 1, diag.ConnectionState{State: "connecting"}, 2, diag.ConnectionState{State: "connected"},
	))
	if c.DownAt != 0 {
		t.Errorf("down at %v before it was up", c.DownAt)
	}
	for i, state := range []string{"connected", "disconnected", "failed"} {
		c.Apply(diag.Event{Seq: uint64(10 + i), At: time.Duration(10+i) * time.Second, Data: diag.ConnectionState{State: state}})
	}
	if c.DownAt != 11*time.Second {
		t.Errorf("down at %v", c.DownAt)
	}
}

// TestLongerTimes: of two times of which either may be unknown.
func TestLongerTimes(t *testing.T) {
	one, two := diag.Millis(1), diag.Millis(2)
	for _, tt := range []struct{ a, b, want *diag.Millis }{
		{nil, nil, nil}, {&one, nil, &one}, {nil, &one, &one}, {&one, &two, &two}, {&two, &one, &two},
	} {
		if got := longer(tt.a, tt.b); got != tt.want {
			t.Errorf("%v and %v: %v", tt.a, tt.b, got)
		}
	}
}

// TestOtherFlows: another stream of the kind goes on if it had packets since a time.
func TestOtherFlows(t *testing.T) {
	for name, tt := range map[string]struct {
		in   diag.InboundRTP
		want bool
	}{
		"another one":       {diag.InboundRTP{Kind: "audio", SSRC: 2, LastPacketReceivedAgo: new(1.0)}, true},
		"the same":          {diag.InboundRTP{Kind: "audio", SSRC: 1, LastPacketReceivedAgo: new(1.0)}, false},
		"of another kind":   {diag.InboundRTP{Kind: "video", SSRC: 2, LastPacketReceivedAgo: new(1.0)}, false},
		"long ago":          {diag.InboundRTP{Kind: "audio", SSRC: 2, LastPacketReceivedAgo: new(6.0)}, false},
		"just as it paused": {diag.InboundRTP{Kind: "audio", SSRC: 2, LastPacketReceivedAgo: new(5.0)}, false},
		"never":             {diag.InboundRTP{Kind: "audio", SSRC: 2}, false},
	} {
		c := &Call{Samples: []SampleRow{{At: 10 * time.Second, Sample: diag.Sample{Inbound: []diag.InboundRTP{tt.in}}}}}
		if got := c.otherFlowed(diag.MediaResumed{Kind: "audio", SSRC: 1}, 5*time.Second); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// TestContinuedStreams: a stream that stopped while another of its kind goes on says nothing of the present.
func TestContinuedStreams(t *testing.T) {
	stream := func(kind string, packets uint64, ago float64) diag.InboundRTP {
		return diag.InboundRTP{Kind: kind, PacketsReceived: &packets, LastPacketReceivedAgo: &ago}
	}
	stopped := stream("audio", 9, SilentAfter)
	for name, tt := range map[string]struct {
		s, other diag.InboundRTP
		want     bool
	}{
		"another goes on":  {stopped, stream("audio", 9, 0.1), true},
		"it goes on":       {stream("audio", 9, 0.1), stream("audio", 9, 0.1), false},
		"both stopped":     {stopped, stopped, false},
		"of another kind":  {stopped, stream("video", 9, 0.1), false},
		"none came of it":  {stopped, stream("audio", 0, 0.1), false},
		"nothing is known": {diag.InboundRTP{Kind: "audio"}, stream("audio", 9, 0.1), false},
	} {
		if got := continued([]diag.InboundRTP{tt.s, tt.other}, tt.s); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// TestSentAgain: after a gap each kind comes again if a stream of it has more packets, or is new, unless it is muted.
func TestSentAgain(t *testing.T) {
	row := func(ssrc uint32, packets uint64) *SampleRow {
		return &SampleRow{Sample: diag.Sample{Inbound: []diag.InboundRTP{{Kind: "audio", SSRC: ssrc, PacketsReceived: &packets}}}}
	}
	c := &Call{RemoteMuted: map[string]bool{"video": true}}
	for name, tt := range map[string]struct {
		kinds    []string
		from, to *SampleRow
		want     bool
	}{
		"more":             {[]string{"audio"}, row(1, 5), row(1, 6), true},
		"no more":          {[]string{"audio"}, row(1, 5), row(1, 5), false},
		"a new stream":     {[]string{"audio"}, row(1, 5), row(2, 1), true},
		"one that is mute": {[]string{"audio", "video"}, row(1, 5), row(1, 6), true},
		"none of them":     {[]string{"screen"}, row(1, 5), row(1, 6), false},
	} {
		if got := c.sentAgain(tt.kinds, tt.from, tt.to); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// TestRoundTripOfARating: that of the stream's own reports counts before that of the path.
func TestRoundTripOfARating(t *testing.T) {
	own, path := 0.1, 0.2
	sample := &diag.Sample{Pair: &diag.Pair{CurrentRoundTripTime: &path}}
	if tripOf(sample, &own) != &own || tripOf(sample, nil) != &path || tripOf(&diag.Sample{}, nil) != nil {
		t.Error("another round trip counts")
	}
	if QualityOut(sample, &diag.OutboundRTP{MimeType: "audio/opus"}) != nil {
		t.Error("what nobody reports on is rated")
	}
}

// TestDiagnosing: a diagnosis is in progress until it or the call ends.
func TestDiagnosing(t *testing.T) {
	parts := []any{0, diag.CallStart{}, 1, diag.DiagnosisStart{}}
	for name, tt := range map[string]struct {
		end  diag.Data
		want bool
	}{"none": {nil, true}, "it ended": {diag.DiagnosisEnd{}, false}, "the call ended": {diag.CallEnded{}, false}} {
		all := parts
		if tt.end != nil {
			all = append(all[:len(all):len(all)], 2, tt.end)
		}
		if got := Fold(diagtest.Log(all...)).Diagnosing(); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
	if c := (&Call{}); c.Diagnosing() || c.Alone() || c.Received() != 0 || c.Answered() {
		t.Error("nothing has happened, and something has")
	}
}
