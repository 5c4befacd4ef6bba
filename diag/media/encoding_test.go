package media

import (
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag/media/video"
)

// TestHeaders: the headers of the clips say how they are coded. That of a publisher is one of x264 with its defaults.
func TestHeaders(t *testing.T) {
	file, err := os.Open("../../testdata/media/publisher.h264")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	publisher, err := ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]video.Headers{
		"H264":      {Profile: "Constrained Baseline", Level: "3.1", ProfileLevelID: "42c01f", Slices: true, Ordered: true},
		"VP8":       {Profile: "0"},
		"VP9":       {Profile: "0"},
		"AV1":       {Profile: "0", Level: "2.0"},
		"publisher": {Profile: "High", Level: "4", ProfileLevelID: "640028", Slices: true, BFrames: true, Ordered: true, Reordered: true},
	} {
		t.Run(name, func(t *testing.T) {
			clip := publisher
			if name != "publisher" {
				if clip, err = CodecOf(name).ReadClip(); err != nil {
					t.Fatal(err)
				}
			}
			got := headers(clip, false)
			if diff := cmp.Diff(want, got.Headers); diff != "" {
				t.Error(diff)
			}
			if name == "publisher" { // what is lost is no change of the order
				if got := headers(clip, true); got.Reordered {
					t.Error("frames that are not there count as reordered")
				}
			}
		})
	}
}

// headers reads a clip. If it has gaps, each packet comes after a loss.
func headers(clip *Clip, gaps bool) *video.Coding {
	var coding video.Coding
	payloader := clip.Codec.payloader()
	for _, f := range clip.frames {
		for _, payload := range payloader.Payload(maxPayload, f.data) {
			coding.Add(clip.Codec.Name, payload, !gaps)
		}
	}
	return &coding
}

// TestUntestedRequests: a request is repeated until a key frame comes, three times; one that comes by itself says
// nothing about requests, and comes at its own interval.
func TestUntestedRequests(t *testing.T) {
	var k keyRequests
	begun := time.Now()
	at := func(ms int) time.Time { return begun.Add(time.Duration(ms) * time.Millisecond) }
	if k.untested(at(9000)) {
		t.Error("due before the first key frame")
	}
	k.arrived(at(0), at(10))
	sent := []int(nil)
	for ms := 0; ms < 6000; ms += 250 {
		if k.untested(at(ms)) {
			k.request(at(ms))
			sent = append(sent, ms)
		}
	}
	if diff := cmp.Diff([]int{1750, 2750, 3750}, sent); diff != "" {
		t.Error(diff)
	}
	k.arrived(at(8300), at(8310))
	if got := k.interval(); got == nil || got.Duration() != 8300*time.Millisecond {
		t.Errorf("the interval is %v", got)
	}
	if took := k.answered(); took == nil || took.Duration() != 6560*time.Millisecond {
		t.Errorf("it took %v", took)
	}
}
