//go:build unix

package load

import (
	"syscall"
	"time"
)

// processTime is the CPU time of this process; nil if it is unknown.
func processTime() *time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return nil
	}
	return new(time.Duration(r.Utime.Nano() + r.Stime.Nano()))
}

// OpenFiles is how many files and sockets this process may have open; 0 if it is unknown.
func OpenFiles() uint64 {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	return uint64(limit.Cur) // of another type on some systems
}
