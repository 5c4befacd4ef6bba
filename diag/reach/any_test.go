package reach

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/iceurl"
)

// udpEcho answers each datagram on 127.0.0.1, or none.
func udpEcho(t *testing.T, answers bool) netip.AddrPort {
	t.Helper()
	pc, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 100)
		for {
			n, from, err := pc.ReadFrom(b)
			if err != nil {
				return
			}
			if answers {
				_, _ = pc.WriteTo(b[:n], from)
			}
		}
	}()
	t.Cleanup(func() {
		_ = pc.Close()
		<-done
	})
	return netip.MustParseAddrPort(pc.LocalAddr().String())
}

// closed is a port at which nothing listens.
func closed(t *testing.T) netip.AddrPort {
	t.Helper()
	pc, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = pc.Close()
	return netip.MustParseAddrPort(pc.LocalAddr().String())
}

func plainDialer() *Dialer {
	return &Dialer{Step: func(_ context.Context, _ diag.StageName, try func(*diag.Stage) error) error {
		return try(&diag.Stage{})
	}}
}

// TestRace: of several addresses the one that answers is used, over UDP and TCP, and no socket is left.
func TestRace(t *testing.T) {
	dead, silent, alive := closed(t), udpEcho(t, false), udpEcho(t, true)
	udp := iceurl.URL{Scheme: iceurl.TURN, UDP: true}
	for name, to := range map[string][]netip.AddrPort{
		"first": {alive, silent}, "after a silent one": {silent, alive}, "after a closed port": {dead, alive}, "after both": {dead, silent, alive},
	} {
		conn, err := plainDialer().Any(t.Context(), udp, endpoints(to))
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 10)
		for _, word := range []string{"one", "two"} {
			if _, err := conn.Write([]byte(word)); err != nil {
				t.Error(name, err)
			}
			if n, err := conn.Read(b); err != nil || string(b[:n]) != word {
				t.Errorf("%s: %q, %v", name, b[:n], err)
			}
		}
		if conn.RemoteAddr().String() != alive.String() {
			t.Errorf("%s: %v has won", name, conn.RemoteAddr())
		}
		if err := conn.Close(); err != nil {
			t.Error(name, err)
		}
	}
	conn, err := plainDialer().Any(t.Context(), udp, endpoints([]netip.AddrPort{silent, silent}))
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(50*time.Millisecond, func() { _ = conn.Close() })
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("a closed connection was read")
	}
}

func endpoints(to []netip.AddrPort) (out []Endpoint) {
	for _, a := range to {
		out = append(out, Endpoint{Addr: a})
	}
	return out
}

// TestAnyStream: over TCP the first address that connects, and of none the errors of all.
func TestAnyStream(t *testing.T) {
	alive := netip.MustParseAddrPort(tcpServer(t, func(conn net.Conn) { _, _ = conn.Read(make([]byte, 1)) }))
	tcp := iceurl.URL{Scheme: iceurl.TURN}
	conn, err := plainDialer().Any(t.Context(), tcp, endpoints([]netip.AddrPort{closed(t), alive, alive}))
	if err != nil {
		t.Fatal(err)
	}
	if conn.RemoteAddr().String() != alive.String() {
		t.Error(conn.RemoteAddr())
	}
	_ = conn.Close()
	if _, err := plainDialer().Any(t.Context(), tcp, endpoints([]netip.AddrPort{closed(t), closed(t)})); !IsRefused(err) {
		t.Error(err)
	}
}
