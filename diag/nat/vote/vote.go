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

// Often is how often each server is asked where one differs from a majority: a NAT that changes its mappings, or shares
// its traffic between several of them, is then seen to do so at the others, too.
const Often = 4

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

// Disputed reports whether a majority agrees, and some view differs.
func Disputed(list []View) bool {
	most, ok := majority(list)
	return ok && slices.ContainsFunc(list, func(v View) bool { return v.Mapped != most })
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

// Fickle are the servers that contradict themselves, while a majority, asked as often from the same socket, reports one
// address throughout.
func Fickle(list []View) []int {
	first := map[netip.AddrPort]netip.AddrPort{}
	views, servers, loose := map[netip.AddrPort]int{}, map[int]bool{}, map[int]bool{}
	var out []int
	most, _ := majority(list)
	for _, v := range list {
		if before, again := first[v.To]; !again {
			first[v.To] = v.Mapped
		} else if before != v.Mapped && !slices.Contains(out, v.Server) {
			out = append(out, v.Server)
		}
		loose[v.Server] = loose[v.Server] || v.Mapped != most
		servers[v.Server] = true
		views[v.To]++
	}
	steady := map[int]bool{}
	for _, v := range list {
		if !loose[v.Server] && views[v.To] >= Often {
			steady[v.Server] = true
		}
	}
	if len(steady) < 2 || 2*len(steady) <= len(servers) {
		return nil
	}
	slices.Sort(out)
	return out
}

// Comparison is what pairs of views differ in.
type Comparison struct {
	TwoIPs     bool // two server addresses were compared
	SamePairs  bool // two ports of one server address saw the same
	IPDiffers  bool // our address differs
	PortByIP   bool // our port differs between server addresses
	PortByPort bool // our port differs between two ports of one server address
}

// Compare compares the views with each other.
func Compare(list []View) (c Comparison) {
	for i, s := range list {
		for _, t := range list[:i] {
			c.compare(s, t)
		}
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
	default:
		c.PortByIP = true
	}
}
