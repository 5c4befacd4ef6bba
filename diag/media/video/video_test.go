package video

import (
	"encoding/binary"
	"encoding/hex"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseVP8(t *testing.T) {
	const keyHead = "109d012a4001f000" // after the frame tag's first byte: rest of the tag, start code, 320, 240
	tests := []struct {
		name, in string
		want     Picture
	}{
		{"key frame", "10" + "5000" + keyHead[2:], Picture{Start: true, Key: true}},
		{"key frame with size", "10" + "508200" + "9d012a4001f000", Picture{true, true, 320, 240}},
		{"scaling bits are not size", "10" + "508200" + "9d012a4041f080", Picture{true, true, 320, 240}},
		{"inter frame", "10" + "518200" + "9d012a4001f000", Picture{Start: true}},
		{"non-reference", "30" + "51", Picture{Start: true}},
		{"not the first packet", "00" + "508200" + "9d012a4001f000", Picture{}},
		{"not the first partition", "11" + "508200" + "9d012a4001f000", Picture{}},
		{"short picture ID", "90807f" + "508200" + "9d012a4001f000", Picture{true, true, 320, 240}},
		{"long picture ID", "9080ffff" + "508200" + "9d012a4001f000", Picture{true, true, 320, 240}},
		{"everything", "90f0ffff1122" + "508200" + "9d012a4001f000", Picture{true, true, 320, 240}},
		{"wrong start code", "10" + "508200" + "9d012b4001f000", Picture{Start: true, Key: true}},
		{"nothing", "", Picture{}},
		{"X cut off", "90", Picture{}},
		{"picture ID cut off", "9080", Picture{}},
		{"nothing after the descriptor", "9080ffff", Picture{Start: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, VP8(unhex(t, tt.in))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseH264(t *testing.T) {
	// Sequence parameter sets of x264.
	const (
		baseline   = "6742c00dd90141fb011000000300100000030320f142a480"
		high       = "67640028acd940780227e5c044000003000400000300c83c60c658"
		mainCut    = "674d401eeca05017fcd808800000030080000019078b16cb"
		interlaced = "677a001ebcd940b424d8088000000300800000190f8a14cb"
	)
	tests := []struct {
		name, in string
		want     Picture
	}{
		{"IDR", "6588", Picture{Key: true}},
		{"other slice", "419a", Picture{Start: true}},
		{"other slice, not the first of its frame", "415a", Picture{}},
		{"SPS, baseline", baseline, Picture{Start: true, Width: 320, Height: 240}},
		{"SPS, high, cropped", high, Picture{Start: true, Width: 1920, Height: 1080}},
		{"SPS, main, cropped", mainCut, Picture{Start: true, Width: 640, Height: 358}},
		{"SPS, 4:2:2, interlaced", interlaced, Picture{Start: true, Width: 720, Height: 576}},
		{"SPS cut off", baseline[:12], Picture{Start: true}},
		{"SPS alone", "67", Picture{Start: true}},
		{"STAP-A of SPS and IDR", "780018" + baseline + "00026588", Picture{true, true, 320, 240}},
		{"STAP-A cut off", "780018" + baseline[:20], Picture{}},
		{"STAP-A with an empty unit", "7800000002", Picture{}},
		{"FU-A of IDR", "7c85aa", Picture{Key: true}},
		{"FU-A, later part", "7c05aa", Picture{Key: true}},
		{"FU-A of another slice", "7c81aa", Picture{Start: true}},
		{"FU-A of another slice, later part", "7c01aa", Picture{}},
		{"access unit delimiter", "0910", Picture{Start: true}},
		{"FU-A cut off", "7c", Picture{}},
		{"nothing", "", Picture{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, H264(unhex(t, tt.in))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBitReaderSkipsEmulationPrevention(t *testing.T) {
	r := bitReader{b: []byte{0, 0, 3, 1, 0xff}}
	if got := r.bits(24); got != 1 || r.bad {
		t.Errorf("bits = %#x, bad %v", got, r.bad)
	}
	if got := r.bits(16); !r.bad || got != 0 {
		t.Errorf("after the end: %#x, bad %v", got, r.bad)
	}
}

// TestParseLayersAndAggregates: what the packets of the clips do not have.
func TestParseLayersAndAggregates(t *testing.T) {
	const hevcSPSUnit = "42010101600000030090000003000003003ca00a880f9c9596566924caf0168080000003008000000c84" // 330×246, cropped
	av1 := firstFrame(t, "../clips/picture.av1.ivf")
	tests := []struct {
		name  string
		parse func([]byte) Picture
		in    []byte
		want  Picture
	}{
		{"H265 SPS", H265, unhex(t, hevcSPSUnit), Picture{Width: 330, Height: 246}},
		{"H265 IDR", H265, unhex(t, "2801af1d"), Picture{Key: true}},
		{"H265 inter", H265, unhex(t, "0201d019"), Picture{}},
		{
			"H265 aggregate of SPS and IDR", H265, unhex(t, "6001"+"002a"+hevcSPSUnit+"0004"+"2801af1d"),
			Picture{Key: true, Width: 330, Height: 246},
		},
		{"H265 fragment of an IDR", H265, unhex(t, "620194af"), Picture{Key: true}},
		{"H265 aggregate cut off", H265, unhex(t, "6001"+"00ff"+"2801"), Picture{}},
		{"H265 short", H265, unhex(t, "4201"), Picture{}},
		{"VP9 key picture, base layer, structure of two layers", VP9, unhex(t, "aa"+"01"+"00"+"00"+"38"+"0140"+"00b4"+"0280"+"0168"+"00"), Picture{Start: true, Key: true, Width: 640, Height: 360}},
		{"VP9 upper layer of a key picture", VP9, unhex(t, "a8"+"01"+"03"+"00"+"82"), Picture{}},
		{"VP9 inter picture", VP9, unhex(t, "c8"+"01"+"86"), Picture{Start: true}},
		{"VP9 in the middle", VP9, unhex(t, "80"+"01"+"86"), Picture{}},
		{"AV1 no new sequence", AV1, unhex(t, "10"+"32"), Picture{Start: true}},
		{"AV1, an OBU that continues", AV1, unhex(t, "90"+"32"), Picture{}},
		{"AV1, a tile group", AV1, unhex(t, "10"+"22"), Picture{}},
		{"AV1 new sequence, no header", AV1, unhex(t, "18"+"32"+"00"), Picture{Start: true, Key: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.parse(tt.in)); diff != "" {
				t.Error(diff)
			}
		})
	}
	// An aggregate: the length of the sequence header is before it, and a frame follows.
	header := av1[2:] // behind the temporal delimiter
	size := int(header[1])
	aggregate := append([]byte{0x28, byte(size + 1), header[0] &^ 2}, header[2:2+size]...)
	if diff := cmp.Diff(Picture{Start: true, Key: true, Width: 320, Height: 240}, AV1(append(aggregate, 0x30, 0))); diff != "" {
		t.Error("AV1 aggregate:", diff)
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// firstFrame is that of an IVF file.
func firstFrame(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const header, frameHeader = 32, 12
	return b[header+frameHeader:][:binary.LittleEndian.Uint32(b[header:])]
}
