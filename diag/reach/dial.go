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

// Dialer connects to STUN and TURN servers.
type Dialer struct {
	TLS      *tls.Config   // RootCAs, InsecureSkipVerify, ServerName; nil: the system's authorities
	Resolver *net.Resolver // nil for the system's
	Local    netip.Addr    // address of this machine to connect from; the zero value lets the system choose
	Families Families      // of the server's addresses

	// Step makes each step and reports it. It returns the step's error, classified.
	Step func(ctx context.Context, name diag.StageName, try func(*diag.Stage) error) error
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
func (d *Dialer) Connect(ctx context.Context, u iceurl.URL, to Endpoint) (net.Conn, error) {
	network := "tcp"
	if u.UDP {
		network = "udp"
	}
	dialer := net.Dialer{LocalAddr: d.localAddr(u)}
	var conn net.Conn
	dial := func(*diag.Stage) (err error) {
		conn, err = dialer.DialContext(ctx, network, to.Addr.String())
		return err
	}
	var err error
	if u.UDP {
		err = dial(nil)
	}
	if err != nil || !u.UDP {
		err = d.Step(ctx, diag.StageConnect, dial)
	}
	if err != nil {
		return nil, err
	}
	if !u.Scheme.Secured() {
		return conn, nil
	}
	secure := d.tls
	if u.UDP {
		secure = d.dtls
	}
	secured := conn
	err = d.Step(ctx, diag.StageTLS, func(s *diag.Stage) (err error) {
		secured, err = secure(ctx, u, conn, s)
		return err
	})
	if err != nil {
		_ = conn.Close() // the handshake's error is the one that counts
		return nil, err
	}
	return secured, nil
}

// localAddr is where connections are made from; nil leaves that to the system.
func (d *Dialer) localAddr(u iceurl.URL) net.Addr {
	switch from := netip.AddrPortFrom(d.Local, 0); {
	case !d.Local.IsValid():
		return nil
	case u.UDP:
		return net.UDPAddrFromAddrPort(from)
	default:
		return net.TCPAddrFromAddrPort(from)
	}
}

// tlsConfig is the dialer's, with the server's name: the URL's, whatever target DNS SRV names, since no one vouches for
// that (RFC 6125 §6.2.1).
func (d *Dialer) tlsConfig(u iceurl.URL) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if d.TLS != nil {
		c = d.TLS.Clone()
	}
	if c.ServerName == "" {
		c.ServerName = u.Host
	}
	return c
}

// tls secures a TCP connection.
func (d *Dialer) tls(ctx context.Context, u iceurl.URL, conn net.Conn, s *diag.Stage) (net.Conn, error) {
	c := tls.Client(conn, d.tlsConfig(u))
	if err := c.HandshakeContext(ctx); err != nil {
		noteCertificate(s, refusedCertificate(err), "")
		return nil, err
	}
	if state := c.ConnectionState(); len(state.PeerCertificates) > 0 {
		noteCertificate(s, state.PeerCertificates[0], tls.VersionName(state.Version))
	}
	return c, nil
}

// dtls secures a UDP socket.
func (d *Dialer) dtls(ctx context.Context, u iceurl.URL, conn net.Conn, s *diag.Stage) (net.Conn, error) {
	config := d.tlsConfig(u)
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
		}
	}
	return c, nil
}
