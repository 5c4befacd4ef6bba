package reach

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"
	"golang.org/x/net/proxy"

	"dialtone/diag"
	"dialtone/diag/iceurl"
)

// Proxy is an HTTP proxy that tunnels by CONNECT (RFC 9110 §9.3.6), or a SOCKS5 proxy (RFC 1928).
type Proxy struct{ url url.URL }

// String is scheme and host:port, without the credentials.
func (p *Proxy) String() string { return p.url.Scheme + "://" + p.url.Host }

// proxyPorts are what a URL without a port means.
var proxyPorts = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}

// ParseProxy reads the URL of a proxy: http, https, socks5 or socks5h, a host, an optional port (80, 443, 1080), an
// optional user name and password; host:port is an HTTP proxy. The error never quotes the text, which may hold a
// password.
func ParseProxy(text string) (*Proxy, error) {
	if text != "" && !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("not a URL: write http://HOST:PORT or socks5://HOST:PORT")
	}
	port, known := proxyPorts[strings.ToLower(u.Scheme)]
	switch {
	case !known:
		return nil, errors.New("the scheme of the proxy is none of http, https, socks5 and socks5h")
	case u.Hostname() == "":
		return nil, errors.New("the proxy has no host: write http://HOST:PORT or socks5://HOST:PORT")
	case strings.Contains(u.Hostname(), ":") && !strings.HasPrefix(u.Host, "["):
		return nil, errors.New("the host of the proxy has colons: write an IPv6 address as [::1]")
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("the URL of a proxy ends with its port")
	case u.Port() != "":
		port = u.Port()
	}
	host := net.JoinHostPort(u.Hostname(), port)
	return &Proxy{url.URL{Scheme: strings.ToLower(u.Scheme), User: u.User, Host: host}}, nil
}

// Proxies choose the proxy for a server. Nil is none.
type Proxies struct {
	given   *Proxy // for all but those that NO_PROXY names
	noProxy string
	choose  func(*url.URL) (*url.URL, error)
}

// NewProxies are the proxy that was given, or for an empty text those of the environment: HTTPS_PROXY and ALL_PROXY.
// NO_PROXY names exceptions from both. As everywhere in Go, the environment's are not for the loopback interface.
func NewProxies(given string) (*Proxies, error) {
	c := httpproxy.FromEnvironment()
	p := &Proxies{noProxy: c.NoProxy}
	name := "--proxy"
	switch {
	case given != "":
		c.HTTPSProxy = given
	case c.HTTPSProxy == "":
		c.HTTPSProxy = firstEnv("ALL_PROXY", "all_proxy")
		name = "ALL_PROXY"
	default:
		name = "HTTPS_PROXY"
	}
	if c.HTTPSProxy != "" {
		parsed, err := ParseProxy(c.HTTPSProxy)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if given != "" {
			p.given = parsed
		}
		c.HTTPSProxy = parsed.url.String()
	}
	c.HTTPProxy = c.HTTPSProxy
	p.choose = c.ProxyFunc()
	return p, nil
}

// Request is the proxy that was given for an HTTP request, and otherwise that of the environment.
func (p *Proxies) Request(r *http.Request) (*url.URL, error) {
	if p == nil || p.given == nil {
		return http.ProxyFromEnvironment(r)
	}
	if chosen := p.ForURL(r.URL); chosen != nil {
		return &chosen.url, nil
	}
	return nil, nil //nolint:nilnil // as the transport of net/http wants it
}

// firstEnv is the first environment variable that is set.
func firstEnv(names ...string) string {
	for _, name := range names {
		if v := os.Getenv(name); v != "" {
			return v
		}
	}
	return ""
}

// For is the proxy that leads to a server; nil: none does. There is none over UDP and DTLS.
func (p *Proxies) For(u iceurl.URL) *Proxy {
	if p == nil || u.UDP {
		return nil
	}
	return p.ForURL(&url.URL{Scheme: "https", Host: u.Address()})
}

// ForURL is the proxy that leads to the host of a URL; nil: none does.
func (p *Proxies) ForURL(u *url.URL) *Proxy {
	if p == nil {
		return nil
	}
	if p.given != nil && isLoopback(u.Hostname()) {
		if p.excepted(u) {
			return nil
		}
		return p.given
	}
	chosen, err := p.choose(&url.URL{Scheme: "https", Host: u.Host})
	if err != nil || chosen == nil {
		return nil
	}
	out, err := ParseProxy(chosen.String())
	if err != nil {
		return nil
	}
	return out
}

// excepted reports whether NO_PROXY names a loopback host, for which [httpproxy.Config] does not look there.
func (p *Proxies) excepted(u *url.URL) bool {
	host := u.Hostname()
	for entry := range strings.SplitSeq(p.noProxy, ",") {
		entry = strings.TrimSpace(entry)
		block, err := netip.ParsePrefix(entry)
		addr, err2 := netip.ParseAddr(host)
		if entry == "*" || entry == host || entry == u.Host || err == nil && err2 == nil && block.Contains(addr) {
			return true
		}
	}
	return false
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// tunnel connects to host:port through a proxy.
func (d *Dialer) tunnel(ctx context.Context, p *Proxy, address string) (net.Conn, error) {
	conn, err := d.Socket(ctx, net.Dialer{}, "tcp", p.url.Host)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	out := conn
	switch p.url.Scheme {
	case "http":
		err = connect(conn, p, address)
	case "https":
		config := d.tlsConfig("")
		config.ServerName = p.url.Hostname()
		secure := tls.Client(conn, config)
		if err = secure.HandshakeContext(ctx); err == nil {
			out, err = secure, connect(secure, p, address)
		}
	default:
		err = socks(ctx, conn, p, address)
	}
	if err != nil {
		_ = conn.Close() // the proxy's error is the one that counts
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, err
	}
	return out, nil
}

// maxProxyHeader is how many bytes of a proxy's answer are read.
const maxProxyHeader = 64 << 10

// connect asks an HTTP proxy for a tunnel.
func connect(conn net.Conn, p *Proxy, address string) error {
	r := &http.Request{
		Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address,
		Header: http.Header{"User-Agent": {"dialtone"}},
	}
	if u := p.url.User; u != nil {
		password, _ := u.Password()
		r.Header.Set("Proxy-Authorization",
			"Basic "+base64.StdEncoding.EncodeToString([]byte(u.Username()+":"+password)))
	}
	if err := r.Write(conn); err != nil {
		return err
	}
	answer := bufio.NewReader(io.LimitReader(conn, maxProxyHeader))
	response, err := http.ReadResponse(answer, r)
	if err != nil {
		if _, ours := errors.AsType[net.Error](err); ours || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
		return refusedBy(0, err.Error())
	}
	_ = response.Body.Close() // a tunnel has none, and that of a refusal does not matter
	if response.StatusCode/100 != 2 {
		return refusedBy(response.StatusCode, response.Status)
	}
	if answer.Buffered() > 0 {
		return fmt.Errorf("%w: the server speaks before it is asked", ErrAnswer)
	}
	return nil
}

// refusedBy is the answer of a proxy that does not lead to the server.
func refusedBy(status int, reason string) error {
	return &Error{diag.Failure{Cause: diag.CauseProxy, Status: status, Reason: diag.Clean(reason, MaxText)}}
}

// socks asks a SOCKS5 proxy for a connection. The proxy resolves the name.
func socks(ctx context.Context, conn net.Conn, p *Proxy, address string) error {
	var auth *proxy.Auth
	if u := p.url.User; u != nil {
		auth = &proxy.Auth{User: u.Username()}
		auth.Password, _ = u.Password()
	}
	dialer, err := proxy.SOCKS5("tcp", p.url.Host, auth, opened{conn})
	if err != nil {
		return err
	}
	with, ok := dialer.(proxy.ContextDialer)
	if !ok {
		return errors.ErrUnsupported
	}
	if _, err = with.DialContext(ctx, "tcp", address); err == nil || IsTimeout(err) || errors.Is(err, io.EOF) {
		return err
	}
	return refusedBy(0, reason(err))
}

// opened is a dialer whose connection is there already.
type opened struct{ conn net.Conn }

// Dial implements [proxy.Dialer].
func (o opened) Dial(string, string) (net.Conn, error) { return o.conn, nil }

// DialContext implements [proxy.ContextDialer].
func (o opened) DialContext(context.Context, string, string) (net.Conn, error) { return o.conn, nil }
