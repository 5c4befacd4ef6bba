package gate

import (
	"errors"
	"syscall"
	"time"
)

// Exhausted reports whether a connection could not be accepted because of a limit of the system.
func Exhausted(err error) bool {
	for _, limit := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM} {
		if errors.Is(err, limit) {
			return true
		}
	}
	return false
}

// exhaustedPause is how long a listener waits then.
const exhaustedPause = 20 * time.Millisecond

// Pause waits until some connection may have ended.
func Pause() { <-time.After(exhaustedPause) }
