package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/lab/labtest"
	"dialtone/diag/nat"
	"dialtone/diag/report"
)

// Rules of routers. A router drops what nobody has asked for before it is tracked: a tracked packet would occupy its port,
// and the client's next packet to the same place would get another one.
const (
	natTable = `
table ip nat {
	chain before { type nat hook prerouting priority dstnat; }
	chain after { type nat hook postrouting priority srcnat; }
}
table inet filter {
	chain input { type filter hook input priority filter; iifname wan ct state new drop; }
	chain forward { type filter hook forward priority filter; }
}
`
	masquerade         = natTable + `add rule ip nat after oifname wan masquerade` + "\n"
	fullyRandom        = natTable + `add rule ip nat after oifname wan masquerade fully-random` + "\n"
	addressTranslation = natTable + `add rule ip nat after oifname wan snat to $public` + "\n"
	fullCone           = addressTranslation + `add rule ip nat before iifname wan udp dport 1024-65535 dnat to $client` + "\n"
	addressRestricted  = addressTranslation + `
add set ip nat spoken { type ipv4_addr . inet_service; flags dynamic,timeout; timeout 1m; }
add chain ip nat notes { type filter hook forward priority filter; }
add rule ip nat notes oifname wan meta l4proto udp update @spoken { ip daddr . udp sport }
add rule ip nat before iifname wan meta l4proto udp ip saddr . udp dport @spoken dnat to $client
`
	rejecting = masquerade + "flush chain inet filter input\n" // what nobody has asked for is tracked, and refused (ICMP)
	lossy     = masquerade + "add rule inet filter forward numgen random mod 100 < 10 drop\n"
	noUDP     = masquerade + "add rule inet filter forward meta l4proto udp drop\n"
	blackHole = masquerade + "add rule inet filter forward drop\n"
	firewall  = "table inet filter { chain forward { type filter hook forward priority filter; iifname wan ct state new drop; }; }\n"
)

// The servers of the kernel tests.
const (
	kernelSTUN   = "203.0.113.10"
	kernelSTUN2  = "203.0.113.11" // the alternate address
	kernelTURN   = "203.0.113.20"
	kernelSTUN6  = "2001:db8::10"
	kernelSTUN62 = "2001:db8::11"
)

// kernelWant is what dialtone nat has to say.
type kernelWant struct {
	exit                     diag.Exit
	udp, nat                 nat.Value
	mapping, filtering, ipv6 nat.Value
	finding                  string
}

// kernelCase is a site, and what is asked there.
type kernelCase struct {
	site siteOptions
	args []string
	want kernelWant
}

// kernelCases are the NATs, and what else there is between a client and servers.
func kernelCases() map[string]kernelCase {
	const (
		ei, ad, apd            = nat.EndpointIndependent, nat.AddressDependent, nat.AddressAndPortDependent
		none, present, unknown = nat.None, nat.Present, nat.Unknown
	)
	public := siteOptions{LAN: netip.MustParsePrefix("198.51.100.0/24"), Routed: true}
	stun := []string{"stun:" + kernelSTUN}
	turn := []string{"stun:" + kernelSTUN, "turn:" + kernelTURN, "--ice-user=ann", "--ice-pass=secret"}
	return map[string]kernelCase{
		"masquerade":            {siteOptions{Rules: masquerade}, stun, kernelWant{diag.ExitPass, present, present, ei, apd, unknown, ""}},
		"masquerade, rejecting": {siteOptions{Rules: rejecting}, stun, kernelWant{diag.ExitPass, present, present, ei, apd, unknown, ""}},
		"fully random":          {siteOptions{Rules: fullyRandom}, stun, kernelWant{diag.ExitNoRelay, present, present, apd, apd, unknown, "nat.endpoint_dependent_mapping"}},
		"fully random, TURN":    {siteOptions{Rules: fullyRandom}, turn, kernelWant{diag.ExitRelay, present, present, apd, apd, unknown, "nat.endpoint_dependent_mapping"}},
		"full cone":             {siteOptions{Rules: fullCone}, stun, kernelWant{diag.ExitPass, present, present, ei, ei, unknown, ""}},
		"address-restricted":    {siteOptions{Rules: addressRestricted}, stun, kernelWant{diag.ExitPass, present, present, ei, ad, unknown, ""}},
		"UDP blocked": {
			siteOptions{Rules: noUDP},
			append(stun, "stun:"+kernelTURN),
			kernelWant{diag.ExitNoRelay, none, unknown, unknown, unknown, unknown, "nat.udp_blocked"},
		},
		"UDP blocked, TURN over TCP": {
			siteOptions{Rules: noUDP},
			append(stun, "turn:"+kernelTURN+"?transport=tcp", "--ice-user=ann", "--ice-pass=secret"),
			kernelWant{diag.ExitRelay, none, unknown, unknown, unknown, unknown, "nat.udp_blocked"},
		},
		"black hole": {siteOptions{Rules: blackHole}, stun, kernelWant{diag.ExitNoConnectivity, unknown, unknown, unknown, unknown, unknown, "server.timeout"}},
		"carrier": {
			siteOptions{LAN: netip.MustParsePrefix("100.64.7.0/24"), Rules: masquerade},
			stun,
			kernelWant{diag.ExitPass, present, present, ei, apd, unknown, "nat.cgnat"},
		},
		"a server at home, no hairpinning": {
			siteOptions{Rules: masquerade + "add rule inet filter input iifname lan ip daddr $public drop\n"},
			append(stun, "turn:$public", "--ice-user=ann", "--ice-pass=secret"),
			kernelWant{diag.ExitPass, present, present, ei, apd, unknown, "server.own_address"},
		},
		"no NAT":    {public, stun, kernelWant{diag.ExitPass, present, none, ei, ei, unknown, ""}},
		"IPv6":      {siteOptions{Rules: masquerade}, append(stun, "stun:["+kernelSTUN6+"]"), kernelWant{diag.ExitPass, present, present, ei, apd, present, ""}},
		"IPv6 only": {siteOptions{Rules: masquerade}, []string{"-6", "stun:[" + kernelSTUN6 + "]"}, kernelWant{diag.ExitPass, present, none, ei, ei, present, ""}},
		"firewall": {
			siteOptions{LAN: netip.MustParsePrefix("198.51.101.0/24"), Routed: true, Rules: firewall},
			stun,
			kernelWant{diag.ExitPass, present, none, ei, apd, unknown, ""},
		},
	}
}

// TestKernelNATs: the real program, behind the NATs of the kernel.
func TestKernelNATs(t *testing.T) {
	labtest.Beside(t)
	in := startKernelInternet(t)
	for name, tt := range kernelCases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkKernel(t, kernelDiagnosis(t, in.Connect(t, tt.site), tt.args), tt.want)
		})
	}
	t.Run("loss", func(t *testing.T) {
		t.Parallel()
		site := in.Connect(t, siteOptions{Rules: lossy})
		var runs sync.WaitGroup
		for range 5 {
			runs.Go(func() { checkLossy(t, kernelDiagnosis(t, site, []string{"stun:" + kernelSTUN})) })
		}
		runs.Wait()
	})
}

// checkLossy: behind a plain masquerade that loses packets, what is said is right, or nothing.
func checkLossy(t *testing.T, r report.Network) {
	t.Helper()
	for truth, b := range map[nat.Value]nat.Behavior{nat.EndpointIndependent: r.Behaviors.Mapping, nat.AddressAndPortDependent: r.Behaviors.Filtering} {
		if b.Value != truth && b.Value != nat.Unknown {
			t.Errorf("%+v, and true is %s", b, truth)
		}
	}
}

// checkKernel compares a report with what is true.
func checkKernel(t *testing.T, r report.Network, want kernelWant) {
	t.Helper()
	b := r.Behaviors
	got := kernelWant{r.Exit, b.UDP.Value, b.NAT.Value, b.Mapping.Value, b.Filtering.Value, b.IPv6.Value, ""}
	if slices.ContainsFunc(r.Findings, func(f report.Finding) bool { return f.ID == want.finding }) {
		got.finding = want.finding
	}
	if got != want {
		t.Errorf("got  %+v\nwant %+v\nmapping: %s\nfiltering: %s\nfindings: %+v\n%s", got, want, fmt.Sprint(b.Mapping.Evidence),
			fmt.Sprint(b.Filtering.Evidence), r.Findings, r.Verdict.Headline)
	}
}

// kernelDiagnosis runs dialtone nat at a site.
func kernelDiagnosis(t *testing.T, site *networkSite, args []string) (r report.Network) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	start := time.Now()
	line := strings.ReplaceAll(strings.Join(args, "\n"), "$public", site.Public.String())
	cmd := site.Command(ctx, "dialtone", append([]string{"nat", "-o", "json"}, strings.Split(line, "\n")...)...)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	raw, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Errorf("%v: %s\n%s", err, raw, complaints.String())
		return r
	}
	if code := cmd.ProcessState.ExitCode(); code != int(r.Exit) {
		t.Errorf("exit code %d, and the report says %d", code, r.Exit)
	}
	t.Logf("%s: %s (exit %d)", time.Since(start).Round(time.Millisecond), r.Verdict.Headline, r.Exit)
	return r
}

// startKernelInternet makes a network with the servers that dialtone serve offers.
func startKernelInternet(t *testing.T) *internet {
	t.Helper()
	var own []netip.Addr
	for _, a := range []string{kernelSTUN, kernelSTUN2, kernelTURN, kernelSTUN6, kernelSTUN62} {
		own = append(own, netip.MustParseAddr(a))
	}
	in := startInternet(t, own...)
	startKernelServer(t, in, "--stun", kernelSTUN+","+kernelSTUN2, "--turn", kernelTURN, "--turn-user", "ann")
	startKernelServer(t, in, "--stun", kernelSTUN6+","+kernelSTUN62)
	return in
}

// startKernelServer runs dialtone serve until the end of the test.
func startKernelServer(t *testing.T, in *internet, args ...string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := in.Command(ctx, "dialtone", append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	cmd.Env = append(os.Environ(), "DIALTONE_TURN_PASS=secret")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	ready := false
	for !ready && lines.Scan() {
		ready = strings.HasPrefix(lines.Text(), "STUN:")
	}
	t.Cleanup(func() {
		cancel()
		for lines.Scan() {
			continue // to its end
		}
		if err := cmd.Wait(); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("%v\n%s", err, complaints.String())
		}
	})
	if !ready {
		t.Fatalf("the server did not start: %s", complaints.String())
	}
}
