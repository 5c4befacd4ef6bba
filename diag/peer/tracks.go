package peer

import (
	"context"
	"strings"
	"sync"

	"github.com/pion/webrtc/v4"

	"dialtone/diag"
	"dialtone/diag/media"
	"dialtone/diag/sdp"
)

// tracks sends media and reads what arrives.
type tracks struct {
	p    *Peer
	jobs chan func(context.Context) // players and forwarders, started by run

	mu        sync.Mutex
	sends     map[string]*sending // by kind
	announced bool                // the outbound tracks were reported
	expected  []string            // kinds that the peer's description offers to send
	up        bool
}

// sending is one outbound track: a clip that is played, or an echo of what arrives.
type sending struct {
	kind    string
	track   *webrtc.TrackLocalStaticRTP
	sender  *webrtc.RTPSender
	player  *media.Player    // nil when echoing
	forward *media.Forwarder // nil when playing
	source  sync.Mutex       // held by the track that is echoed
	started bool
}

func newTracks(p *Peer) *tracks {
	return &tracks{p: p, jobs: make(chan func(context.Context)), sends: map[string]*sending{}}
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

// add prepares an audio and a video track, or the readiness to receive them.
func (t *tracks) add() error {
	if t.p.o.Flow == FlowReceive {
		return t.receiveOnly()
	}
	for _, kind := range []string{"audio", "video"} {
		codec, clip := opus, media.Tone
		if kind == "video" {
			codec, clip = vp8, media.Picture
		}
		track, err := webrtc.NewTrackLocalStaticRTP(codec, kind, "dialtone")
		if err != nil {
			return err
		}
		s := &sending{kind: kind, track: track}
		if !t.p.o.Echo {
			c, err := clip()
			if err != nil {
				return err
			}
			s.player = media.NewPlayer(c, track)
		} else {
			s.forward = media.NewForwarder(track, t.p.pc, codec.ClockRate)
		}
		if s.sender, err = t.sender(track); err != nil {
			return err
		}
		t.sends[kind] = s
		t.p.wg.Go(func() { t.readReports(s) })
	}
	return nil
}

// receiveOnly prepares for media of the peer only.
func (t *tracks) receiveOnly() error {
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
		direction := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}
		if _, err := t.p.pc.AddTransceiverFromKind(kind, direction); err != nil {
			return err
		}
	}
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

// dropUnusable withdraws the tracks for which the offer has no codec, because pion cannot answer with them. Then the
// answer declines their sections.
func (t *tracks) dropUnusable() error {
	for _, transceiver := range t.p.pc.GetTransceivers() {
		sender := transceiver.Sender()
		if sender == nil || sender.Track() == nil || transceiver.Mid() == "" || len(sender.GetParameters().Codecs) > 0 {
			continue
		}
		if err := t.p.pc.RemoveTrack(sender); err != nil {
			return err
		}
	}
	return nil
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
	if s.player != nil {
		s.player.RequestKeyFrame()
		return
	}
	// The request goes to the source of the echo; the peer that waits for the frame repeats one that is lost.
	_ = s.forward.RequestKeyFrame()
}

// reportSent reports the tracks that are sent, once their sections are known.
func (t *tracks) reportSent() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.announced {
		return
	}
	t.announced = true
	for _, transceiver := range t.p.pc.GetTransceivers() {
		sender := transceiver.Sender()
		if sender == nil || sender.Track() == nil || transceiver.Mid() == "" {
			continue
		}
		d := diag.TrackAdded{
			Direction: diag.Outbound, Kind: transceiver.Kind().String(), Mid: transceiver.Mid(),
			TrackID: sender.Track().ID(),
		}
		if encodings := sender.GetParameters().Encodings; len(encodings) > 0 {
			d.SSRC = uint32(encodings[0].SSRC)
			t.p.recorder.SetMid(d.SSRC, d.Mid)
		}
		if s := t.sends[d.Kind]; s != nil {
			d.MimeType, d.ClockRate = s.track.Codec().MimeType, s.track.Codec().ClockRate
		}
		t.p.o.Emit(d)
	}
}

// negotiated passes the codecs of both descriptions to the recorder: pion announces each stream with the first one.
func (t *tracks) negotiated() {
	for _, transceiver := range t.p.pc.GetTransceivers() {
		if receiver := transceiver.Receiver(); receiver != nil { // none when it only sends
			for _, c := range receiver.GetParameters().Codecs {
				t.p.recorder.SetCodec(uint8(c.PayloadType), c.MimeType, c.ClockRate)
			}
		}
	}
}

// expect remembers which media the peer's description offers to send.
func (t *tracks) expect(d *sdp.Description) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.expected != nil {
		return
	}
	for _, kind := range []string{"audio", "video"} {
		if d.Sends(kind) {
			t.expected = append(t.expected, kind)
		}
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
	for _, kind := range t.expected {
		t.p.o.Phases.Start(diag.PhaseFirstPacket, "inbound "+kind)
		if kind == "video" {
			t.p.o.Phases.Start(diag.PhaseFirstFrame, "inbound "+kind)
		}
	}
	for _, s := range t.sends {
		if s.player != nil && !s.started {
			s.started = true
			t.start(func(ctx context.Context) { t.play(ctx, s) })
		}
	}
}

func (t *tracks) play(ctx context.Context, s *sending) {
	if err := s.player.Play(ctx); err != nil && !t.p.closing() {
		t.p.o.Emit(diag.Warning{ID: "media.source_stopped", Subject: s.kind, Cause: diag.Clean(err.Error(), 300)})
	}
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

// remote is pion's OnTrack: called at a track's first packet.
func (t *tracks) remote(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	d := diag.TrackAdded{
		Direction: diag.Inbound, Kind: track.Kind().String(), SSRC: uint32(track.SSRC()),
		MimeType:  diag.Clean(track.Codec().MimeType, 64),
		ClockRate: track.Codec().ClockRate, PayloadType: uint8(track.PayloadType()), TrackID: diag.Clean(track.ID(), 128),
	}
	for _, transceiver := range t.p.pc.GetTransceivers() {
		if transceiver.Receiver() == receiver {
			d.Mid = diag.Clean(transceiver.Mid(), 32)
		}
	}
	t.p.recorder.SetMid(d.SSRC, d.Mid)
	t.p.o.Emit(d)
	t.start(func(context.Context) {
		for { // the interceptors see reports only if they are read
			if _, _, err := receiver.ReadRTCP(); err != nil {
				return
			}
		}
	})
	t.start(func(ctx context.Context) { t.read(ctx, track) })
}

// read reads a track to its end, forwarding it if this peer echoes.
func (t *tracks) read(ctx context.Context, track *webrtc.TrackRemote) {
	if s := t.sends[track.Kind().String()]; t.p.o.Echo && s != nil &&
		strings.EqualFold(track.Codec().MimeType, s.track.Codec().MimeType) {
		s.source.Lock() // one source at a time: the echo is one stream
		defer s.source.Unlock()
		if err := s.forward.Forward(ctx, track); err != nil {
			return // the track or the connection has ended
		}
	}
	buf := make([]byte, 1500)
	for {
		if _, _, err := track.Read(buf); err != nil {
			return
		}
	}
}

// RemoteMuted records that the peer stopped or resumed a kind of media: silence is no freeze then.
func (p *Peer) RemoteMuted(kind string, muted bool) { p.recorder.SetPaused(kind, muted) }

// Mute stops or resumes sending a kind of media. It reports whether there is such a track.
func (p *Peer) Mute(kind string, muted bool) bool {
	s := p.tracks.sends[kind]
	if s == nil || s.player == nil {
		return false
	}
	s.player.SetMuted(muted)
	return true
}
