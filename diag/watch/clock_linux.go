package watch

import (
	"time"

	"golang.org/x/sys/unix"

	"dialtone/diag"
)

// suspendSource is what it means that the second clock is ahead.
const suspendSource = diag.PauseSuspend

// clocks are the monotonic one, which stands still while the machine is suspended, and one that goes on.
func clocks() (still, onward time.Duration) {
	return clock(unix.CLOCK_MONOTONIC), clock(unix.CLOCK_BOOTTIME)
}

func clock(id int32) time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(id, &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
