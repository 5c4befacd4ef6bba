package media

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/diag/media/sequence"

	"github.com/google/go-cmp/cmp"
	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// source gives what is put into it, and ends when it is closed or its deadline has passed.
type source struct {
	packets  chan []byte
	deadline chan struct{}
}

func newSource() *source {
	return &source{packets: make(chan []byte, 100), deadline: make(chan struct{})}
}

func (s *source) Read(b []byte) (int, interceptor.Attributes, error) {
	select {
	case p, ok := <-s.packets:
		if !ok {
			return 0, nil, io.EOF
		}
		return copy(b, p), nil, nil
	case <-s.deadline:
		return 0, nil, context.DeadlineExceeded
	}
}

func (s *source) SetReadDeadline(time.Time) error {
	close(s.deadline)
	return nil
}

func (s *source) put(t *testing.T, ssrc uint32, seq uint16, ts uint32) {
	t.Helper()
	p := rtp.Packet{
		Header: rtp.Header{
			Version: 2, SSRC: ssrc, SequenceNumber: seq, Timestamp: ts, Marker: seq%2 == 1, PayloadType: 99,
			CSRC: []uint32{1, 2}, Padding: true, PaddingSize: 3,
		},
		Payload: []byte{byte(seq)},
	}
	if err := p.SetExtension(1, []byte{1, 2}); err != nil {
		t.Fatal(err)
	}
	wire, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	s.packets <- wire
}

type back struct {
	pkts []rtcp.Packet
	fail error
}

func (b *back) WriteRTCP(pkts []rtcp.Packet) error {
	b.pkts = append(b.pkts, pkts...)
	return b.fail
}

// TestForwardJoins: gaps within the bounds of RFC 3550 A.1 stay, what is beyond them is a source that began anew and
// follows what was sent, later by the time between.
func TestForwardJoins(t *testing.T) {
	start := time.Unix(1e9, 0)
	for name, test := range map[string]struct {
		seq, wantSeq   uint16 // of the second packet; the first is 20000
		ts, wantTSStep uint32 // the first has 90000
	}{
		"the largest gap":         {20000 + sequence.MaxDropout, 20000 + sequence.MaxDropout, 93600, 3600},
		"more than a gap":         {20000 + sequence.MaxDropout + 1, 20001, 7, 45000},
		"the oldest that is late": {20000 - sequence.MaxMisorder, 20000 - sequence.MaxMisorder, 86400, ^uint32(3600) + 1},
		"older than late":         {20000 - sequence.MaxMisorder - 1, 20001, 7, 45000},
	} {
		t.Run(name, func(t *testing.T) {
			w := &sink{}
			f := NewForwarder(w, &back{})
			f.rate = 90000
			f.fresh = true
			for _, p := range []struct {
				seq uint16
				ts  uint32
				at  time.Duration
			}{{20000, 90000, 0}, {test.seq, test.ts, 500 * time.Millisecond}} {
				packet := rtp.Packet{Header: rtp.Header{SSRC: 5, SequenceNumber: p.seq, Timestamp: p.ts}}
				if err := f.write(&packet, start.Add(p.at)); err != nil {
					t.Fatal(err)
				}
			}
			got := w.packets[1].Header
			if got.SequenceNumber != test.wantSeq || got.Timestamp-w.packets[0].Timestamp != test.wantTSStep {
				t.Errorf("sequence number %d, %d units later", got.SequenceNumber, got.Timestamp-w.packets[0].Timestamp)
			}
		})
	}
}

func TestForward(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &sink{}
		f := NewForwarder(w, &back{})
		forward := func(ssrc uint32, packets ...[2]uint32) {
			t.Helper()
			src := newSource()
			for _, p := range packets {
				src.put(t, ssrc, uint16(p[0]), p[1])
			}
			src.packets <- []byte("garbage")
			close(src.packets)
			if err := f.Forward(t.Context(), src, 90000); err != nil {
				t.Error(err)
			}
		}
		forward(1, [2]uint32{65534, 100}, [2]uint32{65535, 100}, [2]uint32{1, 3700}, [2]uint32{0, 3700}) // 0 is late
		time.Sleep(2 * time.Second)
		forward(2, [2]uint32{500, 7_000_000}, [2]uint32{502, 7_003_600}) // 501 is lost
		time.Sleep(time.Second)
		forward(2, [2]uint32{503, 7_100_000})
		src := newSource()
		src.put(t, 2, 504, 1000)
		src.put(t, 2, 30_000, 5) // the source began anew
		src.put(t, 2, 30_001, 3605)
		close(src.packets)
		if err := f.Forward(t.Context(), src, 90000); err != nil {
			t.Error(err)
		}

		type sent struct {
			Seq     uint16
			TS      uint32
			Payload byte
		}
		want := []sent{
			{65534, 100, 254},
			{65535, 100, 255},
			{1, 3700, 1},
			{0, 3700, 0},
			{2, 183_700, 244}, // two seconds later
			{4, 187_300, 246},
			{5, 277_300, 247}, // and one more
			{6, 277_300, 248},
			{7, 277_300, 48},
			{8, 280_900, 49},
		}
		var got []sent
		for i, p := range w.packets {
			got = append(got, sent{p.SequenceNumber, p.Timestamp, p.Payload[0]})
			if p.Extension || p.Padding || len(p.CSRC) > 0 || p.Marker != (p.Payload[0]%2 == 1) || len(p.Payload) != 1 {
				t.Errorf("packet %d: %v", i, p)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestForwardEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		f := NewForwarder(&sink{}, &back{})
		if err := f.Forward(ctx, newSource(), 48000); err != nil {
			t.Errorf("at the end of the context: %v", err)
		}

		src := newSource()
		close(src.deadline)
		if err := f.Forward(t.Context(), src, 48000); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("when reading fails: %v", err)
		}

		src = newSource()
		src.put(t, 1, 1, 1)
		f = NewForwarder(&sink{before: func(int) error { return io.ErrClosedPipe }}, &back{})
		if err := f.Forward(t.Context(), src, 48000); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("when writing fails: %v", err)
		}
	})
}

func TestForwarderAsksForKeyFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &back{}
		f := NewForwarder(&sink{}, b)
		ask := func(want int) {
			t.Helper()
			if err := f.RequestKeyFrame(); err != nil {
				t.Error(err)
			}
			if len(b.pkts) != want {
				t.Errorf("%d requests sent; want %d", len(b.pkts), want)
			}
		}
		ask(0) // whom?
		src := newSource()
		src.put(t, 77, 1, 1)
		close(src.packets)
		if err := f.Forward(t.Context(), src, 90000); err != nil {
			t.Fatal(err)
		}
		ask(1)
		ask(1)
		time.Sleep(keyFrameGap)
		ask(2)
		if diff := cmp.Diff([]rtcp.Packet{
			&rtcp.PictureLossIndication{MediaSSRC: 77}, &rtcp.PictureLossIndication{MediaSSRC: 77},
		}, b.pkts); diff != "" {
			t.Error(diff)
		}
		time.Sleep(keyFrameGap)
		b.fail = io.ErrClosedPipe
		if err := f.RequestKeyFrame(); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("error %v", err)
		}
	})
}
