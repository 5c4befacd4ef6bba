package probe

import (
	"fmt"
	"net/netip"
	"time"

	"dialtone/diag"
)

// natAsk is a question to a server: one request, sent up to three times until an answer comes.
type natAsk struct {
	server int
	socket string // requests of one name leave one local port
	test   diag.NATTest
	to     netip.AddrPort
	tries  int           // sends, at 0, 100 and 200 ms, each a transaction of its own
	after  time.Duration // since the plan was made

	answerAt     string // the socket that the answer comes to, where it is another one
	responsePort uint16 // its public port, for RESPONSE-PORT

	topic string        // of the further tests; questions of one topic are planned together
	at    time.Duration // since the start, where after does not do
	size  int           // bytes that the message has at least, of a test of fragments
}

// behavior is what the test asks of the server.
func (a *natAsk) behavior() behavior {
	both := a.test == diag.TestChangeBoth || a.test == diag.TestProveBoth
	return behavior{
		size: a.size, padding: a.test == diag.TestPadded,
		changeIP: both, changePort: both || a.test == diag.TestChangePort ||
			a.test == diag.TestProvePort, responsePort: a.responsePort,
	}
}

const (
	natTries    = 3  // sends of one question
	maxContact  = 6  // sends until a server counts as silent
	maxMapping  = 9  // sends to one address in the mapping test
	maxProof    = 10 // sends for the control arm until the server counts as unproven
	maxSilence  = 60 // sends of one filtering test
	maxServers  = 4  // servers that filtering is asked of
	natOpenLead = 30 * time.Millisecond
)

// planNAT says what to ask a server next, given what is known. It is pure: the same observations give the same plan,
// and no plan means that nothing more can be learned from this server now.
func planNAT(o *diag.NATObservations, server int) []natAsk {
	p := natPlan{all: o, o: o.Family(), server: server, asked: o.Servers[server].Address}
	if !p.asked.IsValid() || o.Servers[server].Failure != nil {
		return nil
	}
	if contact := p.contact(); contact != nil || !p.o.Heard(server) {
		return contact // that a server of the other family answers is all that is asked of it
	}
	other, why := p.o.Admitted(server)
	if why == "" {
		p.other = other
	}
	asks := p.mapping()
	if why == "" {
		asks = append(asks, p.filtering()...)
	}
	return asks
}

// natPlan is the plan for one server while it is made.
type natPlan struct {
	all    *diag.NATObservations
	o      *diag.NATObservations // of the family that is judged
	server int
	asked  netip.AddrPort // A1:P1
	other  netip.AddrPort // A2:P2, the zero value for a plain server
}

// sends counts the requests of a test to an address, and whether one was answered.
func (p *natPlan) sends(o *diag.NATObservations, test diag.NATTest, to netip.AddrPort) (n int, answered bool) {
	for i := range o.Requests {
		r := &o.Requests[i]
		if r.Server == p.server && r.Test == test && r.To == to {
			n++
			answered = answered || r.Answer != nil
		}
	}
	return n, answered
}

// contact is the first question, from a connected socket and from the socket of the mapping test.
func (p *natPlan) contact() []natAsk {
	n, _ := p.sends(p.all, diag.TestReach, p.asked)
	if p.all.Heard(p.server) || n >= maxContact {
		return nil
	}
	return []natAsk{
		{server: p.server, socket: fmt.Sprintf("reach %d", p.server), test: diag.TestReach, to: p.asked, tries: natTries},
		p.askMapped(p.asked),
	}
}

// askMapped asks an address in the mapping test: all servers of a family from one socket.
func (p *natPlan) askMapped(to netip.AddrPort) natAsk {
	return natAsk{server: p.server, socket: mappingSocket(to), test: diag.TestMapping, to: to, tries: natTries}
}

// mappingSocket is the one socket of the mapping test, by family.
func mappingSocket(to netip.AddrPort) string {
	if to.Addr().Is4() {
		return "mapping IPv4"
	}
	return "mapping IPv6"
}

// addresses are those of the mapping test (RFC 5780 §4.3).
func (p *natPlan) addresses() []netip.AddrPort {
	if !p.other.IsValid() {
		return []netip.AddrPort{p.asked}
	}
	return []netip.AddrPort{
		p.asked,
		netip.AddrPortFrom(p.other.Addr(), p.asked.Port()),
		p.other,
		netip.AddrPortFrom(p.asked.Addr(), p.other.Port()),
	}
}

// mapping asks for the views that are missing, and at last for the first one again.
func (p *natPlan) mapping() []natAsk {
	var asks []natAsk
	for _, to := range p.addresses() {
		if n, answered := p.sends(p.o, diag.TestMapping, to); !answered && n < maxMapping {
			asks = append(asks, p.askMapped(to))
		}
	}
	if len(asks) > 0 || !p.isFirst() || !p.othersMapped() {
		return asks
	}
	if n, answered := p.sends(p.o, diag.TestRepeat, p.asked); !answered && n < maxMapping {
		again := p.askMapped(p.asked)
		again.test = diag.TestRepeat
		return []natAsk{again}
	}
	return nil
}

// isFirst reports whether no server before this one can be asked again.
func (p *natPlan) isFirst() bool {
	for i := range p.server {
		if p.o.Heard(i) {
			return false
		}
	}
	return p.o.Heard(p.server)
}

// othersMapped reports whether the mapping test is over at all other servers that answer.
func (p *natPlan) othersMapped() bool {
	for i := range p.o.Servers {
		if i == p.server || !p.o.Heard(i) || p.o.Servers[i].Failure != nil {
			continue
		}
		q := natPlan{all: p.all, o: p.o, server: i, asked: p.o.Servers[i].Address}
		if other, why := p.o.Admitted(i); why == "" {
			q.other = other
		}
		for _, to := range q.addresses() {
			if n, answered := q.sends(p.o, diag.TestMapping, to); !answered && n < maxMapping {
				return false
			}
		}
	}
	return true
}

// filtering asks until an answer tells, or silence does. First once each; where that is silent, the control arm and
// more of the same, with plain requests in between that measure the loss.
func (p *natPlan) filtering() []natAsk {
	f := p.o.Filtering()
	at := -1
	for i, s := range f.Usable {
		if s == p.server {
			at = i
		}
	}
	if f.Known() || at < 0 || at >= maxServers {
		return nil
	}
	t := f.Tallies[p.server]
	if t.AskedBoth == 0 {
		return []natAsk{p.test("both", diag.TestChangeBoth), p.test("both", diag.TestControl),
			p.test("port", diag.TestChangePort), p.test("port", diag.TestControl)}
	}
	samePort := netip.AddrPortFrom(p.asked.Addr(), p.other.Port())
	if !t.ProvedBoth && p.unproven(diag.TestProveBoth, p.other) || t.AskedBoth >= maxSilence {
		return nil // whatever the port does, the verdict would stay open
	}
	wantBoth := !f.SilentBoth()
	wantPort := !f.Port && !f.SilentPort() && (t.ProvedPt || !p.unproven(diag.TestProvePort, samePort)) &&
		t.AskedPort < maxSilence
	var asks []natAsk
	if wantBoth && !t.ProvedBoth {
		asks = append(asks, p.proof("prove both", diag.TestProveBoth, p.other)...)
	}
	if wantPort && !t.ProvedPt {
		asks = append(asks, p.proof("prove port", diag.TestProvePort, samePort)...)
	}
	if wantBoth {
		asks = append(asks, p.test("both", diag.TestChangeBoth), p.test("both", diag.TestControl),
			p.test("both", diag.TestChangeBoth))
	}
	if wantPort {
		asks = append(asks, p.test("port", diag.TestChangePort), p.test("port", diag.TestControl),
			p.test("port", diag.TestChangePort))
	}
	return asks
}

// unproven reports whether the control arm was tried often enough to give it up: the address that it opens the way for
// never answers, or never sends.
func (p *natPlan) unproven(test diag.NATTest, from netip.AddrPort) bool {
	proofs, _ := p.sends(p.o, test, p.asked)
	opens, answered := p.sends(p.o, diag.TestOpen, from)
	return proofs >= maxProof || !answered && opens >= maxMapping
}

// test is one request of a filtering test, from a socket that never sends to any other address.
func (p *natPlan) test(socket string, test diag.NATTest) natAsk {
	return natAsk{server: p.server, socket: fmt.Sprintf("%s %d", socket, p.server), test: test, to: p.asked, tries: 1}
}

// proof is the control arm: a socket sends to the address from which the answer shall come, so that the NAT must let
// that in. Where the mapping does not depend on the endpoint, the same socket then asks. Otherwise another socket asks
// for an answer to the first one's public port (RESPONSE-PORT, RFC 5780 §7.5), which proves the same for every NAT.
func (p *natPlan) proof(socket string, test diag.NATTest, from netip.AddrPort) []natAsk {
	opened := fmt.Sprintf("%s %d", socket, p.server)
	open := natAsk{server: p.server, socket: opened, test: diag.TestOpen, to: from, tries: natTries}
	ask := natAsk{server: p.server, socket: opened, test: test, to: p.asked, tries: 1, after: natOpenLead}
	if p.o.Mapping().Value == diag.EndpointIndependent {
		open.tries = 1
		return []natAsk{open, ask}
	}
	port := p.publicPort(opened, from)
	if port == 0 {
		return []natAsk{open}
	}
	ask.socket, ask.answerAt, ask.responsePort, ask.after = opened+" asks", opened, port, 0
	return []natAsk{ask}
}

// publicPort is how a socket was last seen from an address, 0 where it was not.
func (p *natPlan) publicPort(socket string, by netip.AddrPort) uint16 {
	var port uint16
	for i := range p.o.Requests {
		r := &p.o.Requests[i]
		if r.Socket == socket && r.To == by && r.Answer != nil && r.Answer.Code == 0 {
			port = r.Answer.Mapped.Port()
		}
	}
	return port
}
