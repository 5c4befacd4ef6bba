package probe

import "syscall"

// sharePort lets several TCP sockets that connect have one local port (SO_REUSEADDR).
func sharePort(_, _ string, c syscall.RawConn) error {
	var err error
	controlErr := c.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET,
			syscall.SO_REUSEADDR, 1)
	})
	if controlErr != nil {
		return controlErr
	}
	return err
}
