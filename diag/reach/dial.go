package reach

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/netip"

	"github.com/pion/dtls/v3"
	dtlsnet "github.com/pion/dtls/v3/pkg/net"
	"github.com/pion/logging"

	"dialtone/diag"
	"dialtone/diag/iceurl"
)

// Dial opens a socket.
type Dial = func(ctx context.Context, d *net.Dialer, network, address string) (net.Conn, error)

// Dialer connects to STUN and TURN servers.
type Dialer struct {
	TLS      *tls.Config   // RootCAs, InsecureSkipVerify, ServerName; nil: the system's authorities
	Resolver *net.Resolver // nil for the system's
	Local    netip.Addr    // address of this machine to connect from; the zero value lets the system choose
	Families Families      // of the server's addresses
	Proxies  *Proxies      // for TCP and TLS; nil: none

	// Step makes each step and reports it. It returns the step's error, classified.
	Step func(ctx context.Context, name diag.StageName, try func(*diag.Stage) error) error
	// Dial opens sockets; nil: [net.Dialer.DialContext].
	Dial Dial
}

// Conn is a connection to a server.
type Conn struct {
	net.Conn
	To      Endpoint
	Version string // "TLS 1.3", "DTLS 1.2"; empty without TLS
	Cipher  string // IANA name of the cipher suite; empty without TLS
}

// Families says which addresses are asked.
type Families int

// Families.
const (
	BothFamilies Families = iota
	OnlyIPv4
	OnlyIPv6
)

// Has reports whether an address belongs to them.
func (f Families) Has(a netip.Addr) bool {
	return f == BothFamilies || (f == OnlyIPv4) == a.Is4()
}

// Connect makes the connection, secured if the URL wants it. That a UDP socket was opened is not worth a report.
func (d *Dialer) Connect(ctx context.Context, u iceurl.URL, to Endpoint) (*Conn, error) {
	conn, err := d.open(ctx, u, to)
	if err != nil {
		return nil, err
	}
	c := &Conn{Conn: conn, To: to}
	if !u.Scheme.Secured() {
		return c, nil
	}
	secure := d.tls
	if u.UDP {
		secure = d.dtls
	}
	err = d.Step(ctx, diag.StageTLS, func(s *diag.Stage) (err error) {
		c.Conn, err = secure(ctx, u, conn, s)
		if s.Certificate != nil {
			c.Version, c.Cipher = s.Certificate.Version, s.Certificate.Cipher
		}
		return err
	})
	if err != nil {
		_ = conn.Close() // the handshake's error is the one that counts
		return nil, err
	}
	return c, nil
}

// open makes the connection without TLS.
func (d *Dialer) open(ctx context.Context, u iceurl.URL, to Endpoint) (conn net.Conn, err error) {
	if to.Proxy != nil {
		err = d.Step(ctx, diag.StageProxy, func(*diag.Stage) (err error) {
			conn, err = d.tunnel(ctx, to.Proxy, u.Address())
			return err
		})
		return conn, err
	}
	network := "tcp"
	if u.UDP {
		network = "udp"
	}
	dial := func(*diag.Stage) (err error) {
		conn, err = d.Socket(ctx, net.Dialer{}, network, to.Addr.String())
		return err
	}
	if u.UDP {
		if err = dial(nil); err == nil {
			return conn, nil
		}
	}
	err = d.Step(ctx, diag.StageConnect, dial)
	return conn, err
}

// Socket opens a socket, from the dialer's address unless how names another.
func (d *Dialer) Socket(ctx context.Context, how net.Dialer, network, address string) (net.Conn, error) {
	if how.LocalAddr == nil {
		how.LocalAddr = d.localAddr(network)
	}
	if d.Dial != nil {
		return d.Dial(ctx, &how, network, address)
	}
	return how.DialContext(ctx, network, address)
}

// localAddr is where connections are made from; nil leaves that to the system.
func (d *Dialer) localAddr(network string) net.Addr {
	switch from := netip.AddrPortFrom(d.Local, 0); {
	case !d.Local.IsValid():
		return nil
	case network == "udp":
		return net.UDPAddrFromAddrPort(from)
	default:
		return net.TCPAddrFromAddrPort(from)
	}
}

// tlsConfig is the dialer's, with the server's name: that of the URL, whatever target DNS SRV names, since no one
// vouches for that (RFC 6125 §6.2.1).
func (d *Dialer) tlsConfig(host string) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if d.TLS != nil {
		c = d.TLS.Clone()
	}
	if c.ServerName == "" {
		c.ServerName = host
	}
	return c
}

// tls secures a TCP connection.
func (d *Dialer) tls(ctx context.Context, u iceurl.URL, conn net.Conn, s *diag.Stage) (net.Conn, error) {
	c := tls.Client(conn, d.tlsConfig(u.Host))
	if err := c.HandshakeContext(ctx); err != nil {
		noteCertificate(s, refusedCertificate(err), "")
		return nil, err
	}
	if state := c.ConnectionState(); len(state.PeerCertificates) > 0 {
		noteCertificate(s, state.PeerCertificates[0], tls.VersionName(state.Version))
		s.Certificate.Cipher = tls.CipherSuiteName(state.CipherSuite)
	}
	return c, nil
}

// dtls secures a UDP socket.
func (d *Dialer) dtls(ctx context.Context, u iceurl.URL, conn net.Conn, s *diag.Stage) (net.Conn, error) {
	config := d.tlsConfig(u.Host)
	options := []dtls.ClientOption{
		dtls.WithServerName(config.ServerName),
		dtls.WithInsecureSkipVerify(true), // it is verified below
		dtls.WithVerifyPeerCertificate(func(raw [][]byte, _ [][]*x509.Certificate) error {
			if config.InsecureSkipVerify {
				return nil
			}
			return verify(config, raw)
		}),
		// The factory of its own would write to the terminal.
		dtls.WithLoggerFactory(&logging.DefaultLoggerFactory{Writer: io.Discard}),
	}
	c, err := dtls.ClientWithOptions(dtlsnet.PacketConnFromConn(conn), conn.RemoteAddr(), options...)
	if err != nil {
		return nil, err
	}
	if err := c.HandshakeContext(ctx); err != nil {
		_ = c.Close() // the handshake's error is the one that counts
		noteCertificate(s, refusedCertificate(err), "")
		return nil, err
	}
	if state, ok := c.ConnectionState(); ok && len(state.PeerCertificates) > 0 {
		if leaf, err := x509.ParseCertificate(state.PeerCertificates[0]); err == nil {
			noteCertificate(s, leaf, "DTLS 1.2") // the one version that pion/dtls speaks
			s.Certificate.Cipher = dtls.CipherSuiteName(state.CipherSuiteID)
		}
	}
	return c, nil
}
