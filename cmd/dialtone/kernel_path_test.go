package main

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"dialtone/diag"
	"dialtone/diag/lab/labtest"
	"dialtone/diag/nat"
	"dialtone/diag/nat/nat64"
	"dialtone/diag/report"
)

// Rules of routers that filter by port or size.
const (
	only3478   = masquerade + "add rule inet filter forward iifname lan udp dport != { 53, 3478 } drop\n"
	only3478In = masquerade + "add rule inet filter forward iifname lan udp dport != { 53, 3478 } reject\n"
	lowPorts   = masquerade + "add rule inet filter forward iifname lan udp dport > 10000 drop\n"
	onlySTUN   = only3478 + "add rule inet filter forward iifname lan meta l4proto tcp drop\n"
	only3478v4 = masquerade + "add rule inet filter forward iifname lan meta nfproto ipv4 udp dport != { 53, 3478 } drop\n"
	upTo1000   = masquerade + "add rule inet filter forward meta l4proto udp meta length > 1000 drop\n"
	outTo1000  = masquerade + "add rule inet filter forward iifname lan meta l4proto udp meta length > 1000 drop\n"
	inTo1000   = masquerade + "add rule inet filter forward iifname wan meta l4proto udp meta length > 1000 drop\n"
)

// pathCase is a site, what is asked there, and what the report must have.
type pathCase struct {
	rules   string
	mtu     int // of the router's line, when it is less than usual
	args    []string
	exit    diag.Exit
	ports   nat.Value
	size    nat.Value
	bytes   [2]int // out and back; 0: not compared
	finding string
	result  string // a word of the result line
}

// pathCases are networks that let some packets through and others not.
func pathCases() map[string]pathCase {
	stun := []string{"stun:" + kernelSTUN}
	turn := append(stun, "turn:"+kernelTURN, "--ice-user=ann", "--ice-pass=secret")
	both := append(stun, "stun:["+kernelSTUN6+"]")
	const open, filtered, unknown = nat.PortsOpen, nat.PortsFiltered, nat.Unknown
	const full, limited, split = nat.SizeFull, nat.SizeLimited, nat.SizeFragmented
	whole, kilo := [2]int{1500, 1500}, [2]int{1000, 1000}
	blocked := "nat.ports_filtered"
	return map[string]pathCase{
		"open":                     {masquerade, 0, stun, diag.ExitPass, unknown, full, whole, "", ",udp,"},
		"open, TURN":               {masquerade, 0, turn, diag.ExitPass, open, full, whole, "", ",turn,"},
		"only port 3478":           {only3478, 0, stun, diag.ExitInconclusive, unknown, full, whole, "server.alternate_silent", ",udp,"},
		"only port 3478, TURN":     {only3478, 0, turn, diag.ExitRelay, filtered, full, whole, blocked, ",ports,turn,"},
		"rejecting, TURN":          {only3478In, 0, turn, diag.ExitRelay, filtered, full, whole, blocked, ",ports,turn,"},
		"rejecting":                {only3478In, 0, stun, diag.ExitInconclusive, unknown, full, whole, "server.alternate_silent", ",udp,"},
		"no TCP either":            {onlySTUN, 0, stun, diag.ExitInconclusive, unknown, full, whole, "server.alternate_silent", ",udp,"},
		"ports up to 10000, TURN":  {lowPorts, 0, turn, diag.ExitRelay, filtered, full, whole, blocked, ",ports,turn,"},
		"only port 3478 over IPv4": {only3478v4, 0, both, diag.ExitInconclusive, unknown, full, whole, "server.alternate_silent", ",udp,ports-unknown,v6,"},
		"packets up to 1000":       {upTo1000, 0, stun, diag.ExitPass, unknown, limited, kilo, "nat.packets_limited", ",udp,"},
		"out up to 1000":           {outTo1000, 0, stun, diag.ExitPass, unknown, limited, kilo, "nat.packets_limited", ",udp,"},
		"in up to 1000":            {inTo1000, 0, stun, diag.ExitPass, unknown, limited, [2]int{1500, 1000}, "nat.packets_limited", ",udp,"},
		"tunnel of 1400":           {masquerade, 1400, stun, diag.ExitPass, unknown, split, [2]int{1400, 1400}, "", ",udp,"},
		"tunnel of 1280":           {masquerade, 1280, stun, diag.ExitPass, unknown, split, [2]int{1280, 1280}, "", ",udp,"},
	}
}

// TestKernelPaths: the real program, behind firewalls and tunnels.
func TestKernelPaths(t *testing.T) {
	labtest.Beside(t)
	in := startKernelInternet(t)
	for name, tt := range pathCases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := in.Connect(t, siteOptions{Rules: tt.rules})
			if tt.mtu > 0 {
				cmd := site.RouterCommand(t.Context(), "ip", "link", "set", "wan", "mtu", fmt.Sprint(tt.mtu))
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
			}
			tt.check(t, kernelDiagnosis(t, site, tt.args))
		})
	}
}

// check compares a report with what is true.
func (c pathCase) check(t *testing.T, r report.Network) {
	t.Helper()
	b := &r.Behaviors
	if r.Exit != c.exit || b.UDPPorts.Value != c.ports || b.PacketSize.Value != c.size || !strings.Contains(r.Verdict.Result+",", c.result) {
		t.Errorf("exit %v, ports %+v, size %+v, %s; want %+v", r.Exit, b.UDPPorts, b.PacketSize, r.Verdict.Result, c)
	}
	got := [2]int{}
	for i, n := range []*int{b.PacketSize.Bytes, b.PacketSize.BytesBack} {
		if n != nil {
			got[i] = *n
		}
	}
	if got != c.bytes {
		t.Errorf("%d bytes, want %d: %+v", got, c.bytes, b.PacketSize)
	}
	at := slices.ContainsFunc(r.Findings, func(f report.Finding) bool { return f.ID == c.finding })
	if c.finding != "" && !at {
		t.Errorf("no %s: %+v", c.finding, r.Findings)
	}
}

// TestKernelNAT64: IPv6-only clients behind a NAT64, with each length of prefix.
func TestKernelNAT64(t *testing.T) {
	labtest.Beside(t)
	in := startKernelInternet(t)
	signaling := startSignaling(t, in)
	for _, text := range []string{
		"2001:db8:64::/96", "2001:db8:64::/64", "2001:db8:64::/56", "2001:db8:64::/48", "2001:db8:6400::/40", "fd64:ff9b::/32",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			prefix := netip.MustParsePrefix(text)
			site := in.Connect(t, siteOptions{Rules: masquerade})
			site.NAT64(t, prefix, netip.AddrPortFrom(nat64.Embed(prefix, signaling.Addr()), signaling.Port()))
			via := func(ip string) string { return "stun:[" + nat64.Embed(prefix, netip.MustParseAddr(ip)).String() + "]" }
			checkNAT64(t, kernelDiagnosis(t, site, []string{via(kernelSTUN), "stun:[" + kernelSTUN6 + "]"}), site.Public, prefix)
			// A server that does not name its address: DNS has the prefix.
			site.Hosts(t, nat64.Embed(prefix, nat64.Only4[0]).String()+" ipv4only.arpa\n")
			r := kernelDiagnosis(t, site, []string{via(kernelTURN)})
			if r.Families[0].Family != nat.FamilyNAT64 || r.Behaviors.NAT64.Confidence != nat.Proven {
				t.Errorf("by DNS: %+v", r.Families)
			}
		})
	}
}

// startSignaling runs a signaling server for both families.
func startSignaling(t *testing.T, in *internet) netip.AddrPort {
	t.Helper()
	at := netip.AddrPortFrom(netip.MustParseAddr(kernelSTUN), 8000)
	in.Start(t, at, "dialtone", "serve", "--listen", "[::]:8000")
	return at
}

// checkNAT64: NAT64 is named, and IPv6 judged by itself.
func checkNAT64(t *testing.T, r report.Network, public netip.Addr, prefix netip.Prefix) {
	t.Helper()
	b := &r.Behaviors
	if len(r.Families) != 2 || r.Families[0].Family != nat.FamilyNAT64 || r.Families[0].Public != public.String() || r.Families[1].Family != nat.FamilyIPv6 || r.Families[1].NAT.Value != nat.None {
		t.Errorf("families: %+v", r.Families)
	}
	if r.Exit != diag.ExitPass || b.Mapping.Value != nat.EndpointIndependent || b.Filtering.Value != nat.AddressAndPortDependent || b.Pooling.Value != nat.PoolingPaired {
		t.Errorf("exit %v, mapping %+v, filtering %+v, pooling %+v", r.Exit, b.Mapping, b.Filtering, b.Pooling)
	}
	if !strings.HasPrefix(r.Verdict.Headline, "IPv4 is reached through NAT64") || !strings.Contains(r.Verdict.Result, ",v6,no4,nat64,ip="+public.String()) {
		t.Errorf("%s\n%s", r.Verdict.Headline, r.Verdict.Result)
	}
	if b.NAT64.Value != nat.Present || b.NAT64.Evidence[0].Name != prefix.String() {
		t.Errorf("%+v", b.NAT64)
	}
}
