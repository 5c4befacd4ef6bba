package diag

import "fmt"

// Chance is how probable it may be that a silence which is taken for filtering was loss.
const Chance = 1e-4

// FilteringState is what the filtering tests with all servers have given so far. The plan of further requests and the
// verdict read the same.
type FilteringState struct {
	Tallies []Tally // by server; the zero value for those that are not admitted
	Usable  []int   // servers whose silence can mean something

	Both, Port                 bool    // somebody answered from the right alternate
	BothByChance, PortByChance float64 // that the silence of all proven servers is loss
}

// Filtering counts what is known. Servers are independent of each other, so their probabilities are multiplied; only
// those count whose alternate is proven to send.
func (o *NATObservations) Filtering() FilteringState {
	f := FilteringState{Tallies: make([]Tally, len(o.Servers)), BothByChance: 1, PortByChance: 1}
	for i := range o.Servers {
		other, why := o.Admitted(i)
		if why != "" {
			continue
		}
		t := o.Tally(i, other)
		f.Tallies[i] = t
		f.Both, f.Port = f.Both || t.Both, f.Port || t.Port
		if !t.usable() {
			continue
		}
		f.Usable = append(f.Usable, i)
		if t.ProvedBoth && !t.Both {
			f.BothByChance *= t.BothByChance
		}
		if t.ProvedPt && !t.Port {
			f.PortByChance *= t.PortByChance
		}
	}
	return f
}

// SilentBoth reports whether nothing came from the other address although it would have, by chance in fewer than one of
// 10,000 runs: the filtering depends on the address.
func (f *FilteringState) SilentBoth() bool { return !f.Both && f.BothByChance < Chance }

// SilentPort is the same for the other port of the address that was asked.
func (f *FilteringState) SilentPort() bool { return !f.Port && f.PortByChance < Chance }

// Known reports whether no further request can add anything.
func (f *FilteringState) Known() bool {
	return f.Both || f.SilentBoth() && (f.Port || f.SilentPort())
}

// judgeFiltering reads the filtering tests (RFC 5780 §4.4). An answer is evidence by itself; silence is only where the
// control arm was answered and loss is too improbable.
func (o *NATObservations) judgeFiltering() Behavior {
	f := o.Filtering()
	evidence := f.words(o)
	var value string
	switch {
	case f.Both:
		value = EndpointIndependent
	case !f.SilentBoth():
		return unknown(append(evidence, f.whyUnknown())...)
	case f.Port:
		value = AddressDependent
	case f.SilentPort():
		value = AddressAndPortDependent
	default:
		return unknown(append(evidence, f.whyUnknown())...)
	}
	b := Behavior{Value: value, Confidence: Proven, Evidence: evidence}
	if f.Both && f.BothByChance < Chance || f.Port && f.PortByChance < Chance {
		b.Confidence = Contradictory
		b.Evidence = append(b.Evidence, "some servers' alternates get through and others' do not")
	}
	return b
}

// whyUnknown says what is missing.
func (f *FilteringState) whyUnknown() string {
	var refused, ignored, proved int
	for _, t := range f.Tallies {
		if t.Refused != 0 {
			refused++
		}
		if t.Ignored != 0 {
			ignored++
		}
		if t.ProvedBoth && (t.ProvedPt || f.Port) {
			proved++
		}
	}
	switch {
	case len(f.Usable) == 0 && ignored > 0:
		return "the server ignores CHANGE-REQUEST: it answers from the address that was asked"
	case len(f.Usable) == 0 && refused > 0:
		return "the server refuses CHANGE-REQUEST"
	case len(f.Usable) == 0:
		return "only a server with the usage of RFC 5780 can tell, and none answered"
	case proved == 0:
		return "the server's alternate address was never heard, even where it must be: the silence proves nothing"
	}
	return "too many packets are lost to tell loss from filtering"
}

// words tell what was sent and what answered.
func (f *FilteringState) words(o *NATObservations) []string {
	var out []string
	for i, t := range f.Tallies {
		if t.AskedBoth+t.AskedPort == 0 {
			continue
		}
		out = append(out, fmt.Sprintf("%s: other address and port %s, other port %s; %d of %d controls were lost",
			o.Servers[i].Address, heard(t.Both, t.AskedBoth, t.ProvedBoth), heard(t.Port, t.AskedPort,
				t.ProvedPt), t.Lost, t.Sent))
		if t.Refused != 0 {
			out = append(out, fmt.Sprintf("%s refused CHANGE-REQUEST with error %d", o.Servers[i].Address, t.Refused))
		}
	}
	return out
}

// heard describes one filtering test.
func heard(answered bool, asked int, proved bool) string {
	switch {
	case answered:
		return "answered"
	case asked == 0:
		return "not asked"
	case proved:
		return fmt.Sprintf("silent %d times (and answered where it must)", asked)
	}
	return fmt.Sprintf("silent %d times (never proven to send)", asked)
}
