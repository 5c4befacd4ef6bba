package lab

import (
	"errors"
	"io"
	"net"
	"sync"
)

// sockets are all open sockets of a server. Closing it closes them all, and waits until no goroutine reads from one any
// more. pion's TURN server needs that: its own Close neither closes accepted connections nor waits for its loops.
type sockets struct {
	mu      sync.Mutex
	idle    *sync.Cond // readers is 0
	open    map[io.Closer]struct{}
	readers int
	closed  bool
}

func newSockets() *sockets {
	s := &sockets{open: map[io.Closer]struct{}{}}
	s.idle = sync.NewCond(&s.mu)
	return s
}

// add adds a socket. It returns false after close: then the caller closes the socket.
func (s *sockets) add(c io.Closer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.open[c] = struct{}{}
	return true
}

// remove removes a socket that its user closed.
func (s *sockets) remove(c io.Closer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
}

// reading marks the caller as a reader until the function that it returns is called.
func (s *sockets) reading() (done func()) {
	s.mu.Lock()
	s.readers++
	s.mu.Unlock()
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.readers--
		if s.readers == 0 {
			s.idle.Broadcast()
		}
	}
}

// close closes all sockets and waits for their readers. It may be called again.
func (s *sockets) close() error {
	s.mu.Lock()
	s.closed = true
	list := make([]io.Closer, 0, len(s.open))
	for c := range s.open {
		list = append(list, c)
	}
	clear(s.open)
	s.mu.Unlock()

	var errs []error
	for _, c := range list {
		err := c.Close()
		if _, ok := c.(*conn); ok || errors.Is(err, net.ErrClosed) {
			continue // the client caused this error
		}
		errs = append(errs, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.readers > 0 {
		s.idle.Wait()
	}
	return errors.Join(errs...)
}

// packetConn is a net.PacketConn that is one of the sockets.
type packetConn struct {
	net.PacketConn
	opened *sockets
}

// trackPacket adds pc.
func (s *sockets) trackPacket(pc net.PacketConn) (net.PacketConn, error) {
	c := &packetConn{PacketConn: pc, opened: s}
	if !s.add(c) {
		return nil, errors.Join(net.ErrClosed, pc.Close())
	}
	return c, nil
}

func (c *packetConn) ReadFrom(b []byte) (int, net.Addr, error) {
	defer c.opened.reading()()
	return c.PacketConn.ReadFrom(b)
}

func (c *packetConn) Close() error {
	c.opened.remove(c)
	return c.PacketConn.Close()
}

// conn is a net.Conn that is one of the sockets.
type conn struct {
	net.Conn
	opened *sockets
}

func (c *conn) Read(b []byte) (int, error) {
	defer c.opened.reading()()
	return c.Conn.Read(b)
}

func (c *conn) Close() error {
	c.opened.remove(c)
	return c.Conn.Close()
}

// listener is a net.Listener that is one of the sockets, as are all connections that it accepts.
type listener struct {
	net.Listener
	opened *sockets
	wrap   func(net.Conn) net.Conn // nil: as accepted
}

// trackListener adds l and its future connections, each in the wrapper that wrap returns if it is not nil.
func (s *sockets) trackListener(l net.Listener, wrap func(net.Conn) net.Conn) (net.Listener, error) {
	c := &listener{Listener: l, opened: s, wrap: wrap}
	if !s.add(c) {
		return nil, errors.Join(net.ErrClosed, l.Close())
	}
	return c, nil
}

func (l *listener) Accept() (net.Conn, error) {
	defer l.opened.reading()()
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if l.wrap != nil {
		nc = l.wrap(nc)
	}
	c := &conn{Conn: nc, opened: l.opened}
	if !l.opened.add(c) {
		return nil, errors.Join(net.ErrClosed, nc.Close())
	}
	return c, nil
}

func (l *listener) Close() error {
	l.opened.remove(l)
	return l.Listener.Close()
}
