package picture

import (
	"errors"
	"image"
	"io"
	"os"
	"testing"
	"time"

	"github.com/pion/webrtc/v4/pkg/media/ivfreader"
)

// frames reads the frames of an IVF file.
func frames(t testing.TB, path string) [][]byte {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	r, _, err := ivfreader.NewWith(file)
	if err != nil {
		t.Fatal(err)
	}
	var out [][]byte
	for {
		frame, _, err := r.ParseNextFrame()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, frame)
	}
}

const (
	clip  = "../clips/picture.vp8.ivf"
	black = "../../../testdata/media/black.ivf"
	still = "../../../testdata/media/still.ivf"
)

func look(t testing.TB, frame []byte) *Look {
	t.Helper()
	l, err := Decode(frame)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestGreen: a frame of zeros has no luma, and is green all the same.
func TestGreen(t *testing.T) {
	for name, tt := range map[string]struct {
		luma, blue, red byte
		dark            float64
		color           string
	}{
		"zeros":      {0, 0, 0, 0, "#008700"},
		"black":      {16, 128, 128, 1, "#000000"},
		"dark red":   {20, 120, 165, 0, "#370000"},
		"dark brown": {24, 118, 138, 1, "#170500"},
	} {
		img := image.NewYCbCr(image.Rect(0, 0, 32, 24), image.YCbCrSubsampleRatio420)
		for plane, v := range map[*[]byte]byte{&img.Y: tt.luma, &img.Cb: tt.blue, &img.Cr: tt.red} {
			for i := range *plane {
				(*plane)[i] = v
			}
		}
		if l := lookAt(img); l.Dark != tt.dark || l.Color != tt.color {
			t.Errorf("%s: %v dark, %s", name, l.Dark, l.Color)
		}
		img.Y[0], img.Y[40], img.Y[200] = 120, 120, 120
		if l := lookAt(img); l.Color != "" {
			t.Errorf("%s, with a mark: %s", name, l.Color)
		}
	}
}

// TestDifferenceOfColor: pictures that differ in nothing but a color, in a part, differ. Sizes need not be even.
func TestDifferenceOfColor(t *testing.T) {
	painted := func(change func(*image.YCbCr)) *Look {
		img := image.NewYCbCr(image.Rect(0, 0, 33, 25), image.YCbCrSubsampleRatio420)
		change(img)
		return lookAt(img)
	}
	none := painted(func(*image.YCbCr) {})
	for name, change := range map[string]func(*image.YCbCr){
		"luma": func(i *image.YCbCr) { i.Y[len(i.Y)-1] = 200 }, "blue": func(i *image.YCbCr) { i.Cb[len(i.Cb)-1] = 200 },
		"red": func(i *image.YCbCr) { i.Cr[0] = 200 },
	} {
		if d := none.Difference(painted(change)); d < 0.1 {
			t.Errorf("%s: %v", name, d)
		}
	}
}

// TestClipNumbers: each key frame of the clip shows its own number, and other pictures show none.
func TestClipNumbers(t *testing.T) {
	keys := 0
	for i, frame := range frames(t, clip) {
		l, err := Decode(frame)
		if err != nil {
			if i%50 == 0 {
				t.Errorf("frame %d: %v", i, err)
			}
			continue
		}
		keys++
		if l.Clip == nil || *l.Clip != i {
			t.Errorf("frame %d shows %v", i, l.Clip)
		}
		if l.Width != 320 || l.Height != 240 || l.Dark > 0.1 || l.Contrast < 0.1 {
			t.Errorf("frame %d: %d×%d, dark %.2f, contrast %.2f", i, l.Width, l.Height, l.Dark, l.Contrast)
		}
	}
	if keys != 2 {
		t.Errorf("%d key frames", keys)
	}
	for _, path := range []string{black, still} {
		if l := look(t, frames(t, path)[0]); l.Clip != nil {
			t.Errorf("%s shows %d", path, *l.Clip)
		}
	}
}

// TestWhatPicturesShow: black is black, and pictures differ from others and not from themselves.
func TestWhatPicturesShow(t *testing.T) {
	list := frames(t, clip)
	first, second, dark, same := look(t, list[0]), look(t, list[50]), look(t, frames(t, black)[0]), look(t, frames(t, still)[0])
	if dark.Dark < 0.99 || dark.Contrast > 0.01 || dark.Luma > 0.1 {
		t.Errorf("black: %+v", dark)
	}
	if d := first.Difference(second); d < 0.2 {
		t.Errorf("two pictures differ by %.3f", d)
	}
	if d := same.Difference(same); d != 0 {
		t.Errorf("a picture differs from itself by %.3f", d)
	}
	if d := first.Difference(dark); d < 0.5 {
		t.Errorf("black differs by %.3f", d)
	}
}

// TestThumbnail: small, in the shape of the picture, with its colors: the test picture begins with a red bar and ends with
// a cyan one.
func TestThumbnail(t *testing.T) {
	thumb := look(t, frames(t, clip)[0]).Thumbnail
	if thumb.Width != 64 || thumb.Height != 48 || len(thumb.RGB) != 3*64*48 {
		t.Fatalf("%d×%d, %d bytes", thumb.Width, thumb.Height, len(thumb.RGB))
	}
	at := func(x, y int) [3]byte { i := 3 * (y*64 + x); return [3]byte(thumb.RGB[i : i+3]) }
	if left := at(2, 30); left[0] < 200 || left[1] > 60 || left[2] > 60 {
		t.Errorf("left: %v, not red", left)
	}
	if right := at(61, 30); right[0] > 60 || right[1] < 180 || right[2] < 180 {
		t.Errorf("right: %v, not cyan", right)
	}
}

// TestNotDecoded: what is no key frame of VP8 is an error, however it is broken; a huge one is not decoded.
func TestNotDecoded(t *testing.T) {
	key := frames(t, clip)[0]
	huge := append([]byte{}, key...)
	huge[6], huge[7], huge[8], huge[9] = 0xff, 0x3f, 0xff, 0x3f
	for name, frame := range map[string][]byte{
		"empty": nil, "another frame": frames(t, clip)[1], "cut": key[:40], "huge": huge,
	} {
		if _, err := Decode(frame); !errors.Is(err, ErrPicture) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAsker: a picture that comes by itself is not asked for; one that hardly changes is, three times within three
// seconds; then only every ten.
// TestMoved: a picture has moved if no frames since the one before were small.
func TestMoved(t *testing.T) {
	for name, tt := range map[string]struct {
		frameBytes []uint64 // of each 250 ms; 0: no frame
		want       bool
	}{
		"it moves":                    {[]uint64{500, 400, 300, 500}, true},
		"it stands still":             {[]uint64{40, 40, 40, 40}, false},
		"it stands still for a while": {[]uint64{500, 40, 500, 500}, false},
		"nothing came for a while":    {[]uint64{500, 0, 500, 500}, false},
		"not looked at":               {nil, false},
	} {
		a, start, sent, frame := Asker{}, time.Unix(1000, 0), uint64(0), uint32(0)
		if a.Seen(start) {
			t.Errorf("%s: the first picture has moved", name)
		}
		for i, n := range tt.frameBytes {
			if n > 0 {
				frame, sent = frame+6, sent+6*n
			}
			a.Due(start.Add(time.Duration(i)*250*time.Millisecond), frame, sent, 320*240)
		}
		if got := a.Seen(start.Add(time.Second)); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestAsker(t *testing.T) {
	const pixels = 320 * 240
	for name, tt := range map[string]struct {
		frameBytes uint64
		seenEvery  time.Duration // by itself; 0: never
		answers    bool
		want       []time.Duration
	}{
		"it moves, key frames come": {2000, 2 * time.Second, true, nil},
		"it moves, none comes":      {2000, 0, true, []time.Duration{time.Second, 11 * time.Second}},
		"it hardly changes": {
			40, 0, true,
			[]time.Duration{time.Second, 2 * time.Second, 3 * time.Second, 13 * time.Second, 14 * time.Second},
		},
		"requests are not answered": {
			2000, 0, false,
			[]time.Duration{time.Second, 2 * time.Second, 3 * time.Second, 13 * time.Second, 14 * time.Second},
		},
		"nothing is sent": {0, 0, true, nil},
	} {
		a := Asker{}
		start := time.Unix(1000, 0)
		var got []time.Duration
		sent, frame := uint64(0), uint32(0)
		for at := time.Duration(0); at <= 14*time.Second; at += 250 * time.Millisecond {
			if tt.frameBytes > 0 {
				frame += 6
				sent += 6 * tt.frameBytes
			}
			if tt.seenEvery > 0 && at%tt.seenEvery == 0 {
				a.Seen(start.Add(at))
			}
			if a.Due(start.Add(at), frame, sent, pixels) {
				got = append(got, at)
				if tt.answers {
					a.Seen(start.Add(at))
				}
			}
		}
		if len(got) != len(tt.want) {
			t.Errorf("%s: asked at %v, want %v", name, got, tt.want)
			continue
		}
		for i := range got {
			if got[i] != tt.want[i] {
				t.Errorf("%s: asked at %v, want %v", name, got, tt.want)
				break
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(frames(f, black)[0])
	f.Add(frames(f, clip)[0])
	f.Fuzz(func(t *testing.T, frame []byte) {
		if l, err := Decode(frame); err == nil && (l.Luma < 0 || l.Luma > 1 || l.Dark < 0 || l.Dark > 1 || len(l.Thumbnail.RGB) == 0) {
			t.Errorf("%+v", l)
		}
	})
}

// BenchmarkDecode decodes a key frame of 320×240: one every second or two is what a call needs.
func BenchmarkDecode(b *testing.B) {
	frame := frames(b, clip)[0]
	for b.Loop() {
		if _, err := Decode(frame); err != nil {
			b.Fatal(err)
		}
	}
}
