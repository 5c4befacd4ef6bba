package peer

import (
	"regexp"
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

	payloadType uint8
	payload     []byte
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
func (p *publisher) send(done <-chan struct{}) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for n := uint16(65_500); ; n++ { // the sequence wraps soon
		select {
		case <-done:
			return
		case <-tick.C:
		}
		if w, ok := p.writer.Load().(webrtc.TrackLocalWriter); ok {
			h := rtp.Header{Version: 2, PayloadType: p.payloadType, SequenceNumber: n, Timestamp: uint32(n) * 960, SSRC: p.ssrc.Load()}
			_, _ = w.WriteRTP(&h, p.payload)
			if h.SSRC = p.beside.Load(); h.SSRC != 0 {
				_, _ = w.WriteRTP(&h, p.payload)
			}
		}
	}
}

// opusPublisher publishes what its offer announces.
func opusPublisher() *publisher {
	return &publisher{payloadType: 111, payload: []byte{0xfc, 1, 2, 3}}
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
	answeredAs(t, p, pc, func(offer string) string { return offer })
}

// answeredAs changes the offer on its way.
func answeredAs(t testing.TB, p *Peer, pc *webrtc.PeerConnection, edit func(offer string) string) {
	t.Helper()
	offer := wholeOffer(t, pc)
	offer.SDP = edit(offer.SDP)
	answer, err := p.Answer(offer)
	if err != nil {
		t.Fatal(err)
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer.SDP}); err != nil {
		t.Fatal(err)
	}
}

// publish connects a publisher with a peer, which gets an offer with changes, and returns what the peer reports.
func publish(t *testing.T, source *publisher, edits ...func(offer string) string) (*Peer, *publisher, <-chan diag.Data) {
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
	if _, err := pc.AddTrack(source); err != nil {
		t.Fatal(err)
	}
	answeredAs(t, p, pc, func(offer string) string {
		for _, edit := range edits {
			offer = edit(offer)
		}
		return offer
	})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		source.send(done)
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
	t.Parallel()
	p, source, events := publish(t, opusPublisher())
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
	_, source, events := publish(t, opusPublisher())
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

// TestUnagreedRED: a peer that sends RED, which was not agreed on, is received: as the media in it.
func TestUnagreedRED(t *testing.T) {
	t.Parallel()
	red := &publisher{payloadType: 63, payload: []byte{0x80 | 111, 0x0f, 0, 2, 111, 0xfc, 9, 0xfc, 1, 2, 3}}
	p, _, events := publish(t, red,
		strings.NewReplacer("a=rtpmap:111", "a=rtpmap:63 red/48000/2\r\na=rtpmap:111", "SAVPF 111", "SAVPF 111 63").Replace)
	track := next[diag.TrackAdded](t, events)
	if track.MimeType != "audio/opus" || track.PayloadType != 111 {
		t.Errorf("%+v", track)
	}
	s := awaitSample(t, p, func(s diag.Sample) bool { return len(s.Inbound) == 1 && diag.OrZero(s.Inbound[0].PacketsReceived) > 10 })
	in := s.Inbound[0]
	if in.MimeType != "audio/opus" || in.FECFormat != "red" || diag.OrZero(in.FECPacketsReceived) != *in.PacketsReceived ||
		s.Unreceived != nil {
		t.Errorf("%+v, %+v", in, s.Unreceived)
	}
}

// TestUnreceived: packets of SSRCs that no section receives are counted, and told: also those that the description
// announces, and those of no known payload type.
func TestUnreceived(t *testing.T) {
	t.Parallel()
	source := opusPublisher()
	const second = 4242
	p, _, events := publish(t, source, func(offer string) string { // a retransmission that is not agreed on
		return regexp.MustCompile("a=ssrc:([0-9]+)").ReplaceAllString(offer, "a=ssrc-group:FID $1 4242\r\na=ssrc:4242 cname:c\r\n$0")
	})
	next[diag.FirstPacket](t, events)
	source.beside.Store(second)
	s := awaitSample(t, p, func(s diag.Sample) bool { return s.Unreceived != nil && s.Unreceived.Packets >= strangerPackets })
	if s.Unreceived.Streams != 1 {
		t.Errorf("%+v", s.Unreceived)
	}
	p.Sample(true)
	if got := next[diag.UnannouncedSSRC](t, events); got.SSRC != second || !got.Announced || got.Mid != "0" || got.Kind != "audio" {
		t.Errorf("%+v", got)
	}
	for i := range uint32(20) { // more than are counted one by one
		source.beside.Store(second + 1 + i)
		before := diag.OrZero(unreceived(p))
		awaitSample(t, p, func(s diag.Sample) bool { return s.Unreceived.Packets > before })
	}
}

func unreceived(p *Peer) *uint64 {
	if s := p.Sample(false); s.Unreceived != nil {
		return &s.Unreceived.Packets
	}
	return nil
}

// awaitSample takes samples until one is as it should be.
func awaitSample(t *testing.T, p *Peer, good func(diag.Sample) bool) diag.Sample {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		s := p.Sample(false)
		switch {
		case good(s):
			return s
		case time.Now().After(end):
			t.Fatalf("%+v, %+v", s.Inbound, s.Unreceived)
		}
	}
}
