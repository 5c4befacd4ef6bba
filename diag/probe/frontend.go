package probe

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"time"

	"dialtone/diag"
	"dialtone/diag/iceurl"
	"dialtone/diag/reach"
)

// frontendTime is how long each look at what stands before a silent server may take.
const frontendTime = 800 * time.Millisecond

// looksLike names the protocol that bytes are, where that is not STUN; empty when unknown.
func looksLike(b []byte) diag.Detail {
	switch {
	case len(b) >= 3 && (b[0] == 0x15 || b[0] == 0x16) && b[1] == 3:
		return diag.DetailTLSPort
	case len(b) >= 5 && string(b[:5]) == "HTTP/":
		return diag.DetailWeb
	case len(b) >= 4 && string(b[:4]) == "SSH-":
		return diag.DetailSSH
	}
	return ""
}

// notSTUN is the error of bytes that are no STUN message.
func notSTUN(b []byte) error {
	if detail := looksLike(b); detail != "" {
		return unusable(detail)
	}
	return errors.New("no STUN message")
}

// reserve keeps some of the time for [prober.frontend], where there is enough.
func (p *prober) reserve(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, _ := ctx.Deadline()
	if left := time.Until(deadline); !p.url.UDP && left > 4*frontendTime {
		return context.WithTimeout(ctx, left-2*frontendTime)
	}
	return context.WithCancel(ctx)
}

// frontend finds out what stands before a server that closed a stream, or did not answer on it, and reports the failed
// step anew: with what answers. Each guess is a connection of its own, and only an answer proves it.
func (p *prober) frontend(ctx context.Context, step diag.StageName, err error) error {
	f := reach.Classify(step, err)
	dumb := f.Detail == diag.DetailClosed
	if step == diag.StageTLS {
		dumb = dumb && f.Cause == diag.CauseTLS // and not before
	} else {
		dumb = dumb || f.Cause == diag.CauseTimeout && f.Bytes == 0
		if p.url.Scheme.TURN() {
			step = diag.StageAllocate
		}
	}
	if p.url.UDP || !dumb || ctx.Err() != nil {
		return err
	}
	detail := p.behindHeader(ctx, false)
	switch {
	case detail != "":
	case p.url.Scheme.Secured():
		detail = p.behindHeader(ctx, true)
	case p.speaksTLS(ctx):
		detail = diag.DetailTLSPort
	}
	if detail == "" {
		return err
	}
	return p.step(ctx, step, func(*diag.Stage) error { return unusable(detail) })
}

// quiet connects without reporting it.
func (p *prober) quiet(ctx context.Context, u iceurl.URL) (net.Conn, error) {
	d := p.dialer
	d.Step = func(_ context.Context, _ diag.StageName, try func(*diag.Stage) error) error {
		return try(&diag.Stage{})
	}
	return d.Connect(ctx, u, p.to)
}

// behindHeader connects, and asks behind a header of the PROXY protocol, which begins so that web servers reject it at
// once. With inside, the header comes after the TLS handshake and not before it.
func (p *prober) behindHeader(ctx context.Context, inside bool) diag.Detail {
	ctx, cancel := context.WithTimeout(ctx, frontendTime)
	defer cancel()
	u := p.url
	if !inside {
		u.Scheme = iceurl.STUN
	}
	conn, err := p.quiet(ctx, u)
	if err != nil {
		return ""
	}
	defer func() { _ = conn.Close() }()
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline)
	if _, err := conn.Write(proxyHeader(conn.LocalAddr(), conn.RemoteAddr())); err != nil {
		return ""
	}
	if p.url.Scheme.Secured() && !inside {
		if tls.Client(conn, insecure()).HandshakeContext(ctx) == nil {
			return diag.DetailProxyHeader
		}
		return ""
	}
	return bound(conn)
}

// bound asks for a Binding: it is the answer of a server that could be reached so, or names what answers.
func bound(conn net.Conn) diag.Detail {
	request, err := encode(methodBinding, newTxID(), nil)
	if err != nil {
		return ""
	}
	if _, err := conn.Write(request); err != nil {
		return ""
	}
	b := make([]byte, headerSize)
	n, _ := io.ReadFull(conn, b)
	if detail := looksLike(b[:n]); detail != "" {
		return detail
	}
	if _, err := messageSize(b); n == headerSize && err == nil && bytes.Equal(b[8:20], request[8:20]) {
		return diag.DetailProxyHeader
	}
	return ""
}

// speaksTLS reports whether a handshake succeeds; the certificate does not matter.
func (p *prober) speaksTLS(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, frontendTime)
	defer cancel()
	conn, err := p.quiet(ctx, p.url)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	return tls.Client(conn, insecure()).HandshakeContext(ctx) == nil
}

// insecure is for handshakes after which nothing is said.
func insecure() *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12} //nolint:gosec // nothing is sent
}

// proxyHeader is a header of the PROXY protocol, version 2 (haproxy.org/download/3.0/doc/proxy-protocol.txt §2.2), as a
// load balancer would send it for the connection.
func proxyHeader(from, to net.Addr) []byte {
	b := []byte("\r\n\r\n\x00\r\nQUIT\n\x21")
	source, err := netip.ParseAddrPort(from.String())
	target, err2 := netip.ParseAddrPort(to.String())
	if err != nil || err2 != nil {
		return append(b, 0, 0, 0)
	}
	ips := append(source.Addr().Unmap().AsSlice(), target.Addr().Unmap().AsSlice()...)
	family := byte(0x11) // TCP over IPv4
	if len(ips) > 8 {
		family = 0x21
	}
	b = append(b, family, 0, byte(len(ips)+4))
	b = append(b, ips...)
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, source.Port()), target.Port())
}
