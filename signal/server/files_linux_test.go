package server

import (
	"syscall"
	"testing"
)

// raiseFiles allows n open files, or skips the test.
func raiseFiles(t testing.TB, n uint64) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if limit.Cur >= n {
		return
	}
	if limit.Max < n {
		t.Skipf("%d files may be open, %d are needed", limit.Max, n)
	}
	limit.Cur = limit.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Skipf("the limit of open files cannot be raised: %v", err)
	}
}
