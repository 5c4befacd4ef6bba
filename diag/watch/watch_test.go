package watch

import (
	"context"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"dialtone/diag"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// having is a network with addresses of eth0 and a default route for IPv4.
func having(source string, addresses ...string) network {
	n := network{addresses: map[diag.InterfaceAddress]bool{}}
	for _, a := range addresses {
		n.addresses[describe("eth0", netip.MustParseAddr(a))] = true
	}
	if source != "" {
		n.sources[0] = netip.MustParseAddr(source)
	}
	return n
}

func TestSince(t *testing.T) {
	eth0 := func(a string, kind diag.AddressKind) []diag.InterfaceAddress {
		return []diag.InterfaceAddress{{Interface: "eth0", Address: a, Kind: kind}}
	}
	for name, test := range map[string]struct {
		before, after network
		want          diag.NetworkChanged
		changed       bool
	}{
		"nothing": {having("192.0.2.1", "192.0.2.1"), having("192.0.2.1", "192.0.2.1"), diag.NetworkChanged{Online: true}, false},
		"another address": {having("10.0.0.1", "10.0.0.1"), having("203.0.113.1", "203.0.113.1"), diag.NetworkChanged{
			Added: eth0("203.0.113.1", diag.AddressPublic), Removed: eth0("10.0.0.1", diag.AddressPrivate),
			Routes: []diag.DefaultRoute{{Up: true, Source: "203.0.113.1"}}, Online: true,
		}, true},
		"none any more": {having("10.0.0.1", "10.0.0.1"), having(""), diag.NetworkChanged{
			Removed: eth0("10.0.0.1", diag.AddressPrivate), Routes: []diag.DefaultRoute{{}},
		}, true},
		"the route": {having("10.0.0.1", "10.0.0.1", "10.0.0.2"), having("10.0.0.2", "10.0.0.1", "10.0.0.2"), diag.NetworkChanged{
			Routes: []diag.DefaultRoute{{Up: true, Source: "10.0.0.2"}}, Online: true,
		}, true},
		"a second family": {having("10.0.0.1", "10.0.0.1"), having("10.0.0.1", "10.0.0.1", "fd00::1"), diag.NetworkChanged{
			Added: eth0("fd00::1", diag.AddressPrivate), Online: true,
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, changed := test.after.since(test.before)
			if diff := cmp.Diff(test.want, got); diff != "" || changed != test.changed {
				t.Errorf("changed %t: %s", changed, diff)
			}
		})
	}
}

// TestChangesAreCollected: a new lease is several changes of the kernel and one event; what is undone at once is none.
func TestChangesAreCollected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var now atomic.Pointer[network]
		become := func(n network) { now.Store(&n) }
		become(having("10.0.0.1", "10.0.0.1"))
		wakes, done := make(chan struct{}, 1), make(chan struct{})
		var seen []diag.Data
		go func() {
			defer close(done)
			watchNetwork(ctx, wakes, func() (network, bool) { return *now.Load(), true }, func(d diag.Data) { seen = append(seen, d) })
		}()
		synctest.Wait()
		for _, n := range []network{having(""), having("", "10.0.0.9"), having("10.0.0.9", "10.0.0.9")} {
			become(n)
			wakes <- struct{}{}
			time.Sleep(settleTime / 10)
		}
		time.Sleep(settleTime)
		become(having(""))
		wakes <- struct{}{}
		time.Sleep(settleTime / 10)
		become(having("10.0.0.9", "10.0.0.9"))
		time.Sleep(settleTime)
		cancel()
		<-done
		if len(seen) != 1 || len(seen[0].(diag.NetworkChanged).Added) != 1 || !seen[0].(diag.NetworkChanged).Online {
			t.Errorf("events: %+v", seen)
		}
	})
}

func TestPauseSince(t *testing.T) {
	const s = time.Second
	for name, test := range map[string]struct {
		still, onward time.Duration // since the last tick, by each clock
		want          diag.Paused
		paused        bool
	}{
		"a tick":                  {tickTime, tickTime, diag.Paused{}, false},
		"just short":              {tickTime + lateTime - 1, tickTime + lateTime - 1, diag.Paused{}, false},
		"a busy machine":          {tickTime + lateTime, tickTime + lateTime, diag.Paused{DurationMs: diag.Millis(lateTime), Source: diag.PauseStopped}, true},
		"the clock is corrected":  {tickTime, tickTime + suspendTime - 1, diag.Paused{}, false},
		"stopped":                 {40*s + tickTime, 40*s + tickTime, diag.Paused{DurationMs: diag.Millis(40 * s), Source: diag.PauseStopped}, true},
		"suspended":               {tickTime, 60*s + tickTime, diag.Paused{DurationMs: diag.Millis(60 * s), Source: suspendSource}, true},
		"suspended while stopped": {4 * s, 64 * s, diag.Paused{DurationMs: diag.Millis(60 * s), Source: suspendSource}, true},
		"the clock goes back":     {tickTime, -60 * s, diag.Paused{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, paused := moment{7*s + test.still, 9*s + test.onward}.pauseSince(moment{7 * s, 9 * s})
			if got != test.want || paused != test.paused {
				t.Errorf("%+v %t, want %+v", got, paused, test.want)
			}
		})
	}
}

// TestObservers: one observation serves all, and ends with the last.
func TestObservers(t *testing.T) {
	var o observers
	ctx1, cancel1 := context.WithCancel(t.Context())
	ctx2, cancel2 := context.WithCancel(t.Context())
	first, second := make(chan diag.Data, 8), make(chan diag.Data, 8)
	done := make(chan struct{}, 2)
	observe := func(ctx context.Context, to chan diag.Data) {
		o.observe(ctx, func(d diag.Data) { to <- d })
		done <- struct{}{}
	}
	go observe(ctx1, first)
	go observe(ctx2, second)
	for o.count() < 2 {
		time.Sleep(time.Millisecond)
	}
	event := diag.Paused{Source: diag.PauseStopped}
	o.report(event)
	if got, also := <-first, <-second; got != event || also != event {
		t.Errorf("%v and %v", got, also)
	}
	o.mu.Lock()
	o.last.still -= 10 * time.Second // no tick before this one, which comes as one leaves
	o.last.onward -= 10 * time.Second
	o.mu.Unlock()
	cancel1()
	<-done
	if got := (<-first).(diag.Paused); got.Source != diag.PauseStopped || got.DurationMs.Duration() < 9*time.Second {
		t.Errorf("%+v", got)
	}
	<-second
	o.report(event)
	if got := <-second; got != event || len(first) > 0 {
		t.Errorf("%v, and %d for the one that is gone", got, len(first))
	}
	cancel2()
	<-done
	ctx3, cancel3 := context.WithCancel(t.Context())
	go observe(ctx3, first) // it can begin again
	for o.count() < 1 {
		time.Sleep(time.Millisecond)
	}
	o.report(event)
	<-first
	cancel3()
	<-done
}

func (o *observers) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.all)
}

// TestReadNetwork: the addresses of this machine are those from which packets leave.
func TestReadNetwork(t *testing.T) {
	n, ok := readNetwork()
	if !ok {
		t.Fatal("the network cannot be read")
	}
	for a := range n.addresses {
		if a.Kind != diag.AddressPublic && a.Kind != diag.AddressPrivate || a.Interface == "lo" {
			t.Errorf("%+v", a)
		}
	}
	if got, _ := sourceTo(netip.MustParseAddrPort("127.0.0.1:9")); got != netip.MustParseAddr("127.0.0.1") {
		t.Errorf("packets to this machine leave from %v", got)
	}
}
