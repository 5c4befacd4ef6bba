package iceservers

import (
	"crypto/md5" //nolint:gosec // RFC 8489 §9.2.2
	"encoding/binary"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v4"

	"dialtone/diag/lab"
)

// turnByHand is a TURN client that sends what libraries do not (RFC 8656).
type turnByHand struct {
	conn         net.Conn
	realm, nonce []byte
	password     string
}

func startByHand(t *testing.T, r *Relay) *turnByHand {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "udp4", r.Addr(lab.UDP).String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	c := &turnByHand{conn: conn, password: "secret"}
	transport := attribute(stun.AttrRequestedTransport, 17, 0, 0, 0)
	unauthorized := c.ask(t, stun.MethodAllocate, transport)
	if c.realm, err = unauthorized.Get(stun.AttrRealm); err == nil {
		c.nonce, err = unauthorized.Get(stun.AttrNonce)
	}
	if err != nil {
		t.Fatal(err)
	}
	if m := c.ask(t, stun.MethodAllocate, transport); m.Type.Class != stun.ClassSuccessResponse {
		t.Fatal(m)
	}
	return c
}

func attribute(kind stun.AttrType, value ...byte) stun.Setter {
	return stun.RawAttribute{Type: kind, Value: value}
}

// peer is XOR-PEER-ADDRESS in the family in which the address is written.
type peer netip.AddrPort

// AddTo implements stun.Setter.
func (p peer) AddTo(m *stun.Message) error {
	a := netip.AddrPort(p)
	cookie := append([]byte{0x21, 0x12, 0xA4, 0x42}, m.TransactionID[:]...)
	value := binary.BigEndian.AppendUint16([]byte{0, 1}, a.Port()^0x2112)
	if a.Addr().Is6() {
		value[1] = 2
	}
	for i, b := range a.Addr().AsSlice() {
		value = append(value, b^cookie[i])
	}
	m.Add(stun.AttrXORPeerAddress, value)
	return nil
}

// ask sends a request with the operator's account, once the realm is known, and returns the answer.
func (c *turnByHand) ask(t *testing.T, method stun.Method, attributes ...stun.Setter) *stun.Message {
	t.Helper()
	setters := append([]stun.Setter{stun.TransactionID, stun.NewType(method, stun.ClassRequest)}, attributes...)
	if c.realm != nil {
		key := md5.Sum([]byte("ann:" + string(c.realm) + ":" + c.password)) //nolint:gosec // see above
		setters = append(setters, stun.NewUsername("ann"), attribute(stun.AttrRealm, c.realm...),
			attribute(stun.AttrNonce, c.nonce...), stun.MessageIntegrity(key[:]))
	}
	m, err := stun.Build(setters...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.conn.Write(m.Raw); err != nil {
		t.Fatal(err)
	}
	_ = c.conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	for b := make([]byte, 1500); ; {
		n, err := c.conn.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		answer := &stun.Message{Raw: append([]byte(nil), b[:n]...)}
		if answer.Decode() == nil && answer.TransactionID == m.TransactionID {
			return answer
		}
	}
}

// send sends data to a peer by an indication, and through a channel, whether there are permission and channel or not.
func (c *turnByHand) send(t *testing.T, to netip.AddrPort, channel uint16) {
	t.Helper()
	m, err := stun.Build(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication), peer(to),
		attribute(stun.AttrData, []byte("attack")...))
	if err != nil {
		t.Fatal(err)
	}
	data := binary.BigEndian.AppendUint16(nil, channel)
	data = append(binary.BigEndian.AppendUint16(data, 8), "attack!!"...)
	for _, raw := range [][]byte{m.Raw, data} {
		if _, err := c.conn.Write(raw); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNoOpenRelayByHand: neither permissions for several peers, nor channels, nor IPv6 addresses that stand for IPv4 ones
// lead to an address that is denied, nor do other ports of an address that has a permission.
func TestNoOpenRelayByHand(t *testing.T) {
	victim, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = victim.Close() }()
	port := victim.LocalAddr().(*net.UDPAddr).AddrPort().Port() //nolint:forcetypeassert // it is one
	r, _ := startRelay(t, RelayOptions{})
	c := startByHand(t, r)
	at := func(a string) netip.AddrPort { return netip.AddrPortFrom(netip.MustParseAddr(a), port) }
	relay := at("127.0.0.1") // the relay's own: other allocations are there
	channel := uint16(0x4000)
	for _, a := range []string{
		"127.0.0.2", "0.0.0.0", "10.0.0.7", "169.254.169.254", "100.64.0.1", "255.255.255.255", "224.0.0.1", "::ffff:127.0.0.2", "::1", "::",
		"fe80::1", "fd00::1", "::127.0.0.2", "64:ff9b::7f00:2", "64:ff9b:1:7f00:0:200::", "2002:7f00:2::", "::ffff:0:127.0.0.2",
		"::ffff:169.254.169.254", "ff02::1",
	} {
		for name, m := range map[string]*stun.Message{
			"a permission":               c.ask(t, stun.MethodCreatePermission, peer(at(a))),
			"a permission beside others": c.ask(t, stun.MethodCreatePermission, peer(relay), peer(at(a))),
			"a channel": c.ask(t, stun.MethodChannelBind, attribute(stun.AttrChannelNumber, byte(channel>>8), byte(channel), 0, 0),
				peer(at(a))),
		} {
			if m.Type.Class != stun.ClassErrorResponse {
				t.Errorf("%s: %s", a, name)
			}
		}
		c.send(t, at(a), channel)
		channel++
	}
	if m := c.ask(t, stun.MethodChannelBind, attribute(stun.AttrChannelNumber, byte(channel>>8), byte(channel), 0, 0),
		peer(relay)); m.Type.Class != stun.ClassSuccessResponse {
		t.Fatalf("a channel to another allocation: %v", m)
	}
	c.send(t, relay, channel) // a service of this machine, where other allocations could be
	c.ask(t, stun.MethodRefresh)
	end, err := (&net.Dialer{}).DialContext(t.Context(), "udp4", relay.String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = end.Close() }()
	if _, err := end.Write([]byte("end")); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 100)
	if n, from, err := victim.ReadFrom(b); err != nil || string(b[:n]) != "end" {
		t.Errorf("the victim got %q from %v, %v", b[:n], from, err)
	}
}

// TestGrantsAreBounded: permissions and channels without end cost an allocation little, those that exist go on, and others
// are not affected.
func TestGrantsAreBounded(t *testing.T) {
	r, log := startRelay(t, RelayOptions{})
	c, other := startByHand(t, r), startByHand(t, r)
	permit := func(c *turnByHand, first, n int) bool {
		peers := make([]stun.Setter, n)
		for i := range peers {
			peers[i] = peer(netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, byte((first + i) / 256), byte(first + i)}), 9))
		}
		return c.ask(t, stun.MethodCreatePermission, peers...).Type.Class == stun.ClassSuccessResponse
	}
	if !permit(c, 0, 64) || !permit(c, 64, 64) || !permit(c, 128, 64) || !permit(c, 192, 64) {
		t.Error("256 permissions are not granted")
	}
	if permit(c, 256, 1) {
		t.Error("a 257th permission")
	}
	if !permit(c, 7, 1) {
		t.Error("a permission is not renewed")
	}
	bind := func(c *turnByHand, n int) bool {
		channel := attribute(stun.AttrChannelNumber, byte(0x40+n/256), byte(n), 0, 0)
		to := peer(netip.AddrPortFrom(netip.MustParseAddr("203.0.0.1"), uint16(1000+n))) //nolint:gosec // few
		return c.ask(t, stun.MethodChannelBind, channel, to).Type.Class == stun.ClassSuccessResponse
	}
	bound := 0
	for n := range 300 {
		if bind(c, n) {
			bound++
		}
	}
	if bound != 256 {
		t.Errorf("%d channels", bound)
	}
	if !permit(other, 300, 1) || !bind(other, 0) {
		t.Error("another allocation is affected")
	}
	log.wantOnce(t, "the relay has as many peers as it may", "limit=256")
	right := c.password
	c.password = "wrong"
	c.ask(t, stun.MethodRefresh)
	c.ask(t, stun.MethodRefresh)
	log.wantOnce(t, "wrong password", "from=127.0.0.1")
	c.password = right
	c.ask(t, stun.MethodRefresh, attribute(stun.AttrLifetime, 0, 0, 0, 0))
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.clients); n != 1 {
		t.Errorf("%d allocations are counted", n)
	}
}
