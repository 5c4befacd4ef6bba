// Package dump reads what browsers keep of calls: dumps of chrome://webrtc-internals, of Firefox's about:webrtc, and of
// rtcstats. It translates them into the events of a call, so that the same fold, rules and screens take them. A file
// that is damaged gives what was readable, with what was not.
package dump

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"dialtone/diag"
	"dialtone/diag/dump/charset"
	"dialtone/diag/dump/other"
)

// Bounds of a dump, whose author may be hostile.
const (
	maxText        = 128 << 10 // bytes of a value of the trace, such as a description
	maxSeries      = 2 << 20   // bytes of the values of one statistic
	maxReport      = 8 << 20   // bytes of a line, or of a report of Firefox
	maxKept        = 2000      // bytes that are kept of what has no translation
	maxConnections = 256
	maxEntries     = 100_000 // of the trace of a connection
	maxCaptures    = 1000
	maxFaults      = 20
)

var (
	// ErrNotDump is returned (wrapped) for a file that is something else.
	ErrNotDump = errors.New("not a dump of a browser")
	// ErrNoConnection is returned for a dump without any.
	ErrNoConnection = errors.New("the dump has no connection: open chrome://webrtc-internals before the call, or load " +
		"about:webrtc during it, and save the dump before the call is closed")
)

// Dump is what a file holds.
type Dump struct {
	Format      diag.DumpFormat
	UserAgent   string // empty if the dump does not say
	Connections []Connection
	// what could not be read, and where; the rest was
	Faults []string
}

// Connection is one RTCPeerConnection. One of a page that asked for devices only has the ID [Page].
type Connection struct {
	ID        string        // its name in the dump
	URL       string        // of the page, without its query
	StartedAt time.Time     // of its events: the page may have asked for devices before it
	OpenedAt  time.Time     // of the first event of the connection itself
	Length    time.Duration // since then
	State     string        // RTCPeerConnectionState, else RTCIceConnectionState, at the end; empty if unknown
	Samples   int
	// ICE user name fragments: what ties the dumps of both ends
	LocalUfrags, RemoteUfrags []string
	Events                    []diag.Event // nil if another connection was asked for
	Cut                       bool         // the events of the dump take too much memory: some of these are left out
}

// Page is the ID of what belongs to no connection.
const Page = diag.DumpPage

// Options of reading a dump.
type Options struct {
	// the only connection whose events are wanted; empty: all
	Connection string
	MaxMemory  int64 // bytes that all events may take; 0: [MaxMemory]
}

// MaxMemory is how much memory the events of a dump may take, in bytes: those of some hours.
const MaxMemory = 32 << 20

// Read reads a dump in any of the formats, packed by gzip, in a ZIP archive, or as it is.
func Read(r io.Reader, o Options) (*Dump, error) {
	if o.MaxMemory == 0 {
		o.MaxMemory = MaxMemory
	}
	in, _, err := Unpack(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotDump, err)
	}
	in = charset.UTF8(in)
	d := &reading{Dump: &Dump{}, o: o, room: o.MaxMemory}
	head, err := in.Peek(1 << 10)
	switch {
	case len(head) == 0 && errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("%w: its packing ends too early", ErrNotDump)
	case len(bytes.TrimSpace(head)) == 0:
		return nil, fmt.Errorf("%w: it is empty", ErrNotDump)
	}
	read := d.readerOf(head)
	if read == nil {
		return nil, fmt.Errorf("%w, but %s", ErrNotDump, cmp.Or(other.Kind(head), other.Text(head)))
	}
	if err := read(in); err != nil {
		if len(d.Connections) == 0 && errors.Is(err, ErrNotDump) {
			return nil, err
		}
		d.fault(err)
	}
	switch {
	case len(d.Connections) == 0 && len(d.Faults) > 0:
		return nil, fmt.Errorf("%w: %s", ErrNotDump, d.Faults[0])
	case len(d.Connections) == 0:
		return nil, ErrNoConnection
	}
	return d.Dump, nil
}

// readerOf recognizes the format by the beginning of the file; nil: it is none.
func (d *reading) readerOf(head []byte) func(*bufio.Reader) error {
	head = bytes.TrimLeft(head, " \r\n\t")
	first, _, lines := bytes.Cut(head, []byte("\n"))
	first = bytes.TrimSpace(first)
	switch {
	case bytes.HasPrefix(head, magic):
		return d.readRTCStats
	case other.Kind(head) != "":
	case bytes.HasPrefix(head, []byte("[\"")), lines && bytes.HasPrefix(first, []byte("{")) &&
		bytes.HasSuffix(first, []byte("}")) && len(first) > 2:
		return d.readRTCStats
	case bytes.HasPrefix(head, []byte("{")), bytes.HasPrefix(head, []byte("[")):
		return d.readDocument
	case bytes.HasPrefix(head, []byte("<")):
		return d.readPage
	}
	return nil
}

// reading is a dump that is being read.
type reading struct {
	*Dump
	o        Options
	room     int64 // bytes that further events may take
	captures []capture
	pending  []*conn                    // that are read, and not kept yet
	single   map[string]json.RawMessage // members of one report of Firefox
	snapshot bool                       // dialtone has written it, from a dump that shows one moment
	full     bool
	members  []string // of a document, that are not of a dump
	written  float64  // when the dump was written, milliseconds since 1970; 0: unknown
}

// fault notes what could not be read.
func (d *reading) fault(err error) {
	text := diag.Clean(err.Error(), 300)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		text = "the file ends too early: the copy is incomplete, or the browser was ended while it wrote"
	}
	if len(d.Faults) < maxFaults && !slices.Contains(d.Faults, text) {
		d.Faults = append(d.Faults, text)
	}
}

// wanted reports whether the events of a connection are.
func (d *reading) wanted(id string) bool { return d.o.Connection == "" || d.o.Connection == id }

// tooMany reports whether there is no room for another connection beside n.
func (d *reading) tooMany(n int) bool {
	if n < maxConnections {
		return false
	}
	d.fault(fmt.Errorf("there are more than %d connections: the rest was not read", maxConnections))
	return true
}

// add keeps a connection that is translated.
func (d *reading) add(c *conn) {
	if d.tooMany(len(d.Connections)) {
		return
	}
	done := c.finish()
	if !d.wanted(done.ID) {
		done.Events = nil
	}
	d.Connections = append(d.Connections, done)
}

// take reports whether there is room for an event of a connection.
func (d *reading) take(size int64) bool {
	if d.room -= size; d.room >= 0 {
		return true
	}
	if !d.full {
		d.full = true
		d.fault(fmt.Errorf("the events take more than %d MiB: the rest was left out; choose a connection", d.o.MaxMemory>>20))
	}
	return false
}

// withoutQuery is an address without what may be secret.
func withoutQuery(url string) string {
	url, _, _ = strings.Cut(url, "?")
	url, _, _ = strings.Cut(url, "#")
	return diag.Clean(url, 200)
}

// at makes a time of milliseconds since 1970.
func at(ms float64) time.Time { return time.UnixMicro(int64(ms * 1000)).UTC() }
