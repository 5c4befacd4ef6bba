package lab

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/pion/transport/v5"
)

// ResponderOptions describe an RFC 5780 STUN server. The zero value is one on free ports of 127.0.0.1 and 127.0.0.2.
type ResponderOptions struct {
	// Net opens its sockets; nil for the operating system.
	Net transport.Net

	// Primary and Alternate are its two addresses, of one family: two different addresses of the machine. Default
	// 127.0.0.1 and 127.0.0.2; the latter needs a system with all of 127/8 (Linux, Windows).
	Primary, Alternate netip.Addr

	// Port and AlternatePort are open on both addresses; 0 for free ones.
	Port, AlternatePort uint16

	// Plain makes it a server with one socket, Primary and Port: no OTHER-ADDRESS, and CHANGE-REQUEST gets 420.
	Plain bool

	Faults   ResponderFaults
	Software string // SOFTWARE of every answer; default "dialtone"
}

// ResponderFaults are the faults of a Responder. They may be combined.
type ResponderFaults struct {
	Silent  bool // answers nothing
	Garbage bool // answers everything with bytes that are not STUN

	NoOtherAddress      bool // no OTHER-ADDRESS; CHANGE-REQUEST works
	OtherAddressSameIP  bool // OTHER-ADDRESS has the IP that was asked, which RFC 5780 §7.4 forbids
	OtherAddressPrivate bool // OTHER-ADDRESS has the IP 10.0.0.5

	OtherAddress netip.AddrPort // in OTHER-ADDRESS: the address of another machine

	RFC3489         bool // SOURCE-ADDRESS and CHANGED-ADDRESS instead of what RFC 5780 has, and no XOR-MAPPED-ADDRESS
	IgnoreChange    bool // CHANGE-REQUEST has no effect
	RefuseChange    bool // CHANGE-REQUEST gets 420
	NoResponsePort  bool // RESPONSE-PORT gets 420
	NoPadding       bool // PADDING gets 420
	ChangePortAlone bool // CHANGE-REQUEST changes the port but not the address
	AlternateSilent bool // the alternate address neither answers nor sends

	Mapped      netip.AddrPort // replaces the true mapped address
	PlainMapped netip.AddrPort // only in MAPPED-ADDRESS, as an ALG rewrites it (RFC 5780 §3.6)
	Origin      netip.AddrPort // in RESPONSE-ORIGIN, instead of the source
	EmptyMapped bool           // zero-length XOR-MAPPED-ADDRESS, and no MAPPED-ADDRESS
	MappedShift bool           // the mapped address is 7.7.7.7, with the port plus 1

	// Invent makes the mapped address of the true one and the number of the request.
	Invent func(from netip.AddrPort, request int) netip.AddrPort

	Elsewhere bool // plain requests are answered from the alternate address and port
	Truncated bool // the last attribute of an answer announces more bytes than there are
	Code      int  // every request is answered with this error
	Repeat    int  // how many more times each answer is sent
}

// Responder is a running STUN server that supports RFC 5780 (NAT behavior discovery): two addresses, two ports,
// CHANGE-REQUEST, RESPONSE-PORT, PADDING. Its methods may be called from any goroutine.
type Responder struct {
	options  ResponderOptions
	sockets  [2][2]net.PacketConn // [address][port]; with Plain only the first
	addrs    [2][2]netip.AddrPort
	opened   *sockets
	running  sync.WaitGroup
	requests atomic.Int64
	close    func() error
}

// StartResponder starts a server. The caller closes it.
func StartResponder(o ResponderOptions) (*Responder, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	r := &Responder{options: o, opened: newSockets()}
	r.close = sync.OnceValue(func() error {
		err := r.opened.close()
		r.running.Wait()
		return err
	})
	if err := r.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("lab: STUN server: %w", err), r.close())
	}
	for a := range r.sockets {
		for p, pc := range r.sockets[a] {
			if pc != nil {
				r.running.Go(func() { r.serve(pc, a, p) })
			}
		}
	}
	return r, nil
}

// complete fills in the defaults and rejects invalid options.
func (o *ResponderOptions) complete() error {
	if !o.Primary.IsValid() {
		o.Primary = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	if !o.Alternate.IsValid() {
		o.Alternate = netip.AddrFrom4([4]byte{127, 0, 0, 2})
	}
	if o.Software == "" {
		o.Software = "dialtone"
	}
	if o.Plain {
		return nil
	}
	if o.Primary.IsUnspecified() || o.Alternate.IsUnspecified() {
		return fmt.Errorf("%w: a wildcard address cannot be distinguished from another one", ErrOptions)
	}
	if o.Primary == o.Alternate || o.Primary.Is4() != o.Alternate.Is4() {
		return fmt.Errorf("%w: %s and %s are not two addresses of one family", ErrOptions, o.Primary, o.Alternate)
	}
	if o.Port != 0 && o.Port == o.AlternatePort {
		return fmt.Errorf("%w: one port twice, %d", ErrOptions, o.Port)
	}
	return nil
}

// open opens the sockets. A port that the system chose on one address may be in use on the other: then it tries again.
func (r *Responder) open() error {
	tries := 1
	if r.options.Port == 0 || r.options.AlternatePort == 0 {
		tries = 20
	}
	var errs error
	for range tries {
		all, err := r.openOnce()
		if err != nil {
			errs = err
			continue
		}
		return r.keep(all)
	}
	return errs
}

// openOnce opens all sockets or none.
func (r *Responder) openOnce() (all [2][2]net.PacketConn, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, closeAll(all))
		}
	}()
	ips := [2]netip.Addr{r.options.Primary, r.options.Alternate}
	for p, port := range [2]uint16{r.options.Port, r.options.AlternatePort} {
		for a, ip := range ips {
			if r.options.Plain && (a > 0 || p > 0) {
				continue
			}
			pc, err := r.listen(netip.AddrPortFrom(ip, port))
			if err != nil {
				return all, err
			}
			all[a][p] = pc
			port = addrPort(pc.LocalAddr()).Port() // the same on the other address
		}
	}
	return all, nil
}

func closeAll(all [2][2]net.PacketConn) error {
	var errs []error
	for _, row := range all {
		for _, pc := range row {
			if pc != nil {
				errs = append(errs, pc.Close())
			}
		}
	}
	return errors.Join(errs...)
}

// keep adds the sockets to those of the server.
func (r *Responder) keep(all [2][2]net.PacketConn) error {
	for a := range all {
		for p, pc := range all[a] {
			if pc == nil {
				continue
			}
			pc, err := r.opened.trackPacket(pc)
			if err != nil {
				return err
			}
			r.sockets[a][p], r.addrs[a][p] = pc, addrPort(pc.LocalAddr())
		}
	}
	return nil
}

func (r *Responder) listen(addr netip.AddrPort) (net.PacketConn, error) {
	if r.options.Net == nil {
		return listenPacket(addr.String())
	}
	return r.options.Net.ListenPacket("udp", net.JoinHostPort(addr.Addr().String(), strconv.Itoa(int(addr.Port()))))
}

// serve answers requests to the socket of an address and a port.
func (r *Responder) serve(pc net.PacketConn, address, port int) {
	b := make([]byte, maxMessage)
	for {
		n, from, err := pc.ReadFrom(b)
		if err != nil {
			return
		}
		r.requests.Add(1)
		answer, ok := r.answer(b[:n], addrPort(from), address, port)
		if !ok {
			continue
		}
		for range 1 + r.options.Faults.Repeat {
			// An answer that cannot be sent is lost, as datagrams may be; the next request is still answered.
			_, _ = answer.via.WriteTo(answer.bytes, net.UDPAddrFromAddrPort(answer.to))
		}
	}
}

// Addr is the primary address and port: the one that clients use.
func (r *Responder) Addr() netip.AddrPort { return r.addrs[0][0] }

// Alternate is the alternate address and port, the zero value with Plain.
func (r *Responder) Alternate() netip.AddrPort { return r.addrs[1][1] }

// URL is the stun: URL of the primary address.
func (r *Responder) URL() string { return "stun:" + r.Addr().String() }

// Requests is how many datagrams have been received so far.
func (r *Responder) Requests() int { return int(r.requests.Load()) }

// Close closes all sockets and waits until they are no longer used. It may be called again.
func (r *Responder) Close() error { return r.close() }
