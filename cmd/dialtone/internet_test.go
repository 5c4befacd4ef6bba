package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dialtone/diag/lab/labtest"
)

// internet is a public network in the kernel: a network namespace with the addresses of servers, to which sites are
// connected. The network of the machine is not changed. Its methods may be called from any goroutine.
type internet struct {
	name  string // of the namespace
	sites atomic.Int32
}

// Addresses of an Internet. Programs treat those for documentation (RFC 5737, RFC 3849) as public.
var (
	publicNetwork  = netip.MustParsePrefix("203.0.113.1/24")
	publicNetwork6 = netip.MustParsePrefix("2001:db8::1/64")
	siteNetwork6   = netip.MustParsePrefix("2001:db8:1::1/64")
)

// networkSite is a client of an Internet with its router, each in its own namespace.
type networkSite struct {
	router, client string // namespaces
	Public         netip.Addr
	Addresses      []netip.Prefix // of the client: IPv4 and IPv6
}

// siteOptions describe a site.
type siteOptions struct {
	// LAN is the client's network; the router has its first address and the client its second. Default 192.168.7.0/24.
	LAN netip.Prefix

	// Routed: the Internet has a route to the LAN, as to public addresses.
	Routed bool

	// Rules are the nft rules of the router. $client and $public are the addresses of client and router, lan and wan the
	// interfaces of the router. Without rules it forwards everything unchanged.
	Rules string
}

// startInternet creates one in which servers can have the addresses 203.0.113.10 to 203.0.113.99 and 2001:db8::10 to
// 2001:db8::19. It needs root, ip (iproute2) and nft (nftables): without them the test is skipped
// with the reason, or fails with CI=true. The namespaces are removed at the end of the test.
func startInternet(t testing.TB, servers ...netip.Addr) *internet {
	t.Helper()
	labtest.NeedProgram(t, "ip")
	labtest.NeedProgram(t, "nft")
	needRoot(t)
	sweep.Do(func() { removeAbandoned(t) })
	in := &internet{name: fmt.Sprintf("dialtone-%d-%d", os.Getpid(), internets.Add(1))}
	addNamespace(t, in.name)
	// A bridge without a hardware address uses that of a port, and another one when that port is removed, which would
	// invalidate ARP entries.
	lines := []string{"link add internet address 02:00:00:00:00:01 type bridge", "link set internet up"}
	for _, own := range []netip.Prefix{publicNetwork, publicNetwork6} {
		lines = append(lines, addressLine(own, "internet"))
	}
	for _, s := range servers {
		own := publicNetwork
		if s.Is6() {
			own = publicNetwork6
		}
		lines = append(lines, addressLine(netip.PrefixFrom(s, own.Bits()), "internet"))
	}
	batch(t, in.name, lines...)
	return in
}

// internets are those of this process.
var internets atomic.Int32

// Command is a program that runs in the namespace of the servers. It ends with the test.
func (i *internet) Command(ctx context.Context, program string, args ...string) *exec.Cmd {
	return inside(ctx, i.name, program, args...)
}

// Start runs a server until the end of the test, and returns when something listens to TCP at the address.
func (i *internet) Start(t testing.TB, listens netip.AddrPort, program string, args ...string) {
	t.Helper()
	runBackground(t, i.Command, labtest.NeedProgram(t, program), args...)
	awaitTCP(t, i.Command, listens)
}

// awaitTCP returns when a connection can be made.
func awaitTCP(t testing.TB, from commander, to netip.AddrPort) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	connect := fmt.Sprintf("until (echo >/dev/tcp/%s/%d) 2>/dev/null; do sleep 0.05; done", to.Addr(), to.Port())
	if out, err := from(ctx, labtest.NeedProgram(t, "bash"), "-c", connect).CombinedOutput(); err != nil {
		t.Fatalf("no TCP connection to %v: %v %s", to, err, out)
	}
}

// commander makes the command of a program in a namespace.
type commander func(ctx context.Context, program string, args ...string) *exec.Cmd

// runBackground runs a program until the end of the test. If the test fails, its output is logged.
func runBackground(t testing.TB, command commander, program string, args ...string) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	cmd := command(ctx, program, args...)
	var printed bytes.Buffer
	cmd.Stdout, cmd.Stderr = &printed, &printed
	if err := cmd.Start(); err != nil {
		stop()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = cmd.Wait() // it is killed
		if t.Failed() {
			t.Log(program, printed.String())
		}
	})
}

// NAT64 makes the router translate addresses of a prefix to IPv4 (RFC 6146, RFC 6052), and takes IPv4 from the client.
// It returns when the client can connect to the address over TCP. The prefix is not 64:ff9b::/96, which must not lead
// to addresses for documentation (RFC 6052 §3.1).
func (s *networkSite) NAT64(t testing.TB, prefix netip.Prefix, to netip.AddrPort) {
	t.Helper()
	tayga := labtest.NeedProgram(t, "tayga")
	config := filepath.Join(t.TempDir(), "tayga.conf")
	text := "tun-device nat64\nipv4-addr 192.168.255.1\nipv6-addr 2001:db8:ffff::1\nprefix " + prefix.String() +
		"\ndynamic-pool 192.168.255.0/24\ndata-dir " + filepath.Dir(config) + "\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	runTool(t, "", "ip", "netns", "exec", s.router, tayga, "-c", config, "--mktun")
	batch(t, s.router, "link set nat64 up", "route add 192.168.255.0/24 dev nat64",
		"route add "+prefix.String()+" dev nat64")
	s.WithoutIPv4(t)
	runBackground(t, s.RouterCommand, tayga, "-c", config, "-d", "--nodetach")
	awaitTCP(t, s.Command, to)
}

// WithoutIPv4 takes the client's IPv4 address away.
func (s *networkSite) WithoutIPv4(t testing.TB) {
	t.Helper()
	runTool(t, "", "ip", "-netns", s.client, "-4", "address", "flush", "dev", "lan")
}

// Command is a program that runs in the namespace of the client.
func (s *networkSite) Command(ctx context.Context, program string, args ...string) *exec.Cmd {
	return inside(ctx, s.client, program, args...)
}

// RouterCommand is a program that runs on the router, for example to set the lifetime of mappings.
func (s *networkSite) RouterCommand(ctx context.Context, program string, args ...string) *exec.Cmd {
	return inside(ctx, s.router, program, args...)
}

// Connect connects another site. Its client has an IPv6 address too, which the router forwards unchanged.
func (i *internet) Connect(t testing.TB, o siteOptions) *networkSite {
	t.Helper()
	n := int(i.sites.Add(1))
	if n > 99 {
		t.Fatal("an Internet has up to 99 sites")
	}
	if !o.LAN.IsValid() {
		o.LAN = netip.MustParsePrefix("192.168.7.0/24")
	}
	s := &networkSite{
		router: fmt.Sprintf("%s-r%d", i.name, n), client: fmt.Sprintf("%s-c%d", i.name, n),
		Public: publicNetwork.Masked().Addr(),
	}
	for range 100 + n {
		s.Public = s.Public.Next()
	}
	addNamespace(t, s.router)
	addNamespace(t, s.client)
	inner := o.LAN.Masked().Addr().Next()
	client := inner.Next()
	s.wire(t, i.name, n, o, netip.PrefixFrom(inner, o.LAN.Bits()), netip.PrefixFrom(client, o.LAN.Bits()))
	if o.Rules != "" {
		s.setRules(t, fmt.Sprintf("define client = %s\ndefine public = %s\n%s", client, s.Public, o.Rules))
	}
	return s
}

// wire connects the interfaces and sets addresses and routes.
func (s *networkSite) wire(t testing.TB, internet string, n int, o siteOptions, inner, client netip.Prefix) {
	t.Helper()
	port := fmt.Sprintf("site%d", n)
	wan6 := publicNetwork6.Addr().As16()
	wan6[14], wan6[15] = 1, byte(n)
	lan6 := siteNetwork6.Addr().As16()
	lan6[7] = byte(n)
	inner6 := netip.PrefixFrom(netip.AddrFrom16(lan6), siteNetwork6.Bits())
	client6 := netip.PrefixFrom(inner6.Addr().Next(), inner6.Bits())
	router6 := netip.PrefixFrom(netip.AddrFrom16(wan6), publicNetwork6.Bits())

	batch(t, s.router, "link add wan type veth peer name "+port+" netns "+internet,
		"link add lan type veth peer name lan netns "+s.client,
		addressLine(netip.PrefixFrom(s.Public, publicNetwork.Bits()), "wan"), addressLine(router6, "wan"),
		addressLine(inner, "lan"), addressLine(inner6, "lan"),
		"link set wan up", "link set lan up")
	lines := []string{
		"link set " + port + " master internet", "link set " + port + " up",
		"route add " + inner6.Masked().String() + " via " + router6.Addr().String(),
	}
	if o.Routed {
		lines = append(lines, "route add "+inner.Masked().String()+" via "+s.Public.String())
	}
	batch(t, internet, lines...)
	s.Addresses = []netip.Prefix{client, client6}
	batch(t, s.client, addressLine(client, "lan"), addressLine(client6, "lan"), "link set lan up",
		"route add default via "+inner.Addr().String(), "route add default via "+inner6.Addr().String())
	s.forward(t)
}

// forward enables forwarding.
func (s *networkSite) forward(t testing.TB) {
	t.Helper()
	const script = `for f in ipv4/ip_forward ipv6/conf/all/forwarding; do echo 1 >/proc/sys/net/$f; done
for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$f; done`
	runTool(t, "", "ip", "netns", "exec", s.router, "sh", "-c", script)
}

// setRules sets the rules of the router.
func (s *networkSite) setRules(t testing.TB, rules string) {
	t.Helper()
	runTool(t, rules, "ip", "netns", "exec", s.router, "nft", "-f", "-")
}

// addressLine is the command that gives a device an address.
func addressLine(p netip.Prefix, device string) string {
	line := "address add " + p.String() + " dev " + device
	if p.Addr().Is6() {
		line += " nodad" // usable at once
	}
	return line
}

// needRoot skips the test if namespaces cannot be created.
func needRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		labtest.Missing(t, "root, which can create network namespaces")
	}
}

// sweep is done once in a process.
var sweep sync.Once

// removeAbandoned deletes the namespaces of tests that were killed before they could: the names contain the process ID.
func removeAbandoned(t testing.TB) {
	t.Helper()
	entries, err := os.ReadDir("/run/netns")
	if err != nil {
		return // there are none
	}
	for _, e := range entries {
		var process, number int
		if n, _ := fmt.Sscanf(e.Name(), "dialtone-%d-%d", &process, &number); n != 2 || isAlive(process) {
			continue
		}
		// Another run may be doing the same.
		if out, err := exec.CommandContext(t.Context(), "ip", "netns", "delete", e.Name()).CombinedOutput(); err != nil {
			t.Logf("%s was left by a test that was killed: %v %s", e.Name(), err, out)
		}
	}
}

// isAlive reports whether a process exists.
func isAlive(process int) bool {
	_, err := os.Stat(fmt.Sprintf("/proc/%d", process))
	return err == nil
}

// addNamespace creates a namespace, which is removed at the end of the test.
func addNamespace(t testing.TB, name string) {
	t.Helper()
	runTool(t, "", "ip", "netns", "add", name)
	t.Cleanup(func() { runTool(t, "", "ip", "netns", "delete", name) })
	batch(t, name, "link set lo up")
}

// batch runs commands of ip in a namespace.
func batch(t testing.TB, namespace string, lines ...string) {
	t.Helper()
	runTool(t, strings.Join(lines, "\n")+"\n", "ip", "-netns", namespace, "-batch", "-")
}

// inside is a command that runs in a namespace.
func inside(ctx context.Context, namespace, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", namespace, program}, args...)...)
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// runTool runs a program to its end. A test that cannot clean up fails.
func runTool(t testing.TB, input, program string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if err == nil {
		return
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatal(err)
	}
	t.Fatalf("%s: %v\n%s\n%s", cmd, err, out, input)
}

// WithoutIPv6 takes the client's IPv6 addresses away.
func (s *networkSite) WithoutIPv6(t testing.TB) {
	t.Helper()
	runTool(t, "", "ip", "-netns", s.client, "-6", "address", "flush", "dev", "lan")
}

// Hosts gives the client names of its own, in the form of /etc/hosts.
func (s *networkSite) Hosts(t testing.TB, text string) {
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
	if err := os.WriteFile(filepath.Join(dir, "hosts"), []byte(text), 0o644); err != nil { //nolint:gosec // as in /etc
		t.Fatal(err)
	}
}
