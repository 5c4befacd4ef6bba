package nat

import (
	"net/netip"
	"slices"

	"dialtone/diag"
	"dialtone/diag/nat/chance"
	"dialtone/diag/nat/vote"
)

// FilteringState is what the filtering tests with all servers have given so far. The plan of further requests and the
// verdict read the same.
type FilteringState struct {
	Tallies []Tally // by server; the zero value for those that are not admitted
	Usable  []int   // servers whose silence can mean something

	Both, Port     bool // somebody answered from the right alternate
	noBoth, noPort bool // the silence of all proven servers cannot be loss
}

// Filtering counts what is known. Servers are independent of each other, so their probabilities are multiplied; only
// those count whose alternate is proven to send.
func (s *State) Filtering() FilteringState {
	f := FilteringState{Tallies: make([]Tally, len(s.Servers))}
	both, port := 1.0, 1.0 // that the silence is loss
	for i := range s.Servers {
		other, why := s.Admitted(i)
		if why.Why != "" {
			continue
		}
		t := s.Tally(i, other)
		f.Tallies[i] = t
		f.Both, f.Port = f.Both || t.Both, f.Port || t.Port
		if !t.usable() {
			continue
		}
		f.Usable = append(f.Usable, i)
		if t.ProvedBoth && !t.Both {
			both *= chance.AllLost(t.AskedBoth, t.Sent, t.Lost)
		}
		if t.ProvedPort && !t.Port {
			port *= chance.AllLost(t.AskedPort, t.Sent, t.Lost)
		}
	}
	f.noBoth, f.noPort = both < chance.Limit, port < chance.Limit
	return f
}

// SilentBoth reports whether nothing came from the other address although it would have, by chance in fewer than one of
// 10,000 runs: the filtering depends on the address.
func (f *FilteringState) SilentBoth() bool { return !f.Both && f.noBoth }

// SilentPort is the same for the other port of the address that was asked.
func (f *FilteringState) SilentPort() bool { return !f.Port && f.noPort }

// Known reports whether no further request can add anything.
func (f *FilteringState) Known() bool {
	return f.Both || f.SilentBoth() && (f.Port || f.SilentPort())
}

// judgeFiltering reads the filtering tests (RFC 5780 §4.4). An answer is evidence by itself; silence is only when the
// control arm was answered and loss is too improbable.
func (s *State) judgeFiltering() Behavior {
	f := s.Filtering()
	evidence := f.evidence(s)
	var value Value
	switch {
	case f.Both:
		value = EndpointIndependent
	case !f.Known():
		return unknown(append(evidence, of(f.whyUnknown()))...)
	case f.Port:
		value = AddressDependent
	default:
		value = AddressAndPortDependent
	}
	b := Behavior{Value: value, Confidence: Proven, Evidence: evidence}
	if f.Both && f.noBoth || f.Port && f.noPort {
		b.Confidence = Contradictory
		b.Evidence = append(b.Evidence, of(KindDisagree))
	}
	return b
}

// whyUnknown says what is missing.
func (f *FilteringState) whyUnknown() Kind {
	any := func(is func(Tally) bool) bool { return slices.ContainsFunc(f.Tallies, is) }
	switch {
	case len(f.Usable) > 0 && any(func(t Tally) bool { return t.ProvedBoth && (t.ProvedPort || f.Port) }):
		return KindLoss
	case len(f.Usable) > 0:
		return KindUnproven
	case any(func(t Tally) bool { return t.Ignored > 0 }):
		return KindChangeIgnored
	case any(func(t Tally) bool { return t.Refused > 0 }):
		return KindChangeNever
	}
	return KindNoRFC5780
}

// evidence reports what was sent and what answered.
func (f *FilteringState) evidence(s *State) []Evidence {
	var out []Evidence
	for i, t := range f.Tallies {
		if t.AskedBoth+t.AskedPort == 0 {
			continue
		}
		out = append(out, Evidence{Kind: KindFiltering, Tally: &t}.at(s.Servers[i].Address))
		if t.Refused != 0 {
			out = append(out, counted(KindChangeRejected, t.Refused).at(s.Servers[i].Address))
		}
	}
	return out
}

// Tally is what the filtering tests with one server have given.
type Tally struct {
	Both       bool `json:"both"`       // an answer came from the alternate address and port
	Port       bool `json:"port"`       // an answer came from the alternate port
	ProvedBoth bool `json:"provedBoth"` // control arm: the server does send from the alternate address and port
	ProvedPort bool `json:"provedPort"` // control arm: the server does send from the alternate port
	Ignored    int  `json:"ignored"`    // answers from the address that was asked: CHANGE-REQUEST was not obeyed
	Refused    int  `json:"refused"`    // STUN error code of a rejection, such as 420; 0: none
	AskedBoth  int  `json:"askedBoth"`  // requests to be answered from the alternate address and port
	AskedPort  int  `json:"askedPort"`  // requests to be answered from the alternate port
	Proofs     int  `json:"proofs"`     // requests that the alternate address had to answer, whose way back was open
	Sent       int  `json:"sent"`       // direct requests to addresses that answer at all
	Lost       int  `json:"lost"`       // requests of those without an answer
}

// filtering reports whether the request is to be answered from elsewhere.
func filtering(t diag.NATTest) bool {
	return t == diag.TestChangeBoth || t == diag.TestChangePort || t == diag.TestProveBoth || t == diag.TestProvePort
}

// usable reports whether the silence of the server can mean anything.
func (t *Tally) usable() bool { return t.Ignored == 0 && t.Refused == 0 }

// Tally counts what is known of one server's filtering tests. other is its alternate address.
func (s *State) Tally(server int, other netip.AddrPort) Tally {
	var t Tally
	asked := s.Servers[server].Address
	samePort := netip.AddrPortFrom(asked.Addr(), other.Port()) // A1:P2
	list, _ := s.views(nil)
	differs := vote.Compare(list).IPDiffers || s.judgeMapping().pooling.Value == PoolingArbitrary
	for i := range s.Requests {
		r := &s.Requests[i]
		if r.Server != server {
			continue
		}
		if r.Test == diag.TestProveBoth && !differs || direct(r.Test) && r.To == other && r.Answer == nil {
			t.Proofs++
		}
		if filtering(r.Test) {
			t.count(r, other, samePort)
		}
	}
	t.Sent, t.Lost = s.Loss(server)
	return t
}

// count notes a request that was to be answered from elsewhere.
func (t *Tally) count(r *Request, other, samePort netip.AddrPort) {
	want := other
	switch r.Test {
	case diag.TestChangeBoth:
		t.AskedBoth++
	case diag.TestChangePort:
		t.AskedPort++
		want = samePort
	case diag.TestProvePort:
		want = samePort
	default: // from the other address and port
	}
	a := r.Answer
	switch {
	case a == nil:
	case a.Code != 0 && (r.Test == diag.TestProveBoth || r.Test == diag.TestProvePort):
		// It may be RESPONSE-PORT alone that the server does not know.
	case a.Code != 0:
		t.Refused = a.Code
	case a.From == want && r.Test == diag.TestChangeBoth:
		t.Both = true
	case a.From == want && r.Test == diag.TestChangePort:
		t.Port = true
	case a.From == want && r.Test == diag.TestProveBoth:
		t.ProvedBoth = true
	case a.From == want && r.Test == diag.TestProvePort:
		t.ProvedPort = true
	default:
		t.Ignored++
	}
}

// AlternateSilent reports whether the alternate address of the server never answered, even when the NAT must let it in.
func (t *Tally) AlternateSilent() bool {
	return t.AskedBoth > 0 && !t.Both && !t.ProvedBoth && chance.NotLoss(t.Proofs, t.Sent, t.Lost)
}
