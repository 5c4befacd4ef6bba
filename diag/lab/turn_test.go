package lab

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pion/logging"
	"github.com/pion/turn/v5"
)

func dial(t *testing.T, network, addr string) net.Conn {
	t.Helper()
	var d net.Dialer
	c, err := d.DialContext(t.Context(), network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

// client is pion's TURN client on a socket of its own.
func client(t *testing.T, server string, pc net.PacketConn) *turn.Client {
	t.Helper()
	c, err := turn.NewClient(&turn.ClientConfig{
		STUNServerAddr: server, TURNServerAddr: server, Conn: pc, Username: "alice", Password: "secret",
		LoggerFactory: &logging.DefaultLoggerFactory{Writer: io.Discard},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if err := c.Listen(); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestRelay sends data to a peer on loopback and back, over UDP, TCP and TLS.
func TestRelay(t *testing.T) {
	s, err := StartTURN(TURNOptions{UDP: true, TCP: true, TLS: true, Username: "alice", Password: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	conns := map[Transport]net.PacketConn{
		TCP: turn.NewSTUNConn(dial(t, "tcp", s.Addr(TCP).String())),
		TLS: turn.NewSTUNConn(tls.Client(dial(t, "tcp", s.Addr(TLS).String()), &tls.Config{RootCAs: s.Certificate().Pool, ServerName: "127.0.0.1"})),
	}
	if conns[UDP], err = listenPacket("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	var relays []net.PacketConn
	for tr, conn := range conns {
		relay, err := client(t, s.Addr(tr).String(), conn).Allocate()
		if err != nil {
			t.Fatal(tr, err)
		}
		relays = append(relays, relay)
		echo(t, relay)
	}
	if n := s.Allocations(); n != len(conns) {
		t.Errorf("%d allocations, want %d", n, len(conns))
	}
	// With allocations and connections still open.
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := conns[TCP].(*turn.STUNConn).Conn().Write([]byte{0}); err == nil {
		// The first write after the other side closed may still succeed.
		_, _, err = conns[TCP].ReadFrom(make([]byte, 10))
		if err == nil {
			t.Error("the connection is still open")
		}
	}
	for _, conn := range conns {
		_ = conn.Close()
	}
	for _, relay := range relays {
		_ = relay.Close() // it cannot say good-bye any more
	}
}

// echo sends a datagram through a relay to a socket here, and one back.
func echo(t *testing.T, relay net.PacketConn) {
	t.Helper()
	peer, err := listenPacket("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = peer.Close() }()
	deadline := time.Now().Add(20 * time.Second)
	if err := errors.Join(peer.SetDeadline(deadline), relay.SetDeadline(deadline)); err != nil {
		t.Fatal(err)
	}
	if _, err := relay.WriteTo([]byte("there"), peer.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 100)
	n, from, err := peer.ReadFrom(b)
	if err != nil || string(b[:n]) != "there" || from.String() != relay.LocalAddr().String() {
		t.Fatalf("%q from %v, %v", b[:n], from, err)
	}
	if _, err := peer.WriteTo([]byte("and back"), from); err != nil {
		t.Fatal(err)
	}
	if n, _, err = relay.ReadFrom(b); err != nil || string(b[:n]) != "and back" {
		t.Fatalf("%q, %v", b[:n], err)
	}
}

// TestQuota takes one allocation more than there are.
func TestQuota(t *testing.T) {
	s, err := StartTURN(TURNOptions{Username: "alice", Password: "secret", MaxAllocations: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	allocate := func() (net.PacketConn, error) {
		pc, err := listenPacket("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = pc.Close() })
		return client(t, s.Addr(UDP).String(), pc).Allocate()
	}
	relay, err := allocate()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := relay.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := allocate(); err == nil || !strings.Contains(err.Error(), "486") {
		t.Errorf("the second allocation: %v", err)
	}
}

func TestURLs(t *testing.T) {
	s, err := StartTURN(TURNOptions{UDP: true, TCP: true, TLS: true, DTLS: true, Username: "alice", Password: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	plain, tlsAddr, dtlsAddr := s.Addr(UDP).String(), s.Addr(TLS).String(), s.Addr(DTLS).String()
	if s.Addr(TCP).String() != plain {
		t.Errorf("UDP at %s, TCP at %s", plain, s.Addr(TCP))
	}
	want := []string{
		"turn:" + plain + "?transport=udp", "turn:" + plain + "?transport=tcp",
		"turns:" + tlsAddr + "?transport=tcp", "turns:" + dtlsAddr + "?transport=udp",
	}
	if diff := cmp.Diff(want, s.URLs()); diff != "" {
		t.Error(diff)
	}
	if s.STUN() != "stun:"+plain {
		t.Error(s.STUN())
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}

	// The ports are free again, and a server without UDP has other URLs.
	again, err := StartTURN(TURNOptions{Listen: plain, TCP: true})
	if err != nil {
		t.Fatal(err)
	}
	if again.STUN() != "stun:"+plain+"?transport=tcp" || again.URL(UDP) != "" || again.Addr(UDP) != nil || again.Certificate() != nil {
		t.Errorf("%s, %v", again.STUN(), again.URLs())
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

func TestStartTURNRefuses(t *testing.T) {
	for name, o := range map[string]TURNOptions{
		"a name":           {Listen: "localhost:0"},
		"no port":          {Listen: "127.0.0.1"},
		"no relay address": {Listen: "0.0.0.0:0"},
	} {
		if s, err := StartTURN(o); !errors.Is(err, ErrOptions) {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
	s, err := StartTURN(TURNOptions{Listen: "0.0.0.0:0", RelayIP: netip.MustParseAddr("192.0.2.1")})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	taken, err := listenStream("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	if s, err := StartTURN(TURNOptions{Listen: taken.Addr().String(), UDP: true, TCP: true}); err == nil {
		t.Errorf("a taken port: %v", s.URLs())
	}
}

// TestCertificate connects with and without trust.
func TestCertificate(t *testing.T) {
	good, err := NewCertificate(CertificateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tls.X509KeyPair(good.CertPEM, good.KeyPEM); err != nil {
		t.Error(err)
	}
	expired, err := NewCertificate(CertificateOptions{NotAfter: time.Now().Add(-time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		served *Certificate
		config *tls.Config
		ok     bool
	}{
		{"good", good, &tls.Config{RootCAs: good.Pool, ServerName: "localhost"}, true},
		{"by address", good, &tls.Config{RootCAs: good.Pool, ServerName: "127.0.0.1"}, true},
		{"other name", good, &tls.Config{RootCAs: good.Pool, ServerName: "example.org"}, false},
		{"unknown authority", good, &tls.Config{RootCAs: expired.Pool, ServerName: "localhost"}, false},
		{"expired", expired, &tls.Config{RootCAs: expired.Pool, ServerName: "localhost"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := StartFault(Fault{Network: TLS, Behavior: Silent, Certificate: tt.served})
			if err != nil {
				t.Fatal(err)
			}
			c := tls.Client(dial(t, "tcp", s.Addr()), tt.config)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			if err := c.HandshakeContext(ctx); (err == nil) != tt.ok {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
