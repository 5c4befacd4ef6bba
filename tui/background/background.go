// Package background finds out whether the background of a terminal is light or dark, while the screen is there:
// a terminal that does not answer delays nothing, and no key that was typed ahead is lost.
package background

import (
	"bytes"
	"io"
	"os"
	"strconv"

	tea "github.com/charmbracelet/bubbletea"
	"golang.org/x/term"
)

const (
	query = "\x1b]11;?\x1b\\" // xterm's OSC 11
	start = "\x1b]11;"
	// maxAnswer bounds how much of the input is held back as the beginning of an answer.
	maxAnswer = 64
)

// Found reports that the terminal has answered.
type Found struct{ Dark bool }

// Reader is the input of a terminal without the answer to the query.
type Reader struct {
	*os.File
	found  func(Found)
	held   []byte // the beginning of an answer
	passed []byte // input that did not fit into the caller's buffer
}

// Input reads from a terminal: in, or standard input without one. It is nil where that is no terminal, and nothing
// should be queried then. found is called by the goroutine that reads.
func Input(in io.Reader, found func(Found)) *Reader {
	file, ok := in.(*os.File)
	if in == nil {
		file, ok = os.Stdin, true
	}
	if !ok || !term.IsTerminal(int(file.Fd())) { // #nosec G115 -- a file descriptor
		return nil
	}
	return &Reader{File: file, found: found}
}

// Query is the command that queries the terminal behind out.
func Query(out io.Writer) tea.Cmd {
	return func() tea.Msg {
		_, _ = io.WriteString(out, query) // a terminal that cannot be written to shows no screen either
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
		at := bytes.Index(b, []byte(start))
		if at < 0 {
			return append(rest, b...)
		}
		body := b[at+len(start):]
		end, length := terminator(body)
		switch {
		case end >= 0:
			if dark, ok := parse(string(body[:end])); ok {
				r.found(Found{dark})
			}
			rest, b = append(rest, b[:at]...), body[end+length:]
		case len(body) > maxAnswer: // no answer
			return append(rest, b...)
		default:
			r.held = bytes.Clone(b[at:])
			return append(rest, b[:at]...)
		}
	}
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
