package check

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/transport/v5"
	"github.com/pion/transport/v5/stdnet"
)

// sieve is the system's network without the datagrams that drop chooses; it is asked before each is sent.
type sieve struct {
	transport.Net
	drop func(b []byte) bool
}

func newSieve(t *testing.T, drop func(b []byte) bool) *sieve {
	t.Helper()
	n, err := stdnet.NewNet()
	if err != nil {
		t.Fatal(err)
	}
	return &sieve{Net: n, drop: drop}
}

func (s *sieve) ListenUDP(network string, addr *net.UDPAddr) (transport.UDPConn, error) {
	conn, err := s.Net.ListenUDP(network, addr)
	return &sieveConn{conn, s}, err
}

type sieveConn struct {
	transport.UDPConn
	sieve *sieve
}

func (c *sieveConn) WriteTo(b []byte, to net.Addr) (int, error) {
	if c.sieve.drop(b) {
		return len(b), nil
	}
	return c.UDPConn.WriteTo(b, to)
}

// isRTP tells media by its first bytes (RFC 7983, RFC 5761).
func isRTP(b []byte) bool {
	return len(b) > 1 && b[0] >= 128 && b[0] < 192 && (b[1] < 192 || b[1] > 223)
}

// isDTLS tells records of one type: 22 are handshakes, 23 is application data.
func isDTLS(b []byte, contentType byte) bool { return len(b) > 0 && b[0] == contentType }

// after drops what chosen picks once it has first picked something that long ago.
func after(d time.Duration, chosen func([]byte) bool) func([]byte) bool {
	var once sync.Once
	var begun time.Time
	return func(b []byte) bool {
		if !chosen(b) {
			return false
		}
		once.Do(func() { begun = time.Now() })
		return time.Since(begun) > d
	}
}

// threeOfTen drops three of ten of the chosen, evenly.
func threeOfTen(chosen func([]byte) bool) func([]byte) bool {
	var n atomic.Int64
	return func(b []byte) bool { return chosen(b) && n.Add(1)*7%10 < 3 }
}
