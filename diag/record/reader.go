package record

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"dialtone/diag"
)

// Recording is a recorded call.
type Recording struct {
	Header Header
	Events []diag.Event // in the order of the file
}

// Open reads the recording in a file, as [ReadUpTo] does; its errors name the file.
func Open(path string, most int64) (*Recording, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	rec, err := ReadUpTo(f, most)
	var damaged *DamagedError
	var schema *SchemaError
	switch {
	case errors.As(err, &damaged):
		damaged.Path = path
	case errors.As(err, &schema):
		schema.Path = path
	case err != nil:
		err = fmt.Errorf("%s: %w", path, err)
	}
	return rec, err
}

// Read reads a recording to its end, or until its events take [MaxMemory]. A [*DamagedError] is returned with
// everything readable; any other error with nothing: [ErrNotRecording] (wrapped), a [*SchemaError], or that of r before
// its first line.
//
// Unknown types of events are kept as [diag.Unknown]; unknown fields and empty lines are skipped.
func Read(r io.Reader) (*Recording, error) { return ReadUpTo(r, MaxMemory) }

// ReadUpTo reads a recording to its end, or until its events take that many bytes of memory.
func ReadUpTo(r io.Reader, most int64) (*Recording, error) {
	lines := &lineReader{r: bufio.NewReaderSize(r, 64<<10)}
	first, err := lines.next()
	switch {
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("%w: it is empty", ErrNotRecording)
	case errors.Is(err, errEndless), errors.Is(err, ErrTooMany):
		return nil, fmt.Errorf("%w: %w", ErrNotRecording, err)
	case err != nil:
		return nil, err
	}
	rec := &Recording{}
	rec.Header, err = parseHeader(first)
	var schema *SchemaError
	if errors.Is(err, ErrNotRecording) || errors.As(err, &schema) {
		return nil, err
	}
	damage := &DamagedError{}
	if err != nil {
		damage.add(1, fmt.Errorf("the header: %w", err))
	}
	rec.readEvents(lines, damage, most)
	damage.Events = len(rec.Events)
	if damage.Lines > 0 {
		return rec, damage
	}
	return rec, nil
}

// readEvents reads all lines after the header, until their events take as much memory as is allowed.
func (rec *Recording) readEvents(lines *lineReader, damage *DamagedError, room int64) {
	for {
		line, err := lines.next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil && !errors.Is(err, ErrTooLong) && !errors.Is(err, ErrTooMany) { // the file cannot be read further
			damage.add(lines.n, err)
			return
		}
		if err == nil && len(line) == 0 {
			continue
		}
		var e diag.Event
		if err == nil {
			err = json.Unmarshal(line, &e)
		}
		if err != nil {
			damage.add(lines.n, err)
			damage.Cut = damage.Lines == 1 && lines.cut
			continue
		}
		if room -= SizeOf(e.Data); room < 0 {
			damage.full(lines.n)
			return
		}
		rec.Events = append(rec.Events, e)
	}
}

// add counts a damaged line and keeps the first fault.
func (e *DamagedError) add(line int, err error) {
	if e.Lines == 0 {
		e.Line, e.Err = line, err
	}
	e.Lines++
}

// full notes where reading stopped, unless something is wrong with the file.
func (e *DamagedError) full(line int) {
	if e.Lines == 0 {
		e.Full = true
	}
	e.add(line, ErrTooMuch)
}

// lineReader reads lines of bounded length.
type lineReader struct {
	r       *bufio.Reader
	buf     []byte
	n       int  // number of the latest line, from 1
	skipped int  // bytes of lines that were too long
	cut     bool // the latest line has no line break: the file ends within it
}

// next returns the next line without white space around it, valid until the next call. It returns ErrTooLong for a line
// that exceeds MaxLine, ErrTooMany for one that exceeds MaxValues, and then continues after it; at the end io.EOF.
func (l *lineReader) next() ([]byte, error) {
	l.buf, l.cut = l.buf[:0], false
	l.n++
	tooLong := false
	for {
		part, err := l.r.ReadSlice('\n')
		if len(l.buf)+len(part) > MaxLine {
			tooLong, l.buf = true, l.buf[:0]
		}
		if tooLong {
			if l.skipped += len(part); l.skipped > maxSkipped || l.n == 1 {
				return nil, errEndless
			}
		}
		if !tooLong {
			l.buf = append(l.buf, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && (tooLong || len(l.buf) > 0):
			l.cut = true
		case err != nil:
			return nil, err
		}
		if tooLong {
			return nil, ErrTooLong
		}
		if values(l.buf) > MaxValues {
			return nil, ErrTooMany
		}
		return bytes.TrimSpace(l.buf), nil
	}
}
