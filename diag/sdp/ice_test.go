package sdp

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const pwd = "P2uYro0UCOQ4zxjKXaWCBui1"

func TestParseFragment(t *testing.T) {
	full := "a=ice-options:trickle ice2\r\na=group:BUNDLE 0 1\r\na=ice-ufrag:EsAw\r\na=ice-pwd:" + pwd + "\r\n" +
		"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\na=end-of-candidates\r\n"
	for name, test := range map[string]struct {
		in   string
		want *Fragment // nil: refused
	}{
		"all of it": {full, &Fragment{
			Ufrag: "EsAw", Pwd: pwd, Options: []string{"ice-options:trickle ice2"}, End: true,
			Sections: []FragmentSection{{Media: "audio 9 UDP/TLS/RTP/SAVPF 111", Mid: "0", Candidates: []string{"candidate:1 1 udp 1 192.0.2.1 9 typ host"}}},
		}},
		"bare line ends":           {strings.ReplaceAll("a=ice-ufrag:EsAw\r\na=ice-pwd:"+pwd, "\r", ""), &Fragment{Ufrag: "EsAw", Pwd: pwd}},
		"nothing":                  {"", &Fragment{}},
		"credentials of a section": {"m=audio 9 RTP/AVP 0\r\na=ice-ufrag:EsAw\r\na=ice-pwd:" + pwd, &Fragment{Ufrag: "EsAw", Pwd: pwd, Sections: []FragmentSection{{Media: "audio 9 RTP/AVP 0"}}}},
		"ice-lite":                 {"a=ice-lite", &Fragment{Options: []string{"ice-lite"}}},
		"an SDP":                   {"v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n", nil},
		"words":                    {"hello", nil},
		"one credential":           {"a=ice-ufrag:EsAw", nil},
		"short credentials":        {"a=ice-ufrag:x\r\na=ice-pwd:y", nil},
		"odd characters":           {"a=ice-ufrag:Es Aw\r\na=ice-pwd:" + pwd, nil},
		"two ICE sessions":         {"a=ice-ufrag:EsAw\r\na=ice-ufrag:Other\r\na=ice-pwd:" + pwd, nil},
		"a candidate of nothing":   {"a=candidate:1 1 udp 1 192.0.2.1 9 typ host", nil},
		"a long candidate":         {"m=audio\r\na=candidate:" + strings.Repeat("x", 1024), nil},
		"many candidates":          {"m=audio\r\n" + strings.Repeat("a=candidate:1\r\n", 300), nil},
		"many sections":            {strings.Repeat("m=audio\r\n", maxSections+1), nil},
		"a long mid":               {"m=audio\r\na=mid:" + strings.Repeat("x", 300), nil},
		"too much":                 {strings.Repeat("a=x\r\n", MaxFragment), nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseFragment([]byte(test.in))
			if test.want == nil {
				if !errors.Is(err, ErrFragment) {
					t.Errorf("%+v %v", got, err)
				}
				return
			}
			if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
				t.Error(err, diff)
			}
		})
	}
}

func TestFragmentOfManyCandidates(t *testing.T) {
	f := Parse("v=0\r\nm=audio 9 X 0\r\n" + strings.Repeat("a=candidate:1\r\n", 300)).Fragment()
	if n := len(f.Sections[0].Candidates); n != 256 {
		t.Errorf("%d candidates", n)
	}
}

func FuzzFragment(f *testing.F) {
	f.Add([]byte("a=ice-lite\r\na=ice-ufrag:EsAw\r\na=ice-pwd:" + pwd + "\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\na=end-of-candidates\r\n"))
	f.Add([]byte("m=\na=mid:"))
	f.Fuzz(func(t *testing.T, in []byte) {
		x, err := ParseFragment(in)
		if err != nil {
			return
		}
		again, err := ParseFragment([]byte(x.String()))
		if err != nil {
			t.Fatalf("what was read cannot be written: %v\n%q", err, x.String())
		}
		if diff := cmp.Diff(x, again); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestRestarted(t *testing.T) {
	before := description("sendonly", "EsAw", pwd)
	f := &Fragment{Ufrag: "ysXw", Pwd: "vw5LmwG4y/e6dPP/zAP9Gp5k", Sections: []FragmentSection{{Media: "audio 9 UDP/TLS/RTP/SAVPF 111", Mid: "0", Candidates: []string{"candidate:9 1 udp 1 192.0.2.9 9 typ host"}}}}
	after := Restarted(before, f)
	if strings.Contains(after, "EsAw") || strings.Contains(after, pwd) || strings.Contains(after, "127.0.0.1 9 typ") {
		t.Errorf("something old is left:\n%s", after)
	}
	got := Parse(after).Fragment()
	got.Options = nil
	if diff := cmp.Diff(f, got); diff != "" {
		t.Error(diff)
	}
	if err := Parse(after).CheckSession(); err != nil || len(Parse(after).Media) != 2 {
		t.Errorf("%v:\n%s", err, after)
	}
	if diff := cmp.Diff(before, Restarted(after, Parse(before).Fragment())); diff != "" {
		t.Error(diff)
	}
}

// description is an SDP as a WebRTC stack writes it.
func description(direction, ufrag, pwd string) string {
	var b strings.Builder
	b.WriteString("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\na=ice-options:trickle\r\n")
	for i, m := range []string{"audio 9 UDP/TLS/RTP/SAVPF 111", "video 9 UDP/TLS/RTP/SAVPF 96"} {
		fmt.Fprintf(&b, "m=%s\r\na=mid:%d\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=fingerprint:sha-256 DA:7B:57:DC:28:CE:04:4F:31:79:85:C4:31:67:EB:27:58:29:ED:77:2A:0D:24:AE:ED:AD:30:BC:BD:F1:9C:02\r\na=%s\r\na=rtcp-mux\r\n", m, i, ufrag, pwd, direction)
		if i == 0 {
			b.WriteString("a=candidate:1 1 udp 2130706431 127.0.0.1 9 typ host\r\n")
		}
	}
	return b.String()
}

// TestWithSSRC: the stream of one section has another SSRC; one that stated none states it.
func TestWithSSRC(t *testing.T) {
	head := "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
	audio := "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ssrc:1 cname:x\r\n"
	video := "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=ssrc-group:FID 1 2\r\na=ssrc:1 cname:x\r\na=ssrc:1 msid:a b\r\na=ssrc:2 cname:x\r\n"
	for name, test := range map[string]struct{ in, mid, want string }{
		"one of two":  {head + audio + video, "1", head + audio + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=ssrc:7 cname:x\r\na=ssrc:7 msid:a b\r\n"},
		"not stated":  {head + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n", "0", head + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ssrc:7 cname:7\r\n"},
		"no such mid": {head + audio, "9", head + audio},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, Parse(test.in).WithSSRC(test.mid, 1, 7)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestUfragOf: a candidate line may name its generation.
func TestUfragOf(t *testing.T) {
	const line = "candidate:1 1 udp 2 192.0.2.1 3 typ host"
	for in, want := range map[string]string{
		line: "", line + " ufrag abc generation 0": "abc", line + " generation 0 ufrag abc": "abc", line + " ufrag": "", "": "",
	} {
		if got := UfragOf(in); got != want {
			t.Errorf("UfragOf(%q) = %q, want %q", in, got, want)
		}
	}
}
