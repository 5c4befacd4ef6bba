package nat

import (
	"net/netip"
	"slices"

	"dialtone/diag"
)

// view is how one address of a server saw the mapping socket.
type view struct {
	server int
	to     netip.AddrPort
	mapped netip.AddrPort
}

// views lists the answers of the mapping test, each address once, without the servers in except. unstable is an address
// that gave two different answers; then nothing follows from the others.
func (s *State) views(except []int) (list []view, unstable []netip.AddrPort) {
	for i := range s.Requests {
		r := &s.Requests[i]
		if r.Test != diag.TestMapping && r.Test != diag.TestRepeat || !success(r) || !r.Answer.Mapped.IsValid() ||
			slices.Contains(except, r.Server) {
			continue
		}
		at := slices.IndexFunc(list, func(v view) bool { return v.to == r.To })
		switch {
		case at < 0:
			list = append(list, view{r.Server, r.To, r.Answer.Mapped})
		case list[at].mapped != r.Answer.Mapped:
			unstable = append(unstable, r.To, list[at].mapped, r.Answer.Mapped)
		}
	}
	if slices.ContainsFunc(list, func(v view) bool { return !diag.PrivateAddress(v.mapped.Addr()) }) {
		list = slices.DeleteFunc(list, s.inTunnel)
	}
	return list, unstable
}

// inTunnel reports whether a public server was reached without a NAT from a private address, as through a VPN: what it
// sees cannot be compared with what others see.
func (s *State) inTunnel(v view) bool {
	return diag.PrivateAddress(v.mapped.Addr()) && !diag.PrivateAddress(v.to.Addr()) && s.sendsFrom(v.mapped.Addr())
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
	public    netip.AddrPort // the first view, the zero value when there is none
	servers   int            // servers whose answers were compared
	ips       int            // their addresses
	ports     []uint16       // of all views, in the order of the requests

	distrusted []int // servers whose mapped address is not believed
}

// Mapping judges the mapping tests so far.
func (s *State) Mapping() Behavior { return s.judgeMapping().Behavior }

// judgeMapping reads the mapping test (RFC 5780 §4.3). Answers alone are evidence here, so loss can hide the behavior
// but not change it.
func (s *State) judgeMapping() mapping {
	distrusted := s.distrusted()
	list, unstable := s.views(distrusted)
	m := mapping{distrusted: distrusted, Behavior: unknown(of(KindNoMapped)), pooling: unknown(of(KindFewAddresses))}
	if len(list) == 0 {
		if len(distrusted) > 0 {
			m.Behavior = unknown(of(KindNotBelieved))
		}
		return m
	}
	m.public = list[0].mapped
	asked, servers := map[netip.Addr]bool{}, map[int]bool{}
	for _, v := range list {
		m.ports = append(m.ports, v.mapped.Port())
		asked[v.to.Addr()], servers[v.server] = true, true
	}
	m.servers, m.ips = len(servers), len(asked)
	evidence := viewEvidence(list)
	if len(unstable) > 0 {
		m.Behavior = Behavior{
			Value: Unknown, Confidence: Contradictory,
			Evidence: append(evidence, fact(KindViewChanged, unstable[:3]...)),
		}
		return m
	}
	m.pooling = judgePooling(list)
	m.Behavior, m.dependent = judgeViews(list)
	if s.repeated() {
		evidence = append(evidence, of(KindViewRepeated))
	}
	m.Evidence = append(evidence, m.Evidence...) // what follows from it is the last
	return m
}

// judgePooling reports whether the hosts behind the NAT have one public address (RFC 4787 §4.1).
func judgePooling(list []view) Behavior {
	var ips, asked []netip.Addr
	for _, v := range list {
		ips = appendNew(ips, v.mapped.Addr())
		asked = appendNew(asked, v.to.Addr())
	}
	switch {
	case len(ips) > 1:
		return likely(PoolingArbitrary, fact(KindPool, ips...))
	case len(asked) < 2:
		return unknown(of(KindFewAddresses))
	}
	paired := fact(KindPaired, ips[0])
	paired.Counts = []int{len(asked)}
	return likely(PoolingPaired, paired)
}

// judgeViews compares the views with each other.
func judgeViews(list []view) (b Behavior, dependent bool) {
	var v comparison
	for i, s := range list {
		for _, t := range list[:i] {
			v.compare(s, t)
		}
	}
	is := func(value Value, c Confidence, kind Kind) Behavior {
		return Behavior{Value: value, Confidence: c, Evidence: []Evidence{of(kind)}}
	}
	switch {
	case v.portByPort:
		return is(AddressAndPortDependent, Proven, KindByPort), true
	case v.portByIP && v.samePairs:
		return is(AddressDependent, Proven, KindByAddress), true
	case v.portByIP:
		return is(Unknown, Likely, KindByEither), true
	case v.ipDiffers:
		return is(Unknown, Contradictory, KindAddressDiffers), false
	case !v.twoIPs:
		return unknown(of(KindOneServer)), false
	}
	return is(EndpointIndependent, Proven, KindSame), false
}

// comparison is what pairs of views differ in.
type comparison struct {
	twoIPs     bool // two server addresses were compared
	samePairs  bool // two ports of one server address saw the same
	ipDiffers  bool // our address differs
	portByIP   bool // our port differs between server addresses
	portByPort bool // our port differs between two ports of one server address
}

func (c *comparison) compare(s, t view) {
	oneIP := s.to.Addr() == t.to.Addr()
	c.twoIPs = c.twoIPs || !oneIP
	c.ipDiffers = c.ipDiffers || s.mapped.Addr() != t.mapped.Addr()
	switch {
	case s.mapped.Port() == t.mapped.Port():
		c.samePairs = c.samePairs || oneIP
	case oneIP:
		c.portByPort = true
	default:
		c.portByIP = true
	}
}

// viewEvidence is one evidence per view.
func viewEvidence(list []view) []Evidence {
	var out []Evidence
	for _, v := range list {
		out = append(out, fact(KindView, v.to, v.mapped))
	}
	return out
}

// judgeTCP reads the mapping test over TCP: several connections from one local port.
func (s *State) judgeTCP() Behavior {
	var list []view
	var failed []Evidence
	streams := slices.DeleteFunc(slices.Clone(s.Streams), func(c Stream) bool { return c.Beside })
	for i, c := range streams {
		if c.Mapped.IsValid() {
			list = append(list, view{i, c.To, c.Mapped})
			continue
		}
		e := fact(KindStreamFailed, c.To)
		e.Failure = c.Failure
		failed = append(failed, e)
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
