package nat

import (
	"net/netip"
	"slices"
	"strings"

	"dialtone/diag"
)

// NAT judges whether addresses are translated.
func (s *State) NAT() Behavior { return s.Of(s.Main()).judgeNAT(mapping{}) }

// judgeNAT compares the address of a socket with how it is seen.
func (s *State) judgeNAT(m mapping) Behavior {
	for i := range s.Requests {
		r := &s.Requests[i]
		if r.Test != diag.TestReach || !success(r) || !r.Answer.Mapped.IsValid() || !known(r.Local.Addr()) ||
			slices.Contains(m.distrusted, r.Server) {
			continue
		}
		b := Behavior{
			Value: Present, Confidence: Proven,
			Evidence: []Evidence{fact(KindLocalMapped, r.Local, r.Answer.Mapped)},
		}
		if r.Local == r.Answer.Mapped {
			b.Value = None
		}
		return b
	}
	switch {
	case m.public.IsValid():
		return unknown(of(KindNoLocal))
	case len(m.distrusted) > 0:
		return unknown(of(KindNotBelieved))
	}
	return unknown(of(KindNoMapped))
}

// known reports whether an address is that of a socket, and not any.
func known(a netip.Addr) bool { return a.IsValid() && !a.IsUnspecified() }

// judgeALG compares MAPPED-ADDRESS, which a gateway may rewrite, with XOR-MAPPED-ADDRESS, which it cannot recognize
// (RFC 5780 §3.6).
func (s *State) judgeALG() Behavior {
	compared := 0
	for i := range s.Requests {
		a := s.Requests[i].Answer
		if a == nil || !a.Mapped.IsValid() || !a.Plain.IsValid() {
			continue
		}
		compared++
		if a.Plain != a.Mapped {
			return Behavior{
				Value: Present, Confidence: Likely,
				Evidence: []Evidence{fact(KindALGDiffers, a.From, a.Plain, a.Mapped)},
			}
		}
	}
	if compared == 0 {
		return unknown(of(KindALGUnknown))
	}
	return Behavior{Value: None, Confidence: Likely, Evidence: []Evidence{counted(KindALGEqual, compared)}}
}

// judgeUDP reports whether UDP passes. Silence means a firewall only when something else shows that servers are
// there.
func (s *State) judgeUDP() Behavior {
	silent, refused := 0, ""
	for i, server := range s.Servers {
		switch {
		case s.Heard(i):
			return present(fact(KindAnswered, server.Address))
		case server.Failure != nil && server.Failure.Cause == diag.CauseRefused:
			refused = server.URL
		case server.Address.IsValid() && (server.Failure == nil || server.Failure.Cause == diag.CauseTimeout):
			silent++
		}
	}
	streams := map[string]bool{} // a TURN server answers as a STUN server too, and is one
	for i := range s.Asked {
		a := &s.Asked[i]
		switch overUDP := a.Transport == "udp" || a.Transport == "dtls"; {
		case a.OK() && overUDP:
			return present(Evidence{Kind: KindAnswered, Name: a.URL})
		case a.OK() || a.Code() != 0:
			streams[a.Address] = true
		}
	}
	evidence := counted(KindUDPSilent, silent, len(s.Servers), len(streams))
	switch {
	case len(s.Servers) == 0:
		return unknown(of(KindUDPNone))
	case silent+len(streams) == 0 && refused == "":
		return unknown(of(KindUDPUnasked))
	case refused != "":
		return unknown(Evidence{Kind: KindPortClosed, Name: refused})
	case silent > 0 && len(streams) > 0:
		return Behavior{Value: None, Confidence: Likely, Evidence: []Evidence{evidence}}
	}
	return unknown(evidence)
}

// present is a behavior that an observation proves.
func present(e ...Evidence) Behavior {
	return Behavior{Value: Present, Confidence: Proven, Evidence: e}
}

// judgeCGNAT looks for signs of a carrier-grade NAT. That there is none cannot be shown from here.
func (s *State) judgeCGNAT(m mapping) Behavior {
	for _, a := range []netip.Addr{s.Local.Address.Addr(), m.public.Addr()} {
		kind := KindCarrierNot
		switch {
		case diag.SharedSpace.Contains(a):
			kind = KindCarrierShared
		case diag.CLATSpace.Contains(a):
			kind = KindCarrierCLAT
		default:
			continue
		}
		return Behavior{Value: Present, Confidence: Likely, Evidence: []Evidence{fact(kind, a)}}
	}
	return unknown(of(KindCarrierNot))
}

// clatNames are what systems call the interface of IPv4 over IPv6.
var clatNames = []string{"clat", "v4-"}

// judgeCLAT reports whether IPv4 is translated to IPv6 within this machine.
func (s *State) judgeCLAT() Behavior {
	if a := s.Local.Address.Addr(); diag.CLATSpace.Contains(a) {
		return present(fact(KindCLATAddress, a))
	}
	if slices.ContainsFunc(clatNames, func(p string) bool { return strings.HasPrefix(s.Local.Interface, p) }) {
		return Behavior{
			Value: Present, Confidence: Likely,
			Evidence: []Evidence{{Kind: KindCLATInterface, Name: s.Local.Interface}},
		}
	}
	return unknown(of(KindCLATNot))
}

// judgeUplinks reports whether the traffic to different servers leaves by different interfaces.
func (s *State) judgeUplinks(m mapping) Behavior {
	var locals, asked []netip.Addr
	for i := range s.Requests {
		r := &s.Requests[i]
		if a := r.Local.Addr(); r.Test == diag.TestReach && success(r) && known(a) {
			if !slices.Contains(locals, a) {
				locals = append(locals, a)
			}
			if !slices.Contains(asked, r.To.Addr()) {
				asked = append(asked, r.To.Addr())
			}
		}
	}
	switch {
	case len(locals) > 1:
		return Behavior{Value: UplinksSeveral, Confidence: Proven, Evidence: []Evidence{fact(KindUplinks, locals...)}}
	case m.pooling.Value == PoolingArbitrary:
		return unknown(append([]Evidence{of(KindUplinksPool)}, m.pooling.Evidence...)...)
	case len(asked) < 2:
		return unknown(of(KindFewAddresses))
	}
	one := fact(KindUplinkOne, locals[0])
	one.Counts = []int{len(asked)}
	return Behavior{Value: UplinksOne, Confidence: Likely, Evidence: []Evidence{one}}
}

// judgeIPv6 reports whether a server answers over IPv6, and whether addresses are translated there too. What a NAT64
// makes of IPv6 says nothing about it.
func (s *State) judgeIPv6() Behavior {
	asked := 0
	var evidence []Evidence
	for i := range s.Requests {
		r := &s.Requests[i]
		if s.familyOf(r.To.Addr()) != FamilyIPv6 {
			continue
		}
		asked++
		if !success(r) {
			continue
		}
		if evidence == nil {
			evidence = []Evidence{fact(KindAnswered, r.To)}
		}
		if mapped := r.Answer.Mapped; r.Test == diag.TestReach && known(r.Local.Addr()) && mapped.IsValid() &&
			!s.otherFamily(r.To, mapped) {
			evidence = append(evidence, fact(KindIPv6Mapped, r.Local, mapped))
		}
	}
	switch {
	case evidence != nil:
		return present(evidence...)
	case asked == 0 || s.Pending():
		return unknown(of(KindIPv6Unasked))
	}
	return Behavior{Value: None, Confidence: Likely, Evidence: []Evidence{counted(KindIPv6Silent, asked)}}
}
