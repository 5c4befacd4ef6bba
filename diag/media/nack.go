package media

import (
	"time"

	"dialtone/diag/media/sequence"

	"github.com/pion/rtcp"
)

const (
	// maxAsks is how often a lost packet is requested. Where one packet in five is lost both ways, a repair fails five
	// times in 100,000.
	maxAsks = 9
	// repairMargin is what a sender may take to repair, beside the round trip.
	repairMargin = 20 * time.Millisecond
)

// ask is the latest request for a lost packet.
type ask struct {
	at    time.Time
	times int
}

// pace reduces the NACKs of pion's generator to packets that are missing and whose repair is overdue. The generator
// repeats each one every 100 ms, whatever the round trip, and never hears of repairs by RTX (RFC 4588), which have an
// SSRC of their own. What is left is written; pkts itself is not changed.
func (r *Recorder) pace(pkts []rtcp.Packet, now time.Time) []rtcp.Packet {
	if !hasNACK(pkts) {
		return pkts
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	trip := r.roundTrip()
	wait := trip + trip/4 + repairMargin
	var out []rtcp.Packet
	for _, pkt := range pkts {
		nack, ok := pkt.(*rtcp.TransportLayerNack)
		if !ok {
			out = append(out, pkt)
			continue
		}
		seqs := missing(nack)
		r.in.update(nack.MediaSSRC, func(s *inbound) { seqs = s.overdue(seqs, now, wait) })
		if len(seqs) > 0 {
			out = append(out, &rtcp.TransportLayerNack{
				SenderSSRC: nack.SenderSSRC, MediaSSRC: nack.MediaSSRC, Nacks: rtcp.NackPairsFromSequenceNumbers(seqs),
			})
		}
	}
	return out
}

func hasNACK(pkts []rtcp.Packet) bool {
	for _, pkt := range pkts {
		if _, ok := pkt.(*rtcp.TransportLayerNack); ok {
			return true
		}
	}
	return false
}

// missing lists the sequence numbers that a NACK asks for.
func missing(nack *rtcp.TransportLayerNack) []uint16 {
	var seqs []uint16
	for _, pair := range nack.Nacks {
		seqs = append(seqs, pair.PacketList()...)
	}
	return seqs
}

// overdue keeps those that have not arrived and were not requested within wait, and remembers the request.
func (s *inbound) overdue(seqs []uint16, now time.Time, wait time.Duration) []uint16 {
	for ext := range s.asks {
		if ext <= s.seq.Max()-sequence.Window || s.seq.Has(ext) {
			delete(s.asks, ext)
		}
	}
	var out []uint16
	for _, seq := range seqs {
		ext := s.seq.Max() + int64(int16(seq-uint16(s.seq.Max()))) // #nosec G115 -- the low bits, by intent
		last := s.asks[ext]
		if ext > s.seq.Max() || s.seq.Has(ext) || last.times >= maxAsks || last.times > 0 && now.Sub(last.at) < wait {
			continue
		}
		s.asks[ext] = ask{now, last.times + 1}
		out = append(out, seq)
	}
	return out
}

// SetRoundTrip says how long a packet to the peer and back takes, as the connectivity checks measure it.
func (r *Recorder) SetRoundTrip(d time.Duration) { r.pathTrip.Store(int64(d)) }

// roundTrip is the longest of the round trips that are known now; 0 for none.
func (r *Recorder) roundTrip() time.Duration {
	longest := time.Duration(r.pathTrip.Load())
	for ssrc := range r.out.bySSRC {
		r.out.update(ssrc, func(s *outbound) { longest = max(longest, s.roundTrips.Last) })
	}
	return longest
}
