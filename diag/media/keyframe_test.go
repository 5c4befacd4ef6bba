package media

import (
	"slices"
	"testing"
	"time"

	"dialtone/diag"
)

// TestKeyFrameRequests: a request is answered by the first key frame that began after it.
func TestKeyFrameRequests(t *testing.T) {
	h := newHarness(t)
	arrives := h.arrives(vp8Stream)
	begun, seq := h.clock, uint16(0)
	frame := func(ms int, packets int, payload []byte) {
		for i := range packets {
			h.clock = begun.Add(time.Duration(ms+10*i) * time.Millisecond)
			body := payload
			if i > 0 {
				body = []byte{0x00, 1, 2}
			}
			arrives(seq, uint32(90*ms), i == packets-1, body)
			seq++
		}
	}
	if asked := h.rec.RequestKeyFrames(); asked != nil {
		t.Errorf("before the first packet: %v", asked)
	}
	frame(0, 1, vp8Key)
	frame(1000, 1, vp8Key)
	frame(1400, 1, vp8Inter)
	h.clock = begun.Add(1500 * time.Millisecond)
	asked := h.rec.RequestKeyFrames()
	if len(asked) != 1 || asked[0].SSRC != 20 || asked[0].SinceMs.Duration() != 500*time.Millisecond ||
		asked[0].IntervalMs.Duration() != time.Second {
		t.Fatalf("%+v", asked)
	}
	h.events = nil
	frame(1540, 1, vp8Inter)
	h.sees()
	frame(1580, 3, vp8Key)
	h.sees(diag.KeyFrame{SSRC: 20, AfterMs: diag.Millis(100 * time.Millisecond)})
	frame(2000, 1, vp8Key) // by itself
	h.sees(diag.KeyFrame{SSRC: 20, AfterMs: diag.Millis(100 * time.Millisecond)}, diag.VideoEncoding{
		SSRC: 20, MimeType: "video/VP8", PayloadType: 96, Profile: "0", Width: 320, Height: 240,
		KeyFrameIntervalMs: new(diag.Millis(400 * time.Millisecond)),
	})
	// A key frame that was on its way when it was requested is none.
	h.events = nil
	h.clock = begun.Add(2405 * time.Millisecond)
	frame(2400, 1, vp8Key)
	h.clock = begun.Add(2400 * time.Millisecond)
	h.rec.RequestKeyFrames()
	h.sees()
}

// TestResumed: a pause is reported if it is long, and long for this stream.
func TestResumed(t *testing.T) {
	for name, test := range map[string]struct {
		each time.Duration
		gap  time.Duration
		want bool
	}{
		"an outage":         {20 * time.Millisecond, 1100 * time.Millisecond, true},
		"a short one":       {20 * time.Millisecond, 900 * time.Millisecond, false},
		"of a slow picture": {500 * time.Millisecond, 2 * time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			arrives := h.arrives(opusStream)
			for i := range 20 {
				h.clock = h.clock.Add(test.each)
				arrives(uint16(i), uint32(i*960), false, []byte{0xfc})
			}
			h.events = nil
			h.clock = h.clock.Add(test.gap)
			arrives(20, 20*960, false, []byte{0xfc})
			if test.want {
				h.sees(diag.MediaResumed{Kind: "audio", SSRC: 10, AfterMs: diag.Millis(test.gap)})
			} else {
				h.sees()
			}
		})
	}
}

// TestSparsePictureResumes: a screen that is shared sends a frame of some packets when it changes.
func TestSparsePictureResumes(t *testing.T) {
	for name, test := range map[string]struct {
		gaps []int // milliseconds before each frame; the last is looked at
		want bool
	}{
		"as long as before":        {[]int{0, 40, 40, 3000, 40, 3000}, false},
		"much longer":              {[]int{0, 40, 40, 1000, 40, 4000}, true},
		"of a camera":              {append(slices.Repeat([]int{40}, 50), 2500), true},
		"of a camera, once before": {append(append(append([]int{40, 40}, 2500), slices.Repeat([]int{40}, 50)...), 2500), true},
	} {
		h := newHarness(t)
		arrives, seq := h.arrives(vp8Stream), uint16(0)
		for i, gap := range test.gaps {
			h.events = nil
			h.clock = h.clock.Add(time.Duration(gap) * time.Millisecond)
			for part := range 3 {
				arrives(seq, uint32(i)*3600, part == 2, vp8Inter)
				seq++
			}
		}
		if got := slices.ContainsFunc(h.events, func(d diag.Data) bool { return diag.TypeOf(d) == diag.TypeOf(diag.MediaResumed{}) }); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
