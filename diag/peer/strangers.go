package peer

import (
	"errors"
	"net/netip"
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
	mid, kind string
	ssrc      uint32
}

// meetStrangers lets a media section continue with the SSRC that the peer changed to, for which pion needs a
// description, and reports streams that no section announces.
func (t *tracks) meetStrangers() {
	for _, s := range t.p.strangers.List() {
		name, kind := t.p.recorder.CodecName(s.PayloadType)
		if name == "" || s.Packets < strangerPackets || t.met[s.SSRC] { // not media, or just begun
			continue
		}
		d := diag.UnannouncedSSRC{SSRC: s.SSRC, PayloadType: s.PayloadType, Kind: kind, Packets: s.Packets}
		if path := t.p.checks.remoteAddress(); s.From.IsValid() && path.IsValid() {
			from := netip.AddrPortFrom(s.From.Addr().Unmap(), s.From.Port())
			d.From, d.OffPath = from.String(), from != path
		}
		x, found := t.continued(s)
		err := errUnknownSection
		if found {
			err = t.p.readdress(x, s.SSRC)
		}
		switch {
		case err == nil:
			d.Mid, d.Previous = x.mid, x.ssrc
		case errors.Is(err, errNegotiating): // it is tried again
			continue
		case s.Packets < strangerEnough:
			continue
		default:
			t.met[s.SSRC] = true
		}
		t.p.o.Emit(d)
	}
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
			found = append(found, section{transceiver.Mid(), track.Kind().String(), uint32(track.SSRC())})
		}
	}
	if len(found) != 1 {
		return section{}, false
	}
	quiet, known := t.p.recorder.Quiet(found[0].ssrc)
	return found[0], known && quiet >= strangerQuiet
}

func hasPayloadType(r *webrtc.RTPReceiver, payloadType uint8) bool {
	for _, c := range r.GetParameters().Codecs {
		if uint8(c.PayloadType) == payloadType {
			return true
		}
	}
	return false
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
