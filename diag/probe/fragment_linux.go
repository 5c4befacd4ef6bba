package probe

import (
	"net"
	"syscall"
)

// dontFragment makes a socket send whole packets only, whatever the kernel has learned of the path (RFC 4821 §3): what
// is too long is lost, and not sent in fragments. Without it the test says less, and nothing wrong.
func dontFragment(c *net.UDPConn, six bool) {
	level, option := syscall.IPPROTO_IP, syscall.IP_MTU_DISCOVER
	if six {
		level, option = syscall.IPPROTO_IPV6, syscall.IPV6_MTU_DISCOVER
	}
	const probe = 3 // IP_PMTUDISC_PROBE, IPV6_PMTUDISC_PROBE
	if raw, err := c.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), level, option, probe) })
	}
}
