//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/lab/labtest"
)

// addressChanges is how often each call of TestAddressChange changes its address; docs/explanation/evidence.md has
// the figures of 20.
func addressChanges(t *testing.T) int {
	t.Helper()
	n, err := strconv.Atoi(os.Getenv("TEST_ADDRESS_CHANGES"))
	if err != nil {
		return 1
	}
	return n
}

// How long after a new address a call may need: when that is measured, and on the busy machine of a test run.
const (
	backTime = 3 * time.Second
	busyTime = 6 * time.Second
)

// movingCase is a call whose peers are at two sites; one of them moves.
type movingCase struct {
	ipv6, relay, answerer bool
	outage                time.Duration // without a link, before the new address
	same                  bool          // the address is the old one
}

func (c movingCase) String() string {
	pick := func(b bool, yes, no string) string {
		if b {
			return yes
		}
		return no
	}
	return pick(c.ipv6, "IPv6", "IPv4") + pick(c.relay, ", relay", ", direct") + pick(c.answerer, ", answerer", ", caller") +
		pick(c.outage > 0, fmt.Sprintf(", after %v", c.outage), "") + pick(c.same, ", same address", "")
}

// TestAddressChange: a call whose peer gets another address is back within seconds, on either side, over either family,
// direct and through coturn; and so is one whose link was gone for longer than ICE waits.
func TestAddressChange(t *testing.T) {
	labtest.NeedTime(t)
	cases := movingCases(movingCase{})
	if addressChanges(t) > 1 {
		cases = append(cases, movingCase{outage: 26 * time.Second}, movingCase{ipv6: true, answerer: true, outage: 26 * time.Second})
	}
	runMoving(t, cases)
}

// TestLinkLoss: a call whose peer has no link for a while is back within seconds of its return, on either side, over
// either family, direct and through coturn.
func TestLinkLoss(t *testing.T) {
	labtest.NeedQuiet(t)
	runMoving(t, movingCases(movingCase{outage: 8 * time.Second, same: true}))
}

// movingCases are a case with either family, direct and through a relay, on either side.
func movingCases(c movingCase) (cases []movingCase) {
	for n := range 8 {
		c.ipv6, c.relay, c.answerer = n&1 != 0, n&2 != 0, n&4 != 0
		cases = append(cases, c)
	}
	return cases
}

func runMoving(t *testing.T, cases []movingCase) {
	in := startInternet(t, netip.MustParseAddr(kernelSTUN), netip.MustParseAddr(kernelSTUN6),
		netip.MustParseAddr(relayServer), netip.MustParseAddr(relayServer6), netip.MustParseAddr(proxyServer))
	mustRun(t, in.Command(t.Context(), "sh", "-c", "for f in ipv4/ip_forward ipv6/conf/all/forwarding; do echo 1 >/proc/sys/net/$f; done"))
	startSignaling(t, in)
	startRelayServers(t, in)
	for n, c := range cases {
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			c.run(t, in, n)
		})
	}
}

// movingPeer is a dialtone at a site, with the addresses that it has in turn.
type movingPeer struct {
	site      *networkSite
	cmd       *exec.Cmd
	recording string
	out       bytes.Buffer
	ipv6      bool
	at        int // which address
}

// address is the n-th of the peer, and its router.
func (p *movingPeer) address(t *testing.T, n int) (own netip.Prefix, router netip.Addr) {
	t.Helper()
	for _, a := range p.site.Addresses {
		if a.Addr().Is6() == p.ipv6 {
			router = a.Masked().Addr().Next()
			own = a
			for range n * 10 {
				own = netip.PrefixFrom(own.Addr().Next(), own.Bits())
			}
			return own, router
		}
	}
	t.Fatal("no such address")
	return own, router
}

// move takes the address away and gives another one, or the same; between them the link is gone for a time.
func (p *movingPeer) move(t *testing.T, outage time.Duration, same bool) (at time.Time) {
	t.Helper()
	old, router := p.address(t, p.at)
	if !same {
		p.at = 1 - p.at
	}
	own, _ := p.address(t, p.at)
	down, up, nodad := "true", "true", ""
	if outage > 0 {
		down, up = "ip link set lan down", "ip link set lan up"
	}
	if p.ipv6 {
		nodad = " nodad"
	}
	mustRun(t, p.site.Command(t.Context(), "sh", "-c", fmt.Sprintf("%s; ip address del %v dev lan; true", down, old)))
	time.Sleep(outage)
	at = time.Now()
	mustRun(t, p.site.Command(t.Context(), "sh", "-c",
		fmt.Sprintf("%s; ip address add %v dev lan%s; ip route replace default via %v dev lan", up, own, nodad, router)))
	return at
}

func (c movingCase) run(t *testing.T, in *internet, number int) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	server, turn := kernelSTUN, relayServer
	if c.ipv6 {
		server, turn = "["+kernelSTUN6+"]", "["+relayServer6+"]"
	}
	args := []string{fmt.Sprint("move", number), "--no-media", "--server=http://" + server + ":8000/call/"}
	if c.relay {
		args = append(args, "--relay-only", "--ice=turn:"+turn, "--ice-user=ann")
	}
	var peers [2]*movingPeer
	for n, command := range [][]string{{"answer", "--once"}, {"call", "--plain"}} {
		p := &movingPeer{ipv6: c.ipv6, recording: filepath.Join(t.TempDir(), command[0]+".jsonl")}
		lan := netip.MustParsePrefix(fmt.Sprintf("192.168.%d.0/24", 20+2*number+n))
		p.site = in.Connect(t, siteOptions{LAN: lan, Routed: true})
		if c.ipv6 {
			p.site.WithoutIPv4(t)
		} else {
			p.site.WithoutIPv6(t)
		}
		for _, family := range []string{"-4", "-6"} {
			mustRun(t, p.site.RouterCommand(ctx, "ip", family, "route", "replace", "default", "via", map[string]string{"-4": "203.0.113.1", "-6": "2001:db8::1"}[family]))
		}
		p.cmd = p.site.Command(ctx, "dialtone", slices.Concat(command, args, []string{"--record=" + p.recording})...)
		p.cmd.Env = append(os.Environ(), "DIALTONE_ICE_PASS=secret", "XDG_CONFIG_HOME=/nonexistent")
		p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
		p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGINT) }
		if err := p.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		peers[n] = p
	}
	ended := false
	defer func() {
		if !ended {
			cancel()
			_, _ = peers[0].cmd.Wait(), peers[1].cmd.Wait()
		}
		if t.Failed() {
			t.Logf("caller:\n%s\nanswerer:\n%s", &peers[1].out, &peers[0].out)
		}
	}()
	mover := peers[1]
	if c.answerer {
		mover = peers[0]
	}
	times := c.moves(t, peers, mover)
	ended = true
	_ = peers[1].cmd.Process.Signal(syscall.SIGINT)
	_ = peers[1].cmd.Wait()
	if err := peers[0].cmd.Wait(); err != nil { // it was hung up
		t.Errorf("the answerer: %v", err)
	}
	slices.Sort(times)
	t.Logf("back after: median %.2f s, %.2f–%.2f s, %d changes", times[len(times)/2].Seconds(), times[0].Seconds(), times[len(times)-1].Seconds(), len(times))
}

// moves waits for the call, changes the address of one peer, and returns how long the pings of either took to be
// answered again.
func (c movingCase) moves(t *testing.T, peers [2]*movingPeer, mover *movingPeer) (times []time.Duration) {
	t.Helper()
	changes := addressChanges(t)
	if c.outage > 0 && !c.same {
		changes = 1
	}
	for _, p := range peers {
		p.awaitPing(t, time.Now())
	}
	for range changes {
		if mover.at == 0 && len(times) == 0 {
			time.Sleep(6 * time.Second) // the room is left
		}
		at := mover.move(t, c.outage, c.same)
		longest := time.Duration(0)
		for _, p := range peers {
			longest = max(longest, p.awaitPing(t, at).Sub(at))
		}
		if longest > backTime && addressChanges(t) > 1 || longest > busyTime {
			t.Errorf("back after %v", longest)
		}
		times = append(times, longest)
		time.Sleep(2 * time.Second)
	}
	for _, p := range peers {
		k := call.Fold(recorded(t, p.recording))
		if !c.same && k.Restarts < changes || p == mover && len(k.Machine.Changes) < changes {
			t.Errorf("%d restarts, changes of the network: %+v", k.Restarts, k.Machine.Changes)
		}
		if p == mover && c.outage > 0 && !c.same && (len(k.Machine.Outages) != 1 || k.Machine.Outages[0].Length(k.Now).Round(5*time.Second) != 25*time.Second) {
			t.Errorf("outages: %+v", k.Machine.Outages)
		}
	}
	return times
}

// awaitPing waits until a ping that was sent after a time is answered, while the connection is up. It returns when.
func (p *movingPeer) awaitPing(t *testing.T, after time.Time) time.Time {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		if at, ok := p.pinged(t, after); ok {
			return at
		}
		if time.Now().After(end) {
			t.Fatalf("no ping was answered after %v\n%s", after, &p.out)
		}
	}
}

// pinged looks for such an answer.
func (p *movingPeer) pinged(t *testing.T, after time.Time) (time.Time, bool) {
	t.Helper()
	if file, err := os.Stat(p.recording); err != nil || file.Size() == 0 { // not begun
		return time.Time{}, false
	}
	var k call.Call
	for _, e := range recorded(t, p.recording) {
		k.Apply(e)
		at := time.Unix(0, int64(k.Start.StartedAtUnix*1e9)).Add(e.At)
		if d, ok := e.Data.(diag.Ping); ok && k.Connection == "connected" && at.Add(-d.RTTMs.Duration()).After(after) {
			return at, true
		}
	}
	return time.Time{}, false
}
