// Package background finds out whether the background of a terminal is light or dark, and whether it shows pictures,
// while the screen is there: a terminal that does not answer delays nothing, and no key that was typed ahead is lost.
package background

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
	"golang.org/x/term"
)

const (
	query = "\x1b]11;?\x1b\\" // xterm's OSC 11
	start = "\x1b]11;"
	// the graphics protocol of kitty: may a picture of one pixel be sent? Then the name and the version of the terminal
	// (XTVERSION): several have the protocol, and not the placeholders
	graphics = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[>0q"
	answer   = "\x1b_Gi=31;"
	version  = "\x1bP>|"
	// maxAnswer bounds how much of the input is held back as the beginning of an answer.
	maxAnswer = 64
)

type (
	// Found reports that the terminal has answered.
	Found struct{ Dark bool }
	// Graphics reports that the terminal shows pictures where placeholders stand.
	Graphics struct{}
)

// Reader is the input of a terminal without the answer to the query.
type Reader struct {
	*os.File
	found  func(tea.Msg)
	shows  bool   // the terminal has the graphics protocol
	held   []byte // the beginning of an answer
	passed []byte // input that did not fit into the caller's buffer
}

// Input reads from a terminal: in, or standard input without one. It is nil where that is no terminal, and nothing
// should be queried then. found is called by the goroutine that reads.
func Input(in io.Reader, found func(tea.Msg)) *Reader {
	file, ok := in.(*os.File)
	if in == nil {
		file, ok = os.Stdin, true
	}
	if !ok || !term.IsTerminal(int(file.Fd())) { // #nosec G115 -- a file descriptor
		return nil
	}
	return &Reader{File: file, found: found}
}

// Query is the command that queries the terminal behind out, also for pictures if it may be asked.
func Query(out io.Writer, pictures bool) tea.Cmd {
	return func() tea.Msg {
		questions := query
		if pictures {
			questions += graphics
		}
		_, _ = io.WriteString(out, questions) // a terminal that cannot be written to shows no screen either
		return nil
	}
}

// Read reads what is there, without an answer; that may be nothing.
func (r *Reader) Read(p []byte) (int, error) {
	if len(r.passed) == 0 {
		n, err := r.File.Read(p)
		if n == 0 || err != nil {
			return n, err
		}
		r.passed = r.strip(append(r.held, p[:n]...))
	}
	n := copy(p, r.passed)
	r.passed = r.passed[n:]
	return n, nil
}

// strip takes answers out of the input, and holds back the beginning of one at its end.
func (r *Reader) strip(b []byte) (rest []byte) {
	r.held = nil
	for {
		at, begin := first(b)
		if at < 0 {
			n := cut(b)
			r.held = bytes.Clone(b[len(b)-n:])
			return append(rest, b[:len(b)-n]...)
		}
		body := b[at+len(begin):]
		end, length := terminator(body)
		switch {
		case end >= 0:
			r.read(begin, string(body[:end]))
			rest, b = append(rest, b[:at]...), body[end+length:]
		case len(body) > maxAnswer: // no answer
			return append(rest, b...)
		default:
			r.held = bytes.Clone(b[at:])
			return append(rest, b[:at]...)
		}
	}
}

// answers are the beginnings of answers.
var answers = []string{start, answer, version}

// cut is how many bytes at the end are part of the beginning of an answer. Escape alone is a key.
func cut(b []byte) int {
	for _, s := range answers {
		for n := len(s) - 1; n > 1; n-- {
			if bytes.HasSuffix(b, []byte(s[:n])) {
				return n
			}
		}
	}
	return 0
}

// first finds the beginning of the first answer; -1 without one.
func first(b []byte) (at int, begin string) {
	at = -1
	for _, s := range answers {
		if i := bytes.Index(b, []byte(s)); i >= 0 && (at < 0 || i < at) {
			at, begin = i, s
		}
	}
	return at, begin
}

// read understands an answer.
func (r *Reader) read(begin, body string) {
	switch begin {
	case answer:
		r.shows = body == "OK"
	case version:
		if r.shows && hasPlaceholders(body) {
			r.found(Graphics{})
		}
	default:
		if dark, ok := parse(body); ok {
			r.found(Found{dark})
		}
	}
}

// hasPlaceholders reports whether a terminal of a version, "kitty(0.42.1)" or "ghostty 1.2.0", shows pictures where
// placeholders stand. kitty does since 0.28.
func hasPlaceholders(version string) bool {
	var major, minor int
	if _, err := fmt.Sscanf(version, "kitty(%d.%d", &major, &minor); err == nil {
		return major > 0 || minor >= 28
	}
	return strings.HasPrefix(version, "ghostty")
}

// terminator finds the end of an answer: BEL, or ESC and a backslash.
func terminator(b []byte) (at, length int) {
	for i, c := range b[:min(len(b), maxAnswer)] {
		switch {
		case c == '\a':
			return i, 1
		case c == '\x1b' && i+1 < len(b) && b[i+1] == '\\':
			return i, 2
		}
	}
	return -1, 0
}

// parse reads a color, as rgb:RRRR/GGGG/BBBB, with one to four digits each.
func parse(s string) (dark, ok bool) {
	rest, ok := bytes.CutPrefix([]byte(s), []byte("rgb:"))
	parts := bytes.Split(rest, []byte("/"))
	if !ok || len(parts) != 3 {
		return false, false
	}
	var least, most float64 = 1, 0
	for _, part := range parts {
		v, err := strconv.ParseUint(string(part), 16, 16)
		if err != nil || len(part) > 4 {
			return false, false
		}
		share := float64(v) / float64(uint64(1)<<(4*len(part))-1)
		least, most = min(least, share), max(most, share)
	}
	return (least+most)/2 < 0.5, true // lightness
}
