package whip

import (
	"errors"
	"fmt"
	"strings"
)

// errSDP is what a description is refused with.
var errSDP = errors.New("not a usable session description")

// sections counts the media sections of a description.
func sections(sdp string) int { return strings.Count("\n"+sdp, "\nm=") }

// attribute is the first value of an attribute; false for none.
func attribute(sdp, name string) (string, bool) {
	for line := range strings.Lines(sdp) {
		a, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "a="+name)
		if ok && (a == "" || a[0] == ':') {
			return strings.TrimPrefix(a, ":"), true
		}
	}
	return "", false
}

// checkSDP looks whether a body can be a description of a WebRTC session at all; the peer looks closer.
func checkSDP(sdp string) error {
	if !strings.HasPrefix(sdp, "v=0\r\n") && !strings.HasPrefix(sdp, "v=0\n") {
		return fmt.Errorf("%w: it does not begin with v=0", errSDP)
	}
	if sections(sdp) == 0 {
		return fmt.Errorf("%w: it has no media section", errSDP)
	}
	for _, name := range []string{"ice-ufrag", "ice-pwd", "fingerprint"} {
		if _, ok := attribute(sdp, name); !ok {
			return fmt.Errorf("%w: it has no %s", errSDP, name)
		}
	}
	return nil
}

// firstSection is the first section of a description: where the candidates of all that are bundled with it belong.
func firstSection(sdp string) Section {
	s, inside := Section{}, false
	for line := range strings.Lines(sdp) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(line, "m=") && inside:
			return s
		case strings.HasPrefix(line, "m="):
			s.Media, inside = line[2:], true
		case inside && strings.HasPrefix(line, "a=mid:"):
			s.Mid = line[len("a=mid:"):]
		case inside && strings.HasPrefix(line, "a=candidate:") && len(s.Candidates) < maxCandidates:
			s.Candidates = append(s.Candidates, line[2:])
		}
	}
	return s
}

// FragmentOf takes what a restart needs out of a description (RFC 9725 §4.3.3).
func FragmentOf(sdp string) *Fragment {
	f := &Fragment{}
	f.Ufrag, _ = attribute(sdp, "ice-ufrag")
	f.Pwd, _ = attribute(sdp, "ice-pwd")
	head, _, _ := strings.Cut(sdp, "\nm=")
	for _, name := range []string{"ice-lite", "ice-options", "ice-pacing"} {
		if value, ok := attribute(head, name); ok {
			f.Options = append(f.Options, strings.TrimSuffix(name+":"+value, ":"))
		}
	}
	_, f.End = attribute(sdp, "end-of-candidates")
	f.Sections = []Section{firstSection(sdp)}
	return f
}

// restarted is a description with the credentials and candidates of a fragment in place of its own: what a restart
// agrees on, because nothing else may change.
func restarted(sdp string, f *Fragment) string {
	var b strings.Builder
	section := 0
	for line := range strings.Lines(sdp) {
		trimmed := strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(trimmed, "a=candidate:"), trimmed == "a=end-of-candidates":
			continue
		case strings.HasPrefix(trimmed, "a=ice-ufrag:"):
			trimmed = "a=ice-ufrag:" + f.Ufrag
		case strings.HasPrefix(trimmed, "a=ice-pwd:"):
			trimmed = "a=ice-pwd:" + f.Pwd
		case strings.HasPrefix(trimmed, "m="):
			if section == 1 {
				writeCandidates(&b, f)
			}
			section++
		}
		b.WriteString(trimmed + "\r\n")
	}
	if section == 1 {
		writeCandidates(&b, f)
	}
	return b.String()
}

func writeCandidates(b *strings.Builder, f *Fragment) {
	for _, s := range f.Sections {
		for _, c := range s.Candidates {
			b.WriteString("a=" + c + "\r\n")
		}
	}
	if f.End {
		b.WriteString("a=end-of-candidates\r\n")
	}
}

// muxOnly adds to each section of an offer that RTP and RTCP share a port and nothing else is possible (RFC 9725
// §4.4.1).
func muxOnly(sdp string) string {
	if strings.Contains(sdp, "a=rtcp-mux-only") {
		return sdp
	}
	return strings.ReplaceAll(sdp, "a=rtcp-mux\r\n", "a=rtcp-mux\r\na=rtcp-mux-only\r\n")
}
