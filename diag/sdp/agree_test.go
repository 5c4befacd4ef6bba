package sdp

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	agreeOffer = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 8\r\na=mid:0\r\na=rtpmap:111 opus/48000/2\r\na=sendrecv\r\n" +
		"m=video 9 UDP/TLS/RTP/SAVPF 102 96 97\r\na=mid:1\r\na=rtpmap:102 H264/90000\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=sendonly\r\n" +
		"m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n"
	agreeAudio = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=rtpmap:111 opus/48000/2\r\na=sendrecv\r\n"
)

func TestAgree(t *testing.T) {
	audio := Agreement{Kind: "audio", Offered: []string{"opus", "PCMA"}, Answered: []string{"opus"}, Sends: true, Receives: true, ToAnswerer: true, ToOfferer: true}
	video := func(how Refusal, answered ...string) Agreement {
		return Agreement{Kind: "video", Offered: []string{"H264", "VP8"}, Answered: answered, Sends: true, Refusal: how, ToAnswerer: how == NoRefusal}
	}
	for name, test := range map[string]struct {
		video string // the answer's section
		want  Agreement
	}{
		"accepted":                      {"m=video 9 X 96\r\na=mid:1\r\na=rtpmap:96 VP8/90000\r\na=recvonly\r\n", video(NoRefusal, "VP8")},
		"accepted, payload types moved": {"m=video 9 X 100\r\na=mid:1\r\na=rtpmap:100 VP8/90000\r\na=recvonly\r\n", video(NoRefusal, "VP8")},
		"rejected":                      {"m=video 0 X 96\r\na=mid:1\r\na=rtpmap:96 VP8/90000\r\na=recvonly\r\n", video(Rejected, "VP8")},
		"rejected without a mid":        {"m=video 0 X 0\r\n", video(Rejected, "PCMU")},
		"bundle-only is not rejected":   {"m=video 0 X 96\r\na=bundle-only\r\na=mid:1\r\na=rtpmap:96 VP8/90000\r\na=recvonly\r\n", video(NoRefusal, "VP8")},
		"inactive":                      {"m=video 9 X 96\r\na=mid:1\r\na=rtpmap:96 VP8/90000\r\na=inactive\r\n", video(Inactive, "VP8")},
		"only sends":                    {"m=video 9 X 96\r\na=mid:1\r\na=rtpmap:96 VP8/90000\r\na=sendonly\r\n", video(Unwanted, "VP8")},
		"another codec":                 {"m=video 9 X 98\r\na=mid:1\r\na=rtpmap:98 VP9/90000\r\na=recvonly\r\n", video(NoCodec, "VP9")},
		"only retransmissions":          {"m=video 9 X 97\r\na=mid:1\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=recvonly\r\n", video(NoCodec)},
		"left out":                      {"", video(NoSection)},
		"another kind in its place":     {"m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n", video(NoSection)},
	} {
		got := Agree(Parse(agreeOffer), Parse(agreeAudio+test.video))
		if diff := cmp.Diff([]Agreement{audio, test.want}, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestAgreeOnReceiving: an offer to receive is refused, too, and may be answered with sendonly.
func TestAgreeOnReceiving(t *testing.T) {
	offer := Parse("v=0\r\nm=video 9 X 96\r\na=mid:0\r\na=rtpmap:96 VP8/90000\r\na=recvonly\r\n")
	for section, want := range map[string]Agreement{
		"m=video 9 X 96\r\na=mid:0\r\na=rtpmap:96 VP8/90000\r\na=sendonly\r\n": {Answered: []string{"VP8"}, ToOfferer: true},
		"m=video 9 X 96\r\na=mid:0\r\na=rtpmap:96 VP8/90000\r\na=inactive\r\n": {Answered: []string{"VP8"}, Refusal: Inactive},
		"m=video 0 X 96\r\na=mid:0\r\na=rtpmap:96 VP8/90000\r\na=sendonly\r\n": {Answered: []string{"VP8"}, Refusal: Rejected},
	} {
		want.Kind, want.Offered, want.Receives = "video", []string{"VP8"}, true
		if diff := cmp.Diff([]Agreement{want}, Agree(offer, Parse("v=0\r\n"+section))); diff != "" {
			t.Errorf("%s: %s", section, diff)
		}
	}
}

// TestSharedPayloadTypes: bundled sections that give a payload type to different codecs are one session in which nobody can
// tell them apart.
func TestSharedPayloadTypes(t *testing.T) {
	const bundle = "v=0\r\na=group:BUNDLE 0 1\r\n"
	section := func(kind, port, mid, codecs string) string {
		return "m=" + kind + " " + port + " UDP/TLS/RTP/SAVPF 96 97\r\na=mid:" + mid + "\r\n" + codecs
	}
	const opus, vp8, rtx = "a=rtpmap:96 opus/48000/2\r\n", "a=rtpmap:96 VP8/90000\r\n", "a=rtpmap:97 rtx/90000\r\n"
	shared := []Shared{{"96", []string{"opus/48000/2", "VP8/90000"}}}
	for name, tt := range map[string]struct {
		text string
		want []Shared
	}{
		"two codecs":     {bundle + section("audio", "9", "0", opus) + section("video", "9", "1", vp8+rtx), shared},
		"one codec":      {bundle + section("video", "9", "0", vp8) + section("video", "9", "1", strings.ToLower(vp8)), nil},
		"no bundle":      {"v=0\r\n" + section("audio", "9", "0", opus) + section("video", "9", "1", vp8), nil},
		"one is outside": {bundle + section("audio", "9", "0", opus) + section("video", "9", "2", vp8), nil},
		"one is refused": {bundle + section("audio", "9", "0", opus) + section("video", "0", "1", vp8), nil},
	} {
		if diff := cmp.Diff(tt.want, Parse(tt.text).SharedPayloadTypes()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
