package handover

import (
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pion/stun/v4"
	"go.uber.org/goleak"

	"dialtone/diag"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var anyPort = &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}

func listen(t *testing.T) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp4", anyPort)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// TestSocketIsUsedAgain: what arrives between two uses of a socket is read, and by the second one only.
func TestSocketIsUsedAgain(t *testing.T) {
	var s Sockets
	peer := listen(t)
	old := s.Wrap(listen(t), "udp4", anyPort)
	address := old.LocalAddr()
	s.Restart(peer.LocalAddr().(*net.UDPAddr).AddrPort())
	read := make(chan error, 1)
	go func() {
		_, _, err := old.ReadFromAddrPort(make([]byte, 100))
		read <- err
	}()
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-read; !errors.Is(err, net.ErrClosed) {
		t.Errorf("a pending read: %v", err)
	}
	if _, err := peer.WriteTo([]byte("meanwhile"), address); err != nil {
		t.Fatal(err)
	}
	if s.Again("udp6", anyPort) != nil || s.Again("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 2)}) != nil {
		t.Fatal("a socket on another address")
	}
	again := s.Again("udp4", anyPort)
	if again == nil || again.LocalAddr().String() != address.String() {
		t.Fatalf("used again: %v", again)
	}
	for name, err := range map[string]error{"deadline": old.SetDeadline(time.Unix(1, 0)), "close": old.Close()} {
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("the closed socket, %s: %v", name, err)
		}
	}
	b := make([]byte, 100)
	n, _, err := again.ReadFromAddrPort(b)
	if string(b[:n]) != "meanwhile" {
		t.Errorf("%q, %v", b[:n], err)
	}
	s.Release()
	if err := again.Close(); err != nil || s.Again("udp4", anyPort) != nil {
		t.Errorf("a socket is kept after the restart: %v", err)
	}
}

// TestReleaseClosesTheRest: a socket that is not used again is closed.
func TestReleaseClosesTheRest(t *testing.T) {
	var s Sockets
	conn := listen(t)
	socket := s.Wrap(conn, "udp4", anyPort)
	s.Restart(netip.AddrPort{})
	_ = socket.Close()
	s.Release()
	if _, err := conn.WriteTo([]byte("x"), anyPort); !errors.Is(err, net.ErrClosed) || s.Again("udp4", anyPort) != nil {
		t.Error(err)
	}
}

// TestSource: media from where the peer sent before comes from a candidate that the agent knows, and nothing else does.
func TestSource(t *testing.T) {
	var s Sockets
	socket := s.Wrap(listen(t), "udp4", anyPort)
	before, after := netip.MustParseAddrPort("192.0.2.1:4000"), netip.MustParseAddrPort("192.0.2.1:5000")
	media := []byte{0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}
	check := func(user string) []byte {
		m, err := stun.Build(stun.BindingRequest, stun.TransactionID, stun.NewUsername(user))
		if err != nil {
			t.Fatal(err)
		}
		return m.Raw
	}
	expect := func(when string, b []byte, from, want netip.AddrPort) {
		t.Helper()
		if got := socket.Source(b, from); got != want {
			t.Errorf("%s: %s", when, got)
		}
	}
	socket.Sent(check("remote:local"), after)
	expect("without a restart", media, before, before)
	s.Restart(before)
	socket = s.Wrap(listen(t), "udp4", anyPort)
	socket.Sent(check(":local"), after)
	expect("before the peer's credentials are known", media, before, before)
	socket.Sent(check("remote:local"), after)
	expect("media", media, before, after)
	expect("a check", check("local:remote"), before, before)
	other := netip.MustParseAddrPort("192.0.2.1:4001")
	expect("another address", media, other, other)
	socket.Sent(check("remote:local"), before)
	expect("a candidate on the same address", media, before, before)
}

// TestPauses: the meter counts from the last packet on the old path to the first one on the new.
func TestPauses(t *testing.T) {
	const in, out = diag.Inbound, diag.Outbound
	oldPath := Path{1, netip.MustParseAddrPort("192.0.2.1:1")}
	newPath := Path{1, netip.MustParseAddrPort("192.0.2.1:2")}
	media, rtcp := []byte{0x80, 96, 11: 0}, []byte{0x80, 200, 11: 0}
	type step func(*Meter)
	send := func(d diag.Direction, p Path, b []byte) step { return func(m *Meter) { m.Packet(d, p, b) } }
	begin, lost := func(m *Meter) { m.Begin(false) }, func(m *Meter) { m.Begin(true) }
	connected, poll := (*Meter).Connected, (*Meter).Poll
	ms := func(n int) *diag.Millis { return new(diag.Millis(time.Duration(n) * time.Millisecond)) }
	for name, test := range map[string]struct {
		steps map[int]step // by their time in ms
		want  []diag.Data
	}{
		"both move": {map[int]step{
			0: send(in, oldPath, media), 10: send(out, oldPath, media), 20: begin, 40: send(in, oldPath, media),
			90: send(out, newPath, media), 95: connected, 150: send(in, oldPath, media), 170: send(in, newPath, media),
			400: send(in, newPath, media), 1000: send(out, newPath, media),
		}, []diag.Data{diag.MediaPause{Inbound: ms(110), Outbound: ms(80)}}},
		"the same ports": {map[int]step{
			0: send(in, oldPath, media), 20: begin, 40: send(in, oldPath, media), 90: connected, 100: send(in, oldPath, media),
			500: send(in, oldPath, media),
		}, []diag.Data{diag.MediaPause{Inbound: ms(60)}}},
		"one stays": {map[int]step{
			0: send(in, oldPath, media), 20: begin, 90: connected, 100: send(in, oldPath, rtcp), 11_000: poll,
		}, []diag.Data{diag.MediaPause{Inbound: ms(11_000)}}},
		"it had stopped before": {map[int]step{
			0: send(in, oldPath, media), 2000: begin, 2010: connected, 2020: send(in, newPath, media),
		}, nil},
		"an outage": {map[int]step{
			0: send(in, oldPath, media), 20_000: lost, 21_000: begin, 22_000: connected, 22_010: send(in, newPath, media),
		}, []diag.Data{diag.MediaPause{Inbound: ms(22_010)}}},
		"on hold since": {map[int]step{
			0: send(in, oldPath, media), 5: send(out, oldPath, media), 20: begin, 30: func(m *Meter) { m.Agreed(false, true) },
			90: connected, 100: send(out, newPath, media), 11_000: poll,
		}, []diag.Data{diag.MediaPause{Outbound: ms(95)}}},
		"no media":        {map[int]step{0: send(in, oldPath, rtcp), 10: begin, 20: connected, 30: poll}, nil},
		"not connected":   {map[int]step{0: send(in, oldPath, media), 10: begin, 60_000: poll}, nil},
		"without restart": {map[int]step{0: send(in, oldPath, media), 10: connected, 900: send(in, newPath, media)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Unix(1, 0)
			var got []diag.Data
			m := NewMeter(func() time.Time { return now }, func(d diag.Data) { got = append(got, d) })
			for at := range 60_001 {
				if s := test.steps[at]; s != nil {
					now = time.Unix(1, 0).Add(time.Duration(at) * time.Millisecond)
					s(m)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
