package peer

import (
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/pion/webrtc/v4"

	"dialtone/diag"
	"dialtone/diag/sdp"
	"dialtone/diag/wire"
)

const (
	// strangerPackets of an SSRC that no description announced are more than pion needs to begin with an announced one.
	strangerPackets = 10
	// strangerQuiet is how long a stream has no packet if another SSRC continues it. A stream that is not quiet when the
	// other has this many packets is continued by none.
	strangerQuiet  = 200 * time.Millisecond
	strangerEnough = 100
)

// section is a media section in which one stream arrives.
type section struct {
	mid  string
	ssrc uint32
}

// meetStrangers lets a media section continue with the SSRC that the peer changed to, for which pion needs a
// description, and reports streams that no section receives.
func (t *tracks) meetStrangers() {
	list, _ := t.p.strangers.List()
	for _, s := range list {
		name, _ := t.p.recorder.CodecName(s.PayloadType)
		if s.Packets < strangerPackets || t.hasMet(s.SSRC) || t.p.recorder.Guards(s.SSRC, s.PayloadType, s.Packets) {
			continue
		}
		x, found := t.continued(s)
		if !found {
			delete(t.suspects, s.SSRC)
		} else if !t.confirmed(s) {
			continue
		}
		err := errUnknownSection
		if found && name != "" {
			err = t.p.readdress(x, s.SSRC)
		}
		switch {
		case err == nil:
			d := t.unannounced(s)
			d.Mid, d.Previous, d.Announced = x.mid, x.ssrc, false
			t.p.o.Emit(d)
		case errors.Is(err, errNegotiating): // it is tried again
		case s.Packets >= strangerEnough:
			t.reportStranger(s)
		}
	}
}

// unreceived counts the packets that are in no stream, and gives those of FEC to the one that it protects. At the end
// of the call it reports streams that were too short for meetStrangers.
func (t *tracks) unreceived(final bool) *diag.Unreceived {
	list, omitted := t.p.strangers.List()
	d := diag.Unreceived{Packets: omitted}
	for _, s := range list {
		if t.p.recorder.Guards(s.SSRC, s.PayloadType, s.Packets) {
			continue
		}
		d.Packets, d.Streams = d.Packets+s.Packets, d.Streams+1
		if final && s.Packets >= strangerPackets && !t.hasMet(s.SSRC) {
			t.reportStranger(s)
		}
	}
	if d.Packets == 0 {
		return nil
	}
	return &d
}

func (t *tracks) hasMet(ssrc uint32) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.met[ssrc]
}

// reportStranger reports a stream that is not received, once.
func (t *tracks) reportStranger(s wire.Stranger) {
	t.mu.Lock()
	t.met[s.SSRC] = true
	t.mu.Unlock()
	t.p.o.Emit(t.unannounced(s))
}

// unannounced describes a stream that is not received.
func (t *tracks) unannounced(s wire.Stranger) diag.UnannouncedSSRC {
	_, kind := t.p.recorder.CodecName(s.PayloadType)
	d := diag.UnannouncedSSRC{SSRC: s.SSRC, PayloadType: s.PayloadType, Kind: kind, Packets: s.Packets}
	if path := t.p.checks.remoteAddress(); s.From.IsValid() && path.IsValid() {
		from := netip.AddrPortFrom(s.From.Addr().Unmap(), s.From.Port())
		d.From, d.OffPath = from.String(), from != path
	}
	if remote := t.p.pc.RemoteDescription(); remote != nil {
		if section := sdp.Parse(remote.SDP).Announces(s.SSRC); section != nil {
			d.Announced, d.Mid = true, diag.Clean(section.Mid, 32)
			d.Kind = section.Kind
		}
	}
	return d
}

// continued finds the only section that has the payload type of a stream, if its own stream has stopped.
func (t *tracks) continued(s wire.Stranger) (section, bool) {
	var found []section
	for _, transceiver := range t.p.pc.GetTransceivers() {
		receiver := transceiver.Receiver()
		if receiver == nil || !hasPayloadType(receiver, s.PayloadType) {
			continue
		}
		for _, track := range receiver.Tracks() {
			found = append(found, section{transceiver.Mid(), uint32(track.SSRC())})
		}
	}
	if len(found) != 1 {
		return section{}, false
	}
	quiet, known := t.p.recorder.Quiet(found[0].ssrc)
	return found[0], known && quiet >= strangerQuiet
}

// confirmed reports whether a stream goes on since it was first taken for the continuation of another: after a pause of
// this machine, the packets of one stream may be read long before those of the other.
func (t *tracks) confirmed(s wire.Stranger) bool {
	first, seen := t.suspects[s.SSRC]
	if !seen {
		t.suspects[s.SSRC] = s.Packets
	}
	return seen && s.Packets >= first+strangerPackets
}

func hasPayloadType(r *webrtc.RTPReceiver, payloadType uint8) bool {
	return slices.ContainsFunc(r.GetParameters().Codecs, func(c webrtc.RTPCodecParameters) bool {
		return uint8(c.PayloadType) == payloadType
	})
}

var (
	errNegotiating    = errors.New("a negotiation is in progress")
	errUnknownSection = errors.New("not one section has the payload type")
)

// readdress gives a section another SSRC, by a negotiation of which the peer learns nothing: nothing else changes in
// the descriptions of both.
func (p *Peer) readdress(x section, ssrc uint32) error {
	p.negotiating.Lock()
	defer p.negotiating.Unlock()
	remote := p.pc.RemoteDescription()
	if remote == nil || p.pc.SignalingState() != webrtc.SignalingStateStable || p.closing() {
		return errNegotiating
	}
	offer, err := p.pc.CreateOffer(nil)
	if err != nil {
		return err
	}
	if err := p.pc.SetLocalDescription(offer); err != nil {
		return err
	}
	role := setupActive
	if p.transports.role() == "client" {
		role = setupPassive
	}
	text := sdp.Parse(remote.SDP).WithSSRC(x.mid, x.ssrc, ssrc)
	answer := func(text string) error {
		return p.pc.SetRemoteDescription(webrtc.SessionDescription{
			Type: webrtc.SDPTypeAnswer, SDP: sdp.Parse(text).With(setupAttribute, role),
		})
	}
	if err := answer(text); err != nil {
		return errors.Join(err, answer(remote.SDP)) // an offer cannot be taken back: it is answered as before
	}
	return nil
}
