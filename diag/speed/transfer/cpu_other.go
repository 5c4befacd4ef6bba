//go:build !unix

package transfer

import "time"

// cpuTime is unknown here.
func cpuTime() *time.Duration { return nil }
