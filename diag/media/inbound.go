package media

import (
	"sync"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"

	"dialtone/diag"
)

// inbound is one stream that arrives, with the retransmissions that repair it.
type inbound struct {
	rec   *Recorder
	ssrc  uint32
	bound *codec // as announced, possibly a guess
	other *codec // of payload types that were not negotiated: the same name, not understood

	repairSSRC uint32 // of RTX, 0 for none; under the lock of the recorder

	mu           sync.Mutex
	gone         bool // the stream was taken down
	codec        *codec
	payloadType  int16 // of the last packet, −1 before
	packets      uint64
	payloadBytes uint64
	headerBytes  uint64
	duplicates   uint64
	repairs      uint64
	silent       uint64
	nacks        uint32
	plis, firs   uint32
	roundTrips   roundTrips
	last         time.Time
	seq          sequence
	jitter       jitter
	frames       frames
	rates        rates
	told         bool // FirstFrame
}

func newInbound(r *Recorder, info *interceptor.StreamInfo) *inbound {
	bound := newCodec(info.MimeType, info.ClockRate)
	return &inbound{
		rec: r, ssrc: info.SSRC, bound: bound, codec: bound, other: &codec{mime: bound.mime,
			kind: bound.kind}, payloadType: -1,
	}
}

// setGone notes that the stream ended or began again, and returns how many packets it had.
func (s *inbound) setGone(gone bool) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = gone
	return s.packets
}

func (s *inbound) isGone() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gone
}

// feedback changes a stream, if there is one, under its lock.
func (s *inbound) feedback(change func(*inbound)) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

// nack notes one NACK packet that was sent, as nackCount of webrtc-stats counts them.
func (s *inbound) nack(pairs []rtcp.NackPair) {
	s.nacks++
	for _, pair := range pairs {
		for _, seq := range pair.PacketList() {
			s.seq.ask(seq)
		}
	}
}

// packet notes a packet as it came from the network. A repair came on the SSRC for retransmissions.
func (s *inbound) packet(b []byte, repair bool) {
	h, ok := parseRTP(b)
	if !ok {
		return
	}
	now := s.rec.now()
	s.mu.Lock()
	first := s.packets == 0
	frame := s.count(h, repair, now)
	ssrc, kind := s.ssrc, s.codec.kind
	var event diag.FirstFrame
	if frame != nil && !s.told {
		s.told = true
		event = diag.FirstFrame{
			Direction: diag.Inbound, Kind: kind, SSRC: ssrc, Width: frame.width, Height: frame.height, KeyFrame: frame.key,
		}
	}
	s.mu.Unlock()
	if first {
		s.rec.on(diag.FirstPacket{Direction: diag.Inbound, Kind: kind, SSRC: ssrc})
	}
	if event.Kind != "" {
		s.rec.on(event)
	}
}

// count does the arithmetic of packet. It returns a frame that is now complete, or nil.
func (s *inbound) count(h header, repair bool, now time.Time) *openFrame {
	s.packets++
	s.last = now
	if repair {
		original, ok := h.original()
		if !ok { // padding
			s.headerBytes += uint64(h.overhead + len(h.payload))
			return nil
		}
		h = original
		s.repairs++
	} else if int16(h.payloadType) != s.payloadType {
		s.payloadType = int16(h.payloadType)
		s.codec = s.codecOf(h.payloadType)
		s.frames.starts = s.codec.starts
	}
	s.headerBytes += uint64(h.overhead)
	s.payloadBytes += uint64(len(h.payload))
	if s.codec.silent != nil && s.codec.silent(h.payload) {
		s.silent++
	}

	ext, arrival := s.seq.add(h.seq, repair)
	switch arrival {
	case arrivalDuplicate:
		s.duplicates++
		return nil
	case arrivalOdd, arrivalUnknown:
		return nil
	case arrivalRestart:
		s.jitter.restart()
		s.frames.restart()
	case arrivalNew, arrivalLate, arrivalRepair:
	}
	if !repair && arrival != arrivalRepair { // jitter is of the network, not of the time that a repair takes
		s.jitter.add(now, h.timestamp, s.codec.rate)
	}
	if s.codec.kind != KindVideo || len(h.payload) == 0 {
		return nil
	}
	late := arrival == arrivalLate || arrival == arrivalRepair || repair
	return s.frames.add(ext, h, s.codec.picture(h.payload), &s.seq, late, now)
}

// codecOf is the codec of a payload type: as negotiated, or, where nobody said what was, as announced.
func (s *inbound) codecOf(payloadType uint8) *codec {
	if c := s.rec.codecs[payloadType].Load(); c != nil {
		return c
	}
	if s.rec.negotiated.Load() {
		return s.other
	}
	return s.bound
}

// row is the stream at a time, as part of a media section. Rates are those since the row before.
func (s *inbound) row(now time.Time, mid string) diag.InboundRTP {
	s.mu.Lock()
	defer s.mu.Unlock()
	row := diag.InboundRTP{
		Kind: s.codec.kind, SSRC: s.ssrc, Mid: mid, MimeType: s.codec.mime,
		PacketsReceived: s.packets, BytesReceived: s.payloadBytes, HeaderBytesReceived: s.headerBytes,
		PacketsDuplicated: s.duplicates, RetransmittedPackets: s.repairs,
		NACKCount: s.nacks, PLICount: s.plis, FIRCount: s.firs,
	}
	if s.roundTrips.count > 0 {
		row.RoundTripTime = diag.Ptr(s.roundTrips.last.Seconds())
	}
	if s.packets == 0 {
		return row
	}
	s.rates.update(now, s.payloadBytes, s.frames.complete, s.seq.expected(), s.seq.unique)
	row.PacketsLost = diag.Ptr(s.seq.lost())
	if s.codec.silent != nil {
		row.SilentPackets = diag.Ptr(s.silent)
	}
	row.LastPacketReceivedAgo = diag.Ptr(max(0, now.Sub(s.last).Seconds()))
	if j, ok := s.jitter.seconds(); ok {
		row.Jitter = diag.Ptr(j)
	}
	row.Bitrate = s.rates.bits()
	row.FractionLost = s.rates.fractionLost()
	if row.Kind == KindVideo {
		s.video(&row)
	}
	return row
}

func (s *inbound) video(row *diag.InboundRTP) {
	f := &s.frames
	row.FramesReceived = diag.Ptr(f.complete)
	row.FramesPerSecond = s.rates.framesPerSecond()
	row.FreezeCount = diag.Ptr(f.freezes.count)
	row.TotalFreezesDuration = diag.Ptr(f.freezes.total.Seconds())
	if s.codec.hasKeys() {
		row.KeyFramesReceived = diag.Ptr(f.keys)
	}
	if f.width != 0 {
		row.FrameWidth, row.FrameHeight = diag.Ptr(f.width), diag.Ptr(f.height)
	}
}
