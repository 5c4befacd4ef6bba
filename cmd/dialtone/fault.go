package main

import (
	"errors"
	"strings"

	"dialtone/diag"
	"dialtone/tui"
)

// screenFault is the error of a failed screen. For a fault of the program itself it has written the stack to stderr; by
// then the terminal is restored.
func (a app) screenFault(err error) error {
	var fault *tui.PanicError
	if errors.As(err, &fault) {
		version := readVersion()
		complain(a.err, "dialtone "+version.Version+": the screen failed here:")
		for line := range strings.Lines(string(fault.Stack)) {
			complain(a.err, "  "+diag.Clean(strings.ReplaceAll(strings.TrimRight(line, "\n"), "\t", "    "), 300))
		}
	}
	return err
}
