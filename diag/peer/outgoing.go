package peer

import (
	"sync"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"dialtone/diag/media"
)

// outgoing is a local track of which both descriptions decide the codec: the first that they have in common and that
// can be sent.
type outgoing struct {
	kind   string
	echo   bool                    // packets have a payload type already: that of the peer's
	usable func(*media.Codec) bool // it can be sent
	bound  func(codec *media.Codec, ssrc uint32)

	mu          sync.Mutex
	writer      webrtc.TrackLocalWriter // nil until both descriptions are known
	ssrc        uint32
	payloadType uint8
}

// Bind implements webrtc.TrackLocal. It never fails: pion would not start the tracks behind it.
func (o *outgoing) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	for _, params := range c.CodecParameters() {
		codec := media.CodecOf(params.MimeType)
		if codec == nil || !o.usable(codec) {
			continue
		}
		o.mu.Lock()
		o.writer, o.ssrc, o.payloadType = c.WriteStream(), uint32(c.SSRC()), uint8(params.PayloadType)
		o.mu.Unlock()
		o.bound(codec, uint32(c.SSRC()))
		return params, nil
	}
	return webrtc.RTPCodecParameters{}, nil // nothing is written
}

// Unbind implements webrtc.TrackLocal.
func (o *outgoing) Unbind(webrtc.TrackLocalContext) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.writer = nil
	return nil
}

// ID implements webrtc.TrackLocal.
func (o *outgoing) ID() string { return o.kind }

// RID implements webrtc.TrackLocal.
func (*outgoing) RID() string { return "" }

// StreamID implements webrtc.TrackLocal.
func (*outgoing) StreamID() string { return "dialtone" }

// Kind implements webrtc.TrackLocal.
func (o *outgoing) Kind() webrtc.RTPCodecType { return webrtc.NewRTPCodecType(o.kind) }

// WriteRTP implements media.RTPWriter. What comes before the track is bound is lost.
func (o *outgoing) WriteRTP(p *rtp.Packet) error {
	o.mu.Lock()
	writer := o.writer
	p.SSRC = o.ssrc
	if !o.echo {
		p.PayloadType = o.payloadType
	}
	o.mu.Unlock()
	if writer == nil {
		return nil
	}
	_, err := writer.WriteRTP(&p.Header, p.Payload)
	return err
}
