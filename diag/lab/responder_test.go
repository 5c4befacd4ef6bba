package lab

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/pion/stun/v4"
)

// responder starts a server on loopback.
func responder(t testing.TB, o ResponderOptions) *Responder {
	t.Helper()
	r, err := StartResponder(o)
	if err != nil {
		if runtime.GOOS == "darwin" && !o.Plain {
			t.Skip("127.0.0.2 is not configured by default here:", err)
		}
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 2 {
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return r
}

func responsePort(p uint16) stun.Setter {
	return stun.RawAttribute{Type: stun.AttrResponsePort, Value: binary.BigEndian.AppendUint16(nil, p)}
}

func padding(n int) stun.Setter {
	return stun.RawAttribute{Type: stun.AttrPadding, Value: make([]byte, n)}
}

var byAddress = cmp.Options{cmpopts.EquateComparable(netip.AddrPort{}), cmpopts.IgnoreFields(reply{}, "id")}

// TestChangeRequest asks each of the four sockets for each of the four answers (RFC 5780 §6.1, table 1).
func TestChangeRequest(t *testing.T) {
	r := responder(t, ResponderOptions{})
	a := ask(t, nil)
	self := addrPort(a.pc.LocalAddr())
	for address := range 2 {
		for port := range 2 {
			for _, flags := range []byte{0, changePort, changeIP, changeIP | changePort} {
				got, _ := a.answer(a.send(r.addrs[address][port], change(flags)))
				from := r.addrs[address^int(flags&changeIP)>>2][port^int(flags&changePort)>>1]
				want := reply{Source: from, Mapped: self, Plain: self, Origin: from, Other: r.addrs[1-address][1-port]}
				if d := cmp.Diff(want, got, byAddress); d != "" {
					t.Errorf("%s with flags %d: %s", r.addrs[address][port], flags, d)
				}
			}
		}
	}
	if r.Addr() != r.addrs[0][0] || r.Alternate() != r.addrs[1][1] || r.Requests() != 16 {
		t.Error(r.Addr(), r.Alternate(), r.Requests())
	}
}

// TestAttributes: what one attribute or another does to the answer of a sound server.
func TestAttributes(t *testing.T) {
	r := responder(t, ResponderOptions{})
	raw := func(a stun.AttrType, n int) stun.Setter { return stun.RawAttribute{Type: a, Value: make([]byte, n)} }
	bad := reply{Source: r.Addr(), Code: 400}
	for _, tt := range []struct {
		name string
		set  []stun.Setter
		want reply
	}{
		{name: "padding", set: []stun.Setter{padding(1200)}, want: reply{Padding: 1200}},
		{name: "much padding", set: []stun.Setter{padding(20000)}, want: reply{Padding: maxPadding}},
		{name: "padding from the other address", set: []stun.Setter{padding(8), change(changeIP | changePort)}, want: reply{Source: r.Alternate(), Padding: 8}},
		{name: "padding to another port", set: []stun.Setter{padding(8), responsePort(9)}, want: bad},
		{name: "credentials", set: []stun.Setter{stun.NewUsername("alice"), stun.NewShortTermIntegrity("secret"), stun.Fingerprint}},
		{name: "short CHANGE-REQUEST", set: []stun.Setter{raw(stun.AttrChangeRequest, 1)}, want: bad},
		{name: "long RESPONSE-PORT", set: []stun.Setter{raw(stun.AttrResponsePort, 8)}, want: bad},
		{name: "unknown optional", set: []stun.Setter{raw(0xC123, 4)}},
		{
			name: "unknown required", set: []stun.Setter{raw(0x7001, 4), raw(0x7002, 0), raw(0x7001, 4)},
			want: reply{Source: r.Addr(), Code: 420, Unknown: []stun.AttrType{0x7001, 0x7002}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := ask(t, nil)
			got, _ := a.answer(a.send(r.Addr(), tt.set...))
			want := tt.want
			if want.Code == 0 {
				if !want.Source.IsValid() {
					want.Source = r.Addr()
				}
				self := addrPort(a.pc.LocalAddr())
				want.Mapped, want.Plain, want.Origin, want.Other = self, self, want.Source, r.Alternate()
			}
			if d := cmp.Diff(want, got, byAddress); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestResponsePort: the answer goes to the other port, and says who asked.
func TestResponsePort(t *testing.T) {
	r := responder(t, ResponderOptions{})
	a, b := ask(t, nil), ask(t, nil)
	got, _ := b.answer(a.send(r.Addr(), responsePort(addrPort(b.pc.LocalAddr()).Port())))
	if got.Mapped != addrPort(a.pc.LocalAddr()) {
		t.Errorf("mapped %s, want the asking socket's %s", got.Mapped, a.pc.LocalAddr())
	}
}

// TestManyUnknown: the list of what is not understood is bounded.
func TestManyUnknown(t *testing.T) {
	r := responder(t, ResponderOptions{Plain: true})
	a := ask(t, nil)
	var set []stun.Setter
	for i := range stun.AttrType(1000) {
		set = append(set, stun.RawAttribute{Type: 0x7000 + i})
	}
	if got, _ := a.answer(a.send(r.Addr(), set...)); len(got.Unknown) != maxUnknown {
		t.Errorf("%d attributes named, want %d", len(got.Unknown), maxUnknown)
	}
}

// truth is what a faulty server hides.
type truth struct{ primary, alternate netip.AddrPort }

// TestResponderFaults: each lie shows, and nothing else changes.
func TestResponderFaults(t *testing.T) {
	lie := netip.MustParseAddrPort("203.0.113.9:9")
	all := change(changeIP | changePort)
	for _, tt := range []struct {
		name   string
		faults ResponderFaults
		plain  bool
		set    []stun.Setter
		want   func(truth, *reply) // what differs from the answer of a sound server
	}{
		{name: "none", want: func(truth, *reply) {}},
		{name: "no OTHER-ADDRESS", faults: ResponderFaults{NoOtherAddress: true}, want: func(_ truth, r *reply) { r.Other = netip.AddrPort{} }},
		{name: "same IP", faults: ResponderFaults{OtherAddressSameIP: true}, want: func(tr truth, r *reply) {
			r.Other = netip.AddrPortFrom(tr.primary.Addr(), tr.alternate.Port())
		}},
		{name: "private", faults: ResponderFaults{OtherAddressPrivate: true}, want: func(tr truth, r *reply) {
			r.Other = netip.AddrPortFrom(netip.MustParseAddr("10.0.0.5"), tr.alternate.Port())
		}},
		{name: "ignores", faults: ResponderFaults{IgnoreChange: true}, set: []stun.Setter{all}, want: func(truth, *reply) {}},
		{name: "refuses", faults: ResponderFaults{RefuseChange: true}, set: []stun.Setter{all}, want: refusedChange},
		{name: "refuses nothing else", faults: ResponderFaults{RefuseChange: true}, want: func(truth, *reply) {}},
		{name: "plain server", plain: true, want: func(_ truth, r *reply) { r.Other = netip.AddrPort{} }},
		{name: "plain server, asked", plain: true, set: []stun.Setter{all}, want: refusedChange},
		{name: "alternate silent", faults: ResponderFaults{AlternateSilent: true}, set: []stun.Setter{change(changePort)}, want: func(tr truth, r *reply) {
			r.Source = netip.AddrPortFrom(tr.primary.Addr(), tr.alternate.Port())
			r.Origin = r.Source
		}},
		{name: "lies", faults: ResponderFaults{Mapped: lie}, want: func(_ truth, r *reply) { r.Mapped, r.Plain = lie, lie }},
		{name: "rewritten", faults: ResponderFaults{PlainMapped: lie}, want: func(_ truth, r *reply) { r.Plain = lie }},
		{name: "origin", faults: ResponderFaults{Origin: lie}, want: func(_ truth, r *reply) { r.Origin = lie }},
		{name: "empty", faults: ResponderFaults{EmptyMapped: true}, want: func(_ truth, r *reply) { r.Mapped, r.Plain = netip.AddrPort{}, netip.AddrPort{} }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := responder(t, ResponderOptions{Faults: tt.faults, Plain: tt.plain})
			a := ask(t, nil)
			self := addrPort(a.pc.LocalAddr())
			want := reply{Source: r.Addr(), Mapped: self, Plain: self, Origin: r.Addr(), Other: r.Alternate()}
			tt.want(truth{r.Addr(), r.Alternate()}, &want)
			got, _ := a.answer(a.send(r.Addr(), tt.set...))
			if d := cmp.Diff(want, got, byAddress); d != "" {
				t.Error(d)
			}
		})
	}
}

// refusedChange turns the expected answer into 420 for CHANGE-REQUEST.
func refusedChange(_ truth, r *reply) {
	*r = reply{Source: r.Source, Code: 420, Unknown: []stun.AttrType{stun.AttrChangeRequest}}
}

// TestSilentFaults: what is not answered. The order of datagrams on vnet tells without waiting.
func TestSilentFaults(t *testing.T) {
	w := world(t, WorldOptions{NoNAT: true, Responders: 2, Faults: []ResponderFaults{{AlternateSilent: true}}})
	silent := w.Responders()[0]
	a := ask(t, w.Client(0))
	a.send(silent.Addr(), change(changeIP))
	a.send(silent.Addr(), change(changeIP|changePort))
	a.send(silent.Alternate())
	a.send(silent.Alternate(), change(changeIP)) // would be sent from the primary, if it were answered
	until(t, func() bool { return silent.Requests() == 4 })
	if _, before := a.answer(a.send(silent.Addr())); len(before) != 0 {
		t.Error("the alternate address spoke:", before)
	}
}

// TestGarbageAnswer: bytes that no decoder takes.
func TestGarbageAnswer(t *testing.T) {
	r := responder(t, ResponderOptions{Plain: true, Faults: ResponderFaults{Garbage: true}})
	a := ask(t, nil)
	a.send(r.Addr())
	if got, err := a.receive(); err == nil || got.Source != r.Addr() {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestResponderOptions: what cannot be is refused, and no socket stays open.
func TestResponderOptions(t *testing.T) {
	one := netip.MustParseAddr("127.0.0.1")
	for name, o := range map[string]ResponderOptions{
		"one address twice": {Primary: one, Alternate: one},
		"two families":      {Primary: one, Alternate: netip.IPv6Loopback()},
		"wildcard":          {Primary: netip.IPv4Unspecified()},
		"one port twice":    {Port: 9, AlternatePort: 9},
	} {
		if _, err := StartResponder(o); !errors.Is(err, ErrOptions) {
			t.Errorf("%s: %v", name, err)
		}
	}
	taken := responder(t, ResponderOptions{Plain: true})
	if _, err := StartResponder(ResponderOptions{Port: taken.Addr().Port(), Plain: true}); err == nil {
		t.Error("a port that is taken was taken again")
	}
}

// FuzzResponder: whatever comes, an answer is STUN, goes to the address that asked, and is bounded by what was asked.
func FuzzResponder(f *testing.F) {
	for _, set := range [][]stun.Setter{
		nil, {change(6)}, {padding(100)}, {responsePort(1234)}, {stun.NewUsername("a"), stun.Fingerprint}, {stun.RawAttribute{Type: 0x7001}},
	} {
		m, err := stun.Build(append([]stun.Setter{stun.TransactionID, stun.BindingRequest}, set...)...)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(m.Raw, true)
	}
	f.Add([]byte(plainAnswers[Garbage]), false)
	r, from := unopened(), netip.MustParseAddrPort("[2001:db8::1]:4000")
	f.Fuzz(func(t *testing.T, datagram []byte, plain bool) {
		r.options.Plain = plain
		out, ok := r.answer(datagram, from, 0, 0)
		if !ok {
			return
		}
		const own = 200 // header, addresses, software, reason phrase
		if !stun.IsMessage(out.bytes) || len(out.bytes) > len(datagram)+own || out.to.Addr() != from.Addr() || out.via == nil {
			t.Errorf("%d bytes for %d, to %s via %v", len(out.bytes), len(datagram), out.to, out.via)
		}
	})
}

// unopened is a server that answers and cannot send.
func unopened() *Responder {
	r := &Responder{options: ResponderOptions{Software: "dialtone"}}
	for a := range r.sockets {
		for p := range r.sockets[a] {
			r.sockets[a][p] = &net.UDPConn{}
			r.addrs[a][p] = netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(a)}), uint16(p+1))
		}
	}
	return r
}
