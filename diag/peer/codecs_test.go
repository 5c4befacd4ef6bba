package peer

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/media"
	"dialtone/diag/sdp"
)

// TestEchoOfEachCodec: what one peer sends comes back from an echo, whatever its codec.
func TestEchoOfEachCodec(t *testing.T) {
	for _, c := range media.Codecs {
		if c.Clip == "" {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			a, b := pair(t, Options{Codecs: map[string][]string{c.Kind: {strings.ToLower(c.Name)}}}, Options{Echo: true})
			connect(t, a, b)
			for _, s := range []*side{a, b} {
				s.until(t, "the media", func(k *call.Call) bool {
					return slices.ContainsFunc(k.Tracks, func(track call.TrackRow) bool {
						return track.Direction == diag.Inbound && media.CodecOf(track.MimeType) == c
					})
				})
			}
		})
	}
}

// TestOffers: an offer names the codecs in the order of the table, or those that were chosen in theirs; without a clip
// only who receives or echoes has a codec.
func TestOffers(t *testing.T) {
	clip, err := media.CodecOf("VP9").ReadClip()
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		o    Options
		want string
	}{
		"all":          {Options{}, "opus G722 PCMU PCMA|VP8 H264 VP9 AV1"},
		"an echo":      {Options{Echo: true}, "opus G722 PCMU PCMA|VP8 H264 VP9 AV1 H265"},
		"a receiver":   {Options{Flow: FlowReceive}, "opus G722 PCMU PCMA|VP8 H264 VP9 AV1 H265"},
		"chosen":       {Options{Codecs: map[string][]string{"video": {"av1", "VP8"}, "audio": {"PCMA"}}}, "PCMA|AV1 VP8"},
		"a file":       {Options{Clips: Clips{"video": clip}}, "opus G722 PCMU PCMA|VP9"},
		"audio only":   {Options{NoKinds: []string{"video"}}, "opus G722 PCMU PCMA"},
		"no media":     {Options{NoMedia: true}, ""},
		"unknown only": {Options{Codecs: map[string][]string{"video": {"theora"}}}, "opus G722 PCMU PCMA"},
	} {
		test.o.Loopback = LoopbackOnly
		p, err := New(test.o)
		if err != nil {
			t.Fatal(name, err)
		}
		offer, err := p.Offer(false)
		if err != nil {
			t.Fatal(name, err)
		}
		var kinds []string
		for _, a := range sdp.Agree(sdp.Parse(offer.SDP), sdp.Parse(offer.SDP)) {
			kinds = append(kinds, strings.Join(a.Offered, " "))
		}
		if got := strings.Join(kinds, "|"); got != test.want {
			t.Errorf("%s: %s", name, got)
		}
		closing(p)
	}
}

// TestNothingFits: an offer of unknown codecs only is refused with the names of both sides' codecs; with data channels
// there is something left to answer.
func TestNothingFits(t *testing.T) {
	const video = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\na=fingerprint:sha-256 DA:7B:57:DC:28:CE:04:4F:31:79:85:C4:31:67:EB:27:58:29:ED:77:2A:0D:24:AE:ED:AD:30:BC:BD:F1:9C:02\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n" +
		"m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=setup:actpass\r\na=rtpmap:96 THEORA/90000\r\n"
	p, err := New(Options{Loopback: LoopbackOnly, Echo: true, Codecs: map[string][]string{"video": {"VP8"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer closing(p)
	_, err = p.Answer(Description{Type: "offer", SDP: video})
	var none *NoCodecError
	if !errors.As(err, &none) || none.Error() != "the offer has video THEORA (known: VP8)" {
		t.Errorf("%v", err)
	}
	fits, err := p.o.fitting(sdp.Parse(video + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:1\r\n"))
	if err != nil || len(fits) != 0 {
		t.Errorf("with data channels: %v %v", fits, err)
	}
}
