package judge_test

import (
	"slices"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
)

// TestPictures: black and still pictures are named within three seconds, once they have been so for a while; one that
// changed again, or that the peer has muted, is not.
func TestPictures(t *testing.T) {
	const ssrc = 7
	black := diag.Picture{SSRC: ssrc, Dark: 1}
	dim := diag.Picture{SSRC: ssrc, Dark: 0.9, Contrast: 0.1}
	moving := diag.Picture{SSRC: ssrc, Contrast: 0.2, Difference: new(0.3)}
	same := diag.Picture{SSRC: ssrc, Contrast: 0.2, Difference: new(0.004)}
	blue := diag.Picture{SSRC: ssrc, Luma: 0.1, Difference: new(0.0)}
	green := diag.Picture{SSRC: ssrc, Color: "#008700", Difference: new(0.0)}
	blueAgain := diag.Picture{SSRC: ssrc, Luma: 0.1, Difference: new(0.4)}
	half := diag.Picture{SSRC: ssrc, Contrast: 0.2, Difference: new(0.08)}
	cursor := diag.Picture{SSRC: ssrc, Contrast: 0.2, Difference: new(0.026)}
	terminal := diag.Picture{SSRC: ssrc, Dark: 0.97, Contrast: 0.12, Difference: new(0.001)}
	for name, tt := range map[string]struct {
		pictures []diag.Picture // one a second
		muted    bool
		want     string
	}{
		"moving":                 {[]diag.Picture{moving, moving, moving}, false, ""},
		"black":                  {[]diag.Picture{black, black}, false, "media.black"},
		"black once":             {[]diag.Picture{moving, black}, false, ""},
		"black no more":          {[]diag.Picture{black, black, moving}, false, ""},
		"dark, and not black":    {[]diag.Picture{dim, dim, dim}, false, ""},
		"still":                  {[]diag.Picture{moving, same, same}, false, "media.still"},
		"still for a moment":     {[]diag.Picture{moving, moving, same}, false, ""},
		"still, and then not":    {[]diag.Picture{moving, same, same, moving}, false, ""},
		"one color, not black":   {[]diag.Picture{blue, blue, blue}, false, "media.still"},
		"green":                  {[]diag.Picture{green, green, green}, false, "media.still"},
		"one color that changes": {[]diag.Picture{blue, {SSRC: ssrc, Difference: new(0.4)}, blueAgain}, false, ""},
		"half of it is frozen":   {[]diag.Picture{moving, half, half, half}, false, ""},
		"a cursor moves":         {[]diag.Picture{moving, cursor, cursor, cursor}, false, ""},
		"a dark screen":          {[]diag.Picture{terminal, terminal, terminal}, false, "media.still"},
		"muted by the peer":      {[]diag.Picture{black, black}, true, ""},
		"of a stream that ended": {[]diag.Picture{{SSRC: 8, Dark: 1}, {SSRC: 8, Dark: 1}}, false, ""},
	} {
		c := &call.Call{}
		at := time.Second
		c.Apply(diag.Event{At: at, Data: diag.ConnectionState{State: "connected"}})
		for _, p := range tt.pictures {
			c.Apply(diag.Event{At: at, Data: p})
			at += time.Second
		}
		if tt.muted {
			c.Apply(diag.Event{At: at, Data: diag.TrackMuted{Side: diag.Remote, Kind: "video", Muted: true}})
		}
		c.Apply(diag.Event{At: at, Data: diag.Sample{Inbound: []diag.InboundRTP{{Kind: "video", SSRC: ssrc, PacketsReceived: new(uint64(100))}}}})
		var got []string
		for _, f := range judge.Check(c, judge.Expectation{}).Findings {
			if f.ID == "media.black" || f.ID == "media.still" {
				got = append(got, f.ID)
			}
		}
		var want []string
		if tt.want != "" {
			want = []string{tt.want}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// TestClipMoves: the clip has two key frames, and a sender that is asked for one may go on at the same again. It stands
// still if no other frames come, or the last one is repeated.
func TestClipMoves(t *testing.T) {
	for name, tt := range map[string]struct {
		received, repeated []uint32 // before each picture
		want               bool
	}{
		"it moves":        {[]uint32{25, 50, 75, 100}, []uint32{0, 0, 0, 0}, false},
		"it stands still": {[]uint32{25, 26, 27, 28}, []uint32{0, 0, 0, 0}, true},
		"it is repeated":  {[]uint32{25, 50, 75, 100}, []uint32{0, 24, 49, 74}, true},
	} {
		c := &call.Call{}
		c.Apply(diag.Event{At: time.Second, Data: diag.ConnectionState{State: "connected"}})
		for i := range tt.received {
			at := time.Duration(2+i) * time.Second
			c.Apply(diag.Event{At: at, Data: diag.Sample{Inbound: []diag.InboundRTP{{
				Kind: "video", SSRC: 7, PacketsReceived: new(uint64(100)),
				ClipFrames: &diag.ClipFrames{Received: tt.received[i], Repeated: tt.repeated[i]},
			}}}})
			c.Apply(diag.Event{At: at, Data: diag.Picture{SSRC: 7, Contrast: 0.2, Difference: new(0.0)}})
		}
		found := judge.Judge(c).Findings
		if got := slices.ContainsFunc(found, func(f judge.Finding) bool { return f.ID == "media.still" }); got != tt.want {
			t.Errorf("%s: %+v", name, found)
		}
	}
}

// TestThumbnailsAreKept: a picture without a thumbnail leaves the one before, and its time.
func TestThumbnailsAreKept(t *testing.T) {
	c := &call.Call{}
	c.Apply(diag.Event{At: time.Second, Data: diag.Picture{SSRC: 7, Thumbnail: diag.Thumbnail{Width: 1, Height: 1, RGB: []byte{1, 2, 3}}}})
	c.Apply(diag.Event{At: 2 * time.Second, Data: diag.Picture{SSRC: 7, Luma: 0.5}})
	if row := c.PictureOf(7); len(row.Thumbnail.RGB) != 3 || row.Drawn != time.Second || row.At != 2*time.Second || row.Luma != 0.5 {
		t.Errorf("%+v", row)
	}
}

// TestPictureOfAnotherSSRC: what a stream showed last is not reported once the peer continues with another SSRC; the same
// picture there is.
func TestPictureOfAnotherSSRC(t *testing.T) {
	for name, test := range map[string]struct {
		after diag.Picture
		want  string
	}{
		"it moves":            {diag.Picture{SSRC: 8, Contrast: 0.2, Difference: new(0.3)}, ""},
		"it is black as well": {diag.Picture{SSRC: 8, Dark: 1}, "media.black"},
		"the same picture":    {diag.Picture{SSRC: 8, Contrast: 0.2, Difference: new(0.001)}, "media.still"},
	} {
		c := &call.Call{}
		c.Apply(diag.Event{At: time.Second, Data: diag.ConnectionState{State: "connected"}})
		for i := range 4 {
			at := time.Duration(i+1) * time.Second
			c.Apply(diag.Event{At: at, Data: diag.Picture{SSRC: 7, Dark: 1, Difference: new(0.0)}})
			c.Apply(diag.Event{At: at + 4*time.Second, Data: test.after})
		}
		c.Apply(diag.Event{At: 9 * time.Second, Data: diag.Sample{Inbound: []diag.InboundRTP{
			{Kind: "video", SSRC: 7, PacketsReceived: new(uint64(100)), LastPacketReceivedAgo: new(4.0)},
			{Kind: "video", SSRC: 8, PacketsReceived: new(uint64(100)), LastPacketReceivedAgo: new(0.01)},
		}}})
		got := ""
		for _, f := range judge.Judge(c).Findings {
			if f.ID == "media.black" || f.ID == "media.still" {
				got += f.ID
			}
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
