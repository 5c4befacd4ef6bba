package diag

import (
	"fmt"
	"net/netip"
)

// Sizes of packets, in bytes.
const (
	UsualMTU  = 1500 // of Ethernet
	MostMTU   = 3000 // beyond that nothing is fragmented that a server answers
	udpHeader = 8
	ipHeader  = 20
)

// fragmentTally is what one server's answers to long requests say.
type fragmentTally struct {
	padded, long int  // requests
	in           bool // an answer longer than a packet came
	out          bool // an answer to a request longer than a packet came
	short        bool // the server answers padded requests without padding
}

// fragments counts what one server has given.
func (o *NATObservations) fragments(server int) fragmentTally {
	var t fragmentTally
	for i := range o.Requests {
		r := &o.Requests[i]
		if r.Server != server || r.Test != TestPadded && r.Test != TestLong {
			continue
		}
		if r.Test == TestPadded {
			t.padded++
		} else {
			t.long++
		}
		if r.Answer == nil {
			continue
		}
		t.out = true // whatever it says: a refusal too has read the request
		if r.Test == TestPadded {
			t.in = t.in || r.Answer.Size > o.mtu()-udpHeader-ipHeader
			t.short = t.short || r.Answer.Size <= o.mtu()-udpHeader-ipHeader
		}
	}
	return t
}

// mtu is the interface's, or what is usual.
func (o *NATObservations) mtu() int {
	if o.MTU == 0 {
		return UsualMTU
	}
	return o.MTU
}

// judgeFragments tells whether packets that are longer than the MTU pass (RFC 5780 §3.5). Of silence nothing can prove
// that the server's own network is not the cause, so two servers must be silent.
func (o *NATObservations) judgeFragments() Behavior {
	if !o.Deep {
		return unknown(onlyDeep)
	}
	if o.MTU > MostMTU {
		return unknown(fmt.Sprintf("the interface takes packets of %d bytes, so nothing is fragmented", o.MTU))
	}
	var evidence []string
	var in, out, short bool
	silentIn, silentOut := map[netip.Addr]bool{}, map[netip.Addr]bool{} // servers
	for i, s := range o.Servers {
		t := o.fragments(i)
		if t.padded == 0 {
			continue
		}
		sent, lost := o.Loss(i)
		in, out, short = in || t.in, out || t.out, short || t.short
		silent := !t.in && !t.short && allLost(t.padded, sent, lost) < Chance
		if silent && t.out {
			silentIn[s.Address.Addr()] = true
		}
		if silent && !t.out && allLost(t.long, sent, lost) < Chance {
			silentOut[s.Address.Addr()] = true
		}
		evidence = append(evidence, t.words(s.Address))
	}
	switch {
	case len(evidence) == 0:
		return unknown("no server was asked with long packets")
	case in:
		return Behavior{BehaviorPresent, Proven, evidence}
	case out && short:
		return unknown(append(evidence,
			"fragmented requests come through; no server pads its answers, so nothing is known of those")...)
	case len(silentIn) > 1:
		return Behavior{FragmentsOutgoing, Likely, evidence}
	case len(silentOut) > 1:
		return Behavior{BehaviorNone, Likely, evidence}
	}
	return unknown(append(evidence, "a server's own network may drop fragments: ask two on different addresses")...)
}

// words tell what one server gave.
func (t *fragmentTally) words(server netip.AddrPort) string {
	switch {
	case t.in:
		return fmt.Sprintf("%s: a fragmented request was answered by a fragmented response", server)
	case t.short:
		return fmt.Sprintf("%s: a fragmented request was answered by a short response", server)
	case t.out:
		return fmt.Sprintf("%s: a fragmented request was answered, but %d that ask for a fragmented response were not",
			server, t.padded)
	}
	return fmt.Sprintf("%s: %d fragmented requests were not answered", server, t.padded+t.long)
}
