package lab

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/logging"
	"github.com/pion/transport/v5"
	"github.com/pion/transport/v5/vnet"
)

// WorldOptions describe a simulated Internet: clients behind NATs, and STUN servers. The zero value has one client
// behind the most open NAT, and one server.
type WorldOptions struct {
	// Mapping and Filtering are the kind of every client's NAT.
	Mapping, Filtering NATBehavior

	// NoNAT gives the clients public addresses without filtering.
	NoNAT bool

	// Clients is the number of clients, each behind its own NAT; default 1.
	Clients int

	// Sides are the clients one by one; then Mapping, Filtering, NoNAT and Clients are ignored.
	Sides []Side

	// Lifetime is how long a NAT keeps a mapping after the last outgoing packet; default 30 s.
	Lifetime time.Duration

	// Loss is the packet loss, 0 to 1, in each direction unless Way chooses one. Seed decides which packets are lost:
	// between one client and one ip:port of a server, in one direction, the same ones in every world with that seed.
	Loss float64
	Seed uint64
	Way  LossWay

	// Delay is the one-way delay: half of the round-trip time.
	Delay time.Duration

	// BlockUDP blocks UDP between the clients and the servers.
	BlockUDP bool

	// Responders is the number of servers, each with its own two addresses and the ports 3478 and 3479; default 1.
	Responders int

	// Faults are those of the servers, in their order.
	Faults []ResponderFaults
}

// LossWay is the direction of packet loss.
type LossWay uint8

// Ways.
const (
	BothWays    LossWay = iota
	FromClients         // requests get lost, answers do not
	ToClients
)

// Side is the network of one client.
type Side struct {
	Mapping, Filtering NATBehavior
	NoNAT              bool
}

// World is a running simulation. Its methods may be called from any goroutine.
//
// Its sockets are vnet's, which differ from the system's: a read from a closed one returns another error than
// net.ErrClosed, a read deadline that has passed ends one read and not those after it, a second Close is an error, and
// there is no TCP. NATs do not preserve ports. They support hairpinning: packets to the public address of a client,
// even from behind the same NAT, pass if its filtering permits it.
type World struct {
	wan        *vnet.Router
	clients    []transport.Net
	public     []netip.Addr // of the clients
	responders []*Responder
	links      *links
	started    bool
	close      func() error
}

const (
	worldNetwork = "1.2.0.0/16" // servers from 1.2.3.10, clients from 1.2.4.1
	maxHosts     = 100          // clients, or servers
	stunPort     = 3478         // RFC 8489 §18.6
	lifetime     = 30 * time.Second
)

// building is held while a world is made: vnet counts its hardware addresses without a lock.
var building sync.Mutex

// NewWorld makes a world. The caller closes what it has opened in it, then the world.
func NewWorld(o WorldOptions) (*World, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	building.Lock()
	defer building.Unlock()
	w := &World{}
	w.close = sync.OnceValue(w.stop)
	if err := w.build(o); err != nil {
		return nil, errors.Join(fmt.Errorf("lab: world: %w", err), w.close())
	}
	return w, nil
}

// complete fills in the defaults and rejects invalid options.
func (o *WorldOptions) complete() error {
	if o.Lifetime == 0 {
		o.Lifetime = lifetime
	}
	o.Responders = max(o.Responders, 1)
	if o.Sides == nil {
		for range max(o.Clients, 1) {
			o.Sides = append(o.Sides, Side{Mapping: o.Mapping, Filtering: o.Filtering, NoNAT: o.NoNAT})
		}
	}
	if o.Loss < 0 || o.Loss > 1 || o.Loss != o.Loss {
		return fmt.Errorf("%w: loss %v is not between 0 and 1", ErrOptions, o.Loss)
	}
	if len(o.Sides) > maxHosts || o.Responders > maxHosts {
		return fmt.Errorf("%w: at most %d clients and as many servers are possible", ErrOptions, maxHosts)
	}
	if len(o.Faults) > o.Responders {
		return fmt.Errorf("%w: faults for %d servers, but there are %d", ErrOptions, len(o.Faults), o.Responders)
	}
	for _, s := range o.Sides {
		if s.Mapping > AddressAndPortDependent || s.Filtering > AddressAndPortDependent {
			return fmt.Errorf("%w: NAT of mapping %s and filtering %s", ErrOptions, s.Mapping, s.Filtering)
		}
	}
	return nil
}

// build makes the network, starts it, and starts the servers in it.
func (w *World) build(o WorldOptions) (err error) {
	w.wan, err = vnet.NewRouter(&vnet.RouterConfig{CIDR: worldNetwork, MinDelay: o.Delay, LoggerFactory: noLog()})
	if err != nil {
		return err
	}
	var hosts []*vnet.Net
	for i := range o.Responders {
		host, err := w.host(w.wan, responderIP(i, 0).String(), responderIP(i, 1).String())
		if err != nil {
			return err
		}
		hosts = append(hosts, host)
	}
	for i, s := range o.Sides {
		if err := w.addClient(i, s, o.Lifetime); err != nil {
			return err
		}
	}
	w.links = newLinks(o, w.public)
	w.wan.AddChunkFilter(w.links.pass)
	if err := w.wan.Start(); err != nil {
		return err
	}
	w.started = true
	for i, host := range hosts {
		ro := ResponderOptions{
			Net: host, Primary: responderIP(i, 0), Alternate: responderIP(i, 1), Port: stunPort, AlternatePort: stunPort + 1,
		}
		if i < len(o.Faults) {
			ro.Faults = o.Faults[i]
		}
		r, err := StartResponder(ro)
		if err != nil {
			return err
		}
		w.responders = append(w.responders, r)
	}
	return nil
}

// addClient adds a client: behind a NAT, or on the public network.
func (w *World) addClient(i int, s Side, lifetime time.Duration) error {
	public := netip.AddrFrom4([4]byte{1, 2, 4, byte(i + 1)})
	w.public = append(w.public, public)
	if s.NoNAT {
		host, err := w.host(w.wan, public.String())
		w.clients = append(w.clients, host)
		return err
	}
	lan, err := vnet.NewRouter(&vnet.RouterConfig{
		CIDR: fmt.Sprintf("192.168.%d.0/24", i+1), StaticIPs: []string{public.String()}, LoggerFactory: noLog(),
		NATType: &vnet.NATType{
			MappingBehavior: s.Mapping.vnet(), FilteringBehavior: s.Filtering.vnet(), MappingLifeTime: lifetime,
		},
	})
	if err != nil {
		return err
	}
	host, err := w.host(lan)
	if err != nil {
		return err
	}
	w.clients = append(w.clients, host)
	return w.wan.AddRouter(lan)
}

// host attaches a host to a router.
func (w *World) host(router *vnet.Router, ips ...string) (*vnet.Net, error) {
	host, err := vnet.NewNet(&vnet.NetConfig{StaticIPs: ips})
	if err != nil {
		return nil, err
	}
	return host, router.AddNet(host)
}

// responderIP is the primary (0) or alternate (1) address of a server.
func responderIP(i, which int) netip.Addr {
	return netip.AddrFrom4([4]byte{1, 2, 3, byte(10 + 2*i + which)})
}

// noLog discards the log of vnet.
func noLog() logging.LoggerFactory { return &logging.DefaultLoggerFactory{Writer: io.Discard} }

// stop ends everything that build started.
func (w *World) stop() error {
	var errs []error
	for _, r := range w.responders {
		errs = append(errs, r.Close())
	}
	if w.started {
		errs = append(errs, w.wan.Stop())
	}
	return errors.Join(errs...)
}

// Client is the network as client i sees it; it panics, as indexing does, when there is none.
func (w *World) Client(i int) transport.Net { return w.clients[i] }

// Public is the public address of client i, or of its NAT.
func (w *World) Public(i int) netip.Addr { return w.public[i] }

// Responders are the STUN servers.
func (w *World) Responders() []*Responder { return w.responders }

// Traffic is how many packets have been sent over the public network so far, and how many were lost or blocked.
func (w *World) Traffic() (sent, lost int) { return w.links.traffic() }

// Close stops the servers and the network; the goroutines of vnet's routers end soon after. It may be called again.
func (w *World) Close() error { return w.close() }
