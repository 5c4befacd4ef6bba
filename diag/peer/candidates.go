package peer

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"

	"dialtone/diag"
	"dialtone/diag/guard"
	"dialtone/diag/sdp"
)

// maxCandidate bounds one candidate line of a peer, in bytes; real ones have around 150.
const maxCandidate = 1024

// maxReported bounds how many candidates of a peer become events.
const maxReported = 512

// candidates gives each candidate an ID (L1, L2, … R1, …) and reports it once.
type candidates struct {
	p       *Peer
	mu      sync.Mutex
	servers []server
	ids     map[string]string         // candidateKey → ID
	known   map[string]diag.Candidate // by ID
	locals  int
	remotes int
}

func newCandidates(p *Peer) *candidates {
	return &candidates{
		p: p, ids: map[string]string{}, known: map[string]diag.Candidate{}, servers: parseServers(p.o.ICEServers),
	}
}

// use replaces the servers that candidates are ascribed to.
func (c *candidates) use(servers []server) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.servers = servers
}

// gathered is pion's OnICECandidate.
func (c *candidates) gathered(x *webrtc.ICECandidate) {
	if x == nil {
		return // the end of gathering is a state of its own
	}
	init := x.ToJSON()
	if !c.p.gather.isCurrent(sdp.UfragOf(init.Candidate)) {
		return
	}
	d := c.local(x)
	c.report(d)
	c.p.gather.candidate(d)
	if d.TCPType == tcpActive {
		return // made for a passive one of the peer, which needs not know it, when gathering may be over
	}
	c.p.o.OnCandidate(Candidate(init))
}

// local describes a candidate of this peer with the server it was obtained from.
func (c *candidates) local(x *webrtc.ICECandidate) diag.Candidate {
	d := describeCandidate(diag.Local, x)
	switch d.CandidateType {
	case diag.Relay:
		c.p.forward.Describe(&d)
	case diag.Srflx:
		d.URL = c.serverOf(d)
	case diag.Host, diag.Prflx:
	}
	d.NetworkInterface = c.interfaceOf(d)
	return d
}

// describeCandidate translates a candidate. What a remote one holds may have come from the peer's description.
func describeCandidate(side diag.Side, x *webrtc.ICECandidate) diag.Candidate {
	return diag.Candidate{
		Side: side, Foundation: diag.Clean(x.Foundation, 64), Component: x.Component, Protocol: x.Protocol.String(),
		Priority: x.Priority, Address: diag.Clean(x.Address, 256), Port: x.Port,
		CandidateType: diag.CandidateType(x.Typ.String()), TCPType: x.TCPType,
		RelatedAddress: diag.Clean(x.RelatedAddress, 256), RelatedPort: x.RelatedPort,
	}
}

// serverOf finds the server that gave a server-reflexive candidate: the one that its base's socket spoke to, or the
// only one, as a socket may have been reused or closed by now.
func (c *candidates) serverOf(d diag.Candidate) string {
	to := c.p.socks.ServerOf(int(d.RelatedPort))
	var all []string
	c.mu.Lock()
	servers := c.servers
	c.mu.Unlock()
	for _, s := range servers {
		if s.Transport() != "udp" {
			continue
		}
		if s.Address() == to {
			return s.text
		}
		all = append(all, s.text)
	}
	if len(all) != 1 {
		return ""
	}
	return all[0]
}

// errCandidate is the error of an unusable candidate line.
var errCandidate = errors.New("not a usable candidate")

// addressField is the position of the address in a candidate line (RFC 8839 §5.1).
const addressField = 4

// parseRemote reads a candidate line of the remote peer, with or without "candidate:" in front.
func parseRemote(line string) (diag.Candidate, error) {
	if len(line) > maxCandidate {
		return diag.Candidate{}, fmt.Errorf("%w: %d bytes, at most %d are read", errCandidate, len(line), maxCandidate)
	}
	line = strings.TrimPrefix(line, "candidate:")
	fields, name := strings.Fields(line), ""
	if len(fields) > addressField && isHostName(fields[addressField]) { // pion parses addresses only
		name = fields[addressField]
		line = strings.Replace(line, " "+name+" ", " 192.0.2.0 ", 1)
	}
	x, err := ice.UnmarshalCandidate(line)
	if err != nil {
		return diag.Candidate{}, fmt.Errorf("%w: %q: %w", errCandidate, diag.Clean(line, 120), err)
	}
	d := diag.Candidate{
		Side: diag.Remote, Foundation: diag.Clean(x.Foundation(), 64), Component: x.Component(),
		Protocol: x.NetworkType().NetworkShort(), Priority: x.Priority(), Address: diag.Clean(x.Address(), 256),
		Port:          uint16(x.Port()), // #nosec G115 -- checked by the parser
		CandidateType: diag.CandidateType(x.Type().String()), TCPType: x.TCPType().String(),
	}
	if name != "" {
		d.Address = diag.Clean(name, 256)
	}
	if d.TCPType != "" { // of a name of mDNS pion assumes UDP
		d.Protocol = "tcp"
	}
	if r := x.RelatedAddress(); r != nil {
		d.RelatedAddress, d.RelatedPort = diag.Clean(r.Address, 256), uint16(r.Port) // #nosec G115 -- checked by the parser
	}
	return d, nil
}

// report emits a candidate that is new and returns its ID; empty for a remote one beyond the bound.
func (c *candidates) report(d diag.Candidate) string {
	d.TypePreference, d.LocalPreference = uint8(d.Priority>>24), uint16(d.Priority>>8) // RFC 8445 §5.1.2.1
	key := candidateKey(d)
	c.mu.Lock()
	defer c.mu.Unlock()
	if id, known := c.ids[key]; known {
		return id
	}
	if d.Side == diag.Local {
		c.locals++
		d.ID = "L" + strconv.Itoa(c.p.o.FirstCandidate+c.locals)
	} else {
		if c.remotes >= maxReported {
			return ""
		}
		c.remotes++
		d.ID = "R" + strconv.Itoa(c.remotes)
	}
	c.ids[key], c.known[d.ID] = d.ID, d
	c.p.o.Emit(d) // under the lock, so that no event with the ID comes before this one
	return d.ID
}

// idOf names a candidate of the statistics. A new one is peer-reflexive, so the statistics are all there is to know of
// it. Others have a foundation, a base and a server, which the statistics lack: a local one has no ID until pion has
// called back with these, which it has done for all when gathering is over.
func (c *candidates) idOf(side diag.Side, s webrtc.ICECandidateStats) string {
	d := diag.Candidate{
		Side: side, Component: 1, Protocol: s.Protocol, Priority: uint32(s.Priority), // #nosec G115 -- a 32-bit priority
		// #nosec G115 -- a port
		Address: s.IP, Port: uint16(s.Port), CandidateType: diag.CandidateType(s.CandidateType.String()),
	}
	if side == diag.Local && d.Protocol == "tcp" { // made when the peer's was added, maybe long after gathering
		d.TCPType, d.NetworkInterface = tcpActive, c.interfaceOf(d)
		return c.report(d)
	}
	if side == diag.Local && d.CandidateType != diag.Prflx && c.p.gather.waiting() {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.ids[candidateKey(d)]
	}
	return c.report(d)
}

// count puts the counters of the wire into a pair. It reports whether it is one: the agent also pairs addresses that
// are never checked.
func (c *candidates) count(pair *diag.Pair) bool {
	c.mu.Lock()
	local, remote := c.known[pair.LocalCandidateID], c.known[pair.RemoteCandidateID]
	c.mu.Unlock()
	if local.Protocol == "tcp" {
		return true // the agent's own connection
	}
	from := baseOf(local)
	to, err := netip.ParseAddr(remote.Address)
	if err == nil && !guard.SameKind(from.Addr, to) {
		return false
	}
	counts, checked := c.p.guard.Counts(from, netip.AddrPortFrom(to, remote.Port))
	pair.RequestsSent, pair.ResponsesReceived = counts.RequestsSent, counts.ResponsesReceived
	pair.RequestsReceived, pair.ResponsesSent = counts.RequestsReceived, counts.ResponsesSent
	pair.RequestsFailed, pair.SendError = counts.RequestsFailed, diag.Clean(counts.SendError, 120)
	if pair.CurrentRoundTripTime = nil; counts.RoundTrip > 0 {
		pair.CurrentRoundTripTime = new(counts.RoundTrip.Seconds())
	}
	return checked
}

// baseOf is the socket of a local candidate.
func baseOf(d diag.Candidate) guard.Base {
	b := guard.Base{Port: d.RelatedPort, Relayed: d.CandidateType == diag.Relay}
	address := d.RelatedAddress
	switch d.CandidateType {
	case diag.Host:
		b.Port, address = d.Port, d.Address
	case diag.Relay:
		address = d.Address
	case diag.Srflx, diag.Prflx:
	}
	b.Addr, _ = netip.ParseAddr(address) // a name does not happen
	return b
}

// gatheredSoFar is how many local candidates there are.
func (c *candidates) gatheredSoFar() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.locals
}

func candidateKey(d diag.Candidate) string {
	return string(d.Side) + " " + string(d.CandidateType) + " " + d.Protocol + " " +
		net.JoinHostPort(d.Address, strconv.Itoa(int(d.Port)))
}

// interfaceOf names the interface of a local candidate's base; empty when no interface has that address.
func (c *candidates) interfaceOf(d diag.Candidate) string {
	base := d.Address
	if d.CandidateType != diag.Host {
		base = d.RelatedAddress
	}
	ip, err := netip.ParseAddr(base)
	if err != nil || ip.IsUnspecified() {
		return ""
	}
	return c.p.socks.InterfaceOf(ip.Unmap().WithZone(""))
}
