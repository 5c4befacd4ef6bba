package nat

import (
	"dialtone/diag"
	"dialtone/diag/nat/chance"
)

// HairpinSocket is one of the two sockets of the hairpin test, 0 and 1.
func HairpinSocket(which int) diag.NATSocket {
	return diag.NATSocket{Use: diag.SocketHairpin, Number: which}
}

// HairpinState is what the hairpin test has given so far.
type HairpinState struct {
	Sent    int
	Through *Answer // the first packet that came through
	Held    [2]bool // the sockets' mappings were there, before
	Still   [2]bool // and after
}

// Hairpins counts what is known of hairpinning (RFC 5780 §3.4).
func (s *State) Hairpins() HairpinState {
	var h HairpinState
	for i := range s.Requests {
		r := &s.Requests[i]
		for which := range h.Held {
			if r.Socket == HairpinSocket(which) && success(r) {
				h.Held[which] = h.Held[which] || r.Test == diag.TestHold
				h.Still[which] = h.Still[which] || r.Test == diag.TestControl
			}
		}
		if r.Test != diag.TestHairpin {
			continue
		}
		h.Sent++
		if h.Through == nil {
			h.Through = r.Answer
		}
	}
	return h
}

// judgeHairpin reports whether hosts behind the NAT reach each other by its public address (RFC 4787 §6). Both sockets
// send to each other's public address, so that filtering lets them in.
func (s *State) judgeHairpin(nat Behavior, m mapping) Behavior {
	h := s.Hairpins()
	switch {
	case !s.Start.Hairpin:
		return notAsked()
	case nat.Value == None:
		return unknown(of(KindHairpinNoNAT))
	case h.Through != nil:
		return present(fact(KindHairpinArrived, h.Through.From))
	case s.Running():
		return unknown(of(KindAsking))
	case h.Sent == 0:
		return unknown(of(KindHairpinNoPair))
	}
	evidence := []Evidence{counted(KindHairpinSilent, h.Sent)}
	sent, lost := s.totalLoss()
	switch {
	case m.Value != EndpointIndependent:
		return unknown(append(evidence, of(KindHairpinPorts))...)
	case h.Held != [2]bool{true, true} || h.Still != h.Held:
		return unknown(append(evidence, of(KindHairpinStopped))...)
	case !chance.NotLoss(h.Sent, sent, lost):
		return unknown(append(evidence, of(KindLoss))...)
	}
	return likely(None, append(evidence, of(KindHairpinStill))...)
}
