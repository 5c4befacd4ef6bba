package forward

import (
	"bufio"
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFrames: what a server sends becomes messages of a stream, and nothing else does.
func TestFrames(t *testing.T) {
	stun := append([]byte{1, 1, 0, 4}, make([]byte, 20)...)
	data := []byte{0x40, 0, 0, 5, 'h', 'e', 'l', 'l', 'o', 0, 0, 0}
	for name, tt := range map[string]struct{ datagram, want []byte }{
		"STUN":                      {stun, stun},
		"STUN with bytes after it":  {append(bytes.Clone(stun), 9, 9), stun},
		"STUN cut short":            {stun[:22], nil},
		"STUN of another length":    {append([]byte{1, 1, 0, 3}, make([]byte, 19)...), nil},
		"ChannelData":               {data[:9], data},
		"ChannelData, padded":       {data, data},
		"ChannelData cut short":     {data[:8], nil},
		"ChannelData, empty":        {[]byte{0x40, 0, 0, 0}, []byte{0x40, 0, 0, 0}},
		"DTLS":                      {[]byte{22, 254, 253, 0, 0}, nil},
		"nothing":                   {nil, nil},
		"channel beyond the last":   {[]byte{0x50, 0, 0, 0}, nil},
		"three bytes":               {[]byte{1, 1, 0}, nil},
		"ChannelData of other size": {[]byte{0x40, 0, 255, 255, 1}, nil},
	} {
		if got := padded(bytes.Clone(tt.datagram)); !bytes.Equal(got, tt.want) {
			t.Errorf("%s: %x, want %x", name, got, tt.want)
		}
	}
	stream := bufio.NewReader(bytes.NewReader(append(append(bytes.Clone(stun), data...), 22, 1, 1, 1)))
	for _, want := range [][]byte{stun, data} {
		if got, err := readFrame(stream); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%x, %v, want %x", got, err, want)
		}
	}
	if got, err := readFrame(stream); err == nil {
		t.Errorf("%x is a message", got)
	}
}

// FuzzFrames: a datagram becomes a whole message or none, and the stream of it is read as the same message.
func FuzzFrames(f *testing.F) {
	f.Add([]byte{0x40, 0, 0, 5, 'h', 'e', 'l', 'l', 'o'})
	f.Add(append([]byte{1, 1, 0, 4}, make([]byte, 20)...))
	f.Add([]byte{0x40, 0, 255, 255})
	f.Fuzz(func(t *testing.T, b []byte) {
		m := padded(bytes.Clone(b))
		if m == nil {
			return
		}
		again, err := readFrame(bufio.NewReader(bytes.NewReader(m)))
		if err != nil || !bytes.Equal(m, again) || len(m)-len(b) > 3 {
			t.Fatal(cmp.Diff(m, again), err)
		}
	})
}
