package record

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// ErrNotRecording is returned (wrapped) for a file that is something else: by Open, which can't read it, and by Create,
// which does not overwrite it.
var ErrNotRecording = errors.New("not a dialtone recording")

// WriteError reports that a recording could not be begun, continued or finished. The file is valid up to Events.
type WriteError struct {
	Path   string
	Events uint64 // in the file
	AtEnd  bool   // everything was written, but the system did not confirm that it is on the disk
	Err    error  // the system's error
}

// Error names the file, the cause, what is saved and the next step.
func (e *WriteError) Error() string {
	if e.AtEnd {
		return fmt.Sprintf("the recording %s could not be finished: %v; its events were written, but may not be on "+
			"the disk; copy the file and check the copy", e.Path, cause(e.Err))
	}
	if e.Events == 0 {
		return fmt.Sprintf("cannot record to %s: %v; %s", e.Path, cause(e.Err), advice(e.Err))
	}
	return fmt.Sprintf("the recording %s stopped: %v; %s and can be read; %s", e.Path, cause(e.Err), saved(e.Events),
		advice(e.Err))
}

// Unwrap returns the system's error.
func (e *WriteError) Unwrap() error { return e.Err }

// cause is err without the operation and the path, which the message has already.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// advice is the next step.
func advice(err error) string {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "free some space, or record to another disk"
	case errors.Is(err, syscall.EFBIG):
		return "the file system or a limit (ulimit -f) does not allow a larger file: record elsewhere, or raise the limit"
	case errors.Is(err, ErrNotRecording):
		return "choose another name, or remove the file first"
	case errors.Is(err, fs.ErrPermission):
		return "choose a file that you can write"
	case errors.Is(err, fs.ErrNotExist):
		return "create its directory first"
	}
	return "choose another file"
}

// saved says how many events were saved, as the beginning of a clause: "12 events were saved".
func saved(n uint64) string {
	if n == 1 {
		return "1 event was saved"
	}
	return fmt.Sprintf("%d events were saved", n)
}

// SchemaError reports that a recording has a format that this version cannot read.
type SchemaError struct {
	Path   string // empty when read from a stream
	Schema string
}

// Error names the format and the next step.
func (e *SchemaError) Error() string {
	return fmt.Sprintf("%sunknown recording format %q (this version reads %s): use the version of dialtone that wrote "+
		"it, or a newer one", prefix(e.Path), e.Schema, Schema)
}

// DamagedError reports that part of a recording could not be read. Open and Read return it with the rest.
type DamagedError struct {
	Path   string // empty when read from a stream
	Line   int    // the first damaged line, from 1
	Lines  int    // how many lines are damaged
	Cut    bool   // the only damage is that the file ends in its last line
	Full   bool   // nothing is damaged, but the events before the line take all memory that they may
	Events int    // how many events were read, before and after
	Err    error  // the fault of that line
}

// Error says what is wrong, what was read and what to do.
func (e *DamagedError) Error() string {
	if e.Full {
		return fmt.Sprintf("%sthe recording is too large: its first %d events take %d MiB of memory, and the rest was "+
			"not read; use --large to read all", prefix(e.Path), e.Events, MaxMemory>>20)
	}
	if e.Cut {
		return fmt.Sprintf("%sthe recording ends in the middle of line %d: the program that wrote it was killed, or "+
			"the copy is incomplete; %s read; copy the file again if the original is longer",
			prefix(e.Path), e.Line, events(e.Events))
	}
	more := ""
	if e.Lines > 1 {
		more = fmt.Sprintf(" (and %d more)", e.Lines-1)
	}
	return fmt.Sprintf("%sline %d%s of the recording is damaged: %v; %s read; look at the line, or copy the file again",
		prefix(e.Path), e.Line, more, e.Err, events(e.Events))
}

// Unwrap returns the fault of the first damaged line.
func (e *DamagedError) Unwrap() error { return e.Err }

func events(n int) string {
	if n == 1 {
		return "1 event was"
	}
	return fmt.Sprintf("%d events were", n)
}

func prefix(path string) string {
	if path == "" {
		return ""
	}
	return path + ": "
}
