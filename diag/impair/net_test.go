package impair

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"github.com/pion/transport/v5"

	"dialtone/diag"
)

// sockets are two on the loopback interface, the first of them impaired.
func sockets(t *testing.T, list ...diag.Impairment) (n *Net, impaired transport.UDPConn, plain *net.UDPConn) {
	t.Helper()
	n, err := New(nil, list)
	if err != nil {
		t.Fatal(err)
	}
	here := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}
	if impaired, err = n.ListenUDP("udp4", here); err != nil {
		t.Fatal(err)
	}
	if plain, err = net.ListenUDP("udp4", here); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = impaired.Close(), plain.Close() })
	return n, impaired, plain
}

func TestDelayBothWays(t *testing.T) {
	const delay = 60 * time.Millisecond
	n, a, b := sockets(t, diag.Impairment{DelayMs: diag.Millis(delay)})
	begun := time.Now()
	if _, err := a.WriteTo([]byte("there"), b.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	size, from, err := b.ReadFrom(buf)
	if took := time.Since(begun); err != nil || string(buf[:size]) != "there" || took < delay {
		t.Fatalf("%q after %v, %v", buf[:size], took, err)
	}
	begun = time.Now()
	if _, err := b.WriteTo([]byte("back"), from); err != nil {
		t.Fatal(err)
	}
	size, from, err = a.ReadFrom(buf)
	if took := time.Since(begun); err != nil || string(buf[:size]) != "back" || took < delay ||
		from.String() != b.LocalAddr().String() {
		t.Fatalf("%q from %v after %v, %v", buf[:size], from, took, err)
	}
	if c := n.Counts(); c.Inbound.Delayed != 1 || c.Outbound.Delayed != 1 || c.Inbound.Packets != 1 {
		t.Errorf("%+v", c)
	}
}

func TestLossIsCountedByStream(t *testing.T) {
	n, a, b := sockets(t, diag.Impairment{Loss: 1, Direction: diag.Outbound})
	rtp := []byte{0x80, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 7, 1}
	for range 3 {
		if size, err := a.WriteTo(rtp, b.LocalAddr()); err != nil || size != len(rtp) {
			t.Fatal(size, err)
		}
	}
	n.Set() // from here on everything passes
	if _, err := a.WriteTo(rtp, b.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	if size, err := b.Read(make([]byte, 100)); err != nil || size != len(rtp) {
		t.Fatal(size, err)
	}
	c := n.Counts().Outbound
	if s, known := c.Stream(7); !known || s.Packets != 4 || s.Dropped != 3 || c.Lost != 3 || c.Dropped() != 3 {
		t.Errorf("%+v", c)
	}
}

// TestWaitingIsBounded: what finds no place to wait is lost, and counted.
func TestWaitingIsBounded(t *testing.T) {
	n, a, b := sockets(t, diag.Impairment{DelayMs: ms(9000), Direction: diag.Outbound})
	rtp := make([]byte, 60_000)
	rtp[0], rtp[1], rtp[11] = 0x80, 96, 7
	most := uint64(maxWaiting / cost(rtp))
	for range most + 5 {
		if _, err := a.WriteTo(rtp, b.LocalAddr()); err != nil {
			t.Fatal(err)
		}
	}
	c := n.Counts().Outbound
	if s, _ := c.Stream(7); c.Queue != 5 || s.Dropped != 5 || s.Packets != most+5 {
		t.Errorf("%+v", c)
	}
}

func TestDuplicatesArriveTwice(t *testing.T) {
	_, a, b := sockets(t, diag.Impairment{Duplicate: 1, Direction: diag.Inbound})
	if _, err := b.WriteTo([]byte("x"), a.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if size, err := a.Read(make([]byte, 10)); size != 1 || err != nil {
			t.Fatal(size, err)
		}
	}
}

func TestReadDeadline(t *testing.T) {
	_, a, b := sockets(t, diag.Impairment{DelayMs: ms(300)})
	if _, err := b.WriteTo([]byte("x"), a.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	_ = a.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	if _, err := a.Read(make([]byte, 10)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("a read before the packet is due: %v", err)
	}
	_ = a.SetReadDeadline(time.Time{})
	if size, err := a.Read(make([]byte, 10)); size != 1 || err != nil {
		t.Fatalf("the packet is gone: %d, %v", size, err)
	}
	reads := make(chan error)
	go func() {
		_, err := a.Read(make([]byte, 10))
		reads <- err
	}()
	_ = a.SetReadDeadline(time.Unix(1, 0)) // ends a read that waits
	if err := <-reads; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
}

func TestCloseSendsTheGoodbye(t *testing.T) {
	_, a, b := sockets(t, diag.Impairment{DelayMs: ms(5000)})
	if _, err := a.WriteTo([]byte("bye"), b.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 10)
	if size, err := b.Read(buf); err != nil || string(buf[:size]) != "bye" {
		t.Fatal(size, err)
	}
	if _, err := a.WriteTo([]byte("x"), b.LocalAddr()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a closed socket sends: %v", err)
	}
}
