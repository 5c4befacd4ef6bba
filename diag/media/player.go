package media

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"dialtone/diag/media/clock"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

const (
	// maxPayload leaves room in 1200 bytes for what is added under way: header extensions, RTX, SRTP, a TURN channel.
	maxPayload = 1150

	// maxLate is how far a player may fall behind and still send everything; beyond it, what was missed is skipped.
	maxLate = 200 * time.Millisecond

	// keyFrameGap is the least time between two answers to requests for a key frame, so that a peer that asks for each
	// lost packet does not get ten seconds of key frames in one.
	keyFrameGap = 200 * time.Millisecond
)

// RTPWriter takes packets; webrtc.TrackLocalStaticRTP is one. SSRC and payload type are for the writer to set. It must
// not keep the packet nor its payload after it returned.
type RTPWriter interface {
	WriteRTP(*rtp.Packet) error
}

// Player sends a clip over and over. Play may run once at a time; everything else is safe for concurrent use.
type Player struct {
	clip  *Clip
	w     RTPWriter
	muted atomic.Bool
	wants atomic.Bool // a key frame

	// Of the goroutine that plays, kept from one Play to the next so that the stream stays one stream.
	packet    rtp.Packet
	payloader rtp.Payloader
	seq       uint16
	base      uint32        // timestamp of the first frame
	at        time.Duration // of the next frame, since the first
	index     int           // of the next frame in the clip
	seek      bool          // the next frame must be a key frame
	lastKey   time.Duration // of the last answer to a request
}

// NewPlayer returns a player of the clip that writes to w.
func NewPlayer(clip *Clip, w RTPWriter) *Player {
	return &Player{
		clip: clip, w: w, lastKey: -keyFrameGap, payloader: clip.Codec.payloader(),
		seq: uint16(rand.Uint32()), base: rand.Uint32(),
	}
}

// SetMuted mutes or unmutes. A muted tone goes on as encoded silence, which keeps its loss and jitter measurable, as a
// disabled track does in a browser; a muted picture is not sent at all and returns with a key frame.
func (p *Player) SetMuted(muted bool) { p.muted.Store(muted) }

// RequestKeyFrame makes the picture jump to the clip's next key frame, at most every 200 ms. It never blocks.
func (p *Player) RequestKeyFrame() { p.wants.Store(true) }

// Play sends until ctx ends, when it returns nil, or until w fails, when it returns that error (wrapped). Packets that
// are written before the connection is up are lost, so Play is best called when it is. Every frame has its time,
// counted from the beginning; a process that slept for more than 200 ms skips what it missed instead of sending it in a
// burst, and the timestamps leave the gap.
func (p *Player) Play(ctx context.Context) error {
	start := time.Now().Add(-p.at)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		if time.Since(start.Add(p.at)) > maxLate {
			p.skip(time.Since(start))
		}
		if err := p.sendFrame(); err != nil {
			return fmt.Errorf("send %s: %w", p.clip.Codec.Kind, err)
		}
		timer.Reset(time.Until(start.Add(p.at)))
	}
}

// skip leaves out the frames that are over at a time. A tone goes on where it would be, a picture at a key frame.
func (p *Player) skip(now time.Duration) {
	for p.at+p.clip.frames[p.index].length <= now {
		p.pass()
	}
	p.seek = p.clip.Codec.Kind == KindVideo
}

// pass goes on to the next frame.
func (p *Player) pass() {
	p.at += p.clip.frames[p.index].length
	p.index = (p.index + 1) % len(p.clip.frames)
}

// sendFrame sends the frame that is due, and goes on to the next.
func (p *Player) sendFrame() error {
	muted, codec := p.muted.Load(), p.clip.Codec
	if codec.Kind == KindVideo {
		if p.at-p.lastKey >= keyFrameGap && !muted && p.wants.Swap(false) {
			p.seek, p.lastKey = true, p.at
		}
		if p.seek && !muted {
			p.index, p.seek = p.clip.nextKey(p.index), false
		}
		p.seek = p.seek || muted
	}
	data, at := p.clip.frames[p.index].data, p.at
	p.pass()
	switch {
	case muted && codec.Kind == KindVideo:
		return nil
	case muted:
		data = codec.mute(len(data))
	}
	packets := p.payloader.Payload(maxPayload, data)
	for i, payload := range packets {
		if err := p.write(payload, at, codec.Kind == KindVideo && i == len(packets)-1); err != nil {
			return err
		}
	}
	return nil
}

func (p *Player) write(payload []byte, at time.Duration, marker bool) error {
	p.packet = rtp.Packet{
		Header: rtp.Header{
			Version: 2, Marker: marker, SequenceNumber: p.seq,
			Timestamp: p.base + uint32(clock.Units(at, p.clip.Codec.ClockRate)),
		},
		Payload: payload,
	}
	p.seq++
	return p.w.WriteRTP(&p.packet)
}

// WantsKeyFrame reports whether RTCP that arrived asks for a key frame: a Picture Loss Indication (RFC 4585, section
// 6.3.1) or a Full Intra Request (RFC 5104, section 4.3.1).
func WantsKeyFrame(pkts []rtcp.Packet) bool {
	for _, pkt := range pkts {
		switch pkt.(type) {
		case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
			return true
		}
	}
	return false
}
