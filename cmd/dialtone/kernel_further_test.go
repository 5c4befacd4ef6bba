package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/judge/network"
	"dialtone/diag/lab"
	"dialtone/diag/lab/labtest"
	"dialtone/diag/nat"
	"dialtone/diag/probe"
	"dialtone/diag/words"
)

// kernelRole says what this test program is to do in a namespace: it runs itself there.
const (
	kernelRole   = "DIALTONE_TEST_ROLE"
	kernelReport = "DIALTONE_TEST_REPORT" // the file that the client writes to
)

// The servers of the kernel tests, each with its alternate address.
var kernelServers = [][2]string{{"203.0.113.10", "203.0.113.11"}, {"203.0.113.20", "203.0.113.21"}}

// Rules of routers.
const (
	kernelMasquerade = "table ip nat { chain after { type nat hook postrouting priority srcnat; oifname wan masquerade; }; }\n" +
		"table inet filter { chain input { type filter hook input priority filter; iifname wan ct state new drop; }; }\n"
	// kernelHairpin sends what comes from inside and goes to the public address back in, as if it came from outside.
	kernelHairpin = `
table ip nat {
	chain before { type nat hook prerouting priority dstnat; udp dport 1024-65535 ip daddr $public dnat to $client; }
	chain after { type nat hook postrouting priority srcnat; oifname wan snat to $public; oifname lan ip saddr $client snat to $public; }
}
`
	kernelNoFragments = kernelMasquerade + `
table ip early { chain pre { type filter hook prerouting priority -450; ip frag-off & 0x3fff != 0 drop; }; }
`
)

// TestKernelFurther: the kernel's own NAT, whose lifetime of mappings is set to ten seconds; packets that are really
// fragmented; packets that are really turned around.
func TestKernelFurther(t *testing.T) {
	switch os.Getenv(kernelRole) {
	case "servers":
		serveKernel(t)
		return
	case "client":
		askKernel(t)
		return
	}
	labtest.NeedTime(t) // it takes as long as mappings live
	var own []netip.Addr
	for _, server := range kernelServers {
		own = append(own, netip.MustParseAddr(server[0]), netip.MustParseAddr(server[1]))
	}
	in := startInternet(t, own...)
	startKernelServers(t, in)
	tests := map[string]struct {
		rules              string
		lifetime           string
		fragments, hairpin nat.Value
	}{
		"masquerade":      {kernelMasquerade, "between 7 s and ", nat.Present, nat.None},
		"turns around":    {kernelHairpin, "at least 12 s", nat.Present, nat.Present},
		"drops fragments": {kernelNoFragments, "between 7 s and ", nat.None, nat.None},
	}
	var all sync.WaitGroup // they sleep most of the time: all at once, however few processors there are
	for name, tt := range tests {
		site := in.Connect(t, siteOptions{Rules: tt.rules})
		report := filepath.Join(t.TempDir(), "report")
		all.Go(func() {
			b, err := askFrom(t, site, report)
			if b.Lifetime.Value == nat.LifetimeAtLeast && tt.lifetime != "at least 12 s" { // a busy machine had no time for all
				b, err = askFrom(t, site, report)
			}
			if err != nil || !strings.HasPrefix(words.BehaviorValue(b.Lifetime), tt.lifetime) || b.Fragments.Value != tt.fragments || b.Hairpin.Value != tt.hairpin {
				t.Errorf("%s: %v, lifetime %+v, fragments %+v, hairpin %+v", name, err, b.Lifetime, b.Fragments, b.Hairpin)
			}
		})
	}
	all.Wait()
}

// startKernelServers runs this program as the servers, until the end of the test.
func startKernelServers(t *testing.T, in *internet) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := itself(ctx, t, in.Command)
	cmd.Env = append(os.Environ(), kernelRole+"=servers")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	t.Cleanup(func() {
		defer cancel()
		_ = stdin.Close() // which ends it
		for lines.Scan() {
			continue
		}
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	if !lines.Scan() || lines.Text() != "ready" {
		t.Fatalf("the servers did not start: %s", lines.Text())
	}
}

// itself is the command that runs this test in a namespace.
func itself(ctx context.Context, t *testing.T, command func(context.Context, string, ...string) *exec.Cmd) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Error(err)
	}
	return command(ctx, program, "-test.run=^TestKernelFurther$")
}

// serveKernel is the role of the servers.
func serveKernel(t *testing.T) {
	for _, server := range kernelServers {
		r, err := lab.StartResponder(lab.ResponderOptions{
			Primary: netip.MustParseAddr(server[0]), Alternate: netip.MustParseAddr(server[1]), Port: 3478, AlternatePort: 3479,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = r.Close() })
	}
	if _, err := fmt.Fprintln(os.Stdout, "ready"); err != nil {
		t.Fatal(err)
	}
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n') // until the other end closes it
}

// askFrom runs this program as the client at a site whose router forgets after ten seconds.
func askFrom(t *testing.T, site *networkSite, report string) (b nat.Behaviors, err error) {
	const script = "for f in nf_conntrack_udp_timeout nf_conntrack_udp_timeout_stream; do echo 10 >/proc/sys/net/netfilter/$f; done"
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if out, err := site.RouterCommand(ctx, "sh", "-c", script).CombinedOutput(); err != nil {
		return b, fmt.Errorf("%w: %s", err, out)
	}
	cmd := itself(ctx, t, site.Command)
	cmd.Env = append(os.Environ(), kernelRole+"=client", kernelReport+"="+report)
	if out, err := cmd.CombinedOutput(); err != nil {
		return b, fmt.Errorf("%w: %s", err, out)
	}
	raw, err := os.ReadFile(report)
	if err != nil {
		return b, err
	}
	return b, json.Unmarshal(raw, &b)
}

// askKernel is the role of the client. It waits no longer than the test needs.
func askKernel(t *testing.T) {
	var servers []diag.NATServer
	for _, server := range kernelServers {
		a := netip.AddrPortFrom(netip.MustParseAddr(server[0]), 3478)
		servers = append(servers, diag.NATServer{URL: "stun:" + a.String(), Address: a})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 17*time.Second)
	defer cancel()
	o, err := probe.NAT(ctx, servers, probe.NATOptions{Deep: true, Hairpin: true})
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	o.Apply(diag.DiagnosisEnd{})
	raw, err := json.Marshal(new(network.Judge(o).Behaviors))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(os.Getenv(kernelReport), raw, 0o600); err != nil {
		t.Fatal(err)
	}
}
