package nat

import (
	"slices"

	"dialtone/diag/nat/turn"
)

// Report is what a diagnosis shows: behaviors, servers, and this side of a pair of users.
type Report struct {
	Behaviors Behaviors
	Servers   []ServerRow    // those over UDP first, then other transports, then relays
	Side      Side           // as the peer needs to know it
	Dependent bool           // the mapping depends on the endpoint, even if its value cannot say on what
	Counted   int            // servers that the mapping is based on
	IPs       int            // server addresses that the mapping is based on
	Pending   bool           // the usual tests are still in progress: silence means nothing yet
	Families  []FamilyReport // those that answer, each judged by itself; the first is the main one
	Private   []int          // servers over UDP that report a private address and are not believed
	Foreign   []int          // servers over UDP that report an address of another family and are not believed
	Invented  []int          // servers over UDP that report what cannot be and are not believed
	Fickle    []int          // servers over UDP that report changing addresses for one socket and are not believed
	Filtering []Tally        // by server over UDP; the zero value for those that do not support RFC 5780
}

// Judge reads the state of a diagnosis. It is pure: the same facts give the same report, live or replayed.
func Judge(s *State) Report {
	all := s.sorted()
	main := all.Of(all.Main())
	m := main.judgeMapping()
	r := Report{
		Behaviors: Behaviors{
			UDP: all.judgeUDP(), NAT: main.judgeNAT(m), Mapping: m.Behavior, Filtering: main.judgeFiltering(),
			UDPPorts: main.judgeUDPPorts(m), PacketSize: main.judgePacketSize(), PortPreservation: main.judgePorts(m),
			Pooling: m.pooling, TCPMapping: all.judgeTCP(), Uplinks: main.judgeUplinks(m), ALG: main.judgeALG(),
			CGNAT: main.judgeCGNAT(m), CLAT: all.judgeCLAT(), IPv6: all.judgeIPv6(), NAT64: all.judgeNAT64(),
			Fragments: main.judgeFragments(),
		},
		Dependent: m.dependent, Counted: m.servers, IPs: m.ips, Pending: s.Pending(),
		Filtering: make([]Tally, len(s.Servers)),
	}
	var outliers []int
	for _, f := range all.Families() {
		r.Families = append(r.Families, all.judgeFamily(f))
		own := all.Of(f)
		d := own.contradicting()
		outliers, r.Private, r.Foreign = append(outliers, d.outliers...), append(r.Private, d.private...),
			append(r.Foreign, d.foreign...)
		r.Invented, r.Fickle = append(r.Invented, own.untrue()...), append(r.Fickle, d.fickle...)
		for i, t := range own.Filtering().Tallies {
			if all.FamilyOf(i) == f {
				r.Filtering[i] = t
			}
		}
	}
	r.Servers = all.rows(outliers)
	b := &r.Behaviors
	b.Lifetime = main.judgeLifetime(b.PortPreservation)
	b.Hairpin = main.judgeHairpin(b.NAT, m)
	r.Side = r.side(s, m.public)
	r.useAllocations(main)
	r.markOwn(main)
	return r
}

// relays reports whether a relay is one of those.
func (r *Report) relays(those ...turn.Relay) bool {
	return slices.ContainsFunc(r.Servers, func(row ServerRow) bool { return slices.Contains(those, row.Relay) })
}
