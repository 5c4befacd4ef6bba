package nat

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"dialtone/diag"
)

// What a diagnosis consists of, as its events have it.
type (
	// Server is a STUN server that is asked over UDP.
	Server = diag.NATServer
	// Request is a transaction, and what came of it.
	Request = diag.NATRequest
	// Answer is a STUN response.
	Answer = diag.NATAnswer
	// Stream is a TCP connection of the mapping test.
	Stream = diag.NATStream
)

// Bounds of what a fold keeps; no honest diagnosis has as many.
const (
	maxServers  = 256
	maxRequests = 1 << 14
)

// State is a diagnosis as its events have it so far.
type State struct {
	Start    diag.DiagnosisStart
	Local    diag.NATLocal
	Machine  *diag.NATFamilies // nil when not reported
	Prefixes []netip.Prefix    // of NAT64, as DNS and answers have shown them
	Servers  []Server
	Requests []Request
	Streams  []Stream
	Relays   []diag.NATRelay
	Asked    []diag.Server // over other transports than UDP, and for relays
	Further  bool          // only the tests that take long are still in progress
	Ended    *diag.DiagnosisEnd
}

// Apply takes the next event; what does not belong to a diagnosis changes nothing.
func (s *State) Apply(d diag.Data) {
	switch d := d.(type) {
	case diag.DiagnosisStart:
		*s = State{Start: d}
	case diag.NATLocal:
		s.Local = d
	case diag.NATFamilies:
		s.Machine = &d
		s.addPrefixes(d.NAT64...)
	case diag.NATServer:
		s.Servers = put(s.Servers, d.Server, d, maxServers)
	case diag.NATRequest:
		if d.Server >= 0 && d.Server < len(s.Servers) {
			s.Requests = put(s.Requests, d.Request, d, maxRequests)
			s.addPrefixes(shownPrefix(&d)...)
		}
	case diag.NATStream:
		s.Streams = put(s.Streams, len(s.Streams), d, maxServers)
	case diag.NATRelay:
		s.Relays = put(s.Relays, len(s.Relays), d, maxServers)
	case diag.ServerStage:
		if d.Diagnosis {
			s.Asked = diag.PutServer(s.Asked, d, maxServers)
		}
	case diag.DiagnosisFurther:
		s.Further = true
	case diag.DiagnosisEnd:
		s.Ended = &d
	}
}

// put sets an element of a list, or appends the next one.
func put[T any](list []T, at int, x T, most int) []T {
	switch {
	case at >= 0 && at < len(list):
		list[at] = x
	case at == len(list) && at < most:
		list = append(list, x)
	}
	return list
}

// Copy returns a State that goes its own way.
func (s *State) Copy() *State {
	c := *s
	c.Servers, c.Requests = slices.Clone(s.Servers), slices.Clone(s.Requests)
	c.Streams, c.Asked = slices.Clone(s.Streams), slices.Clone(s.Asked)
	c.Prefixes, c.Relays = slices.Clone(s.Prefixes), slices.Clone(s.Relays)
	return &c
}

// Pending reports whether silence means nothing yet: the usual tests are still in progress.
func (s *State) Pending() bool { return s.Ended == nil && !s.Further }

// Running reports whether the diagnosis has not ended.
func (s *State) Running() bool { return s.Ended == nil }

// Complete reports whether the diagnosis came to an end that can be judged.
func (s *State) Complete() bool {
	return s.Ended != nil && (s.Ended.Stopped == diag.StoppedNot || s.Ended.Stopped == diag.StoppedTimeout)
}

// Count counts the requests over UDP, and those that were answered.
func (s *State) Count() (sent, answered int) {
	for i := range s.Requests {
		if s.Requests[i].Answer != nil {
			answered++
		}
	}
	return len(s.Requests), answered
}

// sorted has the requests in the order in which they were sent.
func (s *State) sorted() *State {
	c := *s
	c.Requests = slices.Clone(s.Requests)
	slices.SortStableFunc(c.Requests, func(a, b Request) int { return cmp.Compare(a.SentMs, b.SentMs) })
	return &c
}

// Heard reports whether any request to the server was answered.
func (s *State) Heard(server int) bool {
	return slices.ContainsFunc(s.Requests, func(r Request) bool { return r.Server == server && r.Answer != nil })
}

// HeardFrom reports whether a request to that address was answered.
func (s *State) HeardFrom(to netip.AddrPort) bool {
	return slices.ContainsFunc(s.Requests, func(r Request) bool { return r.To == to && success(&r) })
}

// Admitted returns the alternate address of an RFC 5780 server (the one with another IP and another port), or why the
// server counts as one of basic STUN. Nothing of an answer is believed before. A server behind a NAT64 names its IPv4
// addresses, which are reached through the same prefix.
func (s *State) Admitted(server int) (netip.AddrPort, Basic) {
	to := s.Servers[server].Address
	a := s.first(server, to)
	if a == nil {
		return netip.AddrPort{}, Basic{Why: BasicSilent}
	}
	asked, from, other := s.native(to), s.native(a.From), a.Other
	why := Basic{Other: text(other), Origin: text(a.Origin), From: text(a.From)}
	switch {
	case !other.IsValid():
		why.Why = BasicNoOther
	case other.Addr().Is4() != asked.Addr().Is4():
		why.Why = BasicOtherFamily
	case other.Addr() == asked.Addr():
		why.Why = BasicSameIP
	case other.Port() == asked.Port():
		why.Why = BasicSamePort
	case !diag.Sendable(other) || diag.PrivateAddress(other.Addr()) && !diag.PrivateAddress(asked.Addr()):
		why.Why = BasicNotPublic
	case !a.Origin.IsValid():
		why.Why = BasicNoOrigin
	case a.Origin != from:
		why.Why = BasicWrongOrigin
	default:
		return s.beside(to, other), Basic{}
	}
	return netip.AddrPort{}, why
}

// Basic says why a server counts as one of basic STUN (RFC 8489), without the behavior discovery of RFC 5780.
type Basic struct {
	Why    BasicWhy `json:"why"`
	Other  string   `json:"other,omitempty"`  // its OTHER-ADDRESS
	Origin string   `json:"origin,omitempty"` // its RESPONSE-ORIGIN
	From   string   `json:"from,omitempty"`   // where it answered from
}

// BasicWhy is the reason of a [Basic].
type BasicWhy string

// Reasons; empty: it supports RFC 5780.
const (
	BasicSilent      BasicWhy = "silent"       // it does not answer
	BasicNoOther     BasicWhy = "no-other"     // no OTHER-ADDRESS
	BasicOtherFamily BasicWhy = "other-family" // OTHER-ADDRESS of another family
	BasicSameIP      BasicWhy = "same-ip"      // OTHER-ADDRESS with the IP that was asked (RFC 5780 §7.4)
	BasicSamePort    BasicWhy = "same-port"    // OTHER-ADDRESS with the port that was asked
	BasicNotPublic   BasicWhy = "not-public"   // OTHER-ADDRESS of a public server is not public
	BasicNoOrigin    BasicWhy = "no-origin"    // no RESPONSE-ORIGIN
	BasicWrongOrigin BasicWhy = "wrong-origin" // RESPONSE-ORIGIN is not where it answers from
)

// first is the first success that an address of a server gave to a direct request, or nil.
func (s *State) first(server int, to netip.AddrPort) *Answer {
	for i := range s.Requests {
		r := &s.Requests[i]
		if r.Server == server && r.To == to && direct(r.Test) && success(r) {
			return r.Answer
		}
	}
	return nil
}

// success reports whether the request has an answer that is one.
func success(r *Request) bool { return r.Answer != nil && r.Answer.Code == 0 }

// direct reports whether the answer comes from where the request went, so that nothing but loss can prevent it.
func direct(t diag.NATTest) bool {
	switch t {
	case diag.TestReach, diag.TestMapping, diag.TestRepeat, diag.TestControl, diag.TestOpen, diag.TestHold,
		diag.TestAgain, diag.TestOtherPort:
		return true
	case diag.TestChangeBoth, diag.TestChangePort, diag.TestProveBoth, diag.TestProvePort, diag.TestWake,
		diag.TestProveWake, diag.TestPadded, diag.TestLong, diag.TestSize, diag.TestSizeBack, diag.TestSizeAny,
		diag.TestHairpin:
	}
	return false
}

// Loss counts the direct requests to the addresses of a server that answer at all, and those without an answer.
func (s *State) Loss(server int) (sent, lost int) {
	open := map[netip.AddrPort][2]int{} // by address: sent, lost
	answers := map[netip.AddrPort]bool{}
	for i := range s.Requests {
		r := &s.Requests[i]
		if r.Server != server || !direct(r.Test) {
			continue
		}
		n := open[r.To]
		n[0]++
		if r.Answer == nil {
			n[1]++
		}
		open[r.To] = n
		answers[r.To] = answers[r.To] || success(r)
	}
	for to, n := range open {
		if answers[to] {
			sent, lost = sent+n[0], lost+n[1]
		}
	}
	return sent, lost
}

// times are the round trips of the direct requests to a server's first address, nil when there is none.
func (s *State) times(server int) *diag.Times {
	sent := 0
	var all []time.Duration
	for i := range s.Requests {
		r := &s.Requests[i]
		if r.Server != server || !direct(r.Test) || r.To != s.Servers[server].Address {
			continue
		}
		sent++
		if r.Answer != nil {
			all = append(all, r.Answer.RTTMs.Duration())
		}
	}
	return diag.NewTimes(all, sent)
}

// text is an address as evidence has it; empty for the zero value.
func text(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
