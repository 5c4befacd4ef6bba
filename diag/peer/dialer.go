package peer

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"

	"dialtone/diag"
)

// serverTimeout is how long a TURN server over TCP or TLS may stay silent before it is given up. The agent by itself
// waits for more than a minute.
const serverTimeout = 5 * time.Second

// dialer connects to TURN servers over TCP and TLS for the ICE agent, which does no TLS of its own through a dialer and
// knows neither private authorities nor deadlines.
type dialer struct {
	tls     *tls.Config
	secured map[string]string // "host:port" of turns: servers over TCP → host
	sockets *sockets
	open    closers // connections, and dials in progress
}

func newDialer(servers []diag.ICEServerAuth, config *tls.Config, socks *sockets) *dialer {
	d := &dialer{tls: config, secured: map[string]string{}, sockets: socks}
	for _, s := range parseServers(servers) {
		if s.Transport() == "tls" {
			d.secured[s.Address()] = s.Host
		}
	}
	return d
}

// Dial connects within the timeout, secures the connection if the server's URL asks for it, and bounds the wait for the
// server's first bytes.
func (d *dialer) Dial(network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), serverTimeout)
	defer cancel()
	dial := &canceler{cancel}
	if err := d.open.add(dial); err != nil {
		return nil, err
	}
	defer d.open.remove(dial)
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	d.sockets.dialed(conn.LocalAddr(), address)
	if host, ok := d.secured[address]; ok {
		secure := tls.Client(conn, d.config(host))
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return nil, err
		}
		conn = secure
	}
	// The read deadline ends with the first answer.
	if err := conn.SetReadDeadline(time.Now().Add(serverTimeout)); err != nil {
		_ = conn.Close()
		return nil, err
	}
	w := &serverConn{Conn: conn, dialer: d}
	if err := d.open.add(w); err != nil {
		return nil, err
	}
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

// canceler ends a dial when it is closed.
type canceler struct{ cancel context.CancelFunc }

func (c *canceler) Close() error {
	c.cancel()
	return nil
}

// serverConn lifts its read deadline at the first bytes.
type serverConn struct {
	net.Conn
	dialer *dialer
	first  sync.Once
}

func (c *serverConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.first.Do(func() { _ = c.Conn.SetReadDeadline(time.Time{}) })
	}
	return n, err
}

func (c *serverConn) Close() error {
	c.dialer.open.remove(c)
	return c.Conn.Close()
}
