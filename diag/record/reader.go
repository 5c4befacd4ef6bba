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

// MaxLine is the maximum length of a line in bytes, including its line break.
const MaxLine = 4 << 20

// Recording is a recorded call.
type Recording struct {
	Header Header
	Events []diag.Event // in the order of the file
}

// Open reads the recording in a file, as [Read] does; its errors name the file.
func Open(path string) (*Recording, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	rec, err := Read(f)
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

// Read reads a recording to its end. A [*DamagedError] is returned with everything readable; any other error with
// nothing: [ErrNotRecording] (wrapped), a [*SchemaError], or that of r before its first line.
//
// Unknown types of events are kept as [diag.Unknown]; unknown fields and empty lines are skipped.
func Read(r io.Reader) (*Recording, error) {
	lines := &lineReader{r: bufio.NewReaderSize(r, 64<<10)}
	first, err := lines.next()
	switch {
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("%w: it is empty", ErrNotRecording)
	case errors.Is(err, ErrTooLong):
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
	rec.readEvents(lines, damage)
	damage.Events = len(rec.Events)
	if damage.Lines > 0 {
		return rec, damage
	}
	return rec, nil
}

// readEvents reads all lines after the header.
func (rec *Recording) readEvents(lines *lineReader, damage *DamagedError) {
	for {
		line, err := lines.next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil && !errors.Is(err, ErrTooLong) { // the file itself cannot be read further
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

// lineReader reads lines of bounded length.
type lineReader struct {
	r   *bufio.Reader
	buf []byte
	n   int  // number of the latest line, from 1
	cut bool // the latest line has no line break: the file ends within it
}

// next returns the next line without white space around it, valid until the next call. It returns ErrTooLong for a line
// that exceeds MaxLine and then continues after it; at the end io.EOF.
func (l *lineReader) next() ([]byte, error) {
	l.buf, l.cut = l.buf[:0], false
	l.n++
	tooLong := false
	for {
		part, err := l.r.ReadSlice('\n')
		if len(l.buf)+len(part) > MaxLine {
			tooLong, l.buf = true, l.buf[:0]
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
		return bytes.TrimSpace(l.buf), nil
	}
}
