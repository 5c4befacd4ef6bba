package main

import (
	"errors"
	"strings"

	"dialtone/diag"
	"dialtone/tui"
)

// screenFault is the error of a terminal session that failed. After a fault of the program itself it has written to
// stderr where that was; by then the terminal is as it was before.
func (a app) screenFault(err error) error {
	var fault *tui.PanicError
	if errors.As(err, &fault) {
		version := readVersion()
		complain(a.err, "dialtone "+version.Version+", where the screen failed:")
		for line := range strings.Lines(string(fault.Stack)) {
			complain(a.err, "  "+diag.Clean(strings.ReplaceAll(strings.TrimRight(line, "\n"), "\t", "    "), 300))
		}
	}
	return err
}
