package media

import (
	"math"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"

	"dialtone/diag"
	"dialtone/diag/media/clock"
)

// reports makes a sender report and its description arrive, as a sender does that has one clock for both streams.
func (r *harness) reports(ssrc uint32, sent time.Time, ts uint32, name string) {
	ntp := uint64(sent.Sub(clock.NTPEpoch)/time.Second)<<32 | uint64(sent.Nanosecond())<<32/uint64(time.Second)
	r.read(1, &rtcp.SenderReport{SSRC: ssrc, NTPTime: ntp, RTPTime: ts}, &rtcp.SourceDescription{Chunks: []rtcp.SourceDescriptionChunk{{
		Source: ssrc, Items: []rtcp.SourceDescriptionItem{{Type: rtcp.SDESCNAME, Text: name}},
	}}})
}

// TestSkew: video that waits longer than audio, by the clock of a sender that is an hour wrong.
func TestSkew(t *testing.T) {
	for name, tt := range map[string]struct {
		audio, video         time.Duration // on the way
		audioName, videoName string
		want                 *float64
	}{
		"together":      {30 * time.Millisecond, 30 * time.Millisecond, "a", "a", new(0.0)},
		"video later":   {30 * time.Millisecond, 110 * time.Millisecond, "a", "a", new(0.08)},
		"audio later":   {150 * time.Millisecond, 30 * time.Millisecond, "a", "a", new(-0.12)},
		"two clocks":    {30 * time.Millisecond, 110 * time.Millisecond, "a", "b", nil},
		"without names": {30 * time.Millisecond, 110 * time.Millisecond, "", "", nil},
	} {
		r := newHarness(t)
		audio, video := r.arrives(opusStream), r.arrives(vp8Stream)
		start := r.clock
		wrong := start.Add(-time.Hour)
		r.reports(opusStream.SSRC, wrong, 1000, tt.audioName)
		r.reports(vp8Stream.SSRC, wrong, 4_294_960_000, tt.videoName) // its timestamps wrap
		for i := range 200 {
			sent := time.Duration(i) * 20 * time.Millisecond
			r.clock = start.Add(sent + tt.audio)
			audio(uint16(i), 1000+uint32(i)*960, false, []byte{1})
			r.clock = start.Add(sent + tt.video)
			ts := uint32(4_294_960_000)
			video(uint16(i), ts+uint32(i)*1800, true, vp8Inter)
		}
		got := r.rec.Skew()
		if (got == nil) != (tt.want == nil) || got != nil && math.Abs(*got-*tt.want) > 0.001 {
			t.Errorf("%s: %v, want %v", name, diag.OrZero(got), diag.OrZero(tt.want))
		}
		if r.clock = r.clock.Add(skewAge); r.rec.Skew() != nil {
			t.Errorf("%s: what was measured long ago counts", name)
		}
	}
}

// TestConcealed: what is lost or comes too late for the jitter buffer is concealed, and nothing else: a packet that is
// late and still in time is not, nor are the steps of discontinuous transmission.
func TestConcealed(t *testing.T) {
	const n = 500
	for name, tt := range map[string]struct {
		late map[int]time.Duration
		lost map[int]bool
		want uint64 // packets
	}{
		"all in time":       {nil, nil, 0},
		"late, and in time": {map[int]time.Duration{100: 15 * time.Millisecond, 200: 19 * time.Millisecond}, nil, 0},
		"three too late":    {map[int]time.Duration{100: 400 * time.Millisecond, 200: 300 * time.Millisecond, 300: 300 * time.Millisecond}, nil, 3},
		"five lost":         {nil, map[int]bool{10: true, 11: true, 12: true, 250: true, 400: true}, 5},
	} {
		r := newHarness(t)
		audio := r.arrives(opusStream)
		start := r.clock
		for i := range n {
			if tt.lost[i] {
				continue
			}
			r.clock = start.Add(time.Duration(i)*20*time.Millisecond + tt.late[i])
			audio(uint16(i), uint32(i)*960, false, []byte{1})
		}
		row := r.inbound()
		if row.ConcealedSamples == nil || *row.ConcealedSamples != tt.want*960 || *row.TotalSamplesReceived != n*960 {
			t.Errorf("%s: %d of %d samples, want %d", name, diag.OrZero(row.ConcealedSamples), diag.OrZero(row.TotalSamplesReceived), tt.want*960)
		}
	}
}

// TestLayers: the packets of each layer are counted, where their descriptors name it.
func TestLayers(t *testing.T) {
	r := newHarness(t)
	vp8 := r.arrives(&interceptor.StreamInfo{SSRC: 20, PayloadType: 96, MimeType: "video/VP8", ClockRate: 90000})
	for i := range 8 {
		tid := byte([]int{0, 2, 1, 2}[i%4])
		vp8(uint16(i), uint32(i)*3600, true, []byte{0x90, 0x20, tid << 6, 0x51, 0x82, 0})
	}
	got := r.inbound().Layers
	want := []diag.LayerCount{{Temporal: 0, Packets: 2}, {Temporal: 1, Packets: 2}, {Temporal: 2, Packets: 4}}
	if len(got) != 3 || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("%+v", got)
	}
}
