package probe

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/stun/v2"

	"dialtone/diag"
	"dialtone/diag/lab"
	"dialtone/diag/lab/labtest"
)

// bindingAnswer is a success for a request.
func bindingAnswer(t *testing.T, request []byte) []byte {
	var m stun.Message
	if err := stun.Decode(request, &m); err != nil {
		t.Error(err)
		return nil
	}
	a, err := stun.Build(stun.NewTransactionIDSetter(m.TransactionID), stun.NewType(m.Type.Method, stun.ClassSuccessResponse),
		&stun.XORMappedAddress{IP: net.IPv4(192, 0, 2, 1), Port: 1})
	if err != nil {
		t.Error(err)
		return nil
	}
	return a.Raw
}

// TestLoss drops the first two requests: the third is another transaction, and its round trip is its own.
func TestLoss(t *testing.T) {
	ids := make(chan txID, 10)
	addr := udpServer(t, func(n int, b []byte, _ net.Addr, _ net.PacketConn) []byte {
		ids <- txID(b[8:20])
		if n < 2 {
			return nil
		}
		return bindingAnswer(t, b)
	})
	r := ask(t, Target{URL: addr})
	if !r.OK() {
		t.Fatalf("%+v", r)
	}
	if r.DurationMs().Duration() < sendAt(2) || r.RTT().Duration() > r.DurationMs().Duration()-sendAt(2) {
		t.Errorf("the round trip of the third request took %v of %v", r.RTT().Duration(), r.DurationMs().Duration())
	}
	seen := map[txID]bool{}
	for range 3 {
		seen[<-ids] = true
	}
	if len(seen) != 3 {
		t.Errorf("%d transaction IDs in 3 requests", len(seen))
	}
}

// TestAllocateRepeats drops the first Allocate with credentials: its repetition is the same transaction, because the
// server may have allocated already.
func TestAllocateRepeats(t *testing.T) {
	ids := make(chan txID, 10)
	signed := 0
	addr := udpServer(t, func(_ int, b []byte, _ net.Addr, _ net.PacketConn) []byte {
		var m stun.Message
		if err := stun.Decode(b, &m); err != nil {
			t.Error(err)
			return nil
		}
		set := []stun.Setter{stun.NewTransactionIDSetter(m.TransactionID), stun.NewType(m.Type.Method, stun.ClassSuccessResponse)}
		switch {
		case m.Type.Method == stun.MethodRefresh:
		case !m.Contains(stun.AttrMessageIntegrity):
			set[1] = stun.NewType(m.Type.Method, stun.ClassErrorResponse)
			set = append(set, stun.CodeUnauthorized, stun.NewRealm("r"), stun.NewNonce("n"))
		default:
			ids <- m.TransactionID
			if signed++; signed < 3 {
				return nil
			}
			relay := stun.XORMappedAddress{IP: net.IPv4(192, 0, 2, 9), Port: 9}
			set = append(set, relayed{relay})
		}
		a, err := stun.Build(set...)
		if err != nil {
			t.Error(err)
		}
		return a.Raw
	})
	r := ask(t, target("turn:"+addr, nil))
	if !r.OK() || r.Relayed() != "192.0.2.9:9" {
		t.Fatalf("%+v", r)
	}
	if a, b, c := <-ids, <-ids, <-ids; a != b || b != c {
		t.Errorf("three transactions: %x %x %x", a, b, c)
	}
}

// relayed is XOR-RELAYED-ADDRESS.
type relayed struct{ stun.XORMappedAddress }

func (r relayed) AddTo(m *stun.Message) error {
	m.Add(stun.AttrLifetime, []byte{0, 0, 2, 88})
	return r.AddToAs(m, stun.AttrXORRelayedAddress)
}

// TestSource answers from another port: nobody may take that for an answer.
func TestSource(t *testing.T) {
	var lc net.ListenConfig
	other, err := lc.ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	addr := udpServer(t, func(_ int, b []byte, from net.Addr, _ net.PacketConn) []byte {
		if _, err := other.WriteTo(bindingAnswer(t, b), from); err != nil {
			t.Error(err)
		}
		return nil
	})
	if r := ask(t, Target{URL: addr, Timeout: 300 * time.Millisecond}); r.Cause() != diag.CauseTimeout {
		t.Errorf("%+v", r)
	}
}

// TestStray mixes foreign datagrams with the answer.
func TestStray(t *testing.T) {
	addr := udpServer(t, func(_ int, b []byte, from net.Addr, pc net.PacketConn) []byte {
		for _, stray := range [][]byte{[]byte("hello"), b} {
			if _, err := pc.WriteTo(stray, from); err != nil {
				t.Error(err)
			}
		}
		return bindingAnswer(t, b)
	})
	if r := ask(t, Target{URL: addr}); !r.OK() {
		t.Errorf("%+v", r)
	}
}

// TestLateAnswers delays answers until other questions are open: those of the first Allocate must not disturb.
func TestLateAnswers(t *testing.T) {
	var late []byte
	addr := udpServer(t, func(_ int, b []byte, from net.Addr, pc net.PacketConn) []byte {
		var m stun.Message
		if err := stun.Decode(b, &m); err != nil {
			t.Error(err)
			return nil
		}
		for range 5 {
			if late != nil {
				if _, err := pc.WriteTo(late, from); err != nil {
					t.Error(err)
				}
			}
		}
		a, err := stun.Build(stun.NewTransactionIDSetter(m.TransactionID), stun.NewType(m.Type.Method, stun.ClassErrorResponse),
			stun.CodeUnauthorized, stun.NewRealm("r"), stun.NewNonce("n"))
		if err != nil {
			t.Error(err)
		}
		late = a.Raw
		return a.Raw
	})
	if r := ask(t, target("turn:"+addr, nil)); r.Cause() != diag.CauseAuth || r.Code() != 401 {
		t.Errorf("%+v", r)
	}
}

// TestRate holds the schedule against RFC 5780 §5: at most ten new transactions a second.
func TestRate(t *testing.T) {
	for n := range 40 {
		if d := sendAt(n+10) - sendAt(n); d < time.Second {
			t.Errorf("sends %d to %d within %v", n, n+10, d)
		}
		if sendAt(n+1) <= sendAt(n) {
			t.Errorf("send %d is not after send %d", n+1, n)
		}
	}
}

// dnsServer answers every question with a code, or with addresses of the type that is asked for.
func dnsServer(t *testing.T, code byte, addrs ...string) string {
	return udpServer(t, func(_ int, b []byte, _ net.Addr, _ net.PacketConn) []byte {
		end := 12
		for b[end] != 0 {
			end += int(b[end]) + 1
		}
		end += 5 // the root label, type and class
		asked := binary.BigEndian.Uint16(b[end-4:])
		out := append([]byte{b[0], b[1], 0x81, 0x80 | code, 0, 1, 0, 0, 0, 0, 0, 0}, b[12:end]...)
		for _, a := range addrs {
			ip := netip.MustParseAddr(a)
			typ := uint16(1) // A
			if ip.Is6() {
				typ = 28 // AAAA
			}
			if typ != asked {
				continue
			}
			out[7]++
			out = append(out, 0xc0, 12, 0, byte(typ), 0, 1, 0, 0, 0, 60, 0, byte(len(ip.AsSlice())))
			out = append(out, ip.AsSlice()...)
		}
		return out
	})
}

func TestDNS(t *testing.T) {
	silent := udpServer(t, func(int, []byte, net.Addr, net.PacketConn) []byte { return nil })
	for _, tt := range []struct {
		name, dns, text string
		timeout         time.Duration
	}{
		{"no such name", dnsServer(t, 3), "does not exist", 0},
		{"no address", dnsServer(t, 0), "does not exist", 0},
		{"server failure", dnsServer(t, 2), "could not be resolved", 0},
		{"silent resolver", silent, "did not answer", 300 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := ask(t, Target{URL: "stun:stun.example.com", Resolver: labtest.ResolverAt(tt.dns), Timeout: tt.timeout})
			if r.Cause() != diag.CauseDNS || stageOf(r) != diag.StageDNS || !strings.Contains(errorText(r), tt.text) {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestSystemResolver looks up a name that never exists (RFC 6761 §6.4). Without a network there may be nobody to ask.
func TestSystemResolver(t *testing.T) {
	timeout := time.Second
	r := ask(t, Target{URL: "stun:dialtone.invalid", Timeout: timeout})
	if r.Cause() != diag.CauseDNS || stageOf(r) != diag.StageDNS || r.DurationMs().Duration() > 10*timeout {
		t.Errorf("%+v", r)
	}
}

// TestName reaches a server by its name, and times that.
func TestName(t *testing.T) {
	dns := dnsServer(t, 0, "127.0.0.1")
	addr := udpServer(t, func(_ int, b []byte, _ net.Addr, _ net.PacketConn) []byte { return bindingAnswer(t, b) })
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	r := ask(t, Target{URL: "stun:stun.example.com:" + port, Resolver: labtest.ResolverAt(dns)})
	if !r.OK() || r.Address != addr || r.Took(diag.StageDNS) == nil || r.URL != "stun:stun.example.com:"+port {
		t.Errorf("%+v", r)
	}
}

// TestTwoAddresses has a name with an address of each family. Where both fail, the first one's failure is told.
func TestTwoAddresses(t *testing.T) {
	refused := startRefused(t)
	_, port, err := net.SplitHostPort(refused)
	if err != nil {
		t.Fatal(err)
	}
	dns := dnsServer(t, 0, "127.0.0.1", "::1")
	r := ask(t, Target{URL: "stun:stun.example.com:" + port, Resolver: labtest.ResolverAt(dns)})
	if r.Cause() != diag.CauseRefused || r.Address != refused {
		t.Errorf("%+v", r)
	}
}

// TestSecondAddress has a name whose first address refuses: the second one is asked. An answer, even one that is an
// error, is that of the server.
func TestSecondAddress(t *testing.T) {
	if r := askSecond(t, ":0"); !r.OK() || !strings.HasPrefix(r.Address, "[::1]:") {
		t.Errorf("%+v", r)
	}
	first := udpServer(t, func(_ int, b []byte, _ net.Addr, _ net.PacketConn) []byte {
		id, _ := requestID(b)
		return message(t, stun.BindingError, stun.NewTransactionIDSetter(id), stun.ErrorCodeAttribute{Code: 500})
	})
	if r := askSecond(t, first[strings.LastIndex(first, ":"):]); r.OK() || r.Address != first {
		t.Errorf("%+v", r)
	}
}

// askSecond asks a name with the addresses of both loopback interfaces, where a server of IPv6 listens on the port.
func askSecond(t *testing.T, port string) diag.Server {
	t.Helper()
	var lc net.ListenConfig
	pc, err := lc.ListenPacket(t.Context(), "udp", "[::1]"+port)
	if err != nil {
		t.Skipf("no IPv6 on this machine: %v", err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 2048)
		for {
			n, from, err := pc.ReadFrom(b)
			if err != nil {
				return
			}
			if _, err := pc.WriteTo(bindingAnswer(t, b[:n]), from); err != nil {
				return
			}
		}
	}()
	defer func() {
		_ = pc.Close()
		<-done
	}()
	_, port, err = net.SplitHostPort(pc.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	dns := dnsServer(t, 0, "127.0.0.1", "::1")
	return ask(t, Target{URL: "stun:stun.example.com:" + port, Resolver: labtest.ResolverAt(dns)})
}

// startRefused is an address where nothing listens.
func startRefused(t *testing.T) string {
	return startFault(t, lab.Fault{Behavior: lab.Refused}).Addr()
}
