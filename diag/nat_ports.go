package diag

import (
	"fmt"
	"slices"
	"strings"
)

// portPair is how a socket's first answer showed its port.
type portPair struct{ local, public int }

// portPairs lists the sockets whose local port is known, in the order of their requests, as other servers than those
// see them.
func (o *NATObservations) portPairs(except []int) []portPair {
	var out []portPair
	known := map[string]bool{}
	for i := range o.Requests {
		r := &o.Requests[i]
		if !r.success() || !r.Test.direct() || !r.Answer.Mapped.IsValid() || r.Local.Port() == 0 || known[r.Socket] ||
			slices.Contains(except, r.Server) {
			continue
		}
		known[r.Socket] = true
		out = append(out, portPair{int(r.Local.Port()), int(r.Answer.Mapped.Port())})
	}
	return out
}

// judgePorts tells whether the NAT keeps the port of a socket (RFC 4787 §4.2.1), and how it chooses another one.
func (o *NATObservations) judgePorts(m mapping) Behavior {
	pairs := o.portPairs(m.distrusted)
	kept := 0
	for _, p := range pairs {
		if p.local == p.public {
			kept++
		}
	}
	if len(pairs) == 0 {
		return unknown("no server told how it sees this machine")
	}
	evidence := portWords(pairs, kept)
	if m.dependent {
		var deltas []int
		for i := 1; i < len(m.ports); i++ {
			deltas = append(deltas, int(m.ports[i])-int(m.ports[i-1]))
		}
		evidence = append(evidence,
			"from destination to destination the public port of one socket changes by "+signed(deltas)+": "+order(deltas))
	}
	confidence := Proven
	if len(pairs) < 2 {
		confidence = Likely
	}
	switch kept {
	case len(pairs):
		return Behavior{PortPreserved, confidence, evidence}
	case 0:
		return Behavior{PortNotPreserved, confidence, evidence}
	}
	return Behavior{PortNotPreserved, Likely, evidence}
}

// maxShown is how many numbers a line of evidence lists.
const maxShown = 6

// portWords tell how the public ports relate to the local ones, and to each other.
func portWords(pairs []portPair, kept int) []string {
	first := pairs[0]
	if kept == len(pairs) {
		return []string{fmt.Sprintf("%s, such as %d, are seen unchanged", Plural(kept, "local port", "local ports"),
			first.local)}
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
	out := []string{fmt.Sprintf("local port %d is seen as %d; public less local port, by socket: %s", first.local,
		first.public, signed(less))}
	if kept > 0 {
		out = append(out, fmt.Sprintf("%d of %d ports are kept", kept, len(pairs)))
	}
	if len(steps) > 0 {
		out = append(out, "from socket to socket the public port changes by "+signed(steps)+": "+order(steps))
	}
	if parity == len(pairs) && len(pairs) >= 5 {
		out = append(out, fmt.Sprintf("all %d are even where the local port is even (RFC 4787 §4.2.2)", parity))
	}
	return out
}

// order names how a NAT chooses ports, by the steps between them.
func order(steps []int) string {
	const near = 16 // others behind the NAT take ports in between
	ascending := 0
	for _, s := range steps {
		if s > 0 && s <= near {
			ascending++
		}
	}
	switch {
	case len(steps) < 2:
		return "too few to tell an order"
	case ascending == len(steps):
		return "sequential"
	}
	return "no order"
}

// signed lists numbers with their signs.
func signed(list []int) string {
	var words []string
	for _, n := range list[:min(len(list), maxShown)] {
		words = append(words, fmt.Sprintf("%+d", n))
	}
	if len(list) > maxShown {
		words = append(words, "…")
	}
	return strings.Join(words, ", ")
}
