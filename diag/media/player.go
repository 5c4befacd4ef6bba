package media

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
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

// opusSilence is one frame of 20 ms of digital silence (RFC 6716: full-band CELT, mono).
var opusSilence = []byte{0xf8, 0xff, 0xfe}

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
	packet  rtp.Packet
	vp8     codecs.VP8Payloader
	seq     uint16
	base    uint32 // timestamp of slot 0
	slot    int64  // frames since the player was made, sent or not
	index   int    // of the next frame in the clip
	seek    bool   // the next frame must be a key frame
	lastKey int64  // slot of the last answer to a request
}

// NewPlayer returns a player of the clip that writes to w.
func NewPlayer(clip *Clip, w RTPWriter) *Player {
	return &Player{
		clip: clip, w: w, lastKey: -1 << 32, vp8: codecs.VP8Payloader{EnablePictureID: true},
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
	first := p.slot
	start := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		due := start.Add(time.Duration(p.slot-first) * p.clip.FrameDuration)
		if late := time.Since(due); late > maxLate {
			p.skip(int64(late / p.clip.FrameDuration))
		}
		if err := p.sendSlot(); err != nil {
			return fmt.Errorf("send %s: %w", p.clip.Kind, err)
		}
		p.slot++
		timer.Reset(time.Until(start.Add(time.Duration(p.slot-first) * p.clip.FrameDuration)))
	}
}

// skip leaves out n frames. A tone goes on where it would be, a picture at a key frame.
func (p *Player) skip(n int64) {
	p.slot += n
	p.index = int((int64(p.index) + n) % int64(len(p.clip.frames)))
	p.seek = true
}

// sendSlot sends the frame of the present slot, if there is one.
func (p *Player) sendSlot() error {
	if p.clip.Kind == KindAudio {
		data := p.clip.frames[p.index].data
		if p.muted.Load() {
			data = opusSilence
		}
		p.index = (p.index + 1) % len(p.clip.frames)
		return p.write(data, false)
	}
	if p.muted.Load() {
		p.seek = true
		return nil
	}
	if (p.slot-p.lastKey)*int64(p.clip.FrameDuration) >= int64(keyFrameGap) && p.wants.Swap(false) {
		p.seek, p.lastKey = true, p.slot
	}
	if p.seek {
		p.index, p.seek = p.clip.nextKey(p.index), false
	}
	data := p.clip.frames[p.index].data
	p.index = (p.index + 1) % len(p.clip.frames)
	packets := p.vp8.Payload(maxPayload, data)
	for i, payload := range packets {
		if err := p.write(payload, i == len(packets)-1); err != nil {
			return err
		}
	}
	return nil
}

func (p *Player) write(payload []byte, marker bool) error {
	ticks := int64(p.clip.ClockRate) * int64(p.clip.FrameDuration) / int64(time.Second)
	p.packet = rtp.Packet{
		Header: rtp.Header{
			Version: 2, Marker: marker, SequenceNumber: p.seq, Timestamp: p.base + uint32(p.slot*ticks),
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
