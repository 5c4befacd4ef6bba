package session

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/peer"
	"dialtone/signal"
)

// lobby is a room that is dialed any number of times.
type lobby struct {
	mu      sync.Mutex
	dials   []time.Time
	rooms   []*fakeChannel
	offline bool // dials fail
}

func (l *lobby) dial(context.Context, func(diag.SignalRequest)) (signal.Channel, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dials = append(l.dials, time.Now())
	if l.offline {
		return nil, &signal.Error{Op: "dial", Reason: signal.ReasonUnreachable}
	}
	c := newChannel(&actions{})
	l.rooms = append(l.rooms, c)
	return c, nil
}

// last is the room that was dialed last, and how often one was.
func (l *lobby) last() (*fakeChannel, int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.rooms) == 0 {
		return nil, len(l.dials)
	}
	return l.rooms[len(l.rooms)-1], len(l.dials)
}

// machineRig observes a machine whose changes a test makes.
type machineRig struct {
	*rig
	l       *lobby
	changes func(diag.Data)
}

// onMachine places a call that is connected and whose pings are answered; the script follows.
func onMachine(t *testing.T, redial time.Duration, script func(m *machineRig)) (*call.Call, time.Duration) {
	t.Helper()
	l := &lobby{}
	m := &machineRig{l: l}
	o := Options{
		Config: diag.Config{Code: "w1"}, Redial: redial, Dial: l.dial,
		Watch: func(ctx context.Context, report func(diag.Data)) {
			m.changes = report
			<-ctx.Done()
		},
	}
	return place(t, o, func(r *rig) {
		m.rig = r
		r.channel, _ = l.last()
		r.answers()
		r.peer.base = netip.MustParseAddr("10.0.0.1")
		r.peer.pongs.Store(true)
		r.peer.callbacks.OnMessage(diag.LabelControl, true, []byte(`{"code":"hello","agent":"dialtone 1","id":"theirs"}`))
		r.opens(diag.LabelPing)
		time.Sleep(7 * time.Second) // the room is left
		script(m)
	})
}

// change changes the addresses of the machine.
func (m *machineRig) change(from, to string) {
	d := diag.NetworkChanged{Online: to != ""}
	if from != "" {
		d.Removed = []diag.InterfaceAddress{{Interface: "eth0", Address: from, Kind: diag.AddressPrivate}}
	}
	if to != "" {
		d.Added = []diag.InterfaceAddress{{Interface: "eth0", Address: to, Kind: diag.AddressPrivate}}
	}
	m.changes(d)
	synctest.Wait()
}

// meets acts for a peer that dials the room again and restarts.
func (m *machineRig) meets(role signal.Role) {
	room, _ := m.l.last()
	room.paired(role)
	if role == signal.RoleOfferer {
		room.in <- description(signal.KindAnswer)
	} else {
		room.in <- description(signal.KindOffer)
	}
	synctest.Wait()
	m.peer.callbacks.OnState(peer.StateConnected)
	m.peer.pongs.Store(true)
	synctest.Wait()
}

// expect fails unless the room was dialed so often.
func (m *machineRig) expect(t *testing.T, what string, dials int) {
	t.Helper()
	if _, n := m.l.last(); n != dials {
		t.Errorf("%s: %d dials, want %d", what, n, dials)
	}
}

// TestAddressChanges: a path whose address is gone is given up at once, and the call comes back over the new one.
func TestAddressChanges(t *testing.T) {
	for _, role := range []signal.Role{signal.RoleOfferer, signal.RoleAnswerer} {
		c, _ := onMachine(t, 0, func(m *machineRig) {
			m.change("192.0.2.99", "192.0.2.98")
			m.expect(t, "an address that the path does not use", 1)
			m.peer.pongs.Store(false)
			m.change("10.0.0.1", "10.0.0.2")
			m.expect(t, "at once", 2)
			time.Sleep(time.Second)
			m.meets(role)
			time.Sleep(20 * time.Second)
			m.expect(t, "connected again", 2)
			m.Hangup()
		})
		if c.Restarts != 1 || c.Ended.Reason != diag.EndHangup {
			t.Errorf("role %v: %d restarts, %+v", role, c.Restarts, c.Ended)
		}
	}
}

// TestNoNetwork: without one nothing is dialed, and with a new one it is, at once.
func TestNoNetwork(t *testing.T) {
	c, _ := onMachine(t, 0, func(m *machineRig) {
		m.peer.pongs.Store(false)
		m.change("10.0.0.1", "")
		time.Sleep(25 * time.Second)
		m.peer.callbacks.OnState(peer.StateICEFailed)
		m.expect(t, "without a network", 1)
		m.change("", "10.0.0.2")
		m.expect(t, "with a network", 2)
		m.meets(signal.RoleOfferer)
		time.Sleep(time.Second)
		m.Hangup()
	})
	if c.Restarts != 1 || c.Ended.Reason != diag.EndHangup || len(c.Machine.Outages) != 1 {
		t.Errorf("%d restarts, %+v, %+v", c.Restarts, c.Ended, c.Machine)
	}
}

// TestStandingBy: a peer that is not answered dials before its path has failed, so that a peer that has lost its
// address meets it. If the path comes back, it leaves the room.
func TestStandingBy(t *testing.T) {
	c, _ := onMachine(t, 0, func(m *machineRig) {
		m.peer.pongs.Store(false)
		time.Sleep(quietTime - time.Second)
		m.expect(t, "after some silence", 1)
		time.Sleep(time.Second + quietTick)
		m.expect(t, "after more", 2)
		m.peer.pongs.Store(true)
		time.Sleep(2 * time.Second)
		room, _ := m.l.last()
		if got := room.take(); !slices.Equal(got, []string{"channel closes"}) {
			t.Errorf("when the path is back: %q", got)
		}
		m.expect(t, "when the path is back", 2)
		m.peer.pongs.Store(false)
		time.Sleep(quietTime + time.Second)
		m.peer.callbacks.OnState(peer.StateDisconnected)
		m.peer.callbacks.OnState(peer.StateConnected) // what had arrived before is read
		time.Sleep(8 * time.Second)
		if room, _ := m.l.last(); len(room.take()) > 0 {
			t.Error("the room is left before a ping is answered")
		}
		m.peer.pongs.Store(true)
		time.Sleep(2 * time.Second)
		m.expect(t, "when the path is back", 3)
		m.peer.pongs.Store(false)
		time.Sleep(quietTime + time.Second)
		m.meets(signal.RoleAnswerer)
		time.Sleep(10 * time.Second)
		m.expect(t, "after the restart", 4)
		m.Hangup()
	})
	if c.Restarts != 1 || c.Ended.Reason != diag.EndHangup {
		t.Errorf("%d restarts, %+v", c.Restarts, c.Ended)
	}
}

// TestFlap: a link that comes back with the same address needs no restart.
func TestFlap(t *testing.T) {
	c, _ := onMachine(t, 0, func(m *machineRig) {
		m.change("10.0.0.1", "")
		m.change("", "10.0.0.1") // the peer has noticed nothing
		time.Sleep(2 * time.Second)
		room, dials := m.l.last()
		if got := room.take(); dials != 2 || !slices.Equal(got, []string{"channel closes"}) {
			t.Errorf("%d dials, room: %q", dials, got)
		}
		time.Sleep(2 * time.Minute)
		m.Hangup()
	})
	if c.Ended.Reason != diag.EndHangup {
		t.Errorf("%+v", c.Ended)
	}
}

// TestKilledPeer: a peer whose consent is missing is lost soon, long before the agent gives its path up. It is dialed
// for, or the call ends, and the old path may come back.
func TestKilledPeer(t *testing.T) {
	silent := func(m *machineRig) {
		m.peer.pongs.Store(false)
		m.peer.callbacks.OnState(peer.StateDisconnected)
		time.Sleep(lostAfter + time.Millisecond)
		synctest.Wait()
	}
	for name, test := range map[string]struct {
		redial time.Duration
		then   func(m *machineRig)
		want   diag.CallEnded
		lasts  time.Duration // from the loss of the path
		lost   bool
	}{
		"dialed for": {0, silent, diag.CallEnded{Reason: diag.EndPeerLost, By: diag.ByNetwork, Code: diag.CodeNoRedial}, time.Minute, true},
		"given up":   {-1, silent, diag.CallEnded{Reason: diag.EndPeerLost, By: diag.ByNetwork, Cause: errSilent.Error()}, 0, false},
		"back on the old path": {0, func(m *machineRig) {
			silent(m)
			m.peer.pongs.Store(true)
			time.Sleep(2 * time.Minute)
			m.Hangup()
		}, diag.CallEnded{Reason: diag.EndHangup, By: diag.ByLocal}, 2 * time.Minute, false},
		"back after the agent gave up": {0, func(m *machineRig) {
			silent(m)
			m.peer.callbacks.OnState(peer.StateICEFailed)
			m.meets(signal.RoleOfferer)
			time.Sleep(2 * time.Minute)
			m.Hangup()
		}, diag.CallEnded{Reason: diag.EndHangup, By: diag.ByLocal}, 2 * time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := onMachine(t, test.redial, test.then)
			if diff := cmp.Diff(&test.want, c.Ended); diff != "" {
				t.Error(diff)
			}
			if (c.Lost != nil) != test.lost || (c.RestartAt != nil) != (test.redial >= 0) {
				t.Errorf("lost: %+v, restart at %v", c.Lost, c.RestartAt)
			}
			if c.RestartAt != nil && (c.EndedAt-*c.RestartAt).Round(time.Second) != test.lasts {
				t.Errorf("it ended after %v", c.EndedAt-*c.RestartAt)
			}
		})
	}
}

// TestRedialEnds: the peer is dialed for until the time is over, whatever fails, and then the reason is known.
func TestRedialEnds(t *testing.T) {
	for name, test := range map[string]struct {
		redial time.Duration
		script func(m *machineRig)
		want   time.Duration // from the failure of the path
		code   string
		reason string // of signaling
	}{
		"nobody": {0, func(*machineRig) {}, time.Minute, diag.CodeNoRedial, ""},
		"20 s":   {20 * time.Second, func(*machineRig) {}, 20 * time.Second, diag.CodeNoRedial, ""},
		"never":  {-1, func(*machineRig) {}, 0, "", ""},
		"no server": {0, func(m *machineRig) {
			room, _ := m.l.last()
			m.l.mu.Lock()
			m.l.offline = true
			m.l.mu.Unlock()
			room.in <- signal.Message{Kind: signal.KindBye}
		}, time.Minute, diag.CodeNoRedial, signal.ReasonUnreachable.String()},
		"a peer that comes and goes": {0, func(m *machineRig) {
			room, _ := m.l.last()
			room.paired(signal.RoleAnswerer)
			room.in <- signal.Message{Kind: signal.KindBye}
		}, time.Minute, diag.CodeNoRedial, ""},
		"attempts that fail": {0, func(m *machineRig) {
			for range 3 {
				room, _ := m.l.last()
				room.paired(signal.RoleAnswerer)
				room.in <- description(signal.KindOffer)
				synctest.Wait()
				m.peer.callbacks.OnState(peer.StateICEFailed)
				time.Sleep(2 * time.Second)
			}
		}, time.Minute, diag.CodeNoRedial, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := onMachine(t, test.redial, func(m *machineRig) {
				m.peer.pongs.Store(false)
				m.peer.callbacks.OnState(peer.StateICEFailed)
				synctest.Wait()
				test.script(m)
			})
			reason := ""
			if c.Ended.Signal != nil {
				reason = c.Ended.Signal.Reason
			}
			if c.Ended.Reason != diag.EndPeerLost || c.Ended.Code != test.code || reason != test.reason {
				t.Errorf("%+v, signaling %q", c.Ended, reason)
			}
			if c.RestartAt != nil && (c.EndedAt-*c.RestartAt).Round(time.Second) != test.want {
				t.Errorf("it ended after %v", c.EndedAt-*c.RestartAt)
			}
		})
	}
}

// TestRestartStorm: a peer that makes one offer after another ends the call, one that asks for restarts without end gets
// few, and one whose network changes often gets all.
func TestRestartStorm(t *testing.T) {
	offers := func(pause time.Duration, n int) *call.Call {
		c, _ := place(t, Options{Config: diag.Config{Code: "w1"}}, func(r *rig) {
			r.channel.traits = signal.Traits{Lasting: true, Restarts: true}
			r.answers()
			for range n {
				select {
				case r.channel.in <- description(signal.KindOffer):
				default: // the call has ended
				}
				time.Sleep(pause)
				synctest.Wait()
			}
			r.Hangup()
		})
		return c
	}
	if c := offers(10*time.Millisecond, 100); c.Restarts > 21 || c.Ended.Code != diag.CodeOfferStorm || c.Ended.By != diag.ByRemote {
		t.Errorf("100 a second: %d restarts, %+v", c.Restarts, c.Ended)
	}
	if c := offers(2*time.Second, 100); c.Restarts != 100 || c.Ended.Reason != diag.EndHangup {
		t.Errorf("one every 2 s: %d restarts, %+v", c.Restarts, c.Ended)
	}
	c, _ := onMachine(t, 0, func(m *machineRig) {
		for range 100 {
			m.peer.callbacks.OnMessage(diag.LabelControl, true, []byte(`{"code":"restart"}`))
			synctest.Wait()
			m.meets(signal.RoleOfferer)
		}
		if _, dials := m.l.last(); dials > 22 {
			t.Errorf("%d dials", dials)
		}
		m.Hangup()
	})
	if c.Restarts > 21 || c.Ended.Reason != diag.EndHangup {
		t.Errorf("asked for: %d restarts, %+v", c.Restarts, c.Ended)
	}
}
