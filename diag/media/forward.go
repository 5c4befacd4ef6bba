package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"dialtone/diag/media/clock"
	"dialtone/diag/media/sequence"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// receiveMTU is more than any packet that fits an Ethernet.
const receiveMTU = 1500

// RTPReader gives packets one by one; webrtc.TrackRemote is one. A deadline in the past must end a Read that waits.
type RTPReader interface {
	Read(b []byte) (int, interceptor.Attributes, error)
	SetReadDeadline(t time.Time) error
}

// RTCPWriter sends feedback; webrtc.PeerConnection is one.
type RTCPWriter interface {
	WriteRTCP(pkts []rtcp.Packet) error
}

// Forwarder sends what arrives back, as it is: one stream out, whatever number of sources one after another. Sequence
// numbers and timestamps go on from one source to the next. Within a source the order, the gaps and the distances stay
// what they were: a packet that was lost on the way here and not repaired is a hole on the way back, so that the
// receiver of the echo sees it. Header extensions, which mean something to one connection only, are removed.
type Forwarder struct {
	dst  RTPWriter
	back RTCPWriter

	// Of the goroutine that forwards.
	rate     uint32 // timestamp units a second
	fresh    bool   // the next packet begins a source
	inSeq    uint16
	seqShift uint16
	tsShift  uint32
	outSeq   uint16 // highest sent
	outTS    uint32 // of the packet before
	outAt    time.Time
	started  bool

	mu      sync.Mutex
	source  uint32 // SSRC, 0 before the first packet
	askedAt time.Time
}

// NewForwarder returns a forwarder to dst, a local track that keeps payload types. Requests for key frames go to the
// source through back.
func NewForwarder(dst RTPWriter, back RTCPWriter) *Forwarder { return &Forwarder{dst: dst, back: back} }

// Forward copies from src, of a codec with this clock rate, until ctx ends or src is at its end, when it returns nil,
// or until reading or writing fails. It keeps one packet at a time and starts no goroutine. One Forward may run at a
// time; another may follow it.
func (f *Forwarder) Forward(ctx context.Context, src RTPReader, clockRate uint32) error {
	f.rate = clockRate
	stop := context.AfterFunc(ctx, func() { _ = src.SetReadDeadline(time.Unix(1, 0)) }) // a closed source has ended anyway
	defer stop()
	f.fresh = true
	buf := make([]byte, receiveMTU)
	for ctx.Err() == nil {
		n, _, err := src.Read(buf)
		switch {
		case ctx.Err() != nil || errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read the packet to echo: %w", err)
		}
		var in rtp.Packet
		if in.Unmarshal(buf[:n]) != nil {
			continue // garbage is not echoed
		}
		if err := f.write(&in, time.Now()); err != nil {
			return fmt.Errorf("echo: %w", err)
		}
	}
	return nil
}

// write sends one packet on in its new numbers.
func (f *Forwarder) write(in *rtp.Packet, now time.Time) error {
	f.mu.Lock()
	f.source = in.SSRC
	f.mu.Unlock()
	if step := int16(in.SequenceNumber - f.inSeq); f.fresh || step > sequence.MaxDropout || step < -sequence.MaxMisorder {
		f.rebase(in, now)
	}
	f.inSeq = in.SequenceNumber
	out := rtp.Packet{
		Header: rtp.Header{
			Version: 2, Marker: in.Marker, PayloadType: in.PayloadType,
			SequenceNumber: in.SequenceNumber + f.seqShift, Timestamp: in.Timestamp + f.tsShift,
		},
		Payload: in.Payload,
	}
	if int16(out.SequenceNumber-f.outSeq) > 0 || !f.started {
		f.outSeq = out.SequenceNumber
	}
	f.outTS, f.outAt, f.started = out.Timestamp, now, true
	return f.dst.WriteRTP(&out)
}

// rebase joins a source, or a source that began anew, to what was sent before.
func (f *Forwarder) rebase(in *rtp.Packet, now time.Time) {
	f.fresh = false
	if !f.started {
		return
	}
	f.seqShift = f.outSeq + 1 - in.SequenceNumber
	f.tsShift = f.outTS + uint32(clock.Units(now.Sub(f.outAt), f.rate)) - in.Timestamp
}

// RequestKeyFrame asks the source for a key frame with a Picture Loss Indication: the hook for requests that concern
// the echo. A request within 200 ms of the one before is taken as answered by that one. Before the first packet there
// is no source to ask and nothing to repair.
func (f *Forwarder) RequestKeyFrame() error {
	f.mu.Lock()
	now := time.Now()
	source := f.source
	if source == 0 || now.Sub(f.askedAt) < keyFrameGap {
		f.mu.Unlock()
		return nil
	}
	f.askedAt = now
	f.mu.Unlock()
	if err := f.back.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: source}}); err != nil {
		return fmt.Errorf("ask for a key frame: %w", err)
	}
	return nil
}
