package diag

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// judgeCGNAT looks for signs of a carrier's NAT. That there is none cannot be shown from here.
func (o *NATObservations) judgeCGNAT(m mapping) Behavior {
	for _, a := range []netip.Addr{o.Local.Addr(), m.public.Addr()} {
		switch {
		case shared.Contains(a):
			return Behavior{BehaviorPresent, Likely,
				[]string{fmt.Sprintf("%s belongs to 100.64.0.0/10, which carriers use behind their NAT (RFC 6598)", a)}}
		case clat.Contains(a):
			return Behavior{BehaviorPresent, Likely,
				[]string{fmt.Sprintf("%s belongs to 192.0.0.0/29: the carrier translates IPv6 to IPv4 (464XLAT, RFC 6877)", a)}}
		}
	}
	return unknown("nothing hints at a carrier's NAT, which proves nothing")
}

// clatNames are what systems call the interface of IPv4 over IPv6.
var clatNames = []string{"clat", "v4-"}

// judgeCLAT tells whether IPv4 is translated to IPv6 within this machine.
func (o *NATObservations) judgeCLAT() Behavior {
	if a := o.Local.Addr(); clat.Contains(a) {
		return Behavior{BehaviorPresent, Proven,
			[]string{fmt.Sprintf("this machine's address %s belongs to 192.0.0.0/29 (RFC 7335)", a)}}
	}
	for _, prefix := range clatNames {
		if strings.HasPrefix(o.Interface, prefix) {
			return Behavior{BehaviorPresent, Likely, []string{"the interface is called " + Clean(o.Interface, 40)}}
		}
	}
	return unknown("neither the address nor the interface of this machine hints at it; a router may do it")
}

// judgeUplinks tells whether the traffic to different servers leaves by different ways.
func (o *NATObservations) judgeUplinks(m mapping) Behavior {
	var locals, asked []netip.Addr
	for i := range o.Requests {
		r := &o.Requests[i]
		if a := r.Local.Addr(); r.Test == TestReach && r.success() && a.IsValid() && !a.IsUnspecified() {
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
		return Behavior{UplinksSeveral, Proven,
			[]string{"towards different servers this machine sends from different addresses: " + joined(locals)}}
	case m.pooling.Value == PoolingArbitrary:
		return unknown(append([]string{"a router with several uplinks looks like a NAT with a pool of addresses"},
			m.pooling.Evidence...)...)
	case len(asked) < 2:
		return unknown("fewer than two server addresses were compared")
	}
	return Behavior{UplinksOne, Likely, []string{fmt.Sprintf("%d server addresses are reached from %s and see one address",
		len(asked), locals[0])}}
}

// judgeIPv6 tells whether a server answers over IPv6, and whether addresses are translated there too.
func (o *NATObservations) judgeIPv6() Behavior {
	asked := 0
	var evidence []string
	for i := range o.Requests {
		r := &o.Requests[i]
		if !r.To.Addr().Is6() {
			continue
		}
		asked++
		if !r.success() {
			continue
		}
		if evidence == nil {
			evidence = []string{fmt.Sprintf("%s answered", r.To)}
		}
		if a := r.Local.Addr(); r.Test == TestReach && a.IsValid() && !a.IsUnspecified() && r.Answer.Mapped.IsValid() {
			word := "the address is translated (NAT66)"
			if a == r.Answer.Mapped.Addr() {
				word = "no NAT"
			}
			evidence = append(evidence, fmt.Sprintf("the socket %s is seen as %s: %s", r.Local, r.Answer.Mapped, word))
		}
	}
	switch {
	case evidence != nil:
		return Behavior{BehaviorPresent, Proven, evidence}
	case asked == 0 || o.Pending:
		return unknown("no server was asked over IPv6")
	}
	return Behavior{BehaviorNone, Likely, []string{fmt.Sprintf("none of %d requests over IPv6 was answered", asked)}}
}
