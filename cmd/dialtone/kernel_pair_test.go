package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"dialtone/diag"
	"dialtone/diag/lab/labtest"
	"dialtone/diag/nat"
	"dialtone/diag/nat/nat64"
	"dialtone/diag/nat/pair"
	"dialtone/diag/report"
)

// pairSide is a kind of network that a peer of a pair is in.
type pairSide struct {
	rules  string
	only6  bool     // the client has no IPv4
	nat64  bool     // and reaches it through NAT64
	stun   []string // its servers
	turn   string   // its TURN server, when it has one
	server string   // the signaling server, as it reaches it
	proxy  string
}

// onlyPairProxy lets nothing out but connections to the proxy.
const onlyPairProxy = masquerade + "add rule inet filter forward iifname lan meta l4proto udp drop\n" +
	"add rule inet filter forward iifname lan meta l4proto tcp tcp dport != 8888 drop\n"

// pairPrefix is that of the NAT64.
var pairPrefix = netip.MustParsePrefix("2001:db8:64::/96")

// pairSides are the kinds of networks. Those with IPv4 have no IPv6.
func pairSides() map[string]pairSide {
	via := func(ip string) string { return "[" + nat64.Embed(pairPrefix, netip.MustParseAddr(ip)).String() + "]" }
	const four, six = "http://" + kernelSTUN + ":8000/call/", "http://[" + kernelSTUN6 + "]:8000/call/"
	stun4, stun6 := []string{"stun:" + kernelSTUN}, []string{"stun:[" + kernelSTUN6 + "]"}
	return map[string]pairSide{
		"usual": {rules: masquerade, stun: stun4, turn: "turn:" + kernelTURN, server: four},
		"ports": {rules: only3478, stun: stun4, turn: "turn:" + kernelTURN, server: four},
		"tcp":   {rules: noUDP, stun: stun4, turn: "turn:" + kernelTURN + "?transport=tcp", server: four},
		"proxy": {
			rules: onlyPairProxy, stun: stun4, turn: "turn:" + kernelTURN + "?transport=tcp", server: four,
			proxy: "http://" + kernelTURN + ":8888",
		},
		"nat64": {
			rules: masquerade, only6: true, nat64: true, stun: []string{"stun:" + via(kernelSTUN), stun6[0]}, turn: "turn:" + via(kernelTURN), server: six,
		},
		"ipv6": {rules: masquerade, only6: true, stun: stun6, server: six},
	}
}

// TestKernelPairs: what the result lines of two networks predict is what becomes of a call between them. Without a relay
// to show whose fault a silent port is, they do not predict.
func TestKernelPairs(t *testing.T) {
	labtest.NeedTime(t)
	in := startKernelInternet(t)
	signaling := startSignaling(t, in)
	startPairProxy(t, in)
	sides := pairSides()
	mustRun(t, in.Command(t.Context(), "sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding"))
	for name, tt := range map[string]struct {
		a, b         string
		turnA, turnB bool
		want         pair.Path
	}{
		"usual, usual":           {"usual", "usual", false, false, pair.PathDirect},
		"ports, usual":           {"ports", "usual", false, false, pair.PathNone},
		"ports with TURN, usual": {"ports", "usual", true, false, pair.PathRelay},
		"ports, usual with TURN": {"ports", "usual", false, true, pair.PathNone},
		"ports, ports with TURN": {"ports", "ports", true, true, pair.PathRelay},
		"UDP blocked with TURN":  {"tcp", "usual", true, false, pair.PathRelay},
		"only a proxy, usual":    {"proxy", "usual", false, false, pair.PathNone},
		"only a proxy with TURN": {"proxy", "usual", true, false, pair.PathRelay},
		"only a proxy, twice":    {"proxy", "proxy", true, true, pair.PathRelay},
		"NAT64, IPv4":            {"nat64", "usual", false, false, pair.PathNone},
		"NAT64 with TURN, IPv4":  {"nat64", "usual", true, false, pair.PathRelay},
		"NAT64, IPv4 with TURN":  {"nat64", "usual", false, true, pair.PathNone},
		"IPv6 only, IPv4":        {"ipv6", "usual", false, false, pair.PathNone},
		"IPv6 only, NAT64":       {"ipv6", "nat64", false, false, pair.PathDirect},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := connectPeer(t, in, sides[tt.a], tt.turnA, signaling), connectPeer(t, in, sides[tt.b], tt.turnB, signaling)
			predicted := pair.Predict(a.result(t), b.result(t))
			known := tt.want
			if tt.a == "ports" && !tt.turnA {
				known = pair.PathUnknown
			}
			if happened := placeCall(t, a, b, name); happened != tt.want || predicted.Path != known {
				t.Errorf("the call's path is %s; predicted: %s (%s), expected: %s and %s", happened, predicted.Path, predicted.Why, tt.want, known)
			}
		})
	}
}

// startPairProxy runs tinyproxy where the TURN server is.
func startPairProxy(t *testing.T, in *internet) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "proxy.conf")
	if err := os.WriteFile(file, []byte("Port 8888\nListen "+kernelTURN+"\nTimeout 60\nMaxClients 50\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	in.Start(t, netip.MustParseAddrPort(kernelTURN+":8888"), "tinyproxy", "-d", "-c", file)
}

// pairPeer is a peer at its site.
type pairPeer struct {
	pairSide
	site *networkSite
	ice  []string // servers
}

func connectPeer(t *testing.T, in *internet, side pairSide, turn bool, signaling netip.AddrPort) pairPeer {
	t.Helper()
	p := pairPeer{pairSide: side, site: in.Connect(t, siteOptions{Rules: side.rules}), ice: side.stun}
	mustRun(t, p.site.RouterCommand(t.Context(), "ip", "-6", "route", "add", "default", "via", "2001:db8::1"))
	switch {
	case side.nat64:
		p.site.NAT64(t, pairPrefix, netip.AddrPortFrom(nat64.Embed(pairPrefix, signaling.Addr()), signaling.Port()))
	case side.only6:
		p.site.WithoutIPv4(t)
	default:
		p.site.WithoutIPv6(t)
	}
	if turn {
		p.ice = append(append([]string{}, p.ice...), side.turn)
	}
	return p
}

// mustRun runs a command to its end.
func mustRun(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v %s", cmd, err, out)
	}
}

// result is the result line of the peer's network.
func (p pairPeer) result(t *testing.T) nat.Side {
	t.Helper()
	r := kernelDiagnosis(t, p.site, append([]string{"--ice-user=ann", "--ice-pass=secret", "--proxy=" + p.proxy}, p.ice...))
	side, err := pair.Parse(r.Verdict.Result)
	if err != nil {
		t.Fatal(err)
	}
	return side
}

// command is a program of the peer.
func (p pairPeer) command(ctx context.Context, args ...string) *exec.Cmd {
	args = append(args, "--no-media", "--ice-user=ann", "--server="+p.server, "--proxy="+p.proxy)
	for _, url := range p.ice {
		args = append(args, "--ice="+url)
	}
	cmd := p.site.Command(ctx, "dialtone", args...)
	cmd.Env = append(os.Environ(), "DIALTONE_ICE_PASS=secret", "XDG_CONFIG_HOME=/nonexistent")
	return cmd
}

// placeCall places a call from one peer to the other, and returns its path.
func placeCall(t *testing.T, a, b pairPeer, code string) pair.Path {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	answer := b.command(ctx, "answer", codeOf(code))
	var said bytes.Buffer
	answer.Stdout, answer.Stderr = &said, &said
	if err := answer.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cancel()
		_ = answer.Wait() // it waits for further calls
	}()
	check := a.command(ctx, "check", "--room="+codeOf(code), "--wait=30s", "--for=1s", "-o", "json")
	var complaints bytes.Buffer
	check.Stderr = &complaints
	raw, err := check.Output()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	var r report.Report
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatalf("%v: %s\n%s\n%s", err, raw, complaints.String(), said.String())
	}
	switch {
	case r.Path == nil && r.Exit.Name == diag.ExitICE.String():
		return pair.PathNone
	case r.Path == nil:
		t.Errorf("%s: %s\n%s", r.Exit.Name, r.Headline, said.String())
		return pair.PathUnknown
	case r.Path.Local.CandidateType == diag.Relay || r.Path.Remote.CandidateType == diag.Relay:
		return pair.PathRelay
	}
	return pair.PathDirect
}

// codeOf makes a room code of a name.
func codeOf(name string) string {
	return string(bytes.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, []byte(name)))
}
