package redundancy

import (
	"bytes"
	"testing"
)

func TestUnwrap(t *testing.T) {
	earlier := func(payloadType byte, length int) []byte {
		return []byte{0x80 | payloadType, 0x0f, byte(length >> 8), byte(length)} // an offset of 60 units
	}
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for name, test := range map[string]struct {
		payload []byte
		want    Block
		ok      bool
	}{
		"media alone":   {[]byte{111, 1, 2}, Block{PayloadType: 111, Payload: []byte{1, 2}}, true},
		"one before":    {join(earlier(111, 3), []byte{111, 7, 7, 7, 1, 2}), Block{PayloadType: 111, Payload: []byte{1, 2}, Earlier: 1, Bytes: 3}, true},
		"two before":    {join(earlier(111, 1), earlier(111, 2), []byte{111, 7, 8, 8, 1}), Block{PayloadType: 111, Payload: []byte{1}, Earlier: 2, Bytes: 3}, true},
		"an empty one":  {join(earlier(111, 0), []byte{111, 1}), Block{PayloadType: 111, Payload: []byte{1}, Earlier: 0, Bytes: 0}, true},
		"nothing new":   {join(earlier(111, 2), []byte{111, 7, 7}), Block{PayloadType: 111, Payload: []byte{}, Earlier: 1, Bytes: 2}, true},
		"1,023 bytes":   {join(earlier(111, 1023), []byte{111}, make([]byte, 1023), []byte{9}), Block{PayloadType: 111, Payload: []byte{9}, Earlier: 1, Bytes: 1023}, true},
		"too short":     {join(earlier(111, 3), []byte{111, 7, 7}), Block{}, false},
		"no header":     {nil, Block{}, false},
		"half a header": {[]byte{0x80 | 111, 0}, Block{}, false},
		"no last block": {earlier(111, 0), Block{}, false},
		"headers alone": {bytes.Repeat(earlier(111, 0), 300), Block{}, false},
	} {
		got, ok := Unwrap(test.payload)
		if ok != test.ok || got.PayloadType != test.want.PayloadType || !bytes.Equal(got.Payload, test.want.Payload) ||
			got.Earlier != test.want.Earlier || got.Bytes != test.want.Bytes {
			t.Errorf("%s: %+v, %v", name, got, ok)
		}
	}
}

// TestRepeats: the last blocks before the primary one are known with their offsets, the latest first.
func TestRepeats(t *testing.T) {
	block, ok := Unwrap([]byte{0x80 | 111, 0x1e, 0, 1, 0x80 | 110, 0x0f, 0, 2, 111, 7, 8, 9, 1, 2})
	first, second := block.Repeats[0], block.Repeats[1]
	if !ok || first.PayloadType != 110 || first.Offset != 960 || !bytes.Equal(first.Payload, []byte{8, 9}) ||
		second.PayloadType != 111 || second.Offset != 1920 || !bytes.Equal(second.Payload, []byte{7}) || block.Repeats[2].Payload != nil {
		t.Errorf("%+v", block)
	}
}

func TestFormatOf(t *testing.T) {
	for name, want := range map[string]Format{
		"red": RED, "RED": RED, "ulpfec": FEC, "flexfec-03": FEC, "flexfec": FEC, "CN": Unknown,
		"opus": Unknown, "rtx": Unknown, "": Unknown, "reduced": Unknown,
	} {
		if got := FormatOf(name); got != want {
			t.Errorf("%q: %v, not %v", name, got, want)
		}
	}
}

// TestOpusFEC: packets by the layout of RFC 6716; those of an encoder are in diag/media/audio.
func TestOpusFEC(t *testing.T) {
	const silk20, silk40, silk60, hybrid20, celt = 1 << 3, 2 << 3, 3 << 3, 13 << 3, 31 << 3
	const stereo = 4
	for name, test := range map[string]struct {
		packet []byte
		want   bool
	}{
		"20 ms, voice and FEC":     {[]byte{silk20, 0b1100_0000}, true},
		"20 ms, voice":             {[]byte{silk20, 0b1000_0000}, false},
		"20 ms, FEC after a pause": {[]byte{silk20, 0b0100_0000}, true},
		"40 ms, voice twice":       {[]byte{silk40, 0b1100_0000}, false},
		"40 ms, FEC":               {[]byte{silk40, 0b0010_0000}, true},
		"60 ms, voice":             {[]byte{silk60, 0b1110_0000}, false},
		"60 ms, FEC":               {[]byte{silk60, 0b0001_0000}, true},
		"hybrid, FEC":              {[]byte{hybrid20, 0b0100_0000}, true},
		"stereo, FEC aside":        {[]byte{silk20 | stereo, 0b0001_0000}, true},
		"stereo, voice aside":      {[]byte{silk20 | stereo, 0b0010_0000}, false},
		"60 ms stereo, FEC aside":  {[]byte{silk60 | stereo, 0b0000_0001}, true},
		"CELT":                     {[]byte{celt, 0xff}, false},
		"two frames":               {[]byte{silk20 | 1, 0b0100_0000, 0}, true},
		"two sizes":                {[]byte{silk20 | 2, 1, 0b0100_0000, 0}, true},
		"two sizes, first empty":   {[]byte{silk20 | 2, 0, 0b0100_0000}, false},
		"three of one size":        {[]byte{silk20 | 3, 3, 0b0100_0000, 0, 0}, true},
		"three sizes":              {[]byte{silk20 | 3, 0x80 | 3, 1, 1, 0b0100_0000, 0, 0}, true},
		"three sizes, first empty": {[]byte{silk20 | 3, 0x80 | 3, 0, 1, 0b0100_0000, 0}, false},
		"padding":                  {[]byte{silk20 | 3, 0x40 | 1, 255, 1, 0b0100_0000, 0}, true},
		"nothing":                  {nil, false},
		"nothing but TOC (DTX)":    {[]byte{silk20}, false},
		"cut sizes":                {[]byte{silk20 | 3, 0x80 | 40, 255}, false},
	} {
		if got := OpusFEC(test.packet); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte{0x80 | 111, 0x0f, 0, 1, 111, 7, 1})
	f.Add([]byte{1<<3 | 3, 0xc3, 255, 1, 252, 3})
	f.Fuzz(func(t *testing.T, b []byte) {
		block, ok := Unwrap(b)
		if ok && len(block.Payload)+block.Bytes+4*block.Earlier >= len(b) {
			t.Errorf("%+v of %d bytes", block, len(b))
		}
		OpusFEC(b)
	})
}
