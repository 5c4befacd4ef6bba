package lab

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Behavior is the fault of a server.
type Behavior int

// Behaviors. Those that speak STUN handle Binding and Allocate requests in the same way unless stated otherwise.
const (
	BehaviorUnknown Behavior = iota
	Silent                   // never answers; accepts TCP, and completes TLS
	Mute                     // never answers, not even the TLS handshake; accepts TCP; for UDP as Silent
	Refused                  // closed port: ICMP port unreachable, or RST
	Closing                  // closes the connection at the first bytes; for UDP as Silent
	Garbage                  // answers with bytes that are not STUN
	HTTP                     // answers as a web server does
	Huge                     // announces a message of 65,532 bytes and sends a megabyte, or what a datagram can hold
	Trickle                  // as Correct, one byte every 50 ms; over UDP as Correct
	StunError                // answers every request with error Code
	// requires credentials (401), then answers with error Code; for 438 with a new nonce each time
	AuthError
	StaleOnce        // requires credentials, answers 438 once, then as Correct
	Correct          // requires credentials if Username is set, then answers correctly; does not relay
	BadIntegrity     // as Correct, but successes are signed with another key
	NoAddress        // as Correct, without any address in the answer
	EmptyMapped      // as Correct, with zero-length XOR-MAPPED-ADDRESS and XOR-RELAYED-ADDRESS
	WrongTransaction // as Correct, with an unknown transaction ID
	// announces a message of 4,000 bytes and sends one byte every 50 ms; over UDP all of it at once, as zeros
	Endless
	Flood      // answers a request with 10,000 responses to others
	NoNonce    // requires credentials without realm and nonce
	EmptyRealm // as Correct, with an empty realm: REALM is there, and has no text
	Unsigned   // as Correct, but successes are not signed
	NoMapped   // as Correct, without XOR-MAPPED-ADDRESS
	NoLifetime // as Correct, without LIFETIME
)

var behaviorNames = [...]string{
	"unknown", "silent", "mute", "refused", "closing", "garbage", "http", "huge", "trickle", "stun-error", "auth-error",
	"stale-once", "correct", "bad-integrity", "no-address", "empty-mapped", "wrong-transaction", "endless", "flood",
	"no-nonce", "empty-realm", "unsigned", "no-mapped", "no-lifetime",
}

// String is the name in lower case, as in test names.
func (b Behavior) String() string {
	if b < 0 || int(b) >= len(behaviorNames) {
		return behaviorNames[BehaviorUnknown]
	}
	return behaviorNames[b]
}

// speaksSTUN reports whether requests are parsed.
func (b Behavior) speaksSTUN() bool {
	return !slices.Contains([]Behavior{BehaviorUnknown, Silent, Mute, Refused, Closing, Garbage, HTTP}, b)
}

// answers is the number of answers per request.
func (b Behavior) answers() int {
	if b == Flood {
		return 10_000
	}
	return 1
}

// Fault describes a faulty server.
type Fault struct {
	Network  Transport // default UDP
	Behavior Behavior
	Code     int    // of StunError and AuthError: 300–699 (RFC 8489 §14.8)
	Reason   string // reason phrase

	// Alternate is the server that an answer with code 300 names, and Domain its name; default none.
	Alternate netip.AddrPort
	Domain    string

	Listen string // ip:port, default "127.0.0.1:0"

	Username, Password string // of the account; without a username, no credentials are required
	Realm              string // default "dialtone"
	Software           string // SOFTWARE of every answer; default none

	// Certificate is for TLS and DTLS, by default a valid one. An expired one, or one for another name, is a fault too.
	Certificate *Certificate
}

// FaultServer is a running fault. Its methods may be called from any goroutine.
type FaultServer struct {
	fault    Fault
	addr     net.Addr
	opened   *sockets
	running  sync.WaitGroup
	stop     context.CancelFunc // ends waits between bytes
	requests atomic.Int64
	stale    atomic.Int64 // 438 answers given
	close    func() error
}

// StartFault starts a faulty server. The caller closes it.
func StartFault(f Fault) (*FaultServer, error) {
	if err := f.complete(); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &FaultServer{fault: f, opened: newSockets(), stop: stop}
	s.close = sync.OnceValue(func() error {
		stop()
		err := s.opened.close()
		s.running.Wait()
		return err
	})
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("lab: fault %s: %w", f.Behavior, err), s.close())
	}
	return s, nil
}

// complete fills in the defaults and rejects invalid options.
func (f *Fault) complete() (err error) {
	if f.Network == "" {
		f.Network = UDP
	}
	if f.Listen == "" {
		f.Listen = "127.0.0.1:0"
	}
	if f.Realm == "" && f.Behavior != EmptyRealm {
		f.Realm = "dialtone"
	}
	if !slices.Contains([]Transport{UDP, TCP, TLS, DTLS}, f.Network) {
		return fmt.Errorf("%w: network %q", ErrOptions, f.Network)
	}
	if f.Behavior <= BehaviorUnknown || int(f.Behavior) >= len(behaviorNames) {
		return fmt.Errorf("%w: behavior %d", ErrOptions, f.Behavior)
	}
	if (f.Behavior == StunError || f.Behavior == AuthError) && (f.Code < 300 || f.Code > 699) {
		return fmt.Errorf("%w: STUN error code %d", ErrOptions, f.Code)
	}
	if f.Certificate == nil && f.Network.secured() {
		f.Certificate, err = NewCertificate(CertificateOptions{})
	}
	return err
}

// start opens the socket and serves it.
func (s *FaultServer) start(ctx context.Context) error {
	if s.fault.Behavior == Refused {
		return s.startRefused(ctx)
	}
	if s.fault.Network == UDP || s.fault.Network == DTLS && s.fault.Behavior == Mute {
		pc, err := listenPacket(s.fault.Listen)
		if err != nil {
			return err
		}
		s.addr = pc.LocalAddr()
		if pc, err = s.opened.trackPacket(pc); err != nil {
			return err
		}
		s.running.Go(func() { s.servePackets(pc) })
		return nil
	}
	l, err := s.listenConns()
	if err != nil {
		return err
	}
	s.addr = l.Addr()
	if l, err = s.opened.trackListener(l, s.secure); err != nil {
		return err
	}
	s.running.Go(func() { s.accept(ctx, l) })
	return nil
}

// listenConns opens the listener of a transport with connections.
func (s *FaultServer) listenConns() (net.Listener, error) {
	if s.fault.Network == DTLS {
		return listenDTLS(s.fault.Listen, s.fault.Certificate)
	}
	return listenStream(s.fault.Listen)
}

// secure wraps a connection in TLS if the fault uses it.
func (s *FaultServer) secure(c net.Conn) net.Conn {
	if s.fault.Network != TLS || s.fault.Behavior == Mute {
		return c
	}
	return tls.Server(c, &tls.Config{
		Certificates: []tls.Certificate{s.fault.Certificate.TLS},
		MinVersion:   tls.VersionTLS12,
	})
}

// startRefused reserves a port number without listening on it, with a socket that is connected elsewhere: the system
// rejects packets from all other addresses.
func (s *FaultServer) startRefused(ctx context.Context) error {
	var d net.Dialer
	if s.fault.Network == UDP || s.fault.Network == DTLS {
		pc, err := listenPacket(s.fault.Listen)
		if err != nil {
			return err
		}
		remote := pc.LocalAddr().String()
		c, err := d.DialContext(ctx, "udp", remote)
		if err != nil {
			return errors.Join(err, pc.Close())
		}
		s.addr = c.LocalAddr()
		s.opened.add(pc)
		s.opened.add(c)
		return nil
	}
	l, err := listenStream(s.fault.Listen)
	if err != nil {
		return err
	}
	c, err := d.DialContext(ctx, "tcp", l.Addr().String())
	if err != nil {
		return errors.Join(err, l.Close())
	}
	s.addr = c.LocalAddr()
	s.opened.add(l)
	s.opened.add(c)
	return nil
}

// servePackets answers datagrams.
func (s *FaultServer) servePackets(pc net.PacketConn) {
	b := make([]byte, maxMessage)
	for {
		n, from, err := pc.ReadFrom(b)
		if err != nil {
			return
		}
		s.requests.Add(1)
		answer := s.answer(b[:n], from)
		if len(answer) == 0 {
			continue
		}
		for range s.fault.Behavior.answers() {
			if _, err := pc.WriteTo(answer[:min(len(answer), maxDatagram)], from); err != nil {
				return
			}
		}
	}
}

// accept serves connections until the listener is closed, then waits for them.
func (s *FaultServer) accept(ctx context.Context, l net.Listener) {
	var conns sync.WaitGroup
	defer conns.Wait()
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		conns.Go(func() {
			s.serveConn(ctx, c)
			_ = c.Close()
		})
	}
}

// serveConn answers the requests of one connection until it ends.
func (s *FaultServer) serveConn(ctx context.Context, c net.Conn) {
	if s.fault.Behavior == Silent || s.fault.Behavior == Mute {
		_, _ = io.Copy(io.Discard, c)
		return
	}
	for {
		request, err := s.read(c)
		if err != nil {
			return
		}
		s.requests.Add(1)
		if s.fault.Behavior == Closing {
			return
		}
		answer := s.answer(request, c.RemoteAddr())
		for range s.fault.Behavior.answers() {
			if err := s.write(ctx, c, answer); err != nil {
				return
			}
		}
	}
}

// read reads one request: from a stream by its length, from DTLS as a record. Faults that do not speak STUN read any
// bytes.
func (s *FaultServer) read(c net.Conn) ([]byte, error) {
	if s.fault.Network != DTLS && s.fault.Behavior.speaksSTUN() {
		return readMessage(c)
	}
	b := make([]byte, maxMessage)
	n, err := c.Read(b)
	return b[:n], err
}

// write sends an answer at the speed of the fault.
func (s *FaultServer) write(ctx context.Context, w io.Writer, b []byte) error {
	if s.fault.Network == DTLS {
		b = b[:min(len(b), maxRecord)]
	} else if s.fault.Behavior == Trickle || s.fault.Behavior == Endless {
		return trickle(ctx, w, b)
	}
	_, err := w.Write(b)
	return err
}

// trickle writes one byte at a time.
func trickle(ctx context.Context, w io.Writer, b []byte) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for i := range b {
		if _, err := w.Write(b[i : i+1]); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Addr is ip:port.
func (s *FaultServer) Addr() string { return s.addr.String() }

// STUN is the stun: or stuns: URL.
func (s *FaultServer) STUN() string { return s.fault.Network.stunURL(s.addr) }

// TURN is the turn: or turns: URL.
func (s *FaultServer) TURN() string { return s.fault.Network.turnURL(s.addr) }

// Certificate is the one of TLS and DTLS, nil without them.
func (s *FaultServer) Certificate() *Certificate { return s.fault.Certificate }

// Requests is how many requests (for Closing, Garbage and HTTP: reads) have been received so far.
func (s *FaultServer) Requests() int { return int(s.requests.Load()) }

// Close closes all sockets and connections and waits until they are no longer used. It may be called again.
func (s *FaultServer) Close() error { return s.close() }
