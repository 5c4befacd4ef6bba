package peer

import (
	"encoding/binary"
	"net"
	"strconv"
	"sync"

	"github.com/pion/transport/v5"
	"github.com/pion/transport/v5/stdnet"
)

// sockets is a network, watched: it knows which local port spoke STUN to which address, what a server
// name resolved to, and hands DTLS records to an observer. It can close everything at once, which is how a hang-up gets
// past an agent that still waits for a silent TURN server.
type sockets struct {
	transport.Net
	onHello func(version, cipher uint16)
	onAlert func() // an encrypted DTLS alert of ours leaves

	mu     sync.Mutex
	names  map[string]string // resolved "ip:port" → "host:port" as asked for
	asked  map[int]string    // local UDP port → "ip:port" of the first STUN request without a peer's username
	open   map[net.PacketConn]struct{}
	closed bool
}

// socketBuffer is what a UDP socket asks the kernel for: with the default, bursts of video key frames and data are
// dropped.
const socketBuffer = 1 << 20

func newSockets(network Net, onHello func(version, cipher uint16), onAlert func()) (*sockets, error) {
	if network == nil {
		system, err := stdnet.NewNet()
		if err != nil {
			return nil, err
		}
		network = system
	}
	return &sockets{
		Net: network, onHello: onHello, onAlert: onAlert, names: map[string]string{}, asked: map[int]string{},
		open: map[net.PacketConn]struct{}{},
	}, nil
}

// ListenUDP opens a watched socket.
func (s *sockets) ListenUDP(network string, addr *net.UDPAddr) (transport.UDPConn, error) {
	conn, err := s.Net.ListenUDP(network, addr)
	if err != nil {
		return nil, err
	}
	w := &udpSocket{UDPConn: conn, sockets: s, port: portOf(conn.LocalAddr())}
	// The kernel may grant less; then bursts are lost as they would be without asking.
	_ = conn.SetReadBuffer(socketBuffer)
	_ = conn.SetWriteBuffer(socketBuffer)
	if err := s.add(w); err != nil {
		return nil, err
	}
	return w, nil
}

// ListenPacket opens a watched socket, as TURN over UDP uses it.
func (s *sockets) ListenPacket(network, address string) (net.PacketConn, error) {
	conn, err := s.Net.ListenPacket(network, address)
	if err != nil {
		return nil, err
	}
	w := &packetSocket{PacketConn: conn, sockets: s, port: portOf(conn.LocalAddr())}
	if err := s.add(w); err != nil {
		return nil, err
	}
	return w, nil
}

// ResolveUDPAddr resolves, and remembers the name.
func (s *sockets) ResolveUDPAddr(network, address string) (*net.UDPAddr, error) {
	addr, err := s.Net.ResolveUDPAddr(network, address)
	if err == nil {
		s.named(addr.String(), address)
	}
	return addr, err
}

func (s *sockets) named(addr, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names[addr] = name
}

// tcpAsked notes that a TCP connection from a local port goes to a server.
func (s *sockets) tcpAsked(local net.Addr, hostPort string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked[-portOf(local)] = hostPort // TCP and UDP ports are different things
}

// add keeps a new socket in view; after closeAll there are no new sockets.
func (s *sockets) add(c net.PacketConn) error {
	s.mu.Lock()
	closed := s.closed
	if !closed {
		s.open[c] = struct{}{}
	}
	s.mu.Unlock()
	if closed {
		_ = c.Close() // takes the lock itself
		return net.ErrClosed
	}
	return nil
}

func (s *sockets) remove(c net.PacketConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
}

// closeAll closes every socket; those who wait for an answer get an error instead.
func (s *sockets) closeAll() {
	s.mu.Lock()
	s.closed = true
	list := make([]net.PacketConn, 0, len(s.open))
	for c := range s.open {
		list = append(list, c)
	}
	s.mu.Unlock()
	for _, c := range list {
		_ = c.Close()
	}
}

// serverOf returns the "host:port" that the socket on a local port asked; empty when unknown.
func (s *sockets) serverOf(port int, tcp bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if tcp {
		return s.asked[-port]
	}
	addr := s.asked[port]
	if name, ok := s.names[addr]; ok {
		return name
	}
	return addr
}

// sent looks at a datagram that leaves.
func (s *sockets) sent(port int, b []byte, to net.Addr) {
	if isServerRequest(b) {
		s.mu.Lock()
		if _, known := s.asked[port]; !known {
			s.asked[port] = to.String()
		}
		s.mu.Unlock()
		return
	}
	record := dtlsRecord(b)
	if isEncryptedAlert(record) && s.onAlert != nil {
		s.onAlert()
	}
	s.lookAt(record)
}

// look passes a ServerHello on, if b carries one.
func (s *sockets) look(b []byte) { s.lookAt(dtlsRecord(b)) }

func (s *sockets) lookAt(record []byte) {
	if len(record) < 1 || record[0] != recordHandshake || s.onHello == nil {
		return
	}
	if version, cipher, ok := parseServerHello(record); ok {
		s.onHello(version, cipher)
	}
}

// dtlsRecord returns what of a datagram may be DTLS: all of it, or what is inside a TURN server's message; nil for
// other things.
func dtlsRecord(b []byte) []byte {
	if len(b) > 0 && isDTLS(b[0]) {
		return b
	}
	if inner := turnPayload(b); len(inner) > 0 && isDTLS(inner[0]) {
		return inner
	}
	return nil
}

// isDTLS tells by the first byte (RFC 7983 §7).
func isDTLS(first byte) bool { return first >= 20 && first <= 63 }

// isEncryptedAlert reports whether a record is an alert after the handshake: its epoch is not 0 (RFC 6347 §4.1).
func isEncryptedAlert(record []byte) bool {
	return len(record) >= 5 && record[0] == recordAlert && binary.BigEndian.Uint16(record[3:]) != 0
}

func portOf(addr net.Addr) int {
	_, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(port)
	return n
}

type udpSocket struct {
	transport.UDPConn
	sockets *sockets
	port    int
}

func (u *udpSocket) WriteTo(b []byte, to net.Addr) (int, error) {
	u.sockets.sent(u.port, b, to)
	return u.UDPConn.WriteTo(b, to)
}

func (u *udpSocket) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := u.UDPConn.ReadFrom(b)
	u.sockets.look(b[:max(n, 0)])
	return n, from, err
}

func (u *udpSocket) Close() error {
	u.sockets.remove(u)
	return u.UDPConn.Close()
}

type packetSocket struct {
	net.PacketConn
	sockets *sockets
	port    int
}

func (p *packetSocket) WriteTo(b []byte, to net.Addr) (int, error) {
	p.sockets.sent(p.port, b, to)
	return p.PacketConn.WriteTo(b, to)
}

func (p *packetSocket) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := p.PacketConn.ReadFrom(b)
	p.sockets.look(b[:max(n, 0)])
	return n, from, err
}

func (p *packetSocket) Close() error {
	p.sockets.remove(p)
	return p.PacketConn.Close()
}

const (
	recordAlert     = 21 // DTLS ContentTypes (RFC 6347 §4.1)
	recordHandshake = 22
	helloServer     = 2 // HandshakeType server_hello
	stunHeader      = 20
	stunCookie      = 0x2112A442
	attrUsername    = 0x0006
	attrData        = 0x0013
)

// isServerRequest reports whether b is a STUN request to a server: a Binding or Allocate (RFC 8489, RFC 8656) that is
// no connectivity check, which always carries a USERNAME with a colon (RFC 8445 §7.2.2).
func isServerRequest(b []byte) bool {
	if len(b) < stunHeader || binary.BigEndian.Uint32(b[4:]) != stunCookie {
		return false
	}
	switch binary.BigEndian.Uint16(b) {
	case 0x0003: // Allocate request
		return true
	case 0x0001: // Binding request
		_, found := stunAttribute(b, attrUsername)
		return !found
	}
	return false
}

// stunAttribute finds the first attribute of a type.
func stunAttribute(b []byte, want uint16) ([]byte, bool) {
	for rest := b[stunHeader:]; len(rest) >= 4; {
		kind, n := binary.BigEndian.Uint16(rest), int(binary.BigEndian.Uint16(rest[2:]))
		if 4+n > len(rest) {
			return nil, false
		}
		if kind == want {
			return rest[4 : 4+n], true
		}
		padded := 4 + (n+3)&^3
		if padded > len(rest) {
			return nil, false
		}
		rest = rest[padded:]
	}
	return nil, false
}

// turnPayload returns what a ChannelData message (RFC 8656 §12.4) or a Send or Data indication carries.
func turnPayload(b []byte) []byte {
	if len(b) < 4 {
		return nil
	}
	if b[0] >= 0x40 && b[0] < 0x80 {
		if n := int(binary.BigEndian.Uint16(b[2:])); 4+n <= len(b) {
			return b[4 : 4+n]
		}
		return nil
	}
	if len(b) < stunHeader || binary.BigEndian.Uint32(b[4:]) != stunCookie {
		return nil
	}
	if kind := binary.BigEndian.Uint16(b); kind != 0x0016 && kind != 0x0017 {
		return nil
	}
	data, _ := stunAttribute(b, attrData)
	return data
}

// parseServerHello reads version and cipher suite of an unfragmented DTLS 1.0–1.2 ServerHello (RFC 6347 §4.2.2, RFC
// 5246 §7.4.1.3), the first handshake message of its record.
func parseServerHello(b []byte) (version, cipher uint16, ok bool) {
	const record, handshake = 13, 12
	if len(b) < record+handshake+2+32+1 || b[record] != helloServer {
		return 0, 0, false
	}
	body := b[record+handshake:]
	version = binary.BigEndian.Uint16(body)
	rest := body[2+32:]
	sessionID := int(rest[0])
	if len(rest) < 1+sessionID+2 {
		return 0, 0, false
	}
	return version, binary.BigEndian.Uint16(rest[1+sessionID:]), true
}
