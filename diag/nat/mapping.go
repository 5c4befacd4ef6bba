package nat

import (
	"net/netip"
	"slices"

	"dialtone/diag"
	"dialtone/diag/nat/vote"
)

// answers are the views of the mapping test, without the servers in except.
func (s *State) answers(except []int) (list []vote.View) {
	for i := range s.Requests {
		r := &s.Requests[i]
		if (r.Test == diag.TestMapping || r.Test == diag.TestRepeat) && success(r) && r.Answer.Mapped.IsValid() &&
			!slices.Contains(except, r.Server) {
			list = append(list, vote.View{Server: r.Server, To: r.To, Mapped: r.Answer.Mapped})
		}
	}
	return list
}

// views are the first answers of each address. unstable is one that gave two different answers; then nothing follows
// from the others.
func (s *State) views(except []int) (list []vote.View, unstable []netip.AddrPort) {
	for _, v := range s.answers(except) {
		at := slices.IndexFunc(list, func(o vote.View) bool { return o.To == v.To })
		switch {
		case at < 0:
			list = append(list, v)
		case list[at].Mapped != v.Mapped:
			unstable = append(unstable, v.To, list[at].Mapped, v.Mapped)
		}
	}
	if slices.ContainsFunc(list, func(v vote.View) bool { return !diag.PrivateAddress(v.Mapped.Addr()) }) {
		list = slices.DeleteFunc(list, s.inside)
	}
	return list, unstable
}

// inside reports whether a server was reached without a NAT from a private address, as in the same network or through a
// VPN: what it sees cannot be compared with what those beyond a NAT see.
func (s *State) inside(v vote.View) bool {
	return diag.PrivateAddress(v.Mapped.Addr()) && s.sendsFrom(v.Mapped.Addr())
}

// sendsFrom reports whether this machine sends from an address.
func (s *State) sendsFrom(a netip.Addr) bool {
	return slices.ContainsFunc(s.Requests, func(r Request) bool { return r.Local.Addr() == a })
}

// repeated reports whether the address of a mapping test that was asked first was asked again with an answer.
func (s *State) repeated() bool {
	return slices.ContainsFunc(s.Requests, func(r Request) bool { return r.Test == diag.TestRepeat && success(&r) })
}

// mapping is what the views say.
type mapping struct {
	Behavior
	pooling   Behavior
	dependent bool           // it depends on the endpoint, even if its value cannot say on what
	public    netip.AddrPort // the first view of a server that does not contradict itself; the zero value for none
	servers   int            // servers whose answers were compared
	ips       int            // their addresses
	ports     []uint16       // of these views, in the order of the requests

	distrusted []int // servers whose mapped address is not believed
	unsteady   []int // those that contradict themselves, and it is not known whether they or the NAT change
}

// shows reports whether the mapped address of an answer says something of the NAT.
func (m *mapping) shows(s *State, r *Request) bool {
	return success(r) && r.Answer.Mapped.IsValid() && !slices.Contains(m.distrusted, r.Server) &&
		!slices.Contains(m.unsteady, r.Server) && (diag.PrivateAddress(m.public.Addr()) || !m.public.IsValid() ||
		!s.inside(vote.View{Mapped: r.Answer.Mapped}))
}

// why says why no answer shows anything.
func (m *mapping) why() Evidence {
	switch {
	case len(m.unsteady) > 0:
		return m.Evidence[len(m.Evidence)-1]
	case len(m.distrusted) > 0:
		return of(KindNotBelieved)
	}
	return of(KindNoMapped)
}

// Mapping judges the mapping tests so far.
func (s *State) Mapping() Behavior { return s.judgeMapping().Behavior }

// judgeMapping reads the mapping test (RFC 5780 §4.3). Answers alone are evidence here, so loss can hide the behavior
// but not change it.
func (s *State) judgeMapping() mapping {
	distrusted := s.distrusted()
	list, unstable := s.views(distrusted)
	m := mapping{
		distrusted: distrusted, unsteady: vote.Unsteady(s.answers(distrusted)), pooling: unknown(of(KindFewAddresses)),
	}
	if len(list) == 0 {
		m.Behavior = unknown(m.why())
		return m
	}
	asked, servers := map[netip.Addr]bool{}, map[int]bool{}
	for _, v := range list {
		if slices.Contains(m.unsteady, v.Server) {
			continue
		}
		if !m.public.IsValid() {
			m.public = v.Mapped
		}
		m.ports, asked[v.To.Addr()], servers[v.Server] = append(m.ports, v.Mapped.Port()), true, true
	}
	m.servers, m.ips = len(servers), len(asked)
	evidence := viewEvidence(list)
	if len(unstable) > 0 {
		evidence = append(evidence, fact(KindViewChanged, unstable[:3]...))
		m.Behavior = Behavior{Value: Unknown, Confidence: Contradictory, Evidence: evidence}
		return m
	}
	m.pooling = s.judgePooling(&m, list)
	m.Behavior, m.dependent = judgeViews(list)
	if m.ips < 2 && slices.ContainsFunc(s.answers(nil), func(v vote.View) bool { return !asked[v.To.Addr()] }) {
		m.Evidence = []Evidence{of(KindFewAddresses)} // others answered
	}
	if s.repeated() {
		evidence = append(evidence, of(KindViewRepeated))
	}
	m.Evidence = append(evidence, m.Evidence...) // what follows from it is the last
	return m
}

// judgePooling reports whether the hosts behind the NAT have one public address (RFC 4787 §4.1). A server that reports
// several shows that they have not; one that contradicts all others may be wrong.
func (s *State) judgePooling(m *mapping, list []vote.View) Behavior {
	var ips, asked []netip.Addr
	for _, v := range list {
		ips = appendNew(ips, v.Mapped.Addr())
		asked = appendNew(asked, v.To.Addr())
	}
	pool := s.pool(m)
	switch {
	case len(ips) > 1 && !vote.OneAgainst(list):
		return likely(PoolingArbitrary, fact(KindPool, ips...))
	case len(pool) > 0:
		return likely(PoolingArbitrary, fact(KindPool, pool...))
	case vote.Compare(list).Apart:
		return unknown(of(KindApart))
	case len(ips) > 1:
		return unknown(of(KindAddressDiffers))
	case len(asked) < 2:
		return unknown(of(KindFewAddresses))
	}
	one := []string{ips[0].String()}
	return likely(PoolingPaired, Evidence{Kind: KindPaired, Addresses: one, Counts: []int{len(asked)}})
}

// pool are the public addresses that one server reported, of whatever sockets, if several.
func (s *State) pool(m *mapping) []netip.Addr {
	ips := map[int][]netip.Addr{}
	for i := range s.Requests {
		r := &s.Requests[i]
		if direct(r.Test) && m.shows(s, r) {
			ips[r.Server] = appendNew(ips[r.Server], r.Answer.Mapped.Addr())
		}
	}
	for i := range s.Servers {
		if len(ips[i]) > 1 {
			return ips[i]
		}
	}
	return nil
}

// judgeViews compares the views with each other.
func judgeViews(list []vote.View) (b Behavior, dependent bool) {
	v := vote.Compare(list)
	is := func(value Value, c Confidence, k Kind) Behavior {
		return Behavior{Value: value, Confidence: c, Evidence: []Evidence{of(k)}}
	}
	switch {
	case v.PortByPort:
		return is(AddressAndPortDependent, Proven, KindByPort), true
	case v.PortByIP && v.SamePairs:
		return is(AddressDependent, Proven, KindByAddress), true
	case v.PortByIP:
		return is(Unknown, Likely, KindByEither), true
	case v.Apart:
		return is(Unknown, Contradictory, KindApart), false
	case v.IPDiffers:
		return is(Unknown, Contradictory, KindAddressDiffers), false
	case !v.TwoIPs:
		return unknown(of(KindOneServer)), false
	}
	return is(EndpointIndependent, Proven, KindSame), false
}

// viewEvidence is one evidence per view.
func viewEvidence(list []vote.View) []Evidence {
	return diag.Map(list, func(v vote.View) Evidence { return fact(KindView, v.To, v.Mapped) })
}

// judgeTCP reads the mapping test over TCP: several connections from one local port.
func (s *State) judgeTCP() Behavior {
	var list []vote.View
	var failed []Evidence
	streams := slices.DeleteFunc(slices.Clone(s.Streams), func(c Stream) bool { return c.Beside })
	for i, c := range streams {
		if c.Mapped.IsValid() {
			list = append(list, vote.View{Server: i, To: c.To, Mapped: c.Mapped})
			continue
		}
		failed = append(failed, Evidence{Kind: KindStreamFailed, Addresses: []string{c.To.String()}, Failure: c.Failure})
	}
	switch {
	case len(streams) == 0 && s.Pending():
		return unknown(of(KindAsking))
	case len(streams) == 0:
		return unknown(of(KindStreamsFew))
	case len(list) == 0:
		return unknown(append(failed, of(KindStreamsNone))...)
	}
	b, _ := judgeViews(list)
	b.Evidence = slices.Concat(viewEvidence(list), failed, b.Evidence)
	return b
}
