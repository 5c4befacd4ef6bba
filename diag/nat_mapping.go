package diag

import (
	"fmt"
	"net/netip"
	"slices"
)

// seen is how one address of a server saw the mapping socket.
type seen struct {
	server int
	to     netip.AddrPort
	mapped netip.AddrPort
}

// views lists the answers of the mapping test, each address once, without the servers in except. unstable is an address
// that gave two different answers; then nothing follows from the others.
func (o *NATObservations) views(except []int) (list []seen, unstable []netip.AddrPort) {
	for i := range o.Requests {
		r := &o.Requests[i]
		if r.Test != TestMapping && r.Test != TestRepeat || !r.success() || !r.Answer.Mapped.IsValid() ||
			slices.Contains(except, r.Server) {
			continue
		}
		at := slices.IndexFunc(list, func(s seen) bool { return s.to == r.To })
		switch {
		case at < 0:
			list = append(list, seen{r.Server, r.To, r.Answer.Mapped})
		case list[at].mapped != r.Answer.Mapped:
			unstable = append(unstable, r.To, list[at].mapped, r.Answer.Mapped)
		}
	}
	return list, unstable
}

// repeated reports whether the address of a mapping test that was asked first was asked again with an answer.
func (o *NATObservations) repeated() bool {
	return slices.ContainsFunc(o.Requests, func(r NATRequest) bool { return r.Test == TestRepeat && r.success() })
}

// liars are the servers whose word about our address is not taken: those that see a private address, while they are
// public themselves, that is not ours or where others see a public one, and those that a majority of servers
// contradicts.
func (o *NATObservations) liars() (inner, outliers []int) {
	list, _ := o.views(nil)
	public := slices.ContainsFunc(list, func(s seen) bool { return !Private(s.mapped.Addr()) })
	for _, s := range list {
		if (public && Private(s.mapped.Addr()) && !Private(s.to.Addr()) || o.foreign(s)) &&
			!slices.Contains(inner, s.server) {
			inner = append(inner, s.server)
		}
	}
	list = slices.DeleteFunc(list, func(s seen) bool { return slices.Contains(inner, s.server) })
	return inner, contradicted(list)
}

// contradicted are the servers that see another IP and another port than at least two other servers, the majority,
// which agree on both. Where the port is equal it may be a NAT with several addresses.
func contradicted(list []seen) []int {
	byServer := map[int]netip.AddrPort{} // its first view
	for _, s := range list {
		if _, ok := byServer[s.server]; !ok {
			byServer[s.server] = s.mapped
		}
	}
	votes := map[netip.AddrPort]int{}
	for _, m := range byServer {
		votes[m]++
	}
	var out []int
	for server, m := range byServer {
		for other, n := range votes {
			if n >= 2 && 2*n > len(byServer) && other.Addr() != m.Addr() && other.Port() != m.Port() {
				out = append(out, server)
			}
		}
	}
	slices.Sort(out)
	return out
}

// mapping is what the views say.
type mapping struct {
	Behavior
	pooling   Behavior
	dependent bool
	public    netip.AddrPort // the first view, the zero value where there is none
	ips       int            // server addresses that were compared
	ports     []uint16       // of all views, in the order of the requests

	distrusted []int // servers whose word about our address is not taken
}

// judgeMapping reads the mapping test (RFC 5780 §4.3). Answers alone are evidence here, so loss can hide the behavior
// but not change it.
func (o *NATObservations) judgeMapping() mapping {
	distrusted := o.distrusted()
	list, unstable := o.views(distrusted)
	m := mapping{distrusted: distrusted, Behavior: unknown("no server told how it sees this machine"),
		pooling: unknown("fewer than two servers were compared")}
	if len(list) == 0 {
		return m
	}
	m.public = list[0].mapped
	asked := map[netip.Addr]bool{}
	for _, s := range list {
		m.ports = append(m.ports, s.mapped.Port())
		asked[s.to.Addr()] = true
	}
	m.ips = len(asked)
	evidence := viewWords(list)
	if len(unstable) > 0 {
		m.Behavior = Behavior{BehaviorUnknown, Contradictory, append(evidence,
			fmt.Sprintf("%s saw %s, and %s for the same socket a moment later", unstable[0], unstable[1], unstable[2]))}
		return m
	}
	m.pooling = judgePooling(list)
	m.Behavior, m.dependent = judgeViews(list)
	if o.repeated() {
		evidence = append(evidence, "asked once more at the end, the first address saw the same")
	}
	m.Evidence = append(evidence, m.Evidence...) // what follows from it is the last
	return m
}

// judgePooling tells whether the hosts behind the NAT have one public address (RFC 4787 §4.1).
func judgePooling(list []seen) Behavior {
	var ips []netip.Addr
	var asked []netip.Addr
	for _, s := range list {
		if !slices.Contains(ips, s.mapped.Addr()) {
			ips = append(ips, s.mapped.Addr())
		}
		if !slices.Contains(asked, s.to.Addr()) {
			asked = append(asked, s.to.Addr())
		}
	}
	switch {
	case len(ips) > 1:
		return Behavior{PoolingArbitrary, Likely,
			[]string{fmt.Sprintf("one socket was seen with %d addresses: %s", len(ips), joined(ips))}}
	case len(asked) < 2:
		return unknown("fewer than two server addresses were compared")
	}
	return Behavior{PoolingPaired, Likely, []string{fmt.Sprintf("%d server addresses saw one address, %s", len(asked),
		ips[0])}}
}

// judgeViews compares the views with each other.
func judgeViews(list []seen) (b Behavior, dependent bool) {
	var v comparison
	for i, s := range list {
		for _, t := range list[:i] {
			v.compare(s, t)
		}
	}
	switch {
	case v.portByPort:
		return Behavior{AddressAndPortDependent, Proven,
			[]string{"two ports of one server address saw different ports of this machine"}}, true
	case v.portByIP && v.samePairs:
		return Behavior{AddressDependent, Proven,
			[]string{"different server addresses saw different ports, two ports of one address the same"}}, true
	case v.portByIP:
		return Behavior{BehaviorUnknown, Likely, []string{
			"different server addresses saw different ports, so the mapping depends on the endpoint; whether on its port too, only two ports of one address tell",
		}}, true
	case v.ipDiffers:
		return Behavior{BehaviorUnknown, Contradictory,
				[]string{"the addresses differ while the port is the same: several uplinks, or a NAT with a pool of addresses"}},
			false
	case !v.twoIPs:
		return unknown("fewer than two server addresses answered: ask a second server"), false
	}
	return Behavior{EndpointIndependent, Proven, []string{"all of them saw the same"}}, false
}

// comparison is what pairs of views differ in.
type comparison struct {
	twoIPs     bool // two server addresses were compared
	samePairs  bool // two ports of one server address saw the same
	ipDiffers  bool // our address differs
	portByIP   bool // our port differs between server addresses
	portByPort bool // our port differs between two ports of one server address
}

func (v *comparison) compare(s, t seen) {
	oneIP := s.to.Addr() == t.to.Addr()
	v.twoIPs = v.twoIPs || !oneIP
	v.ipDiffers = v.ipDiffers || s.mapped.Addr() != t.mapped.Addr()
	switch {
	case s.mapped.Port() == t.mapped.Port():
		v.samePairs = v.samePairs || oneIP
	case oneIP:
		v.portByPort = true
	default:
		v.portByIP = true
	}
}

// viewWords is one line of evidence per view.
func viewWords(list []seen) []string {
	var out []string
	for _, s := range list {
		out = append(out, fmt.Sprintf("%s saw %s", s.to, s.mapped))
	}
	return out
}

// joined writes a list of addresses.
func joined[T fmt.Stringer](list []T) string {
	text := ""
	for i, x := range list {
		if i > 0 {
			text += ", "
		}
		text += x.String()
	}
	return text
}
