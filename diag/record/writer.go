package record

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"dialtone/diag"
)

// flushAt is how much of one batch is collected before it is written: a slow reader's batch may be the whole call.
const flushAt = 256 << 10

// Source is where events come from: a reader of the feed.
type Source interface {
	// Next waits for events; io.EOF ends them.
	Next(ctx context.Context) ([]diag.Event, error)
}

// Options say how a recording is written. The zero value records everything but credentials.
type Options struct {
	Redact  bool          // addresses become pseudonyms
	Secrets []diag.Secret // must not occur in the file, wherever they come from; those under 4 bytes are not looked for
}

// file is the part of os.File that a Writer needs; tests have one on a disk that is full.
type file interface {
	io.Writer
	io.Closer
	Truncate(size int64) error
	Sync() error
}

// Writer writes a recording. It belongs to one goroutine.
type Writer struct {
	path    string
	file    file
	regular bool // a file on a disk: can be cut and synced, unlike a pipe
	clean   cleaner
	size    int64  // bytes of whole lines in the file
	events  uint64 // of them, events
	err     error  // the first failure; nothing is written after it
	closed  bool
}

// Create begins a recording: the file with its header. A new file is readable by its owner alone, since addresses and
// chats are nobody else's business. An earlier recording of this name is overwritten, as by tcpdump -w or curl -o: a
// command that is repeated must not fail for it. Anything else of this name is left alone and the error wraps
// [ErrNotRecording]: a mistyped --record must not cost a file. Each error is a [*WriteError].
func Create(path string, h Header, o Options) (*Writer, error) {
	f, regular, err := openFile(path)
	if err != nil {
		return nil, &WriteError{Path: path, Err: err}
	}
	return start(path, f, regular, h, o)
}

func start(path string, f file, regular bool, h Header, o Options) (*Writer, error) {
	w := &Writer{path: path, file: f, regular: regular, clean: newCleaner(o)}
	h.Schema, h.StartedAt, h.Redacted = Schema, h.StartedAt.UTC(), o.Redact
	line, err := json.Marshal(h)
	if err == nil {
		err = w.put(append(w.clean.object(line), '\n'))
	}
	if err != nil {
		_ = f.Close() // err is what matters
		return nil, &WriteError{Path: path, Err: err}
	}
	w.events = 0 // the header is none
	return w, nil
}

// openFile opens path for a recording, empty, unless it holds something else.
func openFile(path string) (_ *os.File, regular bool, err error) {
	mode := os.O_RDWR
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		mode = os.O_WRONLY // a pipe or a device has nothing to lose and nothing to read
	}
	f, err := os.OpenFile(path, mode|os.O_CREATE, 0o600)
	if err != nil {
		return nil, false, err
	}
	info, err := f.Stat()
	if err == nil && info.Mode().IsRegular() {
		regular, err = true, empty(f, info.Size())
	}
	if err != nil {
		_ = f.Close() // err is what matters
		return nil, false, err
	}
	return f, regular, nil
}

// empty removes an earlier recording from f, and nothing but that.
func empty(f *os.File, size int64) error {
	if size == 0 {
		return nil
	}
	beginning := make([]byte, 64)
	n, err := f.ReadAt(beginning, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if !ours(beginning[:n]) {
		return fmt.Errorf("the file exists and is %w", ErrNotRecording)
	}
	return f.Truncate(0)
}

// Path is the name that was given to Create.
func (w *Writer) Path() string { return w.path }

// Events is how many events the file holds.
func (w *Writer) Events() uint64 { return w.events }

// Run writes what source gives until its end and closes the file. Each batch is in the file, as far as the operating
// system goes, before the next is asked for. It returns nil at io.EOF, a [*WriteError] when the file can't be written,
// and the source's error (wrapped) otherwise; the file is closed and valid in each case. After an error the source goes
// on without being read: whoever owns it should close it, lest the feed keeps everything for it.
func (w *Writer) Run(ctx context.Context, source Source) error {
	for {
		batch, err := source.Next(ctx)
		if werr := w.Write(batch); werr != nil {
			_ = w.Close() // the first failure is what matters
			return werr
		}
		if errors.Is(err, io.EOF) {
			return w.Close()
		}
		if err != nil {
			return errors.Join(fmt.Errorf("the recording %s ends early, %s: %w", w.path, saved(w.events), err), w.Close())
		}
	}
}

// Write appends events to the file. The error is a [*WriteError], and the same at each call after the first failure.
func (w *Writer) Write(batch []diag.Event) error {
	if w.err != nil {
		return w.err
	}
	var lines []byte
	for _, e := range batch {
		lines = append(lines, w.line(e)...)
		if len(lines) >= flushAt {
			if err := w.flush(lines); err != nil {
				return err
			}
			lines = lines[:0]
		}
	}
	return w.flush(lines)
}

// line is an event as it stands in the file. One that can't be written (a value that JSON has no form for, a line that
// no reader would take) leaves a warning in its place: the rest of the call is worth more than the purity of the log.
func (w *Writer) line(e diag.Event) []byte {
	raw, err := e.MarshalJSON()
	if err == nil {
		raw = w.clean.object(raw)
	}
	if err == nil && len(raw) >= MaxLine {
		err = ErrTooLong
	}
	if err != nil {
		name := "of no type"
		if e.Data != nil {
			name = string(e.Data.Type())
		}
		e.Data = diag.Warning{ID: "record.unwritable", Subject: name, Cause: diag.Clean(err.Error(), 400)}
		if raw, err = e.MarshalJSON(); err != nil {
			return nil // a warning can always be written
		}
		raw = w.clean.object(raw)
	}
	return append(raw, '\n')
}

// flush writes whole lines; it remembers a failure.
func (w *Writer) flush(lines []byte) error {
	if len(lines) == 0 {
		return nil
	}
	if err := w.put(lines); err != nil {
		w.err = &WriteError{Path: w.path, Events: w.events, Err: err}
	}
	return w.err
}

// put writes lines with one call. After a short write the file is cut back to its last whole line; where that is
// impossible the reader passes over the rest.
func (w *Writer) put(lines []byte) error {
	if w.closed {
		return os.ErrClosed
	}
	n, err := w.file.Write(lines)
	if err == nil && n < len(lines) {
		err = io.ErrShortWrite
	}
	whole := bytes.LastIndexByte(lines[:n], '\n') + 1
	w.size += int64(whole)
	w.events += uint64(bytes.Count(lines[:whole], []byte("\n")))
	if err != nil && whole < n && w.regular {
		_ = w.file.Truncate(w.size) // err tells more than this one would
	}
	return err
}

// Close makes the file durable and closes it. It may be called again. The error is a [*WriteError].
func (w *Writer) Close() error {
	if w.closed {
		return nil
	}
	w.closed = true
	var err error
	if w.regular {
		err = w.file.Sync()
	}
	if cerr := w.file.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return &WriteError{Path: w.path, Events: w.events, AtEnd: true, Err: err}
	}
	return nil
}
