package labtest

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// NeedPython returns a Python that has all these modules: the one that is found first, or else Debian's, which alone
// sees the modules of Debian's packages. Without one it does as [NeedProgram].
func NeedPython(t testing.TB, modules ...string) string {
	t.Helper()
	script := "pass"
	if len(modules) > 0 {
		script = "import " + strings.Join(modules, ", ")
	}
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		path, err := exec.LookPath(name)
		if err == nil && exec.CommandContext(t.Context(), path, "-c", script).Run() == nil {
			return path
		}
	}
	const missing = "no python3 with the modules: %s"
	if os.Getenv("CI") == "true" {
		t.Fatalf(missing, strings.Join(modules, ", "))
	}
	t.Skipf(missing, strings.Join(modules, ", "))
	return ""
}
