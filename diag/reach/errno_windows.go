package reach

import "syscall"

// What the system says of a socket, with the numbers of Winsock. A refused UDP datagram is reported as a reset.
var (
	refusedErrors     = []error{syscall.Errno(10061), syscall.Errno(10054)} // WSAECONNREFUSED, WSAECONNRESET
	unreachableErrors = []error{
		syscall.Errno(10051), syscall.Errno(10065), // WSAENETUNREACH, WSAEHOSTUNREACH
		syscall.Errno(10050), syscall.Errno(10064), // WSAENETDOWN, WSAEHOSTDOWN
		syscall.Errno(10049), syscall.Errno(10047), // WSAEADDRNOTAVAIL, WSAEAFNOSUPPORT
	}
	closedErrors = []error{syscall.Errno(10053)} // WSAECONNABORTED
)
