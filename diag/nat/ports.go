package nat

import (
	"slices"

	"dialtone/diag"
)

// portPair is how a socket's first answer showed its port.
type portPair struct{ local, public int }

// portPairs lists the sockets whose local port is known, in the order of their requests, as servers see them.
func (s *State) portPairs(m mapping) []portPair {
	var out []portPair
	known := map[diag.NATSocket]bool{}
	for i := range s.Requests {
		r := &s.Requests[i]
		if !m.shows(s, r) || !direct(r.Test) && r.Bytes == 0 || r.Local.Port() == 0 || known[r.Socket] {
			continue
		}
		known[r.Socket] = true
		out = append(out, portPair{int(r.Local.Port()), int(r.Answer.Mapped.Port())})
	}
	return out
}

// judgePorts reports whether the NAT keeps the port of a socket (RFC 4787 §4.2.1), and how it chooses another one.
func (s *State) judgePorts(m mapping) Behavior {
	pairs := s.portPairs(m)
	kept := 0
	for _, p := range pairs {
		if p.local == p.public {
			kept++
		}
	}
	if len(pairs) == 0 {
		return unknown(m.why())
	}
	evidence := portEvidence(pairs, kept)
	if m.dependent {
		var steps []int
		for i := 1; i < len(m.ports); i++ {
			steps = append(steps, int(m.ports[i])-int(m.ports[i-1]))
		}
		evidence = append(evidence, Evidence{Kind: KindPortTargets, Counts: shown(steps), Order: order(steps)})
	}
	b := Behavior{Value: PortNotPreserved, Confidence: Proven, Evidence: evidence}
	if len(pairs) < 2 || kept != len(pairs) && (kept != 0 || m.ips < 2) { // one server alone may invent ports
		b.Confidence = Likely
	}
	if kept == len(pairs) {
		b.Value = PortPreserved
	}
	return b
}

// maxShown is how many numbers an evidence lists.
const maxShown = 6

func shown(list []int) []int { return list[:min(len(list), maxShown)] }

// portEvidence reports how the public ports relate to the local ones, and to each other.
func portEvidence(pairs []portPair, kept int) []Evidence {
	first := pairs[0]
	if kept == len(pairs) {
		return []Evidence{counted(KindPortsKept, kept, first.local)}
	}
	var less, steps []int
	parity := 0
	for i, p := range pairs {
		less = append(less, p.public-p.local)
		if i > 0 {
			steps = append(steps, p.public-pairs[i-1].public)
		}
		if p.public%2 == p.local%2 {
			parity++
		}
	}
	out := []Evidence{counted(KindPortsChanged, append([]int{first.local, first.public}, shown(less)...)...)}
	if kept > 0 {
		out = append(out, counted(KindPortsPartly, kept, len(pairs)))
	}
	if len(steps) > 0 {
		out = append(out, Evidence{Kind: KindPortSteps, Counts: shown(steps), Order: order(steps)})
	}
	if parity == len(pairs) && len(pairs) >= 5 {
		out = append(out, counted(KindPortParity, parity))
	}
	return out
}

// Order is how a NAT chooses ports.
type Order string

// Orders.
const (
	OrderUnknown    Order = "unknown" // too few ports to know
	OrderSequential Order = "sequential"
	OrderNone       Order = "none"
)

// order is how a NAT chooses ports, by the steps between them.
func order(steps []int) Order {
	const near = 16 // others behind the NAT take ports in between
	far := slices.ContainsFunc(steps, func(s int) bool { return s <= 0 || s > near })
	switch {
	case len(steps) < 2:
		return OrderUnknown
	case far:
		return OrderNone
	}
	return OrderSequential
}
