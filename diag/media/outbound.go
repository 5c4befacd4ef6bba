package media

import (
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	pionsdp "github.com/pion/sdp/v3"

	"dialtone/diag"
	"dialtone/diag/media/capture"
	"dialtone/diag/media/latency"
	"dialtone/diag/media/reports"
	"dialtone/diag/media/sequence"
	"dialtone/diag/media/video"
)

// outbound is one stream that is sent, with its retransmissions and what the peer reports of it.
type outbound struct {
	stream
	firSeq        int16 // of the last FIR, −1 before
	base, seq     int64 // first and highest sequence number sent, extended
	started       bool  // they are set
	frames, keys  uint32
	key           bool // the frame that is being sent is a key frame
	width, height uint16
	sizes         sizes
	received      *received // by the peer's last report; nil before
	reporting     reports.Interval
	skipped       sequence.Skipped
	sender        *latency.Sender // nil: it is not kept when its packets are sent
	delivered     delivered
	last          time.Time // when the last packet was sent
}

func newOutbound(r *Recorder, info *interceptor.StreamInfo) *outbound {
	s := &outbound{stream: newStream(r, diag.Outbound, info), firSeq: -1}
	s.repairSSRC = info.SSRCRetransmission
	s.delivered.extension = capture.ExtensionID(info, pionsdp.TransportCCURI)
	if r.senders != nil {
		s.sender = r.senders.Open(r, s.codec.Kind, s.ssrc)
	}
	return s
}

// leaves looks at the payload of a packet that is about to go out, and returns what it shows.
func (s *outbound) leaves(h *rtp.Header, payload []byte) video.Picture {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.SSRC != s.ssrc {
		return video.Picture{} // a repair, or error correction
	}
	s.holds(h.PayloadType)
	if s.sender != nil && (!s.started || s.extended(h.SequenceNumber) > s.seq) {
		s.sender.Packet(s.rec.now(), h.Timestamp, s.codec.body(payload))
	}
	return s.codec.picture(payload)
}

// packet counts a packet that went out. A picture is what its payload shows.
func (s *outbound) packet(h *rtp.Header, payload []byte, p video.Picture) {
	s.mu.Lock()
	first := s.packets == 0
	var event *diag.FirstFrame
	if s.count(h, payload, p) && s.frames == 1 {
		event = &diag.FirstFrame{Width: s.width, Height: s.height, KeyFrame: s.keys == 1}
	}
	kind := s.codec.Kind
	s.mu.Unlock()
	s.counted(first, kind, event)
}

// count does the arithmetic of packet and reports whether a frame is complete. A retransmission has its own SSRC or,
// without RTX, a number that was there before.
func (s *outbound) count(h *rtp.Header, payload []byte, p video.Picture) bool {
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
	if number := s.extended(h.SequenceNumber); repair || s.started && number <= s.seq {
		if repair || !s.skipped.Fill(number) {
			s.repairs++
		}
		return false
	}
	if !s.started {
		s.base = 1<<16 | int64(h.SequenceNumber) // packets sent before the first known one have positive numbers
		s.seq = s.base
	}
	now := s.rec.now()
	if s.started {
		s.reporting.Sent(now.Sub(s.last))
		s.skipped.Jump(s.seq, s.extended(h.SequenceNumber))
	}
	s.started, s.seq, s.last = true, s.extended(h.SequenceNumber), now
	s.delivered.packet(s.seq, h, s.last)
	s.sizes.packet(h.SequenceNumber, overhead+len(payload))
	if s.codec.Kind != KindVideo || len(payload) == 0 {
		return false
	}
	s.key = s.key || p.Key
	if p.Width != 0 {
		s.width, s.height = p.Width, p.Height
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

// extended is the number nearest to the highest one that ends in seq.
func (s *outbound) extended(seq uint16) int64 { return s.seq + int64(int16(seq-uint16(s.seq))) }

// receptionReport keeps what the peer reports of the stream. The same report may be handed up more than once, when it
// is addressed to several streams.
func (s *outbound) receptionReport(r rtcp.ReceptionReport, now time.Time) {
	expected, skipped := int64(-1), int64(0)
	s.reporting.Report()
	if highest := s.extended(uint16(r.LastSequenceNumber)); s.started && highest >= s.base && highest <= s.seq {
		expected, skipped = highest-s.base+1, s.skipped.UpTo(highest)
		s.delivered.report(highest, s.seq, now, s.trip())
	}
	if s.received != nil && r == s.received.report {
		return
	}
	s.received = newReceived(r, s.received, expected, skipped, s.codec.rate)
	s.roundTrips.Answer(r.LastSenderReport, r.Delay, now)
}

// transportFeedback processes what the peer reports of all streams.
func (s *outbound) transportFeedback(f transportFeedback, now time.Time) {
	if s.started {
		s.delivered.feedback(f, s.seq, now, s.trip())
	}
}

// trip is the longer of the known round-trip times: of reports, and of the path.
func (s *outbound) trip() time.Duration {
	return max(s.roundTrips.Last, time.Duration(s.rec.pathTrip.Load()))
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

// stats is the stream at a time, as part of a media section. Rates are those since the call before.
func (s *outbound) stats(now time.Time, mid string) diag.OutboundRTP {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := diag.OutboundRTP{
		Kind: s.codec.Kind, SSRC: s.ssrc, Mid: mid, MimeType: s.codec.mime,
		PacketsSent: new(s.packets), BytesSent: new(s.payloadBytes), HeaderBytesSent: new(s.headerBytes),
		RetransmittedPacketsSent: new(s.repairs),
		NACKCount:                new(s.nacks), PLICount: new(s.plis), FIRCount: new(s.firs),
	}
	if s.received != nil {
		d.Remote = s.received.stats(&s.roundTrips, s.reporting.Missing(), now)
		d.Remote.NotReceivedFor = s.delivered.seconds()
	}
	if s.packets == 0 {
		return d
	}
	s.rates.update(now, s.payloadBytes, s.frames, 0, 0)
	d.Bitrate = s.rates.bits()
	d.LastPacketSentAgo = new(max(0, now.Sub(s.last).Seconds()))
	if d.Kind != KindVideo {
		return d
	}
	d.Sizes = s.sizes.stats()
	d.FramesSent, d.FramesPerSecond = new(s.frames), s.rates.framesPerSecond()
	if s.codec.hasKeys() {
		d.KeyFramesSent = new(s.keys)
	}
	if s.width != 0 {
		d.FrameWidth, d.FrameHeight = new(s.width), new(s.height)
	}
	return d
}
