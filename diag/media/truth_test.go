package media

import (
	"cmp"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"

	"dialtone/diag"
	"dialtone/diag/impair"
)

var writeTruth = flag.Bool("truth", false, "write the table of docs/explanation/truth.md")

const (
	truthFile = "../../docs/explanation/truth.md"
	truthMark = "<!-- What follows is written by: .ci/truth -->\n"
	truthTime = 60 * time.Second
)

// truthRows are the networks of the table.
var truthRows = []string{
	"loss=0%", "loss=1%", "loss=2%", "loss=5%", "loss=10%", "loss=20%",
	"delay=20ms", "delay=50ms", "delay=100ms", "delay=200ms", "delay=300ms",
	"delay=40ms,jitter=5ms", "delay=40ms,jitter=10ms", "delay=40ms,jitter=20ms", "delay=40ms,jitter=30ms",
	"reorder=1%", "reorder=5%", "delay=20ms,reorder=2%", "dup=1%", "dup=5%",
	"rate=400k", "rate=250k", "rate=180k",
	"gap=300ms@20s", "gap=3s@20s",
	"loss=5%,delay=80ms,jitter=20ms,reorder=1%,dup=1%", "loss=10%,delay=100ms,jitter=30ms,reorder=2%,dup=2%,rate=400k",
}

// truthPacket is a packet of which everything is known.
type truthPacket struct {
	stream *interceptor.StreamInfo
	seq    uint16
	ts     uint32
	frame  int // of video
	last   bool
	bytes  int
	sent   time.Duration
	due    []time.Duration // when its copies arrive; none: it was dropped
}

// truthMedia is a minute of audio, 50 packets a second, and video, 25 frames a second of 1 to 3 packets.
func truthMedia() []*truthPacket {
	var out []*truthPacket
	for n := 0; ; n++ {
		at := time.Duration(n) * 20 * time.Millisecond
		if at >= truthTime {
			return out
		}
		out = append(out, &truthPacket{
			stream: opusStream, seq: uint16(65_000 + n), ts: uint32(n * 960), bytes: 90, sent: at,
		})
		if n%2 == 1 {
			continue
		}
		frame := n / 2
		for i := range 1 + frame%3 {
			out = append(out, &truthPacket{
				stream: vp8Stream, seq: uint16(64_000 + frame/3*6 + []int{0, 1, 3}[frame%3] + i), ts: uint32(n * 1800),
				frame: frame, last: i == frame%3, bytes: 400, sent: at + time.Duration(i)*time.Millisecond,
			})
		}
	}
}

// through sends packets through a network, in the order in which they are sent.
func through(packets []*truthPacket, network diag.Impairment) {
	m := impair.NewModel(network)
	m.Connected(0)
	slices.SortStableFunc(packets, func(a, b *truthPacket) int { return cmp.Compare(a.sent, b.sent) })
	for _, p := range packets {
		fate := m.Packet(p.sent, p.bytes, diag.ProtocolRTP)
		p.due = append(p.due, fate.Due[:fate.Copies]...)
	}
}

// arrival of a copy of a packet.
type truthArrival struct {
	at time.Duration
	*truthPacket
	copy int
}

func arrivals(packets []*truthPacket) []truthArrival {
	var out []truthArrival
	for _, p := range packets {
		for i, at := range p.due {
			out = append(out, truthArrival{at, p, i})
		}
	}
	slices.SortStableFunc(out, func(a, b truthArrival) int { return cmp.Compare(a.at, b.at) })
	return out
}

// known is what the table compares, of one stream or of audio and video: shares, seconds and counts.
type known struct {
	loss, jitter, trip  float64
	freezes             int
	frozen              float64
	duplicates, arrived int
}

// truthOf computes what is true of a stream from the packets, by formulas of its own: loss is dropped of sent, up to
// the last packet that arrived; jitter is that of RFC 3550 §6.4.1 in exact numbers; freezes are those of webrtc-stats
// over the times at which frames were complete.
func truthOf(packets []*truthPacket, stream *interceptor.StreamInfo) known {
	var k known
	sent, dropped, pending := 0, 0, 0
	for _, p := range packets {
		if p.stream != stream {
			continue
		}
		if len(p.due) == 0 {
			pending++
			continue
		}
		sent, dropped, pending = sent+pending+1, dropped+pending, 0
		k.arrived += len(p.due)
		k.duplicates += len(p.due) - 1
	}
	k.loss = float64(dropped) / float64(sent)
	var before *truthArrival
	for _, a := range arrivals(packets) {
		if a.stream != stream {
			continue
		}
		if before != nil {
			d := math.Abs((a.at - before.at).Seconds() - float64(int32(a.ts-before.ts))/float64(stream.ClockRate))
			k.jitter += (d - k.jitter) / 16
		}
		before = &a
	}
	k.freezes, k.frozen = freezesOf(packets)
	return k
}

// freezesOf applies the rule of webrtc-stats to the times at which frames were complete. A frame that is complete after a
// later one is not shown.
func freezesOf(packets []*truthPacket) (count int, seconds float64) {
	type frame struct {
		n    int
		at   time.Duration
		lost bool
	}
	frames := map[int]*frame{}
	for _, p := range packets {
		if p.stream != vp8Stream {
			continue
		}
		f := frames[p.frame]
		if f == nil {
			f = &frame{n: p.frame}
			frames[p.frame] = f
		}
		if len(p.due) == 0 {
			f.lost = true
			continue
		}
		f.at = max(f.at, slices.Min(p.due))
	}
	var shown []*frame
	for _, f := range frames {
		if !f.lost {
			shown = append(shown, f)
		}
	}
	slices.SortFunc(shown, func(a, b *frame) int { return cmp.Or(cmp.Compare(a.at, b.at), a.n-b.n) })
	newest := -1
	shown = slices.DeleteFunc(shown, func(f *frame) bool {
		late := f.n < newest
		newest = max(newest, f.n)
		return late
	})
	var gaps []float64
	for i := 1; i < len(shown); i++ {
		gap := (shown[i].at - shown[i-1].at).Seconds()
		if last := gaps[max(0, len(gaps)-30):]; len(last) > 0 {
			mean := 0.0
			for _, g := range last {
				mean += g / float64(len(last))
			}
			if gap >= max(3*mean, mean+0.150) {
				count++
				seconds += gap
			}
		}
		gaps = append(gaps, gap)
	}
	return count, seconds
}

// inboundOf is what the recorder says of media that came through a network.
func inboundOf(t *testing.T, packets []*truthPacket) map[*interceptor.StreamInfo]diag.InboundRTP {
	h := newHarness(t)
	begun := h.clock
	read := map[*interceptor.StreamInfo]func(uint16, uint32, bool, []byte){
		opusStream: h.arrives(opusStream), vp8Stream: h.arrives(vp8Stream),
	}
	for _, a := range arrivals(packets) {
		h.clock = begun.Add(a.at)
		payload := []byte{0xfc} // no frame: nothing to decode
		if a.stream == vp8Stream {
			payload = vp8Inter
			if a.seq != firstOf(a.truthPacket) {
				payload = []byte{0x00, 1, 2}
			}
		}
		read[a.stream](a.seq, a.ts, a.last, payload)
	}
	in, _ := h.rec.Snapshot()
	out := map[*interceptor.StreamInfo]diag.InboundRTP{}
	for _, s := range in {
		out[map[uint32]*interceptor.StreamInfo{10: opusStream, 20: vp8Stream}[s.SSRC]] = s
	}
	return out
}

// firstOf is the number of the first packet of a frame.
func firstOf(p *truthPacket) uint16 { return uint16(64_000 + p.frame/3*6 + []int{0, 1, 3}[p.frame%3]) }

// outboundOf is what the recorder says of audio that a receiver reports on each second: it counts as RFC 3550 A.3 and A.8
// say. Reports travel as long as media. It also returns the truth at the last report.
func outboundOf(t *testing.T, packets []*truthPacket, delay time.Duration) (diag.OutboundRTP, known) {
	h := newHarness(t)
	begun := h.clock
	leaves := h.leaves(opusStream)
	receiver := truthReceiver{arrived: arrivals(packets)}
	next := 0
	for second := time.Second; second <= truthTime; second += time.Second {
		h.clock = begun.Add(second - time.Second)
		ntp := uint64(second.Seconds()*65536) << 16
		h.wrote(&rtcp.SenderReport{SSRC: 10, NTPTime: ntp})
		for ; next < len(packets) && packets[next].sent < second; next++ {
			if p := packets[next]; p.stream == opusStream {
				h.clock = begun.Add(p.sent)
				leaves(10, p.seq, false, make([]byte, p.bytes))
			}
		}
		if !receiver.listen(second) {
			continue
		}
		h.clock = begun.Add(second + delay)
		h.read(1, &rtcp.ReceiverReport{SSRC: 1, Reports: []rtcp.ReceptionReport{{
			SSRC: 10, TotalLost: uint32(receiver.lost()), LastSequenceNumber: uint32(uint16(65_000 + receiver.expected - 1)),
			LastSenderReport: uint32(ntp >> 16), Delay: uint32((time.Second - delay) * 65_536 / time.Second),
			Jitter: uint32(receiver.jitter * 48_000),
		}}})
	}
	return h.outbound(), known{
		loss: float64(receiver.lost()) / float64(receiver.expected), trip: 2 * delay.Seconds(), jitter: receiver.jitter,
	}
}

// truthReceiver counts audio as RFC 3550 A.3 and A.8 say.
type truthReceiver struct {
	arrived       []truthArrival // what has not been counted
	before        *truthArrival
	expected, got int
	jitter        float64
}

// listen counts what arrives until a time; false if nothing ever has.
func (r *truthReceiver) listen(until time.Duration) bool {
	for ; len(r.arrived) > 0 && r.arrived[0].at <= until; r.arrived = r.arrived[1:] {
		a := r.arrived[0]
		if a.stream != opusStream {
			continue
		}
		if r.before != nil {
			d := math.Abs((a.at - r.before.at).Seconds() - float64(int32(a.ts-r.before.ts))/48_000)
			r.jitter += (d - r.jitter) / 16
		}
		r.before = &a
		r.expected = max(r.expected, int(a.sent/(20*time.Millisecond))+1)
		if a.copy == 0 {
			r.got++
		}
	}
	return r.before != nil
}

func (r *truthReceiver) lost() int { return r.expected - r.got }

// TestTruth compares what is measured with what was done to the packets. The bounds are those of the documentation.
func TestTruth(t *testing.T) {
	var table strings.Builder
	for i, text := range truthRows {
		network, err := impair.Parse(text + fmt.Sprintf(",seed=%d", i+1))
		if err != nil {
			t.Fatal(err)
		}
		packets := truthMedia()
		through(packets, network)
		in := inboundOf(t, packets)
		audio, video := in[opusStream], in[vp8Stream]
		wantAudio, wantVideo := truthOf(packets, opusStream), truthOf(packets, vp8Stream)
		out, wantOut := outboundOf(t, packets, network.DelayMs.Duration())
		near := func(what string, got, want, bound float64) string {
			if math.Abs(got-want) > bound {
				t.Errorf("%s: %s is measured as %g, the truth is %g", text, what, got, want)
			}
			return what
		}
		share := func(in diag.InboundRTP) float64 { return *diag.LossShare(in.PacketsLost, in.Expected()) }
		near("audio loss", share(audio), wantAudio.loss, 0.002)
		near("video loss", share(video), wantVideo.loss, 0.002)
		near("jitter", *audio.Jitter, wantAudio.jitter, 0.1*wantAudio.jitter+0.0001)
		near("freezes", float64(*video.FreezeCount), float64(wantVideo.freezes), 0)
		near("frozen", *video.TotalFreezesDuration, wantVideo.frozen, 0.001)
		near("duplicates", float64(*audio.PacketsDuplicated), float64(wantAudio.duplicates), 0)
		outLoss := *diag.LossShare(out.Lost(), out.Expected())
		near("outbound loss", outLoss, wantOut.loss, 0.002)
		near("outbound jitter", *out.Remote.Jitter, wantOut.jitter, 0.1*wantOut.jitter+0.0001)
		near("round trip", *out.Remote.RoundTripTime, wantOut.trip, 0.002)
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s | %s | %s | %s | %s |\n", text,
			both(100*share(audio), 100*wantAudio.loss, "%.2f"), both(100*outLoss, 100*wantOut.loss, "%.2f"),
			both(100*share(video), 100*wantVideo.loss, "%.2f"), both(1000**audio.Jitter, 1000*wantAudio.jitter, "%.2f"),
			both(1000**out.Remote.RoundTripTime, 1000*wantOut.trip, "%.1f"),
			both(float64(*video.FreezeCount), float64(wantVideo.freezes), "%.0f"),
			both(*video.TotalFreezesDuration, wantVideo.frozen, "%.2f"))
	}
	checkTruth(t, table.String())
}

// both writes what is measured and what is true.
func both(measured, truth float64, format string) string {
	return fmt.Sprintf(format+" / "+format, measured, truth)
}

// checkTruth compares the table with that of the documentation, or writes it.
func checkTruth(t *testing.T, table string) {
	raw, err := os.ReadFile(truthFile)
	if err != nil {
		t.Fatal(err)
	}
	head, _, found := strings.Cut(string(raw), truthMark)
	if !found {
		t.Fatalf("%s has no mark", truthFile)
	}
	want := head + truthMark + "\n| network | inbound audio loss, % | outbound audio loss, % | inbound video loss, % | jitter, ms | " +
		"round trip, ms | freezes | freeze time, s |\n|---|---:|---:|---:|---:|---:|---:|---:|\n" + table
	if *writeTruth {
		if err := os.WriteFile(truthFile, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(raw) {
		t.Errorf("%s differs from what is measured now: write it with -truth", truthFile)
	}
}
