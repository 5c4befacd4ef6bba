package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
	"rsc.io/qr"

	"dialtone/cmd/dialtone/internal/calls"
	"dialtone/cmd/dialtone/internal/files"
	"dialtone/diag"
	"dialtone/diag/feed"
	"dialtone/diag/session"
	"dialtone/signal"
	"dialtone/signal/paste"
	"dialtone/tui/draw"
)

// desk is where a person finds our text and leaves the other's: on the terminal, or in files. It is a paste.Desk.
type desk struct {
	streams
	pasteFlags
	screen bool // a screen opens when the texts are exchanged
	lines  *lineReader
	taken  string // what the file held when it was last looked at in vain
	longer int    // the longest line that was pasted
}

// carryTime is how long a text may be on its way back to who called.
const carryTime = 30 * time.Minute

func newDesk(s streams, f pasteFlags, screen bool) *desk {
	return &desk{streams: s, pasteFlags: f, screen: screen, lines: newLineReader(s.In)}
}

// engine makes the call; whoever offers shows a text first.
func (d *desk) engine(offers bool) calls.Engine {
	dialled := false
	dial := session.Paste(d, offers)
	once := func(ctx context.Context, observe func(diag.SignalRequest)) (signal.Channel, error) {
		if dialled {
			return nil, &signal.Error{Op: "paste", Err: errOnce, Hint: "hang up and call again"}
		}
		dialled = true
		return dial(ctx, observe)
	}
	return func(config diag.Config, log *feed.Feed) (calls.Caller, error) {
		o, err := sessionOptions(config, log)
		if err != nil {
			return nil, err
		}
		o.Dial = once
		if offers {
			d.taken, _ = d.readFile() // it cannot be the answer to an offer that is not made yet
			d.say("Gathering the addresses under which this machine can be reached …")
		} else {
			o.Carry = carryTime
		}
		return session.New(o), nil
	}
}

// say tells a person something, apart from the result.
func (d *desk) say(format string, args ...any) { d.Complain(fmt.Sprintf(format, args...)) }

// Show implements paste.Desk.
func (d *desk) Show(kind, text string) error {
	if d.PasteTo != "" {
		if err := files.Replace(d.PasteTo, []byte(wrapped(text)), 0o600); err != nil {
			return err
		}
		d.say("Our %s is in %s. It is for the other party alone%s.", kind, d.PasteTo, d.runs(kind))
		return nil
	}
	note := ""
	if kind == signal.KindAnswer.String() {
		note = " The call begins when it is pasted there."
	}
	d.say("\nSend this text to the other party%s, by a way that you trust.%s\n\n%s\n%s", d.runs(kind), note, wrapped(text),
		d.qr(text))
	return nil
}

// runs is what the other party does with an offer.
func (d *desk) runs(kind string) string {
	if kind != signal.KindOffer.String() {
		return ""
	}
	return ", who runs: dialtone answer --paste"
}

// Reject implements paste.Desk.
func (d *desk) Reject(err error) {
	text := "That is of no use: " + diag.Clean(err.Error(), 300) + "."
	if errors.Is(err, paste.ErrDamaged) && d.Terminal && d.longer >= shortestCut && d.PasteFrom == "" {
		text += fmt.Sprintf(" A line had %d characters, and terminals cut long ones: save the text in a file, and begin again with --paste-from FILE.", d.longer)
	}
	d.longer = 0
	d.say("%s", text)
}

// shortestCut is the shortest line, in bytes, that a terminal may have cut: MAX_CANON of macOS. Linux has 4096.
const shortestCut = 1000

// Read implements paste.Desk.
func (d *desk) Read(ctx context.Context, kind string) (string, error) {
	if d.PasteFrom != "" {
		d.say("Waiting for the other party's %s in %s …", kind, d.PasteFrom)
		return d.awaitFile(ctx)
	}
	d.say("Paste the other party's %s here; it begins with dt1%c. Then press Enter.", kind, kind[0])
	return d.readLines(ctx)
}

// readLines reads until a text is complete: terminals and mail programs break it into lines.
func (d *desk) readLines(ctx context.Context) (string, error) {
	text := ""
	for {
		line, err := d.lines.next(ctx)
		if err != nil {
			return "", err
		}
		d.longer = max(d.longer, len(line))
		line = strings.Join(strings.Fields(line), "")
		switch {
		case line == "" && text == "":
			continue
		case strings.HasPrefix(line, "dt"): // a new one: what was there before is given up
			text = line
		default:
			text += line
		}
		if line == "" || complete(text) || len(text) > paste.MaxText {
			return text, nil
		}
	}
}

// complete reports whether a text has its end, the six letters of its check sum; one that is none of ours has no other.
func complete(text string) bool {
	if !strings.HasPrefix(text, "dt") {
		return true
	}
	parts := strings.SplitN(text, ".", 3)
	return len(parts) == 3 && len(parts[2]) >= 6
}

// pollTime is how often a file is looked at.
const pollTime = 200 * time.Millisecond

// awaitFile waits until the file holds something new that no longer grows.
func (d *desk) awaitFile(ctx context.Context) (string, error) {
	ticker := time.NewTicker(pollTime)
	defer ticker.Stop()
	before := d.taken
	for {
		text, err := d.readFile()
		if err != nil {
			return "", err
		}
		if text != "" && text != d.taken && text == before {
			d.taken = text
			return text, nil
		}
		before = text
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-ticker.C:
		}
	}
}

// readFile reads the file of the other party's text; "" where it is not there yet.
func (d *desk) readFile() (string, error) {
	if d.PasteFrom == "" {
		return "", nil
	}
	info, err := os.Stat(d.PasteFrom)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("--paste-from: %w", err)
	case !info.Mode().IsRegular() || info.Size() > 2*paste.MaxText:
		return "", fmt.Errorf("--paste-from: %s is no file with a text of dialtone", d.PasteFrom)
	}
	raw, err := os.ReadFile(d.PasteFrom)
	if err != nil {
		return "", fmt.Errorf("--paste-from: %w", err)
	}
	return strings.TrimSpace(string(raw)), nil
}

// lineLength is how long the lines are into which a text is broken: no terminal cuts them, neither here nor where they
// are pasted.
const lineLength = 76

func wrapped(text string) string {
	var b strings.Builder
	for len(text) > lineLength {
		b.WriteString(text[:lineLength] + "\n")
		text = text[lineLength:]
	}
	b.WriteString(text + "\n")
	return b.String()
}

// qr draws a text for the camera of a phone where the terminal has room for it, or says how much it takes.
func (d *desk) qr(text string) string {
	out, isFile := d.Out.(*os.File)
	if !isFile || !d.Terminal || !d.Unicode() {
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
	return colouredQR(d.Environ, drawing)
}

// lineReader reads lines on demand: while nobody asks, nothing reads, so that what is typed goes to whoever comes after
// it.
type lineReader struct {
	r    *bufio.Reader
	line chan typedLine // buffered, 1
	busy bool           // a read is under way
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
// cannot be told to give up. The line is then the next one.
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
