package diag

import (
	"fmt"
	"slices"
)

// JudgeNAT makes the report of what was seen: by STUN over UDP (o), by STUN over other transports, by TURN. peer is the
// other side's result, nil without one. It is pure.
func JudgeNAT(o *NATObservations, others []ServerResult, turn []NATRelay, peer *NATSide) NATReport {
	r := natCase{NATReport: &NATReport{Schema: NATSchema, Servers: []NATServer{}, TURN: append([]NATRelay{}, turn...),
		Findings: []Finding{}}, others: others}
	main := o.Family()
	m := main.judgeMapping()
	r.Behavior = NATBehaviors{
		NAT: main.judgeNAT(m), Mapping: m.Behavior, Filtering: main.judgeFiltering(), PortPreservation: main.judgePorts(m),
		Pooling: m.pooling, ALG: main.judgeALG(), CGNAT: main.judgeCGNAT(m), UDP: judgeUDP(o, others,
			turn), IPv6: o.judgeIPv6(),
		Uplinks: main.judgeUplinks(m), CLAT: o.judgeCLAT(), TCPMapping: o.judgeTCP(), Fragments: main.judgeFragments(),
	}
	r.Behavior.Lifetime, r.short = main.judgeLifetime(r.Behavior.PortPreservation)
	r.Behavior.Hairpin = main.judgeHairpin(r.Behavior.NAT, m)
	r.observed = o
	r.public, r.lan, r.ips, r.dependent = m.public.Addr(), o.LAN, m.ips, m.dependent
	_, outliers := main.liars()
	for i := range o.Servers {
		r.Servers = append(r.Servers, o.server(i, slices.Contains(outliers, i)))
	}
	r.Findings = append(r.Findings, natFindings(main, &r)...)
	r.conclude(peer)
	for _, s := range others {
		r.Servers = append(r.Servers, overOther(s))
	}
	return *r.NATReport
}

// overOther is the row of a server that was asked over another transport than UDP.
func overOther(s ServerResult) NATServer {
	out := NATServer{
		URL: s.URL, Address: s.Address, Transport: s.Transport, OK: s.OK, Cause: s.Cause, ErrorCode: s.ErrorCode, ErrorText: s.ErrorText, Advice: s.Advice,
		SRV: s.SRV, DNSMs: s.DNSMs, ConnectMs: s.ConnectMs, TLSMs: s.TLSMs, Mapped: s.MappedAddress, Software: s.Software,
	}
	out.TLSVersion, out.TLSName, out.TLSIssuer, out.TLSExpires, out.TLSDaysLeft = s.TLSVersion, s.TLSName, s.TLSIssuer, s.TLSExpires, s.TLSDaysLeft
	if out.RTT = s.Times; out.RTT == nil && s.RTTMs != nil {
		out.RTT = &NATTimes{MinMs: *s.RTTMs, MedianMs: *s.RTTMs, Sent: 1}
	}
	return out
}

// Family are the observations of one address family: IPv4 unless nothing but IPv6 answered.
func (o *NATObservations) Family() *NATObservations {
	four := slices.ContainsFunc(o.Requests, func(r NATRequest) bool { return r.success() && r.To.Addr().Is4() })
	six := !four && slices.ContainsFunc(o.Requests, func(r NATRequest) bool { return r.success() && r.To.Addr().Is6() })
	out := *o
	out.Requests = nil
	for _, r := range o.Requests {
		if r.To.Addr().Is6() == six {
			out.Requests = append(out.Requests, r)
		}
	}
	return &out
}

// server is the row of one server.
func (o *NATObservations) server(i int, outlier bool) NATServer {
	asked := &o.Servers[i]
	s := NATServer{URL: asked.URL, Transport: "udp", SRV: asked.SRV, DNSMs: asked.DNS, RTT: o.times(i), Outlier: outlier}
	if asked.Address.IsValid() {
		s.Address = asked.Address.String()
	}
	if a := o.first(i, asked.Address); a != nil {
		s.OK, s.Software, s.Grade = true, a.Software, GradeRFC5780
		if a.Mapped.IsValid() {
			s.Mapped = a.Mapped.String()
		}
		if _, s.WhyPlain = o.Admitted(i); s.WhyPlain != "" {
			s.Grade = GradePlain
		}
		return s
	}
	if s.Waiting = o.Pending && asked.Failure == nil; s.Waiting {
		return s
	}
	s.Cause, s.ErrorText = "timeout", "no answer over UDP"
	s.Advice = "check host and port; where a firewall blocks UDP, try ?transport=tcp or turns: on port 443"
	if f := asked.Failure; f != nil {
		s.Cause, s.ErrorCode, s.ErrorText, s.Advice = f.Cause, f.ErrorCode, f.ErrorText, f.Advice
	}
	return s
}

// judgeNAT compares the address of a socket with how it is seen.
func (o *NATObservations) judgeNAT(m mapping) Behavior {
	for i := range o.Requests {
		r := &o.Requests[i]
		if r.Test != TestReach || !r.success() || !r.Answer.Mapped.IsValid() || !r.Local.Addr().IsValid() ||
			r.Local.Addr().IsUnspecified() ||
			slices.Contains(m.distrusted, r.Server) {
			continue
		}
		evidence := []string{fmt.Sprintf("the socket %s is seen as %s", r.Local, r.Answer.Mapped)}
		if r.Local == r.Answer.Mapped {
			return Behavior{BehaviorNone, Proven, evidence}
		}
		return Behavior{BehaviorPresent, Proven, evidence}
	}
	if m.public.IsValid() {
		return unknown("the local address of the sockets is not known")
	}
	return unknown("no server told how it sees this machine")
}

// judgeALG compares MAPPED-ADDRESS, which a gateway may rewrite, with XOR-MAPPED-ADDRESS, which it cannot recognise
// (RFC 5780 §3.6).
func (o *NATObservations) judgeALG() Behavior {
	compared := 0
	for i := range o.Requests {
		a := o.Requests[i].Answer
		if a == nil || !a.Mapped.IsValid() || !a.Plain.IsValid() {
			continue
		}
		compared++
		if a.Plain != a.Mapped {
			return Behavior{BehaviorPresent, Likely, []string{fmt.Sprintf("%s says MAPPED-ADDRESS %s and XOR-MAPPED-ADDRESS %s",
				a.From, a.Plain, a.Mapped)}}
		}
	}
	if compared == 0 {
		return unknown("no answer had both forms of the address")
	}
	return Behavior{BehaviorNone, Likely, []string{fmt.Sprintf("both forms of the address were equal in %d answers",
		compared)}}
}

// results are those of the allocations.
func results(turn []NATRelay) []ServerResult {
	var out []ServerResult
	for _, t := range turn {
		out = append(out, t.ServerResult)
	}
	return out
}

// speaking says how many servers answer: "1 answers", "none answers".
func speaking(n int) string {
	if n == 0 {
		return "none answers"
	}
	return Plural(n, "answers", "answer")
}

// judgeUDP tells whether UDP passes. Silence means a firewall only where something else shows that servers are there.
func judgeUDP(o *NATObservations, others []ServerResult, turn []NATRelay) Behavior {
	var silent, refused []string
	for i, s := range o.Servers {
		switch {
		case o.Heard(i):
			return Behavior{BehaviorPresent, Proven, []string{fmt.Sprintf("%s answered", s.Address)}}
		case s.Failure != nil && s.Failure.Cause == "refused":
			refused = append(refused, s.URL)
		case s.Address.IsValid() && (s.Failure == nil || s.Failure.Cause == "timeout"):
			silent = append(silent, s.URL)
		}
	}
	streams := map[string]bool{} // a TURN server answers as a STUN server too, and is one
	for _, s := range slices.Concat(others, results(turn)) {
		switch {
		case s.OK && (s.Transport == "udp" || s.Transport == "dtls"):
			return Behavior{BehaviorPresent, Proven, []string{s.URL + " answered"}}
		case s.OK || s.ErrorCode != 0:
			streams[s.Address] = true
		}
	}
	evidence := []string{fmt.Sprintf("%d of %s silent over UDP, over TCP or TLS %s", len(silent),
		Plural(len(o.Servers), "server is", "servers are"), speaking(len(streams)))}
	switch {
	case len(silent)+len(refused)+len(streams) == 0:
		evidence = []string{"no server could be asked over UDP"}
	case len(refused) > 0:
		return Behavior{BehaviorUnknown, NotKnown,
			[]string{"nothing listens at " + refused[0] + ", which only UDP can have told"}}
	case len(silent) > 0 && len(streams) > 0:
		return Behavior{BehaviorNone, Likely, evidence}
	}
	return Behavior{BehaviorUnknown, NotKnown, evidence}
}
