// Package labtest holds what tests share about the machine that they run on.
package labtest

import (
	"os"
	"os/exec"
	"testing"
)

// NeedProgram returns the path of a program that a test runs. Without it the test is skipped, and says so; where the
// environment has CI=true, as the project's own checks have, it fails instead, so that no check is lost unnoticed.
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
