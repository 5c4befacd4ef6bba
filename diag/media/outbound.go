package media

import (
	"sync"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"dialtone/diag"
)

// outbound is one stream that is sent, with its retransmissions and what the peer reports of it.
type outbound struct {
	rec        *Recorder
	ssrc       uint32
	repairSSRC uint32 // of RTX, 0 for none
	codec      *codec

	mu            sync.Mutex
	gone          bool
	packets       uint64
	payloadBytes  uint64
	headerBytes   uint64
	repairs       uint64
	nacks         uint32
	plis, firs    uint32
	firSeq        int16 // of the last FIR, −1 before
	sent          bool
	seq           uint16 // highest sent
	frames, keys  uint32
	key           bool // the frame that is being sent is a key frame
	width, height uint16
	rates         rates
	roundTrips    roundTrips
	reported      bool
	report        rtcp.ReceptionReport // the last
}

func newOutbound(r *Recorder, info *interceptor.StreamInfo) *outbound {
	return &outbound{
		rec: r, ssrc: info.SSRC, repairSSRC: info.SSRCRetransmission, firSeq: -1,
		codec: newCodec(info.MimeType, info.ClockRate),
	}
}

// setGone notes that the stream ended or began again, and returns how many packets it had.
func (s *outbound) setGone(gone bool) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = gone
	return s.packets
}

func (s *outbound) isGone() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gone
}

// feedback changes a stream, if there is one, under its lock.
func (s *outbound) feedback(change func(*outbound)) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

// packet notes a packet that went out. A picture is what its payload tells.
func (s *outbound) packet(h *rtp.Header, payload []byte, p picture) {
	s.mu.Lock()
	first := s.packets == 0
	complete := s.count(h, payload, p)
	ssrc, kind := s.ssrc, s.codec.kind
	var event diag.FirstFrame
	if complete && s.frames == 1 {
		event = diag.FirstFrame{
			Direction: diag.Outbound, Kind: kind, SSRC: ssrc, Width: s.width, Height: s.height, KeyFrame: s.keys == 1,
		}
	}
	s.mu.Unlock()
	if first {
		s.rec.on(diag.FirstPacket{Direction: diag.Outbound, Kind: kind, SSRC: ssrc})
	}
	if event.Kind != "" {
		s.rec.on(event)
	}
}

// count does the arithmetic of packet and tells whether a frame is now complete. A retransmission has its own SSRC or,
// without RTX, a number that was there before.
func (s *outbound) count(h *rtp.Header, payload []byte, p picture) bool {
	repair := h.SSRC != s.ssrc
	if repair && (s.repairSSRC == 0 || h.SSRC != s.repairSSRC) {
		return false // forward error correction
	}
	s.packets++
	overhead := h.MarshalSize() + int(h.PaddingSize)
	if repair && len(payload) >= 2 { // the original sequence number
		overhead += 2
		payload = payload[2:]
	}
	s.headerBytes += uint64(overhead)
	s.payloadBytes += uint64(len(payload))
	if repair || s.sent && int16(h.SequenceNumber-s.seq) <= 0 {
		s.repairs++
		return false
	}
	s.sent, s.seq = true, h.SequenceNumber
	if s.codec.kind != KindVideo || len(payload) == 0 {
		return false
	}
	s.key = s.key || p.key
	if p.width != 0 {
		s.width, s.height = p.width, p.height
	}
	if !h.Marker {
		return false
	}
	s.frames++
	if s.key {
		s.keys++
	}
	s.key = false
	return true
}

// receptionReport notes what the peer reports of the stream. The same report may be handed up more than once, when it
// is addressed to several streams.
func (s *outbound) receptionReport(r rtcp.ReceptionReport, now time.Time) {
	if s.reported && r == s.report {
		return
	}
	if s.codec.rate != 0 && time.Duration(r.Jitter)*time.Second/time.Duration(s.codec.rate) > maxRoundTrip {
		r.Jitter = s.report.Jitter // the peer compared timestamps across their wrap
	}
	s.reported, s.report = true, r
	s.roundTrips.answer(r.LastSenderReport, r.Delay, now)
}

// fullIntraRequest counts requests of one entry each time, and those that are addressed to several streams, and so may
// be handed up more than once, once by their sequence number.
func (s *outbound) fullIntraRequest(seq uint8, several bool) {
	if several && s.firSeq == int16(seq) {
		return
	}
	s.firSeq = int16(seq)
	s.firs++
}

// row is the stream at a time, as part of a media section. Rates are those since the row before.
func (s *outbound) row(now time.Time, mid string) diag.OutboundRTP {
	s.mu.Lock()
	defer s.mu.Unlock()
	row := diag.OutboundRTP{
		Kind: s.codec.kind, SSRC: s.ssrc, Mid: mid, MimeType: s.codec.mime,
		PacketsSent: s.packets, BytesSent: s.payloadBytes, HeaderBytesSent: s.headerBytes,
		RetransmittedPacketsSent: s.repairs,
		NACKCount:                s.nacks, PLICount: s.plis, FIRCount: s.firs,
		Remote: s.remote(),
	}
	if s.packets == 0 {
		return row
	}
	s.rates.update(now, s.payloadBytes, s.frames, 0, 0)
	row.Bitrate = s.rates.bits()
	if row.Kind != KindVideo {
		return row
	}
	row.FramesSent = diag.Ptr(s.frames)
	row.FramesPerSecond = s.rates.framesPerSecond()
	if s.codec.hasKeys() {
		row.KeyFramesSent = diag.Ptr(s.keys)
	}
	if s.width != 0 {
		row.FrameWidth, row.FrameHeight = diag.Ptr(s.width), diag.Ptr(s.height)
	}
	return row
}

func (s *outbound) remote() *diag.RemoteInbound {
	if !s.reported {
		return nil
	}
	r := &diag.RemoteInbound{
		PacketsLost:               int64(int32(s.report.TotalLost<<8) >> 8), // 24 bits, signed
		FractionLost:              float64(s.report.FractionLost) / 256,
		TotalRoundTripTime:        s.roundTrips.total.Seconds(),
		RoundTripTimeMeasurements: s.roundTrips.count,
	}
	if s.codec.rate != 0 {
		r.Jitter = float64(s.report.Jitter) / float64(s.codec.rate)
	}
	if s.roundTrips.count > 0 {
		r.RoundTripTime = diag.Ptr(s.roundTrips.last.Seconds())
	}
	return r
}
