//go:build !linux && !windows

package probe

import (
	"errors"
	"syscall"
)

// sharePort lets several TCP sockets that connect have one local port (SO_REUSEPORT).
func sharePort(_, _ string, c syscall.RawConn) error {
	var err error
	controlErr := c.Control(func(fd uintptr) {
		err = errors.Join(
			syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1),
			syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEPORT, 1),
		)
	})
	return errors.Join(controlErr, err)
}
