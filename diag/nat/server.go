package nat

import (
	"net/netip"
	"slices"
	"strings"

	"dialtone/diag"
	"dialtone/diag/nat/turn"
)

// ServerRow is a server as a diagnosis sees it. Grade, basic and outlier are those of STUN over UDP.
type ServerRow struct {
	diag.Server
	Also    []string    `json:"also,omitempty"`    // other STUN URLs that lead to the same address, asked as one
	Grade   Grade       `json:"grade,omitempty"`   // what STUN it supports, of one that answered
	Basic   *Basic      `json:"basic,omitempty"`   // why it counts as one of basic STUN
	Outlier bool        `json:"outlier,omitempty"` // the majority of the servers reports another mapped address
	Own     bool        `json:"own,omitempty"`     // it has the public address of this machine's own network
	Relay   turn.Relay  `json:"relay,omitempty"`   // whether its relay carries bytes, of a TURN server
	Flaws   []turn.Flaw `json:"flaws,omitempty"`   // what is wrong with its relay, the gravest first
}

// Grade is what a STUN server supports.
type Grade string

// Grades of a server.
const (
	GradeRFC5780 Grade = "rfc5780" // NAT behavior discovery
	GradeBasic   Grade = "basic"   // nothing beyond a mapped address
)

// rows are all servers: those over UDP first, then other transports, then relays.
func (s *State) rows(outliers []int) []ServerRow {
	out := []ServerRow{}
	for i := range s.Servers {
		out = append(out, s.row(i, slices.Contains(outliers, i)))
	}
	var relays []ServerRow
	for _, a := range s.sortedAsked() {
		row := ServerRow{Server: a}
		if !a.TURN {
			out = append(out, row)
			continue
		}
		relays = append(relays, row)
	}
	out = append(out, relays...)
	all := make([]diag.Server, len(out))
	for i := range out {
		all[i] = out[i].Server
	}
	for i := range out {
		row := &out[i]
		used := row.State() == diag.ServerFailed || row.Stage(diag.StageRelease) != nil || !s.Running()
		if row.TURN && used {
			row.Relay, row.Flaws = turn.Judge(&row.Server, all)
		}
	}
	return out
}

// markOwn marks the servers that have the public address of this machine's network: they are behind the same NAT,
// and a router has to send packets to its own address back inside (hairpinning, RFC 4787 §6) for this machine to
// reach them.
func (r *Report) markOwn(s *State) {
	if r.Behaviors.NAT.Value == None {
		return
	}
	for i := range r.Servers {
		row := &r.Servers[i]
		at, err := netip.ParseAddrPort(row.Address)
		if err != nil || diag.PrivateAddress(at.Addr()) {
			continue
		}
		row.Own = at.Addr() == r.Side.Public || s.seenInside(at)
	}
}

// seenInside reports whether a public server saw this machine with an address of this machine's own private network:
// the router has turned the packet around, and has put its own address there.
func (s *State) seenInside(server netip.AddrPort) bool {
	return slices.ContainsFunc(s.Requests, func(r Request) bool {
		return r.To.Addr() == server.Addr() && success(&r) && s.Local.Network.IsValid() &&
			s.Local.Network.Contains(r.Answer.Mapped.Addr())
	})
}

// sortedAsked does not depend on which server answered first.
func (s *State) sortedAsked() []diag.Server {
	list := slices.Clone(s.Asked)
	slices.SortStableFunc(list, func(a, b diag.Server) int { return strings.Compare(a.URL, b.URL) })
	return list
}

// row is a server that was asked over UDP.
func (s *State) row(i int, outlier bool) ServerRow {
	asked := &s.Servers[i]
	row := ServerRow{Server: diag.Server{
		URL: asked.URL, Transport: "udp", SRV: asked.SRV, Address: text(asked.Address),
		Stages: []diag.Stage{},
	}, Also: asked.Also, Outlier: outlier}
	if asked.DNSMs != nil {
		row.Stages = append(row.Stages, diag.Stage{Name: diag.StageDNS, DurationMs: *asked.DNSMs})
	}
	binding := diag.Stage{Name: diag.StageBinding}
	switch a := s.first(i, asked.Address); {
	case a != nil && !a.Mapped.IsValid():
		binding.Failure = &diag.Failure{Cause: diag.CauseProtocol, Detail: diag.DetailMapped}
	case a != nil:
		binding.DurationMs, binding.RTTMs, binding.Times = a.RTTMs, &a.RTTMs, s.times(i)
		binding.Mapped, binding.Software = text(a.Mapped), a.Software
		row.Grade = GradeRFC5780
		if _, why := s.Admitted(i); why.Why != "" {
			row.Grade, row.Basic = GradeBasic, &why
		}
	case asked.Failure != nil:
		binding.Name, binding.Failure = asked.Stage, asked.Failure
	case s.Pending():
		return row
	default:
		binding.Failure = &diag.Failure{Cause: diag.CauseTimeout, Requests: s.sent(i)}
	}
	row.Stages = append(row.Stages, binding)
	return row
}

// sent counts the requests to a server.
func (s *State) sent(server int) (n int) {
	for i := range s.Requests {
		if s.Requests[i].Server == server {
			n++
		}
	}
	return n
}

// useAllocations reads the mapped addresses of Allocate responses where no server has reported one to a Binding
// request. Each is that of another socket, so they show the address of this network, whether there is a NAT, and
// nothing of the mapping.
func (r *Report) useAllocations(s *State) {
	b := &r.Behaviors
	for i := range r.Servers {
		row := &r.Servers[i]
		mapped, err := netip.ParseAddrPort(row.Mapped())
		server, err2 := netip.ParseAddrPort(row.Address)
		if r.Side.Public.IsValid() || err != nil || err2 != nil || !row.TURN || !row.OK() || row.Transport != "udp" ||
			!diag.Sendable(mapped) || diag.PrivateAddress(mapped.Addr()) && !diag.PrivateAddress(server.Addr()) {
			continue
		}
		r.Side.Public = mapped.Addr()
		report := Evidence{Kind: KindAllocateMapped, Addresses: []string{row.Address, row.Mapped()}}
		if b.Mapping.Confidence == NotKnown && b.Mapping.Evidence[0].Kind != KindNotBelieved {
			b.Mapping.Evidence = []Evidence{report, of(KindNeedsBinding)}
		}
		if local := s.Local.Address.Addr(); known(local) && local.Is4() == mapped.Addr().Is4() && b.NAT.Value == Unknown {
			b.NAT = likely(Present, report)
			if local == mapped.Addr() {
				b.NAT.Value = None
			}
		}
	}
}
