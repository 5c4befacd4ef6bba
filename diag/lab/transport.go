package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
)

// Transport is how clients reach a server.
type Transport string

// Transports.
const (
	UDP  Transport = "udp"
	TCP  Transport = "tcp"
	TLS  Transport = "tls"  // over TCP
	DTLS Transport = "dtls" // over UDP
)

// ErrOptions is returned (wrapped) for options that contradict each other.
var ErrOptions = errors.New("lab: unusable options")

// query is the transport parameter of the URIs of RFC 7064 and RFC 7065; the scheme shows whether it is secured.
func (t Transport) query() string {
	if t == UDP || t == DTLS {
		return "udp"
	}
	return "tcp"
}

// secured reports whether the scheme of the URI ends in "s".
func (t Transport) secured() bool { return t == TLS || t == DTLS }

// turnURL is the TURN URI (RFC 7065) of an address.
func (t Transport) turnURL(addr net.Addr) string {
	scheme := "turn"
	if t.secured() {
		scheme = "turns"
	}
	return fmt.Sprintf("%s:%s?transport=%s", scheme, addr, t.query())
}

// stunURL is the STUN URI (RFC 7064) of an address. That RFC has no "transport" parameter; it is added if the
// scheme has another default transport.
func (t Transport) stunURL(addr net.Addr) string {
	switch t {
	case UDP:
		return fmt.Sprintf("stun:%s", addr)
	case TLS:
		return fmt.Sprintf("stuns:%s", addr)
	case DTLS:
		return fmt.Sprintf("stuns:%s?transport=udp", addr)
	case TCP:
		return fmt.Sprintf("stun:%s?transport=tcp", addr)
	}
	return ""
}

// listenPacket opens a UDP socket.
func listenPacket(addr string) (net.PacketConn, error) {
	var lc net.ListenConfig
	return lc.ListenPacket(context.Background(), "udp", addr)
}

// listenStream opens a TCP listener.
func listenStream(addr string) (net.Listener, error) {
	var lc net.ListenConfig
	return lc.Listen(context.Background(), "tcp", addr)
}

// listenBoth opens a UDP socket and a TCP listener with one port number, as is usual for TURN servers. With port 0 the
// system chooses the number for UDP, so it may be in use for TCP: then it tries again.
func listenBoth(addr string) (net.PacketConn, net.Listener, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, nil, err
	}
	for try := 0; ; try++ {
		pc, err := listenPacket(addr)
		if err != nil {
			return nil, nil, err
		}
		l, err := listenStream(net.JoinHostPort(host, strconv.Itoa(portOf(pc.LocalAddr()))))
		if err == nil {
			return pc, l, nil
		}
		if closeErr := pc.Close(); closeErr != nil || port != "0" || try == 20 {
			return nil, nil, errors.Join(err, closeErr)
		}
	}
}

// portOf is the port of a UDP or TCP address.
func portOf(a net.Addr) int {
	switch a := a.(type) {
	case *net.UDPAddr:
		return a.Port
	case *net.TCPAddr:
		return a.Port
	}
	return 0
}
