package media

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestClips(t *testing.T) {
	tests := []struct {
		name       string
		clip       func() (*Clip, error)
		want       Clip
		frames     int
		keys       int
		bits, most int // bits in all, bytes of the largest frame
	}{
		{
			"tone", Tone,
			Clip{KindAudio, "audio/opus", 48000, 2, 20 * time.Millisecond, nil},
			500, 500, 320_000, 80,
		},
		{
			"picture", Picture,
			Clip{KindVideo, "video/VP8", 90000, 0, 40 * time.Millisecond, nil},
			250, 5, 1_500_000, 10_000,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			clip, err := tt.clip()
			if err != nil {
				t.Fatal(err)
			}
			if again, _ := tt.clip(); again != clip {
				t.Error("parsed twice")
			}
			if diff := cmp.Diff(tt.want, *clip, cmpopts.IgnoreUnexported(Clip{})); diff != "" {
				t.Error(diff)
			}
			keys, bits := 0, 0
			for i, f := range clip.frames {
				if f.key {
					keys++
				}
				bits += 8 * len(f.data)
				if len(f.data) > tt.most || len(f.data) == 0 {
					t.Errorf("frame %d has %d bytes", i, len(f.data))
				}
			}
			if len(clip.frames) != tt.frames || keys != tt.keys || time.Duration(len(clip.frames))*clip.FrameDuration != 10*time.Second {
				t.Errorf("%d frames, %d key frames, %v", len(clip.frames), keys, time.Duration(len(clip.frames))*clip.FrameDuration)
			}
			if bits < tt.bits*9/10 || bits > tt.bits*11/10 {
				t.Errorf("%d bits", bits)
			}
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
		got := parseVP8(append([]byte{0x10}, f.data...))
		if got.key != f.key || got.key && (got.width != 320 || got.height != 240) {
			t.Errorf("frame %d: %+v", i, got)
		}
		if f.key != (i%50 == 0) {
			t.Errorf("frame %d: key %v", i, f.key)
		}
	}
}

func TestUnusableClips(t *testing.T) {
	noKey := bytes.Clone(pictureFile)
	noKey[32+12] |= 1 // of the first frame's tag: an inter frame
	vp9 := bytes.Clone(pictureFile)
	copy(vp9[8:], "VP90")
	noTime := bytes.Clone(pictureFile)
	copy(noTime[16:24], make([]byte, 8))
	tests := []struct {
		name string
		read func(b []byte) (*Clip, error)
		file []byte
	}{
		{"no Ogg", ogg, []byte("no")},
		{"no packet", ogg, toneFile[:47]},
		{"Ogg cut off", ogg, toneFile[:len(toneFile)-10]},
		{"no IVF", ivf, []byte("no")},
		{"another codec", ivf, vp9},
		{"no time base", ivf, noTime},
		{"no key frame first", ivf, noKey},
		{"IVF cut off", ivf, pictureFile[:len(pictureFile)-10]},
		{"no frame", ivf, pictureFile[:32]},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := tt.read(tt.file); !errors.Is(err, ErrClip) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestIVFHeader: the time base is a fraction, and an empty frame is no key frame.
func TestIVFHeader(t *testing.T) {
	file := bytes.Clone(pictureFile[:32])
	copy(file[16:24], []byte{100, 0, 0, 0, 4, 0, 0, 0}) // 4/100 s
	file = append(file, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10)
	file = append(file, make([]byte, 12)...) // a frame of no bytes
	clip, err := ivf(file)
	if err != nil {
		t.Fatal(err)
	}
	if clip.FrameDuration != 40*time.Millisecond || len(clip.frames) != 2 || !clip.frames[0].key || clip.frames[1].key {
		t.Errorf("%+v", clip)
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

func ogg(b []byte) (*Clip, error) { return readOgg(bytes.NewReader(b)) }
func ivf(b []byte) (*Clip, error) { return readIVF(bytes.NewReader(b)) }
