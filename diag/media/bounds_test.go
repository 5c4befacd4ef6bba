package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
)

// ivfOf is a file of VP8 frames, the first of which is a key frame.
func ivfOf(sizes ...uint32) []byte {
	out := append([]byte("DKIF\x00\x00\x20\x00VP80\x40\x01\xf0\x00"), 30, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	for i, size := range sizes {
		out = binary.LittleEndian.AppendUint32(out, size)
		out = binary.LittleEndian.AppendUint64(out, uint64(i))
		frame := []byte{0x10, 0, 0, 0x9d, 1, 0x2a, 0x40, 1, 0xf0, 0}
		if i > 0 {
			frame[0] = 0x11
		}
		out = append(out, frame[:min(size, 10)]...)
		if size > 10 && size < 64<<20 {
			out = append(out, make([]byte, size-10)...)
		}
	}
	return out
}

// TestHostileClips: no clip takes much more memory than its file, and none more than the largest that is allowed.
func TestHostileClips(t *testing.T) {
	t.Parallel()
	h264 := "\x00\x00\x00\x01\x67\x42\x00\x0a"
	for name, test := range map[string]struct {
		file io.Reader
		want string
	}{
		"many small frames":     {bytes.NewReader(ivfOf(slicesOf(maxFrames+1, 10)...)), "frames"},
		"a frame of 4 GB":       {bytes.NewReader(ivfOf(10, 1<<30)), "incomplete"},
		"a large frame":         {bytes.NewReader(ivfOf(10, maxFrame+1)), "frame of more than"},
		"a large file":          {bytes.NewReader(ivfOf(slicesOf(11, 3<<20)...)), "larger than"},
		"many small slices":     {strings.NewReader(h264 + strings.Repeat("\x00\x00\x01\x65\x88", maxFrames+1)), "frames"},
		"a large slice":         {strings.NewReader(h264 + "\x00\x00\x01\x65\x88" + strings.Repeat("\xaa", maxFrame)), "frame of more than"},
		"a picture of slices":   {strings.NewReader(h264 + "\x00\x00\x01\x65\x88" + strings.Repeat("\x00\x00\x01\x65\x08\xaa", maxFrame/6)), "frame of more than"},
		"an endless slice":      {io.MultiReader(strings.NewReader(h264), endless(0xaa)), "not a clip"},
		"an endless row of SEI": {io.MultiReader(strings.NewReader(h264), repeating("\x00\x00\x01\x06")), "frame"},
	} {
		_, err := ReadFile(test.file)
		if !errors.Is(err, ErrClip) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
}

func slicesOf(n int, size uint32) []uint32 {
	out := make([]uint32, n)
	for i := range out {
		out[i] = size
	}
	return out
}

// endless is a file of one byte.
type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

// repeating is a file of one text.
type repeating string

func (r repeating) Read(p []byte) (int, error) {
	n := 0
	for len(p)-n >= len(r) {
		n += copy(p[n:], r)
	}
	return n, nil
}
