package iceservers

import (
	"net"
	"time"

	"dialtone/signal/gate"
)

const (
	// defaultAccountTime is how long a TCP connection may exist without an allocation.
	defaultAccountTime = 10 * time.Second
	// defaultConnections are the TCP connections at one time, and defaultConnectionsOf those of one client.
	defaultConnections   = 1024
	defaultConnectionsOf = 64
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
	since  time.Time // without an allocation; zero: it has one
}

// join counts a connection; nil if it is one too many.
func (r *Relay) join(c net.Conn) *stream {
	s := &stream{
		Conn: c, relay: r, client: gate.ClientAt(c.RemoteAddr().String()), key: c.RemoteAddr().String(), since: time.Now(),
	}
	e, ok := r.countStream(s)
	switch {
	case !ok:
		e.warn(r.refusals, "TURN refused a connection", s.client)
		return nil
	case e.why != "":
		e.warn(r.refusals, "TURN closed the oldest connection without an allocation", s.client)
	}
	_ = c.SetReadDeadline(s.since.Add(r.o.AccountTime)) // a connection that is closed has ended anyway
	return s
}

// countStream makes room for a connection and counts it, if there is room. It returns the limit that was reached.
func (r *Relay) countStream(s *stream) (e excess, ok bool) {
	all, each := r.o.Connections, r.o.ConnectionsPerAddress
	own := func(other *stream) bool { return other.client.Groups[0] == s.client.Groups[0] }
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.streaming.Fits(s.client, 1, each) {
		e = excess{"the address holds as many as it may", "--turn-max-connections-per-address", each}
		if r.evict(own); !r.streaming.Fits(s.client, 1, each) {
			return e, false
		}
	}
	if all >= 0 && len(r.streams) >= all {
		e = excess{"as many exist as may", "--turn-max-connections", all}
		if r.evict(func(*stream) bool { return true }); len(r.streams) >= all {
			return e, false
		}
	}
	r.streams[s.key] = s
	r.streaming.Add(s.client, 1, -1)
	return e, true
}

// evict closes the oldest of some connections that has no allocation. The lock is held.
func (r *Relay) evict(some func(*stream) bool) {
	var oldest *stream
	for _, s := range r.streams {
		if !s.since.IsZero() && some(s) && (oldest == nil || s.since.Before(oldest.since)) {
			oldest = s
		}
	}
	if oldest != nil {
		r.forget(oldest)
		_ = oldest.Conn.Close() // its reader notices
	}
}

// forget takes a connection out of the count. The lock is held.
func (r *Relay) forget(s *stream) {
	if r.streams[s.key] == s {
		delete(r.streams, s.key)
		r.streaming.Remove(s.client, 1)
	}
}

// settle takes the deadline from the connection of a client that has an allocation, or sets it again.
func (r *Relay) settle(from net.Addr, has bool) {
	r.mu.Lock()
	s := r.streams[from.String()]
	var since, deadline time.Time
	if !has {
		since = time.Now()
		deadline = since.Add(r.o.AccountTime)
	}
	if s != nil {
		s.since = since
	}
	r.mu.Unlock()
	if s != nil { // the client does not use UDP
		_ = s.SetReadDeadline(deadline)
	}
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
	s.relay.forget(s)
	s.relay.mu.Unlock()
	return s.Conn.Close()
}
