package call

import (
	"slices"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/diagtest"
)

// mediaSDP is a description of audio and video in a direction.
func mediaSDP(audio, video string) string {
	const head = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
	return head + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=rtpmap:111 opus/48000/2\r\na=" + audio + "\r\n" +
		"m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=rtpmap:96 VP8/90000\r\na=" + video + "\r\n"
}

// described is the begin of a call with these descriptions that is connected after 100 ms.
func described(start diag.CallStart, local, remote string) []any {
	return []any{
		0, start,
		1,
		diag.TrackAdded{Direction: diag.Outbound, Kind: "audio"},
		2,
		diag.SessionDescription{Side: diag.Local, SDPType: "offer", SDP: local},
		3,
		diag.SessionDescription{Side: diag.Remote, SDPType: "answer", SDP: remote},
		100,
		diag.ConnectionState{State: "connected"},
	}
}

// counts is a sample of as many packets in each direction; negative: it has no counter.
func counts(audioIn, videoIn, audioOut int) diag.Sample {
	count := func(n int) *uint64 {
		if n < 0 {
			return nil
		}
		return new(uint64(n))
	}
	return diag.Sample{
		Inbound:  []diag.InboundRTP{{Kind: "audio", SSRC: 1, PacketsReceived: count(audioIn)}, {Kind: "video", SSRC: 2, PacketsReceived: count(videoIn)}},
		Outbound: []diag.OutboundRTP{{Kind: "audio", SSRC: 3, PacketsSent: count(audioOut)}},
	}
}

// TestMissingMedia: what was agreed on and did not come, once there was time, and that nothing else is missed.
func TestMissingMedia(t *testing.T) {
	both := mediaSDP("sendrecv", "sendrecv")
	all := []MediaKind{{diag.Outbound, "audio"}, {diag.Inbound, "audio"}, {diag.Inbound, "video"}}
	muted := func(side diag.Side, on bool) diag.Data { return diag.TrackMuted{Side: side, Kind: "audio", Muted: on} }
	for name, tt := range map[string]struct {
		start  diag.CallStart
		remote string
		at     int // ms, of the sample
		sample diag.Sample
		also   []any
		want   []MediaKind
	}{
		"all":                      {diag.CallStart{Media: true}, both, 2100, counts(0, 0, 0), nil, all},
		"too early":                {diag.CallStart{Media: true}, both, 2099, counts(0, 0, 0), nil, nil},
		"a call without media":     {diag.CallStart{}, both, 2100, counts(0, 0, 0), nil, nil},
		"one packet each":          {diag.CallStart{Media: true}, both, 2100, counts(1, 1, 1), nil, nil},
		"video only":               {diag.CallStart{Media: true}, both, 2100, counts(1, 0, 1), nil, all[2:]},
		"no counters":              {diag.CallStart{Media: true}, both, 2100, counts(-1, -1, -1), nil, nil},
		"not promised":             {diag.CallStart{Media: true}, mediaSDP("inactive", "recvonly"), 2100, counts(0, 0, 0), nil, nil},
		"the peer only receives":   {diag.CallStart{Media: true}, mediaSDP("recvonly", "recvonly"), 2100, counts(0, 0, 0), nil, all[:1]},
		"muted here":               {diag.CallStart{Media: true}, both, 2100, counts(0, 0, 0), []any{200, muted(diag.Local, true)}, all[1:]},
		"muted there":              {diag.CallStart{Media: true}, both, 2100, counts(0, 0, 0), []any{200, muted(diag.Remote, true)}, []MediaKind{all[0], all[2]}},
		"just unmuted there":       {diag.CallStart{Media: true}, both, 2100, counts(0, 0, 0), []any{200, muted(diag.Remote, true), 351, muted(diag.Remote, false)}, []MediaKind{all[0], all[2]}},
		"unmuted a while ago":      {diag.CallStart{Media: true}, both, 2100, counts(0, 0, 0), []any{200, muted(diag.Remote, true), 350, muted(diag.Remote, false)}, all},
		"an echo of nothing":       {diag.CallStart{Media: true, Command: "answer"}, both, 2100, counts(0, 0, 0), nil, all[1:]},
		"an echo of audio":         {diag.CallStart{Media: true, Command: "answer"}, both, 2100, counts(9, 9, 0), nil, all[:1]},
		"a sender that answers":    {diag.CallStart{Media: true, Command: "answer", Way: "send"}, both, 2100, counts(0, 0, 0), nil, all},
		"a publisher that answers": {diag.CallStart{Media: true, Command: "answer", Signaling: "whep"}, both, 2100, counts(0, 0, 0), nil, all},
	} {
		parts := append(described(tt.start, both, tt.remote), tt.also...)
		c := Fold(diagtest.Log(append(parts, tt.at, tt.sample)...))
		if got := c.MissingMedia(); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
	if c := Fold(diagtest.Log(append(described(diag.CallStart{Media: true}, both, both), 9000, diag.ICEState{State: "connected"})...)); c.MissingMedia() != nil {
		t.Error("missed before a sample")
	}
}

// TestCountedByABrowser: a dump is judged by what its samples say, and without counters of streams they say nothing.
func TestCountedByABrowser(t *testing.T) {
	both := mediaSDP("sendrecv", "sendrecv")
	for name, tt := range map[string]struct {
		dump              *diag.DumpStart
		sample            diag.Sample
		unknown, noMedia  bool
		counted, upToTime time.Duration
	}{
		"of dialtone":       {nil, counts(0, 0, 0), false, true, 2 * time.Second, 2 * time.Second},
		"of a browser":      {&diag.DumpStart{}, counts(0, 0, 0), false, false, time.Second, 2 * time.Second},
		"without counters":  {&diag.DumpStart{}, counts(-1, -1, -1), true, false, time.Second, 2 * time.Second},
		"sent only":         {&diag.DumpStart{}, counts(-1, -1, 0), false, false, time.Second, 2 * time.Second},
		"not read in whole": {&diag.DumpStart{Partial: true}, counts(1, 1, 1), true, false, time.Second, 2 * time.Second},
	} {
		parts := described(diag.CallStart{Media: true}, both, both)
		if tt.dump != nil {
			parts = append(parts, 50, *tt.dump)
		}
		c := Fold(diagtest.Log(append(parts, 1100, tt.sample, 2100, diag.ICEState{State: "connected"})...))
		if c.MediaUnknown() != tt.unknown || c.NoMedia() != tt.noMedia || c.Counted() != tt.counted || c.UpTime() != tt.upToTime {
			t.Errorf("%s: unknown %t, no media %t, counted %s of %s", name, c.MediaUnknown(), c.NoMedia(), c.Counted(), c.UpTime())
		}
	}
}

// TestWithoutKeyFrame: video that comes and has none, once there was time for one.
func TestWithoutKeyFrame(t *testing.T) {
	video := func(frames, keys uint32) diag.InboundRTP {
		return diag.InboundRTP{Kind: "video", FramesReceived: &frames, KeyFramesReceived: &keys}
	}
	for name, tt := range map[string]struct {
		at     int
		in     []diag.InboundRTP
		frames uint32
		want   bool
	}{
		"none":           {3100, []diag.InboundRTP{video(9, 0)}, 9, true},
		"too early":      {3099, []diag.InboundRTP{video(9, 0)}, 0, false},
		"one":            {3100, []diag.InboundRTP{video(9, 1)}, 0, false},
		"one of two":     {3100, []diag.InboundRTP{video(9, 0), video(5, 1)}, 0, false},
		"none of two":    {3100, []diag.InboundRTP{video(9, 0), video(5, 0)}, 14, true},
		"no frames":      {3100, []diag.InboundRTP{video(0, 0)}, 0, false},
		"not counted":    {3100, []diag.InboundRTP{{Kind: "video", FramesReceived: new(uint32(9))}}, 0, false},
		"only audio":     {3100, []diag.InboundRTP{{Kind: "audio", FramesReceived: new(uint32(9)), KeyFramesReceived: new(uint32)}}, 0, false},
		"nothing at all": {3100, nil, 0, false},
	} {
		c := Fold(diagtest.Log(100, diag.ConnectionState{State: "connected"}, tt.at, diag.Sample{Inbound: tt.in}))
		if frames, without := c.WithoutKeyFrame(); frames != tt.frames || without != tt.want {
			t.Errorf("%s: %d, %t", name, frames, without)
		}
	}
}

// TestRefusedAndDeclined: what the answer to the latest offer refuses, by the side that answers.
func TestRefusedAndDeclined(t *testing.T) {
	both := mediaSDP("sendrecv", "sendrecv")
	noVideo := "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=rtpmap:111 opus/48000/2\r\n" +
		"m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n"
	from := func(offerer diag.Side, start diag.CallStart, offers ...string) *Call {
		answerer := diag.Remote
		if offerer == diag.Remote {
			answerer = diag.Local
		}
		parts := []any{0, start}
		for i, text := range offers {
			side, kind := offerer, "offer"
			if i%2 == 1 {
				side, kind = answerer, "answer"
			}
			parts = append(parts, i, diag.SessionDescription{Side: side, SDPType: kind, SDP: text})
		}
		return Fold(diagtest.Log(parts...))
	}
	media := diag.CallStart{Media: true}
	for name, tt := range map[string]struct {
		c                 *Call
		refused, declined bool
		answered          bool // PeersAnswer
	}{
		"accepted there":         {from(diag.Local, media, both, both), false, false, true},
		"refused there":          {from(diag.Local, media, both, noVideo), true, false, true},
		"refused here":           {from(diag.Remote, media, both, noVideo), false, true, false},
		"refused here, no media": {from(diag.Remote, diag.CallStart{}, both, noVideo), false, false, false},
		"not answered":           {from(diag.Local, media, both), false, false, false},
		"offered again":          {from(diag.Local, media, both, noVideo, both), false, false, false},
		"accepted in the end":    {from(diag.Local, media, both, noVideo, both, both), false, false, true},
		"not offered to send":    {from(diag.Local, media, mediaSDP("recvonly", "recvonly"), noVideo), false, false, true},
	} {
		_, refused := tt.c.Refused("video")
		_, declined := tt.c.Declined("video")
		if _, audio := tt.c.Refused("audio"); audio || refused != tt.refused || declined != tt.declined {
			t.Errorf("%s: refused %t, declined %t, audio %t", name, refused, declined, audio)
		}
		if offer, answer := tt.c.PeersAnswer(); (offer != nil) != tt.answered || (answer != nil) != tt.answered {
			t.Errorf("%s: %v, %v", name, offer, answer)
		}
	}
	c := from(diag.Local, media, both, noVideo)
	if !c.HasFormat(diag.Remote, "audio", "OPUS") || c.HasFormat(diag.Remote, "audio", "red") || c.HasFormat(diag.Remote, "video", "opus") ||
		c.HasFormat(diag.Remote, "video", "VP8") || !c.HasFormat(diag.Local, "video", "VP8") || !(&Call{}).HasFormat(diag.Local, "audio", "red") {
		t.Error("formats of descriptions")
	}
}

// TestConfirmed: how it shows that the peer gets what is sent.
func TestConfirmed(t *testing.T) {
	one := new(uint64(1))
	report := diag.Sample{Outbound: []diag.OutboundRTP{{Kind: "audio", Remote: &diag.RemoteInbound{}}}}
	theirs := func(kind string, n uint64) diag.Data {
		return diag.RemoteSample{Inbound: []diag.InboundRTP{{Kind: kind, PacketsReceived: &n}}}
	}
	for name, tt := range map[string]struct {
		parts []any
		want  bool
	}{
		"nothing":                 {nil, false},
		"a sample":                {[]any{1, diag.Sample{Outbound: []diag.OutboundRTP{{Kind: "audio"}}}}, false},
		"a report":                {[]any{1, report}, true},
		"a report on video":       {[]any{1, diag.Sample{Outbound: []diag.OutboundRTP{{Kind: "video", Remote: &diag.RemoteInbound{}}}}}, false},
		"it comes back":           {[]any{1, diag.Sample{Inbound: []diag.InboundRTP{{Kind: "audio", PacketsReceived: one}}}}, true},
		"video comes back":        {[]any{1, diag.Sample{Inbound: []diag.InboundRTP{{Kind: "video", PacketsReceived: one}}}}, false},
		"the peer counts it":      {[]any{1, diag.Sample{}, 2, theirs("audio", 1)}, true},
		"the peer counts video":   {[]any{1, diag.Sample{}, 2, theirs("video", 1)}, false},
		"the peer counts nothing": {[]any{1, diag.Sample{}, 2, theirs("audio", 0)}, false},
	} {
		if got := Fold(diagtest.Log(tt.parts...)).Confirmed("audio"); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
