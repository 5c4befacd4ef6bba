//go:build unix

package transfer

import (
	"syscall"
	"time"
)

// cpuTime is what the process has used by now; nil: unknown.
func cpuTime() *time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return nil
	}
	d := time.Duration(u.Utime.Nano() + u.Stime.Nano())
	return &d
}
