package media

import "testing"

func TestSilentOpus(t *testing.T) {
	tests := map[string]struct {
		payload []byte
		want    bool
	}{
		"nothing":                    {nil, true},
		"no frame":                   {[]byte{0xf8}, true},
		"discontinued (SILK)":        {[]byte{0x08, 0x0b}, true},
		"digital silence":            {opusSilence, true},
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
	clip, err := Tone()
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range clip.frames {
		if silentOpus(f.data) {
			t.Errorf("frame %d of the tone is called silent: % x", i, f.data)
		}
	}
}
