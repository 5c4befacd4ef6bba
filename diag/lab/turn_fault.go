package lab

import (
	"encoding/binary"
	"net"
	"sync"
	"time"

	"github.com/pion/stun/v4"
)

// TURNFaults are what a TURN server does wrong once it has allocated a relay, over UDP. Everything else it does
// right.
type TURNFaults struct {
	// Error codes of the answers to CreatePermission, ChannelBind and Refresh requests; 0: they succeed. With 438 each
	// answer has another nonce.
	Permission, Bind, Refresh int

	Lifetime  *time.Duration // what a Refresh grants, whatever is asked for; nil: that
	NoAnswer  bool           // CreatePermission is not answered
	NoSend    bool           // Send indications are dropped
	NoChannel bool           // ChannelData is dropped
	Closed    bool           // a firewall in front of the relays lets in only answers
}

// none reports whether there is no fault.
func (f *TURNFaults) none() bool { return *f == TURNFaults{} }

// faultyConn is the socket of a server with such faults: it answers what the server must not see.
type faultyConn struct {
	net.PacketConn
	faults TURNFaults
	key    stun.MessageIntegrity
	realm  string
}

// ReadFrom returns the next packet that the server handles itself.
func (c *faultyConn) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := c.PacketConn.ReadFrom(b)
		if err != nil {
			return n, from, err
		}
		dropped, answer := c.handle(b[:n])
		if answer != nil {
			_, _ = c.WriteTo(answer, from) // as any datagram it may get lost
		}
		if !dropped {
			return n, from, nil
		}
	}
}

// handle reports whether a packet is kept from the server, and what is answered instead; nil: nothing.
func (c *faultyConn) handle(b []byte) (dropped bool, answer []byte) {
	if len(b) > 0 && b[0]&0xc0 == 0x40 {
		return c.faults.NoChannel, nil
	}
	m := &stun.Message{Raw: append([]byte(nil), b...)}
	if m.Decode() != nil {
		return false, nil
	}
	if m.Type == stun.NewType(stun.MethodSend, stun.ClassIndication) {
		return c.faults.NoSend, nil
	}
	if m.Type.Class != stun.ClassRequest || !m.Contains(stun.AttrMessageIntegrity) {
		return false, nil
	}
	code := map[stun.Method]int{
		stun.MethodCreatePermission: c.faults.Permission, stun.MethodChannelBind: c.faults.Bind,
		stun.MethodRefresh: c.faults.Refresh,
	}[m.Type.Method]
	switch {
	case code != 0:
		return true, c.failure(m, code)
	case m.Type.Method == stun.MethodRefresh && c.faults.Lifetime != nil && !releases(m):
		return true, c.grant(m)
	}
	return m.Type.Method == stun.MethodCreatePermission && c.faults.NoAnswer, nil
}

// releases reports whether a Refresh ends the allocation.
func releases(m *stun.Message) bool {
	v, err := m.Get(stun.AttrLifetime)
	return err == nil && len(v) == 4 && binary.BigEndian.Uint32(v) == 0
}

// failure is a signed error response.
func (c *faultyConn) failure(m *stun.Message, code int) []byte {
	nonce := stun.NewTransactionID()
	return c.build(stun.NewTransactionIDSetter(m.TransactionID), stun.NewType(m.Type.Method, stun.ClassErrorResponse),
		stun.ErrorCodeAttribute{Code: stun.ErrorCode(code)}, stun.NewRealm(c.realm), stun.NewNonce(string(nonce[:])), c.key)
}

// grant is a signed success response to a Refresh.
func (c *faultyConn) grant(m *stun.Message) []byte {
	seconds := binary.BigEndian.AppendUint32(nil, uint32(*c.faults.Lifetime/time.Second))
	return c.build(stun.NewTransactionIDSetter(m.TransactionID), stun.NewType(m.Type.Method, stun.ClassSuccessResponse),
		stun.RawAttribute{Type: stun.AttrLifetime, Value: seconds}, c.key)
}

// build makes a message; nil when it cannot be made.
func (c *faultyConn) build(set ...stun.Setter) []byte {
	m, err := stun.Build(set...)
	if err != nil {
		return nil
	}
	return m.Raw
}

// closedRelay is the socket of a relay behind a firewall that lets in only what comes from where it has sent to.
type closedRelay struct {
	net.PacketConn
	sent sync.Map // strings of addresses
}

func (c *closedRelay) WriteTo(b []byte, to net.Addr) (int, error) {
	c.sent.Store(to.String(), true)
	return c.PacketConn.WriteTo(b, to)
}

func (c *closedRelay) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := c.PacketConn.ReadFrom(b)
		if err != nil {
			return n, from, err
		}
		if _, known := c.sent.Load(from.String()); known {
			return n, from, nil
		}
	}
}
