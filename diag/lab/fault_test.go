package lab

import (
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// exchange sends a request and reads what comes, as one message.
func exchange(t *testing.T, c net.Conn, stream bool, set ...stun.Setter) (*stun.Message, error) {
	t.Helper()
	req, err := stun.Build(append([]stun.Setter{stun.TransactionID}, set...)...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write(req.Raw); err != nil {
		return nil, err
	}
	m := &stun.Message{}
	if stream {
		m.Raw, err = readMessage(c)
	} else {
		m.Raw = make([]byte, maxMessage)
		var n int
		n, err = c.Read(m.Raw)
		m.Raw = m.Raw[:n]
	}
	if err != nil {
		return nil, err
	}
	if err := m.Decode(); err != nil {
		return nil, err
	}
	if m.TransactionID != req.TransactionID {
		return m, errors.New("another transaction ID")
	}
	return m, nil
}

func startFault(t *testing.T, f Fault) *FaultServer {
	t.Helper()
	s, err := StartFault(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 2 {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return s
}

// TestCredentials walks through the ways of 401 and 438.
func TestCredentials(t *testing.T) {
	allocate := stun.NewType(stun.MethodAllocate, stun.ClassRequest)
	right := stun.NewLongTermIntegrity("alice", "dialtone", "secret")
	signed := func(m *stun.Message, key stun.MessageIntegrity) []stun.Setter {
		var n stun.Nonce
		if err := n.GetFrom(m); err != nil {
			t.Fatal(err)
		}
		return []stun.Setter{allocate, stun.NewUsername("alice"), stun.NewRealm("dialtone"), n, key}
	}
	for _, network := range []Transport{UDP, TCP} {
		for _, tt := range []struct {
			name  string
			fault Fault
			key   stun.MessageIntegrity
			codes []int // of the answers in turn, 0 for success
		}{
			{"right", Fault{Behavior: Correct}, right, []int{401, 0}},
			{"wrong", Fault{Behavior: Correct}, stun.NewShortTermIntegrity("no"), []int{401, 401, 401}},
			{"stale once", Fault{Behavior: StaleOnce}, right, []int{401, 438, 0}},
			{"always stale", Fault{Behavior: AuthError, Code: 438}, right, []int{401, 438, 438}},
			{"quota", Fault{Behavior: AuthError, Code: 486}, right, []int{401, 486}},
			{"at once", Fault{Behavior: StunError, Code: 500, Reason: "no"}, right, []int{500}},
		} {
			tt.fault.Network, tt.fault.Username, tt.fault.Password = network, "alice", "secret"
			s := startFault(t, tt.fault)
			c := dial(t, string(network), s.Addr())
			set := []stun.Setter{allocate}
			for i, want := range tt.codes {
				m, err := exchange(t, c, network == TCP, set...)
				if err != nil {
					t.Fatal(tt.name, err)
				}
				var code stun.ErrorCodeAttribute
				_ = code.GetFrom(m) // 0 where there is none
				if int(code.Code) != want {
					t.Fatalf("%s %s: answer %d has code %d, want %d", network, tt.name, i, code.Code, want)
				}
				if want == 0 {
					if err := right.Check(m); err != nil {
						t.Error(tt.name, err)
					}
					break
				}
				set = signed(m, tt.key)
			}
			if s.Requests() != len(tt.codes) {
				t.Errorf("%s: %d requests are counted, want %d", tt.name, s.Requests(), len(tt.codes))
			}
		}
	}
}

func TestMapped(t *testing.T) {
	for _, network := range []Transport{UDP, TCP} {
		s := startFault(t, Fault{Network: network, Behavior: Correct, Software: "test"})
		c := dial(t, string(network), s.Addr())
		m, err := exchange(t, c, network == TCP, stun.BindingRequest)
		if err != nil {
			t.Fatal(err)
		}
		var mapped stun.XORMappedAddress
		var software stun.Software
		if err := m.Parse(&mapped, &software); err != nil {
			t.Fatal(err)
		}
		if mapped.String() != c.LocalAddr().String() || software.String() != "test" {
			t.Errorf("mapped %s of %s, software %s", mapped, c.LocalAddr(), software)
		}
	}
}

func TestLies(t *testing.T) {
	s := startFault(t, Fault{Behavior: EmptyMapped})
	m, err := exchange(t, dial(t, "udp", s.Addr()), false, stun.BindingRequest)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := m.Get(stun.AttrXORMappedAddress); err != nil || len(v) != 0 {
		t.Errorf("%x, %v", v, err)
	}
	s = startFault(t, Fault{Behavior: NoAddress})
	if m, err := exchange(t, dial(t, "udp", s.Addr()), false, stun.BindingRequest); err != nil || len(m.Attributes) != 0 {
		t.Errorf("%v, %v", m, err)
	}
	s = startFault(t, Fault{Behavior: WrongTransaction})
	if _, err := exchange(t, dial(t, "udp", s.Addr()), false, stun.BindingRequest); err == nil {
		t.Error("the transaction ID is right")
	}
	s = startFault(t, Fault{Behavior: NoNonce, Username: "alice", Password: "secret"})
	m, err = exchange(t, dial(t, "udp", s.Addr()), false, stun.NewType(stun.MethodAllocate, stun.ClassRequest))
	if err != nil || !m.Contains(stun.AttrErrorCode) || m.Contains(stun.AttrNonce) {
		t.Errorf("%v, %v", m, err)
	}
}

// TestRefused has ports that are closed, and stay so.
func TestRefused(t *testing.T) {
	udp := startFault(t, Fault{Network: UDP, Behavior: Refused})
	c := dial(t, "udp", udp.Addr())
	if _, err := c.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 10)); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("UDP: %v", err)
	}
	tcp := startFault(t, Fault{Network: TCP, Behavior: Refused})
	var d net.Dialer
	if c, err := d.DialContext(t.Context(), "tcp", tcp.Addr()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("TCP: %v, %v", c, err)
	}
	if l, err := listenStream(tcp.Addr()); err == nil {
		t.Error("somebody else could take the port")
		_ = l.Close()
	}
	if pc, err := listenPacket(udp.Addr()); err == nil {
		t.Error("somebody else could take the port")
		_ = pc.Close()
	}
}

// TestStreams reads what servers say over TCP that do not answer in order.
func TestStreams(t *testing.T) {
	read := func(f Fault) string {
		t.Helper()
		f.Network = TCP
		s := startFault(t, f)
		c := dial(t, "tcp", s.Addr())
		req := stun.MustBuild(stun.TransactionID, stun.BindingRequest)
		if _, err := c.Write(req.Raw); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 1<<16)
		n, err := c.Read(b)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
			t.Error(f.Behavior, err)
		}
		return string(b[:n])
	}
	if got := read(Fault{Behavior: Closing}); got != "" {
		t.Errorf("closing: %q", got)
	}
	if got := read(Fault{Behavior: HTTP}); !strings.HasPrefix(got, "HTTP/1.1 400") {
		t.Errorf("http: %q", got)
	}
	if got := read(Fault{Behavior: Garbage}); len(got) == 0 || stun.IsMessage([]byte(got)) {
		t.Errorf("garbage: %q", got)
	}
	if got := read(Fault{Behavior: Huge}); len(got) < 20 || got[2:4] != "\xff\xfc" {
		t.Errorf("huge: %d bytes", len(got))
	}
	for _, b := range []Behavior{Trickle, Endless} {
		if got := read(Fault{Behavior: b}); len(got) != 1 {
			t.Errorf("%s: %d bytes at once", b, len(got))
		}
	}
	if got := read(Fault{Behavior: Flood}); !stun.IsMessage([]byte(got)) {
		t.Errorf("flood: %q", got)
	}
}

// TestSilent closes servers while clients wait.
func TestSilent(t *testing.T) {
	for _, tr := range []Transport{UDP, TCP, TLS, DTLS} {
		for _, b := range []Behavior{Silent, Mute} {
			s := startFault(t, Fault{Network: tr, Behavior: b})
			network := "tcp"
			if tr == UDP || tr == DTLS {
				network = "udp"
			}
			c := dial(t, network, s.Addr())
			if _, err := c.Write([]byte("hello")); err != nil {
				t.Fatal(err)
			}
			done := time.AfterFunc(20*time.Second, func() { _ = c.Close() })
			if err := s.Close(); err != nil {
				t.Error(tr, b, err)
			}
			if !done.Stop() {
				t.Errorf("%s %s: Close waited for the client", b, tr)
			}
		}
	}
}

func TestStartFaultRefuses(t *testing.T) {
	for name, f := range map[string]Fault{
		"no behavior":      {},
		"unknown behavior": {Behavior: NoLifetime + 1},
		"unknown network":  {Behavior: Silent, Network: "sctp"},
		"no error code":    {Behavior: StunError},
		"wild error code":  {Behavior: AuthError, Code: 700},
	} {
		if s, err := StartFault(f); !errors.Is(err, ErrOptions) {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
}

func TestBehaviorNames(t *testing.T) {
	seen := map[string]bool{}
	for b := BehaviorUnknown; b <= NoLifetime; b++ {
		if b.String() == "" || seen[b.String()] {
			t.Errorf("behavior %d is called %q", b, b)
		}
		seen[b.String()] = true
	}
	if len(seen) != len(behaviorNames) || (NoLifetime+1).String() != "unknown" {
		t.Errorf("%d names for %d behaviors", len(behaviorNames), len(seen))
	}
}
