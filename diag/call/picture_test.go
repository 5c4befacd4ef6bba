package call

import (
	"testing"

	"dialtone/diag"
	"dialtone/diag/diagtest"
)

// TestPicturesThatStay: how often and how long a picture must be black, or look the same.
func TestPicturesThatStay(t *testing.T) {
	picture := func(dark, contrast float64, difference *float64) diag.Data {
		return diag.Picture{SSRC: 1, Dark: dark, Contrast: contrast, Difference: difference}
	}
	black, bright := picture(1, 0, new(float64)), picture(0, 1, new(0.5))
	same := picture(0, 1, new(alike))
	moved := diag.Picture{SSRC: 1, Contrast: 1, Difference: new(float64), Moved: true} // a clip that is repeated
	unmuted := func(kind string, side diag.Side) diag.Data { return diag.TrackMuted{Side: side, Kind: kind} }
	for name, tt := range map[string]struct {
		parts                []any
		staysBlack, staysOne bool
	}{
		"one":                    {[]any{0, black}, false, false},
		"black":                  {[]any{0, black, 800, black}, true, false},
		"black, but lately":      {[]any{0, black, 799, black}, false, false},
		"black again":            {[]any{0, black, 500, bright, 700, black, 1400, black}, false, false},
		"hardly black":           {[]any{0, picture(blackDark, blackContrast, nil), 900, picture(blackDark, blackContrast, nil)}, true, false},
		"not dark enough":        {[]any{0, picture(0.97, 0, nil), 900, picture(0.97, 0, nil)}, false, false},
		"something stands out":   {[]any{0, picture(1, 0.05, nil), 900, picture(1, 0.05, nil)}, false, false},
		"the same":               {[]any{0, bright, 900, same, 1800, same}, false, true},
		"the same, but twice":    {[]any{0, bright, 1800, same}, false, false},
		"the same, but lately":   {[]any{0, bright, 900, same, 1799, same}, false, false},
		"it changed a little":    {[]any{0, bright, 900, picture(0, 1, new(0.013)), 1800, same}, false, false},
		"it moved meanwhile":     {[]any{0, bright, 900, moved, 1800, same}, false, false},
		"not compared":           {[]any{0, bright, 900, picture(0, 1, nil), 1800, same}, false, false},
		"muted meanwhile":        {[]any{0, black, 400, unmuted("video", diag.Remote), 800, black}, false, false},
		"audio muted meanwhile":  {[]any{0, black, 400, unmuted("audio", diag.Remote), 800, black}, true, false},
		"muted here meanwhile":   {[]any{0, black, 400, unmuted("video", diag.Local), 800, black}, true, false},
		"another stream between": {[]any{0, black, 400, diag.Picture{SSRC: 2, Contrast: 1}, 800, black}, true, false},
	} {
		row := Fold(diagtest.Log(tt.parts...)).PictureOf(1)
		if row.StaysBlack() != tt.staysBlack || row.StaysStill() != tt.staysOne {
			t.Errorf("%s: black %t, still %t", name, row.StaysBlack(), row.StaysStill())
		}
	}
}

// TestPicturesAreBounded: those of so many streams, and the last thumbnail of each.
func TestPicturesAreBounded(t *testing.T) {
	var parts []any
	for i := range maxPictures + 1 {
		parts = append(parts, i, diag.Picture{SSRC: uint32(i), Thumbnail: diag.Thumbnail{Width: 1, Height: 1, RGB: []byte{1, 2, 3}}})
	}
	c := Fold(diagtest.Log(append(parts, 100, diag.Picture{SSRC: 3})...))
	if len(c.Pictures) != maxPictures || c.PictureOf(maxPictures) != nil || c.PictureOf(99) != nil {
		t.Errorf("%d pictures", len(c.Pictures))
	}
	if row := c.PictureOf(3); row.At != 100*ms || row.Drawn != 3*ms || len(row.Thumbnail.RGB) != 3 {
		t.Errorf("%+v", row)
	}
}

// TestRareKeyFrames: a publisher that is asked, does not answer soon, and sends few by itself.
func TestRareKeyFrames(t *testing.T) {
	since := func(n int) *diag.Millis { return new(diag.Millis(n) * diag.Millis(ms)) }
	asked := diag.KeyFrameRequested{SSRC: 1, SinceMs: since(2000)}
	in := func(ago *float64) diag.InboundRTP {
		return diag.InboundRTP{Kind: "video", SSRC: 1, LastPacketReceivedAgo: ago}
	}
	for name, tt := range map[string]struct {
		parts []any
		in    diag.InboundRTP
		want  *RareKeyFrames
	}{
		"not asked":              {nil, in(nil), nil},
		"another stream":         {[]any{1000, diag.KeyFrameRequested{SSRC: 2, SinceMs: since(2000)}, 9000, diag.KeyFrame{SSRC: 2}}, in(nil), nil},
		"the first key frame":    {[]any{1000, diag.KeyFrameRequested{SSRC: 1}, 9000, diag.KeyFrame{SSRC: 1}}, in(nil), nil},
		"late":                   {[]any{1000, asked, 3501, diag.KeyFrame{SSRC: 1}}, in(nil), &RareKeyFrames{1, *since(4501), false, *since(2501)}},
		"in time":                {[]any{1000, asked, 3500, diag.KeyFrame{SSRC: 1}}, in(nil), nil},
		"often":                  {[]any{1000, diag.KeyFrameRequested{SSRC: 1, SinceMs: since(1000)}, 4000, diag.KeyFrame{SSRC: 1}}, in(nil), nil},
		"none until now":         {[]any{1000, asked, 9000, diag.Sample{}}, in(new(float64)), &RareKeyFrames{1, *since(10000), true, *since(8000)}},
		"the stream has stopped": {[]any{1000, asked, 9000, diag.Sample{}}, in(new(7.0)), nil},
	} {
		got := Fold(diagtest.Log(tt.parts...)).RareKeyFrames(tt.in)
		if (got == nil) != (tt.want == nil) || got != nil && *got != *tt.want {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
}

// TestAgreedProfile: of the payload type that came, by the local description.
func TestAgreedProfile(t *testing.T) {
	const offer = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96 102 103\r\na=rtpmap:96 VP8/90000\r\n" +
		"a=rtpmap:102 H264/90000\r\na=fmtp:102 profile-level-id=42e01f\r\na=rtpmap:103 H264/90000\r\n"
	encoding := func(ssrc uint32, payloadType uint8, profile string) diag.Data {
		return diag.VideoEncoding{SSRC: ssrc, PayloadType: payloadType, ProfileLevelID: profile}
	}
	for name, tt := range map[string]struct {
		offer    string
		encoding diag.Data
		want     *Profiles
	}{
		"known":                 {offer, encoding(1, 102, "640028"), &Profiles{1, "640028", "42e01f", 102}},
		"without a profile":     {offer, encoding(1, 103, "640028"), nil},
		"another codec":         {offer, encoding(1, 96, "640028"), nil},
		"another stream":        {offer, encoding(2, 102, "640028"), nil},
		"not H264":              {offer, encoding(1, 102, ""), nil},
		"without a description": {"", encoding(1, 102, "640028"), nil},
	} {
		parts := []any{1, tt.encoding}
		if tt.offer != "" {
			parts = append(parts, 2, diag.SessionDescription{Side: diag.Local, SDPType: "offer", SDP: tt.offer})
		}
		got := Fold(diagtest.Log(parts...)).AgreedProfile(1)
		if (got == nil) != (tt.want == nil) || got != nil && *got != *tt.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
	var parts []any
	for i := range maxEncodings + 1 {
		parts = append(parts, i, encoding(uint32(i), 1, ""))
	}
	c := Fold(diagtest.Log(append(parts, 90, encoding(3, 9, ""))...))
	if len(c.Encodings) != maxEncodings || c.EncodingOf(3).PayloadType != 9 || c.EncodingOf(maxEncodings) != nil {
		t.Errorf("%+v", c.Encodings)
	}
}
