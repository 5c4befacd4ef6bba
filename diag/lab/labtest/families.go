package labtest

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// WithoutIPv4 takes the client's IPv4 address away.
func (s *Site) WithoutIPv4(t testing.TB) {
	t.Helper()
	run(t, "", "ip", "-netns", s.client, "-4", "address", "flush", "dev", "lan")
}

// WithoutIPv6 takes the client's IPv6 addresses away.
func (s *Site) WithoutIPv6(t testing.TB) {
	t.Helper()
	run(t, "", "ip", "-netns", s.client, "-6", "address", "flush", "dev", "lan")
}

// NAT64 lets the router translate IPv6 to IPv4 (RFC 6146): addresses of the prefix stand for IPv4 addresses (RFC 6052).
// The router's rules must hide 192.168.255.0/24. It needs tayga, and is stopped at the end of the test.
func (s *Site) NAT64(t testing.TB, prefix netip.Prefix) {
	t.Helper()
	program := NeedProgram(t, "tayga")
	dir := t.TempDir()
	config := filepath.Join(dir, "tayga.conf")
	text := fmt.Sprintf("tun-device nat64\nipv4-addr 192.168.255.1\nipv6-addr 2001:db8:ffff::1\nprefix %s\n"+
		"dynamic-pool 192.168.255.0/24\ndata-dir %s\n", prefix, dir)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "", "ip", "netns", "exec", s.router, program, "-c", config, "--mktun")
	batch(t, s.router, "link set nat64 up", "address add 192.168.255.254/32 dev nat64",
		"route add 192.168.255.0/24 dev nat64", "route add "+prefix.String()+" dev nat64")
	ctx, cancel := context.WithCancel(context.Background())
	cmd := inside(ctx, s.router, program, "-c", config, "-d", "--nodetach")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it was killed
	})
	s.awaitTunnel(t)
}

// awaitTunnel waits until the router's tunnel has a program at its other end: it has no carrier before.
func (s *Site) awaitTunnel(t testing.TB) {
	t.Helper()
	const script = `until [ "$(cat /sys/class/net/nat64/carrier 2>/dev/null)" = 1 ]; do sleep 0.05; done`
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if out, err := s.RouterCommand(ctx, "sh", "-c", script).CombinedOutput(); err != nil {
		t.Fatalf("tayga does not run: %v %s", err, out)
	}
}

// Hosts gives the client names of its own, in the form of /etc/hosts.
func (s *Site) Hosts(t testing.TB, text string) {
	t.Helper()
	dir := filepath.Join("/etc/netns", s.client)
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // as /etc is
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.WriteFile(filepath.Join(dir, "hosts"), []byte(text), 0o644); err != nil { //nolint:gosec // as /etc/hosts is
		t.Fatal(err)
	}
}
