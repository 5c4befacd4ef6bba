package peer

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"

	"dialtone/diag"
)

// maxCandidate bounds one candidate line of a peer, in bytes; real ones have around 150.
const maxCandidate = 1024

// maxRemote bounds how many candidates of a peer are checked and become events.
const maxRemote = 512

// candidateBook names candidates (L1, L2, … R1, …) and tells each once.
type candidateBook struct {
	p       *Peer
	servers []server
	mu      sync.Mutex
	ids     map[string]string // side and address → ID
	locals  int
	remotes int
}

func newCandidateBook(p *Peer) *candidateBook {
	b := &candidateBook{p: p, ids: map[string]string{}}
	for _, s := range p.o.ICEServers {
		if parsed, ok := parseServer(s.URL); ok {
			b.servers = append(b.servers, parsed)
		}
	}
	return b
}

// local is pion's OnICECandidate.
func (b *candidateBook) local(c *webrtc.ICECandidate) {
	if c == nil {
		return // the end of gathering is told by its state
	}
	d := diag.Candidate{
		Side: diag.Local, Foundation: c.Foundation, Component: c.Component, Protocol: c.Protocol.String(),
		Priority: c.Priority, Address: c.Address, Port: c.Port, CandidateType: diag.CandidateType(c.Typ.String()),
		TCPType: c.TCPType, RelatedAddress: c.RelatedAddress, RelatedPort: c.RelatedPort,
	}
	if from, ok := b.origin(d); ok {
		d.URL = from.url
		d.RelayProtocol = relayProtocol(d, from)
	}
	d.NetworkInterface = interfaceOf(d)
	init := c.ToJSON()
	if init.UsernameFragment != nil {
		d.UsernameFragment = *init.UsernameFragment
	}
	b.tell(d)
	b.p.gather.candidate(d)
	b.p.o.OnCandidate(Candidate(init))
}

// origin finds the server that a candidate came from: the one that its base's socket spoke to, or the only one of its
// kind, as a socket may have been reused or closed by now.
func (b *candidateBook) origin(d diag.Candidate) (server, bool) {
	if d.CandidateType != diag.Srflx && d.CandidateType != diag.Relay {
		return server{}, false
	}
	for _, tcp := range []bool{false, true} {
		asked := b.p.socks.serverOf(int(d.RelatedPort), tcp)
		for _, s := range b.servers {
			if asked != "" && s.hostPort == asked && s.turn == (d.CandidateType == diag.Relay) && s.tcp == tcp {
				return s, true
			}
		}
	}
	var only []server
	for _, s := range b.servers {
		if s.turn == (d.CandidateType == diag.Relay) {
			only = append(only, s)
		}
	}
	if len(only) != 1 {
		return server{}, false
	}
	return only[0], true
}

func relayProtocol(d diag.Candidate, s server) string {
	if d.CandidateType != diag.Relay {
		return ""
	}
	switch {
	case s.secured && s.tcp:
		return "tls"
	case s.secured:
		return "dtls"
	case s.tcp:
		return "tcp"
	}
	return "udp"
}

// errCandidate is what a candidate line of the other side is refused with.
var errCandidate = errors.New("not a usable candidate")

// remote notes a candidate line of the other side, with or without "candidate:" in front.
func (b *candidateBook) remote(line string) error {
	if len(line) > maxCandidate {
		return fmt.Errorf("%w: it has %d bytes, at most %d are taken", errCandidate, len(line), maxCandidate)
	}
	c, err := ice.UnmarshalCandidate(strings.TrimPrefix(line, "candidate:"))
	if err != nil {
		return fmt.Errorf("%w: %q: %w", errCandidate, diag.Clean(line, 120), err)
	}
	d := diag.Candidate{
		Side: diag.Remote, Foundation: diag.Clean(c.Foundation(),
			64), Component: c.Component(), Protocol: c.NetworkType().NetworkShort(),
		// #nosec G115 -- checked by the parser
		Priority: c.Priority(), Address: diag.Clean(c.Address(), 256), Port: uint16(c.Port()),
		CandidateType: diag.CandidateType(c.Type().String()), TCPType: c.TCPType().String(),
	}
	if r := c.RelatedAddress(); r != nil {
		d.RelatedAddress, d.RelatedPort = diag.Clean(r.Address, 256), uint16(r.Port) // #nosec G115 -- checked by the parser
	}
	b.p.checks.remoteCandidate()
	b.tell(d)
	return nil
}

// tell emits a candidate that was not told yet and returns its ID.
func (b *candidateBook) tell(d diag.Candidate) string {
	d.TypePreference, d.LocalPreference = uint8(d.Priority>>24), uint16(d.Priority>>8) // RFC 8445 §5.1.2.1
	key := candidateKey(d.Side, string(d.CandidateType), d.Protocol, d.Address, int(d.Port))
	b.mu.Lock()
	if id, known := b.ids[key]; known {
		b.mu.Unlock()
		return id
	}
	if d.Side == diag.Remote && b.remotes >= maxRemote {
		b.mu.Unlock()
		return ""
	}
	if d.Side == diag.Local {
		b.locals++
		d.ID = "L" + strconv.Itoa(b.p.o.Named+b.locals)
	} else {
		b.remotes++
		d.ID = "R" + strconv.Itoa(b.remotes)
	}
	b.ids[key] = d.ID
	b.mu.Unlock()
	b.p.o.Emit(d)
	return d.ID
}

// id names a candidate of the statistics. One that was never told is peer-reflexive: it is told now.
func (b *candidateBook) id(side diag.Side, s webrtc.ICECandidateStats) string {
	return b.tell(diag.Candidate{
		Side: side, Component: 1, Protocol: s.Protocol, Priority: uint32(s.Priority), // #nosec G115 -- a 32-bit priority
		// #nosec G115 -- a port
		Address: s.IP, Port: uint16(s.Port), CandidateType: diag.CandidateType(s.CandidateType.String()),
	})
}

// count tells how many local candidates there are.
func (b *candidateBook) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.locals
}

func candidateKey(side diag.Side, kind, protocol, address string, port int) string {
	return string(side) + " " + kind + " " + protocol + " " + net.JoinHostPort(address, strconv.Itoa(port))
}

// interfaceOf names the interface of a local candidate's base; empty when no interface has that address.
func interfaceOf(d diag.Candidate) string {
	base := d.Address
	if d.CandidateType != diag.Host {
		base = d.RelatedAddress
	}
	ip := net.ParseIP(base)
	if ip == nil || ip.IsUnspecified() {
		return ""
	}
	interfaces, err := net.Interfaces()
	if err != nil {
		return ""
	}
	for _, i := range interfaces {
		addrs, err := i.Addrs()
		if err != nil {
			continue
		}
		for _, a := range addrs {
			if n, ok := a.(*net.IPNet); ok && n.IP.Equal(ip) {
				return i.Name
			}
		}
	}
	return ""
}
