// Package texts shows texts that people carry on the terminal, and reads those that they paste.
package texts

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/muesli/cancelreader"
	"golang.org/x/term"
	"rsc.io/qr"

	"dialtone/cmd/dialtone/internal/terminal"
	"dialtone/diag"
	"dialtone/signal"
	"dialtone/signal/paste"
	"dialtone/tui/draw"
)

// Terminal is where a person finds the local text and pastes the peer's. It implements signal.Texts.
type Terminal struct {
	terminal.Streams
	command string // what the peer runs to answer an offer
	lines   *lineReader
	longest int // length of the longest line that was pasted

	rejected bool // the last text was: the rest of its lines may follow
}

// New makes one; command is what the peer runs to answer an offer.
func New(s terminal.Streams, command string) *Terminal {
	return &Terminal{Streams: s, command: command, lines: newLineReader(s.In)}
}

// Say implements signal.Texts.
func (t *Terminal) Say(message string) { t.Complain(message) }

// Show implements signal.Texts.
func (t *Terminal) Show(kind, text string) error {
	next := " The call begins when it is pasted there."
	if kind == signal.KindOffer.String() {
		next = " The peer runs: " + t.command
	}
	t.Say(fmt.Sprintf("\nSend this text to the peer over a channel that you trust.%s\n\n%s\n%s", next, paste.Wrap(text),
		t.qr(text)))
	return nil
}

// Reject implements signal.Texts.
func (t *Terminal) Reject(err error) {
	text := "That did not work: " + diag.Clean(err.Error(), 300) + "."
	if errors.Is(err, paste.ErrDamaged) && t.Terminal && t.longest >= shortestCut {
		text += fmt.Sprintf(" A line had %d characters, and terminals cut long ones: save the text in a file, and start "+
			"again with --paste-from FILE.", t.longest)
	}
	t.longest, t.rejected = 0, true
	t.Say(text)
}

// shortestCut is the shortest line, in bytes, that a terminal may have cut: MAX_CANON of macOS. Linux has 4096.
const shortestCut = 1000

// Read implements signal.Texts.
func (t *Terminal) Read(ctx context.Context, kind string) (string, error) {
	t.Say(fmt.Sprintf("Paste the peer's %s here; it begins with %s. Then press Enter.", kind, paste.Beginning(kind)))
	var text paste.Lines
	refused := ""
	rest, pasting := t.rejected, t.rejected // the lines after a rejected text belong to it
	t.rejected = false
	for {
		line, err := t.line(ctx, pasting)
		switch {
		case refused != "" && (errors.Is(err, errQuiet) || errors.Is(err, io.EOF)):
			return refused, nil
		case errors.Is(err, errQuiet):
			if text.Text() != "" {
				t.Say("The text is not complete: paste the rest, then press Enter.")
			}
			rest, pasting = false, false
			continue
		case err != nil:
			return "", err
		}
		t.longest = max(t.longest, len(line))
		switch complete, blank := text.Add(line), strings.TrimSpace(line) == ""; {
		case complete:
			t.drain()
			return text.Text(), nil
		case text.Text() != "" && blank: // it is given up, unless another line follows at once
			refused = text.Text()
		case text.Text() != "":
			refused = ""
		case !blank && !rest && refused == "":
			refused = line
		}
		pasting = rest || refused != "" || text.Text() != ""
	}
}

// quiet is how long no line comes after a paste has ended.
const quiet = 400 * time.Millisecond

// mostDrain bounds how long what follows a text is dropped.
const mostDrain = 5 * time.Second

// errQuiet: a paste has ended.
var errQuiet = errors.New("no further line")

// drain drops what was pasted after the text, such as the rest of a mail: the screen would take it for keys, and after
// the end of the program the shell for commands.
func (t *Terminal) drain() {
	file, isFile := t.In.(*os.File)
	if !isFile || !term.IsTerminal(int(file.Fd())) {
		return
	}
	before, err := term.MakeRaw(int(file.Fd())) // what does not end with a line break is to be had only so
	if err != nil {
		return
	}
	defer func() { _ = term.Restore(int(file.Fd()), before) }() // as it was
	r, err := cancelreader.NewReader(file)
	if err != nil {
		return
	}
	defer func() { _ = r.Close() }() // it was only read
	over := time.AfterFunc(quiet, func() { r.Cancel() })
	defer over.Stop()
	rest, until := make([]byte, 1<<12), time.Now().Add(mostDrain)
	for ; err == nil && time.Now().Before(until); over.Reset(quiet) {
		_, err = r.Read(rest)
	}
	t.lines = newLineReader(t.In)
}

// line waits for a line, within a paste only until that has ended: what is refused is refused once, not line by line.
func (t *Terminal) line(ctx context.Context, within bool) (string, error) {
	if !within {
		return t.lines.next(ctx)
	}
	short, cancel := context.WithTimeoutCause(ctx, quiet, errQuiet)
	defer cancel()
	line, err := t.lines.next(short)
	if err != nil && errors.Is(context.Cause(short), errQuiet) && !errors.Is(err, io.EOF) {
		err = errQuiet
	}
	return line, err
}

// qr draws a text for the camera of a phone where the terminal has room for it, or says how much it takes.
func (t *Terminal) qr(text string) string {
	out, isFile := t.Out.(*os.File)
	if !isFile || !t.Terminal || !t.Unicode() {
		return ""
	}
	width, height, err := term.GetSize(int(out.Fd()))
	code, tooLong := qr.Encode(text, qr.L)
	if err != nil || tooLong != nil {
		return ""
	}
	drawing := draw.QR(code.Size, code.Black)
	rows := strings.Count(drawing, "\n")
	columns := draw.Width(strings.SplitN(drawing, "\n", 2)[0])
	if columns > width || rows >= height {
		return fmt.Sprintf("(As a QR code it takes a terminal of %d columns and %d lines.)\n", columns, rows+1)
	}
	return coloredQR(t.Streams, drawing)
}

// lineReader reads lines on demand: otherwise nothing reads, so that what is typed later goes to the next reader.
type lineReader struct {
	r    *bufio.Reader
	line chan typedLine // buffered, 1
	busy bool           // a read is in progress
}

type typedLine struct {
	text string
	err  error
}

func newLineReader(r io.Reader) *lineReader {
	if r == nil {
		r = strings.NewReader("")
	}
	return &lineReader{r: bufio.NewReaderSize(r, 8192), line: make(chan typedLine, 1)}
}

// next waits for a line. When ctx ends first the read goes on until its line comes, or the process ends: a terminal
// cannot be made to give up. The line is then the next one.
func (l *lineReader) next(ctx context.Context) (string, error) {
	if !l.busy {
		l.busy = true
		go func() {
			var text []byte
			for {
				part, err := l.r.ReadSlice('\n')
				text = append(text, part...)
				if errors.Is(err, bufio.ErrBufferFull) && len(text) <= 2*paste.MaxText {
					continue
				}
				if len(text) > 0 && errors.Is(err, io.EOF) {
					err = nil
				}
				l.line <- typedLine{string(text), err}
				return
			}
		}()
	}
	select {
	case t := <-l.line:
		l.busy = false
		return t.text, t.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
