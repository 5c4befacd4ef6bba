package peer

import (
	"context"
	"errors"
	"fmt"
	"net"
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

// forwarder stands between the ICE agent and the TURN servers. The agent believes that it reaches each of them through
// a proxy over TCP, and so hands the messages over, two times per server: for a relay of either family. The forwarder
// carries them over UDP, TCP, TLS or DTLS and either family, with the authorities that were given. So it knows which
// relay came from where, and sees the DTLS that is inside.
type forwarder struct {
	servers []server // of TURN
	reach   reach.Dialer
	socks   *sockets
	open    closers // connections, and dials in progress

	mu     sync.Mutex
	links  map[int]*link // by the local port that the agent knows
	rounds []*round      // by server
}

// round is the order of a server's relays in one gathering.
type round struct {
	four chan struct{} // the one of IPv4 is settled
	once *sync.Once
	next bool // one of IPv6 may be granted
}

func newRound() *round { return &round{four: make(chan struct{}), once: new(sync.Once)} }

func newForwarder(o Options, socks *sockets) *forwarder {
	f := &forwarder{socks: socks, links: map[int]*link{}}
	f.reach = reach.Dialer{
		TLS: o.TLS, Proxies: o.Proxies, Dial: socks.dial,
		// A failure is reported by the probe of the server.
		Step: func(_ context.Context, _ diag.StageName, try func(*diag.Stage) error) error {
			return try(&diag.Stage{})
		},
	}
	for _, s := range parseServers(o.ICEServers) {
		if s.Scheme.TURN() {
			s.NoPort = false // no ICE agent asks for DNS SRV
			f.servers, f.rounds = append(f.servers, s), append(f.rounds, newRound())
		}
	}
	return f
}

// agentURL is what the agent is given instead of a TURN server's URL. It ranks relays by the URL: those whose packets
// are not held up by a lost one come first.
func agentURL(i int, u iceurl.URL) string {
	scheme := iceurl.TURNS
	if u.UDP {
		scheme = iceurl.TURN
	}
	return fmt.Sprintf("%s:%d.invalid:%d?transport=tcp", scheme, i, iceurl.DefaultPort)
}

// again prepares the next gathering.
func (f *forwarder) again() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.rounds {
		f.rounds[i] = newRound()
	}
}

// errNoServer is of an address that the agent was not given.
var errNoServer = errors.New("not a configured TURN server")

// Dial connects to the server behind an address of [agentURL], for a relay of IPv4 (tcp4) or IPv6 (tcp6).
func (f *forwarder) Dial(network, address string) (net.Conn, error) {
	index, _, _ := strings.Cut(address, ".")
	i, err := strconv.Atoi(index)
	if err != nil || i < 0 || i >= len(f.servers) {
		return nil, errNoServer
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	dial := &canceler{cancel}
	if err := f.open.add(dial); err != nil {
		return nil, err
	}
	defer f.open.remove(dial)
	f.mu.Lock()
	r := f.rounds[i]
	f.mu.Unlock()
	six := network == "tcp6"
	if six {
		if err := r.wait(ctx); err != nil {
			return nil, err
		}
	}
	l := &link{forwarder: f, gate: gate{sockets: f.socks}, server: f.servers[i]}
	l.settle = func(next bool) { r.settle(six, next) }
	if err := f.connect(ctx, l, six); err != nil {
		l.settle(false)
		return nil, err
	}
	return l, nil
}

// wait returns when the relay of IPv6 may be asked for.
func (r *round) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(ipv4First):
		return nil
	case <-r.four:
	}
	if !r.next {
		return errors.New("the server granted no relay of IPv4")
	}
	return nil
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
func (f *forwarder) connect(ctx context.Context, l *link, six bool) error {
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
	l.at = l.local.AddrPort()
	l.reading()
	f.mu.Lock()
	f.links[l.local.Port] = l
	f.mu.Unlock()
	return f.open.add(l)
}

// dialUnique connects from a port that no other link has, over UDP or TCP: candidates name it.
func (f *forwarder) dialUnique(ctx context.Context, u iceurl.URL, to []reach.Endpoint) (*reach.Conn, error) {
	const attempts = 3
	for n := 1; ; n++ {
		conn, err := f.reach.Any(ctx, u, to)
		if err != nil || f.linkOf(portOf(conn.LocalAddr())) == nil || n == attempts {
			return conn, err
		}
		_ = conn.Close() // it was not used
	}
}

// linkOf returns the connection by which the agent got a relay, by the port that its candidate names.
func (f *forwarder) linkOf(port int) *link {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.links[port]
}

// canceler ends a dial when it is closed.
type canceler struct{ cancel context.CancelFunc }

func (c *canceler) Close() error {
	c.cancel()
	return nil
}
