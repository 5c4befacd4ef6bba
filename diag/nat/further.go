package nat

import (
	"net/netip"
	"slices"
	"time"

	"dialtone/diag"
	"dialtone/diag/nat/chance"
)

// Topic is a test that is made on request.
type Topic string

// Topics.
const (
	TopicHairpin   Topic = "hairpin"
	TopicFragments Topic = "fragments"
	TopicLifetime  Topic = "lifetime"
)

// Topics are the tests that are made on request. Each plan is pure, as [Plan] is: it reads what was observed and names
// the next questions; none means that nothing more can be learned.
var Topics = []struct {
	Name Topic
	Plan func(*State) []Question
}{
	{TopicHairpin, planHairpin},
	{TopicFragments, planFragments},
	{TopicLifetime, planLifetime},
}

const (
	maxFurther   = 25 // sends of one question whose silence may mean something
	maxProveWake = 12 // sends until a server counts as one that does not obey RESPONSE-PORT
	maxWakers    = 3  // servers that RESPONSE-PORT is tried with
	maxPadded    = 2  // servers that are asked with long packets
)

// further is a plan of one topic while it is made.
type further struct {
	*State // of the family that is judged
}

// believed are the servers whose mapped addresses are.
func (f further) believed() []int {
	m := f.judgeMapping()
	return f.servers(slices.Concat(m.distrusted, m.unsteady)...)
}

// servers lists those that answer, those of RFC 5780 first, one for each IP address.
func (f further) servers(left ...int) []int {
	var graded, plain []int
	seen := map[netip.Addr]bool{}
	for i, s := range f.Servers {
		if !f.Heard(i) || s.Failure != nil || seen[s.Address.Addr()] || slices.Contains(left, i) {
			continue
		}
		seen[s.Address.Addr()] = true
		if other, _ := f.Admitted(i); other.IsValid() {
			graded = append(graded, i)
		} else {
			plain = append(plain, i)
		}
	}
	return append(graded, plain...)
}

// sends counts the requests of a test that left a socket, or are to be answered to it, and returns the public address
// that the last answer showed.
func (f further) sends(test diag.NATTest, socket diag.NATSocket) (n int, mapped netip.AddrPort) {
	for i := range f.Requests {
		r := &f.Requests[i]
		if r.Test != test || r.Socket != socket && r.Held != socket {
			continue
		}
		n++
		if r.Answer != nil && r.Answer.Code == 0 && r.Answer.Mapped.IsValid() {
			mapped = r.Answer.Mapped
		}
	}
	return n, mapped
}

// hold asks a server from a socket until its mapping is there; the address is the zero value until then.
func (f further) hold(server int, socket diag.NATSocket) (ask []Question, mapped netip.AddrPort) {
	n, mapped := f.sends(diag.TestHold, socket)
	if !mapped.IsValid() && n < maxContact {
		ask = []Question{{Server: server, Socket: socket, Test: diag.TestHold, To: f.Servers[server].Address, Tries: tries}}
	}
	return ask, mapped
}

// silence is how often a server is asked until silence cannot be loss.
func (f further) silence(server int) int {
	sent, lost := f.Loss(server)
	return max(tries, chance.Silence(sent, lost, maxFurther))
}

// planHairpin lets two sockets send to each other's public address (RFC 5780 §3.4), so that both mappings are there and
// filtering lets them in; at the end both show that they still are.
func planHairpin(o *State) []Question {
	f := further{o.Of(o.Main())}
	servers := f.believed()
	if !o.Start.Hairpin || len(servers) == 0 || f.judgeNAT(f.judgeMapping()).Value != Present {
		return nil
	}
	var asks []Question
	var public [2]netip.AddrPort
	for i := range public {
		ask, mapped := f.hold(servers[0], HairpinSocket(i))
		asks, public[i] = append(asks, ask...), mapped
	}
	if len(asks) > 0 || !host(public[0]) || !host(public[1]) {
		return asks
	}
	h := o.Hairpins()
	for i := range public {
		socket, other := HairpinSocket(i), HairpinSocket(1-i)
		n, _ := f.sends(diag.TestControl, socket)
		switch {
		case h.Through != nil:
		case h.Sent == 0:
			asks = append(asks, Question{
				Server: servers[0], Socket: socket, Test: diag.TestHairpin, To: public[1-i], Tries: f.silence(servers[0]),
				AnswerAt: other,
			})
		case !h.Still[i] && n < maxContact:
			asks = append(asks, Question{
				Server: servers[0], Socket: socket, Test: diag.TestControl,
				To: f.Servers[servers[0]].Address, Tries: tries,
			})
		}
	}
	return asks
}

// host reports whether an address can be one of a single host: a server has named it.
func host(a netip.AddrPort) bool {
	return a.Port() != 0 && a.Addr().IsGlobalUnicast()
}

// planFragments asks with requests beyond the MTU (RFC 5780 §3.5): with PADDING, which is answered at the same length,
// and with as many bytes that are answered shortly.
func planFragments(o *State) []Question {
	f := further{o.Of(o.Main())}
	if !o.Start.Deep || o.Local.MTU > MostMTU {
		return nil
	}
	size, servers := o.mtu(), f.servers()
	sent, lost := f.totalLoss()
	silence := max(tries, chance.Silence(sent, lost, maxFurther))
	var asks []Question
	for _, server := range servers[:min(len(servers), maxPadded)] {
		for test, use := range map[diag.NATTest]diag.SocketUse{
			diag.TestPadded: diag.SocketPadded, diag.TestLong: diag.SocketLong,
		} {
			q := Question{
				Server: server, Socket: diag.NATSocket{Use: use, Number: server}, Test: test, To: f.Servers[server].Address,
				Tries: silence, Size: (size+3)/4*4 + beyond,
			}
			if test == diag.TestPadded {
				q.Padding = size
			}
			if n, _ := f.sends(test, q.Socket); n == 0 {
				asks = append(asks, q)
			}
		}
	}
	return asks
}

// beyond is how many bytes a message is longer than the MTU when it must be fragmented.
const beyond = 32

// planLifetime leaves sockets alone, each for another pause, and lets a server send to them then (RFC 5780 §4.6, all
// pauses at once instead of one after another). Where no server obeys RESPONSE-PORT the sockets ask again themselves.
func planLifetime(o *State) []Question {
	f := further{o.Of(o.Main())}
	servers := f.believed()
	if !o.Start.Deep || len(servers) == 0 {
		return nil
	}
	l := f.Lifetime()
	if len(l.Held) > 0 {
		return f.afterwards(l)
	}
	if !l.Before {
		for _, server := range servers[:min(len(servers), maxWakers)] {
			if asks := f.prove(server, false); asks != nil {
				return asks
			}
		}
		l.Server = servers[0]
	}
	var asks, wakes []Question
	for _, pause := range Pauses {
		socket := HeldSocket(pause)
		ask, mapped := f.hold(l.Server, socket)
		asks = append(asks, ask...)
		if mapped.IsValid() {
			wakes = append(wakes, f.wake(l, socket, mapped, f.LastPacket(socket)+pause))
		}
	}
	if len(asks) > 0 {
		return asks
	}
	return wakes
}

// wake asks after a pause whether the mapping of a socket is still there.
func (f further) wake(l LifetimeState, socket diag.NATSocket, mapped netip.AddrPort, at time.Duration) Question {
	ask := Question{
		Server: l.Server, Socket: socket, Test: diag.TestAgain, To: f.Servers[l.Server].Address,
		Tries: maxMapping, At: at,
	}
	if l.Before {
		ask.Socket, ask.AnswerAt, ask.Test = wakingSocket, socket, diag.TestWake
		ask.Tries, ask.ResponsePort = f.silence(l.Server), mapped.Port()
	}
	return ask
}

// wakingSocket is the one from which answers to other sockets are asked for.
var wakingSocket = diag.NATSocket{Use: diag.SocketWaking}

// prove is the control arm with a server: nil when it has been given up, or is done.
func (f further) prove(server int, after bool) []Question {
	socket := diag.NATSocket{Use: diag.SocketBefore, Number: server}
	if after {
		socket.Use = diag.SocketAfter
	}
	ask, mapped := f.hold(server, socket)
	if !mapped.IsValid() {
		return ask
	}
	if n, _ := f.sends(diag.TestProveWake, socket); n >= maxProveWake {
		return nil
	}
	return []Question{{
		Server: server, Socket: wakingSocket, Test: diag.TestProveWake, To: f.Servers[server].Address,
		Tries:    maxProveWake / 2,
		AnswerAt: socket, ResponsePort: mapped.Port(),
	}}
}

// afterwards proves once more that the server does send to other sockets: only then was the silence that of a NAT.
func (f further) afterwards(l LifetimeState) []Question {
	if !l.Before || l.After || !slices.ContainsFunc(l.Held, f.Dead) {
		return nil
	}
	return f.prove(l.Server, true)
}
