package diag

import (
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// NATTest says what a request was sent for.
type NATTest string

// Tests. Those of filtering follow RFC 5780 §4.4; the proofs are the control arm, without which silence means nothing.
const (
	TestReach      NATTest = "reach"       // from a connected socket, which hears of a refusal (ICMP)
	TestMapping    NATTest = "mapping"     // from one socket to every address of every server (§4.3)
	TestRepeat     NATTest = "repeat"      // the first address of the mapping test once more, at its end
	TestControl    NATTest = "control"     // a plain request from the socket of a filtering test
	TestChangeBoth NATTest = "change-both" // to be answered from the alternate address and port
	TestChangePort NATTest = "change-port" // to be answered from the alternate port
	// to the address that a proof is to be answered from, so that the NAT lets it in
	TestOpen      NATTest = "open"
	TestProveBoth NATTest = "prove-both" // as TestChangeBoth, answered to where TestOpen has opened the way
	TestProvePort NATTest = "prove-port" // as TestChangePort, in the same way

	TestHold      NATTest = "hold"       // makes a mapping that is left alone then (§4.6), or that a hairpin goes to
	TestWake      NATTest = "wake"       // to be answered to the held port (RESPONSE-PORT), after a pause
	TestProveWake NATTest = "prove-wake" // as TestWake, without a pause
	TestAgain     NATTest = "again"      // from the held socket itself, after a pause: has its port changed?
	TestPadded    NATTest = "padded"     // with PADDING beyond the MTU, which asks for an answer as long (§3.5)
	TestLong      NATTest = "long"       // as long, with an answer of the usual length
	TestHairpin   NATTest = "hairpin"    // from one socket to the public address of another one (§3.4)
)

// direct reports whether the answer comes from where the request went, so that nothing but loss can prevent it.
func (t NATTest) direct() bool {
	switch t {
	case TestReach, TestMapping, TestRepeat, TestControl, TestOpen, TestHold, TestAgain:
		return true
	case TestChangeBoth, TestChangePort, TestProveBoth, TestProvePort, TestWake, TestProveWake, TestPadded, TestLong, TestHairpin:
	}
	return false
}

// filtering reports whether the request is to be answered from elsewhere.
func (t NATTest) filtering() bool {
	return t == TestChangeBoth || t == TestChangePort || t == TestProveBoth || t == TestProvePort
}

// NATRequest is one transaction, and what came of it.
type NATRequest struct {
	Server int            // index into NATObservations.Servers
	Socket string         // requests of one name left one local port
	Local  netip.AddrPort // of the socket; the address is the zero one where it is not known
	Test   NATTest
	To     netip.AddrPort
	Held   string        // the socket that the answer is to come to, where that is another one
	SentAt time.Duration // since the start
	Answer *NATAnswer    // nil: silence
}

// NATAnswer is a STUN response.
type NATAnswer struct {
	From     netip.AddrPort // where it really came from
	RTT      time.Duration
	Code     int            // of an error response; 0 for a success
	Mapped   netip.AddrPort // XOR-MAPPED-ADDRESS, or else MAPPED-ADDRESS
	Plain    netip.AddrPort // MAPPED-ADDRESS (RFC 5780 §3.6 compares them)
	Other    netip.AddrPort // OTHER-ADDRESS
	Origin   netip.AddrPort // RESPONSE-ORIGIN
	Software string
	Size     int // of the datagram, in bytes
}

// NATAsked is a STUN server as it was asked over UDP.
type NATAsked struct {
	URL     string
	Address netip.AddrPort // the zero value where the name did not resolve
	SRV     string         // host:port that DNS SRV named, where the URL has no port
	DNS     *Millis
	Failure *ServerResult // why nothing could be asked or heard: the name, a refusal

	Elsewhere netip.AddrPort // from where a plain request was answered, other than from where it went
	Repeated  int            // answers to requests that had been answered
}

// NATObservations are all that was seen; [JudgeNAT] reads nothing else.
type NATObservations struct {
	Servers  []NATAsked
	Requests []NATRequest
	Local    netip.AddrPort // of a connected socket, with its port
	LAN      netip.Prefix   // of that address's interface, where it is known
	Strays   int            // datagrams that answered nothing that was asked, or came from elsewhere

	Pending       bool        // more is coming: silence means nothing yet
	Further       bool        // the tests that are asked for apart are under way
	Deep, Hairpin bool        // the tests that are asked for apart
	MTU           int         // of that interface, in bytes; 0 where it is not known
	Interface     string      // its name
	TCP           []NATStream // the mapping test over TCP
}

// NATStream is a TCP connection of the mapping test: all of them leave one local port.
type NATStream struct {
	To     netip.AddrPort
	Mapped netip.AddrPort // as the server saw it; the zero value where it did not tell
	Why    string         // why it did not
}

// Mapping judges the mapping tests so far.
func (o *NATObservations) Mapping() Behavior { return o.judgeMapping().Behavior }

// NAT judges whether addresses are translated.
func (o *NATObservations) NAT() Behavior { return o.Family().judgeNAT(mapping{}) }

// Heard reports whether any request to the server was answered.
func (o *NATObservations) Heard(server int) bool {
	return slices.ContainsFunc(o.Requests, func(r NATRequest) bool { return r.Server == server && r.Answer != nil })
}

// Admitted returns the alternate address of an RFC 5780 server (the one with another IP and another port), or why the
// server counts as a plain one. Nothing of an answer is believed before.
func (o *NATObservations) Admitted(server int) (netip.AddrPort, string) {
	asked := o.Servers[server].Address
	a := o.first(server, asked)
	if a == nil {
		return netip.AddrPort{}, "it does not answer"
	}
	other := a.Other
	switch {
	case !other.IsValid():
		return netip.AddrPort{}, "it has no OTHER-ADDRESS"
	case other.Addr().Is4() != asked.Addr().Is4():
		return netip.AddrPort{}, fmt.Sprintf("its OTHER-ADDRESS %s is of another family", other)
	case other.Addr() == asked.Addr():
		return netip.AddrPort{}, fmt.Sprintf("its OTHER-ADDRESS %s has the IP that was asked (RFC 5780 §7.4)", other)
	case other.Port() == asked.Port():
		return netip.AddrPort{}, fmt.Sprintf("its OTHER-ADDRESS %s has the port that was asked", other)
	case !sendable(other) || Private(other.Addr()) && !Private(asked.Addr()):
		return netip.AddrPort{}, fmt.Sprintf("its OTHER-ADDRESS %s is not public", other)
	case !a.Origin.IsValid():
		return netip.AddrPort{}, "it has no RESPONSE-ORIGIN"
	case a.Origin != a.From:
		return netip.AddrPort{}, fmt.Sprintf("its RESPONSE-ORIGIN %s is not where it answers from, %s", a.Origin, a.From)
	}
	return other, ""
}

// first is the first success that an address of a server gave to a direct request, or nil.
func (o *NATObservations) first(server int, to netip.AddrPort) *NATAnswer {
	for i := range o.Requests {
		r := &o.Requests[i]
		if r.Server == server && r.To == to && r.Test.direct() && r.success() {
			return r.Answer
		}
	}
	return nil
}

// success reports whether the request has an answer that is one.
func (r *NATRequest) success() bool { return r.Answer != nil && r.Answer.Code == 0 }

// sendable reports whether a request may be sent to an address that a server named.
func sendable(a netip.AddrPort) bool {
	ip := a.Addr()
	return a.Port() != 0 && !ip.IsUnspecified() && !ip.IsMulticast() && ip != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// shared is the address space between a carrier's NAT and its customers (RFC 6598).
var shared = netip.MustParsePrefix("100.64.0.0/10")

// clat is the address space of IPv4 over IPv6 within a host (RFC 7335).
var clat = netip.MustParsePrefix("192.0.0.0/29")

// private reports whether an address means nothing on the public Internet.
func Private(a netip.Addr) bool {
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || shared.Contains(a) || clat.Contains(a)
}

// Tally is what the filtering tests with one server have given.
type Tally struct {
	Both, Port           bool // an answer came from the right alternate
	ProvedBoth, ProvedPt bool // the control arm was answered: the server does send from there
	Ignored              int  // answers from the address that was asked: CHANGE-REQUEST was not obeyed
	Refused              int  // the error code of a refusal, such as 420; 0 for none
	AskedBoth, AskedPort int  // requests
	Proofs               int  // requests that the alternate address had to answer
	Sent, Lost           int  // direct requests to addresses that answer at all, and those without an answer

	// BothByChance and PortByChance are how probable it is that all of AskedBoth, or AskedPort, were lost on the way.
	BothByChance, PortByChance float64
}

// usable reports whether the silence of the server can mean anything.
func (t *Tally) usable() bool { return t.Ignored == 0 && t.Refused == 0 }

// Tally counts what is known of one server's filtering tests. other is its alternate address.
func (o *NATObservations) Tally(server int, other netip.AddrPort) Tally {
	var t Tally
	asked := o.Servers[server].Address
	samePort := netip.AddrPortFrom(asked.Addr(), other.Port()) // A1:P2
	for i := range o.Requests {
		r := &o.Requests[i]
		if r.Server != server {
			continue
		}
		if r.Test == TestProveBoth || r.Test.direct() && r.To == other {
			t.Proofs++
		}
		if r.Test.filtering() {
			t.count(r, other, samePort)
		}
	}
	t.Sent, t.Lost = o.Loss(server)
	t.BothByChance = allLost(t.AskedBoth, t.Sent, t.Lost)
	t.PortByChance = allLost(t.AskedPort, t.Sent, t.Lost)
	return t
}

// Loss counts the direct requests to the addresses of a server that answer at all, and those without an answer.
func (o *NATObservations) Loss(server int) (sent, lost int) {
	for i := range o.Requests {
		r := &o.Requests[i]
		if r.Server != server || !r.Test.direct() || o.first(server, r.To) == nil {
			continue
		}
		sent++
		if r.Answer == nil {
			lost++
		}
	}
	return sent, lost
}

// count notes a request that was to be answered from elsewhere.
func (t *Tally) count(r *NATRequest, other, samePort netip.AddrPort) {
	want := other
	switch r.Test {
	case TestChangeBoth:
		t.AskedBoth++
	case TestChangePort:
		t.AskedPort++
		want = samePort
	case TestProvePort:
		want = samePort
	default: // from the other address and port
	}
	a := r.Answer
	switch {
	case a == nil:
	case a.Code != 0 && (r.Test == TestProveBoth || r.Test == TestProvePort):
		// It may be RESPONSE-PORT alone that the server does not know.
	case a.Code != 0:
		t.Refused = a.Code
	case a.From == want && r.Test == TestChangeBoth:
		t.Both = true
	case a.From == want && r.Test == TestChangePort:
		t.Port = true
	case a.From == want && r.Test == TestProveBoth:
		t.ProvedBoth = true
	case a.From == want && r.Test == TestProvePort:
		t.ProvedPt = true
	default:
		t.Ignored++
	}
}

// Silence is how many requests must stay unanswered until that is loss in fewer than one of 10,000 runs, when lost of
// sent others were; most where that would take more.
func Silence(sent, lost, most int) int {
	for k := range most {
		if allLost(k, sent, lost) < Chance {
			return k
		}
	}
	return most
}

// allLost is how probable it is that k requests are all lost, when lost of sent others were. Nothing is assumed of the
// loss beforehand: every rate is as probable as any other (the beta-binomial distribution with a uniform prior), so a
// few requests that all came through are no proof that nothing is ever lost.
func allLost(k, sent, lost int) float64 {
	p := 1.0
	for j := range k {
		p *= float64(lost+1+j) / float64(sent+2+j)
	}
	return p
}

// Times are the round trips of the direct requests to a server's first address, nil where there is none.
func (o *NATObservations) times(server int) *NATTimes {
	sent := 0
	var all []time.Duration
	for i := range o.Requests {
		r := &o.Requests[i]
		if r.Server != server || !r.Test.direct() || r.To != o.Servers[server].Address {
			continue
		}
		sent++
		if r.Answer != nil {
			all = append(all, r.Answer.RTT)
		}
	}
	return NewNATTimes(all, sent)
}
