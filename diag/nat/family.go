package nat

import (
	"net/netip"
	"slices"
)

// Family is a way by which servers are reached. Each has NATs and filters of its own.
type Family string

// Families.
const (
	FamilyIPv4  Family = "ipv4"
	FamilyNAT64 Family = "nat64" // IPv4 through a NAT64 (RFC 6146)
	FamilyIPv6  Family = "ipv6"
)

// families are all, in the order in which one is preferred when a single one is judged.
var families = []Family{FamilyIPv4, FamilyNAT64, FamilyIPv6}

// Of is the state with the requests of one family.
func (s *State) Of(f Family) *State {
	c := *s
	c.Requests = nil
	for i := range s.Requests {
		if s.familyOf(s.Requests[i].To.Addr()) == f {
			c.Requests = append(c.Requests, s.Requests[i])
		}
	}
	return &c
}

// OfServer is the state with the requests of the family that a server is reached by.
func (s *State) OfServer(server int) *State { return s.Of(s.FamilyOf(server)) }

// FamilyOf is the family that a server is reached by.
func (s *State) FamilyOf(server int) Family { return s.familyOf(s.Servers[server].Address.Addr()) }

// Families are those by which a server answered.
func (s *State) Families() []Family {
	var out []Family
	for _, f := range families {
		if slices.ContainsFunc(s.Requests, func(r Request) bool { return success(&r) && s.familyOf(r.To.Addr()) == f }) {
			out = append(out, f)
		}
	}
	return out
}

// Main is the family that a verdict is about: the first that answers.
func (s *State) Main() Family {
	if list := s.Families(); len(list) > 0 {
		return list[0]
	}
	return FamilyIPv4
}

// FamilyReport is what the network does to one family.
type FamilyReport struct {
	Family    Family   `json:"family"`
	Public    string   `json:"public,omitempty"` // the public IP address of this machine
	UDPPorts  Behavior `json:"udp_ports"`        // as in Behaviors
	NAT       Behavior `json:"nat"`              // as in Behaviors
	Mapping   Behavior `json:"mapping"`          // as in Behaviors
	Filtering Behavior `json:"filtering"`        // as in Behaviors
}

// judgeFamily judges a family by itself.
func (s *State) judgeFamily(f Family) FamilyReport {
	own := s.Of(f)
	m := own.judgeMapping()
	return FamilyReport{
		Family: f, Public: ip(m.public), UDPPorts: own.judgeUDPPorts(m),
		NAT: own.judgeNAT(m), Mapping: m.Behavior, Filtering: own.judgeFiltering(),
	}
}

// Main is the family that the behaviors are about; IPv4 while none answers.
func (r *Report) Main() Family {
	if len(r.Families) == 0 {
		return FamilyIPv4
	}
	return r.Families[0].Family
}

// Others are the families that answer beside the main one.
func (r *Report) Others() []FamilyReport { return r.Families[min(1, len(r.Families)):] }

// Rows lists the behaviors of the main family and of everything beside it, then those of the other families.
func (r *Report) Rows() []Row { return Rows(&r.Behaviors, r.Families) }

// Rows is [Report.Rows] for those who have its parts.
func Rows(b *Behaviors, families []FamilyReport) []Row {
	rows := b.Rows()
	for _, f := range families[min(1, len(families)):] {
		rows = append(rows, Row{NameNAT, f.NAT, f.Family}, Row{NameMapping, f.Mapping, f.Family},
			Row{NameFiltering, f.Filtering, f.Family}, Row{NameUDPPorts, f.UDPPorts, f.Family})
	}
	return rows
}

// ip is the IP address of an address, empty for the zero value.
func ip(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.Addr().String()
}
