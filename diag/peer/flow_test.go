package peer

import (
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"

	"dialtone/diag"
	"dialtone/diag/sdp"
)

// h264Offer is what an encoder publishes: Opus and H.264, sendonly.
func h264Offer(t *testing.T, profile string) Description {
	t.Helper()
	me := &webrtc.MediaEngine{}
	opus := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}
	h264 := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeH264, ClockRate: 90000, SDPFmtpLine: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=" + profile}
	if err := me.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: opus, PayloadType: 97}, webrtc.RTPCodecTypeAudio); err != nil {
		t.Fatal(err)
	}
	if err := me.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: h264, PayloadType: 96}, webrtc.RTPCodecTypeVideo); err != nil {
		t.Fatal(err)
	}
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(me)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.GracefulClose() })
	for kind, codec := range map[string]webrtc.RTPCodecCapability{"audio": opus, "video": h264} {
		track, err := webrtc.NewTrackLocalStaticRTP(codec, kind, "encoder")
		if err == nil {
			_, err = pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	return Description{Type: "offer", SDP: offer.SDP}
}

// TestReceivesWhatEncodersPublish: who only receives takes H.264, for which there is no clip of our own.
func TestReceivesWhatEncodersPublish(t *testing.T) {
	for _, profile := range []string{"42e01f", "42001f", "4d001f", "64001f"} {
		p, err := New(Options{Loopback: LoopbackOnly, NoChannels: true, Flow: FlowReceive, Echo: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { closing(p) })
		answer, err := p.Answer(h264Offer(t, profile))
		if err != nil {
			t.Fatal(err)
		}
		for _, unwanted := range []string{"m=video 0", "m=audio 0", "a=sendrecv", "m=application"} {
			if strings.Contains(answer.SDP, unwanted) {
				t.Errorf("%s: the answer holds %s", profile, unwanted)
			}
		}
		if !strings.Contains(answer.SDP, "H264/90000") || strings.Count(answer.SDP, "a=recvonly") != 2 {
			t.Errorf("%s:\n%s", profile, answer.SDP)
		}
	}
}

// TestSecondCodecIsUnderstood: a publisher that offers VP8 first and sends H.264 is measured as H.264.
func TestSecondCodecIsUnderstood(t *testing.T) {
	frame := make(chan diag.FirstFrame, 1)
	p, err := New(Options{Loopback: LoopbackOnly, NoChannels: true, Flow: FlowReceive, Emit: func(d diag.Data) {
		if f, ok := d.(diag.FirstFrame); ok {
			frame <- f
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closing(p) })
	me := &webrtc.MediaEngine{}
	if err := me.RegisterDefaultCodecs(); err != nil { // VP8 before H.264
		t.Fatal(err)
	}
	var se webrtc.SettingEngine
	se.SetIncludeLoopbackCandidate(true)
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(me), webrtc.WithSettingEngine(se)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.GracefulClose() })
	track, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeH264, ClockRate: 90000}, "video", "publisher")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}); err != nil {
		t.Fatal(err)
	}
	offer := wholeOffer(t, pc)
	p.o.OnGathered = func() {
		go func() {
			if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: p.Local().SDP}); err != nil {
				t.Error(err)
			}
		}()
	}
	if _, err := p.Answer(offer); err != nil {
		t.Fatal(err)
	}
	for picture := []byte{0, 0, 0, 1, 0x65, 1, 2, 3}; ; { // an IDR slice
		if err := track.WriteSample(media.Sample{Data: picture, Duration: 40 * time.Millisecond}); err != nil {
			t.Fatal(err)
		}
		select {
		case f := <-frame:
			if !f.KeyFrame || f.Kind != "video" {
				t.Errorf("%+v", f)
			}
			return
		case <-time.After(10 * time.Millisecond): // packets before the connection are lost
		case <-t.Context().Done():
			return
		}
	}
}

// TestFlows: each flow offers its direction, and data channels only where they are wanted.
func TestFlows(t *testing.T) {
	for flow, want := range map[Flow]string{FlowBoth: "a=sendrecv", FlowSend: "a=sendonly", FlowReceive: "a=recvonly"} {
		gathered := make(chan struct{})
		p, err := New(Options{Loopback: LoopbackOnly, NoChannels: true, Flow: flow, OnGathered: func() { close(gathered) }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { closing(p) })
		if p.Local() != (Description{}) || p.Gathered() {
			t.Error("something is there before the offer")
		}
		offer, err := p.Offer(false)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(offer.SDP, want) != 2 || strings.Contains(offer.SDP, "m=application") {
			t.Errorf("%s:\n%s", want, offer.SDP)
		}
		<-gathered
		if whole := p.Local(); !strings.Contains(whole.SDP, "a=candidate:") || !p.Gathered() || p.Candidates() == 0 {
			t.Errorf("without candidates:\n%s", whole.SDP)
		}
		if sends := flow != FlowReceive; sdp.Parse(offer.SDP).Sends("audio") != sends {
			t.Errorf("%s: sends %v", want, !sends)
		}
	}
}
