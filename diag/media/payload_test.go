package media

import (
	"encoding/hex"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var comparePictures = cmp.AllowUnexported(picture{}, header{})

func TestParseRTP(t *testing.T) {
	const fixed = "00010000000200000003" // sequence number 1, timestamp 2, SSRC 3, after the first two bytes
	tests := []struct {
		name string
		in   string
		want header
		ok   bool
	}{
		{"plain", "80e0" + fixed + "aabb", header{marker: true, payloadType: 96, seq: 1, timestamp: 2, ssrc: 3, overhead: 12, payload: []byte{0xaa, 0xbb}}, true},
		{"no payload", "8060" + fixed, header{marker: false, payloadType: 96, seq: 1, timestamp: 2, ssrc: 3, overhead: 12, payload: []byte{}}, true},
		{"contributors", "8260" + fixed + "0000000900000008" + "aa", header{marker: false, payloadType: 96, seq: 1, timestamp: 2, ssrc: 3, overhead: 20, payload: []byte{0xaa}}, true},
		{"extension", "9060" + fixed + "bede0001" + "10ff0000" + "aa", header{marker: false, payloadType: 96, seq: 1, timestamp: 2, ssrc: 3, overhead: 20, payload: []byte{0xaa}, profile: 0xbede, extensions: []byte{0x10, 0xff, 0, 0}}, true},
		{"padding", "a060" + fixed + "aa" + "000003", header{marker: false, payloadType: 96, seq: 1, timestamp: 2, ssrc: 3, overhead: 15, payload: []byte{0xaa}}, true},
		{"padding only", "a060" + fixed + "0002", header{marker: false, payloadType: 96, seq: 1, timestamp: 2, ssrc: 3, overhead: 14, payload: []byte{}}, true},
		{"empty", "", header{}, false},
		{"short", "80600001", header{}, false},
		{"another version", "4060" + fixed + "aa", header{}, false},
		{"contributors cut off", "8260" + fixed + "0000", header{}, false},
		{"extension cut off", "9060" + fixed + "bede", header{}, false},
		{"extension longer than the packet", "9060" + fixed + "bedeffff", header{}, false},
		{"more padding than payload", "a060" + fixed + "aa03", header{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.want.extensions == nil && tt.ok {
				tt.want.extensions = []byte{}
			}
			got, ok := parseRTP(unhex(t, tt.in))
			if ok != tt.ok {
				t.Fatalf("ok = %v", ok)
			}
			if diff := cmp.Diff(tt.want, got, comparePictures); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOriginal(t *testing.T) {
	h := header{seq: 7, overhead: 12, payload: []byte{0x12, 0x34, 0xaa}}
	got, ok := h.original()
	if diff := cmp.Diff(header{seq: 0x1234, overhead: 14, payload: []byte{0xaa}}, got, comparePictures); diff != "" || !ok {
		t.Error(ok, diff)
	}
	if _, ok := (header{payload: []byte{1}}).original(); ok {
		t.Error("one byte is no original sequence number")
	}
}

func TestParseVP8(t *testing.T) {
	const keyHead = "109d012a4001f000" // after the frame tag's first byte: rest of the tag, start code, 320, 240
	tests := []struct {
		name, in string
		want     picture
	}{
		{"key frame", "10" + "5000" + keyHead[2:], picture{start: true, key: true}},
		{"key frame with size", "10" + "508200" + "9d012a4001f000", picture{true, true, 320, 240}},
		{"scaling bits are not size", "10" + "508200" + "9d012a4041f080", picture{true, true, 320, 240}},
		{"inter frame", "10" + "518200" + "9d012a4001f000", picture{start: true}},
		{"non-reference", "30" + "51", picture{start: true}},
		{"not the first packet", "00" + "508200" + "9d012a4001f000", picture{}},
		{"not the first partition", "11" + "508200" + "9d012a4001f000", picture{}},
		{"short picture ID", "90807f" + "508200" + "9d012a4001f000", picture{true, true, 320, 240}},
		{"long picture ID", "9080ffff" + "508200" + "9d012a4001f000", picture{true, true, 320, 240}},
		{"everything", "90f0ffff1122" + "508200" + "9d012a4001f000", picture{true, true, 320, 240}},
		{"wrong start code", "10" + "508200" + "9d012b4001f000", picture{start: true, key: true}},
		{"nothing", "", picture{}},
		{"X cut off", "90", picture{}},
		{"picture ID cut off", "9080", picture{}},
		{"nothing after the descriptor", "9080ffff", picture{start: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, parseVP8(unhex(t, tt.in)), comparePictures); diff != "" {
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
		want     picture
	}{
		{"IDR", "6588", picture{key: true}},
		{"other slice", "419a", picture{start: true}},
		{"other slice, not the first of its frame", "415a", picture{}},
		{"SPS, baseline", baseline, picture{start: true, width: 320, height: 240}},
		{"SPS, high, cropped", high, picture{start: true, width: 1920, height: 1080}},
		{"SPS, main, cropped", mainCut, picture{start: true, width: 640, height: 358}},
		{"SPS, 4:2:2, interlaced", interlaced, picture{start: true, width: 720, height: 576}},
		{"SPS cut off", baseline[:12], picture{start: true}},
		{"SPS alone", "67", picture{start: true}},
		{"STAP-A of SPS and IDR", "780018" + baseline + "00026588", picture{true, true, 320, 240}},
		{"STAP-A cut off", "780018" + baseline[:20], picture{}},
		{"STAP-A with an empty unit", "7800000002", picture{}},
		{"FU-A of IDR", "7c85aa", picture{key: true}},
		{"FU-A, later part", "7c05aa", picture{key: true}},
		{"FU-A of another slice", "7c81aa", picture{start: true}},
		{"FU-A of another slice, later part", "7c01aa", picture{}},
		{"access unit delimiter", "0910", picture{start: true}},
		{"FU-A cut off", "7c", picture{}},
		{"nothing", "", picture{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, parseH264(unhex(t, tt.in)), comparePictures); diff != "" {
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

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestParseLayersAndAggregates: what the packets of the clips do not have.
func TestParseLayersAndAggregates(t *testing.T) {
	const hevcSPSUnit = "42010101600000030090000003000003003ca00a880f9c9596566924caf0168080000003008000000c84" // 330×246, cropped
	av1 := clipOf(t, CodecOf("AV1").ReadClip).frames[0].data
	tests := []struct {
		name  string
		parse func([]byte) picture
		in    []byte
		want  picture
	}{
		{"H265 SPS", parseH265, unhex(t, hevcSPSUnit), picture{width: 330, height: 246}},
		{"H265 IDR", parseH265, unhex(t, "2801af1d"), picture{key: true}},
		{"H265 inter", parseH265, unhex(t, "0201d019"), picture{}},
		{
			"H265 aggregate of SPS and IDR", parseH265, unhex(t, "6001"+"002a"+hevcSPSUnit+"0004"+"2801af1d"),
			picture{key: true, width: 330, height: 246},
		},
		{"H265 fragment of an IDR", parseH265, unhex(t, "620194af"), picture{key: true}},
		{"H265 aggregate cut off", parseH265, unhex(t, "6001"+"00ff"+"2801"), picture{}},
		{"H265 short", parseH265, unhex(t, "4201"), picture{}},
		{"VP9 key picture, base layer, structure of two layers", parseVP9, unhex(t, "aa"+"01"+"00"+"00"+"38"+"0140"+"00b4"+"0280"+"0168"+"00"), picture{start: true, key: true, width: 640, height: 360}},
		{"VP9 upper layer of a key picture", parseVP9, unhex(t, "a8"+"01"+"03"+"00"+"82"), picture{}},
		{"VP9 inter picture", parseVP9, unhex(t, "c8"+"01"+"86"), picture{start: true}},
		{"VP9 in the middle", parseVP9, unhex(t, "80"+"01"+"86"), picture{}},
		{"AV1 no new sequence", parseAV1, unhex(t, "10"+"32"), picture{start: true}},
		{"AV1, an OBU that continues", parseAV1, unhex(t, "90"+"32"), picture{}},
		{"AV1, a tile group", parseAV1, unhex(t, "10"+"22"), picture{}},
		{"AV1 new sequence, no header", parseAV1, unhex(t, "18"+"32"+"00"), picture{start: true, key: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.parse(tt.in), comparePictures); diff != "" {
				t.Error(diff)
			}
		})
	}
	// An aggregate: the length of the sequence header is before it, and a frame follows.
	header := av1[2:] // behind the temporal delimiter
	size := int(header[1])
	aggregate := append([]byte{0x28, byte(size + 1), header[0] &^ 2}, header[2:2+size]...)
	if diff := cmp.Diff(picture{start: true, key: true, width: 320, height: 240}, parseAV1(append(aggregate, 0x30, 0)), comparePictures); diff != "" {
		t.Error("AV1 aggregate:", diff)
	}
}
