package media

import (
	"time"

	"github.com/pion/rtcp"

	"dialtone/diag"
)

// received reads RTCP that arrived: what the peer reports and requests of the streams that are sent.
func (r *Recorder) received(pkts []rtcp.Packet) {
	now := r.now()
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, pkt := range pkts {
		switch pkt := pkt.(type) {
		case *rtcp.SenderReport:
			r.receptionReports(pkt.Reports, now)
			r.in.update(pkt.SSRC, func(s *inbound) { s.senderReport(pkt, now) })
		case *rtcp.SourceDescription:
			r.names(pkt)
		case *rtcp.Goodbye:
			for _, ssrc := range pkt.Sources {
				r.in.update(ssrc, func(s *inbound) { s.goodbye = true })
			}
		case *rtcp.ReceiverReport:
			r.receptionReports(pkt.Reports, now)
		case *rtcp.TransportLayerNack:
			r.out.update(pkt.MediaSSRC, func(s *outbound) {
				s.nacks++
				s.sizes.nack(pkt.Nacks)
			})
		case *rtcp.PictureLossIndication:
			r.out.update(pkt.MediaSSRC, func(s *outbound) { s.plis++ })
		case *rtcp.FullIntraRequest: // its media SSRC is 0, the entries name the streams (RFC 5104, section 4.3.1.2)
			for _, entry := range pkt.FIR {
				r.out.update(entry.SSRC, func(s *outbound) { s.fullIntraRequest(entry.SequenceNumber, len(pkt.FIR) > 1) })
			}
		case *rtcp.TransportLayerCC:
			r.transportCC.Add(1)
			feedback := newTransportFeedback(pkt)
			for ssrc := range r.out.bySSRC {
				r.out.update(ssrc, func(s *outbound) { s.transportFeedback(feedback, now) })
			}
		case *rtcp.ReceiverEstimatedMaximumBitrate:
			r.remb.Add(1)
		case *rtcp.ExtendedReport:
			r.delays(pkt, now)
		}
	}
}

// Feedback is what the peer has reported about the bandwidth by now; nil for nothing.
func (r *Recorder) Feedback() *diag.Feedback {
	f := diag.Feedback{TransportCC: r.transportCC.Load(), REMB: r.remb.Load()}
	if f == (diag.Feedback{}) {
		return nil
	}
	return &f
}

// reports corrects the jitter in the reports about to be sent: that of pion is by the clock rate of the first codec
// agreed on, whatever is sent, and it takes the wrap of timestamps for jitter.
func (r *Recorder) reports(pkts []rtcp.Packet) {
	for _, pkt := range pkts {
		switch pkt := pkt.(type) {
		case *rtcp.SenderReport:
			r.correct(pkt.Reports)
		case *rtcp.ReceiverReport:
			r.correct(pkt.Reports)
		}
	}
}

func (r *Recorder) correct(reports []rtcp.ReceptionReport) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for i := range reports {
		r.in.update(reports[i].SSRC, func(s *inbound) { reports[i].Jitter = s.jitter.Units() })
	}
}

// sent reads RTCP that went out: reports that the peer will answer, and what is requested of the streams that arrive.
func (r *Recorder) sent(pkts []rtcp.Packet, now time.Time) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, pkt := range pkts {
		switch pkt := pkt.(type) {
		case *rtcp.CompoundPacket:
			r.sent(*pkt, now)
		case *rtcp.SenderReport:
			r.out.update(pkt.SSRC, func(s *outbound) { s.roundTrips.Report(pkt.NTPTime, now) })
		case *rtcp.TransportLayerNack:
			r.in.update(pkt.MediaSSRC, func(s *inbound) { s.nack(pkt.Nacks) })
		case *rtcp.PictureLossIndication:
			r.in.update(pkt.MediaSSRC, func(s *inbound) {
				s.plis++
				s.frames.requests.out = now
			})
		case *rtcp.FullIntraRequest:
			for _, entry := range pkt.FIR {
				r.in.update(entry.SSRC, func(s *inbound) {
					s.firs++
					s.frames.requests.out = now
				})
			}
		case *rtcp.ExtendedReport:
			r.references(pkt, now)
		}
	}
}

// names notes the canonical names of the streams that arrive.
func (r *Recorder) names(sdes *rtcp.SourceDescription) {
	for _, chunk := range sdes.Chunks {
		for _, item := range chunk.Items {
			if item.Type == rtcp.SDESCNAME {
				r.in.update(chunk.Source, func(s *inbound) { s.name = item.Text[:min(len(item.Text), maxMid)] })
			}
		}
	}
}

func (r *Recorder) receptionReports(reports []rtcp.ReceptionReport, now time.Time) {
	for _, report := range reports {
		r.out.update(report.SSRC, func(s *outbound) { s.receptionReport(report, now) })
	}
}

// references remembers the receiver reference times (RFC 3611, section 4.4) that were sent; the answer may name any
// stream.
func (r *Recorder) references(xr *rtcp.ExtendedReport, now time.Time) {
	for _, block := range xr.Reports {
		if block, ok := block.(*rtcp.ReceiverReferenceTimeReportBlock); ok {
			for ssrc := range r.in.bySSRC {
				r.in.update(ssrc, func(s *inbound) { s.roundTrips.Report(block.NTPTimestamp, now) })
			}
		}
	}
}

// delays reads the answers to them (section 4.5).
func (r *Recorder) delays(xr *rtcp.ExtendedReport, now time.Time) {
	for _, block := range xr.Reports {
		if block, ok := block.(*rtcp.DLRRReportBlock); ok {
			for _, report := range block.Reports {
				r.in.update(xr.SenderSSRC, func(s *inbound) { s.roundTrips.Answer(report.LastRR, report.DLRR, now) })
			}
		}
	}
}
