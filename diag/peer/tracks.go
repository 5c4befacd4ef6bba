package peer

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"dialtone/diag"
	"dialtone/diag/media"
	"dialtone/diag/media/capture"
	"dialtone/diag/peer/outgoing"
	"dialtone/diag/sdp"
)

// tracks sends media and reads what arrives.
type tracks struct {
	p    *Peer
	jobs chan func(context.Context) // players and forwarders, started by run

	mu       sync.Mutex
	ready    bool                // codecs and tracks are known to pion
	sends    map[string]*sending // by kind
	expected []string            // kinds that the peer's description offers to send
	agreed   bool                // both descriptions are known
	held     map[string]bool     // kinds that the peer does not send, as agreed on
	muted    map[string]bool     // kinds that the peer says it has muted
	up       bool
	met      map[uint32]bool // strangers that were reported

	// by the goroutine of watch only: strangers that seem to continue a section, with their packets when that began
	suspects map[uint32]uint64
}

// sending is one outbound track: a clip that is played, or an echo of what arrives.
type sending struct {
	kind    string
	track   *outgoing.Track
	sender  *webrtc.RTPSender
	codec   *media.Codec // nil before both descriptions are known
	ssrc    uint32
	allowed bool             // the peer takes it, as agreed on
	known   bool             // it was reported
	muted   bool             // from the beginning
	player  *media.Player    // nil when echoing, and before it plays
	forward *media.Forwarder // nil when playing
	source  sync.Mutex       // held by the track that is echoed
}

func newTracks(p *Peer) *tracks {
	return &tracks{
		p: p, jobs: make(chan func(context.Context)), sends: map[string]*sending{},
		held: map[string]bool{}, muted: map[string]bool{}, met: map[uint32]bool{}, suspects: map[uint32]uint64{},
	}
}

// run starts jobs as they come, until ctx ends.
func (t *tracks) run(ctx context.Context) {
	for {
		select {
		case job := <-t.jobs:
			t.p.wg.Go(func() { job(ctx) })
		case <-ctx.Done():
			return
		}
	}
}

// start hands a job to run; nothing is started once the peer closes.
func (t *tracks) start(job func(context.Context)) {
	select {
	case t.jobs <- job:
	case <-t.p.done:
	}
}

// prepare registers, before the first description, the codecs and an audio and a video track, or the readiness to
// receive them: all that is wanted in an offer, and what fits the peer's offer in an answer.
func (t *tracks) prepare(offer *sdp.Description) error {
	if t.ready || t.p.o.NoMedia {
		return nil
	}
	t.ready = true
	fits := map[string]bool{"audio": true, "video": true}
	if offer != nil {
		var err error
		if fits, err = t.p.o.fitting(offer); err != nil {
			return err
		}
		if offer.Simulcast() { // only then: pion finds streams without an announced SSRC by their payload type otherwise
			if err := webrtc.ConfigureSimulcastExtensionHeaders(t.p.engine); err != nil {
				return err
			}
		}
	}
	for _, kind := range diag.Kinds {
		if !fits[kind] || len(t.p.o.codecsOf(kind)) == 0 {
			continue
		}
		if err := errors.Join(register(t.p.engine, t.p.o, kind, offer == nil), t.add(kind)); err != nil {
			return err
		}
	}
	return nil
}

// add prepares a track of a kind, or the readiness to receive it.
func (t *tracks) add(kind string) error {
	if t.p.o.Flow == FlowReceive {
		direction := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}
		_, err := t.p.pc.AddTransceiverFromKind(webrtc.NewRTPCodecType(kind), direction)
		return err
	}
	s := &sending{kind: kind}
	s.track = &outgoing.Track{
		MediaKind: kind, Echo: t.p.o.Echo,
		Usable: func(c *media.Codec) bool { return slices.Contains(t.p.o.codecsOf(kind), c) },
		Bound:  func(c *media.Codec, ssrc uint32) { t.bound(s, c, ssrc) },
	}
	if t.p.o.Echo {
		s.forward = media.NewForwarder(s.track, t.p.pc)
	}
	var err error
	if s.sender, err = t.sender(s.track); err != nil {
		return err
	}
	t.mu.Lock()
	t.sends[kind] = s
	t.mu.Unlock()
	t.p.wg.Go(func() { t.readReports(s) })
	return nil
}

// sender adds a track in the direction of the flow.
func (t *tracks) sender(track webrtc.TrackLocal) (*webrtc.RTPSender, error) {
	if t.p.o.Flow != FlowSend {
		return t.p.pc.AddTrack(track)
	}
	direction := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}
	transceiver, err := t.p.pc.AddTransceiverFromTrack(track, direction)
	if err != nil {
		return nil, err
	}
	return transceiver.Sender(), nil
}

func (t *tracks) bound(s *sending, c *media.Codec, ssrc uint32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.codec, s.ssrc = c, ssrc
}

// readReports keeps the interceptors fed and passes requests for key frames on. It ends with the connection.
func (t *tracks) readReports(s *sending) {
	for {
		packets, _, err := s.sender.ReadRTCP()
		if err != nil {
			return
		}
		if media.WantsKeyFrame(packets) {
			t.requestKeyFrame(s)
		}
	}
}

func (t *tracks) requestKeyFrame(s *sending) {
	t.mu.Lock()
	player := s.player
	t.mu.Unlock()
	switch {
	case player != nil:
		player.RequestKeyFrame()
	case s.forward != nil:
		// The request goes to the source of the echo; the peer that waits for the frame repeats one that is lost.
		_ = s.forward.RequestKeyFrame()
	}
}

// agree notes what both descriptions agree on, and reports the tracks that are sent. What they do not let pass, because
// the answer refuses it or the call is on hold, is not sent, and what the peer does not send is no pause.
func (t *tracks) agree(offer, answer *sdp.Description, offers bool) {
	sends, receives := map[string]bool{}, map[string]bool{}
	for _, a := range sdp.Agree(offer, answer) {
		here, there := a.ToOfferer, a.ToAnswerer
		if offers {
			here, there = there, here
		}
		sends[a.Kind], receives[a.Kind] = sends[a.Kind] || here, receives[a.Kind] || there
	}
	t.p.pause.Agreed(receives["audio"] || receives["video"], sends["audio"] || sends["video"])
	t.mu.Lock()
	defer t.mu.Unlock()
	t.agreed = true
	for kind, s := range t.sends {
		resumed := !s.allowed && s.known
		s.allowed = s.codec != nil && sends[kind]
		s.track.Hold(!s.allowed)
		if s.allowed && !s.known {
			s.known = true
			t.report(s)
		}
		if s.allowed && resumed && s.player != nil {
			s.player.RequestKeyFrame()
		}
	}
	for _, kind := range diag.Kinds {
		t.held[kind] = !receives[kind]
		t.p.recorder.SetPaused(kind, t.held[kind] || t.muted[kind])
	}
	t.play()
}

// report reports a track that is sent.
func (t *tracks) report(s *sending) {
	d := diag.TrackAdded{
		Direction: diag.Outbound, Kind: s.kind, SSRC: s.ssrc, MimeType: s.codec.MimeType(), ClockRate: s.codec.ClockRate,
		TrackID: s.track.ID(),
	}
	for _, transceiver := range t.p.pc.GetTransceivers() {
		if transceiver.Sender() == s.sender {
			d.Mid = transceiver.Mid()
		}
	}
	t.p.recorder.SetMid(d.SSRC, d.Mid)
	t.p.o.Emit(d)
}

// negotiated passes the codecs of both descriptions to the recorder: pion announces each stream with the first one.
func (t *tracks) negotiated() {
	for _, transceiver := range t.p.pc.GetTransceivers() {
		if receiver := transceiver.Receiver(); receiver != nil { // none when it only sends
			params := receiver.GetParameters()
			for _, c := range params.Codecs {
				t.p.recorder.SetCodec(uint8(c.PayloadType), c.MimeType, c.ClockRate)
			}
			for _, x := range params.HeaderExtensions {
				switch id := uint8(x.ID); x.URI { // #nosec G115 -- 1 to 255 (RFC 8285)
				case levelURI:
					t.p.recorder.SetLevels(id)
				case capture.URI:
					t.p.recorder.SetCaptures(id)
				}
			}
		}
	}
}

// asides passes what the peer has besides codecs: RED and FEC, which are not agreed on, and some send nevertheless.
func (t *tracks) asides(d *sdp.Description) {
	for i := range d.Media {
		for _, c := range d.Media[i].Codecs {
			if n, err := strconv.ParseUint(c.PayloadType, 10, 7); err == nil {
				t.p.recorder.SetAside(uint8(n), c.Short()) // #nosec G115 -- 7 bits
				if apt, ok := c.Repairs(); ok {
					t.p.recorder.SetRepair(uint8(n), apt) // #nosec G115 -- 7 bits
				}
			}
		}
	}
	for fec, protected := range d.FECStreams() {
		t.p.recorder.SetGuard(fec, protected)
	}
}

// expect remembers which media the peer's description offers to send.
func (t *tracks) expect(d *sdp.Description) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.expected) == 0 {
		t.expected = slices.DeleteFunc(slices.Clone(diag.Kinds), func(kind string) bool { return !d.Sends(kind) })
	}
}

// connected begins to play and to wait for the first packets.
func (t *tracks) connected() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.up {
		return
	}
	t.up = true
	t.p.strangers.Begin()
	for _, kind := range t.expected {
		t.p.o.Phases.Start(diag.PhaseFirstPacket, "inbound "+kind)
		if kind == "video" {
			t.p.o.Phases.Start(diag.PhaseFirstFrame, "inbound "+kind)
		}
	}
	t.play()
}

// play begins to play what the peer takes, once it is connected.
func (t *tracks) play() {
	if !t.up || !t.agreed || t.p.o.Echo {
		return
	}
	for _, s := range t.sends {
		if !s.allowed || s.player != nil {
			continue
		}
		clip := t.p.o.Clips[s.kind]
		if clip == nil {
			var err error
			if clip, err = s.codec.ReadClip(); err != nil {
				t.stopped(s.kind, err)
				continue
			}
		}
		player := media.NewPlayer(clip, s.track)
		player.SetMuted(s.muted)
		s.player = player
		t.start(func(ctx context.Context) {
			if err := player.Play(ctx); err != nil && !t.p.closing() {
				t.stopped(s.kind, err)
			}
		})
	}
}

// stopped reports a source that ended.
func (t *tracks) stopped(kind string, err error) {
	t.p.o.Emit(diag.Warning{ID: "media.source_stopped", Subject: kind, Cause: diag.Clean(err.Error(), 300)})
}

// mediaEvent passes first packets and frames on and closes their spans.
func (p *Peer) mediaEvent(d diag.Data) {
	p.o.Emit(d)
	switch d := d.(type) {
	case diag.FirstPacket:
		if d.Direction == diag.Inbound {
			p.o.Phases.End(diag.PhaseFirstPacket, "inbound "+d.Kind, diag.OutcomeOK, "")
		}
	case diag.FirstFrame:
		if d.Direction == diag.Inbound {
			p.o.Phases.End(diag.PhaseFirstFrame, "inbound "+d.Kind, diag.OutcomeOK, "")
		}
	}
}

// RequestKeyFrames asks the peer for a key frame of each video that it sends (PLI, RFC 4585 §6.3.1).
func (p *Peer) RequestKeyFrames() { p.request(p.recorder.RequestKeyFrames()) }

func (p *Peer) request(requests []diag.KeyFrameRequested) {
	for _, request := range requests {
		p.o.Emit(request)
		// A request that cannot be sent is one that is lost.
		_ = p.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: request.SSRC}})
	}
}

// RemoteMuted records that the peer stopped or resumed a kind of media: silence is no freeze then.
func (p *Peer) RemoteMuted(kind string, muted bool) {
	p.tracks.mu.Lock()
	defer p.tracks.mu.Unlock()
	p.tracks.muted[kind] = muted
	p.recorder.SetPaused(kind, p.tracks.held[kind] || muted)
}

// Mute stops or resumes sending a kind of media. It reports whether there is such a track.
func (p *Peer) Mute(kind string, muted bool) bool {
	p.tracks.mu.Lock()
	defer p.tracks.mu.Unlock()
	s := p.tracks.sends[kind]
	if s == nil || s.forward != nil || p.tracks.agreed && !s.allowed {
		return false
	}
	s.muted = muted
	if s.player != nil {
		s.player.SetMuted(muted)
	}
	return true
}
