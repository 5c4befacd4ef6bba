package peer

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"

	"dialtone/diag"
	"dialtone/diag/media"
)

// Peer is one RTCPeerConnection. Its methods may be called from any goroutine but not from its own callbacks.
type Peer struct {
	o        Options
	pc       *webrtc.PeerConnection
	socks    *sockets
	dial     *dialer
	recorder *media.Recorder
	cancel   context.CancelFunc // ends players, forwarders and observers
	done     <-chan struct{}
	wg       sync.WaitGroup
	watching sync.WaitGroup // reads statistics: over before pion closes, which does not lock them

	gather   *gathering
	book     *candidateBook
	checks   *checks
	link     *link
	channels *channels
	tracks   *tracks

	pendingMu sync.Mutex
	remoteSet bool
	pending   []Candidate // remote candidates that came before the description
	added     int         // remote candidates passed on since the last restart

	ending    atomic.Bool
	closeOnce sync.Once
}

// New makes a peer. Nothing is gathered before the first description is set.
func New(o Options) (*Peer, error) {
	o = withDefaults(o)
	p := &Peer{o: o}
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel, p.done = cancel, ctx.Done()
	p.link = newLink(p)
	socks, err := newSockets(o.Net, p.link.helloSeen, p.link.alertSent)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("reading the network interfaces: %w", err)
	}
	p.socks, p.dial = socks, newDialer(o.ICEServers, o.TLS, socks)
	p.recorder = media.NewRecorder(o.Now, p.mediaEvent)
	if err := p.connect(); err != nil {
		cancel()
		return nil, err
	}
	p.book = newCandidateBook(p)
	p.gather = newGathering(p)
	p.checks = newChecks(p)
	p.channels = newChannels(p)
	p.tracks = newTracks(p)
	p.observe()
	if !o.NoMedia {
		if err := p.tracks.add(); err != nil {
			_ = p.Close()
			return nil, fmt.Errorf("adding media: %w", err)
		}
	}
	p.link.announce()
	p.watching.Go(p.watch)
	p.wg.Go(func() { p.tracks.run(ctx) })
	return p, nil
}

func withDefaults(o Options) Options {
	if o.Emit == nil {
		o.Emit = func(diag.Data) {}
	}
	if o.Phases == nil {
		o.Phases = diag.NewPhases(o.Emit)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.OnCandidate == nil {
		o.OnCandidate = func(Candidate) {}
	}
	if o.OnGathered == nil {
		o.OnGathered = func() {}
	}
	if o.OnUnserved == nil {
		o.OnUnserved = func(string) {}
	}
	if o.OnMessage == nil {
		o.OnMessage = func(string, bool, []byte) {}
	}
	if o.OnOpen == nil {
		o.OnOpen = func(string) {}
	}
	if o.OnState == nil {
		o.OnState = func(State) {}
	}
	o.Timeouts = o.Timeouts.withDefaults(o.PionDefaults)
	return o
}

// connect makes the RTCPeerConnection.
func (p *Peer) connect() error {
	a, err := api(settings(p.o, p.socks, p.dial), p.recorder, p.o.Flow)
	if err != nil {
		return fmt.Errorf("preparing WebRTC: %w", err)
	}
	config, err := configuration(p.o)
	if err != nil {
		return err
	}
	p.link.localFingerprint = certificateFingerprint(config.Certificates[0])
	p.pc, err = a.NewPeerConnection(config)
	if err != nil {
		return fmt.Errorf("creating the peer connection: %w", err)
	}
	return nil
}

// observe registers the callbacks, all before the first description: later ones miss events.
func (p *Peer) observe() {
	p.pc.OnICECandidate(p.book.local)
	p.pc.OnICEGatheringStateChange(p.gather.agentState)
	p.pc.OnICEConnectionStateChange(p.checks.iceState)
	p.pc.OnConnectionStateChange(p.link.connectionState)
	p.pc.OnSignalingStateChange(func(s webrtc.SignalingState) { p.o.Emit(diag.SignalingState{State: s.String()}) })
	p.pc.OnDataChannel(p.channels.incoming)
	p.pc.OnTrack(p.tracks.remote)
	p.pc.SCTP().OnClose(func(error) { p.link.remoteClosed() })
	dtls := p.pc.SCTP().Transport()
	dtls.OnStateChange(p.link.dtlsState)
	dtls.ICETransport().OnSelectedCandidatePairChange(p.checks.selected)
}

// Offer makes an offer, sets it and so begins to gather. The first offer of a call also opens the data channels.
func (p *Peer) Offer(restart bool) (Description, error) {
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

// Answer sets the other side's offer, makes the answer and sets it.
func (p *Peer) Answer(offer Description) (Description, error) {
	restart := p.remoteKnown()
	if restart {
		p.restarting()
	}
	if err := p.setRemote(offer, webrtc.SDPTypeOffer, restart); err != nil {
		return Description{}, err
	}
	answer, err := p.pc.CreateAnswer(nil)
	if err != nil {
		return Description{}, fmt.Errorf("making the answer: %w", err)
	}
	return p.setLocal(answer, restart)
}

// SetAnswer sets the other side's answer to our offer.
func (p *Peer) SetAnswer(answer Description) error {
	return p.setRemote(answer, webrtc.SDPTypeAnswer, p.remoteKnown())
}

// Local is our last description with the candidates that have been gathered by now; empty before the first.
func (p *Peer) Local() Description {
	d := p.pc.LocalDescription()
	if d == nil {
		return Description{}
	}
	return Description{Type: d.Type.String(), SDP: p.link.keepPart(d.Type, d.SDP)}
}

// Named is how many local candidates have been told: what Options.Named of a peer in this one's place is to be.
func (p *Peer) Named() int { return p.o.Named + p.book.count() }

// Gathered reports whether gathering is over.
func (p *Peer) Gathered() bool { return p.gather.over() }

func (p *Peer) setLocal(d webrtc.SessionDescription, restart bool) (Description, error) {
	p.gather.begin()
	p.link.takePart(diag.Local, d.Type, d.SDP)
	if err := p.pc.SetLocalDescription(d); err != nil {
		return Description{}, fmt.Errorf("setting the local %s: %w", d.Type, err)
	}
	d.SDP = p.link.keepPart(d.Type, d.SDP) // pion sets only what it has made itself, so this is between the parties
	p.o.Emit(describe(diag.Local, d.Type.String(), d.SDP, restart))
	p.tracks.announceSent()
	return Description{Type: d.Type.String(), SDP: d.SDP}, nil
}

func (p *Peer) setRemote(d Description, want webrtc.SDPType, restart bool) error {
	if d.Type != want.String() {
		return fmt.Errorf("the other party sent a description of type %q where an %s was due", diag.Clean(d.Type, 40), want)
	}
	if restart && sdpFingerprint(d.SDP) != p.link.announcedFingerprint() {
		return ErrStranger
	}
	p.link.setAnnounced(sdpFingerprint(d.SDP))
	p.o.Emit(describe(diag.Remote, d.Type, d.SDP, restart))
	p.tracks.expect(d.SDP)
	p.link.takePart(diag.Remote, want, d.SDP)
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: want, SDP: d.SDP}); err != nil {
		return fmt.Errorf("the other party's %s is not usable: %w", want, err)
	}
	for _, c := range sdpCandidates(d.SDP) {
		if err := p.book.remote(c); err != nil { // pion has taken the description as a whole: it left this one out
			p.o.Emit(diag.Warning{ID: "ice.candidate_unusable", Text: diag.Clean(err.Error(), 300)})
		}
	}
	return p.flushPending()
}

func (p *Peer) remoteKnown() bool {
	p.pendingMu.Lock()
	defer p.pendingMu.Unlock()
	return p.remoteSet
}

// AddCandidate passes a candidate of the other side on; one that comes before the description is kept until then.
// Candidates that cannot be parsed are an error that ends nothing.
func (p *Peer) AddCandidate(c Candidate) error {
	p.pendingMu.Lock()
	defer p.pendingMu.Unlock()
	if !p.remoteSet {
		if len(p.pending) >= maxPending {
			return ErrTooManyCandidates
		}
		p.pending = append(p.pending, c)
		return nil
	}
	return p.addNow(c)
}

// maxPending bounds what a hostile peer can make us keep.
const maxPending = 256

func (p *Peer) flushPending() error {
	p.pendingMu.Lock()
	defer p.pendingMu.Unlock()
	p.remoteSet = true
	for _, c := range p.pending {
		if err := p.addNow(c); err != nil {
			p.o.Emit(diag.Warning{ID: "ice.candidate_unusable", Text: diag.Clean(err.Error(), 300)})
		}
	}
	p.pending = nil
	return nil
}

func (p *Peer) addNow(c Candidate) error {
	if p.added >= maxRemote {
		return ErrTooManyCandidates
	}
	p.added++
	if c.Candidate != "" {
		if err := p.book.remote(c.Candidate); err != nil {
			return err
		}
	}
	err := p.pc.AddICECandidate(webrtc.ICECandidateInit{
		Candidate: c.Candidate, SDPMid: c.SDPMid, SDPMLineIndex: c.SDPMLineIndex, UsernameFragment: c.UsernameFragment,
	})
	if err != nil {
		return fmt.Errorf("adding the candidate %q: %w", diag.Clean(c.Candidate, 120), err)
	}
	return nil
}

// ServerProbed takes what asking an ICE server gave. A server that failed is not waited for any longer.
func (p *Peer) ServerProbed(r diag.Server) { p.gather.probed(r) }

// restarting prepares the observers for new candidates and checks.
func (p *Peer) restarting() {
	p.o.Phases.Again(diag.PhaseRestart, "")
	p.o.Phases.Start(diag.PhaseRestart, "")
	p.gather.again()
	p.checks.again()
	p.pendingMu.Lock()
	defer p.pendingMu.Unlock()
	p.added = 0
}

// Ending tells that the call is over: what the other side closes from now on, in answer to our goodbye, is no news.
func (p *Peer) Ending() { p.ending.Store(true) }

// Close ends the connection and everything that the peer started, and waits for it. It may be called again.
func (p *Peer) Close() error {
	var err error
	p.closeOnce.Do(func() {
		p.Ending()
		p.cancel()
		p.gather.stop()
		p.watching.Wait()
		// A silent TURN server would hold the agent for seconds: closing its sockets ends that wait. Only then, because
		// closed sockets can say no goodbye.
		if p.gather.waiting() {
			p.socks.closeAll()
		}
		p.dial.close()
		err = p.pc.GracefulClose()
		p.socks.closeAll()
		p.wg.Wait()
	})
	return err
}
