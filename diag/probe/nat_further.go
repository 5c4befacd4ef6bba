package probe

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"dialtone/diag"
)

// furtherTopics are the tests that are asked for apart. Each plan is pure, as planNAT is: it reads what was observed
// and names the next questions; none means that nothing more can be learned.
var furtherTopics = []struct {
	name string
	plan func(*diag.NATObservations) []natAsk
}{
	{"hairpin", planHairpin},
	{"fragments", planFragments},
	{"lifetime", planLifetime},
}

const (
	maxFurther   = 25 // sends of one question whose silence may mean something
	maxProveWake = 12 // sends until a server counts as one that does not obey RESPONSE-PORT
	maxWakers    = 3  // servers that RESPONSE-PORT is tried with
	maxPadded    = 2  // servers that are asked with long packets
)

// further is a plan of one topic while it is made.
type further struct {
	*diag.NATObservations // of the family that is judged
}

// servers lists those that answer, those of RFC 5780 first, one for each IP address.
func (f further) servers() []int {
	var graded, plain []int
	seen := map[netip.Addr]bool{}
	for i, s := range f.Servers {
		if !f.Heard(i) || s.Failure != nil || seen[s.Address.Addr()] {
			continue
		}
		seen[s.Address.Addr()] = true
		if _, why := f.Admitted(i); why == "" {
			graded = append(graded, i)
		} else {
			plain = append(plain, i)
		}
	}
	return append(graded, plain...)
}

// sends counts the requests of a test that left a socket, or are to be answered to it, and tells the public address
// that the last answer showed.
func (f further) sends(test diag.NATTest, socket string) (n int, mapped netip.AddrPort) {
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
func (f further) hold(server int, socket string) (ask []natAsk, mapped netip.AddrPort) {
	n, mapped := f.sends(diag.TestHold, socket)
	if !mapped.IsValid() && n < maxContact {
		ask = []natAsk{{server: server, socket: socket, test: diag.TestHold, to: f.Servers[server].Address, tries: natTries}}
	}
	return ask, mapped
}

// silence is how often a server is asked until silence can be told from loss.
func (f further) silence(server int) int {
	sent, lost := f.Loss(server)
	return max(natTries, diag.Silence(sent, lost, maxFurther))
}

// planHairpin lets two sockets send to each other's public address (RFC 5780 §3.4), so that both mappings are there and
// filtering lets them in; at the end both show that they still are.
func planHairpin(o *diag.NATObservations) []natAsk {
	f := further{o.Family()}
	servers := f.servers()
	if !o.Hairpin || len(servers) == 0 || o.NAT().Value != diag.BehaviorPresent {
		return nil
	}
	var asks []natAsk
	var public [2]netip.AddrPort
	for i := range public {
		ask, mapped := f.hold(servers[0], diag.HairpinSocket(i))
		asks, public[i] = append(asks, ask...), mapped
	}
	if len(asks) > 0 || !host(public[0]) || !host(public[1]) {
		return asks
	}
	h := o.Hairpins()
	for i := range public {
		socket, other := diag.HairpinSocket(i), diag.HairpinSocket(1-i)
		n, _ := f.sends(diag.TestControl, socket)
		switch {
		case h.Through != nil:
		case h.Sent == 0:
			asks = append(asks, natAsk{
				server: servers[0], socket: socket, test: diag.TestHairpin, to: public[1-i], tries: f.silence(servers[0]), answerAt: other,
			})
		case !h.Still[i] && n < maxContact:
			asks = append(asks, natAsk{server: servers[0], socket: socket, test: diag.TestControl,
				to: f.Servers[servers[0]].Address, tries: natTries})
		}
	}
	return asks
}

// host reports whether an address can be one of a single host: a server has named it.
func host(a netip.AddrPort) bool {
	ip := a.Addr()
	return a.Port() != 0 && ip.IsGlobalUnicast() && ip != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// planFragments asks with requests beyond the MTU (RFC 5780 §3.5): with PADDING, which is answered at the same length,
// and with as many bytes that are answered shortly.
func planFragments(o *diag.NATObservations) []natAsk {
	f := further{o.Family()}
	if !o.Deep || o.MTU > diag.MostMTU {
		return nil
	}
	size := o.MTU
	if size == 0 {
		size = diag.UsualMTU
	}
	servers := f.servers()
	var asks []natAsk
	for _, server := range servers[:min(len(servers), maxPadded)] {
		for _, test := range []diag.NATTest{diag.TestPadded, diag.TestLong} {
			socket := fmt.Sprintf("%s %d", test, server)
			if n, _ := f.sends(test, socket); n == 0 {
				asks = append(asks, natAsk{
					server: server, socket: socket, test: test, to: f.Servers[server].Address, tries: f.silence(server), size: (size +
						3) / 4 * 4,
				})
			}
		}
	}
	return asks
}

// planLifetime leaves sockets alone, each for another pause, and lets a server send to them then (RFC 5780 §4.6, all
// pauses at once instead of one after another). Where no server obeys RESPONSE-PORT the sockets ask again themselves.
func planLifetime(o *diag.NATObservations) []natAsk {
	f := further{o.Family()}
	servers := f.servers()
	if !o.Deep || len(servers) == 0 {
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
	var asks, wakes []natAsk
	for _, pause := range diag.Pauses {
		socket := diag.HeldSocket(pause)
		ask, mapped := f.hold(l.Server, socket)
		asks = append(asks, ask...)
		if mapped.IsValid() {
			wakes = append(wakes, f.wake(l, socket, mapped, f.lastPacket(socket)+pause))
		}
	}
	if len(asks) > 0 {
		return asks
	}
	return wakes
}

// wake asks after a pause whether the mapping of a socket is still there.
func (f further) wake(l diag.LifetimeState, socket string, mapped netip.AddrPort, at time.Duration) natAsk {
	ask := natAsk{server: l.Server, socket: socket, test: diag.TestAgain, to: f.Servers[l.Server].Address,
		tries: maxMapping, at: at}
	if l.Before {
		ask.socket, ask.answerAt, ask.test = wakingSocket, socket, diag.TestWake
		ask.tries, ask.responsePort = f.silence(l.Server), mapped.Port()
	}
	return ask
}

// wakingSocket is the one from which answers to other sockets are asked for.
const wakingSocket = "waking"

// prove is the control arm with a server: nil when it has been given up, or is done.
func (f further) prove(server int, after bool) []natAsk {
	socket := diag.ProofSocket(server, after)
	ask, mapped := f.hold(server, socket)
	if !mapped.IsValid() {
		return ask
	}
	if n, _ := f.sends(diag.TestProveWake, socket); n >= maxProveWake {
		return nil
	}
	return []natAsk{{
		server: server, socket: wakingSocket, test: diag.TestProveWake, to: f.Servers[server].Address, tries: maxProveWake / 2,
		answerAt: socket, responsePort: mapped.Port(),
	}}
}

// afterwards proves once more that the server does send to other sockets: only then was the silence that of a NAT.
func (f further) afterwards(l diag.LifetimeState) []natAsk {
	if !l.Before || l.After || !slices.ContainsFunc(l.Held, f.Dead) {
		return nil
	}
	return f.prove(l.Server, true)
}

// lastPacket is when a packet of a held socket last went or came.
func (f further) lastPacket(socket string) time.Duration {
	var last time.Duration
	for i := range f.Requests {
		if r := &f.Requests[i]; r.Socket == socket && r.Test == diag.TestHold {
			last = max(last, r.SentAt)
			if r.Answer != nil {
				last = max(last, r.SentAt+r.Answer.RTT)
			}
		}
	}
	return last
}
