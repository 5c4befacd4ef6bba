// Package vote compares what several servers report about one socket, and finds those that cannot be right.
package vote

import (
	"net/netip"
	"slices"
)

// View is how one address of a server saw a socket.
type View struct {
	Server int
	To     netip.AddrPort
	Mapped netip.AddrPort
}

// Often is how often each server is asked where they differ: a NAT that changes its mappings, or shares its traffic
// between several of them, is then seen to do so at more than one, and a server that invents them is not joined.
const Often = 4

// Alone is how often, where one server contradicts itself and only one other is there to show that the NAT does not
// change: a NAT that shares its traffic evenly between two mappings looks steady in fewer than one of 10,000 runs.
const Alone = 15

// majority is what more than half of the servers, and at least two, report in their first views.
func majority(list []View) (netip.AddrPort, bool) {
	votes := map[netip.AddrPort]int{}
	servers := map[int]bool{}
	for _, v := range list {
		if !servers[v.Server] {
			servers[v.Server] = true
			votes[v.Mapped]++
		}
	}
	for mapped, n := range votes {
		if n > 1 && 2*n > len(servers) {
			return mapped, true
		}
	}
	return netip.AddrPort{}, false
}

// Rounds is how often each server is to be asked: again, where several were asked, and some view differs. Servers that
// contradict each other need not be asked again where two of them see the mapping differ between their own addresses.
func Rounds(list []View) int {
	first, varied := map[int]netip.AddrPort{}, map[int]bool{}
	differs := false
	for _, v := range list {
		if _, known := first[v.Server]; !known {
			first[v.Server] = v.Mapped
		}
		varied[v.Server] = varied[v.Server] || v.Mapped != first[v.Server]
		differs = differs || v.Mapped != list[0].Mapped
	}
	agree := 0
	for _, is := range varied {
		if is {
			agree++
		}
	}
	switch unsteady := len(Unsteady(list)); {
	case len(first) < 2, !differs, unsteady == 0 && agree > 1:
		return 1
	case len(first) == 2 && unsteady == 1:
		return Alone
	}
	return Often
}

// Outvoted are the servers that see another IP and another port than the majority. If the port is equal it may be a NAT
// with several addresses.
func Outvoted(list []View) []int {
	var out []int
	most, ok := majority(list)
	known := map[int]bool{}
	for _, v := range list {
		if ok && !known[v.Server] && v.Mapped.Addr() != most.Addr() && v.Mapped.Port() != most.Port() {
			out = append(out, v.Server)
		}
		known[v.Server] = true
	}
	slices.Sort(out)
	return out
}

// Fickle are the servers that contradict themselves, while as many others at least, asked often from the same socket,
// do not: each of those reports one mapping throughout, whether it is that of the others or not.
func Fickle(list []View) []int {
	out := Unsteady(list)
	views, steady, alone := map[netip.AddrPort]int{}, map[int]bool{}, false
	for _, v := range list {
		if views[v.To]++; views[v.To] >= Often && !slices.Contains(out, v.Server) {
			steady[v.Server] = true
			alone = alone || views[v.To] >= Alone
		}
	}
	if len(steady) < len(out) || len(steady) < 2 && !alone {
		return nil
	}
	return out
}

// Unsteady are the servers that contradict themselves: one address of theirs reported different mappings of a socket.
func Unsteady(list []View) []int {
	first := map[netip.AddrPort]netip.AddrPort{}
	var out []int
	for _, v := range list {
		if before, again := first[v.To]; !again {
			first[v.To] = v.Mapped
		} else if before != v.Mapped && !slices.Contains(out, v.Server) {
			out = append(out, v.Server)
		}
	}
	slices.Sort(out)
	return out
}

// Code is the coding of XOR-MAPPED-ADDRESS for IPv4, which is its own inverse; the zero value for other addresses.
func Code(a netip.AddrPort) netip.AddrPort {
	if !a.Addr().Is4() {
		return netip.AddrPort{}
	}
	cookie, ip := [4]byte{0x21, 0x12, 0xa4, 0x42}, a.Addr().As4()
	for i := range ip {
		ip[i] ^= cookie[i]
	}
	return netip.AddrPortFrom(netip.AddrFrom4(ip), a.Port()^0x2112)
}

// Comparison is what pairs of views differ in.
type Comparison struct {
	TwoIPs     bool // two server addresses were compared
	SamePairs  bool // two ports of one server address saw the same
	IPDiffers  bool // our address differs
	PortByIP   bool // our port differs between server addresses
	PortByPort bool // our port differs between two ports of one server address
	Apart      bool // one of two servers sees neither the address nor the port of the other: one may be wrong
}

// Compare compares the views with each other. Where one server's word is against that of one other, and their views
// have neither the address nor the port in common, one of them may be wrong: that is no port by address.
func Compare(list []View) (c Comparison) {
	servers := map[int]bool{}
	for i, s := range list {
		servers[s.Server] = true
		for _, t := range list[:i] {
			c.compare(s, t)
		}
	}
	if c.Apart && (c.PortByIP || c.PortByPort || len(servers) > 2) {
		c.PortByIP, c.Apart = true, false
	}
	return c
}

func (c *Comparison) compare(s, t View) {
	oneIP := s.To.Addr() == t.To.Addr()
	c.TwoIPs = c.TwoIPs || !oneIP
	c.IPDiffers = c.IPDiffers || s.Mapped.Addr() != t.Mapped.Addr()
	switch {
	case s.Mapped.Port() == t.Mapped.Port():
		c.SamePairs = c.SamePairs || oneIP
	case oneIP:
		c.PortByPort = true
	case s.Server != t.Server && s.Mapped.Addr() != t.Mapped.Addr():
		c.Apart = true
	default:
		c.PortByIP = true
	}
}

// OneAgainst reports whether one server alone sees another IP than all the others, who agree: it may be wrong.
func OneAgainst(list []View) bool {
	return slices.ContainsFunc(list, func(one View) bool {
		own, rest := map[netip.Addr]bool{}, map[netip.Addr]bool{}
		for _, v := range list {
			if v.Server == one.Server {
				own[v.Mapped.Addr()] = true
			} else {
				rest[v.Mapped.Addr()] = true
			}
		}
		return len(own) == 1 && len(rest) == 1 && !rest[one.Mapped.Addr()]
	})
}
