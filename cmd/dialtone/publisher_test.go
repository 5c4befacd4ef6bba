//go:build unix

package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
	"github.com/pion/webrtc/v4/pkg/media/h264reader"
)

// TestPublisherSettings: answer --whip names what is wrong with a publisher as OBS is when its encoder is set for other
// things than WebRTC: high profile where constrained baseline is offered, B-frames, one key frame in ten seconds and
// none on request.
func TestPublisherSettings(t *testing.T) {
	t.Parallel()
	server := startTool(t, "answer", "--whip", "127.0.0.1:0", "--once")
	end := publish(t, strings.TrimPrefix(server.await("listening on "), "listening on "))
	server.await("H264 High 4, B-frames")
	end()
	server.exits()
	for _, want := range []string{
		"media.b_frames", "media.key_frames_rare", "media.profile_not_agreed",
		"The video is H264 High, but Constrained Baseline was negotiated.", "next: Set the encoder to no B-frames (OBS: ",
	} {
		if !strings.Contains(server.said(), want) {
			t.Errorf("no %q", want)
		}
	}
	if t.Failed() {
		t.Log(server.said())
	}
}

// publish sends the clip of a publisher once to a WHIP endpoint, and answers no request for a key frame. It returns
// when the clip ends; the function that it returns hangs up.
func publish(t *testing.T, endpoint string) (hangUp func()) {
	t.Helper()
	codec := webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeH264, ClockRate: 90000,
		SDPFmtpLine: "profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1",
	}
	var codecs webrtc.MediaEngine
	var engine webrtc.SettingEngine
	engine.SetIncludeLoopbackCandidate(true)
	err := codecs.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: codec, PayloadType: 96}, webrtc.RTPCodecTypeVideo)
	if err != nil {
		t.Fatal(err)
	}
	p, err := webrtc.NewAPI(webrtc.WithSettingEngine(engine), webrtc.WithMediaEngine(&codecs)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.GracefulClose() })
	connected := make(chan struct{})
	p.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			close(connected)
		}
	})
	track, err := webrtc.NewTrackLocalStaticSample(codec, "video", "obs")
	if err == nil {
		_, err = p.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	}
	if err != nil {
		t.Fatal(err)
	}
	session := offerTo(t, p, endpoint)
	select {
	case <-connected:
	case <-time.After(patience):
		t.Fatal("not connected")
	}
	playOnce(t, track)
	return func() {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, session, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := http.DefaultClient.Do(request); err == nil {
			_ = answer.Body.Close()
		}
	}
}

// offerTo exchanges descriptions with a WHIP endpoint and returns the address of the session.
func offerTo(t *testing.T, p *webrtc.PeerConnection, endpoint string) (session string) {
	t.Helper()
	offer := wholeOffer(t, p)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, endpoint, strings.NewReader(offer.SDP))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/sdp")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	sdp, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	at, err := answer.Location()
	if err != nil {
		t.Fatalf("%v: %s: %s", err, answer.Status, sdp)
	}
	if err := p.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: string(sdp)}); err != nil {
		t.Fatal(err)
	}
	return at.String()
}

// wholeOffer is an offer with all candidates.
func wholeOffer(t *testing.T, p *webrtc.PeerConnection) *webrtc.SessionDescription {
	t.Helper()
	gathered := webrtc.GatheringCompletePromise(p)
	offer, err := p.CreateOffer(nil)
	if err == nil {
		err = p.SetLocalDescription(offer)
	}
	if err != nil {
		t.Fatal(err)
	}
	<-gathered
	return p.LocalDescription()
}

// playOnce sends the pictures of the clip, each NAL unit of a picture with one timestamp.
func playOnce(t *testing.T, track *webrtc.TrackLocalStaticSample) {
	t.Helper()
	clip, err := os.ReadFile("../../testdata/media/publisher.h264")
	if err != nil {
		t.Fatal(err)
	}
	reader, err := h264reader.NewReader(bytes.NewReader(clip))
	if err != nil {
		t.Fatal(err)
	}
	const each = time.Second / 25
	tick := time.NewTicker(each)
	defer tick.Stop()
	for {
		nal, err := reader.NextNAL()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		sample := media.Sample{Data: nal.Data}
		if nal.UnitType == h264reader.NalUnitTypeCodedSliceNonIdr || nal.UnitType == h264reader.NalUnitTypeCodedSliceIdr {
			<-tick.C
			sample.Duration = each
		}
		if err := track.WriteSample(sample); err != nil {
			t.Fatal(err)
		}
	}
}
