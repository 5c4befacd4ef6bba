package audio

import (
	"testing"
	"time"
)

func TestSilentOpus(t *testing.T) {
	tests := map[string]struct {
		payload []byte
		want    bool
	}{
		"nothing":                    {nil, false},
		"no frame":                   {[]byte{0xf8}, false},
		"discontinued (SILK)":        {[]byte{0x08, 0x0b}, false},
		"digital silence":            {[]byte{0xf8, 0xff, 0xfe}, true},
		"silence of a longer packet": {[]byte{0xf8, 0xff, 0xff, 0, 0, 0}, true},
		"CELT with sound":            {[]byte{0xf8, 0x7f, 0xfe, 1, 2, 3}, false},
		"fourteen ones":              {[]byte{0xf8, 0xff, 0xfc, 1, 2, 3}, false},
		"SILK that begins alike":     {[]byte{0x08, 0xff, 0xfe}, false},
		"two frames":                 {[]byte{0xf9, 0xff, 0xfe, 1}, false},
	}
	for name, test := range tests {
		if got := silentOpus(test.payload); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestOpusLength(t *testing.T) {
	for name, test := range map[string]struct {
		packet []byte
		want   time.Duration
	}{
		"none":               {nil, 0},
		"SILK, 60 ms":        {[]byte{3 << 3}, 60 * time.Millisecond},
		"hybrid, 10 ms":      {[]byte{12 << 3}, 10 * time.Millisecond},
		"CELT, 2.5 ms":       {[]byte{16 << 3}, 2500 * time.Microsecond},
		"CELT, 20 ms, twice": {[]byte{31<<3 | 1}, 40 * time.Millisecond},
		"CELT, 20 ms, three": {[]byte{31<<3 | 3, 3}, 60 * time.Millisecond},
		"no count":           {[]byte{31<<3 | 3}, 0},
	} {
		if got := OpusLength(test.packet); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
