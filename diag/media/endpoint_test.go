package media

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"dialtone/diag"
)

// endpoint is one end of a call.
type endpoint struct {
	t       *testing.T
	pc      *webrtc.PeerConnection
	rec     *Recorder
	players []*Player
	wg      sync.WaitGroup // everything that reads or plays
	playing sync.WaitGroup
	cancel  context.CancelFunc

	mu     sync.Mutex
	events []diag.Data
}

// newEndpoint makes a peer connection with the recorder where the package documentation says it belongs. What is lossy
// is the network: nearer than the recorder.
func newEndpoint(t *testing.T, network interceptor.Factory) *endpoint {
	t.Helper()
	p := &endpoint{t: t}
	p.rec = NewRecorder(time.Now, func(d diag.Data) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.events = append(p.events, d)
	})
	me, registry := &webrtc.MediaEngine{}, &interceptor.Registry{}
	if network != nil {
		registry.Add(network)
	}
	registry.Add(p.rec.Factory())
	for _, err := range []error{
		me.RegisterDefaultCodecs(),
		webrtc.ConfigureNackWithOptions(me, registry, []nack.GeneratorOption{nack.GeneratorMaxNacksPerPacket(3)}),
		webrtc.ConfigureRTCPReportsWithOptions(registry,
			[]report.ReceiverOption{report.ReceiverInterval(50 * time.Millisecond)}, report.SenderInterval(50*time.Millisecond)),
		webrtc.ConfigureTWCCSender(me, registry),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	var se webrtc.SettingEngine
	se.SetIncludeLoopbackCandidate(true)
	se.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() })
	se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(me), webrtc.WithInterceptorRegistry(registry),
		webrtc.WithSettingEngine(se)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	p.pc = pc
	t.Cleanup(p.close)
	return p
}

// fast returns the clip at 200 frames a second.
func fast(t *testing.T, get func() (*Clip, error)) *Clip {
	clip := *clipOf(t, get)
	clip.frames = slices.Clone(clip.frames)
	for i := range clip.frames {
		clip.frames[i].length = 10 * time.Millisecond // faster, and a busy machine loses packets of its own
	}
	return &clip
}

func (p *endpoint) track(mime string, rate uint32, channels uint16) (*webrtc.TrackLocalStaticRTP, *webrtc.RTPSender) {
	p.t.Helper()
	track, err := webrtc.NewTrackLocalStaticRTP(
		webrtc.RTPCodecCapability{MimeType: mime, ClockRate: rate, Channels: channels}, mime[:5], "stream")
	if err != nil {
		p.t.Fatal(err)
	}
	sender, err := p.pc.AddTrack(track)
	if err != nil {
		p.t.Fatal(err)
	}
	return track, sender
}

// plays adds a track for a clip; what comes back is read and thrown away.
func (p *endpoint) plays(clip *Clip) {
	track, sender := p.track(clip.Codec.MimeType(), clip.Codec.ClockRate, clip.Codec.Channels)
	player := NewPlayer(clip, track)
	p.players = append(p.players, player)
	p.readRTCP(sender.ReadRTCP, player.RequestKeyFrame)
	p.pc.OnTrack(func(remote *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
		p.readRTCP(receiver.ReadRTCP, func() {})
		p.wg.Go(func() {
			b := make([]byte, receiveMTU)
			for {
				if _, _, err := remote.Read(b); err != nil {
					return
				}
			}
		})
	})
}

func (p *endpoint) echoes() {
	ctx, cancel := context.WithCancel(p.t.Context())
	p.cancel = cancel
	forwarders := map[webrtc.RTPCodecType]*Forwarder{}
	for kind, clip := range map[webrtc.RTPCodecType]*Clip{
		webrtc.RTPCodecTypeAudio: clipOf(p.t, Tone), webrtc.RTPCodecTypeVideo: clipOf(p.t, Picture),
	} {
		track, sender := p.track(clip.Codec.MimeType(), clip.Codec.ClockRate, clip.Codec.Channels)
		f := NewForwarder(track, p.pc)
		forwarders[kind] = f
		p.readRTCP(sender.ReadRTCP, func() {
			if err := f.RequestKeyFrame(); err != nil {
				p.t.Error(err)
			}
		})
	}
	p.pc.OnTrack(func(remote *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
		p.readRTCP(receiver.ReadRTCP, func() {})
		p.wg.Go(func() {
			if err := forwarders[remote.Kind()].Forward(ctx, remote, remote.Codec().ClockRate); err != nil {
				p.t.Error(err)
			}
		})
	})
}

func (p *endpoint) readRTCP(read func() ([]rtcp.Packet, interceptor.Attributes, error), wanted func()) {
	p.wg.Go(func() {
		for {
			pkts, _, err := read()
			if err != nil {
				return
			}
			if WantsKeyFrame(pkts) {
				wanted()
			}
		}
	})
}

func (p *endpoint) start() {
	ctx, cancel := context.WithCancel(p.t.Context())
	p.cancel = cancel
	for _, player := range p.players {
		p.playing.Go(func() {
			if err := player.Play(ctx); err != nil {
				p.t.Error(err)
			}
		})
	}
}

func (p *endpoint) stop() {
	p.cancel()
	p.playing.Wait()
}

func (p *endpoint) close() {
	if p.cancel != nil {
		p.stop()
	}
	if err := p.pc.GracefulClose(); err != nil {
		p.t.Error(err)
	}
	p.wg.Wait()
}

func (p *endpoint) ask(pkts ...rtcp.Packet) {
	p.t.Helper()
	if err := p.pc.WriteRTCP(pkts); err != nil {
		p.t.Error(err)
	}
}

func (p *endpoint) inbound(kind string) diag.InboundRTP {
	in, _ := p.rec.Snapshot()
	for _, s := range in {
		if s.Kind == kind {
			return s
		}
	}
	p.t.Fatalf("no inbound %s", kind)
	return diag.InboundRTP{}
}

func (p *endpoint) outbound(kind string) diag.OutboundRTP {
	_, out := p.rec.Snapshot()
	for _, s := range out {
		if s.Kind == kind {
			return s
		}
	}
	p.t.Fatalf("no outbound %s", kind)
	return diag.OutboundRTP{}
}

func connect(t *testing.T, a, b *endpoint) {
	t.Helper()
	up := make(chan struct{})
	a.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			close(up)
		}
	})
	offer, err := a.pc.CreateOffer(nil)
	describe(t, a, b, offer, err)
	answer, err := b.pc.CreateAnswer(nil)
	describe(t, b, a, answer, err)
	select {
	case <-up:
	case <-time.After(30 * time.Second):
		t.Fatal("not connected after 30 s")
	}
}

func describe(t *testing.T, from, to *endpoint, sd webrtc.SessionDescription, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(from.pc)
	if err := from.pc.SetLocalDescription(sd); err != nil {
		t.Fatal(err)
	}
	<-gathered
	if err := to.pc.SetRemoteDescription(*from.pc.LocalDescription()); err != nil {
		t.Fatal(err)
	}
}

// eventually waits until problem returns none.
func eventually(t *testing.T, problem func() string) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for {
		p := problem()
		if p == "" {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal(p)
		}
	}
}
