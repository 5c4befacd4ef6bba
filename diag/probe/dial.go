package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/pion/dtls/v3"
	dtlsnet "github.com/pion/dtls/v3/pkg/net"
	"github.com/pion/logging"

	"dialtone/diag"
)

// open makes the connection, secured where the URL wants it.
func (p *prober) open(ctx context.Context, to netip.AddrPort) (*link, error) {
	p.stage = StageConnect
	network := "tcp"
	if p.url.UDP {
		network = "udp"
	}
	d := net.Dialer{LocalAddr: p.localAddr()}
	start := time.Now()
	conn, err := d.DialContext(ctx, network, to.String())
	if err != nil {
		return nil, err
	}
	if !p.url.UDP {
		p.result.ConnectMs = since(start)
	}
	l := &link{conn: conn, reliable: !p.url.UDP}
	if !p.url.Scheme.Secured() {
		return l, nil
	}
	p.stage = StageTLS
	start = time.Now()
	if p.url.UDP {
		l.conn, err = p.dtls(ctx, conn)
	} else {
		l.conn, err = p.tls(ctx, conn)
	}
	if err != nil {
		_ = conn.Close() // the handshake's error is the one that counts
		p.noteCertificate(refusedCertificate(err))
		return nil, err
	}
	p.result.TLSMs = since(start)
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

// tlsConfig is the target's, with the server's name: the URL's, whatever target DNS SRV names, since nobody vouches for
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
func (p *prober) tls(ctx context.Context, conn net.Conn) (net.Conn, error) {
	c := tls.Client(conn, p.tlsConfig())
	if err := c.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	state := c.ConnectionState()
	p.result.TLSVersion = tls.VersionName(state.Version)
	if len(state.PeerCertificates) > 0 {
		p.noteCertificate(state.PeerCertificates[0])
	}
	return c, nil
}

// dtls secures a UDP socket.
func (p *prober) dtls(ctx context.Context, conn net.Conn) (net.Conn, error) {
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
		return nil, err
	}
	p.result.TLSVersion = "DTLS 1.2" // the one version that pion/dtls speaks
	if state, ok := c.ConnectionState(); ok && len(state.PeerCertificates) > 0 {
		if leaf, err := x509.ParseCertificate(state.PeerCertificates[0]); err == nil {
			p.noteCertificate(leaf)
		}
	}
	return c, nil
}

// since is the time since start as a measured value.
func since(start time.Time) *diag.Millis { return diag.Ptr(diag.Millis(time.Since(start))) }
