// Package outgoing is the local track of a call: what is sent in whichever codec both descriptions choose, unless it is
// on hold.
package outgoing

import (
	"sync"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"dialtone/diag/media"
)

// Track is a local track of which both descriptions decide the codec: the first that they have in common and that can
// be sent. It is on hold until [Track.Hold] says otherwise.
type Track struct {
	MediaKind string                  // audio or video
	Echo      bool                    // packets have a payload type already: that of the peer's
	Usable    func(*media.Codec) bool // it can be sent
	Bound     func(codec *media.Codec, ssrc uint32)

	mu          sync.Mutex
	writer      webrtc.TrackLocalWriter // nil until both descriptions are known
	ssrc        uint32
	payloadType uint8
	sends       bool   // as both descriptions let it
	skipped     uint16 // packets that were not sent because they do not
}

// Bind implements webrtc.TrackLocal. It never fails: pion would not start the tracks behind it.
func (t *Track) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	for _, params := range c.CodecParameters() {
		codec := media.CodecOf(params.MimeType)
		if codec == nil || !t.Usable(codec) {
			continue
		}
		t.mu.Lock()
		t.writer, t.ssrc, t.payloadType = c.WriteStream(), uint32(c.SSRC()), uint8(params.PayloadType)
		t.mu.Unlock()
		t.Bound(codec, uint32(c.SSRC()))
		return params, nil
	}
	return webrtc.RTPCodecParameters{}, nil // nothing is written
}

// Unbind implements webrtc.TrackLocal.
func (t *Track) Unbind(webrtc.TrackLocalContext) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.writer = nil
	return nil
}

// ID implements webrtc.TrackLocal.
func (t *Track) ID() string { return t.MediaKind }

// RID implements webrtc.TrackLocal.
func (*Track) RID() string { return "" }

// StreamID implements webrtc.TrackLocal.
func (*Track) StreamID() string { return "dialtone" }

// Kind implements webrtc.TrackLocal.
func (t *Track) Kind() webrtc.RTPCodecType { return webrtc.NewRTPCodecType(t.MediaKind) }

// Hold puts the track on hold, or ends that.
func (t *Track) Hold(held bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sends = !held
}

// Held reports whether the track is on hold.
func (t *Track) Held() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.sends
}

// WriteRTP implements media.RTPWriter. What comes before the track is bound is lost. What is not sent while it is on
// hold has no sequence numbers, so that the receiver does not take it for lost.
func (t *Track) WriteRTP(p *rtp.Packet) error {
	t.mu.Lock()
	if !t.sends {
		t.skipped++
		t.mu.Unlock()
		return nil
	}
	writer := t.writer
	p.SSRC = t.ssrc
	p.SequenceNumber -= t.skipped
	if !t.Echo {
		p.PayloadType = t.payloadType
	}
	t.mu.Unlock()
	if writer == nil {
		return nil
	}
	_, err := writer.WriteRTP(&p.Header, p.Payload)
	return err
}
