package nat

import (
	"net/netip"
	"slices"

	"dialtone/diag"
	"dialtone/diag/nat/chance"
)

// silentPort is an address that must be there and does not answer over UDP, although its host answers at another port.
type silentPort struct {
	to      netip.AddrPort
	sent    int
	refused bool       // ICMP: closed, or rejected by a firewall
	named   bool       // by its server, as OTHER-ADDRESS
	host    netip.Addr // whose server it is, if it is named
	relay   bool
	opened  bool // the relay had sent here before, so that a firewall in front of it lets answers in
	stream  streamAnswer
}

// streamAnswer is what TCP to the same port says.
type streamAnswer int

const (
	streamUnknown  streamAnswer = iota
	streamAnswered              // something answered
	streamRejected              // the host rejected the connection: it is reached
)

// maxOtherPort is how many requests a server's other port gets.
const maxOtherPort = 12

// OtherPort is the port beside the one asked that a server names (OTHER-ADDRESS), at the address that was asked; the
// zero value when it names none.
func (s *State) OtherPort(server int) netip.AddrPort {
	asked := s.Servers[server].Address
	a := s.first(server, asked)
	if a == nil || a.Other.Port() == 0 || a.Other.Port() == asked.Port() {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(asked.Addr(), a.Other.Port())
}

// SilentPorts are the addresses that do not answer over UDP although their hosts answer at another port, or must
// exist: whether they answer over TCP says more.
func (s *State) SilentPorts() []netip.AddrPort {
	var out []netip.AddrPort
	for _, f := range s.Families() {
		for _, p := range s.Of(f).silentPorts() {
			out = append(out, p.to)
		}
	}
	for i := range s.Servers {
		if a := s.Servers[i].Address; a.IsValid() && !s.Heard(i) {
			out = appendNew(out, a)
		}
	}
	return out
}

// openPorts are those from which servers answered, in ascending order.
func (s *State) openPorts() []int {
	var out []int
	for i := range s.Requests {
		r := &s.Requests[i]
		if direct(r.Test) && success(r) {
			out = appendNew(out, int(r.To.Port()))
		}
	}
	slices.Sort(out)
	return out
}

// silentPorts finds the silent ports of one family. Loss is excluded.
func (s *State) silentPorts() []silentPort {
	var out []silentPort
	for i := range s.Servers {
		if to := s.OtherPort(i); to.IsValid() {
			out = s.addSilent(out, i, to)
			if other := s.otherSilent(i); other.IsValid() && !s.refused(i, to) {
				out = s.addSilent(out, i, other)
			}
		}
		if s.Heard(i) {
			continue
		}
		for j := range s.Servers { // the same host at another port
			if s.Heard(j) && s.Servers[j].Address.Addr() == s.Servers[i].Address.Addr() {
				out = s.addSilent(out, i, s.Servers[i].Address)
				break
			}
		}
		if s.stream(s.Servers[i].Address) == streamAnswered {
			out = s.addSilent(out, i, s.Servers[i].Address)
		}
	}
	return append(out, s.silentRelays()...)
}

// otherSilent is the alternate address of a server whose other IP address answers at the port that was asked; else the
// zero value: it may not be there.
func (s *State) otherSilent(server int) netip.AddrPort {
	other, _ := s.Admitted(server)
	if s.first(server, netip.AddrPortFrom(other.Addr(), s.Servers[server].Address.Port())) == nil {
		return netip.AddrPort{}
	}
	return other
}

// refused reports whether ICMP said that a server's port is closed. Only a connected socket hears that.
func (s *State) refused(server int, to netip.AddrPort) bool {
	return slices.ContainsFunc(s.Requests, func(r Request) bool {
		return r.Server == server && r.To == to && r.Refused
	})
}

// addSilent adds an address of a server when it is silent and loss is not the cause.
func (s *State) addSilent(list []silentPort, server int, to netip.AddrPort) []silentPort {
	p := silentPort{
		to: to, named: to != s.Servers[server].Address, stream: s.stream(to), host: s.hostOf(server),
	}
	for i := range s.Requests {
		r := &s.Requests[i]
		switch {
		case r.Server != server || r.To != to || !direct(r.Test):
		case r.Answer != nil:
			return list
		default:
			p.sent++
			p.refused = p.refused || r.Refused
		}
	}
	if f := s.Servers[server].Failure; f != nil && f.Cause == diag.CauseRefused && to == s.Servers[server].Address {
		p.refused = true
	}
	sent, lost := s.totalLoss()
	known := slices.ContainsFunc(list, func(o silentPort) bool { return o.to == to })
	if known || !p.refused && !chance.NotLoss(p.sent, sent, lost) {
		return list
	}
	return append(list, p)
}

// totalLoss counts as Loss does, of all servers: nothing of it may depend on a port.
func (s *State) totalLoss() (sent, lost int) {
	for i := range s.Servers {
		n, l := s.Loss(i)
		sent, lost = sent+n, lost+l
	}
	return sent, lost
}

// stream is what TCP to an address gave.
func (s *State) stream(to netip.AddrPort) streamAnswer {
	for _, c := range s.Streams {
		switch {
		case c.To != to:
		case c.Mapped.IsValid():
			return streamAnswered
		case c.Failure != nil && c.Failure.Cause == diag.CauseRefused:
			return streamRejected
		}
	}
	return streamUnknown
}

// silentRelays are the relays that no packet reached straight, although they carry bytes, and are where they say.
func (s *State) silentRelays() []silentPort {
	var out []silentPort
	sent, lost := s.totalLoss()
	for _, d := range s.Relays {
		if d.From.IsValid() || s.familyOf(d.Relayed.Addr()) != s.Main() || s.trusted(d) == nil {
			continue
		}
		if d.Refused || chance.NotLoss(d.Sent, sent, lost) {
			out = append(out, silentPort{
				to: d.Relayed, sent: d.Sent, refused: d.Refused, relay: true,
				opened: d.Opened.IsValid(), stream: s.stream(d.Relayed),
			})
		}
	}
	return out
}

// trusted is the server of a relay that carries bytes, and is where the server says that it is; nil for others.
func (s *State) trusted(d diag.NATRelay) *diag.Server {
	for i := range s.Asked {
		a := &s.Asked[i]
		seen, err := netip.ParseAddrPort(a.Seen())
		if a.URL == d.URL && a.TURN && err == nil && seen.Addr() == s.native(d.Relayed).Addr() &&
			a.Took(diag.StageSend) != nil {
			return a
		}
	}
	return nil
}

// usual reports whether firewalls that filter UDP often open a port: for DNS, NTP, the web, VPNs, STUN and TURN, and
// the meetings of Microsoft (3478 to 3481) and Google (19302 to 19309).
func usual(port int) bool {
	return slices.Contains([]int{53, 80, 123, 443, 500, 4500, 5349, 5350}, port) || port >= 3478 && port <= 3481 ||
		port >= 19302 && port <= 19309
}

// judgeUDPPorts reports whether UDP leaves to any port (RFC 4787 says nothing about firewalls; companies open single
// ports). A silent port may be the server's fault, whose own firewall may open single ports too. It counts when the
// servers of several hosts name one and answer there over TCP, or when it is that of a relay that has sent here before,
// and the NAT has one public port for all destinations (m).
func (s *State) judgeUDPPorts(m mapping) Behavior {
	open, silent := s.openPorts(), s.silentPorts()
	for _, d := range s.Relays {
		if d.From.IsValid() && s.familyOf(d.Relayed.Addr()) == s.Main() {
			b := likely(PortsOpen, fact(KindRelayArrived, d.Relayed))
			if len(open) > 0 {
				b.Evidence = append(b.Evidence, counted(KindPortsOpen, open...))
			}
			return b
		}
	}
	pool := m.pooling.Value == PoolingArbitrary // then a relay lets in another address than that of this socket
	silent = slices.DeleteFunc(silent, func(p silentPort) bool { return dismissed(p, open) || p.relay && pool })
	switch {
	case len(open) == 0:
		return unknown(of(KindUDPUnasked))
	case len(silent) > 0:
		return silentBehavior(silent, open, m.Value == EndpointIndependent)
	case slices.ContainsFunc(open, func(port int) bool { return !usual(port) }):
		return likely(PortsOpen, counted(KindPortsOpen, open...))
	}
	return unknown(counted(KindPortsUsual, open...))
}

// dismissed reports whether a silent port is the server's fault: others answer from that port, or from one that no
// firewall would open before.
func dismissed(p silentPort, open []int) bool {
	port := int(p.to.Port())
	return slices.ContainsFunc(open, func(o int) bool { return o == port || o > port && !usual(o) })
}

// silentBehavior is what silent ports show to a NAT with one public port for all destinations, or to another.
func silentBehavior(silent []silentPort, open []int, one bool) Behavior {
	var evidence []Evidence
	shown := false
	hosts := map[netip.Addr]bool{}
	for _, p := range silent {
		if p.named && !p.refused && p.stream == streamAnswered {
			hosts[p.host] = true
		}
		shown = shown || len(hosts) > 1 || p.opened && one
		evidence = append(evidence, p.evidence()...)
	}
	if !shown {
		return Behavior{Value: Unknown, Confidence: Contradictory, Evidence: append(evidence, of(KindPortsEither))}
	}
	return likely(PortsFiltered, append(evidence, counted(KindPortsOnly, open...))...)
}

// evidence reports a silent port.
func (p *silentPort) evidence() []Evidence {
	kind := KindPortSilent
	switch {
	case p.refused:
		kind = KindPortRejected
	case p.relay:
		kind = KindRelaySilent
	}
	out := []Evidence{counted(kind, p.sent).at(p.to)}
	switch p.stream {
	case streamAnswered:
		out = append(out, fact(KindPortStream, p.to))
	case streamRejected:
		out = append(out, fact(KindPortReached, p.to))
	case streamUnknown:
	}
	return out
}
