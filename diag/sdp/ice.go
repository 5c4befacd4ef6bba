package sdp

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of a fragment.
const (
	MaxFragment      = 64 << 10 // bytes
	maxCandidates    = 256
	maxIdentifier    = 256 // bytes of a mid
	shortestUfrag    = 4   // RFC 8839 §5.4
	shortestPassword = 22
	longestICE       = 256
)

// ErrSession is what a description is refused with that cannot be one of a WebRTC session.
var ErrSession = errors.New("not a usable session description")

// ErrFragment is what a fragment is refused with.
var ErrFragment = errors.New("not a usable SDP fragment")

// CheckSession reports with ErrSession what a description lacks that every WebRTC session needs.
func (d *Description) CheckSession() error {
	first := ""
	if len(d.Session.Lines) > 0 {
		first = d.Session.Lines[0].raw
	}
	switch ends := lineEnds(first); {
	case ends != "":
		return fmt.Errorf("%w: %s", ErrSession, ends)
	case strings.TrimSpace(first) == "":
		return fmt.Errorf("%w: it is empty", ErrSession)
	case first != "v=0":
		return fmt.Errorf("%w: it does not begin with v=0, but with %.40q", ErrSession, d.Session.Lines[0].Text)
	case len(d.Media) == 0:
		return fmt.Errorf("%w: it has no media section", ErrSession)
	}
	if d.Invalid != nil {
		return fmt.Errorf("%w: a line has the wrong place or form: %.80s", ErrSession, d.Invalid.Text)
	}
	for _, name := range []string{"ice-ufrag", "ice-pwd", "fingerprint"} {
		if _, ok := d.Attribute(name); !ok {
			return fmt.Errorf("%w: it has no %s", ErrSession, name)
		}
	}
	return cmp.Or(d.checkFingerprint(), d.checkMids(), d.checkPayloadTypes(), d.checkBundle())
}

// Fragment is an application/trickle-ice-sdpfrag body (RFC 8840 §9): ICE credentials and candidates of a description.
type Fragment struct {
	Ufrag, Pwd string            // of the session, else of the first section
	Options    []string          // ice-lite, ice-options, ice-pacing: session attributes that must not change
	Sections   []FragmentSection // at most 64
	End        bool              // end-of-candidates: no more will come
}

// FragmentSection is the part of a Fragment that belongs to one media section.
type FragmentSection struct {
	Media      string   // what follows "m=", with a protocol and formats that are not used
	Mid        string   // its identification tag
	Candidates []string // "candidate:…"
}

// sessionOptions are what a Fragment keeps in Options.
var sessionOptions = []string{"ice-lite", "ice-options", "ice-pacing"}

// ParseFragment reads a fragment. The error is ErrFragment, in a text fit to be shown.
func ParseFragment(body []byte) (*Fragment, error) {
	text := string(body)
	switch {
	case len(body) > MaxFragment:
		return nil, fmt.Errorf("%w: it has %d bytes, more than %d", ErrFragment, len(body), MaxFragment)
	case !utf8.ValidString(text), strings.ContainsFunc(text, isControl):
		return nil, fmt.Errorf("%w: it contains control characters", ErrFragment)
	}
	d := Parse(text)
	if d.Cut {
		return nil, fmt.Errorf("%w: it has too many lines, or one is too long", ErrFragment)
	}
	f := &Fragment{}
	if err := f.read(&d.Session, nil); err != nil {
		return nil, err
	}
	for i := range d.Media {
		f.Sections = append(f.Sections, FragmentSection{})
		if err := f.read(&d.Media[i], &f.Sections[i]); err != nil {
			return nil, err
		}
	}
	return f, f.check()
}

func isControl(r rune) bool { return r != '\r' && r != '\n' && !unicode.IsPrint(r) }

// read takes the lines of one section; into is nil for those of the session. Attributes that it does not know are left
// out (RFC 8866 §5.13).
func (f *Fragment) read(s *Section, into *FragmentSection) error {
	for _, line := range s.Lines {
		switch {
		case line.Type == 'm' && into != nil:
			into.Media = line.Value
			continue
		case line.Type != 'a' || line.Name == "":
			return fmt.Errorf("%w: a line is neither an attribute nor a media section", ErrFragment)
		}
		switch line.Name {
		case "ice-ufrag":
			if err := keep(&f.Ufrag, line.Value); err != nil {
				return err
			}
		case "ice-pwd":
			if err := keep(&f.Pwd, line.Value); err != nil {
				return err
			}
		case "ice-lite", "ice-options", "ice-pacing":
			if into == nil {
				f.Options = append(f.Options, line.Text[2:])
			}
		case "end-of-candidates":
			f.End = true
		case "mid":
			if into != nil {
				into.Mid = line.Value
			}
		case "candidate":
			if into == nil {
				return fmt.Errorf("%w: a candidate precedes all media sections", ErrFragment)
			}
			into.Candidates = append(into.Candidates, line.Text[2:])
		}
	}
	return nil
}

// keep keeps the first value: bundled sections have one set of credentials.
func keep(field *string, value string) error {
	if *field != "" && *field != value {
		return fmt.Errorf("%w: its sections have different ICE credentials, but they are bundled", ErrFragment)
	}
	*field = value
	return nil
}

// check applies the bounds, and those of RFC 8839 §5.4 for credentials.
func (f *Fragment) check() error {
	candidates := 0
	for _, s := range f.Sections {
		candidates += len(s.Candidates)
		if len(s.Mid) > maxIdentifier {
			return fmt.Errorf("%w: a mid is too long", ErrFragment)
		}
	}
	switch {
	case candidates > maxCandidates:
		return fmt.Errorf("%w: it has %d candidates, more than %d", ErrFragment, candidates, maxCandidates)
	case (f.Ufrag == "") != (f.Pwd == ""):
		return fmt.Errorf("%w: it has only one of ice-ufrag and ice-pwd", ErrFragment)
	case f.Ufrag != "" && (!iceChars(f.Ufrag, shortestUfrag) || !iceChars(f.Pwd, shortestPassword)):
		return fmt.Errorf("%w: ice-ufrag or ice-pwd has a wrong length or characters", ErrFragment)
	}
	return nil
}

func iceChars(s string, shortest int) bool {
	return len(s) >= shortest && len(s) <= longestICE && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '+' && r != '/'
	})
}

// Fragment takes what an ICE restart needs out of a description (RFC 9725 §4.3.3). Its one section is the first, to
// which the candidates of all that are bundled belong.
func (d *Description) Fragment() *Fragment {
	f := &Fragment{Sections: []FragmentSection{{}}}
	f.Ufrag, _ = d.Attribute("ice-ufrag")
	f.Pwd, _ = d.Attribute("ice-pwd")
	_, f.End = d.Attribute("end-of-candidates")
	for _, name := range sessionOptions {
		if value, ok := d.Session.Attribute(name); ok {
			f.Options = append(f.Options, strings.TrimSuffix(name+":"+value, ":"))
		}
	}
	if len(d.Media) > 0 {
		first := &f.Sections[0]
		first.Media, first.Mid = d.Media[0].Lines[0].Value, d.Media[0].Mid
		for value := range d.Media[0].Attributes("candidate") {
			if len(first.Candidates) < maxCandidates {
				first.Candidates = append(first.Candidates, "candidate:"+value)
			}
		}
	}
	return f
}

// String writes the fragment.
func (f *Fragment) String() string {
	var b strings.Builder
	for _, o := range f.Options {
		b.WriteString("a=" + o + "\r\n")
	}
	if f.Ufrag != "" {
		b.WriteString("a=ice-ufrag:" + f.Ufrag + "\r\na=ice-pwd:" + f.Pwd + "\r\n")
	}
	for _, s := range f.Sections {
		b.WriteString("m=" + s.Media + "\r\n")
		if s.Mid != "" {
			b.WriteString("a=mid:" + s.Mid + "\r\n")
		}
		writeCandidates(&b, s)
	}
	if f.End {
		b.WriteString("a=end-of-candidates\r\n")
	}
	return b.String()
}

func writeCandidates(b *strings.Builder, s FragmentSection) {
	for _, c := range s.Candidates {
		b.WriteString("a=" + c + "\r\n")
	}
}

// Restarted is a description with the credentials and candidates of a fragment in place of its own: what an ICE restart
// agrees on, because nothing else may change. The candidates belong to the first media section.
func Restarted(description string, f *Fragment) string {
	var candidates strings.Builder
	for _, s := range f.Sections {
		writeCandidates(&candidates, s)
	}
	if f.End {
		candidates.WriteString("a=end-of-candidates\r\n")
	}
	return Parse(description).rewrite(candidates.String(), func(l *Line) string {
		switch l.Name {
		case "candidate", "end-of-candidates":
			return ""
		case "ice-ufrag":
			return "a=ice-ufrag:" + f.Ufrag + "\r\n"
		case "ice-pwd":
			return "a=ice-pwd:" + f.Pwd + "\r\n"
		}
		return l.raw + "\r\n"
	})
}

// MuxOnly adds to each section of an offer that RTP and RTCP must share a port (RFC 9725 §4.4.1).
func MuxOnly(description string) string {
	d := Parse(description)
	if _, ok := d.Attribute("rtcp-mux-only"); ok {
		return description
	}
	return d.rewrite("", func(l *Line) string {
		if l.Name == "rtcp-mux" {
			return l.raw + "\r\na=rtcp-mux-only\r\n"
		}
		return l.raw + "\r\n"
	})
}

// String is the text of the description in lines that end with CRLF. pion rejects one whose last line does not end.
func (d *Description) String() string {
	return d.rewrite("", func(l *Line) string { return l.raw + "\r\n" })
}

// Without is the text of the description without the attributes of a name.
func (d *Description) Without(name string) string {
	return d.rewrite("", func(l *Line) string {
		if l.Name == name {
			return ""
		}
		return l.raw + "\r\n"
	})
}

// Settable is the text of the description as pion/webrtc can set it. Candidates are left out: pion would check all of
// them, and gets them one by one. So are fingerprints that cannot be checked: pion looks at the first only, and one
// that can is enough (RFC 8122 §5). A description without a BUNDLE group (RFC 9143) gets one: pion rejects a section
// that is in none, even the only one. Sections of an offer that are inactive are not, as pion stops their tracks for
// good: it sets that they are sent only, which needs nothing of it, and [Description.Answering] restores the answer.
func (d *Description) Settable(offer bool) string {
	group := d.bundle()
	return d.rewrite("", func(l *Line) string {
		switch {
		case offer && l.Name == "inactive":
			return "a=sendonly\r\n"
		case l.Name == "candidate", l.Name == "fingerprint" && !checkable(l.Value):
			return ""
		case group != "" && l == &d.Media[0].Lines[0]:
			return group + "\r\n" + l.raw + "\r\n"
		}
		return l.raw + "\r\n"
	})
}

// bundle is the line of a BUNDLE group for a description without a group: of the sections that share the ICE
// credentials of the first. It is empty for others.
func (d *Description) bundle() string {
	if d.Session.Has("group") || len(d.Media) == 0 {
		return ""
	}
	group := "a=group:BUNDLE"
	first, _ := d.Media[0].Attribute("ice-ufrag")
	for _, m := range d.Media {
		if ufrag, _ := m.Attribute("ice-ufrag"); m.Mid != "" && ufrag == first {
			group += " " + m.Mid
		}
	}
	return group
}

// With is the text of the description with one value for all attributes of a name, wherever there are any.
func (d *Description) With(name, value string) string {
	return d.rewrite("", func(l *Line) string {
		if l.Name == name {
			return "a=" + name + ":" + value + "\r\n"
		}
		return l.raw + "\r\n"
	})
}

// WithSSRC is the text of the description in which the stream of a media section has another SSRC, and no repairs.
func (d *Description) WithSSRC(mid string, old, ssrc uint32) string {
	var mine *Section
	for i := range d.Media {
		if d.Media[i].Mid == mid {
			mine = &d.Media[i]
		}
	}
	if mine == nil {
		return d.String()
	}
	of := map[*Line]bool{}
	for i := range mine.Lines {
		of[&mine.Lines[i]] = true
	}
	stated, number := false, strconv.FormatUint(uint64(ssrc), 10)
	return d.rewrite("", func(l *Line) string {
		switch {
		case !of[l]:
		case l.Name == "ssrc":
			first, rest, _ := strings.Cut(l.Value, " ")
			if first != strconv.FormatUint(uint64(old), 10) {
				return ""
			}
			stated = true
			return "a=ssrc:" + number + " " + rest + "\r\n"
		case l.Name == "ssrc-group":
			return ""
		case l == &mine.Lines[len(mine.Lines)-1] && !stated:
			return l.raw + "\r\na=ssrc:" + number + " cname:" + number + "\r\n"
		}
		return l.raw + "\r\n"
	})
}

// rewrite is the text of the description with each line as edit returns it, and something more in the first media
// section.
func (d *Description) rewrite(more string, edit func(*Line) string) string {
	var b strings.Builder
	b.Grow(d.size + len(more))
	write := func(lines []Line) {
		for i := range lines {
			b.WriteString(edit(&lines[i]))
		}
	}
	for i, s := range d.sections() {
		write(s.Lines)
		if i == 1 {
			b.WriteString(more)
		}
	}
	write(d.rest)
	return b.String()
}
