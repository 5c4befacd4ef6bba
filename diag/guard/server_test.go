package guard

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// TestServersThatDoNotAnswer: servers that another program named get no more than any other host, whatever the ports,
// transports and sockets; one that answers gets what its protocol needs.
func TestServersThatDoNotAnswer(t *testing.T) {
	l, now, sent := &Limiter{}, time.Unix(1, 0), 0
	var answers []net.Conn
	dial := l.Servers(func(context.Context, *net.Dialer, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		t.Cleanup(func() { _, _ = near.Close(), far.Close() })
		answers = append(answers, far)
		return counted{near, &sent}, nil
	}, func() time.Time { return now })
	server := func(network, address string) net.Conn {
		c, err := dial(t.Context(), nil, network, address)
		if err != nil {
			return nil
		}
		return c
	}
	for second := range 30 {
		for range 20 {
			_, _ = server("udp", "192.0.2.1:3478").Write(nil)
			_, _ = server("udp", "[::ffff:192.0.2.1]:80").Write(nil)
		}
		if most := StrangerBurst + StrangerRate*second; sent > most {
			t.Fatalf("%d packets in %d s, at most %d", sent, second, most)
		}
		now = now.Add(time.Second)
	}
	if sent < StrangerBurst {
		t.Errorf("%d packets", sent)
	}
	g := New(Options{Now: func() time.Time { return now }, Hosts: l})
	request := message(t, stun.BindingRequest, stun.TransactionID)
	to := plain(netip.MustParseAddrPort("192.0.2.1:5000"))
	for range 100 {
		g.Sends(home, request, to)
	}
	if g.Sends(home, request, to) {
		t.Error("requests of the agent are not bounded")
	}
	c := server("udp", "192.0.2.1:3478")
	go func() { _, _ = answers[len(answers)-1].Write([]byte{0}) }()
	if _, err := c.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if !g.Sends(home, request, to) || server("tcp", "192.0.2.1:3478") == nil {
		t.Error("a server that answers is bounded")
	}
	if check := check(t); g.Sends(home, check, to) && g.Sends(home, check, to) {
		t.Error("a server that answers is no peer: checks at it stay bounded")
	}
	l, connections := &Limiter{}, 0
	dial = l.Servers(func(context.Context, *net.Dialer, string, string) (net.Conn, error) {
		connections++
		return nil, net.ErrClosed
	}, func() time.Time { return now })
	for range 1000 {
		_, _ = dial(t.Context(), nil, "tcp", "192.0.2.2:443")
	}
	if connections != StrangerBurst/SYNsPerAttempt {
		t.Errorf("%d connections", connections)
	}
}

// counted counts what is written and sends nothing.
type counted struct {
	net.Conn
	n *int
}

func (c counted) Write(b []byte) (int, error) {
	*c.n++
	return len(b), nil
}
