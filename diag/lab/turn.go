package lab

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/pion/dtls/v3"
	"github.com/pion/logging"
	"github.com/pion/stun/v4"
	"github.com/pion/turn/v5"
)

// TURNOptions describe a STUN and TURN server. The zero value is a STUN server over UDP on a free port of loopback.
type TURNOptions struct {
	// Listen is host:port with an IP address as the host, default "127.0.0.1:0". UDP and TCP share the port. TLS and
	// DTLS share another one, which the system chooses.
	Listen string

	// UDP, TCP, TLS and DTLS choose the transports; when none is chosen, UDP.
	UDP, TCP, TLS, DTLS bool

	// Username and Password are the one account (long-term credentials, RFC 8489 §9.2). Without a username the server
	// answers Binding requests only.
	Username, Password string

	// Realm defaults to "dialtone".
	Realm string

	// RelayIP is the address in XOR-RELAYED-ADDRESS, default the listening one. Relay sockets are opened on the
	// listening address in any case.
	RelayIP netip.Addr

	// MaxAllocations is how many allocations may exist at once, 0 for no limit; beyond it, the answer is 486.
	MaxAllocations int

	// Certificate is for TLS and DTLS; default one for localhost and the loopback addresses.
	Certificate *Certificate

	// Faults are those of the server over UDP; default none.
	Faults TURNFaults

	// Configure changes the configuration of pion's server before it starts, its handlers for instance; nil: nothing. The
	// handlers of allocations that are set already must be called.
	Configure func(*turn.ServerConfig)
}

// TURN is a running server. Its methods may be called from any goroutine.
type TURN struct {
	addrs       map[Transport]net.Addr
	certificate *Certificate
	opened      *sockets
	allocations atomic.Int64
	close       func() error
}

// StartTURN starts a server. The caller closes it.
func StartTURN(o TURNOptions) (*TURN, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	t := &TURN{addrs: map[Transport]net.Addr{}, certificate: o.Certificate, opened: newSockets()}
	config := turn.ServerConfig{
		Realm: o.Realm,
		// The default factory would write to the terminal.
		LoggerFactory: &logging.DefaultLoggerFactory{Writer: io.Discard},
		EventHandler: turn.EventHandler{
			OnAllocationCreated: func(_, _ net.Addr, _, _, _ string, _ net.Addr, _ int) { t.allocations.Add(1) },
			OnAllocationDeleted: func(_, _ net.Addr, _, _, _ string) { t.allocations.Add(-1) },
		},
	}
	if o.Username != "" {
		config.AuthHandler = func(ra *turn.RequestAttributes) (string, []byte, bool) {
			return ra.Username, turn.GenerateAuthKey(ra.Username, ra.Realm, o.Password), ra.Username == o.Username
		}
	}
	if o.MaxAllocations > 0 {
		config.QuotaHandler = func(string, string, net.Addr) bool { return t.allocations.Load() < int64(o.MaxAllocations) }
	}
	if err := t.listen(o, &config); err != nil {
		return nil, errors.Join(fmt.Errorf("lab: TURN server: %w", err), t.opened.close())
	}
	if o.Configure != nil {
		o.Configure(&config)
	}
	server, err := turn.NewServer(config)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lab: TURN server: %w", err), t.opened.close())
	}
	t.close = sync.OnceValue(func() error {
		err := t.opened.close()
		_ = server.Close() // its only error is that its sockets are closed already
		return err
	})
	return t, nil
}

// complete fills in the defaults and rejects invalid options.
func (o *TURNOptions) complete() error {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Realm == "" {
		o.Realm = "dialtone"
	}
	if !o.UDP && !o.TCP && !o.TLS && !o.DTLS {
		o.UDP = true
	}
	listen, err := netip.ParseAddrPort(o.Listen)
	if err != nil {
		return fmt.Errorf("%w: listen %q is not ip:port", ErrOptions, o.Listen)
	}
	if !o.RelayIP.IsValid() {
		if listen.Addr().IsUnspecified() {
			return fmt.Errorf("%w: listening on %s needs a relay address that clients can reach", ErrOptions, o.Listen)
		}
		o.RelayIP = listen.Addr()
	}
	if o.Certificate == nil && (o.TLS || o.DTLS) {
		o.Certificate, err = NewCertificate(CertificateOptions{})
	}
	return err
}

// listen opens the requested transports and adds them to the configuration.
func (t *TURN) listen(o TURNOptions, config *turn.ServerConfig) error {
	relay, err := t.relays(o)
	if err != nil {
		return err
	}
	pc, l, err := open(o.Listen, o.UDP, o.TCP)
	if err != nil {
		return err
	}
	if pc != nil && !o.Faults.none() {
		key := stun.NewLongTermIntegrity(o.Username, o.Realm, o.Password)
		pc = &faultyConn{PacketConn: pc, faults: o.Faults, key: key, realm: o.Realm}
	}
	if err := t.usePacketConn(pc, relay, config); err != nil {
		return err
	}
	if err := t.useListener(TCP, l, nil, relay, config); err != nil {
		return err
	}

	host, _, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return err
	}
	if o.TLS {
		l, err := listenStream(net.JoinHostPort(host, "0"))
		if err != nil {
			return err
		}
		secure := &tls.Config{Certificates: []tls.Certificate{o.Certificate.TLS}, MinVersion: tls.VersionTLS12}
		wrap := func(c net.Conn) net.Conn { return tls.Server(c, secure) }
		if err := t.useListener(TLS, l, wrap, relay, config); err != nil {
			return err
		}
	}
	if o.DTLS {
		l, err := listenDTLS(net.JoinHostPort(host, "0"), o.Certificate)
		if err != nil {
			return err
		}
		return t.useListener(DTLS, l, nil, relay, config)
	}
	return nil
}

// open opens the requested plain sockets; the others are nil.
func open(addr string, udp, tcp bool) (pc net.PacketConn, l net.Listener, err error) {
	switch {
	case udp && tcp:
		return listenBoth(addr)
	case udp:
		pc, err = listenPacket(addr)
	case tcp:
		l, err = listenStream(addr)
	}
	return pc, l, err
}

// listenDTLS opens a DTLS listener.
func listenDTLS(addr string, c *Certificate) (net.Listener, error) {
	a, err := net.ResolveUDPAddr("udp", addr)
	if err != nil {
		return nil, err
	}
	return dtls.ListenWithOptions("udp", a,
		dtls.WithCertificates(c.TLS), dtls.WithLoggerFactory(&logging.DefaultLoggerFactory{Writer: io.Discard}))
}

func (t *TURN) usePacketConn(pc net.PacketConn, relay turn.RelayAddressGenerator, config *turn.ServerConfig) error {
	if pc == nil {
		return nil
	}
	t.addrs[UDP] = pc.LocalAddr()
	pc, err := t.opened.trackPacket(pc)
	if err != nil {
		return err
	}
	config.PacketConnConfigs = append(config.PacketConnConfigs,
		turn.PacketConnConfig{PacketConn: pc, RelayAddressGenerator: relay})
	return nil
}

func (t *TURN) useListener(
	tr Transport, l net.Listener, wrap func(net.Conn) net.Conn, relay turn.RelayAddressGenerator,
	config *turn.ServerConfig,
) error {
	if l == nil {
		return nil
	}
	t.addrs[tr] = l.Addr()
	l, err := t.opened.trackListener(l, wrap)
	if err != nil {
		return err
	}
	config.ListenerConfigs = append(config.ListenerConfigs, turn.ListenerConfig{Listener: l, RelayAddressGenerator: relay})
	return nil
}

// relays makes the generator of relay sockets.
func (t *TURN) relays(o TURNOptions) (*relayGenerator, error) {
	host, _, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return nil, err
	}
	g := &turn.RelayAddressGeneratorStatic{RelayAddress: net.IP(o.RelayIP.AsSlice()), Address: host}
	return &relayGenerator{RelayAddressGenerator: g, opened: t.opened, closed: o.Faults.Closed}, nil
}

// relayGenerator adds relay sockets to the sockets of the server.
type relayGenerator struct {
	turn.RelayAddressGenerator
	opened *sockets
	closed bool
}

func (g *relayGenerator) AllocatePacketConn(c turn.AllocateListenerConfig) (net.PacketConn, net.Addr, error) {
	pc, addr, err := g.RelayAddressGenerator.AllocatePacketConn(c)
	if err != nil {
		return nil, nil, err
	}
	if g.closed {
		pc = &closedRelay{PacketConn: pc}
	}
	pc, err = g.opened.trackPacket(pc)
	return pc, addr, err
}

func (g *relayGenerator) AllocateListener(c turn.AllocateListenerConfig) (net.Listener, net.Addr, error) {
	l, addr, err := g.RelayAddressGenerator.AllocateListener(c)
	if err != nil {
		return nil, nil, err
	}
	l, err = g.opened.trackListener(l, nil)
	return l, addr, err
}

// STUN is the stun: URL, over UDP if the server has it, otherwise over another transport.
func (t *TURN) STUN() string {
	for _, tr := range []Transport{UDP, TCP, TLS, DTLS} {
		if a := t.addrs[tr]; a != nil {
			return tr.stunURL(a)
		}
	}
	return ""
}

// URL is the turn: or turns: URL of a transport, empty when the server does not have it.
func (t *TURN) URL(tr Transport) string {
	if a := t.addrs[tr]; a != nil {
		return tr.turnURL(a)
	}
	return ""
}

// URLs are the turn: and turns: URLs of all its transports, in the order UDP, TCP, TLS, DTLS.
func (t *TURN) URLs() []string {
	var urls []string
	for _, tr := range []Transport{UDP, TCP, TLS, DTLS} {
		if u := t.URL(tr); u != "" {
			urls = append(urls, u)
		}
	}
	return urls
}

// Addr is the address of a transport, nil if the server does not have it.
func (t *TURN) Addr(tr Transport) net.Addr { return t.addrs[tr] }

// Certificate is the one of TLS and DTLS, nil without them.
func (t *TURN) Certificate() *Certificate { return t.certificate }

// Allocations is how many allocations exist now.
func (t *TURN) Allocations() int { return int(t.allocations.Load()) }

// Close closes all sockets and connections and waits until they are no longer used. It may be called again.
func (t *TURN) Close() error { return t.close() }
