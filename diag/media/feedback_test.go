package media

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/pion/interceptor"
	"github.com/pion/rtcp"

	"dialtone/diag"
)

// TestReportedJitter: reports that are sent have the jitter by the clock of the codec that is received. pion's is by that of
// the first codec agreed on.
func TestReportedJitter(t *testing.T) {
	r := newHarness(t)
	r.rec.SetCodec(111, "audio/opus", 48000)
	r.rec.SetCodec(0, "audio/PCMU", 8000)
	arrives := asideStream(r, opusStream)
	for i := range 200 {
		r.clock = r.clock.Add(120 * time.Millisecond) // 960 units of 8 kHz
		arrives(0, 0, []byte{byte(i)})
	}
	for _, pkt := range []rtcp.Packet{
		&rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: 10, Jitter: 800}, {SSRC: 99, Jitter: 7}}},
		&rtcp.SenderReport{Reports: []rtcp.ReceptionReport{{SSRC: 10, Jitter: 800}, {SSRC: 99, Jitter: 7}}},
	} {
		r.wrote(pkt)
		var got []rtcp.ReceptionReport
		switch pkt := pkt.(type) {
		case *rtcp.ReceiverReport:
			got = pkt.Reports
		case *rtcp.SenderReport:
			got = pkt.Reports
		}
		if got[0].Jitter != 0 || got[1].Jitter != 7 {
			t.Errorf("%T: %+v", pkt, got)
		}
	}
}

func TestFeedbackSentAndReceived(t *testing.T) {
	r := newHarness(t)
	r.arrives(vp8Stream)
	r.leaves(&interceptor.StreamInfo{SSRC: 30, MimeType: "video/VP8", ClockRate: 90000})
	ask := func(ssrc uint32) []rtcp.Packet {
		return []rtcp.Packet{
			&rtcp.TransportLayerNack{MediaSSRC: ssrc, Nacks: rtcp.NackPairsFromSequenceNumbers([]uint16{1, 5, 60, 300})},
			&rtcp.PictureLossIndication{MediaSSRC: ssrc},
			&rtcp.PictureLossIndication{MediaSSRC: ssrc},
			&rtcp.FullIntraRequest{FIR: []rtcp.FIREntry{{SSRC: ssrc, SequenceNumber: 1}}},
			&rtcp.FullIntraRequest{FIR: []rtcp.FIREntry{{SSRC: ssrc, SequenceNumber: 2}}},
			&rtcp.FullIntraRequest{FIR: []rtcp.FIREntry{{SSRC: ssrc, SequenceNumber: 3}}},
			&rtcp.ReceiverEstimatedMaximumBitrate{SSRCs: []uint32{ssrc}},
		}
	}
	compound := rtcp.CompoundPacket(ask(20))
	r.wrote(&compound)
	r.wrote(ask(999)...)
	r.read(1, ask(30)...)
	r.read(1, ask(999)...)
	// Addressed to two streams, a request is handed up twice.
	r.read(2, &rtcp.FullIntraRequest{FIR: []rtcp.FIREntry{{SSRC: 30, SequenceNumber: 4}, {SSRC: 999, SequenceNumber: 4}}})

	// Addressed to one stream, each counts, also with a number that was there before.
	r.read(1, &rtcp.FullIntraRequest{FIR: []rtcp.FIREntry{{SSRC: 30, SequenceNumber: 4}}})

	in, out := r.inbound(), r.outbound()
	got := [][3]uint32{{*in.NACKCount, *in.PLICount, *in.FIRCount}, {*out.NACKCount, *out.PLICount, *out.FIRCount}}
	if diff := cmp.Diff([][3]uint32{{1, 2, 3}, {1, 2, 5}}, got); diff != "" {
		t.Error("NACK, PLI, FIR:", diff)
	}
}

func TestRemoteInbound(t *testing.T) {
	r := newHarness(t)
	send := r.leaves(&interceptor.StreamInfo{SSRC: 10, MimeType: "audio/opus", ClockRate: 48000})
	send(10, 1, false, []byte{1})
	if got := r.outbound().Remote; got != nil {
		t.Errorf("a report before the first: %+v", got)
	}
	r.wrote(&rtcp.SenderReport{SSRC: 10, NTPTime: 5 << 16})
	r.clock = r.clock.Add(130 * time.Millisecond)
	block := rtcp.ReceptionReport{
		SSRC: 10, FractionLost: 64, TotalLost: 3, Jitter: 480, LastSenderReport: 5, Delay: 65536 / 10,
	}
	rtt := 0.130 - float64(65536/10)/65536
	want := diag.RemoteInbound{
		PacketsLost: new(int64(3)), FractionLost: new(0.25), Jitter: new(0.01), RoundTripTime: new(rtt),
		TotalRoundTripTime: new(rtt), RoundTripTimeMeasurements: new(uint64(1)),
	}
	r.read(3, &rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{block}}) // handed up three times, it is one report
	if diff := cmp.Diff(want, *r.outbound().Remote, cmpopts.EquateApprox(0, 1e-6)); diff != "" {
		t.Error(diff)
	}

	block.FractionLost, want.FractionLost = 0, new(float64)
	block.TotalLost, block.Delay = 0xfffffe, 65536 // duplicates make it −2; more delay than time since the report
	block.Jitter = math.MaxUint32                  // the peer's timestamps wrapped
	r.read(1, &rtcp.SenderReport{SSRC: 77, Reports: []rtcp.ReceptionReport{block}})
	want.PacketsLost = new(int64(-2))
	if diff := cmp.Diff(want, *r.outbound().Remote, cmpopts.EquateApprox(0, 1e-6)); diff != "" {
		t.Error(diff)
	}
}

func TestInboundRoundTripTime(t *testing.T) {
	r := newHarness(t)
	r.arrives(opusStream)
	r.wrote(&rtcp.ExtendedReport{Reports: []rtcp.ReportBlock{&rtcp.ReceiverReferenceTimeReportBlock{NTPTimestamp: 9 << 16}}})
	r.clock = r.clock.Add(40 * time.Millisecond)
	answer := func(from uint32) *rtcp.ExtendedReport {
		return &rtcp.ExtendedReport{SenderSSRC: from, Reports: []rtcp.ReportBlock{
			&rtcp.DLRRReportBlock{Reports: []rtcp.DLRRReport{{SSRC: 1, LastRR: 9}}},
		}}
	}
	r.read(1, answer(999))
	if got := r.inbound().RoundTripTime; got != nil {
		t.Errorf("round trip %v by the report of a stranger", *got)
	}
	r.read(1, answer(10))
	if got := r.inbound().RoundTripTime; got == nil || math.Abs(*got-0.04) > 1e-9 {
		t.Errorf("round trip %v", got)
	}
}

// TestLossIsOfWhatTheReportIsAbout: the share is that of the packets up to the report's highest number, however many
// were sent since.
func TestLossIsOfWhatTheReportIsAbout(t *testing.T) {
	r := newHarness(t)
	send := r.leaves(opusStream)
	for i := range uint16(1000) {
		send(10, 65000+i, false, make([]byte, 80)) // the numbers wrap
	}
	r.read(1, &rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{
		{SSRC: 10, LastSequenceNumber: 65000 + 399, TotalLost: 100},
	}})
	out := r.outbound()
	if got := diag.LossShare(out.Lost(), out.Expected()); got == nil || *got != 0.25 || *out.Remote.PacketsReceived != 300 {
		t.Errorf("%v of %v lost", out.Lost(), out.Expected())
	}
	r.read(1, &rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: 10, LastSequenceNumber: 60000, TotalLost: 100}}})
	if got := r.outbound().Remote.PacketsReceived; got != nil {
		t.Errorf("%d received by a report about what was never sent", *got)
	}
}

// TestReportsThatContradictThemselves: what a report says that cannot be is not known, and the rest of it is.
func TestReportsThatContradictThemselves(t *testing.T) {
	r := newHarness(t)
	send := r.leaves(opusStream)
	for i := range uint16(100) {
		send(10, i, false, make([]byte, 80))
	}
	for _, tt := range []struct {
		name        string
		highest     uint32
		fraction    uint8
		total       uint32
		lost, share bool // are known
	}{
		{"nothing lost", 49, 0, 0, true, true},
		{"all lost of the last packets, and none of all", 99, 255, 0, true, false},
		{"some of both", 99, 25, 5, true, true},
		{"none of the last packets", 99, 0, 5, true, true},
		{"more than were sent", 99, 0, 0x7fffff, false, true},
	} {
		r.read(1, &rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{
			{SSRC: 10, LastSequenceNumber: tt.highest, FractionLost: tt.fraction, TotalLost: tt.total},
		}})
		d := r.outbound().Remote
		if (d.PacketsLost != nil) != tt.lost || (d.FractionLost != nil) != tt.share {
			t.Errorf("%s: lost %v, fraction %v", tt.name, d.PacketsLost, d.FractionLost)
		}
	}
}

// TestReportsStop: what the peer no longer reports is unknown, and that is not so of a stream that pauses.
func TestReportsStop(t *testing.T) {
	for name, tt := range map[string]struct {
		every, until, paused int // seconds: between reports, of the last one, of the first without packets
		missing              float64
	}{
		"they come":                    {5, 60, 60, 0},
		"they stop":                    {1, 20, 60, 40},
		"they are rare":                {12, 20, 60, 0},
		"one only":                     {30, 30, 60, 0},
		"nothing is sent, and no more": {1, 20, 20, 0},
	} {
		r := newHarness(t)
		send := r.leaves(opusStream)
		for i := range 60 * 5 {
			if r.clock = r.clock.Add(200 * time.Millisecond); i < tt.paused*5 {
				send(10, uint16(i), false, []byte{1})
			}
			if s := i / 5; i%5 == 0 && s > 0 && s <= tt.until && s%tt.every == 0 {
				r.wrote(&rtcp.SenderReport{SSRC: 10, NTPTime: uint64(s) << 16})
				r.read(1, &rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{
					{SSRC: 10, LastSequenceNumber: uint32(i), LastSenderReport: uint32(s)},
				}})
			}
		}
		d := r.outbound().Remote
		known := d.FractionLost != nil && d.Jitter != nil
		if math.Abs(diag.OrZero(d.ReportsMissingFor)-tt.missing) > 0.3 || known != (tt.missing == 0) || d.PacketsLost == nil {
			t.Errorf("%s: missing for %v s, known: %v", name, diag.OrZero(d.ReportsMissingFor), known)
		}
	}
}

// TestSkippedNumbers: what an echo leaves out, because it was lost on the way here, is not lost on the way back, whatever
// the receiver reports.
func TestSkippedNumbers(t *testing.T) {
	r := newHarness(t)
	send := r.leaves(opusStream)
	sends := func(numbers ...uint16) {
		for _, n := range numbers {
			send(opusStream.SSRC, n, false, []byte{1})
		}
	}
	report := func(highest, lost uint32, fraction uint8) diag.OutboundRTP {
		r.read(1, &rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{
			{SSRC: opusStream.SSRC, LastSequenceNumber: highest, TotalLost: lost, FractionLost: fraction},
		}})
		return r.outbound()
	}
	is := func(name string, o diag.OutboundRTP, lost, expected int64, fraction float64, repeated uint64) {
		t.Helper()
		if *o.Lost() != lost || *o.Expected() != expected || *o.Remote.FractionLost != fraction || *o.RetransmittedPacketsSent != repeated {
			t.Errorf("%s: lost %d of %d, %v of late, sent again %d; want %d of %d, %v, %d", name,
				*o.Lost(), *o.Expected(), *o.Remote.FractionLost, *o.RetransmittedPacketsSent, lost, expected, fraction, repeated)
		}
	}
	sends(1, 2, 4, 5, 8)
	is("all that was sent arrived", report(8, 3, 96), 0, 5, 0, 0)
	sends(7, 9, 10, 12, 13) // 7 is late
	is("one was lost, too", report(13, 4, 51), 1, 10, 51.0/256, 0)
	sends(13, 14)
	is("one was sent again", report(14, 4, 0), 1, 11, 0, 1)
	sends(15, 17)
	is("one of two was lost", report(17, 6, 170), 2, 13, 1.0/2, 1)
}
