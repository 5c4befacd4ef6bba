package peer

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/pion/rtcp"

	"dialtone/diag"
	"dialtone/diag/media"
	"dialtone/diag/media/picture"
)

const (
	// askEvery is how often it is decided whether to ask for a key frame.
	askEvery = 250 * time.Millisecond
	// lookEvery is the least time between two pictures of a stream, and lookShare how much longer than a decoding took the
	// next one waits: a peer that sends nothing but key frames costs a tenth of a core.
	lookEvery = 500 * time.Millisecond
	lookShare = 10
	// thumbEvery is the least time between two thumbnails of a stream: they stay in memory with the events of the call.
	thumbEvery = 5 * time.Second
	// lookedAt is how many streams are looked at: those of a call with simulcast, and some.
	lookedAt = 4
)

// pictures looks into the video that arrives.
type pictures struct {
	p       *Peer
	arrived chan media.Frame // of one: what comes while another is decoded is not looked at
	streams map[uint32]*watched
}

// watched is a stream of video that is looked at.
type watched struct {
	asker picture.Asker
	last  *picture.Look
	next  time.Time // no picture is looked at before
	thumb time.Time // the latest thumbnail
}

func newPictures(p *Peer) *pictures {
	s := &pictures{p: p, arrived: make(chan media.Frame, 1), streams: map[uint32]*watched{}}
	p.recorder.OnKeyFrame(s.keyFrame)
	return s
}

// keyFrame is called by the stream that has received one.
func (s *pictures) keyFrame(f media.Frame) {
	if media.CodecOf(f.MimeType) != media.CodecOf("VP8") {
		return
	}
	select {
	case s.arrived <- f:
	default:
	}
}

// run decodes key frames and asks for them, until ctx ends.
func (s *pictures) run(ctx context.Context) {
	ticker := time.NewTicker(askEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case f := <-s.arrived:
			s.look(f)
		case <-ticker.C:
			s.ask()
		}
	}
}

// stream is that of an SSRC; nil when there are too many.
func (s *pictures) stream(ssrc uint32) *watched {
	w := s.streams[ssrc]
	if w == nil && len(s.streams) < lookedAt {
		w = &watched{}
		s.streams[ssrc] = w
	}
	return w
}

// look decodes a key frame and reports what it shows.
func (s *pictures) look(f media.Frame) {
	w, now := s.stream(f.SSRC), s.p.o.Now()
	if w == nil || now.Before(w.next) {
		return
	}
	l, err := picture.Decode(f.Data)
	w.next = now.Add(max(lookEvery, lookShare*s.p.o.Now().Sub(now)))
	if err != nil {
		return // what cannot be decoded shows nothing
	}
	d := diag.Picture{
		Moved: w.asker.Seen(now), SSRC: f.SSRC, Width: uint16(l.Width), Height: uint16(l.Height), // #nosec G115 -- of 14 bits
		Luma: l.Luma, Contrast: l.Contrast, Dark: l.Dark, Color: l.Color, ClipFrame: l.Clip,
	}
	if w.thumb.IsZero() || now.Sub(w.thumb) >= thumbEvery {
		w.thumb, d.Thumbnail = now, l.Thumbnail
	}
	if w.last != nil {
		d.Difference = new(l.Difference(w.last))
	}
	w.last = l
	s.p.o.Emit(d)
}

// ask asks for key frames where that is due. Of a publisher it tests whether it answers: those who join depend on it.
func (s *pictures) ask() {
	if s.p.o.Flow == FlowReceive {
		s.p.request(s.p.recorder.TestKeyFrames())
	}
	videos := s.p.recorder.Videos()
	maps.DeleteFunc(s.streams, func(ssrc uint32, _ *watched) bool { // of streams that ended
		return !slices.ContainsFunc(videos, func(v media.VideoCount) bool { return v.SSRC == ssrc })
	})
	for _, v := range videos {
		if media.CodecOf(v.MimeType) != media.CodecOf("VP8") {
			continue
		}
		w := s.stream(v.SSRC)
		if w == nil || !w.asker.Due(s.p.o.Now(), v.Frames, v.Bytes, v.Pixels) {
			continue
		}
		// A request that fails to be sent is repeated when it is due again.
		_ = s.p.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: v.SSRC}})
	}
}
