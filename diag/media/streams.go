package media

import (
	"slices"
	"sync"

	"github.com/pion/interceptor"

	"dialtone/diag"
	"dialtone/diag/media/reports"
)

// stream is what the streams of both directions have in common.
type stream struct {
	rec        *Recorder
	direction  diag.Direction
	ssrc       uint32
	repairSSRC uint32 // of RTX, 0 for none

	mu           sync.Mutex
	ended        bool   // it was taken down; its figures remain for the last Snapshot
	announced    *codec // possibly a guess
	other        *codec // of payload types that were not negotiated: the name of the codec before, not understood
	codec        *codec // of the last packet
	payloadType  int16  // of the last packet, −1 before
	packets      uint64
	payloadBytes uint64
	headerBytes  uint64
	repairs      uint64
	nacks        uint32
	plis, firs   uint32
	roundTrips   reports.RoundTrips
	rates        rates
}

func newStream(r *Recorder, direction diag.Direction, info *interceptor.StreamInfo) stream {
	c := newCodec(info.MimeType, info.ClockRate)
	return stream{
		rec: r, direction: direction, ssrc: info.SSRC, announced: c, codec: c,
		other: &codec{&Codec{Kind: c.Kind}, c.mime, 0}, payloadType: -1,
	}
}

// holds notes which codec a packet of the stream holds: the negotiated one of its payload type, or the announced one
// while that is unknown.
func (s *stream) holds(payloadType uint8) {
	if int16(payloadType) == s.payloadType {
		return
	}
	s.payloadType = int16(payloadType)
	switch c := s.rec.codecs[payloadType&0x7f].Load(); {
	case c != nil:
		s.codec = c
	case s.rec.negotiated.Load():
		s.other.mime = s.codec.mime
		s.codec = s.other
	default:
		s.codec = s.announced
	}
}

func (s *stream) common() *stream { return s }

// counted emits, with no lock held, what the last packet brought for the first time: itself, or a complete frame.
func (s *stream) counted(first bool, kind string, frame *diag.FirstFrame) {
	if first {
		s.rec.emit(diag.FirstPacket{Direction: s.direction, Kind: kind, SSRC: s.ssrc})
	}
	if frame != nil {
		frame.Direction, frame.Kind, frame.SSRC = s.direction, kind, s.ssrc
		s.rec.emit(*frame)
	}
}

// streams are those of one direction.
type streams[S interface{ common() *stream }] struct {
	bySSRC map[uint32]S
	order  []S // of binding
}

// update changes a stream, if there is one, under its lock.
func (l *streams[S]) update(ssrc uint32, change func(S)) {
	if s, known := l.bySSRC[ssrc]; known {
		s.common().mu.Lock()
		defer s.common().mu.Unlock()
		change(s)
	}
}

// bind starts or continues a stream. False when there are too many, none of which has ended.
func (l *streams[S]) bind(r *Recorder, ssrc uint32, create func() S) (s S, ok bool) {
	s, known := l.bySSRC[ssrc]
	if !known {
		if len(l.order) >= maxStreams {
			oldest := slices.IndexFunc(l.order, func(s S) bool { return s.common().hasEnded() })
			if oldest < 0 {
				return s, false
			}
			l.remove(r, l.order[oldest])
		}
		s = create()
		l.bySSRC[ssrc] = s
		l.order = append(l.order, s)
	}
	l.update(ssrc, func(s S) { s.common().ended = false })
	return s, true
}

// unbind keeps what was measured of a stream that ended; one without packets is forgotten.
func (l *streams[S]) unbind(r *Recorder, ssrc uint32) {
	empty := false
	l.update(ssrc, func(s S) { s.common().ended, empty = true, s.common().packets == 0 })
	if empty {
		l.remove(r, l.bySSRC[ssrc])
	}
}

func (l *streams[S]) remove(r *Recorder, s S) {
	c := s.common()
	delete(l.bySSRC, c.ssrc)
	delete(r.mids, c.ssrc)
	delete(r.rids, c.ssrc)
	l.order = slices.DeleteFunc(l.order, func(t S) bool { return t.common() == c })
	if c.direction == diag.Inbound {
		delete(r.repairs, c.repairSSRC)
		if r.newest != nil && &r.newest.stream == c {
			r.newest = nil
		}
	}
}

func (s *stream) hasEnded() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// counts adds the packets of each stream by now.
func (l *streams[S]) counts(out []diag.StreamCount) []diag.StreamCount {
	for _, s := range l.order {
		l.update(s.common().ssrc, func(s S) {
			c := s.common()
			out = append(out, diag.StreamCount{Direction: c.direction, Kind: c.codec.Kind, SSRC: c.ssrc, Packets: c.packets})
		})
	}
	return out
}

// bindInbound starts or continues to record a stream. It returns what names the stream that a packet belongs to; nil
// for one that is not recorded.
func (r *Recorder) bindInbound(info *interceptor.StreamInfo) func(b []byte) *inbound {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case info.SSRC == 0:
		return nil // the bandwidth probes of Chrome
	case isRepair(info):
		return r.bindRepair(info)
	}
	s, ok := r.in.bind(r, info.SSRC, func() *inbound { return newInbound(r, info) })
	if !ok {
		return nil
	}
	if s.announced.Kind == KindVideo {
		r.newest = s
	}
	return func([]byte) *inbound { return s }
}

// bindOutbound starts or continues to record a stream. It returns nil for one that is not recorded; without a codec
// nothing will be sent.
func (r *Recorder) bindOutbound(info *interceptor.StreamInfo) *outbound {
	if info.MimeType == "" {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s, _ := r.out.bind(r, info.SSRC, func() *outbound { return newOutbound(r, info) })
	return s
}

func (r *Recorder) unbind(direction diag.Direction, ssrc uint32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if direction == diag.Inbound {
		r.in.unbind(r, ssrc)
	} else {
		r.out.unbind(r, ssrc)
	}
}
