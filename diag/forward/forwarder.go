// Package forward carries the messages of an ICE agent to TURN servers. The agent, which is pion's, reaches few kinds
// of servers by itself, and does not say which server a relay came from.
package forward

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"dialtone/diag"
	"dialtone/diag/iceurl"
	"dialtone/diag/reach"
)

// serverTimeout is how long connecting to a TURN server may take. The agent by itself waits for more than a minute.
const serverTimeout = 5 * time.Second

// ipv4First is how long the relay of IPv6 stands back for that of IPv4, which more peers can reach: the account may
// have room for one.
const ipv4First = time.Second

// Options say how TURN servers are reached.
type Options struct {
	TLS     *tls.Config    // nil: the system's authorities
	Proxies *reach.Proxies // for TCP and TLS; nil: none
	// Dial opens sockets.
	Dial reach.Dial
	// Gate makes what each connection passes; at is how the agent knows it.
	Gate func(at netip.AddrPort, conn net.Conn) Gate
	// OneFamily asks for a relay of IPv6 only at a server that has none of IPv4.
	OneFamily bool
}

// Gate decides which messages pass between the agent and a TURN server, in plain.
type Gate interface {
	Leaves(message []byte, to net.Addr) bool    // may be sent
	Arrives(message []byte, from net.Addr) bool // is for the agent now
	Released() (message []byte, ok bool)        // arrived before, and is for the agent now
}

// Forwarder stands between the ICE agent and the TURN servers. The agent believes that it reaches each of them through
// a proxy over TCP, and so hands the messages over, two times per server: for a relay of either family. The forwarder
// carries them over UDP, TCP, TLS or DTLS and either family, with the authorities that were given. So it knows which
// relay came from where, and sees the DTLS that is inside.
type Forwarder struct {
	reach reach.Dialer
	gate  func(at netip.AddrPort, conn net.Conn) Gate
	open  Closers // connections, and dials in progress
	alone bool    // Options.OneFamily

	mu      sync.Mutex
	servers []server      // none is taken away: the agent knows them by their number
	links   map[int]*link // by the local port that the agent knows
	rounds  []*round      // by server
}

// server is a TURN server.
type server struct {
	iceurl.URL
	text string // the URL as configured, which events repeat
}

// round is the order of a server's relays in one gathering.
type round struct {
	four chan struct{} // the one of IPv4 is settled
	once *sync.Once
	next bool // one of IPv6 may be granted
}

func newRound() *round { return &round{four: make(chan struct{}), once: new(sync.Once)} }

// New makes a forwarder.
func New(o Options) *Forwarder {
	f := &Forwarder{gate: o.Gate, alone: o.OneFamily, links: map[int]*link{}}
	f.reach = reach.Dialer{
		TLS: o.TLS, Proxies: o.Proxies, Dial: o.Dial,
		// A failure is reported by the probe of the server.
		Step: func(_ context.Context, _ diag.StageName, try func(*diag.Stage) error) error {
			return try(&diag.Stage{})
		},
	}
	return f
}

// AgentURL is what the agent is given instead of the URL of a TURN server, which is reached from now on. The agent
// ranks relays by the URL: those whose packets are not held up by a lost one come first.
func (f *Forwarder) AgentURL(u iceurl.URL, text string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	u.NoPort = false // no ICE agent asks for DNS SRV
	i := slices.IndexFunc(f.servers, func(s server) bool { return s.text == text })
	if i < 0 {
		i = len(f.servers)
		f.servers, f.rounds = append(f.servers, server{u, text}), append(f.rounds, newRound())
	}
	scheme := iceurl.TURNS
	if u.UDP {
		scheme = iceurl.TURN
	}
	return fmt.Sprintf("%s:%d.invalid:%d?transport=tcp", scheme, i, iceurl.DefaultPort)
}

// Again prepares the next gathering.
func (f *Forwarder) Again() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.rounds {
		f.rounds[i] = newRound()
	}
}

// errNoServer is of an address that the agent was not given.
var errNoServer = errors.New("not a configured TURN server")

// Dial connects to the server behind an address of [AgentURL], for a relay of IPv4 (tcp4) or IPv6 (tcp6).
func (f *Forwarder) Dial(network, address string) (net.Conn, error) {
	index, _, _ := strings.Cut(address, ".")
	i, err := strconv.Atoi(index)
	f.mu.Lock()
	if err != nil || i < 0 || i >= len(f.servers) {
		f.mu.Unlock()
		return nil, errNoServer
	}
	r, to := f.rounds[i], f.servers[i]
	f.mu.Unlock()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	dial := &canceler{cancel}
	if err := f.open.Add(dial); err != nil {
		return nil, err
	}
	defer f.open.Remove(dial)
	six := network == "tcp6"
	if six {
		if err := r.wait(ctx, f.alone); err != nil {
			return nil, err
		}
	}
	l := &link{forwarder: f, server: to}
	l.settle = func(granted, next bool) { r.settle(six, next && !(granted && f.alone)) }
	if err := f.connect(ctx, l, six); err != nil {
		l.settle(false, false)
		return nil, err
	}
	return l, nil
}

// wait returns when the relay of IPv6 may be asked for: alone, if the server answers that it has none of IPv4.
func (r *round) wait(ctx context.Context, alone bool) error {
	patience := ipv4First
	if alone {
		patience = serverTimeout
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(patience):
		if !alone {
			return nil
		}
	case <-r.four:
		if r.next {
			return nil
		}
	}
	return errors.New("a relay of IPv6 is not asked for")
}

// settle says what came of the relay of IPv4.
func (r *round) settle(six, next bool) {
	if !six {
		r.once.Do(func() {
			r.next = next
			close(r.four)
		})
	}
}

// connect makes the connection for one relay.
func (f *Forwarder) connect(ctx context.Context, l *link, six bool) error {
	ctx, cancel := context.WithTimeout(ctx, serverTimeout)
	defer cancel()
	found, err := f.reach.Resolve(ctx, l.server.URL)
	if err != nil {
		return err
	}
	if l.Conn, err = f.dialUnique(ctx, l.server.URL, found); err != nil {
		return err
	}
	l.local = &net.TCPAddr{IP: net.IPv4zero, Port: portOf(l.Conn.LocalAddr())}
	if six {
		l.local.IP = net.IPv6unspecified
	}
	l.gate = f.gate(l.local.AddrPort(), l.Conn)
	l.reading()
	f.mu.Lock()
	f.links[l.local.Port] = l
	f.mu.Unlock()
	return f.open.Add(l)
}

// dialUnique connects from a port that no other link has, over UDP or TCP: candidates name it.
func (f *Forwarder) dialUnique(ctx context.Context, u iceurl.URL, to []reach.Endpoint) (*reach.Conn, error) {
	const attempts = 3
	for n := 1; ; n++ {
		conn, err := f.reach.Any(ctx, u, to)
		if err != nil || f.linkOf(portOf(conn.LocalAddr())) == nil || n == attempts {
			return conn, err
		}
		_ = conn.Close() // it was not used
	}
}

// linkOf returns the connection that a local port belongs to; nil: none.
func (f *Forwarder) linkOf(port int) *link {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.links[port]
}

// Describe adds to a relay candidate what is known of its server. The candidate's related port names the connection.
func (f *Forwarder) Describe(d *diag.Candidate) {
	if l := f.linkOf(int(d.RelatedPort)); l != nil {
		d.URL, d.RelayProtocol, d.RelatedAddress, d.Server = l.server.text, l.server.Transport(), l.base(), l.facts()
	}
}

// Close ends all connections, and makes those in progress fail.
func (f *Forwarder) Close() { f.open.CloseAll() }

// canceler ends a dial when it is closed.
type canceler struct{ cancel context.CancelFunc }

func (c *canceler) Close() error {
	c.cancel()
	return nil
}

// portOf is the port of a socket's address.
func portOf(addr net.Addr) int {
	a, err := netip.ParseAddrPort(addr.String())
	if err != nil {
		return 0
	}
	return int(a.Port())
}
