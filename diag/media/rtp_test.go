package media

import (
	"bytes"
	"encoding/hex"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pion/interceptor"
)

var compareHeaders = cmp.AllowUnexported(header{})

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
			if where := unhex(t, tt.in); !bytes.Equal(where[got.start:got.start+got.carried], tt.want.payload) {
				t.Errorf("the payload is not at %d, %d bytes", got.start, got.carried)
			}
			got.start, got.carried = 0, 0
			if diff := cmp.Diff(tt.want, got, compareHeaders); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOriginal(t *testing.T) {
	h := header{seq: 7, overhead: 12, carried: 3, payload: []byte{0x12, 0x34, 0xaa}}
	got, ok := h.original()
	if diff := cmp.Diff(header{seq: 0x1234, overhead: 14, carried: 1, payload: []byte{0xaa}}, got, compareHeaders); diff != "" || !ok {
		t.Error(ok, diff)
	}
	if _, ok := (header{payload: []byte{1}}).original(); ok {
		t.Error("one byte is no original sequence number")
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

// TestPaddingIsNoMedia: video has stopped when nothing but padding comes, or packets that were there before, with which
// senders probe the bandwidth.
func TestPaddingIsNoMedia(t *testing.T) {
	r := newHarness(t)
	media := r.arrives(&interceptor.StreamInfo{SSRC: 10, MimeType: "video/VP8", ClockRate: 90_000})
	repair := r.arrives(&interceptor.StreamInfo{SSRC: 11, MimeType: "video/rtx", ClockRate: 90_000})
	for i := range uint16(3) {
		r.clock = r.clock.Add(time.Second)
		media(i, uint32(i)*90_000, true, []byte{0x10, 1})
	}
	for i := range uint16(20) {
		r.clock = r.clock.Add(100 * time.Millisecond)
		media(3+i, 180_000, false, nil)
		repair(3*i, 180_000, false, nil)
		repair(3*i+1, 180_000, false, []byte{0, 1})
		repair(3*i+2, 180_000, false, []byte{0, 1, 0x10, 1})
	}
	if got := r.inbound(); *got.LastPacketReceivedAgo != 2 || *got.RecentFrameGap != 1 || *got.PacketsReceived != 83 {
		t.Errorf("%d packets, the last with media %v s ago, frames %v s apart", *got.PacketsReceived, *got.LastPacketReceivedAgo, *got.RecentFrameGap)
	}
}
