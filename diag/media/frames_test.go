package media

import (
	"slices"
	"testing"
	"time"

	"dialtone/diag/media/sequence"
	"dialtone/diag/media/video"
)

// videoPacket is one packet of a stream of which frame i has timestamp 3600·i.
type videoPacket struct {
	seq    uint16
	frame  uint32
	marker bool
	pic    video.Picture
}

// play feeds packets, 1 ms apart, to frames as a stream would.
func play(packets []videoPacket) *frames {
	f := frames{starts: slices.ContainsFunc(packets, func(p videoPacket) bool { return p.pic.Start })}
	var s sequence.Sequence
	at := time.Unix(1e9, 0)
	for _, p := range packets {
		at = at.Add(time.Millisecond)
		ext, a := s.Add(p.seq, false)
		if a == sequence.Duplicate || a == sequence.Odd {
			continue
		}
		if a == sequence.Restart {
			f.restart()
		}
		f.add(ext, header{timestamp: p.frame * 3600, marker: p.marker}, p.pic, &s, a == sequence.Late, at)
	}
	return &f
}

func TestFrames(t *testing.T) {
	start, key := video.Picture{Start: true}, video.Picture{Start: true, Key: true, Width: 320, Height: 240}
	// Three frames of three packets, of which the first is a key frame.
	stream := []videoPacket{
		{65533, 0, false, key},
		{65534, 0, false, video.Picture{}},
		{65535, 0, true, video.Picture{}},
		{0, 1, false, start},
		{1, 1, false, video.Picture{}},
		{2, 1, true, video.Picture{}},
		{3, 2, false, start},
		{4, 2, false, video.Picture{}},
		{5, 2, true, video.Picture{}},
	}
	without := func(ps []videoPacket, i ...int) []videoPacket {
		var out []videoPacket
		for n, p := range ps {
			if !slices.Contains(i, n) {
				out = append(out, p)
			}
		}
		return out
	}
	dumb := slices.Clone(stream) // of a codec that is not understood
	for i := range dumb {
		dumb[i].pic = video.Picture{}
	}
	unmarked := slices.Clone(dumb)
	for i := range unmarked {
		unmarked[i].marker = false
	}
	tests := []struct {
		name           string
		packets        []videoPacket
		complete, keys uint32
	}{
		{"all", stream, 3, 1},
		{"each twice", append(slices.Clone(stream), stream...), 3, 1},
		{"in wrong order", []videoPacket{stream[2], stream[0], stream[1], stream[8], stream[3], stream[5], stream[7], stream[4], stream[6]}, 3, 1},
		{"the middle of one is lost", without(stream, 4), 2, 1},
		{"the end of one is lost", without(stream, 5), 2, 1},
		{"the beginning of one is lost", without(stream, 3), 2, 1},
		{"a whole frame is lost", without(stream, 3, 4, 5), 2, 1},
		{"a repair comes", append(without(stream, 4), stream[4]), 3, 1},
		{"the key frame is lost", without(stream, 0), 2, 0},
		{"codec unknown", dumb, 3, 0},
		{"codec unknown, a beginning is lost", without(dumb, 3), 2, 0},
		{"codec unknown, a frame is lost and the next has no known beginning", without(dumb, 3, 4, 5), 1, 0},
		{"codec unknown, the repair shows where the next begins", append(without(dumb, 5), dumb[5]), 3, 0},
		{"no markers: the next frame ends the one before", unmarked, 2, 0},
		{"the source restarts in a frame", append(without(stream, 8), []videoPacket{
			{30000, 50, true, start},
			{30001, 51, true, start},
			{30002, 52, true, start},
		}...), 4, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := play(tt.packets)
			if f.complete != tt.complete || f.keys != tt.keys {
				t.Errorf("%d frames, %d key frames; want %d, %d", f.complete, f.keys, tt.complete, tt.keys)
			}
			if tt.keys > 0 && (f.width != 320 || f.height != 240) {
				t.Errorf("size %d×%d", f.width, f.height)
			}
		})
	}
}

func TestFramesForgetsWhatIsNeverRepaired(t *testing.T) {
	var packets []videoPacket
	for i := range uint16(10 * openFrames) {
		packets = append(packets, videoPacket{2 * i, uint32(i), true, video.Picture{Start: true}}) // every other number is missing …
	}
	f := play(packets)
	if f.complete != uint32(len(packets)) || f.used != openFrames {
		t.Errorf("%d complete, %d open", f.complete, f.used)
	}
}

// TestFramesWithOthersBetween: FEC and padding between the packets of a frame, with its timestamp, are part of none that
// is missing, and none of them completes a frame.
func TestFramesWithOthersBetween(t *testing.T) {
	for _, fec := range []struct {
		seq  uint16
		want uint32
	}{{11, 2}, {12, 2}, {14, 2}, {9, 2}, {15, 1}} {
		r := newHarness(t)
		r.rec.SetCodec(96, "video/VP8", 90000)
		arrives := r.arrives(vp8Stream)
		seq := uint16(9)
		for i, payload := range [][]byte{vp8Key, {0x00, 1}, {0x00, 1}, vp8Inter, {0x00, 1}} {
			if seq++; seq == fec.seq {
				arrives(seq, uint32(1+i/3)*3600, false, nil)
				seq++
			}
			if fec.seq != 15 || i != 1 {
				arrives(seq, uint32(1+i/3)*3600, i == 2 || i == 4, payload)
			}
		}
		if in := r.inbound(); *in.FramesReceived != fec.want {
			t.Errorf("number %d is none: %d frames", fec.seq, *in.FramesReceived)
		}
	}
}

// TestKeyFrameOutOfOrder: a stream of a codec whose packets do not mark where frames begin starts with the second packet of
// its key frame, and only the first shows that it is one.
func TestKeyFrameOutOfOrder(t *testing.T) {
	f := play([]videoPacket{{2, 0, true, video.Picture{}}, {1, 0, false, video.Picture{Key: true}}, {3, 1, true, video.Picture{}}})
	if f.keys != 1 || f.complete != 2 {
		t.Errorf("%d key frames, %d frames", f.keys, f.complete)
	}
}
