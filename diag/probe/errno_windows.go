package probe

import "syscall"

// What the system says of a socket, with the numbers of Winsock. A refused UDP datagram is reported as a reset.
var (
	refusedErrors     = []error{syscall.Errno(10061), syscall.Errno(10054)}
	unreachableErrors = []error{syscall.Errno(10051), syscall.Errno(10065), syscall.Errno(10050), syscall.Errno(10064), syscall.Errno(10049), syscall.Errno(10047)}
	closedErrors      = []error{syscall.Errno(10053)}
)
