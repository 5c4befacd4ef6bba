package judge_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
)

// TestEncodings: what receivers have trouble with is named; what a sender may do is not.
func TestEncodings(t *testing.T) {
	const ssrc = 7
	const answer = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 H264/90000\r\n" +
		"a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id="
	encoding := func(id string, bFrames, reordered bool) diag.VideoEncoding {
		return diag.VideoEncoding{SSRC: ssrc, MimeType: "video/H264", PayloadType: 96, ProfileLevelID: id, BFrames: &bFrames, Reordered: &reordered}
	}
	plain := encoding("42c01f", false, false)
	requested := func(at, since time.Duration) diag.Event {
		return diag.Event{At: at, Data: diag.KeyFrameRequested{SSRC: ssrc, SinceMs: new(diag.Millis(since))}}
	}
	answered := func(at, after time.Duration) diag.Event {
		return diag.Event{At: at, Data: diag.KeyFrame{SSRC: ssrc, AfterMs: diag.Millis(after)}}
	}
	for name, tt := range map[string]struct {
		encoding diag.VideoEncoding
		agreed   string
		requests []diag.Event
		ago      float64
		call     bool // not one that carries only media
		want     []string
	}{
		"as it should be":              {encoding: plain, agreed: "42e01f"},
		"B slices in order":            {encoding: encoding("42c01f", true, false), agreed: "42e01f"},
		"B-frames":                     {encoding: encoding("42c01f", true, true), agreed: "42e01f", want: []string{"media.b_frames"}},
		"high where baseline is":       {encoding: encoding("640028", false, false), agreed: "42e01f", want: []string{"media.profile_not_agreed"}},
		"baseline where high is":       {encoding: plain, agreed: "640028"},
		"high where high is":           {encoding: encoding("640028", false, false), agreed: "640c1f", want: []string{"media.profile_not_agreed"}},
		"constrained high in high":     {encoding: encoding("640c1f", false, false), agreed: "640028", want: []string{"media.profile_optional"}},
		"the same in a call":           {encoding: encoding("640c1f", false, false), agreed: "640028", call: true},
		"an unknown profile is agreed": {encoding: encoding("640028", false, false), agreed: "", want: nil},
		"a request is answered":        {encoding: plain, agreed: "42e01f", requests: []diag.Event{requested(3*time.Second, 1500*time.Millisecond), answered(3200*time.Millisecond, 200*time.Millisecond)}},
		"each 3.9 s":                   {encoding: plain, agreed: "42e01f", requests: []diag.Event{requested(3*time.Second, 1200*time.Millisecond), answered(5700*time.Millisecond, 2700*time.Millisecond)}},
		"each 8.3 s":                   {encoding: plain, agreed: "42e01f", requests: []diag.Event{requested(3*time.Second, 1500*time.Millisecond), answered(9800*time.Millisecond, 6800*time.Millisecond)}, want: []string{"media.key_frames_rare"}},
		"the same in a call, too":      {encoding: plain, agreed: "42e01f", call: true, requests: []diag.Event{requested(3*time.Second, 1500*time.Millisecond), answered(9800*time.Millisecond, 6800*time.Millisecond)}},
		"none any more":                {encoding: plain, agreed: "42e01f", requests: []diag.Event{requested(3*time.Second, 1500*time.Millisecond)}, want: []string{"media.key_frames_rare"}},
		"nothing comes any more":       {encoding: plain, agreed: "42e01f", ago: 6, requests: []diag.Event{requested(3*time.Second, 1500*time.Millisecond)}},
	} {
		t.Run(name, func(t *testing.T) {
			c := &call.Call{}
			c.Apply(diag.Event{Data: diag.CallStart{MediaOnly: !tt.call, Media: true}})
			c.Apply(diag.Event{At: time.Second, Data: diag.ConnectionState{State: "connected"}})
			c.Apply(diag.Event{At: time.Second, Data: diag.SessionDescription{Side: diag.Local, SDPType: "answer", SDP: answer + tt.agreed + "\r\n"}})
			c.Apply(diag.Event{At: 2 * time.Second, Data: tt.encoding})
			for _, e := range tt.requests {
				c.Apply(e)
			}
			c.Apply(diag.Event{At: 10 * time.Second, Data: diag.Sample{Inbound: []diag.InboundRTP{{
				Kind: "video", SSRC: ssrc, PacketsReceived: new(uint64(900)), LastPacketReceivedAgo: &tt.ago,
			}}}})
			var got []string
			for _, f := range judge.Judge(c).Findings {
				switch f.ID {
				case "media.b_frames", "media.key_frames_rare", "media.profile_not_agreed", "media.profile_optional":
					got = append(got, f.ID)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
