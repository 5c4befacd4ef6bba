package probe

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
)

// open makes the connection, secured if the URL wants it. That a UDP socket was opened is not worth a report.
func (p *prober) open(ctx context.Context) (*link, error) {
	network := "tcp"
	if p.url.UDP {
		network = "udp"
	}
	d := net.Dialer{LocalAddr: p.localAddr()}
	var conn net.Conn
	dial := func(*diag.Stage) (err error) {
		conn, err = d.DialContext(ctx, network, p.to.addr.String())
		return err
	}
	var err error
	if p.url.UDP {
		err = dial(nil)
	}
	if err != nil || !p.url.UDP {
		err = p.step(ctx, diag.StageConnect, dial)
	}
	if err != nil {
		return nil, err
	}
	l := &link{conn: conn, reliable: !p.url.UDP}
	if !p.url.Scheme.Secured() {
		return l, nil
	}
	secure := p.tls
	if p.url.UDP {
		secure = p.dtls
	}
	err = p.step(ctx, diag.StageTLS, func(s *diag.Stage) (err error) {
		l.conn, err = secure(ctx, conn, s)
		return err
	})
	if err != nil {
		_ = conn.Close() // the handshake's error is the one that counts
		return nil, err
	}
	return l, nil
}

// localAddr is where connections are made from; nil leaves that to the system.
func (p *prober) localAddr() net.Addr {
	switch from := netip.AddrPortFrom(p.target.Local, 0); {
	case !p.target.Local.IsValid():
		return nil
	case p.url.UDP:
		return net.UDPAddrFromAddrPort(from)
	default:
		return net.TCPAddrFromAddrPort(from)
	}
}

// tlsConfig is the target's, with the server's name: the URL's, whatever target DNS SRV names, since no one vouches for
// that (RFC 6125 §6.2.1).
func (p *prober) tlsConfig() *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if p.target.TLS != nil {
		c = p.target.TLS.Clone()
	}
	if c.ServerName == "" {
		c.ServerName = p.url.Host
	}
	return c
}

// tls secures a TCP connection.
func (p *prober) tls(ctx context.Context, conn net.Conn, s *diag.Stage) (net.Conn, error) {
	c := tls.Client(conn, p.tlsConfig())
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
func (p *prober) dtls(ctx context.Context, conn net.Conn, s *diag.Stage) (net.Conn, error) {
	config := p.tlsConfig()
	options := []dtls.ClientOption{
		dtls.WithServerName(config.ServerName),
		dtls.WithInsecureSkipVerify(config.InsecureSkipVerify),
		// The factory of its own would write to the terminal.
		dtls.WithLoggerFactory(&logging.DefaultLoggerFactory{Writer: io.Discard}),
	}
	if config.RootCAs != nil {
		options = append(options, dtls.WithRootCAs(config.RootCAs))
	}
	if net.ParseIP(config.ServerName) != nil && !config.InsecureSkipVerify {
		// pion/dtls forgets a name that is an IP address, because it must not be sent to the server (RFC 6066 §3), and so
		// does not verify it either.
		options = append(options, dtls.WithVerifyPeerCertificate(func(_ [][]byte, chains [][]*x509.Certificate) error {
			return chains[0][0].VerifyHostname(config.ServerName)
		}))
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
