package lab

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pion/stun/v4"
	"github.com/pion/transport/v5"
)

// asker sends Binding requests from one socket.
type asker struct {
	t  *testing.T
	pc net.PacketConn
}

// ask opens a socket; n is nil for the operating system's network.
func ask(t *testing.T, n transport.Net) *asker {
	t.Helper()
	var pc net.PacketConn
	var err error
	if n == nil {
		pc, err = listenPacket("127.0.0.1:0")
	} else {
		pc, err = n.ListenPacket("udp4", "0.0.0.0:0")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.Close() })
	if err := pc.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &asker{t, pc}
}

// send sends a Binding request and returns its transaction ID.
func (a *asker) send(to netip.AddrPort, set ...stun.Setter) [stun.TransactionIDSize]byte {
	a.t.Helper()
	m, err := stun.Build(append([]stun.Setter{stun.TransactionID, stun.BindingRequest}, set...)...)
	if err != nil {
		a.t.Fatal(err)
	}
	if _, err := a.pc.WriteTo(m.Raw, net.UDPAddrFromAddrPort(to)); err != nil {
		a.t.Fatal(err)
	}
	return m.TransactionID
}

// reply is what an answer says.
type reply struct {
	id                           [stun.TransactionIDSize]byte
	Source                       netip.AddrPort
	Mapped, Plain, Origin, Other netip.AddrPort // the zero value when absent
	Code, Padding                int
	Unknown                      []stun.AttrType
}

// receive waits for a datagram.
func (a *asker) receive() (reply, error) {
	b := make([]byte, maxMessage)
	n, from, err := a.pc.ReadFrom(b)
	if err != nil {
		return reply{}, err
	}
	r := reply{Source: addrPort(from)}
	m := &stun.Message{Raw: b[:n]}
	if err := m.Decode(); err != nil {
		return r, err
	}
	r.id = m.TransactionID
	var code stun.ErrorCodeAttribute
	if code.GetFrom(m) == nil {
		r.Code = int(code.Code)
	}
	var unknown stun.UnknownAttributes
	if unknown.GetFrom(m) == nil {
		r.Unknown = unknown
	}
	if v, err := m.Get(stun.AttrPadding); err == nil {
		r.Padding = len(v)
	}
	var xor stun.XORMappedAddress
	if v, err := m.Get(stun.AttrXORMappedAddress); err == nil && len(v) == 8 && xor.GetFrom(m) == nil {
		r.Mapped = addrPort(&net.UDPAddr{IP: xor.IP, Port: xor.Port})
	}
	for attr, to := range map[stun.AttrType]*netip.AddrPort{
		stun.AttrMappedAddress: &r.Plain, stun.AttrResponseOrigin: &r.Origin, stun.AttrOtherAddress: &r.Other,
	} {
		var addr stun.MappedAddress
		if addr.GetFromAs(m, attr) == nil {
			*to = addrPort(&net.UDPAddr{IP: addr.IP, Port: addr.Port})
		}
	}
	return r, nil
}

// answer waits for the answer to a request; others that come before are returned too.
func (a *asker) answer(id [stun.TransactionIDSize]byte) (answer reply, before []reply) {
	a.t.Helper()
	for {
		r, err := a.receive()
		if err != nil {
			a.t.Fatal(err)
		}
		if r.id == id {
			return r, before
		}
		before = append(before, r)
	}
}

// change is CHANGE-REQUEST.
func change(flags byte) stun.Setter {
	return stun.RawAttribute{Type: stun.AttrChangeRequest, Value: []byte{0, 0, 0, flags}}
}

func world(t *testing.T, o WorldOptions) *World {
	t.Helper()
	w, err := NewWorld(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

var behaviors = []NATBehavior{EndpointIndependent, AddressDependent, AddressAndPortDependent}

// TestNATKinds asks what RFC 5780 §4.3 and §4.4 ask. Nothing is lost or overtaken here, so what has not come when the
// answer to a later request is there was not let in.
func TestNATKinds(t *testing.T) {
	for _, mapping := range behaviors {
		for _, filtering := range behaviors {
			t.Run(fmt.Sprintf("%s %s", mapping, filtering), func(t *testing.T) {
				t.Parallel()
				w := world(t, WorldOptions{Mapping: mapping, Filtering: filtering})
				if got := observedMapping(t, w); got != mapping {
					t.Errorf("mapping is %s", got)
				}
				if got := observedFiltering(t, w); got != filtering {
					t.Errorf("filtering is %s", got)
				}
			})
		}
	}
}

func observedMapping(t *testing.T, w *World) NATBehavior {
	t.Helper()
	r := w.Responders()[0]
	a := ask(t, w.Client(0))
	other := netip.AddrPortFrom(r.Alternate().Addr(), r.Addr().Port())
	var ports []uint16
	for _, to := range []netip.AddrPort{r.Addr(), other, r.Alternate(), r.Addr()} {
		got, _ := a.answer(a.send(to))
		if got.Source != to || got.Mapped.Addr() != w.Public(0) {
			t.Errorf("%s answered from %s: mapped %s", to, got.Source, got.Mapped)
		}
		ports = append(ports, got.Mapped.Port())
	}
	if ports[3] != ports[0] {
		t.Error("mapping is unstable:", ports)
	}
	switch {
	case ports[0] == ports[1] && ports[1] == ports[2]:
		return EndpointIndependent
	case ports[1] == ports[2]:
		return AddressDependent
	}
	return AddressAndPortDependent
}

func observedFiltering(t *testing.T, w *World) NATBehavior {
	t.Helper()
	r := w.Responders()[0]
	a := ask(t, w.Client(0))
	both, port := a.send(r.Addr(), change(changeIP|changePort)), a.send(r.Addr(), change(changePort))
	_, before := a.answer(a.send(r.Addr()))
	came := func(id [stun.TransactionIDSize]byte) bool {
		return slices.ContainsFunc(before, func(r reply) bool { return r.id == id })
	}
	switch {
	case came(both) && came(port):
		return EndpointIndependent
	case came(port):
		return AddressDependent
	}
	return AddressAndPortDependent
}

// TestNoNAT: on the public network the address is one's own, and everything arrives.
func TestNoNAT(t *testing.T) {
	w := world(t, WorldOptions{NoNAT: true})
	a := ask(t, w.Client(0))
	got, _ := a.answer(a.send(w.Responders()[0].Addr(), change(changeIP|changePort)))
	want := netip.AddrPortFrom(w.Public(0), addrPort(a.pc.LocalAddr()).Port())
	if got.Mapped != want || got.Source != w.Responders()[0].Alternate() {
		t.Errorf("mapped %s, want %s; from %s", got.Mapped, want, got.Source)
	}
}

// TestWorldOptions: what cannot be is refused.
func TestWorldOptions(t *testing.T) {
	for name, o := range map[string]WorldOptions{
		"loss":      {Loss: 1.5},
		"kind":      {Mapping: 3},
		"clients":   {Clients: maxHosts + 1},
		"responder": {Responders: maxHosts + 1},
		"faults":    {Faults: make([]ResponderFaults, 2)},
	} {
		if _, err := NewWorld(o); !errors.Is(err, ErrOptions) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestResponders: each server has two addresses of its own.
func TestResponders(t *testing.T) {
	w := world(t, WorldOptions{Responders: 3, Faults: []ResponderFaults{{}, {Silent: true}}})
	var urls []string
	for _, r := range w.Responders() {
		urls = append(urls, r.URL())
	}
	want := []string{"stun:1.2.3.10:3478", "stun:1.2.3.12:3478", "stun:1.2.3.14:3478"}
	if d := cmp.Diff(want, urls); d != "" {
		t.Error(d)
	}
	a := ask(t, w.Client(0))
	a.send(w.Responders()[1].Addr())
	if _, before := a.answer(a.send(w.Responders()[2].Addr())); len(before) != 0 {
		t.Error("the silent one spoke:", before)
	}
}

// until waits for something that another goroutine is about to do.
func until(t *testing.T, done func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(20 * time.Second); !done(); {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("it did not happen within 20 s")
		}
	}
}

// TestSides: two clients, each behind a NAT of its own kind.
func TestSides(t *testing.T) {
	w := world(t, WorldOptions{Sides: []Side{
		{},
		{Mapping: AddressAndPortDependent, Filtering: AddressAndPortDependent},
		{NoNAT: true},
	}})
	server := w.Responders()[0].Addr()
	askers := make([]*asker, 3)
	public := make([]netip.AddrPort, 3)
	for i := range askers {
		askers[i] = ask(t, w.Client(i))
		r, _ := askers[i].answer(askers[i].send(server))
		if public[i] = r.Mapped; public[i].Addr() != w.Public(i) {
			t.Errorf("client %d is mapped to %s, want an address of %s", i, public[i], w.Public(i))
		}
	}
	// From behind the strict NAT to the open ones: arrives, from a port made for the occasion.
	for _, i := range []int{0, 2} {
		id := askers[1].send(public[i])
		r, _ := askers[i].answer(id)
		if r.Source.Addr() != w.Public(1) || r.Source == public[1] {
			t.Errorf("client %d saw client 1 at %s, which told the server %s", i, r.Source, public[1])
		}
	}
	// The other way nothing gets in, though each was asked before: other ports than those of the mapping for the server.
	askers[0].send(public[1])
	askers[2].send(public[1])
	if _, before := askers[1].answer(askers[1].send(server)); len(before) != 0 {
		t.Error("let in:", before)
	}
}

// TestLifetime: a mapping that nothing has used for long enough is gone. RESPONSE-PORT from a second socket tells (RFC
// 5780 §4.6).
func TestLifetime(t *testing.T) {
	for name, life := range map[string]time.Duration{"over": 250 * time.Millisecond, "not over": time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := world(t, WorldOptions{Lifetime: life})
			server := w.Responders()[0].Addr()
			a, b := ask(t, w.Client(0)), ask(t, w.Client(0))
			first, _ := a.answer(a.send(server))
			over := life < time.Second
			if over {
				<-time.After(2 * life) // the one event here that only time brings
			}
			b.send(server, responsePort(first.Mapped.Port()))
			second, before := a.answer(a.send(server))
			if gone := second.Mapped != first.Mapped; gone != over {
				t.Errorf("mapped to %s, then to %s", first.Mapped, second.Mapped)
			}
			if closed := len(before) == 0; closed != over {
				t.Errorf("%d answers came through the first mapping", len(before))
			}
		})
	}
}

// TestDelay: a round trip takes twice the time of one way.
func TestDelay(t *testing.T) {
	const delay = 10 * time.Millisecond
	w := world(t, WorldOptions{Delay: delay})
	a := ask(t, w.Client(0))
	start := time.Now()
	a.answer(a.send(w.Responders()[0].Addr()))
	if took := time.Since(start); took < 2*delay {
		t.Errorf("answered after %s, sooner than %s", took, 2*delay)
	}
}

// TestCloseWorld: twice, with sockets still open, and packets on their way.
func TestCloseWorld(t *testing.T) {
	w := world(t, WorldOptions{Clients: 2, Delay: time.Hour})
	a := ask(t, w.Client(1))
	a.send(w.Responders()[0].Addr())
	for range 2 {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
}
