package peer

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"

	"dialtone/diag"
	"dialtone/diag/forward"
	"dialtone/diag/guard"
	"dialtone/diag/handover"
	"dialtone/diag/media"
	"dialtone/diag/media/latency"
	"dialtone/diag/sdp"
	"dialtone/diag/sockets"
	"dialtone/diag/wire"
)

// Peer is one RTCPeerConnection. Its methods may be called from any goroutine but not from its own callbacks.
type Peer struct {
	o           Options
	pc          *webrtc.PeerConnection
	certificate Certificate
	guard       *guard.Guard
	socks       *sockets.Net
	engine      *webrtc.MediaEngine
	forward     *forward.Forwarder
	recorder    *media.Recorder
	strangers   *wire.Strangers
	renewed     bool // Options.ICEServers were replaced, and the agent does not know it
	pause       *handover.Meter
	cancel      context.CancelFunc // ends players, forwarders and observers
	done        <-chan struct{}
	wg          sync.WaitGroup
	watching    sync.WaitGroup // reads statistics: over before pion closes, which does not lock them

	gather     *gathering
	candidates *candidates
	remotes    *remotes
	checks     *checks
	transports *transports
	channels   *channels
	tracks     *tracks

	srtt float64 // of SCTP, in the sample before

	negotiating sync.Mutex                      // held while descriptions are set
	own         *sdp.Description                // the offer or answer that is being agreed on; nil between negotiations
	offered     atomic.Pointer[sdp.Description] // by the peer, latest
	ending      atomic.Bool
	closeOnce   sync.Once
	closed      chan struct{} // pion has closed
}

// New makes a peer. Nothing is gathered before the first description is set.
func New(o Options) (*Peer, error) {
	o = o.withDefaults()
	p := &Peer{o: o, closed: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel, p.done = cancel, ctx.Done()
	p.transports = &transports{p: p}
	p.guard = guard.New(guard.Options{Now: o.Now, Hosts: o.Limiter, Trusting: o.PionDefaults})
	p.pause = handover.NewMeter(o.Now, o.Emit)
	p.recorder = media.NewRecorder(o.Now, p.mediaEvent)
	p.recorder.Tie(latency.Here)
	p.strangers = wire.NewStrangers(p.recorder.Receives)
	socks, err := sockets.New(o.Net, sockets.Options{
		Guard: p.guard, Pause: p.pause, OnHello: p.transports.helloSeen, OnAlert: p.transports.alertSent,
		OnMedia: p.strangers.Arrived, Tap: o.Tap,
		OnRefused: func(relay netip.Addr, r wire.Refusal) {
			o.Emit(diag.TURNRefused{Relay: relay, Peer: r.Peer, Code: r.Code})
		},
	})
	if err != nil {
		cancel()
		return nil, err
	}
	p.socks = socks
	p.forward = forward.New(forward.Options{
		TLS: o.TLS, Proxies: o.Proxies, Dial: p.guard.Servers(socks.DialServer), Gate: socks.Gate,
		OneFamily: o.OneOfMany,
	})
	if err := p.connect(); err != nil {
		cancel()
		return nil, err
	}
	p.candidates = newCandidates(p)
	p.remotes = &remotes{p: p, unresolved: make(chan named, maxNames), held: make(chan held, maxRemote)}
	p.gather = &gathering{p: p, early: map[string]diag.Server{}, noRelay: map[string]bool{}}
	p.checks = &checks{p: p, wake: make(chan struct{}, 1), pairs: map[string]diag.Pair{}}
	p.channels = &channels{p: p, byLabel: map[string]*webrtc.DataChannel{}}
	p.tracks = newTracks(p)
	p.observe()
	p.o.Emit(diag.DTLSState{State: "new", LocalFingerprint: p.transports.localFingerprint})
	p.watching.Go(p.watch)
	p.wg.Go(func() { p.tracks.run(ctx) })
	if !o.NoMedia {
		if o.OneOfMany {
			p.recorder.HeadersOnly()
		} else {
			pictures := newPictures(p)
			p.wg.Go(func() { pictures.run(ctx) })
		}
	}
	p.wg.Go(func() { p.remotes.resolveNames(ctx) })
	p.wg.Go(func() { p.remotes.release(ctx) })
	return p, nil
}

// connect makes the RTCPeerConnection.
func (p *Peer) connect() error {
	p.engine = &webrtc.MediaEngine{}
	a, err := api(p.o, settings(p.o, p.socks, p.forward), p.engine, p.recorder)
	if err != nil {
		return fmt.Errorf("preparing WebRTC: %w", err)
	}
	config, err := configuration(p.o, p.forward)
	if err != nil {
		return err
	}
	p.certificate = config.Certificates[0]
	p.transports.localFingerprint = certificateFingerprint(p.certificate)
	p.pc, err = a.NewPeerConnection(config)
	if err != nil {
		return fmt.Errorf("creating the peer connection: %w", err)
	}
	return nil
}

// observe registers the callbacks, all before the first description: later ones miss events.
func (p *Peer) observe() {
	p.pc.OnICECandidate(p.candidates.gathered)
	p.pc.OnICEGatheringStateChange(p.gather.agentState)
	p.pc.OnICEConnectionStateChange(p.checks.iceState)
	connection := latest[webrtc.PeerConnectionState]{read: p.pc.ConnectionState, report: p.transports.connectionState}
	p.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if connection.update() == s {
			p.transports.connectionChanged(s)
		}
	})
	signaling := latest[webrtc.SignalingState]{read: p.pc.SignalingState, report: func(s webrtc.SignalingState) {
		if !p.closing() {
			p.o.Emit(diag.SignalingState{State: s.String()})
		}
	}}
	p.pc.OnSignalingStateChange(func(webrtc.SignalingState) { signaling.update() })
	p.pc.OnDataChannel(p.channels.incoming)
	p.pc.OnTrack(p.tracks.remote)
	p.pc.SCTP().OnClose(func(error) { p.transports.remoteClosed() })
	dtls := p.pc.SCTP().Transport()
	dtls.OnStateChange(p.transports.dtlsState)
	dtls.ICETransport().OnSelectedCandidatePairChange(p.checks.selected)
}

// Offer makes an offer, sets it and so begins to gather. The first offer of a call also opens the data channels.
func (p *Peer) Offer(restart bool) (Description, error) {
	p.negotiating.Lock()
	defer p.negotiating.Unlock()
	if err := p.takeBack(); err != nil {
		return Description{}, err
	}
	if err := p.renew(); err != nil {
		return Description{}, err
	}
	if err := p.tracks.prepare(nil); err != nil {
		return Description{}, fmt.Errorf("adding media: %w", err)
	}
	if restart {
		p.restarting()
	} else if !p.o.NoChannels {
		if err := p.channels.create(); err != nil {
			return Description{}, fmt.Errorf("opening data channels: %w", err)
		}
	}
	offer, err := p.pc.CreateOffer(&webrtc.OfferOptions{ICERestart: restart})
	if err != nil {
		return Description{}, fmt.Errorf("making the offer: %w", err)
	}
	return p.setLocal(offer, restart)
}

// Answer sets the peer's offer, makes the answer and sets it.
func (p *Peer) Answer(offer Description) (Description, error) {
	p.negotiating.Lock()
	defer p.negotiating.Unlock()
	if err := p.takeBack(); err != nil {
		return Description{}, err
	}
	if err := p.renew(); err != nil {
		return Description{}, err
	}
	restart := p.remotes.known()
	if restart {
		p.restarting()
	}
	parsed := sdp.Parse(offer.SDP)
	if err := p.tracks.prepare(parsed); err != nil {
		return Description{}, fmt.Errorf("the peer's offer is unusable: %w", err)
	}
	if err := p.setRemote(offer.Type, parsed, webrtc.SDPTypeOffer, restart); err != nil {
		return Description{}, err
	}
	answer, err := p.pc.CreateAnswer(nil)
	if err != nil {
		return Description{}, fmt.Errorf("making the answer: %w", err)
	}
	local, err := p.setLocal(answer, restart)
	if err != nil {
		return Description{}, err
	}
	p.tracks.agree(parsed, p.own, false)
	p.own = nil
	return local, nil
}

// takeBack ends an offer for an ICE restart that was not answered. pion cannot take one back, but what the peer
// described before can answer it, which makes no path.
func (p *Peer) takeBack() error {
	before := p.pc.CurrentRemoteDescription()
	if p.pc.SignalingState() != webrtc.SignalingStateHaveLocalOffer || before == nil {
		return nil
	}
	answer := webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: before.SDP}
	if err := p.pc.SetRemoteDescription(answer); err != nil {
		return fmt.Errorf("taking back the offer before: %w", err)
	}
	return nil
}

// SetAnswer sets the peer's answer to the offer.
func (p *Peer) SetAnswer(answer Description) error {
	p.negotiating.Lock()
	defer p.negotiating.Unlock()
	parsed := sdp.Parse(answer.SDP)
	if err := p.setRemote(answer.Type, parsed, webrtc.SDPTypeAnswer, p.remotes.known()); err != nil {
		return err
	}
	p.tracks.agree(p.own, parsed, true)
	p.own = nil
	return nil
}

// Local is the last local description with the candidates that have been gathered by now; empty before the first.
func (p *Peer) Local() Description {
	d := p.pc.LocalDescription()
	if d == nil {
		return Description{}
	}
	return Description{Type: d.Type.String(), SDP: p.stated(*d)}
}

// stated is a local description as the peer gets it. pion sets only what it has made itself, so what it makes otherwise
// than it should is between both peers.
func (p *Peer) stated(d webrtc.SessionDescription) string {
	text := p.transports.withSetup(d.Type, d.SDP)
	if offer := p.offered.Load(); d.Type == webrtc.SDPTypeAnswer && offer != nil {
		return sdp.Parse(text).Answering(offer)
	}
	return text
}

// Connection is the RTCPeerConnection itself, for what opens data channels of its own.
func (p *Peer) Connection() *Connection { return p.pc }

// Certificate is what the peer shows in the DTLS handshake, for a peer that replaces it.
func (p *Peer) Certificate() *Certificate { return &p.certificate }

// Candidates is how many local candidates have been reported, those before Options.FirstCandidate included.
func (p *Peer) Candidates() int { return p.o.FirstCandidate + p.candidates.gatheredSoFar() }

// Gathered reports whether gathering is over.
func (p *Peer) Gathered() bool { return p.gather.over() }

func (p *Peer) setLocal(d webrtc.SessionDescription, restart bool) (Description, error) {
	p.gather.begin()
	p.own = sdp.Parse(d.SDP)
	fragment, _ := p.own.Attribute("ice-ufrag")
	p.guard.Local(fragment)
	p.gather.describedBy(fragment)
	p.transports.settleSetup(diag.Local, d.Type, p.own)
	if err := p.pc.SetLocalDescription(d); err != nil {
		return Description{}, fmt.Errorf("setting the local %s: %w", d.Type, err)
	}
	if text := p.stated(d); text != d.SDP {
		d.SDP, p.own = text, sdp.Parse(text)
	}
	p.o.Emit(p.own.Event(diag.Local, d.Type.String(), restart))
	return Description{Type: d.Type.String(), SDP: d.SDP}, nil
}

func (p *Peer) setRemote(kind string, parsed *sdp.Description, want webrtc.SDPType, restart bool) error {
	if kind != want.String() {
		return fmt.Errorf("the peer sent a description of type %q instead of %s", diag.Clean(kind, 40), want)
	}
	if same := p.transports.setAnnounced(parsed.Fingerprint()); restart && !same {
		return ErrCertificateChanged
	}
	p.o.Emit(parsed.Event(diag.Remote, kind, restart))
	p.tracks.expect(parsed)
	p.tracks.asides(parsed)
	p.transports.settleSetup(diag.Remote, want, parsed)
	fragment, _ := parsed.Attribute("ice-ufrag")
	p.guard.Remote(fragment)
	if parsed.Session.Has("ice-lite") {
		p.guard.RemoteLite()
	}
	if err := parsed.CheckSession(); err != nil && !parsed.Cut { // then what it misses may be in the rest
		return fmt.Errorf("the peer's %s is %w", want, err)
	}
	offer := want == webrtc.SDPTypeOffer
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: want, SDP: parsed.Settable(offer)}); err != nil {
		return fmt.Errorf("the peer's %s is unusable: %w", want, err)
	}
	if offer {
		p.offered.Store(parsed)
		p.remotes.offered()
	}
	p.tracks.negotiated()
	p.remotes.describe(parsed)
	return nil
}

// ServerProbed passes the result of an ICE server's probe on. Gathering no longer waits for a server that failed.
func (p *Peer) ServerProbed(r diag.Server) { p.gather.probed(r) }

// restarting prepares the observers for new candidates and checks.
func (p *Peer) restarting() {
	p.o.Phases.Again(diag.PhaseRestart, "")
	p.o.Phases.Start(diag.PhaseRestart, "")
	p.gather.prepareRestart()
	p.socks.Refresh()
	works := p.checks.works()
	p.pause.Begin(!works)
	if works {
		p.socks.Restart(p.checks.remoteAddress())
	}
	p.forward.Again()
	p.checks.restart()
	p.guard.Restart()
	p.remotes.restart()
}

// Ending announces that the call is over: what the peer closes from now on, in answer to the hang-up, is not reported.
func (p *Peer) Ending() {
	if !p.ending.Swap(true) {
		p.checks.final()
	}
}

// closeTime bounds Close.
const closeTime = 10 * time.Second

// Close ends the connection and everything that the peer started, and waits for it. It may be called again. What does
// not end in time is left, with its sockets closed; the error is then ErrStuck.
func (p *Peer) Close() error {
	var err error
	p.closeOnce.Do(func() {
		done := make(chan error, 1)
		go func() { done <- p.close() }()
		late := time.NewTimer(closeTime)
		defer late.Stop()
		select {
		case err = <-done:
		case <-late.C:
			err = ErrStuck
			p.cancel()
			p.socks.CloseAll()
		}
	})
	return err
}

func (p *Peer) close() error {
	p.Ending()
	p.cancel()
	p.gather.stop()
	p.watching.Wait()
	// A silent server would hold the agent for seconds: closing its sockets ends that wait. Closed sockets can send no
	// close_notify, so that goes first.
	if p.gather.waiting() {
		p.transports.close()
		p.socks.CloseAll()
	}
	p.forward.Close()
	err := p.pc.GracefulClose()
	close(p.closed)
	p.socks.CloseAll()
	p.wg.Wait()
	return err
}
