package sdp

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOddOffers: each offer in testdata/sdp has one peculiarity. None is invalid, and none hides what it says otherwise.
func TestOddOffers(t *testing.T) {
	const opus, vp8 = "audio 0 sendonly opus", "video 1 sendonly VP8,rtx"
	tests := map[string]struct {
		sections string
		missing  string // what CheckSession misses
	}{
		"setup-active":          {opus + "\n" + vp8, ""},
		"audio-only":            {opus, ""},
		"bundle-only":           {opus + "\n" + vp8, ""},
		"candidate-host-name":   {opus + "\n" + vp8, ""},
		"h264-without-fmtp":     {opus + "\nvideo 1 sendonly H264", ""},
		"line-feeds":            {opus + "\n" + vp8, ""},
		"mid-names":             {"audio audio0 sendonly opus\nvideo video1 sendonly VP8,rtx", ""},
		"no-candidates":         {opus + "\n" + vp8, ""},
		"last-line-without-end": {opus + "\n" + vp8, ""},
		"no-fingerprint":        {opus + "\n" + vp8, "fingerprint"},
		"no-bundle-group":       {opus + "\n" + vp8, ""},
		"no-msid":               {opus + "\n" + vp8, ""},
		"no-setup":              {opus + "\n" + vp8, ""},
		"video-only":            {vp8, ""},
		"h264-recvonly":         {"audio 0 recvonly opus\nvideo 1 recvonly H264", ""},
		"h264-sendonly":         {opus + "\nvideo 1 sendonly H264", ""},
	}
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "sdp", "*.sdp"))
	if err != nil || len(files) != len(tests) {
		t.Fatalf("%d files, %d tests: %v", len(files), len(tests), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".sdp")
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			d := Parse(string(raw))
			var got []string
			for _, m := range d.Media {
				var codecs []string
				for _, c := range m.Codecs {
					codecs = append(codecs, c.Short())
				}
				got = append(got, strings.Join([]string{m.Kind, m.Mid, m.Direction, strings.Join(codecs, ",")}, " "))
				if m.Rejected() {
					t.Errorf("%s is rejected", m.Kind)
				}
			}
			if diff := cmp.Diff(tests[name].sections, strings.Join(got, "\n")); diff != "" || d.Invalid != nil || d.Cut {
				t.Errorf("invalid: %v, cut: %v (-want +got):\n%s", d.Invalid, d.Cut, diff)
			}
			err, missing := d.CheckSession(), tests[name].missing
			if (err != nil) != (missing != "") || err != nil && !strings.HasSuffix(err.Error(), missing) {
				t.Errorf("%v, want %q", err, missing)
			}
		})
	}
}

// TestBrokenDescriptions: the first line that the grammar forbids is found, and the lines beside it are understood.
func TestBrokenDescriptions(t *testing.T) {
	const audio = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" + opus + "a=mid:a\r\n"
	for name, test := range map[string]struct{ text, invalid string }{
		"valid":                    {session + audio, ""},
		"blank lines":              {"\r\n" + session + "\n\n" + audio + "\r\n", ""},
		"nothing before the media": {audio, "m=audio 9 UDP/TLS/RTP/SAVPF 111"},
		"no time":                  {strings.Replace(session, "t=0 0\r\n", "", 1) + audio, "m=audio 9 UDP/TLS/RTP/SAVPF 111"},
		"odd time":                 {strings.Replace(session, "t=0 0", "t=now", 1) + audio, "t=now"},
		"another version":          {strings.Replace(session, "v=0", "v=1", 1) + audio, "v=1"},
		"order":                    {session + "a=x\r\ns=late\r\n" + audio, "s=late"},
		"odd protocol":             {session + strings.Replace(audio, "UDP", "X", 1), "m=audio 9 X/TLS/RTP/SAVPF 111"},
		"odd port":                 {session + strings.Replace(audio, "9", "nine", 1), "m=audio nine UDP/TLS/RTP/SAVPF 111"},
		"odd kind before":          {session + "m=image 9 udptl t38\r\n" + audio, "m=image 9 udptl t38"},
		"odd line behind":          {session + audio + "a=rtcp-mux\r\nhello\r\na=x\r\n", "hello"},
		"odd connection":           {session + audio + "c=IN IP9 0.0.0.0\r\n", "c=IN IP9 0.0.0.0"},
	} {
		t.Run(name, func(t *testing.T) {
			d := Parse(test.text)
			got := ""
			if d.Invalid != nil {
				got = d.Invalid.Text
			}
			if got != test.invalid {
				t.Errorf("%q is invalid, want %q", got, test.invalid)
			}
			last := d.Media[len(d.Media)-1]
			want := []Codec{{PayloadType: "111", Name: "opus/48000/2", Params: "minptime=10", Feedback: []string{"transport-cc", "nack"}}}
			if diff := cmp.Diff(want, last.Codecs); diff != "" || last.Mid != "a" || !d.Sends("audio") && last.Port > 0 {
				t.Errorf("mid %q (-want +got):\n%s", last.Mid, diff)
			}
			remarks := Compare(d, nil)[0].Remarks
			if test.invalid == "" && len(remarks) == 0 {
				return
			}
			if diff := cmp.Diff([]Remark{{Kind: OfferInvalid, Items: []Item{{Name: test.invalid, Count: 1}}}}, remarks); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestRewriting: what is changed keeps all other lines, also those beyond the bounds.
func TestRewriting(t *testing.T) {
	long := session + strings.Repeat("a=x:"+strings.Repeat("y", 2*maxLine)+"\r\n", maxLines) + "m=audio 9 X 0\na=setup:active\na=rtcp-mux\na=ice-pwd:secret"
	d := Parse(long)
	if got, want := d.String(), strings.ReplaceAll(strings.ReplaceAll(long, "\r\n", "\n"), "\n", "\r\n")+"\r\n"; !d.Cut || got != want {
		t.Errorf("cut: %v, %d bytes of %d", d.Cut, len(got), len(want))
	}
	if got := d.With("ice-pwd", "***"); strings.Contains(got, "secret") || !strings.HasSuffix(got, "\r\na=ice-pwd:***\r\n") {
		t.Error("a password is left")
	}
	offer := session + "m=audio 9 RTP 0\r\na=rtcp-mux\r\n"
	if got := MuxOnly(offer); got != offer+"a=rtcp-mux-only\r\n" || MuxOnly(got) != got {
		t.Errorf("%q", got)
	}
}

// TestUnusableDescriptions: what is refused is told by what is wrong with it.
func TestUnusableDescriptions(t *testing.T) {
	const lines = "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=fingerprint:sha-1 " +
		"00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00\r\n"
	const audio = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" + opus + "a=mid:a\r\n"
	for text, want := range map[string]string{
		session + lines + audio:                                       "",
		session + lines + audio + audio:                               "two of its sections have the mid a",
		session + lines + strings.ReplaceAll(audio, "111", "300"):     "the payload type 300 is not within",
		session + lines + audio + "m=video 0 UDP/TLS/RTP/SAVPF *\r\n": "",
		"":                             "it is empty",
		"<html>\r\n" + session + audio: `with "<html>"`,
	} {
		err := Parse(text).CheckSession()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// TestAnswering: an answer has as many sections as the offer, in its order.
func TestAnswering(t *testing.T) {
	offer := Parse(session + "m=text 9 UDP/TLS/RTP/SAVPF 98\r\na=mid:t\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:a\r\n")
	answer := Parse(session + "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:a\r\n")
	got := Parse(answer.Answering(offer))
	if len(got.Media) != 2 || got.Media[0].Kind != "text" || !got.Media[0].Rejected() || got.Media[1].Rejected() || len(Misfits(offer, got)) > 0 {
		t.Errorf("%q", got.String())
	}
	if same := got.Answering(offer); same != got.String() {
		t.Errorf("%q", same)
	}
}
