package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"dialtone/signal/gate"
)

const (
	// patience is how long a parked request keeps its goroutine of net/http. Most
	// are answered sooner while a call is set up; those of parties that wait for
	// a peer leave it.
	patience = 100 * time.Millisecond
	// crowd is how many parked requests make that too costly: more are detached at once.
	crowd = 1000
	// answerTimeout bounds the writing of a detached connection's answer.
	answerTimeout = 15 * time.Second
)

// A connection with a parked request costs net/http 30 KB: three buffers and two stacks. So a request that waits for
// long is detached: its connection is taken from net/http, waits in one goroutine with a small stack, is answered from
// there, and goes back to net/http with the first byte of the next request. That lets 10,000 parties wait in 100 MB
// instead of 320, and 6,000 over TLS in 140 instead of 350.

// detachedConns are the detached connections of one Serve. It is a net.Listener: those that come back are accepted
// again.
type detachedConns struct {
	address net.Addr
	bounds  *gate.Conns
	back    chan net.Conn
	closed  chan struct{}
	running sync.WaitGroup

	mu    sync.Mutex
	over  bool
	conns map[net.Conn]struct{}
}

func newDetachedConns(address net.Addr, bounds *gate.Conns) *detachedConns {
	return &detachedConns{
		address: address, bounds: bounds, back: make(chan net.Conn), closed: make(chan struct{}),
		conns: make(map[net.Conn]struct{}),
	}
}

// Accept implements net.Listener.
func (d *detachedConns) Accept() (net.Conn, error) {
	select {
	case c := <-d.back:
		return c, nil
	case <-d.closed:
		return nil, net.ErrClosed
	}
}

// Addr implements net.Listener.
func (d *detachedConns) Addr() net.Addr { return d.address }

// Close implements net.Listener: connections without a request are closed. Those with one are answered first; the
// store's close wakes them.
func (d *detachedConns) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.over {
		d.over = true
		close(d.closed)
	}
	for c := range d.conns {
		_ = c.SetReadDeadline(time.Unix(1, 0))
	}
	return nil
}

// wait blocks until all detached connections have ended; those that have not when ctx ends are closed.
func (d *detachedConns) wait(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		for c := range d.conns {
			_ = c.Close()
		}
	})
	defer stop()
	d.running.Wait()
}

func (d *detachedConns) add(c net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over {
		return false
	}
	d.conns[c] = struct{}{}
	d.running.Add(1)
	return true
}

func (d *detachedConns) remove(c net.Conn) {
	d.mu.Lock()
	delete(d.conns, c)
	d.mu.Unlock()
	d.running.Done()
}

// connectionKey is the context key of a request's connection.
type connectionKey struct{}

// connection is the one by which a request came.
type connection struct {
	conn     net.Conn
	detached *detachedConns
}

// inContext is an http.Server.ConnContext.
func (d *detachedConns) inContext(ctx context.Context, c net.Conn) context.Context {
	ctx = d.bounds.Context(ctx, c)
	if back, ok := c.(*returned); ok {
		c = back.Conn
	}
	return context.WithValue(ctx, connectionKey{}, connection{c, d})
}

// secured gives a request its TLS, which net/http does not know of on a connection that came back.
func secured(r *http.Request) {
	at, _ := r.Context().Value(connectionKey{}).(connection)
	if c, ok := at.conn.(*tls.Conn); ok && r.TLS == nil {
		state := c.ConnectionState()
		r.TLS = &state
	}
}

// returned is a connection on its way back, with what was read of its next request.
type returned struct {
	net.Conn
	first []byte
}

// NetConn is the connection itself.
func (r *returned) NetConn() net.Conn { return r.Conn }

// Read implements net.Conn.
func (r *returned) Read(p []byte) (int, error) {
	if len(r.first) > 0 {
		n := copy(p, r.first)
		r.first = r.first[n:]
		return n, nil
	}
	return r.Conn.Read(p)
}

// detached is a parked request on a connection of its own.
type detached struct {
	server *Server
	connection
	parked    *parked
	id        string // of the request
	remote    string
	keepAlive bool
	first     []byte // of the next request
	readOne   [1]byte
	seen      *watched // nil: no one observes
}

// canDetach reports whether a request's connection can leave net/http.
func canDetach(r *http.Request) (connection, bool) {
	c, ok := r.Context().Value(connectionKey{}).(connection)
	return c, ok && r.ProtoMajor == 1 && r.ProtoMinor == 1
}

// detach takes a parked request's connection from net/http. It reports whether
// it did; if so the handler must not touch the request anymore.
func (s *Server) detach(w http.ResponseWriter, r *http.Request, id string, p *parked, at connection) bool {
	if !at.detached.add(at.conn) {
		return false
	}
	_, buffer, err := http.NewResponseController(w).Hijack()
	if err != nil {
		at.detached.remove(at.conn)
		return false
	}
	seen, _ := w.(*watched)
	if seen != nil {
		one := *seen
		one.ResponseWriter = nil // it keeps all that net/http has of the connection
		seen.detached = true
		seen = &one
	}
	d := &detached{seen: seen, server: s, connection: at, parked: p, id: id, remote: r.RemoteAddr, keepAlive: !r.Close}
	if n := buffer.Reader.Buffered(); n > 0 {
		ahead, _ := buffer.Reader.Peek(n) // what is buffered can be peeked
		d.first = bytes.Clone(ahead)
	}
	go d.run()
	return true
}

func (d *detached) run() {
	defer d.connection.detached.remove(d.conn)
	result := d.wait()
	if !result.isDone() {
		d.server.leave(context.Background(), d.parked)
	}
	d.server.ledger.unpark(d.parked)
	d.parked = nil
	answered := result.isDone() && d.answer(result) == nil
	d.report(result)
	if !answered || !d.keepAlive || !d.idle() {
		d.close()
		return
	}
	select {
	case d.connection.detached.back <- &returned{d.conn, d.first}:
	case <-d.connection.detached.closed:
		d.close()
	}
}

// report says how the request was answered.
func (d *detached) report(o outcome) {
	if d.seen == nil {
		return
	}
	if !o.isDone() {
		d.seen.access.Status = statusGone
	}
	d.server.finish(d.seen)
	d.seen = nil
}

func (d *detached) close() {
	_ = d.conn.Close()
	d.connection.detached.bounds.Gone(d.conn)
}

// wait blocks until the request has an answer, or its client has left: then the outcome is neither. Reading notices the
// latter; being woken and the end of the time are read deadlines.
func (d *detached) wait() outcome {
	conn, ctx := d.conn, context.Background()
	d.server.ledger.redirect(d.parked, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })
	for len(d.first) == 0 {
		// The deadline comes first: if the request is woken while it looks, reading ends at once.
		_ = conn.SetReadDeadline(time.Now().Add(min(time.Until(d.parked.until), d.server.renewal())))
		if o := d.server.look(ctx, d.parked); o.isDone() {
			return o
		}
		if err := d.read(); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return outcome{}
		}
	}
	d.parked.until = time.Time{} // a client that sends ahead cannot be watched
	return d.server.look(ctx, d.parked)
}

// idle waits for the next request, and reports whether one begins.
func (d *detached) idle() bool {
	d.connection.detached.bounds.Rest(d.conn)
	_ = d.conn.SetReadDeadline(time.Now().Add(d.server.options.IdleTimeout))
	select {
	case <-d.connection.detached.closed:
		return false
	default:
	}
	if len(d.first) == 0 && d.read() != nil {
		return false
	}
	return d.conn.SetDeadline(time.Time{}) == nil
}

func (d *detached) read() error {
	n, err := d.conn.Read(d.readOne[:])
	d.first = append(d.first, d.readOne[:n]...)
	return err
}

func (d *detached) answer(o outcome) error {
	raw := &rawAnswer{header: make(http.Header)}
	var w http.ResponseWriter = raw
	if d.seen != nil {
		d.seen.ResponseWriter = raw
		w = d.seen
	}
	d.server.prepare(raw.header, d.id)
	d.server.announce(raw.header)
	d.server.answerStatus(w, d.id, d.remote, o)
	if !d.keepAlive || raw.header.Get("Connection") == "close" {
		d.keepAlive = false
		raw.header.Set("Connection", "close")
	}
	_ = d.conn.SetWriteDeadline(time.Now().Add(answerTimeout))
	_, err := d.conn.Write(raw.bytes())
	return err
}

// rawAnswer collects an answer and makes HTTP/1.1 of it.
type rawAnswer struct {
	status int
	header http.Header
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (w *rawAnswer) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter.
func (w *rawAnswer) WriteHeader(status int) { w.status = status }

// Write implements http.ResponseWriter.
func (w *rawAnswer) Write(p []byte) (int, error) { return w.body.Write(p) }

func (w *rawAnswer) bytes() []byte {
	w.header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	var b bytes.Buffer
	b.WriteString("HTTP/1.1 " + strconv.Itoa(w.status) + " " + http.StatusText(w.status) + "\r\n")
	_ = w.header.Write(&b) // a bytes.Buffer takes everything
	b.WriteString("\r\n")
	b.Write(w.body.Bytes())
	return b.Bytes()
}
