package nat

import (
	"cmp"
	"net/netip"

	"dialtone/diag"
	"dialtone/diag/nat/chance"
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
func (s *State) fragments(server int) fragmentTally {
	var t fragmentTally
	for i := range s.Requests {
		r := &s.Requests[i]
		if r.Server != server || r.Test != diag.TestPadded && r.Test != diag.TestLong {
			continue
		}
		if r.Test == diag.TestPadded {
			t.padded++
		} else {
			t.long++
		}
		if r.Answer == nil {
			continue
		}
		t.out = true // whatever it says: a rejection too has read the request
		if r.Test == diag.TestPadded {
			fits := r.Answer.Size <= s.mtu()-udpHeader-ipHeader
			t.in, t.short = t.in || !fits, t.short || fits
		}
	}
	return t
}

// mtu is the interface's, or what is usual.
func (s *State) mtu() int { return cmp.Or(s.Local.MTU, UsualMTU) }

// judgeFragments reports whether packets longer than the MTU pass (RFC 5780 §3.5). Of silence nothing can prove
// that the server's own network is not the cause, so two servers must be silent.
func (s *State) judgeFragments() Behavior {
	if !s.Start.Deep {
		return notAsked()
	}
	if s.Local.MTU > MostMTU {
		return unknown(counted(KindLargeMTU, s.Local.MTU))
	}
	var evidence []Evidence
	var in, out, short bool
	silentIn, silentOut := map[netip.Addr]bool{}, map[netip.Addr]bool{} // servers
	sent, lost := s.totalLoss()
	for i, server := range s.Servers {
		t := s.fragments(i)
		if t.padded == 0 {
			continue
		}
		in, out, short = in || t.in, out || t.out, short || t.short
		silent := !t.in && !t.short && chance.NotLoss(t.padded, sent, lost)
		if silent && t.out {
			silentIn[server.Address.Addr()] = true
		}
		if silent && !t.out && chance.NotLoss(t.long, sent, lost) {
			silentOut[server.Address.Addr()] = true
		}
		evidence = append(evidence, t.evidence(server.Address))
	}
	switch {
	case len(evidence) == 0 && s.Running():
		return unknown(of(KindAsking))
	case len(evidence) == 0:
		return unknown(of(KindNoLong))
	case in:
		return present(evidence...)
	case out && short:
		return unknown(append(evidence, of(KindNoPadding))...)
	case len(silentIn) > 1:
		return likely(FragmentsOutgoing, evidence...)
	case len(silentOut) > 1:
		return likely(None, evidence...)
	}
	return unknown(append(evidence, of(KindAskTwo))...)
}

// evidence reports what one server gave.
func (t *fragmentTally) evidence(server netip.AddrPort) Evidence {
	switch {
	case t.in:
		return fact(KindFragmentsBoth, server)
	case t.short:
		return fact(KindFragmentsShort, server)
	case t.out:
		return counted(KindFragmentsOut, t.padded).at(server)
	}
	return counted(KindFragmentsNone, t.padded+t.long).at(server)
}
