package judge_test

import (
	"slices"
	"strings"
	"testing"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/diagtest"
	"dialtone/diag/judge"
	"dialtone/diag/words"
)

// TestStopped: what stops is named in both directions, and what was muted is not, nor just after that.
func TestStopped(t *testing.T) {
	const s = 1000 // ms
	mute := func(side diag.Side, muted bool) diag.Data {
		return diag.TrackMuted{Side: side, Kind: "audio", Muted: muted}
	}
	in := func(ago float64, silent float64) diag.Sample {
		return diag.Sample{Inbound: []diag.InboundRTP{{
			Kind: "audio", SSRC: 1, PacketsReceived: new(uint64(500)), LastPacketReceivedAgo: &ago,
			Sound: &diag.Sound{Source: diag.SoundDecoder, SilentFor: silent}, LongestPacketGap: new(0.1),
		}}}
	}
	final := func(ago, longest float64) diag.Sample {
		sample := in(ago, 0)
		sample.Final, sample.Inbound[0].LongestPacketGap = true, &longest
		return sample
	}
	out := func(ago float64, gone ...float64) diag.Sample {
		r := &diag.RemoteInbound{PacketsLost: new(int64(0))}
		if len(gone) > 0 {
			r.NotReceivedFor = &gone[0]
		}
		return diag.Sample{Outbound: []diag.OutboundRTP{{
			Kind: "audio", SSRC: 1, PacketsSent: new(uint64(500)), LastPacketSentAgo: &ago, Remote: r,
		}}}
	}
	video := func(ago float64, frames uint32, gap ...float64) diag.Sample {
		s := diag.InboundRTP{
			Kind: "video", SSRC: 2, PacketsReceived: new(uint64(5 * frames)), FramesReceived: &frames,
			LastPacketReceivedAgo: &ago, LongestPacketGap: new(0.001),
		}
		if len(gap) > 0 {
			s.RecentFrameGap = &gap[0]
		}
		return diag.Sample{Inbound: []diag.InboundRTP{s}, Final: true}
	}
	stalled := func(s float64) diag.Data {
		return diag.Paused{DurationMs: diag.Millis(s * 1e9), Source: diag.PauseStopped}
	}
	down := diag.ConnectionState{State: "disconnected"}
	two := out(0.01, 5)
	two.Outbound = append(two.Outbound, out(0.01).Outbound...)
	ended := func(by diag.EndedBy) diag.Data { return diag.CallEnded{Reason: diag.EndHangup, By: by} }
	held := diag.SessionDescription{Side: diag.Remote, SDPType: "offer", SDP: "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=recvonly\r\n"}
	for name, tt := range map[string]struct {
		log  []any
		want string
	}{
		"the peer holds the call":         {[]any{5 * s, held, 9 * s, in(2, 0)}, ""},
		"it flows":                        {[]any{9 * s, in(0.02, 0)}, ""},
		"it came again, read late":        {[]any{9 * s, in(2, 0), 9*s + 1, diag.MediaResumed{Kind: "audio", SSRC: 1, AfterMs: 2e9}}, ""},
		"the other kind came again":       {[]any{9 * s, in(2, 0), 9*s + 1, diag.MediaResumed{Kind: "video", SSRC: 2, AfterMs: 2e9}}, "audio"},
		"it stopped":                      {[]any{9 * s, in(2, 0)}, "audio"},
		"this program ran late":           {[]any{8 * s, stalled(0.5), 9*s - s/10, stalled(0.4), 9 * s, in(2, 0)}, ""},
		"it ran late before":              {[]any{7 * s, stalled(0.5), 9 * s, in(2, 0)}, "audio"},
		"it ran late for a moment":        {[]any{8 * s, stalled(0.24), 9 * s, in(2, 0)}, "audio"},
		"it did not send, as it was late": {[]any{8 * s, stalled(0.5), 9 * s, out(2)}, ""},
		"it did not read the feedback":    {[]any{9 * s, stalled(0.3), 9 * s, out(0.02, 1.2)}, ""},
		"it is sent":                      {[]any{9 * s, out(0.02)}, ""},
		"it is not sent any more":         {[]any{9 * s, out(2)}, "outbound audio"},
		"the peer gets none":              {[]any{9 * s, out(0.02, 1.2)}, "outbound audio"},
		"the peer got none for a moment":  {[]any{9 * s, out(0.02, 0.8)}, ""},
		"the peer gets another stream":    {[]any{9 * s, two}, ""},
		"muted":                           {[]any{s, mute(diag.Remote, true), 9 * s, in(8, 8)}, ""},
		"muted here":                      {[]any{s, mute(diag.Local, true), 9 * s, out(8, 8)}, ""},
		"unmuted a moment ago":            {[]any{s, mute(diag.Remote, true), 9 * s, in(8, 8), 9*s + s/10, mute(diag.Remote, false)}, ""},
		"unmuted, sample of before":       {[]any{s, mute(diag.Remote, true), 9 * s, mute(diag.Remote, false), 9*s + s/100, in(8, 8), 10 * s, in(0.01, 0)}, ""},
		"unmuted, and it flows":           {[]any{s, mute(diag.Remote, true), 9 * s, mute(diag.Remote, false), 12 * s, in(0.02, 0)}, ""},
		"unmuted, and nothing comes":      {[]any{s, mute(diag.Remote, true), 9 * s, mute(diag.Remote, false), 12 * s, in(11, 8)}, "audio"},
		"unmuted here, nothing is sent":   {[]any{s, mute(diag.Local, true), 9 * s, mute(diag.Local, false), 12 * s, out(11)}, "outbound audio"},
		"the end comes soon":              {[]any{9 * s, final(0.7, 0.1), 9*s + s/10, ended(diag.ByLocal)}, "audio"},
		"the end comes at once":           {[]any{9 * s, final(0.4, 0.1), 9*s + s/10, ended(diag.ByLocal)}, ""},
		"the end of a pause":              {[]any{9 * s, final(1.1, 0.4), 9*s + s/10, ended(diag.ByLocal)}, ""},
		"a frame each 20 s":               {[]any{59 * s, video(19, 2, 20), 59*s + 1, ended(diag.ByLocal)}, ""},
		"one frame, a while ago":          {[]any{19 * s, video(18, 1)}, "video"},
		"video ends":                      {[]any{9 * s, video(0.7, 200, 0.03), 9*s + 1, ended(diag.ByLocal)}, "video"},
		"it went with the path":           {[]any{93 * s, stalled(90), 93 * s, down, 105 * s, in(101, 0), 105 * s, ended(diag.ByLocal)}, ""},
		"the path survived":               {[]any{93 * s, stalled(90), 105 * s, in(101, 0), 105 * s, ended(diag.ByLocal)}, "audio"},
		"the path was lost otherwise":     {[]any{93 * s, down, 105 * s, in(15, 0), 105 * s, ended(diag.ByLocal)}, "audio"},
		"the peer ends it":                {[]any{9 * s, final(0.7, 0.1), 9*s + s/10, ended(diag.ByRemote)}, ""},
	} {
		log := append([]any{
			0, diag.CallStart{Command: "call", Media: true}, 0, diag.ConnectionState{State: "connected"},
		}, tt.log...)
		c := call.Fold(diagtest.Log(log...))
		found := judge.Judge(c).Findings
		i := slices.IndexFunc(found, func(f judge.Finding) bool { return f.ID == "media.stopped" || f.ID == "media.silent" })
		switch {
		case tt.want == "" && i >= 0:
			t.Errorf("%s: %+v", name, found[i])
		case i >= 0 && strings.HasPrefix(name, "one frame") != strings.HasPrefix(words.Of(found[i]).Title, "Only one frame of inbound video arrived"):
			t.Errorf("%s: %q", name, words.Of(found[i]).Title)
		case tt.want != "" && (i < 0 || found[i].Subject != tt.want || found[i].ID != "media.stopped"):
			t.Errorf("%s: %+v", name, found)
		}
	}
}

// TestWhyStopped: the sender's own reports tell what it does not send from what is lost.
func TestWhyStopped(t *testing.T) {
	for name, tt := range map[string]struct {
		sent     *diag.SentSince
		goodbye  bool
		evidence string
		advice   string
	}{
		"unknown":             {nil, false, "none with media in the last 4.0 s", "Then check firewalls"},
		"it sends nothing":    {&diag.SentSince{Over: 3}, false, "by its sender's reports of 3.0 s of that time, it sends none", "Check the sender's source"},
		"it sends":            {&diag.SentSince{Packets: 150, Over: 3}, false, "it sent 150 more", "Check what drops these packets"},
		"it ended the stream": {nil, true, "RTCP BYE", "Check the sender's source"},
	} {
		sample := diag.Sample{Inbound: []diag.InboundRTP{{
			Kind: "video", SSRC: 1, PacketsReceived: new(uint64(500)), LastPacketReceivedAgo: new(4.0),
			SentSince: tt.sent, Goodbye: tt.goodbye,
		}}}
		c := call.Fold(diagtest.Log(0, diag.CallStart{Command: "call", Media: true}, 0, diag.ConnectionState{State: "connected"}, 9000, sample))
		found := judge.Judge(c).Findings
		i := slices.IndexFunc(found, func(f judge.Finding) bool { return f.ID == "media.stopped" })
		if i < 0 {
			t.Errorf("%s: %+v", name, found)
			continue
		}
		text := words.Of(found[i])
		if evidence := strings.Join(text.Evidence, "\n"); !strings.Contains(evidence, tt.evidence) || !strings.Contains(text.Advice, tt.advice) {
			t.Errorf("%s: %s\n%s", name, evidence, text.Advice)
		}
	}
}

// TestPadding: by which a sender probes the bandwidth, is no media.
func TestPadding(t *testing.T) {
	in := diag.InboundRTP{Kind: "video", SSRC: 1, PacketsReceived: new(uint64(3)), BytesReceived: new(uint64)}
	c := call.Fold(diagtest.Log(0, diag.CallStart{Command: "call", Media: true}, 0, diag.ConnectionState{State: "connected"},
		1, diag.SessionDescription{Side: diag.Remote, SDPType: "answer", SDP: "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=sendrecv\r\n"},
		9000, diag.Sample{Inbound: []diag.InboundRTP{in}}))
	found := judge.Judge(c).Findings
	i := slices.IndexFunc(found, func(f judge.Finding) bool { return f.ID == "media.no_inbound_video" })
	if i < 0 || !strings.HasPrefix(words.Of(found[i]).Evidence[0], "3 packets of padding and no other came in 9.0 s") {
		t.Errorf("%+v", found)
	}
}

// TestMutedPicture: what a muted picture shows says nothing of the one after it.
func TestMutedPicture(t *testing.T) {
	const s = 1000 // ms
	black := diag.Picture{SSRC: 1, Width: 320, Height: 240, Dark: 1}
	in := diag.Sample{Inbound: []diag.InboundRTP{{Kind: "video", SSRC: 1, PacketsReceived: new(uint64(500)), LastPacketReceivedAgo: new(0.1)}}}
	c := call.Fold(diagtest.Log(0, diag.CallStart{Command: "call", Media: true}, 0, diag.ConnectionState{State: "connected"},
		s, diag.TrackMuted{Side: diag.Remote, Kind: "video", Muted: true}, 2*s, black, 3*s, black, 4*s, black, 4*s, in,
		5*s, diag.TrackMuted{Side: diag.Remote, Kind: "video"}, 8*s, in))
	for _, f := range judge.Judge(c).Findings {
		if f.Family() == "media" {
			t.Errorf("%+v", f)
		}
	}
}
