package check

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/diagtest"
	"dialtone/diag/judge"
	"dialtone/diag/lab/labtest"
	"dialtone/diag/media"
	"dialtone/diag/media/picture"
)

// loop is the clip of a codec once: the packets of its frames.
type loop [][]*rtp.Packet

// WriteRTP implements media.RTPWriter.
func (l *loop) WriteRTP(p *rtp.Packet) error {
	kept := &rtp.Packet{Header: p.Header.Clone(), Payload: slices.Clone(p.Payload)}
	if n := len(*l); n > 0 && (*l)[n-1][0].Timestamp == p.Timestamp {
		(*l)[n-1] = append((*l)[n-1], kept)
	} else {
		*l = append(*l, []*rtp.Packet{kept})
	}
	return nil
}

// loops are the clips of all codecs of video.
func loops(t *testing.T) map[string]loop {
	out := map[string]loop{}
	for _, name := range media.Names(media.KindVideo) {
		clip, err := media.CodecOf(name).ReadClip()
		if err != nil {
			t.Fatal(err)
		}
		var l loop
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second-1)
			defer cancel()
			if err := media.NewPlayer(clip, &l).Play(ctx); err != nil {
				t.Error(err)
			}
		})
		out[name] = l
	}
	return out
}

// delivery is a packet in flight.
type delivery struct {
	at     time.Duration
	packet rtp.Packet
	repair bool
}

// frameTimes are when the frames of a good call are captured: of 5 to 30 a second, steady or not, and of a camera that
// slows down in the dark.
func frameTimes(random *rand.Rand, length time.Duration) []time.Duration {
	rate := []int{5, 10, 15, 24, 25, 30}[random.IntN(6)]
	uneven, dark := random.Float64()*0.3, length
	if rate >= 24 && random.IntN(3) == 0 {
		dark = length / 2
	}
	var out []time.Duration
	for at := time.Duration(0); at < length; {
		gap := time.Second / time.Duration(rate)
		if at >= dark {
			gap *= 2
		}
		out = append(out, at+time.Duration(float64(gap)*uneven*random.Float64()))
		at += gap
	}
	return out
}

// sentVideo are the packets of a good call in the order of their arrival: the clip over and over, with jitter, and if some
// are lost with their retransmissions.
func sentVideo(random *rand.Rand, clip loop, payloadType uint8, times []time.Duration, loss float64) []delivery {
	jitter := time.Duration(random.IntN(20)+1) * time.Millisecond
	trip := time.Duration(20+random.IntN(60)) * time.Millisecond
	seq, repairs, stamp := uint16(random.Uint32()), uint16(random.Uint32()), random.Uint32()
	var out []delivery
	for i, at := range times {
		for k, p := range clip[i%len(clip)] {
			sent := at + time.Duration(k)*time.Millisecond
			next := rtp.Packet{Header: rtp.Header{
				Version: 2, SSRC: 7, PayloadType: payloadType, SequenceNumber: seq, Marker: p.Marker,
				Timestamp: stamp + uint32(at*90000/time.Second),
			}, Payload: p.Payload}
			arrives := sent + time.Duration(random.Int64N(int64(jitter)))
			if random.Float64() >= loss {
				out = append(out, delivery{arrives, next, false})
			} else {
				next.SSRC, next.PayloadType, next.SequenceNumber = 8, payloadType+1, repairs
				next.Payload = append([]byte{byte(seq >> 8), byte(seq)}, next.Payload...)
				repairs++
				out = append(out, delivery{arrives + trip, next, true})
			}
			seq++
		}
	}
	slices.SortStableFunc(out, func(a, b delivery) int { return int(a.at - b.at) })
	return out
}

// video is a call of 10 to 20 s with a picture. It returns what is found wrong with the media except loss.
func video(t *testing.T, random *rand.Rand, clips map[string]loop, loss float64) []string {
	t.Helper()
	names := media.Names(media.KindVideo)
	codec := media.CodecOf(names[random.IntN(len(names))])
	h := hearing(t, codec)
	began := h.now
	tap, err := h.rec.Factory().NewInterceptor("")
	if err != nil {
		t.Fatal(err)
	}
	media7 := h.reader
	repairs := tap.BindRemoteStream(&interceptor.StreamInfo{
		SSRC: 8, MimeType: "video/rtx", ClockRate: codec.ClockRate, PayloadType: codec.PayloadType + 1,
	}, interceptor.RTPReaderFunc(func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
		return copy(b, h.wire), a, nil
	}))
	c := call.Fold(diagtest.Log(0, diag.CallStart{Command: "call", Media: true}, 0, diag.ConnectionState{State: "connected"}))
	seen := watching(t, h, c)
	length := time.Duration(10+random.IntN(10)) * time.Second
	packets := sentVideo(random, clips[codec.Name], codec.PayloadType, frameTimes(random, length), loss)
	for second := time.Second; second <= length; second += time.Second {
		for len(packets) > 0 && packets[0].at < second {
			h.now, h.reader = began.Add(packets[0].at), media7
			if packets[0].repair {
				h.reader = repairs
			}
			h.packet(packets[0].packet)
			seen(packets[0].at)
			packets = packets[1:]
		}
		h.now = began.Add(second)
		in, _ := h.rec.Snapshot()
		c.Apply(diag.Event{At: second, Data: diag.Sample{Inbound: in}})
		for _, f := range judge.Judge(c).Findings {
			if f.Family() == "media" && f.ID != "media.loss" && f.Severity != judge.Info {
				return []string{f.ID, codec.Name, second.String(), fmt.Sprintf("%+v", f.Evidence)}
			}
		}
	}
	if in, _ := h.rec.Snapshot(); in[0].FramesReceived == nil || *in[0].FramesReceived < 40 {
		t.Errorf("%s: hardly any frame was received", codec.Name)
	}
	return nil
}

// watching decodes key frames as they arrive, as a peer does, and lets the call know.
func watching(t *testing.T, h *heard, c *call.Call) func(at time.Duration) {
	var frames []media.Frame
	var last *picture.Look
	h.rec.OnKeyFrame(func(f media.Frame) { frames = append(frames, f) })
	return func(at time.Duration) {
		for _, f := range frames {
			if f.MimeType != "video/VP8" {
				continue
			}
			l, err := picture.Decode(f.Data)
			if err != nil {
				t.Error(err)
				continue
			}
			d := diag.Picture{
				SSRC: f.SSRC, Width: uint16(l.Width), Height: uint16(l.Height), Luma: l.Luma, Contrast: l.Contrast, Dark: l.Dark,
				ClipFrame: l.Clip,
			}
			if last != nil {
				d.Difference = new(l.Difference(last))
			}
			last = l
			c.Apply(diag.Event{At: at, Data: d})
		}
		frames = nil
	}
}

// TestNoVideoAlarms: of good calls with a picture, and of some with 5 % loss that is repaired, nothing is said about the
// picture. These are simulated as those of TestNoFalseAlarms are; 200 at night.
func TestNoVideoAlarms(t *testing.T) {
	good := 10
	if labtest.Nightly() {
		good = 200
	}
	clips := loops(t)
	for i := range good + good/5 {
		random := rand.New(rand.NewPCG(11, uint64(i)))
		loss := 0.0
		if i >= good {
			loss = 0.05
		}
		if found := video(t, random, clips, loss); found != nil {
			t.Errorf("call %d, loss %v: %v", i, loss, found)
		}
	}
}
