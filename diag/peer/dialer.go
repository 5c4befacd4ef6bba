package peer

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"

	"dialtone/diag"
)

// serverPatience is how long a TURN server over TCP or TLS may stay silent before it is given up. The agent by itself
// waits for more than a minute.
const serverPatience = 5 * time.Second

// dialer connects to TURN servers over TCP and TLS for the ICE agent, which does no TLS of its own through a dialer and
// knows neither private authorities nor deadlines.
type dialer struct {
	tls     *tls.Config
	secured map[string]string // "host:port" of turns: servers over TCP → host
	sockets *sockets

	mu      sync.Mutex
	closed  bool
	open    map[net.Conn]struct{}
	dialing map[int]context.CancelFunc
	dials   int
}

func newDialer(servers []diag.ICEServerAuth, config *tls.Config, socks *sockets) *dialer {
	d := &dialer{
		tls: config, secured: map[string]string{}, sockets: socks,
		open: map[net.Conn]struct{}{}, dialing: map[int]context.CancelFunc{},
	}
	for _, s := range servers {
		if u, ok := parseServer(s.URL); ok && u.secured && u.tcp {
			d.secured[u.hostPort] = u.host
		}
	}
	return d
}

// Dial connects within the patience, secures the connection where the server's URL says so, and bounds the wait for the
// server's first bytes.
func (d *dialer) Dial(network, address string) (net.Conn, error) {
	ctx, done, err := d.begin()
	if err != nil {
		return nil, err
	}
	defer done()
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	d.sockets.tcpAsked(conn.LocalAddr(), address)
	if host, ok := d.secured[address]; ok {
		secure := tls.Client(conn, d.config(host))
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return nil, err
		}
		conn = secure
	}
	// The read deadline ends with the first answer.
	if err := conn.SetReadDeadline(time.Now().Add(serverPatience)); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return d.keep(conn)
}

// begin returns a context that ends with the patience or with close.
func (d *dialer) begin() (context.Context, func(), error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, nil, net.ErrClosed
	}
	ctx, cancel := context.WithTimeout(context.Background(), serverPatience)
	d.dials++
	id := d.dials
	d.dialing[id] = cancel
	return ctx, func() {
		cancel()
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.dialing, id)
	}, nil
}

func (d *dialer) keep(conn net.Conn) (net.Conn, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	w := &serverConn{Conn: conn, dialer: d}
	d.open[w] = struct{}{}
	return w, nil
}

func (d *dialer) config(host string) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if d.tls != nil {
		c = d.tls.Clone()
	}
	c.ServerName = host
	return c
}

// close ends dials under way and connections, those that the agent still waits on as well.
func (d *dialer) close() {
	d.mu.Lock()
	d.closed = true
	for _, cancel := range d.dialing {
		cancel()
	}
	list := make([]net.Conn, 0, len(d.open))
	for c := range d.open {
		list = append(list, c)
	}
	d.mu.Unlock()
	for _, c := range list {
		_ = c.Close()
	}
}

// serverConn lifts its read deadline at the first bytes.
type serverConn struct {
	net.Conn
	dialer *dialer
	heard  sync.Once
}

func (c *serverConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.heard.Do(func() { _ = c.Conn.SetReadDeadline(time.Time{}) })
	}
	return n, err
}

func (c *serverConn) Close() error {
	c.dialer.mu.Lock()
	delete(c.dialer.open, c)
	c.dialer.mu.Unlock()
	return c.Conn.Close()
}
