package iceservers

import (
	"net"
	"time"

	"dialtone/signal/gate"
)

const (
	// defaultAccountTime is how long a TCP connection may exist without an allocation.
	defaultAccountTime = 10 * time.Second
	// maxStreams are the TCP connections at one time, and maxStreamsOf those of one client.
	maxStreams   = 1024
	maxStreamsOf = 64
)

// listener accepts the TCP connections of clients, with bounds.
type listener struct {
	net.Listener
	relay *Relay
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		switch {
		case err == nil:
			if s := l.relay.join(c); s != nil {
				return s, nil
			}
			_ = c.Close() // the client notices
		case gate.Exhausted(err): // pion would end its loop
			l.relay.refusals.Warn("TURN cannot accept a connection", "error", err,
				"next", "raise the limit of open files (ulimit -n)")
			gate.Pause()
		default:
			return nil, err
		}
	}
}

// stream is a TCP connection of a client.
type stream struct {
	net.Conn
	relay  *Relay
	client gate.Client
	key    string
}

// join counts a connection; nil if it is one too many.
func (r *Relay) join(c net.Conn) *stream {
	s := &stream{Conn: c, relay: r, client: gate.ClientAt(c.RemoteAddr().String()), key: c.RemoteAddr().String()}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.streams) >= maxStreams || !r.streaming.Add(s.client, 1, maxStreamsOf) {
		r.refusals.Warn("TURN refused a connection: as many exist as may", "from", s.client.Addr)
		return nil
	}
	r.streams[s.key] = s
	_ = c.SetReadDeadline(time.Now().Add(r.o.AccountTime)) // a connection that is closed has ended anyway
	return s
}

// settle takes the deadline from the connection of a client that has an allocation, or sets it again.
func (r *Relay) settle(from net.Addr, has bool) {
	r.mu.Lock()
	s := r.streams[from.String()]
	r.mu.Unlock()
	if s == nil {
		return // the client uses UDP
	}
	deadline := time.Time{}
	if !has {
		deadline = time.Now().Add(r.o.AccountTime)
	}
	_ = s.SetReadDeadline(deadline)
}

// Read implements net.Conn.
func (s *stream) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	if timeout, ok := err.(net.Error); ok && timeout.Timeout() { //nolint:errorlint // as net returns it
		s.relay.refusals.Warn("TURN closed a connection without an allocation", "from", s.client.Addr,
			"after", s.relay.o.AccountTime)
	}
	return n, err
}

// Close implements net.Conn.
func (s *stream) Close() error {
	s.relay.mu.Lock()
	if s.relay.streams[s.key] == s {
		delete(s.relay.streams, s.key)
		s.relay.streaming.Remove(s.client, 1)
	}
	s.relay.mu.Unlock()
	return s.Conn.Close()
}
