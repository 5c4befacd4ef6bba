package nat

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"dialtone/diag"
)

// judgeNAT compares the address of a socket with how it is seen. No server can know an address that a NAT has replaced,
// so one that reports it proves that there is none; another one may be an error of the server, until a second sees it.
func (s *State) judgeNAT(m mapping) Behavior {
	for i := range s.Requests {
		r := &s.Requests[i]
		if !m.shows(s, r) || !known(r.Local.Addr()) {
			continue
		}
		b := likely(Present, fact(KindLocalMapped, r.Local, r.Answer.Mapped, r.To))
		if r.Local == r.Answer.Mapped {
			b.Value, b.Confidence = None, Proven
		} else if m.ips > 1 {
			b.Confidence = Proven
		}
		return b
	}
	if m.public.IsValid() {
		return unknown(of(KindNoLocal))
	}
	return unknown(m.why())
}

// known reports whether an address is that of a socket, and not any.
func known(a netip.Addr) bool { return a.IsValid() && !a.IsUnspecified() }

// judgeALG compares MAPPED-ADDRESS, which a gateway may rewrite, with XOR-MAPPED-ADDRESS, which it cannot recognize
// (RFC 5780 §3.6).
func (s *State) judgeALG() Behavior {
	compared := 0
	for i := range s.Requests {
		a := s.Requests[i].Answer
		if a == nil || !a.Mapped.IsValid() || !a.Plain.IsValid() {
			continue
		}
		compared++
		if a.Plain != a.Mapped {
			return likely(Present, fact(KindALGDiffers, a.From, a.Plain, a.Mapped))
		}
	}
	if compared == 0 {
		return unknown(of(KindALGUnknown))
	}
	return likely(None, counted(KindALGEqual, compared))
}

// judgeUDP reports whether UDP passes. Silence, and ICMP errors, mean a firewall at this side only where several hosts
// behave in the same way, and something shows that there is a network: of one host, they show nothing but that the way
// to it, or it, is closed.
func (s *State) judgeUDP() Behavior {
	reached, silent, rejected, silents, rejects := hosts{}, hosts{}, hosts{}, 0, 0 // the numbers are of servers
	for i, server := range s.Servers {
		switch host := s.hostOf(i); {
		case s.Heard(i):
			return present(fact(KindAnswered, server.Address))
		case !host.IsValid():
		case server.Failure == nil, server.Failure.Cause == diag.CauseTimeout:
			silent[host] = true
			silents++
		case server.Failure.Cause == diag.CauseRefused, server.Failure.Cause == diag.CauseUnreachable:
			rejected[host] = true
			rejects++
		}
	}
	for i := range s.Asked {
		a := &s.Asked[i]
		switch overUDP := a.Transport == "udp" || a.Transport == "dtls"; {
		case a.OK() && overUDP:
			return present(Evidence{Kind: KindAnswered, Name: a.URL})
		case a.OK(), a.Code() != 0, a.Direct: // asked without the proxy behind which it works
			reached[s.hostAt(a.Address)] = true // the zero value behind a proxy
		}
	}
	if len(reached) > 1 {
		delete(reached, netip.Addr{}) // those behind the proxy have been counted without it
	}
	var evidence []Evidence
	if rejects > 0 {
		evidence = append(evidence, counted(KindUDPRejected, rejects, len(s.Servers), len(reached)))
	}
	if silents > 0 || rejects == 0 {
		evidence = append(evidence, counted(KindUDPSilent, silents, len(s.Servers), len(reached)))
	}
	for _, d := range s.Relays {
		switch server := s.trusted(d); {
		case d.From.IsValid():
			return present(fact(KindRelayArrived, d.Relayed))
		case d.Sent > 0 && server != nil:
			silent[s.hostAt(cmp.Or(server.Address, d.Relayed.String()))] = true // that of the server, if it is known
			evidence = append(evidence, counted(KindRelaySilent, d.Sent).at(d.Relayed))
		}
	}
	both := silent.among(reached)
	maps.Copy(both, rejected.among(reached))
	switch {
	case len(s.Servers) == 0:
		return unknown(of(KindUDPNone))
	case len(silent)+len(rejected)+len(reached) == 0:
		return unknown(of(KindUDPUnasked))
	case len(reached) > 0 && (len(silent) > 1 || len(both) > 1):
		return likely(None, evidence...)
	}
	for host := range both {
		evidence = append(evidence, fact(KindUDPOneHost, host))
	}
	return unknown(evidence...)
}

// hostOf is the host of a server, by the first of its addresses: those of one name, IPv4 and IPv6, are one host.
func (s *State) hostOf(server int) netip.Addr {
	own := s.Servers[server]
	for _, other := range s.Servers {
		if other.Address.IsValid() && (other.URL == own.URL || other.Address.Addr() == own.Address.Addr()) {
			return other.Address.Addr()
		}
	}
	return netip.Addr{}
}

// hostAt is the host that has an address.
func (s *State) hostAt(address string) netip.Addr {
	at, _ := netip.ParseAddrPort(address) // the zero value, if it is not known
	for i, server := range s.Servers {
		if server.Address.IsValid() && server.Address.Addr() == at.Addr() {
			return s.hostOf(i)
		}
	}
	return at.Addr()
}

// hosts is a set of them.
type hosts map[netip.Addr]bool

// among are the hosts that are in another set, too.
func (h hosts) among(others hosts) hosts {
	out := maps.Clone(h)
	maps.DeleteFunc(out, func(host netip.Addr, _ bool) bool { return !others[host] })
	return out
}

// present is a behavior that an observation proves.
func present(e ...Evidence) Behavior {
	return Behavior{Value: Present, Confidence: Proven, Evidence: e}
}

// likely is a behavior that observations make likely.
func likely(v Value, e ...Evidence) Behavior {
	return Behavior{Value: v, Confidence: Likely, Evidence: e}
}

// judgeCGNAT looks for signs of a carrier-grade NAT. That there is none cannot be shown from here.
func (s *State) judgeCGNAT(m mapping) Behavior {
	for _, a := range []netip.Addr{s.Local.Address.Addr(), m.public.Addr()} {
		switch {
		case diag.SharedSpace.Contains(a):
			return likely(Present, fact(KindCarrierShared, a))
		case diag.CLATSpace.Contains(a):
			return likely(Present, fact(KindCarrierCLAT, a))
		}
	}
	return unknown(of(KindCarrierNot))
}

// clatNames are what systems call the interface of IPv4 over IPv6.
var clatNames = []string{"clat", "v4-"}

// judgeCLAT reports whether IPv4 is translated to IPv6 within this machine.
func (s *State) judgeCLAT() Behavior {
	if a := s.Local.Address.Addr(); diag.CLATSpace.Contains(a) {
		return present(fact(KindCLATAddress, a))
	}
	if slices.ContainsFunc(clatNames, func(p string) bool { return strings.HasPrefix(s.Local.Interface, p) }) {
		return likely(Present, Evidence{Kind: KindCLATInterface, Name: s.Local.Interface})
	}
	return unknown(of(KindCLATNot))
}

// judgeUplinks reports whether the traffic to different servers leaves by different interfaces.
func (s *State) judgeUplinks(m mapping) Behavior {
	var locals, asked []netip.Addr
	for i := range s.Requests {
		r := &s.Requests[i]
		if a := r.Local.Addr(); success(r) && known(a) {
			locals = appendNew(locals, a)
			if m.shows(s, r) {
				asked = appendNew(asked, r.To.Addr())
			}
		}
	}
	switch {
	case len(locals) > 1:
		return Behavior{Value: UplinksSeveral, Confidence: Proven, Evidence: []Evidence{fact(KindUplinks, locals...)}}
	case m.pooling.Value == PoolingArbitrary, m.pooling.Has(KindApart), m.pooling.Has(KindAddressDiffers):
		return unknown(append([]Evidence{of(KindUplinksPool)}, m.pooling.Evidence...)...)
	case len(asked) < 2:
		return unknown(of(KindFewAddresses))
	}
	from := []string{locals[0].String()}
	return likely(UplinksOne, Evidence{Kind: KindUplinkOne, Addresses: from, Counts: []int{len(asked)}})
}

// judgeIPv6 reports whether a server answers over IPv6, and whether addresses are translated there too. What a NAT64
// makes of IPv6 says nothing about it.
func (s *State) judgeIPv6() Behavior {
	asked := 0
	var evidence []Evidence
	for i := range s.Requests {
		r := &s.Requests[i]
		if s.familyOf(r.To.Addr()) != FamilyIPv6 {
			continue
		}
		asked++
		if !success(r) {
			continue
		}
		if evidence == nil {
			evidence = []Evidence{fact(KindAnswered, r.To)}
		}
		if mapped := r.Answer.Mapped; known(r.Local.Addr()) && mapped.IsValid() && !s.otherFamily(r.To, mapped) {
			evidence = append(evidence, fact(KindIPv6Mapped, r.Local, mapped))
		}
	}
	switch {
	case evidence != nil:
		return present(evidence...)
	case asked == 0 || s.Pending():
		return unknown(of(KindIPv6Unasked))
	}
	return likely(None, counted(KindIPv6Silent, asked))
}
