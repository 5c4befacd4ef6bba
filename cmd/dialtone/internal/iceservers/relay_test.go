package iceservers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/logging"
	"github.com/pion/turn/v5"
	"go.uber.org/goleak"

	"dialtone/diag/lab"
	"dialtone/diag/probe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// logged collects the lines of a log.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// wantOnce checks that a kind of refusal has one line, with a text in it.
func (l *logged) wantOnce(t *testing.T, kind, with string) {
	t.Helper()
	all := l.String()
	if n := strings.Count(all, kind); n != 1 || !strings.Contains(all, with) {
		t.Errorf("%d lines say %q, want one with %q:\n%s", n, kind, with, all)
	}
}

func startRelay(t *testing.T, o RelayOptions) (*Relay, *logged) {
	t.Helper()
	log := &logged{}
	if !o.Listen.IsValid() {
		o.Listen = netip.MustParseAddrPort("127.0.0.1:0")
	}
	o.User, o.Password, o.Log = "ann", "secret", slog.New(slog.NewTextHandler(log, nil))
	r, err := StartRelay(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r, log
}

// client connects to a relay, over UDP or TCP.
func client(t *testing.T, r *Relay, over lab.Transport, user, password string) *turn.Client {
	t.Helper()
	to := r.Addr(over).String()
	var pc net.PacketConn
	if over == lab.TCP {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", to)
		if err != nil {
			t.Fatal(err)
		}
		pc = turn.NewSTUNConn(c)
	} else {
		var err error
		if pc, err = (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
	}
	c, err := turn.NewClient(&turn.ClientConfig{
		STUNServerAddr: to, TURNServerAddr: to, Conn: pc, Username: user, Password: password,
		LoggerFactory: &logging.DefaultLoggerFactory{Writer: io.Discard},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Listen(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		_ = pc.Close()
	})
	return c
}

func allocate(t *testing.T, c *turn.Client) net.PacketConn {
	t.Helper()
	pc, err := c.Allocate()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.Close() })
	return pc
}

// TestNoOpenRelay: no byte reaches an address that is not on the Internet, unless it was asked for.
func TestNoOpenRelay(t *testing.T) {
	victim, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = victim.Close() }()
	port := victim.LocalAddr().(*net.UDPAddr).Port //nolint:forcetypeassert // it is one
	r, log := startRelay(t, RelayOptions{})
	relayed := allocate(t, client(t, r, lab.UDP, "ann", "secret"))
	denied := []string{
		"127.0.0.1", "127.0.0.53", "0.0.0.0", "10.0.0.7", "172.16.3.4", "192.168.1.1", "169.254.1.1", "169.254.169.254",
		"100.64.0.9", "100.100.100.200", "168.63.129.16", "192.0.0.192", "224.0.0.251", "255.255.255.255",
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range own {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() {
			denied = append(denied, p.Addr().String())
		}
	}
	for _, ip := range denied {
		if _, err := relayed.WriteTo([]byte("attack"), &net.UDPAddr{IP: net.ParseIP(ip), Port: port}); err == nil && ip != "127.0.0.1" {
			t.Errorf("%s has a permission", ip) // that of the relay's own address is for other allocations
		}
	}
	// Whatever was let through has arrived before this.
	last, err := (&net.Dialer{}).DialContext(t.Context(), "udp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = last.Close() }()
	other := allocate(t, client(t, r, lab.UDP, "ann", "secret"))
	echo(t, relayed, other) // the relay has handled all that came before
	if _, err := last.Write([]byte("end")); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 100)
	if n, _, err := victim.ReadFrom(b); err != nil || string(b[:n]) != "end" {
		t.Errorf("the victim got %q, %v", b[:n], err)
	}
	log.wantOnce(t, "TURN refused a peer: private", "--turn-allow 10.0.0.0/24")
	log.wantOnce(t, "TURN refused a peer: metadata service", "--turn-allow 169.254.169.254/32")
	log.wantOnce(t, "TURN refused a peer: link-local", "169.254.1.1")
	log.wantOnce(t, "TURN refused a peer: this machine", "--turn-allow")
}

// echo sends from one allocation to another, by way of the relay alone.
func echo(t *testing.T, from, to net.PacketConn) {
	t.Helper()
	if _, err := to.WriteTo([]byte("open"), from.LocalAddr()); err != nil { // it makes the permission
		t.Fatal(err)
	}
	if _, err := from.WriteTo([]byte("hello"), to.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	_ = to.SetReadDeadline(time.Now().Add(10 * time.Second))
	b := make([]byte, 100)
	if n, _, err := to.ReadFrom(b); err != nil || string(b[:n]) != "hello" {
		t.Fatalf("the other allocation got %q, %v", b[:n], err)
	}
}

// TestNamedNetwork: what --turn-allow names is reached.
func TestNamedNetwork(t *testing.T) {
	peer, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = peer.Close() }()
	r, _ := startRelay(t, RelayOptions{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	relayed := allocate(t, client(t, r, lab.UDP, "ann", "secret"))
	if _, err := relayed.WriteTo([]byte("hello"), peer.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 100)
	_ = peer.SetReadDeadline(time.Now().Add(10 * time.Second))
	if n, _, err := peer.ReadFrom(b); err != nil || string(b[:n]) != "hello" {
		t.Errorf("got %q, %v", b[:n], err)
	}
}

// TestTCPAllocations: RFC 6062 is off; when it is on, the same addresses are denied.
func TestTCPAllocations(t *testing.T) {
	victim, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = victim.Close() }()
	off, log := startRelay(t, RelayOptions{})
	if _, err := client(t, off, lab.TCP, "ann", "secret").AllocateTCP(); err == nil {
		t.Error("a TCP allocation was made")
	}
	log.wantOnce(t, "TURN refused an allocation: TCP", "--turn-tcp")
	on, _ := startRelay(t, RelayOptions{TCP: true})
	relayed, err := client(t, on, lab.TCP, "ann", "secret").AllocateTCP()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = relayed.Close() }()
	if c, err := relayed.Dial("tcp", victim.Addr().String()); err == nil {
		_ = c.Close()
		t.Error("a service of this machine was reached")
	}
}

// TestConnectionsOfATCPRelay: they are bounded, whoever makes them, and one that is closed makes room.
func TestConnectionsOfATCPRelay(t *testing.T) {
	r, log := startRelay(t, RelayOptions{
		TCP: true, ConnectionsPerAddress: -1, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
	})
	relayed, err := client(t, r, lab.TCP, "ann", "secret").AllocateTCP()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = relayed.Close() }()
	dial := func() (net.Conn, error) { // each to another peer: there is one connection with each (RFC 6062 §5.2)
		peer, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp4", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		t.Cleanup(func() { _ = peer.Close() })
		c, err := relayed.Dial("tcp", peer.Addr().String())
		if err == nil {
			t.Cleanup(func() { _ = c.Close() })
		}
		return c, err
	}
	first, err := dial()
	if err != nil {
		t.Fatal(err)
	}
	for n := range maxConnections - 2 {
		if _, err := dial(); err != nil {
			t.Fatalf("connection %d: %v", n, err)
		}
	}
	dialTCP(t, relayed.Addr())
	dialTCP(t, relayed.Addr()) // one of the two is refused
	waitFor(t, func() bool { return strings.Contains(log.String(), "TURN refused a connection with a peer") })
	log.wantOnce(t, "TURN refused a connection with a peer", "limit=64")
	if _, err := dial(); err == nil {
		t.Error("there is no limit")
	}
	_ = first.Close()
	waitFor(t, func() bool { _, err := dial(); return err == nil })
}

func dialTCP(t *testing.T, to net.Addr) {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp4", to.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
}

// TestQuotas: allocations are bounded in all, by address and by account, and a place that becomes free is given again.
func TestQuotas(t *testing.T) {
	for name, test := range map[string]struct {
		options RelayOptions
		says    string
	}{
		"in all":     {RelayOptions{Allocations: 2}, "--turn-max-allocations"},
		"by address": {RelayOptions{PerAddress: 2}, "--turn-max-per-address"},
		"by account": {RelayOptions{PerUser: 2}, "--turn-max-per-user"},
	} {
		t.Run(name, func(t *testing.T) {
			r, log := startRelay(t, test.options)
			user, password := r.Account("pair")
			first := allocate(t, client(t, r, lab.UDP, user, password))
			allocate(t, client(t, r, lab.TCP, user, password))
			third := client(t, r, lab.UDP, user, password)
			if _, err := third.Allocate(); err == nil || !strings.Contains(err.Error(), "486") {
				t.Fatalf("a third allocation: %v", err)
			}
			log.wantOnce(t, "TURN refused an allocation", test.says)
			if err := first.Close(); err != nil {
				t.Fatal(err)
			}
			waitFor(t, func() bool { return r.Allocations() == 1 })
			allocate(t, third)
		})
	}
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatal("it does not happen")
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// TestFailedAllocationsAreNotCounted: a refusal after the check of the quota takes no place.
func TestFailedAllocationsAreNotCounted(t *testing.T) {
	r, _ := startRelay(t, RelayOptions{Allocations: 2})
	for range 5 {
		if _, err := client(t, r, lab.TCP, "ann", "secret").AllocateTCP(); err == nil {
			t.Fatal("a TCP allocation was made")
		}
		waitFor(t, func() bool { // the client has its answer before the server has the error
			r.mu.Lock()
			defer r.mu.Unlock()
			return r.all == 0
		})
	}
	allocate(t, client(t, r, lab.UDP, "ann", "secret"))
	allocate(t, client(t, r, lab.UDP, "ann", "secret"))
}

// TestConnectionsWithoutAccount: TCP connections end that have no allocation; those that have one stay.
func TestConnectionsWithoutAccount(t *testing.T) {
	r, log := startRelay(t, RelayOptions{AccountTime: 300 * time.Millisecond})
	relayed := allocate(t, client(t, r, lab.TCP, "ann", "secret"))
	for kind, first := range map[string]string{"silent": "", "binding": "\x00\x01\x00\x00\x21\x12\xa4\x42abcdefghijkl", "garbage": "\x00"} {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", r.Addr(lab.TCP).String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, first); err != nil {
			t.Fatal(err)
		}
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: still there", kind)
		}
		_ = c.Close()
	}
	log.wantOnce(t, "TURN closed a connection without an allocation", "")
	echo(t, relayed, allocate(t, client(t, r, lab.UDP, "ann", "secret"))) // its connection has outlived them
}

// TestConnectionsOfAClient: connections are bounded by client and in all. Those without an allocation make room for
// others, and those with one stay.
func TestConnectionsOfAClient(t *testing.T) {
	for name, test := range map[string]struct {
		options RelayOptions
		flag    string
	}{
		"of an address": {RelayOptions{ConnectionsPerAddress: 3}, "--turn-max-connections-per-address"},
		"in all":        {RelayOptions{Connections: 3}, "--turn-max-connections"},
	} {
		t.Run(name, func(t *testing.T) {
			r, log := startRelay(t, test.options)
			relayed := allocate(t, client(t, r, lab.TCP, "ann", "secret"))
			for range 20 {
				c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", r.Addr(lab.TCP).String())
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = c.Close() })
			}
			waitFor(t, func() bool { return strings.Contains(log.String(), "TURN closed the oldest connection") })
			log.wantOnce(t, "TURN closed the oldest connection without an allocation", test.flag)
			second, third := client(t, r, lab.TCP, "ann", "secret"), client(t, r, lab.TCP, "ann", "secret")
			echo(t, relayed, allocate(t, second))
			allocate(t, third)
			if c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", r.Addr(lab.TCP).String()); err == nil {
				if _, err := c.Read(make([]byte, 1)); err == nil {
					t.Error("a fourth connection beside three with allocations is served")
				}
				_ = c.Close()
			}
			log.wantOnce(t, "TURN refused a connection", test.flag)
			r.mu.Lock()
			defer r.mu.Unlock()
			if len(r.streams) != 3 {
				t.Errorf("%d connections are held", len(r.streams))
			}
		})
	}
}

// TestBitrate: an allocation that sends too fast loses data, and the log says so.
func TestBitrate(t *testing.T) {
	r, log := startRelay(t, RelayOptions{Bitrate: 80_000}) // 10,000 bytes each second
	from, to := allocate(t, client(t, r, lab.UDP, "ann", "secret")), allocate(t, client(t, r, lab.UDP, "ann", "secret"))
	echo(t, from, to)
	for range 100 {
		if _, err := from.WriteTo(make([]byte, 1000), to.LocalAddr()); err != nil {
			t.Fatal(err)
		}
	}
	waitFor(t, func() bool { return strings.Contains(log.String(), "TURN dropped data: an allocation") })
	log.wantOnce(t, "TURN dropped data: an allocation exceeds its bitrate", "--turn-max-bitrate")
	slow, _ := startRelay(t, RelayOptions{Bitrate: 8000}) // the largest datagram fits nevertheless
	if !newPace(slow.o.Bitrate).allows(maxDatagram) {
		t.Error("a large datagram never passes")
	}
}

// TestBitrateOfTCP: what a TCP relay carries has the same limit, both ways; nothing of it is lost, and a connection
// that is closed waits for nothing.
func TestBitrateOfTCP(t *testing.T) {
	const rate = 16 << 10 // bytes each second
	r := &Relay{o: RelayOptions{Bitrate: 8 * rate}, pace: newPace(-1), listeners: map[uint16]*tcpRelay{}}
	for name, transfer := range map[string]func(paced, peer net.Conn, data []byte) error{
		"to the peer": func(paced, peer net.Conn, data []byte) error {
			go func() { _, _ = io.Copy(io.Discard, peer) }()
			_, err := paced.Write(data)
			return err
		},
		"from the peer": func(paced, peer net.Conn, data []byte) error {
			go func() { _, _ = peer.Write(data) }()
			_, err := io.ReadFull(paced, make([]byte, len(data)))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				defer func() { _ = far.Close() }()
				relay := r.newTCPRelay(nil, nil)
				paced, began := relay.paced(near), time.Now()
				if err := transfer(paced, far, make([]byte, maxDatagram+10*rate)); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began).Round(time.Second); took != 10*time.Second {
					t.Errorf("it took %v", took)
				}
				other, peer := net.Pipe()
				defer func() { _ = peer.Close() }()
				began = time.Now()
				if err := transfer(relay.paced(other), peer, make([]byte, 10*rate)); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began).Round(time.Second); took != 10*time.Second {
					t.Errorf("beside another connection it took %v", took)
				}
				time.AfterFunc(time.Second, func() { _ = paced.Close() })
				if err := transfer(paced, far, make([]byte, 10*rate)); err == nil {
					t.Error("a closed connection carries data")
				}
			})
		})
	}
}

// TestAccounts: accounts of pairs end; an allocation outlives its account.
func TestAccounts(t *testing.T) {
	r, log := startRelay(t, RelayOptions{})
	user, password := r.Account("pair")
	allocate(t, client(t, r, lab.UDP, user, password))
	for name, one := range map[string][2]string{
		"another password": {user, "guess"}, "another pair": {strings.Replace(user, "pair", "other", 1), password},
		"no account": {"bob", "secret"}, "the operator's, wrong": {"ann", "guess"},
	} {
		if _, err := client(t, r, lab.UDP, one[0], one[1]).Allocate(); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	old, oldPassword := probe.SharedSecret(r.secret, "pair", time.Now().Add(-2*accountLife))
	if _, err := client(t, r, lab.UDP, old, oldPassword).Allocate(); err == nil {
		t.Error("an account that has expired is accepted")
	}
	log.wantOnce(t, "TURN refused an account: it has expired", "")
	from := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9}
	r.created(from, "pair", nil)
	if name, _, ok := r.authenticate(&turn.RequestAttributes{Username: old, Realm: realm, SrcAddr: from}); !ok || name != "pair" {
		t.Error("the refresh of an allocation is refused when its account has expired")
	}
}
