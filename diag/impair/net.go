package impair

import (
	"net"
	"sync"
	"time"

	"github.com/pion/transport/v5"

	"dialtone/diag"
	"dialtone/diag/sockets/system"
)

// Net is a network whose UDP sockets are impaired. TCP is not: what is lost there is repeated below.
type Net struct {
	transport.Net
	begun     time.Time
	connected time.Duration // when the call was; -1 before

	mu      sync.Mutex
	in, out *side
}

// UpdateInterfaces reads the interfaces of the network within anew, where it can.
func (n *Net) UpdateInterfaces() error {
	if inner, ok := n.Net.(interface{ UpdateInterfaces() error }); ok {
		return inner.UpdateInterfaces()
	}
	return nil
}

// side is a direction.
type side struct {
	model  *Model
	counts diag.ImpairedPackets
	bySSRC map[uint32]int // index in counts.Streams
}

// maxStreams bounds the streams that are counted apart.
const maxStreams = 64

// New wraps a network; nil stands for that of the operating system.
func New(inner transport.Net, list []diag.Impairment) (*Net, error) {
	if inner == nil {
		host, err := system.New()
		if err != nil {
			return nil, err
		}
		inner = host
	}
	n := &Net{Net: inner, begun: time.Now(), connected: -1}
	n.in, n.out = &side{bySSRC: map[uint32]int{}}, &side{bySSRC: map[uint32]int{}}
	n.Set(list...)
	return n, nil
}

// Set replaces the impairment of both directions: one that the list does not name is not impaired. What was counted
// stays.
func (n *Net) Set(list ...diag.Impairment) {
	n.mu.Lock()
	defer n.mu.Unlock()
	models := map[diag.Direction]*Model{
		diag.Inbound: NewModel(diag.Impairment{}), diag.Outbound: NewModel(diag.Impairment{}),
	}
	for _, i := range list {
		for _, way := range ways(i) {
			one := i
			one.Direction = way
			models[way] = NewModel(one)
		}
	}
	for way, s := range map[diag.Direction]*side{diag.Inbound: n.in, diag.Outbound: n.out} {
		s.model = models[way]
		if n.connected >= 0 {
			s.model.Connected(n.connected)
		}
	}
}

// Connected says that the call is connected now: the times of gaps count from here. Only the first time counts.
func (n *Net) Connected() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.connected >= 0 {
		return
	}
	n.connected = time.Since(n.begun)
	n.in.model.Connected(n.connected)
	n.out.model.Connected(n.connected)
}

// Counts is what was done by now.
func (n *Net) Counts() diag.Impaired {
	n.mu.Lock()
	defer n.mu.Unlock()
	return diag.Impaired{Inbound: n.in.copied(), Outbound: n.out.copied()}
}

func (s *side) copied() diag.ImpairedPackets {
	c := s.counts
	c.Streams = append([]diag.ImpairedStream(nil), c.Streams...)
	return c
}

// pass decides about a packet of a direction and counts it. It returns the time of that, too.
func (n *Net) pass(s *side, b []byte) (Fate, time.Time) {
	protocol, ssrc := classify(b)
	n.mu.Lock()
	defer n.mu.Unlock()
	now := time.Now() // under the lock: a model's time never goes back
	at := now.Sub(n.begun)
	f := s.model.Packet(at, len(b), protocol)
	c := &s.counts
	c.Packets++
	switch f.Dropped {
	case Lost:
		c.Lost++
	case InGap:
		c.InGap++
	case QueueFull:
		c.Queue++
	case Passed:
		c.Duplicated += uint64(f.Copies - 1) // #nosec G115 -- 1 or 2
		if f.Reordered {
			c.Reordered++
		}
		if f.Due[0] > at {
			c.Delayed++
		}
	}
	if protocol == diag.ProtocolRTP {
		s.stream(ssrc, f.Dropped != Passed)
	}
	return f, now
}

// overflow counts a packet that passed its model and found no place to wait.
func (n *Net) overflow(s *side, b []byte) {
	protocol, ssrc := classify(b)
	n.mu.Lock()
	defer n.mu.Unlock()
	s.counts.Queue++
	if i, known := s.bySSRC[ssrc]; known && protocol == diag.ProtocolRTP {
		s.counts.Streams[i].Dropped++
	}
}

// stream counts a packet of RTP.
func (s *side) stream(ssrc uint32, dropped bool) {
	i, known := s.bySSRC[ssrc]
	if !known {
		if len(s.bySSRC) >= maxStreams {
			return
		}
		i = len(s.counts.Streams)
		s.bySSRC[ssrc] = i
		s.counts.Streams = append(s.counts.Streams, diag.ImpairedStream{SSRC: ssrc})
	}
	s.counts.Streams[i].Packets++
	if dropped {
		s.counts.Streams[i].Dropped++
	}
}

// ListenUDP opens an impaired socket.
func (n *Net) ListenUDP(network string, addr *net.UDPAddr) (transport.UDPConn, error) {
	return n.impaired(n.Net.ListenUDP(network, addr))
}

// DialUDP opens an impaired socket to one address.
func (n *Net) DialUDP(network string, local, remote *net.UDPAddr) (transport.UDPConn, error) {
	return n.impaired(n.Net.DialUDP(network, local, remote))
}

func (n *Net) impaired(c transport.UDPConn, err error) (transport.UDPConn, error) {
	if err != nil {
		return nil, err
	}
	return &conn{UDPConn: c, net: n, in: receiver{buffer: make([]byte, maxDatagram)}}, nil
}
