package media

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pion/rtcp"

	"dialtone/diag"
)

// TestCallWithLoss connects two peers, of which the second echoes, loses packets on the way there, and compares what both
// recorders say with what was really sent and lost.
func TestCallWithLoss(t *testing.T) {
	loss := &lossy{streams: map[uint32]*truth{}}
	caller := newEndpoint(t, loss)
	echo := newEndpoint(t, nil)
	for _, clip := range []func() (*Clip, error){Tone, Picture} {
		caller.plays(fast(t, clip))
	}
	echo.echoes()
	connect(t, caller, echo)
	caller.start()

	enough := func() string {
		in, out := caller.rec.Snapshot()
		if len(in) < 2 || len(out) < 2 || *out[0].PacketsSent < 300 || *out[1].PacketsSent < 300 {
			return fmt.Sprintf("%d streams in, out: %+v", len(in), out)
		}
		if r := out[0].Remote; r == nil || r.RoundTripTime == nil {
			return "no round-trip time"
		}
		return ""
	}
	eventually(t, enough)
	// The caller asks for a key frame of the echo, which asks the caller for one.
	video := caller.inbound(KindVideo).SSRC
	caller.ask(&rtcp.PictureLossIndication{MediaSSRC: video})
	eventually(t, func() string { return cmp.Diff(new(uint32(1)), caller.outbound(KindVideo).PLICount) })
	caller.ask(&rtcp.FullIntraRequest{FIR: []rtcp.FIREntry{{SSRC: video, SequenceNumber: 1}}})
	eventually(t, func() string { return cmp.Diff(new(uint32(1)), echo.outbound(KindVideo).FIRCount) })
	caller.stop()

	eventually(t, func() string { return caller.outboundDiff(loss) })
	eventually(t, func() string { return echo.inboundDiff(loss, caller) })
	eventually(t, func() string {
		diff := caller.echoDiff(echo)
		if diff != "" { // pion passes a repair on with the next packet: one after the last packet waits for more
			caller.sendMore()
		}
		return diff
	})
	checkOrdinary(t, caller, echo)
	for _, kind := range []string{KindAudio, KindVideo} { // figures for docs/explanation/performance.md
		in := echo.inbound(kind)
		s := loss.stream(in.SSRC)
		t.Logf("%s: %d of %d packets dropped, %d NACK packets, %d retransmissions sent, %d packets repaired, %d lost for good",
			kind, s.packets-len(s.came), s.packets, *in.NACKCount, s.repairs, len(s.repaired), *in.PacketsLost-*in.PacketsRepaired)
	}
	if t.Failed() {
		t.Log(loss)
	}
	caller.close()
	echo.close()
	if in, out := echo.rec.Snapshot(); len(in) != 2 || len(out) != 2 {
		t.Errorf("after the call: %d streams in, %d out", len(in), len(out))
	}
}

// checkOrdinary looks at what cannot be compared exactly.
func checkOrdinary(t *testing.T, caller, echo *endpoint) {
	t.Helper()
	for _, kind := range []string{KindAudio, KindVideo} {
		out, in := caller.outbound(kind), echo.inbound(kind)
		if r := out.Remote; r == nil || *r.RoundTripTimeMeasurements == 0 || *r.RoundTripTime > 5 || *r.PacketsLost <= 0 {
			t.Errorf("%s: the peer reports %+v", kind, r)
		}
		if in.Jitter == nil || *in.Jitter > 0.5 || in.FractionLost != nil && *in.FractionLost > 0.5 {
			t.Errorf("%s: %+v", kind, in)
		}
	}
	in := echo.inbound(KindVideo)
	if *in.FrameWidth != 320 || *in.FrameHeight != 240 || *in.KeyFramesReceived == 0 || *in.PLICount == 0 {
		t.Errorf("%d×%d, %d key frames, %d PLI", *in.FrameWidth, *in.FrameHeight, *in.KeyFramesReceived, *in.PLICount)
	}
	want := map[string]int{"first packet": 2 * 2, "first frame": 2} // audio and video, both ways
	for _, p := range []*endpoint{caller, echo} {
		got := map[string]int{}
		p.mu.Lock()
		for _, e := range p.events {
			switch e.(type) {
			case diag.FirstPacket:
				got["first packet"]++
			case diag.FirstFrame:
				got["first frame"]++
			}
		}
		p.mu.Unlock()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

// sendMore continues to play until another packet of video was sent.
func (p *endpoint) sendMore() {
	before := *p.outbound(KindVideo).PacketsSent
	p.start()
	defer p.stop()
	eventually(p.t, func() string {
		if *p.outbound(KindVideo).PacketsSent == before {
			return "nothing was sent"
		}
		return ""
	})
}

// outboundDiff compares the caller's recorder with the truth.
func (p *endpoint) outboundDiff(loss *lossy) string {
	type row struct{ Packets, Repairs, Frames int }
	var want, got []row
	for _, kind := range []string{KindAudio, KindVideo} {
		out, s := p.outbound(kind), loss.stream(p.outbound(kind).SSRC)
		want = append(want, row{s.packets + s.repairs, s.repairs, s.frames(func(uint16) bool { return true })})
		frames := uint32(0)
		if out.FramesSent != nil {
			frames = *out.FramesSent
		}
		got = append(got, row{int(*out.PacketsSent), int(*out.RetransmittedPacketsSent), int(frames)})
	}
	return cmp.Diff(want, got)
}

// inboundDiff compares the recorder at the other end of a lossy path with the truth.
func (p *endpoint) inboundDiff(loss *lossy, caller *endpoint) string {
	type row struct{ Packets, Lost, Repaired, Repairs, Duplicates, Frames, NACKs int }
	var want, got []row
	for _, kind := range []string{KindAudio, KindVideo} {
		in := p.inbound(kind)
		s := loss.stream(in.SSRC)
		want = append(want, row{
			len(s.came) + s.repairsCame, s.lost() + len(s.repaired), len(s.repaired), s.repairsCame, 0,
			s.frames(func(seq uint16) bool { return s.came[seq] || s.repaired[seq] }),
			int(*caller.outbound(kind).NACKCount),
		})
		frames := uint32(0)
		if in.FramesReceived != nil {
			frames = *in.FramesReceived
		}
		got = append(got, row{
			int(*in.PacketsReceived), int(*in.PacketsLost), int(*in.PacketsRepaired), int(*in.RetransmittedPackets),
			int(*in.PacketsDuplicated),
			int(frames), int(*in.NACKCount),
		})
	}
	if want[1].Repairs == 0 || want[1].Lost == 0 || want[0].Lost == 0 {
		return fmt.Sprintf("nothing happened: %+v", want)
	}
	return cmp.Diff(want, got)
}

// echoDiff compares what came back with what the other end got: holes that were not repaired, and nothing else. On a
// busy machine pion drops repairs that wait for their reader, more than 50 of them, which are holes, too, and so are
// packets of the echo that the socket drops while no one reads it.
func (p *endpoint) echoDiff(echo *endpoint) string {
	var want, got []int64
	for _, kind := range []string{KindAudio, KindVideo} {
		there, back := echo.inbound(kind), p.inbound(kind)
		sent := int64(*echo.outbound(kind).PacketsSent)
		dropped := *there.PacketsExpected - *there.PacketsLost + *there.PacketsRepaired - sent
		unread := max(0, sent-int64(*back.PacketsReceived))
		want = append(want, *there.PacketsLost-*there.PacketsRepaired+min(max(dropped, 0), *there.PacketsRepaired)+unread)
		got = append(got, *back.PacketsLost)
	}
	return cmp.Diff(want, got)
}
