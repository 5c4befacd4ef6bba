package calls

import (
	"errors"
	"strings"

	"dialtone/cmd/dialtone/internal/terminal"
	"dialtone/diag"
	"dialtone/tui"
)

// ScreenFault is the error of a failed screen. For a fault of the program itself it has written the stack to stderr; by
// then the terminal is restored.
func ScreenFault(s terminal.Streams, version string, err error) error {
	var fault *tui.PanicError
	if errors.As(err, &fault) {
		s.Complain("dialtone " + version + ": the screen failed here:")
		for line := range strings.Lines(string(fault.Stack)) {
			s.Complain("  " + diag.Clean(strings.ReplaceAll(strings.TrimRight(line, "\n"), "\t", "    "), 300))
		}
	}
	return err
}
