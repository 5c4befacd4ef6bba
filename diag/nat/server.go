package nat

import (
	"net/netip"
	"slices"
	"strings"

	"dialtone/diag"
)

// ServerRow is a server as a diagnosis sees it. Grade, basic and outlier are those of STUN over UDP.
type ServerRow struct {
	diag.Server
	Grade   Grade  `json:"grade,omitempty"`   // what STUN it supports, of one that answered
	Basic   *Basic `json:"basic,omitempty"`   // why it counts as one of basic STUN
	Outlier bool   `json:"outlier,omitempty"` // the majority of the servers reports another mapped address
	Relay   Relay  `json:"relay,omitempty"`   // whether its relay carries bytes, of a TURN server
}

// Grade is what a STUN server supports.
type Grade string

// Grades of a server.
const (
	GradeRFC5780 Grade = "rfc5780" // NAT behavior discovery
	GradeBasic   Grade = "basic"   // nothing beyond a mapped address
)

// Relay says whether a relay carries bytes.
type Relay string

// Values of a [Relay].
const (
	RelayCarries  Relay = "carries"  // bytes came back through it
	RelayUntested Relay = "untested" // none did, and the peer that was asked through it may be the cause
	RelayFails    Relay = "fails"    // no relay, or one that carries nothing
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
	for i := range out {
		row := &out[i]
		used := row.State() == diag.ServerFailed || row.Stage(diag.StageRelease) != nil || !s.Running()
		if row.TURN && used {
			row.Relay = carries(row.Server, out)
		}
	}
	return out
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
	}, Outlier: outlier}
	if asked.DNSMs != nil {
		row.Stages = append(row.Stages, diag.Stage{Name: diag.StageDNS, DurationMs: *asked.DNSMs})
	}
	binding := diag.Stage{Name: diag.StageBinding}
	switch a := s.first(i, asked.Address); {
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

// PrivateRelay reports whether a server that is public itself gives a relay address that is not. failing: the call has
// found no path, so that a private server is suspected too when its relay is elsewhere.
func PrivateRelay(s diag.Server, failing bool) bool {
	server, err := netip.ParseAddrPort(s.Address)
	relay, err2 := netip.ParseAddrPort(s.Relayed())
	if err != nil || err2 != nil || !Private(relay.Addr()) {
		return false
	}
	return !Private(server.Addr()) || failing && relay.Addr() != server.Addr()
}

// forbidden is the error code of a TURN server that does not send to an address (RFC 8656 §19).
const forbidden = 403

// carries reports whether bytes come through a relay. It is untested, and not refuted, when the STUN server that was
// asked through it may be the cause: because nothing else has heard from it, because it is the TURN server itself, or
// because the TURN server forbids to send there.
func carries(s diag.Server, all []ServerRow) Relay {
	if !s.OK() || PrivateRelay(s, false) {
		return RelayFails
	}
	stopped := s.Stopped()
	peer, own := s.Peer()
	untested := false
	switch {
	case stopped == nil, stopped.Name == diag.StageRefresh:
		if s.Took(diag.StageChannel) != nil {
			return RelayCarries
		}
		untested = true
	case stopped.Name == diag.StageBind: // Send indications go on to work
		return RelayCarries
	case stopped.Failure.Code != 0:
		untested = stopped.Failure.Code == forbidden
	default:
		untested = s.Took(diag.StageSend) == nil && (own || !answers(peer, all))
	}
	if untested {
		return RelayUntested
	}
	return RelayFails
}

// answers reports whether a STUN server is known to answer: to this machine, or through any relay.
func answers(address string, all []ServerRow) bool {
	return slices.ContainsFunc(all, func(r ServerRow) bool {
		peer, _ := r.Peer()
		return !r.TURN && r.OK() && r.Address == address ||
			r.TURN && peer == address && r.Took(diag.StageSend) != nil
	})
}
