package media

import (
	"bytes"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag/media/video"
)

// TestClips: each codec that is offered has a clip that begins with a key frame, is short, and shows what it is.
func TestClips(t *testing.T) {
	for _, c := range Codecs {
		if c.Clip == "" {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			clip := clipOf(t, c.ReadClip)
			if again, _ := c.ReadClip(); again != clip {
				t.Error("read twice")
			}
			keys, length, size := 0, time.Duration(0), 0
			for i, f := range clip.frames {
				if f.key {
					keys++
				}
				length += f.length
				size += len(f.data)
				if len(f.data) == 0 || f.length != clip.frames[0].length {
					t.Errorf("frame %d: %d bytes, %v", i, len(f.data), f.length)
				}
			}
			want := map[string][3]any{
				"opus": {500, 500, 10 * time.Second}, "G722": {50, 50, time.Second}, "PCMU": {50, 50, time.Second},
				"PCMA": {50, 50, time.Second}, "H264": {100, 2, 4 * time.Second}, "VP8": {100, 2, 4 * time.Second},
				"VP9": {100, 2, 4 * time.Second}, "AV1": {100, 2, 4 * time.Second},
			}[c.Name]
			if diff := cmp.Diff(want, [3]any{len(clip.frames), keys, length}); diff != "" {
				t.Error(diff)
			}
			if size > 100_000 {
				t.Errorf("%d bytes", size)
			}
		})
	}
}

// TestClipsAsPackets: what is sent of a clip of video is put together again to frames, key frames and a resolution, by
// the recorder's own inspection of the packets.
func TestClipsAsPackets(t *testing.T) {
	for _, c := range Codecs {
		if c.Clip == "" || c.Kind != KindVideo {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &sink{}
				run(t, NewPlayer(clipOf(t, c.ReadClip), w), 4*time.Second-1)
				frames, keys, size := 0, 0, video.Picture{}
				key := false
				for i, p := range w.packets {
					if len(p.Payload) > maxPayload {
						t.Fatalf("packet %d has %d bytes", i, len(p.Payload))
					}
					seen := c.parse(p.Payload)
					if key = key || seen.Key; seen.Width != 0 {
						size = seen
					}
					if p.Marker {
						frames++
						if key {
							keys++
						}
						key = false
					}
				}
				if frames != 100 || keys != 2 || size.Width != 320 || size.Height != 240 {
					t.Errorf("%d frames, %d key frames, %d×%d", frames, keys, size.Width, size.Height)
				}
			})
		})
	}
}

func TestToneIs20Milliseconds(t *testing.T) {
	clip, err := Tone()
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range append(clip.frames, frame{data: opusSilence}) {
		toc := f.data[0]
		config, code := toc>>3, toc&3
		celt20 := config >= 16 && config%4 == 3 // RFC 6716, table 2
		hybrid20 := config >= 12 && config < 16 && config%2 == 1
		silk20 := config < 12 && config%4 == 1
		if code != 0 || !celt20 && !hybrid20 && !silk20 {
			t.Fatalf("packet %d: TOC %#x is not one frame of 20 ms", i, toc)
		}
	}
}

func TestPictureSize(t *testing.T) {
	clip, err := Picture()
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range clip.frames {
		got := video.VP8(append([]byte{0x10}, f.data...))
		if got.Key != f.key || got.Key && (got.Width != 320 || got.Height != 240) {
			t.Errorf("frame %d: %+v", i, got)
		}
		if f.key != (i%50 == 0) {
			t.Errorf("frame %d: key %v", i, f.key)
		}
	}
}

func clipFile(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := clipFiles.ReadFile("clips/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(raw)
}

func TestFiles(t *testing.T) {
	for file, want := range map[string]string{
		"tone.ogg": "opus", "picture.h264": "H264", "picture.vp8.ivf": "VP8", "picture.vp9.ivf": "VP9", "picture.av1.ivf": "AV1",
	} {
		clip, err := ReadFile(bytes.NewReader(clipFile(t, file)))
		if err != nil || clip.Codec.Name != want || len(clip.frames) < 100 {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestUnusableFiles(t *testing.T) {
	tone, picture, annexB := clipFile(t, "tone.ogg"), clipFile(t, "picture.vp8.ivf"), clipFile(t, "picture.h264")
	changed := func(b []byte, at int, to ...byte) []byte {
		b = bytes.Clone(b)
		copy(b[at:], to)
		return b
	}
	tests := []struct {
		name string
		file []byte
	}{
		{"nothing", nil},
		{"a text", []byte("a text that is long enough")},
		{"no packet", tone[:47]},
		{"Ogg cut off", tone[:len(tone)-10]},
		{"Ogg damaged", changed(tone, 60, 0xff)},
		{"another codec", changed(picture, 8, 'M', 'J', 'P', 'G')},
		{"no time base", changed(picture, 16, 0, 0, 0, 0, 0, 0, 0, 0)},
		{"no key frame first", changed(picture, 32+12, picture[32+12]|1)},
		{"a frame before its time", changed(picture, 32+4, 9)},
		{"IVF cut off", picture[:len(picture)-10]},
		{"no frame", picture[:32]},
		{"H264 without a picture", annexB[:30]},
		{"H264 without a key frame", append([]byte{0, 0, 0, 1}, 0x41, 0x9a, 0, 0, 1, 0x41, 0x9a, 0x12)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := ReadFile(bytes.NewReader(tt.file)); !errors.Is(err, ErrClip) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestIVFTimes: frames last until the next one is due, in units of a time base that is a fraction.
func TestIVFTimes(t *testing.T) {
	file := clipFile(t, "picture.vp8.ivf")[:32]
	copy(file[16:24], []byte{0x30, 0x75, 0, 0, 0xe9, 0x03, 0, 0}) // 1001/30000 s
	for _, at := range []byte{0, 1, 3} {
		file = append(file, 1, 0, 0, 0, at, 0, 0, 0, 0, 0, 0, 0, 0x10)
	}
	clip, err := ReadFile(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	const unit = time.Second * 1001 / 30000
	var got []time.Duration
	for _, f := range clip.frames {
		got = append(got, f.length)
	}
	if diff := cmp.Diff([]time.Duration{unit, 2 * unit, 2 * unit}, got); diff != "" {
		t.Error(diff)
	}
}

// TestOggPagesOfManyPackets: encoders put a second of packets in a page, and a packet may go on in the next page.
func TestOggPagesOfManyPackets(t *testing.T) {
	page := make([]byte, 27)
	page[26] = 5
	page = append(page, 3, 255, 0, 255, 7) // segments
	want := []piece{{3, true}, {255, true}, {262, true}}
	if diff := cmp.Diff(want, lacing(page), cmp.AllowUnexported(piece{})); diff != "" {
		t.Error(diff)
	}
	page[26] = 1
	if diff := cmp.Diff([]piece{{3, true}}, lacing(page), cmp.AllowUnexported(piece{})); diff != "" {
		t.Error(diff)
	}
	page[27] = 255
	if diff := cmp.Diff([]piece{{255, false}}, lacing(page), cmp.AllowUnexported(piece{})); diff != "" {
		t.Error(diff)
	}
}

func TestNextKeyFrame(t *testing.T) {
	clip := &Clip{frames: []frame{{key: true}, {}, {key: true}, {}}}
	var got []int
	for i := range 5 {
		got = append(got, clip.nextKey(i))
	}
	if diff := cmp.Diff([]int{0, 2, 2, 0, 0}, got); diff != "" {
		t.Error(diff)
	}
}

// Tone and Picture are the clips that every endpoint can play.
func Tone() (*Clip, error)    { return CodecOf("opus").ReadClip() }
func Picture() (*Clip, error) { return CodecOf("VP8").ReadClip() }
