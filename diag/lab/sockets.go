package lab

import (
	"errors"
	"io"
	"net"
	"sync"
)

// sockets holds every socket that a server has open. Closing it closes them all, and waits until nobody reads from one
// any more. pion's TURN server needs that: its own Close neither closes accepted connections nor waits for its loops.
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

// add takes a socket into care; once closed it refuses, and the caller closes the socket.
func (s *sockets) add(c io.Closer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.open[c] = struct{}{}
	return true
}

// remove forgets a socket that its user closed.
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
			continue // what a connection says at its end is the other side's doing
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

// packetConn is a net.PacketConn in care of sockets.
type packetConn struct {
	net.PacketConn
	care *sockets
}

// carePacket takes pc into care.
func (s *sockets) carePacket(pc net.PacketConn) (net.PacketConn, error) {
	c := &packetConn{PacketConn: pc, care: s}
	if !s.add(c) {
		return nil, errors.Join(net.ErrClosed, pc.Close())
	}
	return c, nil
}

func (c *packetConn) ReadFrom(b []byte) (int, net.Addr, error) {
	defer c.care.reading()()
	return c.PacketConn.ReadFrom(b)
}

func (c *packetConn) Close() error {
	c.care.remove(c)
	return c.PacketConn.Close()
}

// conn is a net.Conn in care of sockets.
type conn struct {
	net.Conn
	care *sockets
}

func (c *conn) Read(b []byte) (int, error) {
	defer c.care.reading()()
	return c.Conn.Read(b)
}

func (c *conn) Close() error {
	c.care.remove(c)
	return c.Conn.Close()
}

// listener is a net.Listener in care of sockets, with all connections that it accepts.
type listener struct {
	net.Listener
	care *sockets
	wrap func(net.Conn) net.Conn // nil: as accepted
}

// careListener takes l and its future connections into care; wrap, when not nil, is laid around each of them.
func (s *sockets) careListener(l net.Listener, wrap func(net.Conn) net.Conn) (net.Listener, error) {
	c := &listener{Listener: l, care: s, wrap: wrap}
	if !s.add(c) {
		return nil, errors.Join(net.ErrClosed, l.Close())
	}
	return c, nil
}

func (l *listener) Accept() (net.Conn, error) {
	defer l.care.reading()()
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if l.wrap != nil {
		nc = l.wrap(nc)
	}
	c := &conn{Conn: nc, care: l.care}
	if !l.care.add(c) {
		return nil, errors.Join(net.ErrClosed, nc.Close())
	}
	return c, nil
}

func (l *listener) Close() error {
	l.care.remove(l)
	return l.Listener.Close()
}
