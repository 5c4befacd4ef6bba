package nat

// Report is what a diagnosis shows: behaviors, servers, and this side of a pair of users.
type Report struct {
	Behaviors Behaviors
	Servers   []ServerRow // those over UDP first, then other transports, then relays
	Side      Side        // as the peer needs to know it
	Dependent bool        // the mapping depends on the endpoint, even if its value cannot say on what
	IPs       int         // server addresses that the mapping is based on
	Pending   bool        // the usual tests are still in progress: silence means nothing yet
	Private   []int       // servers over UDP that report a private address and are not believed
	Invented  []int       // servers over UDP that report one address for two sockets and are not believed
	Filtering FilteringState
}

// Judge reads the state of a diagnosis. It is pure: the same facts give the same report, live or replayed.
func Judge(s *State) Report {
	all := s.sorted()
	main := all.Family()
	m := main.judgeMapping()
	private, outliers := main.contradicting()
	r := Report{
		Behaviors: Behaviors{
			NAT: main.judgeNAT(m), Mapping: m.Behavior, Filtering: main.judgeFiltering(),
			PortPreservation: main.judgePorts(m), Pooling: m.pooling, ALG: main.judgeALG(), CGNAT: main.judgeCGNAT(m),
			UDP: all.judgeUDP(), IPv6: all.judgeIPv6(), Uplinks: main.judgeUplinks(m), CLAT: all.judgeCLAT(),
			TCPMapping: all.judgeTCP(), Fragments: main.judgeFragments(),
		},
		Servers: all.rows(outliers), Dependent: m.dependent, IPs: m.ips, Pending: s.Pending(),
		Private: private, Invented: main.inconsistent(), Filtering: main.Filtering(),
	}
	b := &r.Behaviors
	b.Lifetime = main.judgeLifetime(b.PortPreservation)
	b.Hairpin = main.judgeHairpin(b.NAT, m)
	r.Side = Side{
		Mapping: b.Mapping.Value, Filtering: b.Filtering.Value, Dependent: m.dependent && b.Mapping.Value == Unknown,
		UDP: b.UDP.Value == Present, TURN: r.relays(RelayCarries, RelayUntested), IPv6: b.IPv6.Value == Present,
		Hairpin: b.Hairpin.Value == Present, Public: m.public.Addr(), LAN: s.Local.Network,
	}
	r.useAllocations(main)
	r.markOwn(main)
	return r
}

// relays reports whether a relay is one of those.
func (r *Report) relays(those ...Relay) bool {
	for _, row := range r.Servers {
		for _, relay := range those {
			if row.Relay == relay {
				return true
			}
		}
	}
	return false
}
