package diag

import "fmt"

// HairpinSocket names the two sockets of the hairpin test, 0 and 1.
func HairpinSocket(which int) string { return fmt.Sprintf("hairpin %d", which) }

// HairpinState is what the hairpin test has given so far.
type HairpinState struct {
	Sent    int
	Through *NATAnswer // the first packet that came through
	Held    [2]bool    // the sockets' mappings were there, before
	Still   [2]bool    // and after
}

// Hairpins counts what is known of hairpinning (RFC 5780 §3.4).
func (o *NATObservations) Hairpins() HairpinState {
	var h HairpinState
	for i := range o.Requests {
		r := &o.Requests[i]
		for which := range h.Held {
			if r.Socket == HairpinSocket(which) && r.success() {
				h.Held[which] = h.Held[which] || r.Test == TestHold
				h.Still[which] = h.Still[which] || r.Test == TestControl
			}
		}
		if r.Test != TestHairpin {
			continue
		}
		h.Sent++
		if h.Through == nil {
			h.Through = r.Answer
		}
	}
	return h
}

// judgeHairpin tells whether hosts behind the NAT reach each other by its public address (RFC 4787 §6). Both sockets
// send to each other's public address, so that filtering lets them in.
func (o *NATObservations) judgeHairpin(nat Behavior, m mapping) Behavior {
	h := o.Hairpins()
	switch {
	case !o.Hairpin:
		return unknown(onlyHairpin)
	case nat.Value == BehaviorNone:
		return unknown("there is no NAT, so nothing has to be turned around")
	case h.Through != nil:
		return Behavior{BehaviorPresent, Proven,
			[]string{fmt.Sprintf("a packet to the public address of another socket arrived there, from %s", h.Through.From)}}
	case h.Sent == 0 && !o.Pending && !o.Further:
		return unknown("no server told the public address of two sockets")
	case o.Pending || o.Further:
		return unknown("being asked")
	}
	evidence := []string{fmt.Sprintf("%d packets between the public addresses of two sockets were sent, none arrived",
		h.Sent)}
	sent, lost := 0, 0
	for i := range o.Servers {
		s, l := o.Loss(i)
		sent, lost = sent+s, lost+l
	}
	switch {
	case m.Value != EndpointIndependent:
		return unknown(append(evidence,
			"this NAT may use other ports for them than the servers see, so the silence proves nothing")...)
	case h.Held != [2]bool{true, true} || h.Still != h.Held:
		return unknown(append(evidence,
			"the servers did not answer these sockets any more, so the silence proves nothing")...)
	case allLost(h.Sent, sent, lost) >= Chance:
		return unknown(append(evidence, "too many packets are lost to tell")...)
	}
	return Behavior{BehaviorNone, Likely, append(evidence, "the servers went on to answer both")}
}
