package lab

import (
	"hash/fnv"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"

	"github.com/pion/transport/v5/vnet"
)

// NATBehavior is what the mapping or the filtering of a NAT depends on (RFC 4787 §4.1 and §5).
type NATBehavior uint8

// NAT behaviors, from the most open to the strictest.
const (
	EndpointIndependent NATBehavior = iota
	AddressDependent
	AddressAndPortDependent
)

// String is the term of RFC 4787, in lower case.
func (b NATBehavior) String() string {
	switch b {
	case EndpointIndependent:
		return "endpoint-independent"
	case AddressDependent:
		return "address-dependent"
	case AddressAndPortDependent:
		return "address-and-port-dependent"
	}
	return "unknown"
}

// vnet is the behavior in vnet's terms.
func (b NATBehavior) vnet() vnet.EndpointDependencyType {
	switch b {
	case EndpointIndependent:
		return vnet.EndpointIndependent
	case AddressDependent:
		return vnet.EndpointAddrDependent
	case AddressAndPortDependent:
	}
	return vnet.EndpointAddrPortDependent
}

// links decides which packets of the public network arrive.
type links struct {
	loss    float64
	seed    uint64
	way     LossWay
	block   bool
	clients map[netip.Addr]bool // their public addresses

	mu         sync.Mutex
	flows      map[flow]*rand.Rand
	sent, lost int
}

// flow is one direction between two endpoints. For a client only the address counts: its ports are random, and packet
// loss must depend only on the seed.
type flow struct{ from, to netip.AddrPort }

func newLinks(o WorldOptions, clients []netip.Addr) *links {
	l := &links{
		loss: o.Loss, seed: o.Seed, way: o.Way, block: o.BlockUDP, clients: map[netip.Addr]bool{},
		flows: map[flow]*rand.Rand{},
	}
	for _, a := range clients {
		l.clients[a] = true
	}
	return l
}

// pass is vnet's filter: false drops the packet.
func (l *links) pass(c vnet.Chunk) bool {
	return l.arrives(flow{l.endpoint(c.SourceAddr()), l.endpoint(c.DestinationAddr())})
}

// arrives decides on the next packet of a flow.
func (l *links) arrives(f flow) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	chance := l.flows[f]
	if chance == nil {
		h := fnv.New64a()
		_, _ = h.Write([]byte(f.from.String() + " " + f.to.String()))
		chance = rand.New(rand.NewPCG(l.seed, h.Sum64()))
		l.flows[f] = chance
	}
	l.sent++
	if l.block || chance.Float64() < l.loss && l.lossy(f) {
		l.lost++
		return false
	}
	return true
}

// lossy reports whether packets of a flow may get lost.
func (l *links) lossy(f flow) bool {
	return l.way == BothWays || (l.way == FromClients) == l.clients[f.from.Addr()]
}

// endpoint is an address as an end of a flow.
func (l *links) endpoint(a net.Addr) netip.AddrPort {
	ap := addrPort(a)
	if l.clients[ap.Addr()] {
		return netip.AddrPortFrom(ap.Addr(), 0)
	}
	return ap
}

func (l *links) traffic() (sent, lost int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sent, l.lost
}
