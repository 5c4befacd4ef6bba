//go:build !windows

package reach

import "syscall"

// What the system says of a socket.
var (
	refusedErrors     = []error{syscall.ECONNREFUSED}
	unreachableErrors = []error{
		syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.ENETDOWN, syscall.EHOSTDOWN,
		syscall.EADDRNOTAVAIL, syscall.EAFNOSUPPORT,
	}
	closedErrors = []error{syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED}
)
