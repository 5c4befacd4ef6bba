// Package sockets is the network of a peer, watched: its packets pass the guard of ICE checks, and what they show is
// passed on. It is between the agent and the operating system.
package sockets

import (
	"context"
	"net"
	"net/netip"
	"sync"

	"github.com/pion/transport/v5"

	"dialtone/diag"
	"dialtone/diag/forward"
	"dialtone/diag/guard"
	"dialtone/diag/handover"
	"dialtone/diag/sockets/system"
	"dialtone/diag/wire"
)

// Options say what a network is watched for. Only the callbacks may be nil; they must not block.
type Options struct {
	Guard   *guard.Guard
	Pause   *handover.Meter
	OnHello func(version, cipher uint16) // of a DTLS ServerHello
	OnAlert func()                       // an encrypted DTLS alert is sent
	// a packet that is no STUN message arrived, of any kind, from an address: behind a relay, that of the peer
	OnMedia func([]byte, netip.AddrPort)
	// a TURN server relays nothing to an address of the peer; relay is the address that it allocated
	OnRefused func(relay netip.Addr, r wire.Refusal)
	// each packet that is sent or was received, with both addresses; nil: none is watched
	Tap func(way diag.Direction, local, remote netip.AddrPort, packet []byte)
}

// Net is a network that knows which local port spoke STUN to which address, and what a server name resolved to. It can
// close everything at once: the way for a hang-up past an agent that still waits for a silent TURN server.
type Net struct {
	transport.Net
	o    Options
	kept handover.Sockets
	open forward.Closers

	sources   sources
	handshake handshake

	mu      sync.Mutex
	names   map[string]string // resolved "ip:port" → "host:port" as asked for
	servers map[int]string    // local port → "ip:port" of the first STUN request to a server
}

// socketBuffer is what a UDP socket requests of the kernel: with the default, bursts of video key frames and data are
// dropped. The kernel may grant less.
const socketBuffer = 1 << 20

// New watches a network; that of the operating system if it is nil.
func New(network transport.Net, o Options) (*Net, error) {
	if network == nil {
		host, err := system.New()
		if err != nil {
			return nil, err
		}
		network = host
	}
	return &Net{Net: network, o: o, names: map[string]string{}, servers: map[int]string{}}, nil
}

// Refresh reads the interfaces anew: what the agent gathers from was read by [New].
func (s *Net) Refresh() {
	if host, ok := s.Net.(interface{ UpdateInterfaces() error }); ok {
		_ = host.UpdateInterfaces() // those that are known stay
	}
}

// Restart keeps the sockets for the gathering of an ICE restart, until [Net.Release]; remote is where the selected path
// leads.
func (s *Net) Restart(remote netip.AddrPort) { s.kept.Restart(remote) }

// Release closes the kept sockets that no path needs.
func (s *Net) Release() { s.kept.Release() }

// ListenUDP opens a watched socket. That for mDNS stays as it is: what joins its group needs the operating system's.
func (s *Net) ListenUDP(network string, addr *net.UDPAddr) (transport.UDPConn, error) {
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

// DialServer opens a socket to a server: over UDP in this network, over TCP in that of the operating system.
func (s *Net) DialServer(ctx context.Context, d *net.Dialer, network, address string) (net.Conn, error) {
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

func (s *Net) watch(conn *handover.Socket) (transport.UDPConn, error) {
	w := &socket{Socket: conn, gate: gate{net: s, at: addrPortOf(conn.LocalAddr())}}
	if err := s.open.Add(w); err != nil {
		return nil, err
	}
	return w, nil
}

// ResolveUDPAddr resolves, and remembers the name.
func (s *Net) ResolveUDPAddr(network, address string) (*net.UDPAddr, error) {
	addr, err := s.Net.ResolveUDPAddr(network, address)
	if err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.names[addr.String()] = address
	}
	return addr, err
}

// ServerOf returns the "host:port" of the server that a local port spoke to; empty when unknown.
func (s *Net) ServerOf(port int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	addr := s.servers[port]
	if name, ok := s.names[addr]; ok {
		return name
	}
	return addr
}

// Addresses are the local ones of an IP version from which the agent sends.
func (s *Net) Addresses(ip4 bool) (out []netip.Addr) {
	for _, a := range s.addresses() {
		if a.ip.Is4() == ip4 {
			out = append(out, a.ip)
		}
	}
	return out
}

// InterfaceOf names the interface that has an address; empty when none has.
func (s *Net) InterfaceOf(ip netip.Addr) string {
	for _, a := range s.addresses() {
		if a.ip == ip {
			return a.on
		}
	}
	return ""
}

// address is one of an interface.
type address struct {
	ip netip.Addr
	on string
}

func (s *Net) addresses() (out []address) {
	interfaces, err := s.Interfaces()
	if err != nil {
		return nil
	}
	for _, i := range interfaces {
		addrs, err := i.Addrs()
		if err != nil {
			continue
		}
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				out = append(out, address{p.Addr(), i.Name})
			}
		}
	}
	return out
}

// asked remembers the server that a local port sends its first request to.
func (s *Net) asked(port int, to netip.AddrPort) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.servers[port] == "" {
		s.servers[port] = netip.AddrPortFrom(to.Addr().Unmap(), to.Port()).String()
	}
}

// forget lets a local port be asked about anew.
func (s *Net) forget(port int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.servers, port)
}

// CloseAll closes every socket.
func (s *Net) CloseAll() {
	s.open.CloseAll()
	s.kept.Release()
}

// Gate makes the gate of a connection to a TURN server, which the agent knows by another local address.
func (s *Net) Gate(at netip.AddrPort, conn net.Conn) forward.Gate {
	return &relayGate{gate{
		net: s, at: at, local: addrPortOf(conn.LocalAddr()), remote: addrPortOf(conn.RemoteAddr()),
	}}
}

// relayGate is the gate of a connection to a TURN server.
type relayGate struct{ gate }

// Leaves implements [forward.Gate].
func (g *relayGate) Leaves(b []byte, to net.Addr) bool { return g.leaves(b, addrPortOf(to)) }

// Arrives implements [forward.Gate].
func (g *relayGate) Arrives(b []byte, from net.Addr) bool { return g.arrives(b, addrPortOf(from)) }

// Released implements [forward.Gate].
func (g *relayGate) Released() ([]byte, bool) {
	p, ok := g.released()
	if !ok {
		return nil, false
	}
	return p.data, true
}

// findHello passes a ServerHello on, if the record carries one.
func (s *Net) findHello(record []byte) {
	if len(record) < 1 || record[0] != wire.RecordHandshake || s.o.OnHello == nil {
		return
	}
	if version, cipher, ok := wire.ParseServerHello(record); ok {
		s.o.OnHello(version, cipher)
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
