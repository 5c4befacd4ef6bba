package media

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// sink keeps what a player writes, with the time since the first packet.
type sink struct {
	packets []rtp.Packet
	at      []time.Duration
	start   time.Time
	before  func(i int) error // called before packet i is taken
}

func (s *sink) WriteRTP(p *rtp.Packet) error {
	if s.start.IsZero() {
		s.start = time.Now()
	}
	s.at = append(s.at, time.Since(s.start))
	kept := *p
	kept.Payload = bytes.Clone(p.Payload)
	s.packets = append(s.packets, kept)
	if s.before != nil {
		return s.before(len(s.packets) - 1)
	}
	return nil
}

// run plays a clip for a while of fake time.
func run(t *testing.T, p *Player, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	if err := p.Play(ctx); err != nil {
		t.Error(err)
	}
}

func clipOf(t *testing.T, get func() (*Clip, error)) *Clip {
	t.Helper()
	clip, err := get()
	if err != nil {
		t.Fatal(err)
	}
	return clip
}

func TestToneIsPlayedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clip, w := clipOf(t, Tone), &sink{}
		run(t, NewPlayer(clip, w), 25*time.Second-1) // two and a half times
		if len(w.packets) != 1250 {
			t.Fatalf("%d packets", len(w.packets))
		}
		first := w.packets[0]
		for i, p := range w.packets {
			if p.SequenceNumber != first.SequenceNumber+uint16(i) || p.Timestamp != first.Timestamp+uint32(i)*960 || p.Marker {
				t.Fatalf("packet %d: %v", i, p.Header)
			}
			if w.at[i] != time.Duration(i)*20*time.Millisecond {
				t.Fatalf("packet %d after %v", i, w.at[i])
			}
			if !bytes.Equal(p.Payload, clip.frames[i%500].data) {
				t.Fatalf("packet %d is another", i)
			}
		}
	})
}

// depacketize puts the payloads of VP8 frames together again.
func depacketize(t *testing.T, packets []rtp.Packet) (frames [][]byte, ids []uint16, stamps []uint32) {
	t.Helper()
	begin := true
	for i, p := range packets {
		if len(p.Payload) > maxPayload {
			t.Fatalf("packet %d has %d bytes", i, len(p.Payload))
		}
		if (p.Payload[0]&0x10 != 0) != begin {
			t.Fatalf("packet %d: start %v", i, !begin)
		}
		id := uint16(p.Payload[2]&0x7f)<<8 | uint16(p.Payload[3])
		if begin {
			frames, ids, stamps = append(frames, nil), append(ids, id), append(stamps, p.Timestamp)
		}
		last := len(frames) - 1
		if ids[last] != id || stamps[last] != p.Timestamp {
			t.Fatalf("packet %d belongs to another frame", i)
		}
		frames[last] = append(frames[last], p.Payload[4:]...)
		begin = p.Marker
	}
	return frames, ids, stamps
}

func TestPictureIsPlayedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clip, w := clipOf(t, Picture), &sink{}
		p := NewPlayer(clip, w)
		run(t, p, 21*time.Second-1)
		frames, ids, stamps := depacketize(t, w.packets)
		if len(frames) != 525 {
			t.Fatalf("%d frames", len(frames))
		}
		for i := range frames {
			if !bytes.Equal(frames[i], clip.frames[i%100].data) {
				t.Fatalf("frame %d is another", i)
			}
			if ids[i] != uint16(i) || stamps[i] != stamps[0]+uint32(i)*3600 {
				t.Fatalf("frame %d: picture ID %d, timestamp %d", i, ids[i], stamps[i])
			}
		}
		for i, p := range w.packets {
			if p.SequenceNumber != w.packets[0].SequenceNumber+uint16(i) {
				t.Fatalf("packet %d has number %d", i, p.SequenceNumber)
			}
		}
	})
}

func TestAPlayerThatSleptSkips(t *testing.T) {
	tests := []struct {
		name  string
		clip  func() (*Clip, error)
		sleep time.Duration
		ticks uint32 // of a frame
		jump  uint32 // frames that the timestamp goes on after the sleep
		index int    // of the frame after it
	}{
		{"tone, a little", Tone, 190 * time.Millisecond, 960, 1, 1},
		{"tone, much", Tone, 7 * time.Second, 960, 350, 350},
		{"picture, much", Picture, 3 * time.Second, 3600, 75, 0}, // a key frame is every 50 of 100
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				clip, w := clipOf(t, tt.clip), &sink{}
				w.before = func(i int) error {
					if w.packets[i].Timestamp == w.packets[0].Timestamp && (w.packets[i].Marker || clip.Codec.Kind == KindAudio) {
						time.Sleep(tt.sleep)
					}
					return nil
				}
				run(t, NewPlayer(clip, w), 10*time.Second)
				var after []rtp.Packet
				for _, p := range w.packets {
					if p.Timestamp != w.packets[0].Timestamp {
						after = append(after, p)
					}
				}
				if got := after[0].Timestamp - w.packets[0].Timestamp; got != tt.jump*tt.ticks {
					t.Errorf("the timestamp went on by %d frames", got/tt.ticks)
				}
				want := clip.frames[tt.index].data
				got := after[0].Payload
				if clip.Codec.Kind == KindVideo {
					frames, _, _ := depacketize(t, after)
					got = frames[0]
				}
				if !bytes.Equal(got, want) {
					t.Error("another frame follows")
				}
				if got := after[0].SequenceNumber - w.packets[len(w.packets)-len(after)-1].SequenceNumber; got != 1 {
					t.Errorf("a hole of %d in the sequence numbers", got)
				}
				if len(after) == 0 || w.at[len(w.at)-1] < 9900*time.Millisecond {
					t.Error("it did not go on")
				}
			})
		})
	}
}

func TestMutedTone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clip, w := clipOf(t, Tone), &sink{}
		p := NewPlayer(clip, w)
		w.before = func(i int) error {
			p.SetMuted(i >= 9 && i < 19)
			return nil
		}
		run(t, p, time.Second-1)
		if len(w.packets) != 50 {
			t.Fatalf("%d packets", len(w.packets))
		}
		for i, packet := range w.packets {
			silent := bytes.Equal(packet.Payload, opusSilence)
			if silent != (i >= 10 && i < 20) || !silent && !bytes.Equal(packet.Payload, clip.frames[i].data) {
				t.Errorf("packet %d: silent %v", i, silent)
			}
		}
	})
}

func TestMutedPicture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clip, w := clipOf(t, Picture), &sink{}
		p := NewPlayer(clip, w)
		time.AfterFunc(time.Second-1, func() { p.SetMuted(true) })
		time.AfterFunc(3*time.Second-1, func() { p.SetMuted(false) })
		run(t, p, 4*time.Second-1)
		frames, _, stamps := depacketize(t, w.packets)
		if len(frames) != 50 {
			t.Fatalf("%d frames", len(frames))
		}
		if got := stamps[25] - stamps[24]; got != 51*3600 {
			t.Errorf("the timestamp went on by %d frames", got/3600)
		}
		if !bytes.Equal(frames[25], clip.frames[0].data) {
			t.Error("it did not come back with a key frame")
		}
	})
}

func TestKeyFrameOnRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clip, w := clipOf(t, Picture), &sink{}
		p := NewPlayer(clip, w)
		at := func(ms int) { time.AfterFunc(time.Duration(ms)*time.Millisecond-1, p.RequestKeyFrame) }
		at(400)   // before frame 10: goes on at 50
		at(440)   // too soon after: in time for frame 15, which is frame 0
		at(10_00) // frame 25: 50
		at(10_01) // waits for frame 30: 0
		run(t, p, 1400*time.Millisecond-1)
		frames, _, stamps := depacketize(t, w.packets)
		var got []int
		for i, f := range frames {
			if i > 0 && stamps[i]-stamps[i-1] != 3600 {
				t.Errorf("frame %d: the timestamp went on by %d", i, stamps[i]-stamps[i-1])
			}
			for k := 0; k < 100; k += 50 {
				if bytes.Equal(f, clip.frames[k].data) {
					got = append(got, i, k)
				}
			}
		}
		if diff := cmp.Diff([]int{0, 0, 10, 50, 15, 0, 25, 50, 30, 0}, got); diff != "" {
			t.Error("frame sent, key frame of the clip:", diff)
		}
	})
}

func TestPlayEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &sink{before: func(i int) error {
			if i == 3 {
				return io.ErrClosedPipe
			}
			return nil
		}}
		p := NewPlayer(clipOf(t, Tone), w)
		if err := p.Play(t.Context()); !errors.Is(err, io.ErrClosedPipe) || len(w.packets) != 4 {
			t.Errorf("error %v after %d packets", err, len(w.packets))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := p.Play(ctx); err != nil {
			t.Error(err)
		}
		w.before = nil
		n := len(w.packets)
		run(t, p, 100*time.Millisecond-1)
		if got := w.packets[n].SequenceNumber - w.packets[n-1].SequenceNumber; len(w.packets) != n+5 || got != 1 {
			t.Errorf("played again: %d packets, the first %d after the last", len(w.packets)-n, got)
		}
	})
}

func TestWantsKeyFrame(t *testing.T) {
	tests := []struct {
		name string
		pkts []rtcp.Packet
		want bool
	}{
		{"nothing", nil, false},
		{"reports and NACKs", []rtcp.Packet{&rtcp.ReceiverReport{}, &rtcp.TransportLayerNack{}}, false},
		{"PLI", []rtcp.Packet{&rtcp.ReceiverReport{}, &rtcp.PictureLossIndication{}}, true},
		{"FIR", []rtcp.Packet{&rtcp.FullIntraRequest{}}, true},
	}
	for _, tt := range tests {
		if got := WantsKeyFrame(tt.pkts); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}
