// Package labtest gives tests access to programs of the machine, and skips tests if they are missing.
package labtest

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"strconv"
	"testing"
)

// Nightly reports whether grids of tests are tried in full, and what needs a quiet machine at all: with NIGHTLY set, as
// .ci/nightly does. Otherwise a sample that has each kind keeps go test short.
func Nightly() bool { return os.Getenv("NIGHTLY") != "" }

// Sample is the full number of repetitions of a test with NIGHTLY, otherwise a smaller one.
func Sample(full, sample int) int {
	if Nightly() {
		return full
	}
	return sample
}

// Thorough reports whether tests are tried that take many seconds each: with CI=true, as .ci/run sets it, and with
// NIGHTLY. Without them, "go test ./..." is at its short level.
func Thorough() bool { return os.Getenv("CI") == "true" || Nightly() }

// NeedTime skips a test that takes many seconds at the short level: see [Thorough].
func NeedTime(t testing.TB) {
	t.Helper()
	if !Thorough() {
		t.Skip("it takes long: set CI=true")
	}
}

// Beside lets a test run in parallel with others at the short level: one that waits for most of its time, and that the
// browsers and floods of the other levels would starve.
func Beside(t *testing.T) {
	if !Thorough() {
		t.Parallel()
	}
}

// Missing ends a test that needs something that the machine does not have: the test is skipped with the reason. With
// CI=true, as in the project's own checks, it fails instead, so that no test is skipped unnoticed.
func Missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("required with CI=true: "+format, args...)
		return
	}
	t.Skipf("missing: "+format, args...)
}

// NeedQuiet skips a test that a busy machine makes fail, or that makes a machine busy, unless NIGHTLY is set, as
// .ci/nightly does.
func NeedQuiet(t testing.TB) {
	t.Helper()
	if !Nightly() {
		t.Skip("it needs a quiet machine: set NIGHTLY=1")
	}
}

// NeedProgram returns the path of a program that a test runs. Without it the test is skipped, or fails with CI=true.
func NeedProgram(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Missing(t, "%s: %v", name, err)
	}
	return path
}

// NeedSuccess runs a command that shows whether something works on this machine. If it fails, the test is skipped with
// the end of its output, or fails with CI=true.
func NeedSuccess(t testing.TB, what string, command *exec.Cmd) {
	t.Helper()
	if output, err := command.CombinedOutput(); err != nil {
		Missing(t, "%s: %v: %s", what, err, tail(output))
	}
}

// tail is the end of the output of a program: the last lines of an error message matter most.
func tail(output []byte) []byte {
	const most = 500 // bytes
	return bytes.TrimSpace(output[max(0, len(output)-most):])
}

// AtOnce lets more tests run at a time than the machine has processors, for TestMain: those that place calls wait for
// most of their time, those of the short level even more. The command line, which is read later, has the last word.
func AtOnce() {
	tests := 16
	if Thorough() {
		tests = 8
	}
	_ = flag.Set("test.parallel", strconv.Itoa(tests)) // a flag that every test binary has
}
