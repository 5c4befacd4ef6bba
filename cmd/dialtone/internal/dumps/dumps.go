// Package dumps opens what a call left behind: recordings of dialtone, and dumps of browsers.
package dumps

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"dialtone/diag"
	"dialtone/diag/check"
	"dialtone/diag/dump"
	"dialtone/diag/record"
)

// Options of opening files.
type Options struct {
	Stdin      io.Reader // for the name "-"
	Connection string    // of a dump that has several; empty: the only one
	Large      bool      // whatever memory the events take
}

// Opened is a call, or the connections of a dump from which one has to be chosen.
type Opened struct {
	Recording   *record.Recording // nil: there are several connections
	Damage      string            // what could not be read
	Connections []dump.Connection // of a dump
}

// Open reads the files: one recording, one dump, or the dumps of both ends of a call.
func Open(paths []string, o Options) (*Opened, error) {
	if len(paths) == 2 {
		return openEnds(paths, o)
	}
	return openOne(paths[0], o)
}

func openOne(path string, o Options) (*Opened, error) {
	if name, id, named := strings.Cut(path, "#"); named && o.Connection == "" {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			path, o.Connection = name, id
		}
	}
	file, name, err := source(path, o.Stdin)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	in, packed, err := dump.Unpack(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if head, _ := in.Peek(64); isRecording(head) {
		return openRecording(in, name, packed || path == "-", o)
	}
	d, err := readDump(in, name, o)
	if err != nil {
		return nil, err
	}
	opened := &Opened{Connections: d.Connections, Damage: damage(name, d.Faults)}
	chosen, err := choose(d.Connections, o.Connection, name)
	if err != nil || chosen == nil {
		return opened, err
	}
	opened.Recording = recordingOf(chosen, chosen.Events)
	return opened, nil
}

// isRecording reports whether a file begins as recordings do.
func isRecording(head []byte) bool { return strings.Contains(string(head), `"dialtone.recording`) }

// openRecording reads a recording from in if that is not the file itself.
func openRecording(in io.Reader, path string, other bool, o Options) (*Opened, error) {
	most := int64(record.MaxMemory)
	if o.Large {
		most = math.MaxInt64
	}
	var recording *record.Recording
	var err error
	if other {
		recording, err = record.ReadUpTo(in, most)
	} else {
		recording, err = record.Open(path, most)
	}
	opened := &Opened{Recording: recording}
	var damaged *record.DamagedError
	switch {
	case errors.As(err, &damaged):
		opened.Damage = damaged.Error()
		return opened, nil
	case err != nil:
		return nil, fmt.Errorf("cannot read the recording: %w", err)
	case len(recording.Events) == 0:
		opened.Damage = path + ": the recording has no events: it ended before the call began"
	}
	return opened, nil
}

// stdin is what the standard input is named in messages.
const stdin = "standard input"

// source opens a file, or the standard input.
func source(path string, in io.Reader) (io.ReadCloser, string, error) {
	if path == "-" {
		return io.NopCloser(in), stdin, nil
	}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", fmt.Errorf("no such file: %s; give a recording (--record FILE writes it) or a dump of "+
			"a browser", path)
	}
	if err != nil {
		return nil, "", fmt.Errorf("cannot read the file: %w", err)
	}
	if info, err := file.Stat(); err == nil && info.IsDir() {
		_ = file.Close()
		return nil, "", fmt.Errorf("%s is a directory: give a file in it", path)
	}
	return file, path, nil
}

func readDump(in io.Reader, name string, o Options) (*dump.Dump, error) {
	options := dump.Options{Connection: o.Connection}
	if o.Large {
		options.MaxMemory = math.MaxInt64
	}
	d, err := dump.Read(in, options)
	switch {
	case errors.Is(err, syscall.EISDIR):
		return nil, fmt.Errorf("%s is a directory: give a file in it", name)
	case errors.Is(err, dump.ErrNotDump):
		return nil, fmt.Errorf("%s: %w; give a recording (--record FILE writes it), a dump of chrome://webrtc-internals, "+
			"about:webrtc or rtcstats", name, err)
	}
	return d, err
}

// damage says what of a dump was not read.
func damage(name string, faults []string) string {
	if len(faults) == 0 {
		return ""
	}
	return name + ": " + strings.Join(faults, "; ")
}

// choose finds the connection that is asked for; nil: there are several.
func choose(list []dump.Connection, id, name string) (*dump.Connection, error) {
	var ids []string
	for i := range list {
		if list[i].ID == id || id == "" && len(list) == 1 {
			return &list[i], nil
		}
		ids = append(ids, list[i].ID)
	}
	if id == "" {
		return nil, nil //nolint:nilnil // several are no error
	}
	return nil, fmt.Errorf("%s has no connection %q; it has %s", name, diag.Clean(id, 60),
		diag.Clean(strings.Join(ids, ", "), 300))
}

// openEnds reads the dumps of both ends and puts them side by side.
func openEnds(paths []string, o Options) (*Opened, error) {
	var all [2][]dump.Connection
	var faults []string
	for i, path := range paths {
		file, name, err := source(path, o.Stdin)
		if err != nil {
			return nil, err
		}
		d, err := readDump(file, name, Options{Large: o.Large})
		_ = file.Close()
		if err != nil {
			return nil, err
		}
		all[i] = d.Connections
		if said := damage(name, d.Faults); said != "" {
			faults = append(faults, said)
		}
	}
	if o.Connection != "" {
		if _, err := choose(all[0], o.Connection, paths[0]); err != nil {
			return nil, err
		}
	}
	for i := range all[0] {
		for j := range all[1] {
			a, b := &all[0][i], &all[1][j]
			if dump.AreEnds(a, b) && (o.Connection == "" || o.Connection == a.ID) {
				return &Opened{Recording: recordingOf(a, dump.Join(a, b)), Damage: strings.Join(faults, "; ")}, nil
			}
		}
	}
	return nil, fmt.Errorf("no connection of %s has its peer in %s: their ICE user name fragments differ; "+
		"give the dumps of both ends of one call", paths[0], paths[1])
}

// recordingOf makes a recording of a connection.
func recordingOf(c *dump.Connection, events []diag.Event) *record.Recording {
	h := record.Header{StartedAt: c.StartedAt, Command: "import"}
	if len(events) > 0 {
		if start, ok := events[0].Data.(diag.CallStart); ok {
			h.Config.CallStart = start
		}
	}
	return &record.Recording{Header: h, Events: events}
}

// Check opens the file as the call that a check judges, without a limit of memory: all of it counts.
func Check(path string, stdin io.Reader, o check.Options) (check.Options, string, error) {
	recorded, damage, err := whole(path, stdin, "")
	o.Name = cmp.Or(o.Name, diag.Clean(filepath.Base(path), 60))
	return o.Of(recorded), damage, err
}

// whole reads one call.
func whole(path string, stdin io.Reader, connection string) (check.Recorded, string, error) {
	opened, err := Open([]string{path}, Options{Stdin: stdin, Connection: connection, Large: true})
	if err == nil {
		err = opened.Chosen(path)
	}
	if err != nil {
		return check.Recorded{}, "", err
	}
	began := cmp.Or(opened.Recording.Header.StartedAt, time.Unix(0, 0))
	return check.Recorded{Began: began, Events: opened.Recording.Events}, opened.Damage, nil
}
