package probe

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/transport/v5"

	"dialtone/diag"
	"dialtone/diag/nat"
)

// natSocket is a socket of one test.
type natSocket struct {
	conn      transport.UDPConn
	connected bool
	local     netip.AddrPort
	reader    sync.WaitGroup
}

// arrival is a datagram, or the error that a socket ended with.
type arrival struct {
	socket diag.NATSocket
	server int            // of a connected socket, otherwise -1
	local  netip.AddrPort // of a connected socket
	from   netip.AddrPort
	at     time.Duration
	bytes  []byte
	err    error
}

// socket returns the socket of a name, a new one at the first time. Those that ask whether a port is there are
// connected, so that a refusal is heard.
func (r *natRun) socket(ctx context.Context, ask *nat.Question) (*natSocket, error) {
	if s := r.sockets[ask.Socket]; s != nil {
		return s, nil
	}
	network, local := "udp4", netip.IPv4Unspecified()
	if ask.To.Addr().Is6() {
		network, local = "udp6", netip.IPv6Unspecified()
	}
	if r.options.Bind.IsValid() {
		local = r.options.Bind
	}
	s := &natSocket{connected: ask.Test == diag.TestReach || ask.Test == diag.TestOtherPort}
	var err error
	switch {
	case s.connected && r.options.Bind.IsValid():
		s.conn, err = r.options.Net.DialUDP(network, net.UDPAddrFromAddrPort(netip.AddrPortFrom(local, 0)),
			net.UDPAddrFromAddrPort(ask.To))
	case s.connected:
		s.conn, err = r.options.Net.DialUDP(network, nil, net.UDPAddrFromAddrPort(ask.To))
	default:
		s.conn, err = r.options.Net.ListenUDP(network, net.UDPAddrFromAddrPort(netip.AddrPortFrom(local, 0)))
	}
	if err != nil {
		return nil, err
	}
	if raw, system := s.conn.(*net.UDPConn); system && ask.Socket.Use == diag.SocketSize {
		dontFragment(raw, ask.To.Addr().Is6())
	}
	s.local = udpAddr(s.conn.LocalAddr())
	r.sockets[ask.Socket] = s
	a := arrival{socket: ask.Socket, server: -1}
	if s.connected {
		a.server, a.local, a.from = ask.Server, s.local, ask.To
	}
	s.reader.Go(func() { s.read(ctx, r.start, a, r.arrivals) })
	return s, nil
}

// write sends a datagram.
func (s *natSocket) write(b []byte, to netip.AddrPort) error {
	if s.connected {
		_, err := s.conn.Write(b)
		return err
	}
	_, err := s.conn.WriteTo(b, net.UDPAddrFromAddrPort(to))
	return err
}

// read hands on what comes until the socket is closed, or has failed too often.
func (s *natSocket) read(ctx context.Context, start time.Time, form arrival, to chan<- arrival) {
	b := make([]byte, maxMessage)
	for failures := 0; failures < maxStray; {
		n, from, err := s.conn.ReadFrom(b)
		a := form
		a.at, a.err = time.Since(start), err
		if err != nil {
			failures++ // a refusal of one datagram does not end the socket
		} else {
			a.bytes = append([]byte(nil), b[:n]...)
			if !s.connected {
				a.from = udpAddr(from)
			}
		}
		select {
		case to <- a:
		case <-ctx.Done():
			return
		}
	}
}

// udpAddr converts what package net gives.
func udpAddr(a net.Addr) netip.AddrPort {
	u, ok := a.(*net.UDPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := u.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap().WithZone(""), ap.Port())
}

// close closes all sockets and waits for their readers.
func (r *natRun) close() {
	for _, s := range r.sockets {
		_ = s.conn.Close() // what it says no longer matters
	}
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		for _, s := range r.sockets {
			s.reader.Wait()
		}
	}()
	for {
		select {
		case <-r.arrivals: // a reader may be handing on
		case <-stop:
			return
		}
	}
}

// systemSockets are the operating system's.
type systemSockets struct{}

// ListenUDP implements [Sockets].
func (systemSockets) ListenUDP(network string, local *net.UDPAddr) (transport.UDPConn, error) {
	return net.ListenUDP(network, local)
}

// DialUDP implements [Sockets].
func (systemSockets) DialUDP(network string, local, remote *net.UDPAddr) (transport.UDPConn, error) {
	return net.DialUDP(network, local, remote)
}

// interfaceOf finds the interface of this machine that has an address: its name, its MTU in bytes, and the network,
// where that is a private one.
func interfaceOf(a netip.Addr) (name string, mtu int, network netip.Prefix) {
	list, err := net.Interfaces()
	if err != nil {
		return "", 0, netip.Prefix{}
	}
	for _, i := range list {
		own, err := i.Addrs()
		if err != nil {
			continue
		}
		for _, o := range own {
			if p, err := netip.ParsePrefix(o.String()); err == nil && p.Addr() == a {
				if a.IsPrivate() {
					network = p.Masked()
				}
				return i.Name, i.MTU, network
			}
		}
	}
	return "", 0, netip.Prefix{}
}
