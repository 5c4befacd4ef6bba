package record

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"

	"dialtone/diag"
)

// flushAt is how many bytes of one batch are collected before they are written: a batch may be the whole call.
const flushAt = 256 << 10

// Source provides events: a reader of the feed.
type Source interface {
	// Next waits for events; io.EOF ends them.
	Next(ctx context.Context) ([]diag.Event, error)
}

// Options say how a recording is written. The zero value records everything but credentials.
type Options struct {
	Redact  bool          // addresses become pseudonyms
	Secrets []diag.Secret // must not occur in the file; those under 4 bytes are not searched for
	Room    *Room         // what the recordings of a command may take on the disk; nil: without limit
}

// Room is how many bytes several recordings may take together.
type Room struct{ left atomic.Int64 }

// NewRoom makes room for so many bytes.
func NewRoom(size int64) *Room {
	r := &Room{}
	r.left.Store(size)
	return r
}

// take reports whether there was room for so many more bytes.
func (r *Room) take(n int) bool { return r == nil || r.left.Add(-int64(n)) >= 0 }

// file is the part of os.File that a Writer needs; tests simulate a full disk with another one.
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
	regular bool // a regular file can be truncated and synced, unlike a pipe
	clean   cleaner
	room    *Room
	full    bool   // the room is taken: the file has its last line
	size    int64  // bytes of complete lines in the file
	events  uint64 // number of events in the file
	err     error  // the first failure; nothing is written after it
	closed  bool
}

// Create begins a recording: the file with its header. A new file is readable only by its owner, because addresses and
// chats are private. An earlier recording of this name is overwritten, as by tcpdump -w or curl -o, so that a repeated
// command does not fail; others can no longer read it. Any other file of this name is kept and the error wraps
// [ErrNotRecording]: a mistyped --record must not destroy a file. Each error is a [*WriteError].
func Create(path string, h Header, o Options) (*Writer, error) {
	f, regular, err := openFile(path)
	if err != nil {
		return nil, &WriteError{Path: path, Err: err}
	}
	return start(path, f, regular, h, o)
}

func start(path string, f file, regular bool, h Header, o Options) (*Writer, error) {
	w := &Writer{path: path, file: f, regular: regular, clean: newCleaner(o), room: o.Room}
	h.Schema, h.StartedAt, h.Redacted = Schema, h.StartedAt.UTC(), o.Redact
	line, err := json.Marshal(h)
	if err == nil {
		err = w.put(append(w.clean.object(line), '\n'))
	}
	if err != nil {
		_ = f.Close() // err is what matters
		return nil, &WriteError{Path: path, Err: err}
	}
	w.events = 0 // the header is not an event
	return w, nil
}

// openFile opens path for a recording, empty, unless it holds something else.
func openFile(path string) (_ *os.File, regular bool, err error) {
	mode := os.O_RDWR
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		mode = os.O_WRONLY // a pipe or a device cannot be read back
	}
	f, err := os.OpenFile(path, mode|os.O_CREATE, 0o600)
	if err != nil {
		return nil, false, err
	}
	info, err := f.Stat()
	if err == nil && info.Mode().IsRegular() {
		regular, err = true, empty(f, info.Size())
		if err == nil && info.Mode().Perm()&^0o600 != 0 { // an earlier one, or a file that was made for it
			err = f.Chmod(0o600)
		}
	}
	if err != nil {
		_ = f.Close() // err is what matters
		return nil, false, err
	}
	return f, regular, nil
}

// empty removes an earlier recording from f. Other content is an error.
func empty(f *os.File, size int64) error {
	if size == 0 {
		return nil
	}
	beginning := make([]byte, 64)
	n, err := f.ReadAt(beginning, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if !isRecording(beginning[:n]) {
		return fmt.Errorf("the file exists and is %w", ErrNotRecording)
	}
	return f.Truncate(0)
}

// Path is the name that was given to Create.
func (w *Writer) Path() string { return w.path }

// Events is the number of events in the file.
func (w *Writer) Events() uint64 { return w.events }

// Full reports whether the recording has ended because its [Room] is taken.
func (w *Writer) Full() bool { return w.full }

// Run writes the events of source until its end and closes the file. Each batch is passed to the operating system
// before the next one is read. It returns nil at io.EOF or when the recording is full, a [*WriteError] if the file
// cannot be written, and otherwise the source's error (wrapped); the file is closed and valid in each case. After an
// error the source is no longer read: its owner should close it, because the feed keeps all events for it.
func (w *Writer) Run(ctx context.Context, source Source) error {
	for {
		batch, err := source.Next(ctx)
		if werr := w.Write(batch); werr != nil {
			_ = w.Close() // the first failure is what matters
			return werr
		}
		if errors.Is(err, io.EOF) || w.full {
			return w.Close()
		}
		if err != nil {
			return errors.Join(fmt.Errorf("the recording %s ends early (%s): %w", w.path, saved(w.events), err), w.Close())
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
		if w.full {
			break
		}
		line := w.line(e)
		if w.full = !w.room.take(len(line)); w.full {
			warning := diag.Warning{ID: "record.limit", Subject: filepath.Base(w.path)}
			line = w.line(diag.Event{Seq: e.Seq, At: e.At, Data: warning})
		}
		lines = append(lines, line...)
		if len(lines) >= flushAt {
			if err := w.flush(lines); err != nil {
				return err
			}
			lines = lines[:0]
		}
	}
	return w.flush(lines)
}

// line is an event as a line of the file. An event that cannot be written (a value that JSON cannot represent, a line
// that is too long for readers) is replaced by a warning, so that the rest of the call is still recorded.
func (w *Writer) line(e diag.Event) []byte {
	raw, err := e.MarshalJSON()
	if err == nil {
		raw = w.clean.object(raw)
	}
	switch {
	case err != nil:
	case len(raw) >= MaxLine:
		err = ErrTooLong
	case values(raw) > MaxValues:
		err = ErrTooMany
	}
	if err != nil {
		name := "without a type"
		if e.Data != nil {
			name = string(e.Type())
		}
		e.Data = diag.Warning{ID: "record.unwritable", Subject: name, Cause: diag.Clean(err.Error(), 400)}
		if raw, err = e.MarshalJSON(); err != nil {
			return nil // a warning can always be written
		}
		raw = w.clean.object(raw)
	}
	return append(raw, '\n')
}

// flush writes complete lines and keeps the first failure.
func (w *Writer) flush(lines []byte) error {
	if len(lines) == 0 {
		return nil
	}
	if err := w.put(lines); err != nil {
		w.err = &WriteError{Path: w.path, Events: w.events, Err: err}
	}
	return w.err
}

// put writes lines with one call. After a short write the file is truncated to its last complete line; if that is
// impossible, readers skip the rest.
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
		_ = w.file.Truncate(w.size) // err is more helpful than this error
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

// Masked are events as a redacted recording has them: addresses are pseudonyms. What cannot be written is left out.
func Masked(events []diag.Event) []diag.Event {
	w := &Writer{clean: newCleaner(Options{Redact: true})}
	out := make([]diag.Event, 0, len(events))
	for _, e := range events {
		var masked diag.Event
		if json.Unmarshal(w.line(e), &masked) == nil {
			out = append(out, masked)
		}
	}
	return out
}
