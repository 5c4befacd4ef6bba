package nat

import (
	"net/netip"
	"time"

	"dialtone/diag"
	"dialtone/diag/nat/chance"
)

// Question is one to a server: a request, sent several times until an answer comes.
type Question struct {
	Server int
	Socket diag.NATSocket // that it leaves
	Test   diag.NATTest
	To     netip.AddrPort
	Tries  int           // sends, each a transaction of its own
	After  time.Duration // since the plan was made
	At     time.Duration // since the start, when After does not do

	AnswerAt     diag.NATSocket // that the answer comes to, when it is another one
	ResponsePort uint16         // its public port, for RESPONSE-PORT
	Size         int            // bytes of the message, of a test of packet sizes or fragments
	Bytes        int            // of the IP packet, of a test of packet sizes
	Padding      int            // bytes of PADDING, which an answer then has too
	Topic        Topic          // of the further tests; questions of one topic are planned together
}

// ChangesIP reports whether the answer is to come from another IP address.
func (q *Question) ChangesIP() bool {
	return q.Test == diag.TestChangeBoth || q.Test == diag.TestProveBoth
}

// ChangesPort reports whether the answer is to come from another port.
func (q *Question) ChangesPort() bool { return filtering(q.Test) }

// AboutFiltering reports whether the question belongs to the filtering test.
func (q *Question) AboutFiltering() bool {
	return filtering(q.Test) || q.Test == diag.TestControl || q.Test == diag.TestOpen
}

// AfterPause reports whether the question is one of the lifetime test.
func (q *Question) AfterPause() bool { return q.Test == diag.TestWake || q.Test == diag.TestAgain }

const (
	tries      = 3  // sends of one question
	maxContact = 6  // sends until a server counts as silent
	maxMapping = 9  // sends to one address in the mapping test
	maxProof   = 10 // sends for the control arm until the server counts as unproven
	maxSilence = 60 // sends of one filtering test
	maxAsked   = 4  // servers that filtering is asked of
	openLead   = 30 * time.Millisecond
)

// Plan says what to ask a server next, given what is known. It is pure: the same observations give the same plan, and
// no plan means that nothing more can be learned from this server now.
func Plan(o *State, server int) []Question {
	p := plan{all: o, o: o.OfServer(server), server: server, asked: o.Servers[server].Address}
	if !p.asked.IsValid() || o.Servers[server].Failure != nil {
		return nil
	}
	if contact := p.contact(); contact != nil || !p.o.Heard(server) {
		return contact
	}
	p.other, _ = p.o.Admitted(server)
	asks := append(p.mapping(), p.otherPort()...)
	if p.other.IsValid() {
		asks = append(asks, p.filtering()...)
	}
	return append(asks, p.packetSize()...)
}

// plan is the plan for one server while it is made.
type plan struct {
	all    *State
	o      *State // of the family that the server is reached by
	server int
	asked  netip.AddrPort // A1:P1
	other  netip.AddrPort // A2:P2, the zero value for a plain server
}

// sends counts the requests of a test to an address, and whether one was answered.
func (p *plan) sends(o *State, test diag.NATTest, to netip.AddrPort) (n int, answered bool) {
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
func (p *plan) contact() []Question {
	n, _ := p.sends(p.all, diag.TestReach, p.asked)
	if p.all.Heard(p.server) || n >= maxContact {
		return nil
	}
	return []Question{
		{Server: p.server, Socket: p.socket(diag.SocketReach), Test: diag.TestReach, To: p.asked, Tries: tries},
		p.askMapped(p.asked),
	}
}

// askMapped asks an address in the mapping test: all servers of a family from one socket.
func (p *plan) askMapped(to netip.AddrPort) Question {
	return Question{Server: p.server, Socket: mappingSocket(to), Test: diag.TestMapping, To: to, Tries: tries}
}

// mappingSocket is the one socket of the mapping test, by family.
func mappingSocket(to netip.AddrPort) diag.NATSocket {
	family := 4
	if to.Addr().Is6() {
		family = 6
	}
	return diag.NATSocket{Use: diag.SocketMapping, Number: family}
}

// socket is one that is used with this server only.
func (p *plan) socket(use diag.SocketUse) diag.NATSocket {
	return diag.NATSocket{Use: use, Number: p.server}
}

// addresses are those of the mapping test (RFC 5780 §4.3).
func (p *plan) addresses() []netip.AddrPort {
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
func (p *plan) mapping() []Question {
	var asks []Question
	for _, to := range p.addresses() {
		if n, answered := p.sends(p.o, diag.TestMapping, to); !answered && n < maxMapping {
			asks = append(asks, p.askMapped(to))
		}
	}
	if len(asks) > 0 || !p.allMapped() {
		return asks
	}
	n, _ := p.sends(p.o, diag.TestRepeat, p.asked)
	again := p.o.contradicting().rounds - 1
	if p.isFirst() {
		again = max(again, 1)
	}
	if n < max(maxMapping, again+tries) && p.views() <= again {
		q := p.askMapped(p.asked)
		q.Test = diag.TestRepeat
		return []Question{q}
	}
	return nil
}

// views is how many answers of the mapping test there are of the address that was asked.
func (p *plan) views() (n int) {
	for _, v := range p.o.answers(nil) {
		if v.To == p.asked {
			n++
		}
	}
	return n
}

// otherPort asks the other port that a server names, from a connected socket: unless the mapping test has heard it.
func (p *plan) otherPort() []Question {
	to := p.o.OtherPort(p.server)
	mapped, answered := p.sends(p.o, diag.TestMapping, to)
	if !to.IsValid() || answered || p.other.IsValid() && mapped < maxMapping {
		return nil
	}
	n, heard := p.sends(p.o, diag.TestOtherPort, to)
	sent, lost := p.o.totalLoss()
	if heard || n >= maxOtherPort || n > 0 && chance.NotLoss(mapped+n, sent, lost) || p.o.refused(p.server, to) {
		return nil
	}
	return []Question{{
		Server: p.server, Socket: p.socket(diag.SocketOtherPort), Test: diag.TestOtherPort, To: to, Tries: tries,
	}}
}

// isFirst reports whether no server before this one can be asked again.
func (p *plan) isFirst() bool {
	for i := range p.server {
		if p.o.Heard(i) {
			return false
		}
	}
	return p.o.Heard(p.server)
}

// allMapped reports whether the mapping test is over at all servers that answer.
func (p *plan) allMapped() bool {
	for i := range p.o.Servers {
		if !p.o.Heard(i) || p.o.Servers[i].Failure != nil {
			continue
		}
		q := plan{all: p.all, o: p.o, server: i, asked: p.o.Servers[i].Address}
		q.other, _ = p.o.Admitted(i)
		for _, to := range q.addresses() {
			if n, answered := q.sends(p.o, diag.TestMapping, to); !answered && n < maxMapping {
				return false
			}
		}
	}
	return true
}

// filtering asks until an answer shows it, or silence does. First once each; where that is silent, the control arm and
// more of the same, with plain requests in between that measure the loss.
func (p *plan) filtering() []Question {
	f := p.o.Filtering()
	at := -1
	for i, s := range f.Usable {
		if s == p.server {
			at = i
		}
	}
	if f.Known() || at < 0 || at >= maxAsked {
		return nil
	}
	t := f.Tallies[p.server]
	if t.AskedBoth == 0 {
		asks := []Question{
			p.test(diag.SocketBoth, diag.TestChangeBoth), p.test(diag.SocketBoth, diag.TestControl),
			p.test(diag.SocketPort, diag.TestChangePort),
		}
		if !p.sizing() { // its long packet costs as much of the rate
			asks = append(asks, p.test(diag.SocketPort, diag.TestControl))
		}
		return asks
	}
	samePort := netip.AddrPortFrom(p.asked.Addr(), p.other.Port())
	if !t.ProvedBoth && p.unproven(diag.TestProveBoth, p.other) || t.AskedBoth >= maxSilence {
		return nil // whatever the port does, the verdict would stay open
	}
	wantBoth := !f.SilentBoth()
	wantPort := !f.Port && !f.SilentPort() && (t.ProvedPort || !p.unproven(diag.TestProvePort, samePort)) &&
		t.AskedPort < maxSilence
	var asks []Question
	if wantBoth && !t.ProvedBoth {
		asks = append(asks, p.proof(diag.SocketProveBoth, diag.SocketAskBoth, diag.TestProveBoth, p.other)...)
	}
	if wantPort && !t.ProvedPort {
		asks = append(asks, p.proof(diag.SocketProvePort, diag.SocketAskPort, diag.TestProvePort, samePort)...)
	}
	if wantBoth {
		asks = append(asks, p.test(diag.SocketBoth, diag.TestChangeBoth), p.test(diag.SocketBoth, diag.TestControl),
			p.test(diag.SocketBoth, diag.TestChangeBoth))
	}
	if wantPort {
		asks = append(asks, p.test(diag.SocketPort, diag.TestChangePort), p.test(diag.SocketPort, diag.TestControl),
			p.test(diag.SocketPort, diag.TestChangePort))
	}
	return asks
}

// unproven reports whether the control arm was tried often enough to give it up: the address that it opens the way for
// never answers, or never sends.
func (p *plan) unproven(test diag.NATTest, from netip.AddrPort) bool {
	proofs, _ := p.sends(p.o, test, p.asked)
	opens, answered := p.sends(p.o, diag.TestOpen, from)
	return proofs >= maxProof || !answered && opens >= maxMapping
}

// test is one request of a filtering test, from a socket that never sends to any other address.
func (p *plan) test(socket diag.SocketUse, test diag.NATTest) Question {
	return Question{Server: p.server, Socket: p.socket(socket), Test: test, To: p.asked, Tries: 1}
}

// proof is the control arm: a socket sends to the address that the answer must come from, so that the NAT must let
// that in. Where the mapping does not depend on the endpoint, the same socket then asks. Otherwise another socket asks
// for an answer to the first one's public port (RESPONSE-PORT, RFC 5780 §7.5), which proves the same for every NAT.
func (p *plan) proof(opens, asks diag.SocketUse, test diag.NATTest, from netip.AddrPort) []Question {
	opened := p.socket(opens)
	open := Question{Server: p.server, Socket: opened, Test: diag.TestOpen, To: from, Tries: tries}
	ask := Question{Server: p.server, Socket: opened, Test: test, To: p.asked, Tries: 1, After: openLead}
	if p.o.Mapping().Value == EndpointIndependent {
		open.Tries = 1
		return []Question{open, ask}
	}
	port := p.publicPort(opened, from)
	if port == 0 {
		return []Question{open}
	}
	ask.Socket, ask.AnswerAt, ask.ResponsePort, ask.After = p.socket(asks), opened, port, 0
	return []Question{ask}
}

// publicPort is how a socket was last seen from an address, 0 where it was not.
func (p *plan) publicPort(socket diag.NATSocket, by netip.AddrPort) uint16 {
	var port uint16
	for i := range p.o.Requests {
		r := &p.o.Requests[i]
		if r.Socket == socket && r.To == by && r.Answer != nil && r.Answer.Code == 0 {
			port = r.Answer.Mapped.Port()
		}
	}
	return port
}
