package sockets

import (
	"encoding/binary"
	"encoding/hex"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/pion/transport/v5"

	"dialtone/diag"
	"dialtone/diag/guard"
	"dialtone/diag/handover"
	"dialtone/diag/wire"
)

// serverHello is a DTLS 1.2 ServerHello with a session ID of n bytes and TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256.
func serverHello(n int) []byte {
	body := append([]byte{0xfe, 0xfd}, make([]byte, 32)...)
	body = append(body, byte(n))
	body = append(body, make([]byte, n)...)
	body = append(body, 0xc0, 0x2b, 0)
	handshake := append([]byte{wire.HelloServer, 0, 0, byte(len(body)), 0, 0, 0, 0, 0, 0, 0, byte(len(body))}, body...)
	record := []byte{wire.RecordHandshake, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, byte(len(handshake))}
	return append(record, handshake...)
}

func stunMessage(kind uint16, attributes ...[]byte) []byte {
	b := make([]byte, 20)
	binary.BigEndian.PutUint16(b, kind)
	binary.BigEndian.PutUint32(b[4:], 0x2112A442)
	for _, a := range attributes {
		b = append(b, a...)
	}
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)-20))
	return b
}

func attribute(kind uint16, value []byte) []byte {
	a := make([]byte, 4, 4+len(value)+3)
	binary.BigEndian.PutUint16(a, kind)
	binary.BigEndian.PutUint16(a[2:], uint16(len(value)))
	a = append(a, value...)
	for len(a)%4 != 0 {
		a = append(a, 0)
	}
	return a
}

// nowhere is a network that keeps what is sent.
type nowhere struct {
	transport.UDPConn
	sent *[][]byte
}

func (n nowhere) WriteTo(b []byte, _ net.Addr) (int, error) {
	*n.sent = append(*n.sent, b)
	return len(b), nil
}

// unconnected is a socket without a network.
func unconnected(onHello func(version, cipher uint16)) *socket {
	var kept handover.Sockets
	return &socket{
		Socket: kept.Wrap(nowhere{sent: new([][]byte)}, "udp4", nil),
		gate: gate{net: &Net{o: Options{
			OnHello: onHello, Guard: guard.New(guard.Options{Now: time.Now}), Pause: handover.NewMeter(time.Now, nil),
		}}},
	}
}

func TestHelloIsSeenInEveryWrapping(t *testing.T) {
	hello := serverHello(32)
	channelData := append([]byte{0x40, 0, 0, byte(len(hello))}, hello...)
	for name, datagram := range map[string][]byte{
		"bare":             hello,
		"short session":    serverHello(0),
		"ChannelData":      channelData,
		"Data indication":  stunMessage(0x0017, attribute(0x0012, make([]byte, 8)), attribute(0x0013, hello)),
		"Send indication":  stunMessage(0x0016, attribute(0x0013, hello)),
		"odd attributes":   stunMessage(0x0017, attribute(0x8022, []byte("x")), attribute(0x0013, hello)),
		"trailing garbage": append(append([]byte{}, hello...), 1, 2, 3),
	} {
		t.Run(name, func(t *testing.T) {
			var version, cipher uint16
			unconnected(func(v, c uint16) { version, cipher = v, c }).arrives(datagram, netip.AddrPort{})
			if version != 0xfefd || cipher != 0xc02b {
				t.Errorf("version %#x, cipher %#x from %s", version, cipher, hex.EncodeToString(datagram))
			}
		})
	}
}

func TestWhatIsNoHello(t *testing.T) {
	hello := serverHello(4)
	client := append([]byte{}, hello...)
	client[13] = 1
	for name, datagram := range map[string][]byte{
		"nothing":         {},
		"ClientHello":     client,
		"cut":             hello[:30],
		"binding success": stunMessage(0x0101, attribute(0x0013, hello)),
		"channel cut":     append([]byte{0x40, 0, 0xff, 0xff}, hello...),
		"RTP":             {0x80, 96, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			unconnected(func(v, c uint16) { t.Errorf("taken for a ServerHello: %#x %#x", v, c) }).arrives(datagram, netip.AddrPort{})
		})
	}
}

func TestServerRequests(t *testing.T) {
	for _, test := range []struct {
		name string
		b    []byte
		want bool
	}{
		{"binding to a server", stunMessage(0x0001), true},
		{"allocate", stunMessage(0x0003), true},
		{"connectivity check", stunMessage(0x0001, attribute(0x0006, []byte("abcd:efgh"))), false},
		{"success", stunMessage(0x0101), false},
		{"no cookie", make([]byte, 20), false},
		{"short", []byte{0, 1}, false},
	} {
		m := wire.STUN(test.b)
		if got := m != nil && wire.IsServerRequest(m); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

func FuzzDatagram(f *testing.F) {
	f.Add(serverHello(32))
	f.Add(stunMessage(0x0017, attribute(0x0013, serverHello(0))))
	f.Add(stunMessage(0x0001, attribute(0x0006, []byte("a:b"))))
	f.Add([]byte{0x40, 0, 0, 1, 22})
	f.Fuzz(func(t *testing.T, b []byte) {
		s := unconnected(func(uint16, uint16) {})
		s.net.o.Guard.Local("a")
		s.arrives(b, netip.MustParseAddrPort("192.0.2.1:5000"))
		if n := s.net.o.Guard.Pairs(); n > 1 {
			t.Errorf("one datagram made %d pairs", n)
		}
	})
}

func TestEncryptedAlerts(t *testing.T) {
	alert := []byte{wire.RecordAlert, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 5, 0, 2, 1, 0}
	plain := append([]byte{}, alert...)
	plain[4] = 0
	for name, test := range map[string]struct {
		datagram []byte
		want     bool
	}{
		"bare":        {alert, true},
		"ChannelData": {append([]byte{0x40, 0, 0, byte(len(alert))}, alert...), true},
		"plain":       {plain, false},
		"handshake":   {serverHello(0), false},
		"cut":         {alert[:4], false},
		"RTP":         {[]byte{0x80, 96, 0, 1, 0, 1}, false},
		"nothing":     {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			seen := false
			s := unconnected(nil)
			s.net.o.OnAlert = func() { seen = true }
			if _, err := s.WriteTo(test.datagram, &net.UDPAddr{}); err != nil {
				t.Fatal(err)
			}
			if seen != test.want {
				t.Errorf("seen %v", seen)
			}
		})
	}
}

// TestTapOfRelay: packets of a connection to a TURN server are shown with its real ends, and not with those by which the
// agent knows it.
func TestTapOfRelay(t *testing.T) {
	var server net.ListenConfig
	listener, err := server.Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp4", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	var ends []string
	n := unconnected(nil).net
	n.o.Tap = func(_ diag.Direction, local, remote netip.AddrPort, _ []byte) {
		ends = append(ends, local.String(), remote.String())
	}
	agent := &net.TCPAddr{IP: net.IPv4zero, Port: 4}
	g := n.Gate(agent.AddrPort(), conn)
	if record := []byte{23, 0xfe, 0xfd}; !g.Leaves(record, agent) || !g.Arrives(record, agent) { // of DTLS
		t.Error("a packet did not pass")
	}
	own, to := conn.LocalAddr().String(), conn.RemoteAddr().String()
	if want := []string{own, to, own, to}; !slices.Equal(ends, want) {
		t.Errorf("%q, want %q", ends, want)
	}
}
