package media

import (
	"slices"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

const (
	// sentWindow is how many packets of a stream are remembered until the peer says which of them arrived.
	sentWindow = 512
	// goneLeast is how many packets in a row must be missing before a stream counts as one that does not arrive.
	goneLeast = 10
	// feedbackLate is how long after a packet the feedback about it may be sent: some is collected for 250 ms.
	feedbackLate = 400 * time.Millisecond
	// maxFeedback bounds the packets that one feedback names.
	maxFeedback = 4096
)

// delivered compares what was sent of a stream with what the peer's feedback says of it: receiver reports, and
// transport-wide feedback, which comes more often. The zero value is ready.
type delivered struct {
	extension uint8 // with the number for the feedback; 0 for none
	sent      [sentWindow]sentPacket
	heard     int64     // the highest sequence number that the peer received, extended
	since     time.Time // when feedback named it first; zero before any
	gone      time.Duration
}

type sentPacket struct {
	at     time.Time
	number uint16 // of all streams together
	known  bool   // number is set
}

// packet remembers a packet that was sent.
func (a *delivered) packet(ext int64, h *rtp.Header, at time.Time) {
	p := sentPacket{at: at}
	if a.extension != 0 {
		var tcc rtp.TransportCCExtension
		if b := h.GetExtension(a.extension); tcc.Unmarshal(b) == nil {
			p.number, p.known = tcc.TransportSequence, true
		}
	}
	a.sent[ext%sentWindow] = p
}

// report processes feedback by which a packet is the newest that arrived, or none was if it is 0. The last one was sent
// as newest, and feedback needs a time to come here.
func (a *delivered) report(heard, newest int64, now time.Time, trip time.Duration) {
	if heard > a.heard || a.since.IsZero() && heard > 0 {
		a.heard, a.since = heard, now
	}
	if a.gone = 0; a.since.IsZero() || newest-a.heard < goneLeast {
		return
	}
	// What was sent before that time is in the feedback, if it arrived.
	covered := now.Add(-trip - feedbackLate)
	oldest := max(a.heard+1, newest-sentWindow+1)
	if last := a.sent[min(oldest+goneLeast-1, newest)%sentWindow]; !last.at.Before(covered) {
		return
	}
	a.gone = now.Sub(a.since)
	if oldest == a.heard+1 { // else it is no longer known when it was sent
		a.gone = min(a.gone, covered.Sub(a.sent[oldest%sentWindow].at))
	}
}

// feedback processes transport-wide feedback. It says nothing of a stream whose packets have no number.
func (a *delivered) feedback(f transportFeedback, newest int64, now time.Time, trip time.Duration) {
	if !a.sent[newest%sentWindow].known {
		return
	}
	heard := int64(0)
	for ext := newest; ext > max(a.heard, newest-sentWindow); ext-- {
		if p := a.sent[ext%sentWindow]; p.known && f.received(p.number) {
			heard = ext
			break
		}
	}
	if heard > 0 || !a.since.IsZero() {
		a.report(heard, newest, now, trip)
	}
}

// seconds is for how long nothing arrived; nil if packets do.
func (a *delivered) seconds() *float64 {
	if a.gone == 0 {
		return nil
	}
	return new(a.gone.Seconds())
}

// transportFeedback says which packets arrived.
type transportFeedback struct {
	base uint16
	got  []bool
}

func newTransportFeedback(p *rtcp.TransportLayerCC) transportFeedback {
	f := transportFeedback{base: p.BaseSequenceNumber}
	most := min(int(p.PacketStatusCount), maxFeedback)
	add := func(symbol uint16, n int) {
		got := symbol == rtcp.TypeTCCPacketReceivedSmallDelta || symbol == rtcp.TypeTCCPacketReceivedLargeDelta
		f.got = append(f.got, slices.Repeat([]bool{got}, min(n, most-len(f.got)))...)
	}
	for _, chunk := range p.PacketChunks {
		switch chunk := chunk.(type) {
		case *rtcp.RunLengthChunk:
			add(chunk.PacketStatusSymbol, int(chunk.RunLength))
		case *rtcp.StatusVectorChunk:
			for _, symbol := range chunk.SymbolList {
				add(symbol, 1)
			}
		}
	}
	return f
}

func (f transportFeedback) received(number uint16) bool {
	i := int(number - f.base)
	return i < len(f.got) && f.got[i]
}
