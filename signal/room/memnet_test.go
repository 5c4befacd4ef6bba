package room

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/signal/web"
)

// memNet is a network in memory, so that tests run on a clock of their own.
type memNet struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once

	mu   sync.Mutex
	wrap func(net.Conn) (net.Conn, error) // what happens to a new connection, client side
	open map[net.Conn]struct{}
}

func newMemNet() *memNet {
	return &memNet{conns: make(chan net.Conn), closed: make(chan struct{}), open: make(map[net.Conn]struct{})}
}

func (n *memNet) Accept() (net.Conn, error) {
	select {
	case c := <-n.conns:
		return c, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

func (n *memNet) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8000} }

func (n *memNet) Close() error {
	n.once.Do(func() { close(n.closed) })
	return nil
}

// kill is what remains of a server that was killed: no connection, no listener.
func (n *memNet) kill() {
	_ = n.Close()
	n.mu.Lock()
	defer n.mu.Unlock()
	for c := range n.open {
		_ = c.Close()
	}
}

func (n *memNet) onDial(wrap func(net.Conn) (net.Conn, error)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.wrap = wrap
}

func (n *memNet) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	n.mu.Lock()
	wrap := n.wrap
	n.mu.Unlock()
	conn := net.Conn(here)
	if wrap != nil {
		var err error
		if conn, err = wrap(here); err != nil {
			return nil, err
		}
	}
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	select {
	case <-n.closed:
		return nil, refused
	default:
	}
	select {
	case n.conns <- tcpPipe{there}:
	case <-n.closed:
		return nil, refused
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.open[there] = struct{}{}
	return conn, nil
}

// tcpPipe gives a pipe an address that a server can count by.
type tcpPipe struct{ net.Conn }

func (tcpPipe) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// inBubble runs a test against a handler on a clock of its own.
func inBubble(t *testing.T, handler http.Handler, test func(t *testing.T, n *memNet, o Options)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := newMemNet()
		server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
		served := make(chan error, 1)
		go func() { served <- server.Serve(n) }()
		defer func() {
			n.kill()
			_ = server.Close()
			if err := <-served; !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
				t.Errorf("serve: %v", err)
			}
			if end, ok := handler.(interface{ Close() }); ok {
				end.Close()
			}
			time.Sleep(time.Minute) // handlers that think come to their end
		}()
		test(t, n, Options{Server: "127.0.0.1", Code: "w1", Options: web.Options{Trust: web.Trust{Dial: n.dial}}})
	})
}
