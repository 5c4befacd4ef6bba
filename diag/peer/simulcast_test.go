package peer

import (
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"dialtone/diag"
)

// keyFrame is a whole key frame of VP8 in a packet (RFC 7741 §4.3).
var keyFrame = []byte{0x10, 0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00, 0, 0, 0}

// simulcast adds a video track with three encodings, and returns what sends a frame of each.
func simulcast(t *testing.T, pc *webrtc.PeerConnection) (send func()) {
	t.Helper()
	tracks := map[string]*webrtc.TrackLocalStaticRTP{}
	var sender *webrtc.RTPSender
	for _, rid := range []string{"l", "m", "h"} {
		track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}, "video", "stream", webrtc.WithRTPStreamID(rid))
		if err != nil {
			t.Fatal(err)
		}
		if tracks[rid] = track; sender == nil {
			sender, err = pc.AddTrack(track)
		} else {
			err = sender.AddEncoding(track)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	n := uint16(0)
	return func() {
		n++
		var mid, stream uint8
		for _, e := range sender.GetParameters().HeaderExtensions {
			switch e.URI {
			case "urn:ietf:params:rtp-hdrext:sdes:mid":
				mid = uint8(e.ID)
			case "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id":
				stream = uint8(e.ID)
			}
		}
		for rid, track := range tracks {
			h := rtp.Header{Version: 2, Marker: true, SequenceNumber: n, Timestamp: uint32(n) * 3000}
			if mid == 0 || stream == 0 || h.SetExtension(mid, []byte("0")) != nil || h.SetExtension(stream, []byte(rid)) != nil {
				continue // not negotiated yet
			}
			_ = track.WriteRTP(&rtp.Packet{Header: h, Payload: keyFrame})
		}
	}
}

// TestSimulcast: each of the encodings that a publisher sends is received and counted, also where one of them is echoed.
func TestSimulcast(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{"received": {Flow: FlowReceive}, "echoed": {Flow: FlowBoth, Echo: true}} {
		t.Run(name, func(t *testing.T) {
			o.Loopback, o.NoChannels, o.Emit = LoopbackOnly, true, func(diag.Data) {}
			p, err := New(o)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { closing(p) })
			m := &webrtc.MediaEngine{}
			if err := m.RegisterDefaultCodecs(); err != nil {
				t.Fatal(err)
			}
			if err := webrtc.ConfigureSimulcastExtensionHeaders(m); err != nil {
				t.Fatal(err)
			}
			var se webrtc.SettingEngine
			se.SetIncludeLoopbackCandidate(true)
			pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(se), webrtc.WithMediaEngine(m)).NewPeerConnection(webrtc.Configuration{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = pc.GracefulClose() })
			send := simulcast(t, pc)
			answered(t, p, pc)
			tick := time.NewTicker(10 * time.Millisecond)
			defer tick.Stop()
			var seen map[string]uint32
			for late := time.After(20 * time.Second); ; {
				select {
				case <-tick.C:
				case <-late:
					t.Fatalf("frames: %v", seen)
				}
				send()
				seen = map[string]uint32{}
				for _, s := range p.Sample(false).Inbound {
					seen[s.RID] += diag.OrZero(s.FramesReceived)
				}
				if seen["l"] > 30 && seen["m"] > 30 && seen["h"] > 30 {
					return
				}
			}
		})
	}
}
