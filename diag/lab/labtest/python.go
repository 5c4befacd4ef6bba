package labtest

import (
	"os/exec"
	"strings"
	"testing"
)

// NeedPython returns a Python that can run with these arguments, for example "-c", "import yaml": the one in PATH, or
// else Debian's, because only that one sees the modules of Debian's packages. If both fail, the test is skipped with
// the output of the last one, or fails with CI=true.
func NeedPython(t testing.TB, arguments ...string) string {
	t.Helper()
	var failure string
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		path, err := exec.LookPath(name)
		if err != nil {
			failure = err.Error()
			continue
		}
		output, err := exec.CommandContext(t.Context(), path, arguments...).CombinedOutput()
		if err == nil {
			return path
		}
		failure = err.Error() + ": " + string(tail(output))
	}
	Missing(t, "a python3 that can run %q: %s", strings.Join(arguments, " "), failure)
	return ""
}
