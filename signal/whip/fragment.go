package whip

import (
	"errors"
	"fmt"
	"strings"

	"dialtone/signal"
)

// Bounds of a fragment.
const (
	maxFragment   = 64 << 10
	maxSections   = 64
	maxCandidates = 256
)

// errFragment is what a fragment is refused with.
var errFragment = errors.New("not a usable SDP fragment")

// Fragment is an application/trickle-ice-sdpfrag body (RFC 8840 §9): ICE credentials and candidates of a description.
type Fragment struct {
	Ufrag, Pwd string    // of the session, else of the first section
	Options    []string  // ice-lite, ice-options, ice-pacing: session attributes that must not change
	Sections   []Section // at most 64
	End        bool      // end-of-candidates: no more will come
}

// Section is the part of a Fragment that belongs to one media section.
type Section struct {
	Media      string   // what follows "m=", with a protocol and formats that nobody reads
	Mid        string   // its identification tag
	Candidates []string // "candidate:…", each at most signal.MaxCandidate bytes
}

// ParseFragment reads a fragment. The error tells what is wrong in words fit to be shown.
func ParseFragment(body []byte) (*Fragment, error) {
	if len(body) > maxFragment {
		return nil, fmt.Errorf("%w: it has %d bytes, at most %d are taken", errFragment, len(body), maxFragment)
	}
	f, candidates := &Fragment{}, 0
	for raw := range strings.Lines(string(body)) {
		line := strings.TrimRight(raw, "\r\n")
		if line == "" {
			continue
		}
		if len(line) < 3 || line[1] != '=' || (line[0] != 'a' && line[0] != 'm') {
			return nil, fmt.Errorf("%w: a line is neither an attribute nor a media section", errFragment)
		}
		if line[0] == 'm' {
			if len(f.Sections) == maxSections {
				return nil, fmt.Errorf("%w: more than %d media sections", errFragment, maxSections)
			}
			f.Sections = append(f.Sections, Section{Media: line[2:]})
			continue
		}
		if strings.HasPrefix(line, "a=candidate:") {
			if candidates++; candidates > maxCandidates || len(line) > signal.MaxCandidate {
				return nil, fmt.Errorf("%w: too many candidates, or one too long", errFragment)
			}
		}
		if err := f.attribute(line[2:]); err != nil {
			return nil, err
		}
	}
	return f, f.check()
}

// attribute takes one attribute; those it does not know are left out, as RFC 8866 §5.13 wants it.
func (f *Fragment) attribute(a string) error {
	name, value, _ := strings.Cut(a, ":")
	switch name {
	case "ice-ufrag":
		return set(&f.Ufrag, value)
	case "ice-pwd":
		return set(&f.Pwd, value)
	case "ice-lite", "ice-options", "ice-pacing":
		if len(f.Sections) == 0 && len(f.Options) < maxSections {
			f.Options = append(f.Options, a)
		}
	case "end-of-candidates":
		f.End = true
	case "mid":
		if len(f.Sections) > 0 {
			if len(value) > signal.MaxIdentifier {
				return fmt.Errorf("%w: a mid is too long", errFragment)
			}
			f.Sections[len(f.Sections)-1].Mid = value
		}
	case "candidate":
		if len(f.Sections) == 0 {
			return fmt.Errorf("%w: a candidate stands before any media section", errFragment)
		}
		s := &f.Sections[len(f.Sections)-1]
		s.Candidates = append(s.Candidates, a)
	}
	return nil
}

// set keeps the first value: bundled sections have one set of credentials.
func set(field *string, value string) error {
	if *field != "" && *field != value {
		return fmt.Errorf("%w: its sections have different ICE credentials, but they are bundled", errFragment)
	}
	*field = value
	return nil
}

// check applies RFC 8839 §5.4: 4 to 256 characters of a fragment, 22 to 256 of a password.
func (f *Fragment) check() error {
	switch {
	case (f.Ufrag == "") != (f.Pwd == ""):
		return fmt.Errorf("%w: it has only one of ice-ufrag and ice-pwd", errFragment)
	case f.Ufrag == "":
		return nil
	case !iceChars(f.Ufrag, 4) || !iceChars(f.Pwd, 22):
		return fmt.Errorf("%w: ice-ufrag or ice-pwd has a wrong length or characters", errFragment)
	}
	return nil
}

func iceChars(s string, shortest int) bool {
	if len(s) < shortest || len(s) > 256 {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '+' && r != '/'
	})
}

// String writes the fragment.
func (f *Fragment) String() string {
	var b strings.Builder
	line := func(parts ...string) {
		for _, p := range parts {
			b.WriteString(p)
		}
		b.WriteString("\r\n")
	}
	for _, o := range f.Options {
		line("a=", o)
	}
	if f.Ufrag != "" {
		line("a=ice-ufrag:", f.Ufrag)
		line("a=ice-pwd:", f.Pwd)
	}
	for i, s := range f.Sections {
		line("m=", s.Media)
		if s.Mid != "" {
			line("a=mid:", s.Mid)
		}
		for _, c := range s.Candidates {
			line("a=", c)
		}
		if f.End && i == len(f.Sections)-1 {
			line("a=end-of-candidates")
		}
	}
	if f.End && len(f.Sections) == 0 {
		line("a=end-of-candidates")
	}
	return b.String()
}
