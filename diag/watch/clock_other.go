//go:build !linux

package watch

import (
	"time"

	"dialtone/diag"
)

// suspendSource is what it means that the second clock is ahead: the wall clock may have been set, too.
const suspendSource = diag.PauseClock

var started = time.Now()

// clocks are the monotonic one and the wall clock.
func clocks() (still, onward time.Duration) {
	return time.Since(started), time.Duration(time.Now().UnixNano())
}
