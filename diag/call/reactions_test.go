package call

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/diagtest"
)

// stressed is a call with a step every three seconds from its first second on, and a sample at each.
type stressed struct {
	parts []any
	at    int // ms
}

func newStressed(connected ...any) *stressed {
	return &stressed{append([]any{0, diag.CallStart{Media: true}}, connected...), 1000}
}

func (s *stressed) step(name diag.StressName, data ...diag.Data) *stressed {
	for _, d := range data {
		s.parts = append(s.parts, s.at, d)
	}
	s.parts = append(s.parts, s.at, diag.StressStep{Step: name})
	s.at += 3000
	return s
}

func (s *stressed) reactions() *Reactions { return Fold(diagtest.Log(s.parts...)).Reactions() }

// inVideo and outVideo are samples of one stream of video.
func inVideo(received uint64, lost, repaired int64, ago float64) diag.Sample {
	return diag.Sample{Inbound: []diag.InboundRTP{{
		Kind: "video", SSRC: 1, PacketsReceived: &received, PacketsLost: &lost, PacketsRepaired: &repaired, LastPacketReceivedAgo: &ago,
	}}}
}

func outVideo(nacks uint32) diag.Sample {
	return diag.Sample{Outbound: []diag.OutboundRTP{
		{Kind: "video", SSRC: 2, NACKCount: &nacks}, {Kind: "audio", SSRC: 3, NACKCount: new(9 * nacks)},
	}}
}

// TestRetransmission: what the step lost counts, until the step after it, and half of it is enough.
func TestRetransmission(t *testing.T) {
	for _, tt := range []struct {
		lost, repaired int64
		want           *bool
	}{
		{0, 0, nil}, {2, 0, nil}, {3, 0, new(false)}, {3, 1, new(false)}, {4, 2, new(true)}, {3, 3, new(true)},
	} {
		audio := diag.InboundRTP{Kind: "audio", SSRC: 7, PacketsLost: new(int64(50))}
		last := inVideo(200, 10+tt.lost, 5+tt.repaired, 0)
		last.Inbound = append(last.Inbound, audio)
		got := newStressed().step(diag.StressLossIn, inVideo(100, 10, 5, 0)).step(diag.StressLossOut, inVideo(150, 10, 5, 0)).
			step(diag.StressKeyFrame, last).reactions()
		want := &Reactions{Retransmits: tt.want}
		if tt.want != nil {
			want.Lost, want.Retransmitted = &tt.lost, &tt.repaired
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d lost, %d repaired: %s", tt.lost, tt.repaired, diff)
		}
	}
	started := newStressed().step(diag.StressLossIn, diag.Sample{}).step(diag.StressLossOut, diag.Sample{}).
		step(diag.StressKeyFrame, inVideo(9, 4, 4, 0)).reactions()
	if started.Retransmits == nil || !*started.Retransmits {
		t.Errorf("a stream that began meanwhile: %+v", started)
	}
	if cut := newStressed().step(diag.StressLossIn, inVideo(1, 0, 0, 0)).step(diag.StressLossOut, inVideo(9, 9, 0, 0)).reactions(); cut.Retransmits != nil {
		t.Error("judged before the step after it")
	}
}

// TestRequestsForLostPackets: of video that was dropped, if the peer announces NACK.
func TestRequestsForLostPackets(t *testing.T) {
	const sdp = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=rtpmap:96 VP8/90000\r\n"
	dropped := func(n uint64) diag.Impaired {
		return diag.Impaired{Outbound: diag.ImpairedPackets{Streams: []diag.ImpairedStream{{SSRC: 2, Dropped: n}, {SSRC: 3, Dropped: 9 * n}}}}
	}
	for _, tt := range []struct {
		feedback string
		dropped  uint64
		nacks    uint32
		want     *bool
	}{
		{"a=rtcp-fb:96 nack\r\n", 3, 1, new(true)},
		{"a=rtcp-fb:96 nack\r\n", 3, 0, new(false)},
		{"a=rtcp-fb:96 nack\r\n", 2, 1, nil},
		{"a=rtcp-fb:96 nack pli\r\n", 3, 0, nil},
		{"", 3, 1, nil},
	} {
		got := newStressed(
			1, diag.SessionDescription{Side: diag.Local, SDPType: "offer", SDP: sdp + tt.feedback},
			2, diag.SessionDescription{Side: diag.Remote, SDPType: "answer", SDP: sdp + tt.feedback},
		).step(diag.StressLossOut, dropped(10), outVideo(4)).step(diag.StressKeyFrame, dropped(10), outVideo(4)).
			step(diag.StressReports, dropped(10+tt.dropped), outVideo(4+tt.nacks)).reactions()
		if diff := cmp.Diff(tt.want, got.Asks); diff != "" {
			t.Errorf("%+v: %s", tt, diff)
		}
	}
}

// TestPersistence: what flowed in the quiet flows at the end of each step with losses, or the peer muted it.
func TestPersistence(t *testing.T) {
	flows := func(ago float64) diag.Data { return inVideo(9, 0, 0, ago) }
	lost := diag.Impaired{Inbound: diag.ImpairedPackets{Lost: 1}}
	for name, tt := range map[string]struct {
		impaired         diag.Impaired
		quiet, in, other float64 // seconds since the last packet at the end of a step
		muted            bool
		want             *bool
	}{
		"it flows":                    {lost, 0, 0, 0, false, new(true)},
		"for less than half a step":   {lost, 1.49, 1.49, 1.49, false, new(true)},
		"it stopped":                  {lost, 0, 2, 0, false, new(false)},
		"it stopped in the next step": {lost, 0, 0, 1.5, false, new(false)},
		"it was muted":                {lost, 0, 2, 2, true, new(true)},
		"it never flowed":             {lost, 1.5, 0, 0, false, nil},
		"nothing was impaired":        {diag.Impaired{}, 0, 2, 2, false, nil},
		"delayed":                     {diag.Impaired{Outbound: diag.ImpairedPackets{Delayed: 1}}, 0, 0, 0, false, new(true)},
		"duplicated":                  {diag.Impaired{Outbound: diag.ImpairedPackets{Duplicated: 1}}, 0, 0, 0, false, new(true)},
		"reordered":                   {diag.Impaired{Inbound: diag.ImpairedPackets{Reordered: 1}}, 0, 0, 0, false, new(true)},
	} {
		s := newStressed(1, tt.impaired).step(diag.StressQuiet, flows(0)).step(diag.StressLossIn, flows(tt.quiet))
		if tt.muted {
			s.parts = append(s.parts, s.at, diag.TrackMuted{Side: diag.Remote, Kind: "video", Muted: true})
		}
		got := s.step(diag.StressLossOut, flows(tt.in)).step(diag.StressKeyFrame, flows(tt.other)).reactions()
		if diff := cmp.Diff(tt.want, got.KeepsSending); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestRecovery: media comes again after the gap, and how long that takes; the slowest kind counts.
func TestRecovery(t *testing.T) {
	both := func(audio, video uint64, ago float64) diag.Data {
		s := inVideo(video, 0, 0, ago)
		s.Inbound = append(s.Inbound, diag.InboundRTP{Kind: "audio", SSRC: 5, PacketsReceived: &audio, LastPacketReceivedAgo: &ago})
		return s
	}
	resumed := func(kind string) diag.Data { return diag.MediaResumed{Kind: kind, AfterMs: diag.Millis(time.Second)} }
	lost := diag.Impaired{Inbound: diag.ImpairedPackets{InGap: 1}}
	for name, tt := range map[string]struct {
		before float64 // seconds since the last packet, at the begin of the gap
		after  []any   // after the recovery has begun
		over   []diag.Data
		want   *bool
		took   time.Duration // 0: unknown
	}{
		"both, the second later":   {0, []any{100, resumed("audio"), 300, resumed("video"), 900, resumed("video")}, []diag.Data{both(12, 12, 0)}, new(true), 300 * ms},
		"both, the first later":    {0, []any{400, resumed("audio"), 500, resumed("audio"), 200, resumed("video")}, []diag.Data{both(12, 12, 0)}, new(true), 400 * ms},
		"not noticed":              {0, nil, []diag.Data{both(12, 12, 0)}, new(true), 0},
		"one":                      {0, []any{100, resumed("audio")}, []diag.Data{both(12, 9, 2)}, new(false), 0},
		"one, the other was muted": {0, []any{100, diag.TrackMuted{Side: diag.Remote, Kind: "video", Muted: true}}, []diag.Data{both(12, 9, 2)}, new(true), 0},
		"nothing flowed before it": {2, nil, []diag.Data{both(12, 12, 0)}, nil, 0},
		"the peer was lost":        {0, nil, nil, new(false), 0},
	} {
		s := newStressed(1, lost, 2, diag.ConnectionState{State: "connected"}).step(diag.StressQuiet, both(1, 1, 0)).step(diag.StressLossIn, both(2, 2, 0)).
			step(diag.StressGap, both(9, 9, tt.before)).step(diag.StressRecovery, both(9, 9, 3))
		begun := s.at - 3000
		for i := 0; i < len(tt.after); i += 2 {
			s.parts = append(s.parts, begun+tt.after[i].(int), tt.after[i+1])
		}
		if tt.over != nil {
			s.step(diag.StressOver, tt.over...)
		} else {
			s.parts = append(s.parts, s.at, diag.CallEnded{Reason: diag.EndPeerLost})
		}
		got := s.reactions()
		want := &Reactions{Recovers: tt.want}
		if tt.took > 0 {
			want.RecoveryTime = new(diag.Millis(tt.took))
		}
		if diff := cmp.Diff(want, &Reactions{Recovers: got.Recovers, RecoveryTime: got.RecoveryTime}); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestExplainedPauses: a stream that comes again after a pause of a second, of which something else tells.
func TestExplainedPauses(t *testing.T) {
	resumed := diag.MediaResumed{Kind: "audio", AfterMs: diag.Millis(time.Second)}
	muted := func(kind string, muted bool) diag.Data {
		return diag.TrackMuted{Side: diag.Remote, Kind: kind, Muted: muted}
	}
	description := diag.SessionDescription{Side: diag.Remote, SDPType: "offer", SDP: "v=0\r\n"}
	for name, tt := range map[string]struct {
		before []any
		want   bool
	}{
		"nothing":                {nil, false},
		"muted":                  {[]any{2500, muted("audio", true)}, true},
		"unmuted meanwhile":      {[]any{1000, muted("audio", true), 2000, muted("audio", false)}, true},
		"unmuted before":         {[]any{1000, muted("audio", true), 1999, muted("audio", false)}, false},
		"the other kind unmuted": {[]any{1000, muted("video", true), 2500, muted("video", false)}, false},
		"described meanwhile":    {[]any{2000, description}, true},
		"described before":       {[]any{1999, description}, false},
		"it did not run":         {[]any{2000, diag.Paused{DurationMs: diag.Millis(3 * time.Second)}}, true},
		"it ran again":           {[]any{1999, diag.Paused{DurationMs: diag.Millis(3 * time.Second)}}, false},
		"the path was down":      {[]any{1500, diag.ConnectionState{State: "disconnected"}, 2000, diag.ConnectionState{State: "connected"}}, true},
		"the path was back":      {[]any{1500, diag.ConnectionState{State: "disconnected"}, 1999, diag.ConnectionState{State: "connected"}}, false},
		"the path is down":       {[]any{1500, diag.ConnectionState{State: "disconnected"}}, true},
	} {
		c := Fold(diagtest.Log(append(append([]any{0, diag.CallStart{}, 100, diag.ConnectionState{State: "connected"}}, tt.before...), 3000, resumed)...))
		if got := c.Resumed[0].Explained; got != tt.want {
			t.Errorf("%s: explained %t", name, got)
		}
	}
}
