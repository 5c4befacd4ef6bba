package watch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// followKernel wakes when the kernel reports a change of links, addresses or routes. It returns nil when ctx ends, and
// an error when the kernel reports nothing.
func followKernel(ctx context.Context, wake func()) error {
	conn, err := netlink.Dial(unix.NETLINK_ROUTE, &netlink.Config{
		Groups: unix.RTMGRP_LINK | unix.RTMGRP_IPV4_IFADDR | unix.RTMGRP_IPV4_ROUTE | unix.RTMGRP_IPV6_IFADDR |
			unix.RTMGRP_IPV6_ROUTE,
	})
	if err != nil {
		return fmt.Errorf("opening netlink: %w", err)
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })() // ends Receive
	wake()                                                                               // for what changed before
	for {
		_, err := conn.Receive()
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && !errors.Is(err, unix.ENOBUFS): // more changes than the kernel keeps are changes, too
			return fmt.Errorf("reading netlink: %w", err)
		}
		wake()
	}
}
