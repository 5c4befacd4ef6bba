//go:build unix

package gate

import (
	"math"
	"syscall"
)

// Files is how many files and connections this process may have open. Go raises the soft limit to the hard one.
func Files() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur > math.MaxInt32 {
		return math.MaxInt32
	}
	return int(limit.Cur) // #nosec G115 -- checked
}
