package reach

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"dialtone/diag/iceurl"
)

// headStart is how long the next address stands back for the one before it (RFC 8305 §5).
const headStart = 250 * time.Millisecond

// Any connects to the first of several addresses of a server that answers: with TCP, TLS and DTLS the first that
// connects; over UDP the first from which a datagram comes, until which each one that is sent goes to all of them.
func (d *Dialer) Any(ctx context.Context, u iceurl.URL, to []Endpoint) (*Conn, error) {
	if len(to) == 1 {
		return d.Connect(ctx, u, to[0])
	}
	if u.Transport() == "udp" {
		return d.race(ctx, u, to)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		conn *Conn
		err  error
	}
	results := make(chan result, len(to))
	var running sync.WaitGroup
	for i, e := range to {
		running.Go(func() {
			select {
			case <-ctx.Done():
				results <- result{nil, ctx.Err()}
			case <-time.After(time.Duration(i) * headStart):
				conn, err := d.Connect(ctx, u, e)
				results <- result{conn, err}
			}
		})
	}
	var errs []error
	var won *Conn
	for range to {
		r := <-results
		switch {
		case r.err != nil:
			errs = append(errs, r.err)
		case won == nil:
			won = r.conn
			cancel()
		default:
			_ = r.conn.Close() // as good as the one that was quicker
		}
	}
	running.Wait()
	if won == nil {
		return nil, errors.Join(errs...)
	}
	return won, nil
}

// race opens a socket for each address.
func (d *Dialer) race(ctx context.Context, u iceurl.URL, to []Endpoint) (*Conn, error) {
	r := &raceConn{first: make(chan datagram, len(to))}
	var errs []error
	for _, e := range to {
		conn, err := d.Connect(ctx, u, e)
		if err != nil {
			errs = append(errs, err) // no route to this family
			continue
		}
		r.conns = append(r.conns, conn)
	}
	switch len(r.conns) {
	case 0:
		return nil, errors.Join(errs...)
	case 1:
		return r.conns[0], nil
	}
	return &Conn{Conn: r, To: r.conns[0].To}, nil
}

// raceConn is several sockets, of which one remains after the first datagram that is received.
type raceConn struct {
	conns []*Conn
	won   atomic.Pointer[Conn]
	begin sync.Once
	wait  sync.WaitGroup
	first chan datagram
}

type datagram struct {
	conn *Conn
	data []byte
	err  error
}

// Read is as of [net.Conn]. It has one caller at a time.
func (r *raceConn) Read(b []byte) (int, error) {
	if c := r.won.Load(); c != nil {
		return c.Read(b)
	}
	r.begin.Do(func() {
		for _, c := range r.conns {
			r.wait.Go(func() {
				data := make([]byte, maxDatagram)
				n, err := c.Read(data)
				for IsRefused(err) { // a closed port is no answer, and a server may be started
					n, err = c.Read(data)
				}
				r.first <- datagram{c, data[:n], err}
			})
		}
	})
	var last error
	for range r.conns {
		d := <-r.first
		if last = d.err; last != nil {
			continue
		}
		r.won.Store(d.conn)
		for _, c := range r.conns {
			if c != d.conn {
				_ = c.Close() // nothing was received from there
			}
		}
		r.wait.Wait()
		return copy(b, d.data), nil
	}
	return 0, last
}

// maxDatagram is the length of the longest datagram.
const maxDatagram = 1 << 16

// Write is as of [net.Conn]. Before one has won, it fails only when every socket does.
func (r *raceConn) Write(b []byte) (int, error) {
	if c := r.won.Load(); c != nil {
		return c.Write(b)
	}
	var errs []error
	for _, c := range r.conns {
		if _, err := c.Write(b); err != nil && !IsRefused(err) {
			errs = append(errs, err)
		}
	}
	if len(errs) == len(r.conns) && r.won.Load() == nil {
		return 0, errors.Join(errs...)
	}
	return len(b), nil
}

// current is the socket that has won, or before that the first.
func (r *raceConn) current() *Conn {
	if c := r.won.Load(); c != nil {
		return c
	}
	return r.conns[0]
}

// Close is as of [net.Conn].
func (r *raceConn) Close() error {
	var errs []error
	for _, c := range r.conns {
		if err := c.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	r.wait.Wait()
	return errors.Join(errs...)
}

// LocalAddr is as of [net.Conn].
func (r *raceConn) LocalAddr() net.Addr { return r.current().LocalAddr() }

// RemoteAddr is as of [net.Conn].
func (r *raceConn) RemoteAddr() net.Addr { return r.current().RemoteAddr() }

// SetDeadline is as of [net.Conn].
func (r *raceConn) SetDeadline(t time.Time) error {
	return r.all(func(c *Conn) error { return c.SetDeadline(t) })
}

// SetReadDeadline is as of [net.Conn].
func (r *raceConn) SetReadDeadline(t time.Time) error {
	return r.all(func(c *Conn) error { return c.SetReadDeadline(t) })
}

// SetWriteDeadline is as of [net.Conn].
func (r *raceConn) SetWriteDeadline(t time.Time) error {
	return r.all(func(c *Conn) error { return c.SetWriteDeadline(t) })
}

func (r *raceConn) all(do func(*Conn) error) error {
	if c := r.won.Load(); c != nil {
		return do(c)
	}
	var errs []error
	for _, c := range r.conns {
		errs = append(errs, do(c))
	}
	return errors.Join(errs...)
}
