package peer

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"dialtone/diag"
)

// publisher is a track of Opus whose SSRC can be changed.
type publisher struct {
	writer atomic.Value // webrtc.TrackLocalWriter
	ssrc   atomic.Uint32
	beside atomic.Uint32 // of another stream with the same packets; 0: none
}

func (p *publisher) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	p.writer.Store(c.WriteStream())
	p.ssrc.Store(uint32(c.SSRC()))
	return c.CodecParameters()[0], nil
}
func (p *publisher) Unbind(webrtc.TrackLocalContext) error { return nil }
func (*publisher) ID() string                              { return "audio" }
func (*publisher) RID() string                             { return "" }
func (*publisher) StreamID() string                        { return "stream" }
func (*publisher) Kind() webrtc.RTPCodecType               { return webrtc.RTPCodecTypeAudio }

// send sends a packet every 20 ms until done.
func (p *publisher) send(payloadType uint8, done <-chan struct{}) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for n := uint16(65_500); ; n++ { // the sequence wraps soon
		select {
		case <-done:
			return
		case <-tick.C:
		}
		if w, ok := p.writer.Load().(webrtc.TrackLocalWriter); ok {
			h := rtp.Header{Version: 2, PayloadType: payloadType, SequenceNumber: n, Timestamp: uint32(n) * 960, SSRC: p.ssrc.Load()}
			_, _ = w.WriteRTP(&h, []byte{0xfc, 1, 2, 3})
			if h.SSRC = p.beside.Load(); h.SSRC != 0 {
				_, _ = w.WriteRTP(&h, []byte{0xfc, 1, 2, 3})
			}
		}
	}
}

// wholeOffer is the offer of another stack, with its candidates.
func wholeOffer(t testing.TB, pc *webrtc.PeerConnection) Description {
	t.Helper()
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	complete := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	<-complete
	return Description{Type: "offer", SDP: pc.LocalDescription().SDP}
}

// answered has p answer the offer of another stack.
func answered(t testing.TB, p *Peer, pc *webrtc.PeerConnection) {
	t.Helper()
	answer, err := p.Answer(wholeOffer(t, pc))
	if err != nil {
		t.Fatal(err)
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer.SDP}); err != nil {
		t.Fatal(err)
	}
}

// publish connects a publisher with a peer and returns what the peer reports.
func publish(t *testing.T) (*Peer, *publisher, <-chan diag.Data) {
	t.Helper()
	events := make(chan diag.Data, 4096)
	p, err := New(Options{Loopback: LoopbackOnly, Flow: FlowReceive, NoChannels: true, Emit: func(d diag.Data) { events <- d }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closing(p) })
	var se webrtc.SettingEngine
	se.SetIncludeLoopbackCandidate(true)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(se), webrtc.WithMediaEngine(opusOnly(t))).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	source := &publisher{}
	if _, err := pc.AddTrack(source); err != nil {
		t.Fatal(err)
	}
	answered(t, p, pc)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		source.send(111, done)
	}()
	t.Cleanup(func() {
		close(done)
		<-stopped
		_ = pc.GracefulClose()
	})
	return p, source, events
}

func opusOnly(t *testing.T) *webrtc.MediaEngine {
	t.Helper()
	m := &webrtc.MediaEngine{}
	if err := m.RegisterCodec(webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}, PayloadType: 111,
	}, webrtc.RTPCodecTypeAudio); err != nil {
		t.Fatal(err)
	}
	return m
}

// next waits for an event of a type.
func next[E diag.Data](t *testing.T, events <-chan diag.Data) E {
	t.Helper()
	for end := time.After(10 * time.Second); ; {
		select {
		case d := <-events:
			if e, ok := d.(E); ok {
				return e
			}
		case <-end:
			t.Fatalf("no %T", *new(E))
		}
	}
}

// TestChangedSSRC: a section continues with the SSRC that its sender changes to, there and back.
func TestChangedSSRC(t *testing.T) {
	p, source, events := publish(t)
	next[diag.FirstPacket](t, events)
	first := source.ssrc.Load()
	for _, ssrc := range []uint32{first + 1, first + 2, first} {
		before := source.ssrc.Swap(ssrc)
		got := next[diag.UnannouncedSSRC](t, events)
		if got.SSRC != ssrc || got.Previous != before || got.Mid != "0" || got.Kind != "audio" || got.PayloadType != 111 {
			t.Fatalf("%+v", got)
		}
		for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			in := p.Sample(false).Inbound
			latest := in[len(in)-1]
			for _, s := range in {
				if s.SSRC == ssrc {
					latest = s
				}
			}
			if latest.SSRC == ssrc && latest.Mid == "0" && diag.OrZero(latest.PacketsReceived) > 10 && *latest.LastPacketReceivedAgo < 0.5 {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("the stream does not go on: %+v", in)
			}
		}
	}
}

// TestUnannouncedSSRC: a stream beside the announced one is no continuation, and is reported once.
func TestUnannouncedSSRC(t *testing.T) {
	_, source, events := publish(t)
	next[diag.FirstPacket](t, events)
	source.beside.Store(source.ssrc.Load() + 1)
	got := next[diag.UnannouncedSSRC](t, events)
	if got.SSRC != source.beside.Load() || got.Previous != 0 || got.Mid != "" || got.Packets < strangerEnough ||
		!strings.HasPrefix(got.From, "127.0.0.1:") || got.OffPath {
		t.Errorf("%+v", got)
	}
	for end := time.After(time.Second); ; {
		select {
		case d := <-events:
			if again, twice := d.(diag.UnannouncedSSRC); twice {
				t.Fatalf("again: %+v", again)
			}
			continue
		case <-end:
		}
		break
	}
}
