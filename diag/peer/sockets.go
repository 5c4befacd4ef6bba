package peer

import (
	"context"
	"net"
	"net/netip"
	"sync"

	"github.com/pion/transport/v5"
	"github.com/pion/transport/v5/stdnet"

	"dialtone/diag/forward"
	"dialtone/diag/guard"
	"dialtone/diag/handover"
	"dialtone/diag/wire"
)

// sockets is a network, watched: it knows which local port spoke STUN to which address, what a server name resolved to,
// and passes DTLS records to an observer. It can close everything at once: the way for a hang-up past an agent that
// still waits for a silent TURN server.
type sockets struct {
	transport.Net
	guard   *guard.Guard
	pause   *handover.Meter
	kept    handover.Sockets
	onHello func(version, cipher uint16)
	onAlert func() // an encrypted DTLS alert is sent
	onMedia func([]byte)
	open    forward.Closers

	interfaces sync.RWMutex // of Net, which does not lock

	mu      sync.Mutex
	names   map[string]string // resolved "ip:port" → "host:port" as asked for
	servers map[int]string    // local port → "ip:port" of the first STUN request to a server
}

// socketBuffer is what a UDP socket requests of the kernel: with the default, bursts of video key frames and data are
// dropped. The kernel may grant less.
const socketBuffer = 1 << 20

func newSockets(
	network Net, g *guard.Guard, m *handover.Meter, onHello func(version, cipher uint16), onAlert func(),
) (*sockets, error) {
	if network == nil {
		system, err := stdnet.NewNet()
		if err != nil {
			return nil, err
		}
		network = system
	}
	return &sockets{
		Net: network, guard: g, pause: m, onHello: onHello, onAlert: onAlert,
		names: map[string]string{}, servers: map[int]string{},
	}, nil
}

// ListenUDP opens a watched socket. That for mDNS stays as it is: what joins its group needs the operating system's.
func (s *sockets) ListenUDP(network string, addr *net.UDPAddr) (transport.UDPConn, error) {
	if kept := s.kept.Again(network, addr); kept != nil {
		s.forget(int(addrPortOf(kept.LocalAddr()).Port()))
		return s.watch(kept)
	}
	conn, err := s.Net.ListenUDP(network, addr)
	if err != nil || addr.IP.IsMulticast() {
		return conn, err
	}
	enlarge(conn)
	return s.watch(s.kept.Wrap(conn, network, addr))
}

// dial opens a socket to a server: over UDP in this network, over TCP in that of the operating system.
func (s *sockets) dial(ctx context.Context, d *net.Dialer, network, address string) (net.Conn, error) {
	if network != "udp" {
		return d.DialContext(ctx, network, address)
	}
	to, err := net.ResolveUDPAddr(network, address)
	if err != nil {
		return nil, err
	}
	local, _ := d.LocalAddr.(*net.UDPAddr)
	conn, err := s.Net.DialUDP(network, local, to)
	if err != nil {
		return nil, err
	}
	enlarge(conn)
	return conn, nil
}

func enlarge(conn transport.UDPConn) {
	_ = conn.SetReadBuffer(socketBuffer)
	_ = conn.SetWriteBuffer(socketBuffer)
}

func (s *sockets) watch(conn *handover.Socket) (transport.UDPConn, error) {
	w := &socket{Socket: conn, gate: gate{sockets: s, at: addrPortOf(conn.LocalAddr())}}
	if err := s.open.Add(w); err != nil {
		return nil, err
	}
	return w, nil
}

// ResolveUDPAddr resolves, and remembers the name.
func (s *sockets) ResolveUDPAddr(network, address string) (*net.UDPAddr, error) {
	addr, err := s.Net.ResolveUDPAddr(network, address)
	if err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.names[addr.String()] = address
	}
	return addr, err
}

// serverOf returns the "host:port" of the server that a local port spoke to; empty when unknown.
func (s *sockets) serverOf(port int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	addr := s.servers[port]
	if name, ok := s.names[addr]; ok {
		return name
	}
	return addr
}

// addresses are the local ones of an IP version from which the agent sends.
func (s *sockets) addresses(ip4 bool) []netip.Addr {
	interfaces, err := s.Interfaces()
	if err != nil {
		return nil
	}
	var out []netip.Addr
	for _, i := range interfaces {
		addrs, err := i.Addrs()
		if err != nil {
			continue
		}
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() == ip4 {
				out = append(out, p.Addr())
			}
		}
	}
	return out
}

// asked remembers the server that a local port sends its first request to.
func (s *sockets) asked(port int, to net.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.servers[port] == "" {
		s.servers[port] = to.String()
	}
}

// forget lets a local port be asked about anew.
func (s *sockets) forget(port int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.servers, port)
}

// closeAll closes every socket.
func (s *sockets) closeAll() {
	s.open.CloseAll()
	s.kept.Release()
}

// gateOf makes the gate of a connection to a TURN server.
func (s *sockets) gateOf(at netip.AddrPort) forward.Gate {
	return &relayGate{gate{sockets: s, at: at}}
}

// relayGate is the gate of a connection to a TURN server.
type relayGate struct{ gate }

// Leaves implements [forward.Gate].
func (g *relayGate) Leaves(b []byte, to net.Addr) bool { return g.leaves(b, to) }

// Arrives implements [forward.Gate].
func (g *relayGate) Arrives(b []byte, from net.Addr) bool { return g.arrives(b, from) }

// Released implements [forward.Gate].
func (g *relayGate) Released() ([]byte, bool) {
	p, ok := g.released()
	if !ok {
		return nil, false
	}
	return p.data, true
}

// findHello passes a ServerHello on, if the record carries one.
func (s *sockets) findHello(record []byte) {
	if len(record) < 1 || record[0] != wire.RecordHandshake || s.onHello == nil {
		return
	}
	if version, cipher, ok := wire.ParseServerHello(record); ok {
		s.onHello(version, cipher)
	}
}

// addrPortOf is the IP address and port of an address; invalid if it has none.
func addrPortOf(addr net.Addr) netip.AddrPort {
	switch a := addr.(type) {
	case *net.UDPAddr:
		return a.AddrPort()
	case *net.TCPAddr:
		return a.AddrPort()
	}
	return netip.AddrPort{}
}
