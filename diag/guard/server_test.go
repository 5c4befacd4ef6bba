package guard

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun/v4"

	"dialtone/diag"
)

// counted counts what is written and sends nothing.
type counted struct {
	net.Conn
	n *atomic.Int64
}

func (c counted) Write(b []byte) (int, error) {
	c.n.Add(1)
	return len(b), nil
}

// TestServersThatDoNotAnswer: servers that another program named get no more than any other host, whatever the ports,
// transports and sockets.
func TestServersThatDoNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, begun := &Limiter{}, time.Now()
		var sent atomic.Int64
		dial := l.Servers(func(_ context.Context, _ *net.Dialer, network, _ string) (net.Conn, error) {
			if network != "udp" {
				sent.Add(SYNsPerAttempt)
				return nil, net.ErrClosed
			}
			return counted{n: &sent}, nil
		}, time.Now)
		ended := make(chan bool)
		open := func(n int) {
			address := []string{"192.0.2.1:3478", "[::ffff:192.0.2.1]:80", "192.0.2.1:443"}[n%3]
			c, err := dial(t.Context(), nil, []string{"udp", "udp", "tcp"}[n%3], address)
			for range 20 {
				if c != nil {
					_, _ = c.Write(nil)
				}
			}
			var limit LimitError
			ended <- errors.As(err, &limit) && limit.Failure().Detail == diag.DetailLimited
		}
		for n := range 60 {
			go open(n)
		}
		refused := 0
		for range 60 {
			if <-ended {
				refused++
			}
			if most := StrangerBurst + StrangerRate*time.Since(begun).Seconds(); float64(sent.Load()) > most {
				t.Fatalf("%d packets, at most %.0f", sent.Load(), most)
			}
		}
		if refused == 0 || sent.Load() < StrangerBurst {
			t.Errorf("%d packets, %d sockets were refused", sent.Load(), refused)
		}
	})
}

// TestServersThatAnswer get what their protocol needs: sockets that wait for their turn are opened at once.
func TestServersThatAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, begun := &Limiter{}, time.Now()
		const roundTrip = 100 * time.Millisecond
		answer := message(t, stun.BindingSuccess, stun.TransactionID).Raw
		dial := l.Servers(func(context.Context, *net.Dialer, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			go func() {
				b := make([]byte, 10)
				for {
					if _, err := far.Read(b); err != nil {
						return
					}
					time.Sleep(roundTrip)
					_, _ = far.Write(answer)
				}
			}()
			return near, nil
		}, time.Now)
		ended := make(chan error)
		const calls = 300
		for range calls {
			go func() {
				c, err := dial(t.Context(), nil, "udp", "192.0.2.1:3478")
				if err == nil {
					_, err = c.Write([]byte("request"))
				}
				if err == nil {
					_, err = c.Read(make([]byte, 100))
					_ = c.Close()
				}
				ended <- err
			}()
		}
		for range calls {
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(begun); took > 3*roundTrip {
			t.Errorf("it took %v", took)
		}
		if l.allow(netip.MustParseAddr("192.0.2.1"), StrangerBurst, time.Now()) {
			t.Error("a server that answers is no peer, but may be sent checks as if nothing had been sent")
		}
	})
}

// TestHostsOfOtherProtocols: a host that answers, but not as a STUN server does, is none.
func TestHostsOfOtherProtocols(t *testing.T) {
	request, answer := message(t, stun.BindingRequest, stun.TransactionID).Raw, message(t, stun.BindingError, stun.TransactionID).Raw
	for name, test := range map[string]struct {
		network string
		said    []byte
		serves  bool
	}{
		"STUN":                              {"udp", answer, true},
		"STUN over TCP":                     {"tcp", answer, true},
		"a request that is echoed":          {"udp", request, false},
		"the same over TCP":                 {"tcp", request, false},
		"DNS":                               {"udp", append([]byte{0, 1, 0x80, 0x81}, make([]byte, 20)...), false},
		"HTTP":                              {"tcp", []byte("HTTP/1.1 400 Bad Request\r\n"), false},
		"SSH":                               {"tcp", []byte("SSH-2.0-OpenSSH\r\n"), false},
		"TLS":                               {"tcp", []byte{22, 3, 3, 0, 90, 2}, true},
		"DTLS":                              {"udp", []byte{22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 47, 3}, true},
		"a greeting of DTLS that is echoed": {"udp", []byte{22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 47, 1}, false},
		"nothing":                           {"tcp", nil, false},
	} {
		l := &Limiter{}
		near, far := net.Pipe()
		c, err := l.Servers(func(context.Context, *net.Dialer, string, string) (net.Conn, error) { return near, nil }, time.Now)(
			t.Context(), nil, test.network, "192.0.2.1:3478")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			_, _ = far.Write(test.said)
			_ = far.Close()
		}()
		_, _ = c.Read(make([]byte, 100))
		if got := l.AllowServer(netip.MustParseAddr("192.0.2.1"), 2*StrangerBurst); got != test.serves {
			t.Errorf("%s: it is a server: %v", name, got)
		}
	}
}

// TestAgentAsksServers: what the agent sends to servers counts like the rest, until they answer.
func TestAgentAsksServers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &Limiter{}
		g := New(Options{Now: time.Now, Hosts: l})
		to := netip.MustParseAddrPort("192.0.2.1:3478")
		other := netip.MustParseAddrPort("192.0.2.2:3478")
		var last *stun.Message
		sent := 0
		for range 3 * StrangerBurst {
			if m := message(t, stun.BindingRequest, stun.TransactionID); g.Sends(home, m, to) {
				last = m
				sent++
			}
		}
		if sent != StrangerBurst {
			t.Errorf("%d requests, at most %d", sent, StrangerBurst)
		}
		if l.AllowServer(to.Addr(), 1) {
			t.Error("the probes of the call may send as much again")
		}
		answer := func(from netip.AddrPort, id [stun.TransactionIDSize]byte) {
			g.Receives(home, message(t, stun.BindingSuccess, stun.NewTransactionIDSetter(id)), from)
		}
		answer(to, [stun.TransactionIDSize]byte{1})
		answer(other, last.TransactionID)
		if g.Sends(home, message(t, stun.BindingRequest, stun.TransactionID), to) {
			t.Error("answers to what was not asked lift the limit")
		}
		answer(to, last.TransactionID)
		for range 3 * StrangerBurst {
			if !g.Sends(home, message(t, stun.BindingRequest, stun.TransactionID), to) {
				t.Fatal("a server that answers is bounded")
			}
		}
	})
}
