// Package labtest gives tests access to programs and networks of the machine, and skips tests if they are missing.
package labtest

import (
	"os"
	"os/exec"
	"testing"
)

// NeedProgram returns the path of a program that a test runs. Without it the test is skipped with the reason. With
// CI=true, as in the project's own checks, it fails instead, so that no test is skipped unnoticed.
func NeedProgram(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is required with CI=true: %v", name, err)
		return ""
	}
	t.Skipf("%s is not installed: %v", name, err)
	return ""
}
