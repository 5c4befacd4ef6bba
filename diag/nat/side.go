package nat

import (
	"net/netip"

	"dialtone/diag/nat/turn"
)

// Side is one side of a pair of users, as the compact result line has it. Mapping and Filtering are those of IPv4,
// through a NAT64 where that is the way, or of IPv6 when nothing else answers.
type Side struct {
	Mapping, Filtering   Value
	Dependent            bool  // the mapping depends on the endpoint, when Mapping is unknown
	UDP                  bool  // UDP gets answers
	Ports                bool  // UDP leaves for some ports only
	PortsUnknown         bool  // it may: some were silent, and whose fault that is was not found
	TURN                 bool  // a TURN server gives this side a relay
	IPv6                 bool  // IPv6 gets answers, and not from some ports only
	IPv6Unknown          bool  // it may be from some ports only
	Mapping6, Filtering6 Value // of IPv6, when a NAT is in its way; else empty
	NoIPv4               bool  // IPv4 cannot be sent
	NAT64                bool  // IPv4 is reached through a NAT64
	Hairpin              bool  // the NAT supports hairpinning
	Public               netip.Addr
	LAN                  netip.Prefix // a private network that it is in
}

// side is this side, as the peer needs to know it.
func (r *Report) side(s *State, public netip.AddrPort) Side {
	b := &r.Behaviors
	out := Side{
		Mapping: b.Mapping.Value, Filtering: b.Filtering.Value, Dependent: r.Dependent && b.Mapping.Value == Unknown,
		UDP: b.UDP.Value == Present, TURN: r.relays(turn.RelayCarries, turn.RelayUntested), IPv6: b.IPv6.Value == Present,
		Hairpin: b.Hairpin.Value == Present, LAN: s.Local.Network,
	}
	if len(r.Families) > 0 {
		if !b.Mapping.Has(KindApart) && !b.Mapping.Has(KindAddressDiffers) { // or it is one server's word against another's
			out.Public = public.Addr()
		}
		out.NAT64 = r.Families[0].Family == FamilyNAT64
		out.NoIPv4 = r.Families[0].Family != FamilyIPv4 && (s.Machine != nil && !s.Machine.IPv4 || s.deafIPv4())
	}
	out.Ports, out.PortsUnknown = b.UDPPorts.Value == PortsFiltered, b.UDPPorts.Confidence == Contradictory
	for _, f := range r.Families {
		if f.Family != FamilyIPv6 {
			continue
		}
		out.IPv6 = out.IPv6 && f.UDPPorts.Value != PortsFiltered
		out.IPv6Unknown = out.IPv6 && f.UDPPorts.Confidence == Contradictory
		if f.NAT.Value == Present {
			out.Mapping6, out.Filtering6 = f.Mapping.Value, f.Filtering.Value
		}
	}
	return out
}

// deafIPv4 reports whether servers were asked over IPv4, and none answered.
func (s *State) deafIPv4() bool {
	for i := range s.Servers {
		if s.FamilyOf(i) == FamilyIPv4 {
			return !s.Pending()
		}
	}
	return false
}
