package probe

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/pion/stun/v2"
)

// This file is the only one that knows pion/stun. Two faults of its decoder shape it: an address attribute that is
// too short makes it panic or read half an address (GHSA-34rh-wp3j-6cxc), so sizes are checked before; and it keeps
// whatever a server sends, so everything is bounded here.

// Sizes of messages, in bytes.
const (
	headerSize = 20   // RFC 8489 §5
	maxMessage = 4096 // what is accepted: a datagram answer is below 1,500, and no answer of ours has more to say
)

// txID is a transaction ID.
type txID [stun.TransactionIDSize]byte

// newTxID draws one.
func newTxID() txID { return stun.NewTransactionID() }

// method is what a request asks for (RFC 8489 §18.2, RFC 8656 §17).
type method int

// Methods.
const (
	methodUnknown method = iota
	methodBinding
	methodAllocate
	methodRefresh
	methodCreatePermission
	methodChannelBind
)

// stunMethods are their code points.
var stunMethods = map[method]stun.Method{
	methodBinding:  stun.MethodBinding,
	methodAllocate: stun.MethodAllocate,
	methodRefresh:  stun.MethodRefresh,

	methodCreatePermission: stun.MethodCreatePermission,
	methodChannelBind:      stun.MethodChannelBind,
}

// credentials are those of the long-term mechanism (RFC 8489 §9.2), with what the server said for them.
type credentials struct {
	username, password string
	realm, nonce       string
}

// key is the HMAC key (RFC 8489 §9.2.2).
func (c *credentials) key() stun.MessageIntegrity {
	return stun.NewLongTermIntegrity(c.username, c.realm, c.password)
}

// encode makes a request. With credentials it is signed.
func encode(m method, id txID, c *credentials) ([]byte, error) {
	set := []stun.Setter{stun.NewTransactionIDSetter(id), stun.NewType(stunMethods[m], stun.ClassRequest)}
	switch m {
	case methodAllocate:
		const udp = 17 // RFC 8656 §18.8: the protocol number, then reserved bytes
		set = append(set, stun.RawAttribute{Type: stun.AttrRequestedTransport, Value: []byte{udp, 0, 0, 0}})
	case methodBinding, methodUnknown, methodRefresh, methodCreatePermission, methodChannelBind:
	}
	return build(set, c)
}

// encodeRefresh makes a Refresh request (RFC 8656 §7.1) in whole seconds; 0 releases the allocation.
func encodeRefresh(id txID, c *credentials, lifetime time.Duration) ([]byte, error) {
	return build([]stun.Setter{
		stun.NewTransactionIDSetter(id), stun.NewType(stun.MethodRefresh, stun.ClassRequest),
		stun.RawAttribute{Type: stun.AttrLifetime, Value: binary.BigEndian.AppendUint32(nil, uint32(lifetime/time.Second))},
	}, c)
}

// encodePeer makes a CreatePermission or ChannelBind request for a peer (RFC 8656 §9.1, §12.1).
func encodePeer(m method, id txID, c *credentials, peer netip.AddrPort) ([]byte, error) {
	set := []stun.Setter{stun.NewTransactionIDSetter(id), stun.NewType(stunMethods[m], stun.ClassRequest)}
	if m == methodChannelBind {
		value := binary.BigEndian.AppendUint16(nil, channelNumber)
		set = append(set, stun.RawAttribute{Type: stun.AttrChannelNumber, Value: append(value, 0, 0)})
	}
	return build(append(set, peerAddress(peer)), c)
}

// encodeSend makes a Send indication (RFC 8656 §11.1).
func encodeSend(peer netip.AddrPort, data []byte) ([]byte, error) {
	msg, err := stun.Build(stun.NewTransactionIDSetter(newTxID()), stun.NewType(stun.MethodSend, stun.ClassIndication),
		peerAddress(peer), stun.RawAttribute{Type: stun.AttrData, Value: data})
	if err != nil {
		return nil, err
	}
	return msg.Raw, nil
}

// decodeData reads a Data indication (RFC 8656 §11.3): what came from which peer; false when it is none.
func decodeData(b []byte) (from netip.AddrPort, data []byte, ok bool) {
	msg, err := decodeMessage(b)
	if err != nil || msg.Type != stun.NewType(stun.MethodData, stun.ClassIndication) {
		return netip.AddrPort{}, nil, false
	}
	data, err = msg.Get(stun.AttrData)
	from = xorAddress(msg, stun.AttrXORPeerAddress)
	return from, data, err == nil && from.IsValid()
}

// peerAddress is XOR-PEER-ADDRESS.
func peerAddress(a netip.AddrPort) stun.Setter {
	return asPeer{stun.XORMappedAddress{IP: a.Addr().AsSlice(), Port: int(a.Port())}}
}

// asPeer writes an address as XOR-PEER-ADDRESS.
type asPeer struct{ stun.XORMappedAddress }

// AddTo implements stun.Setter.
func (a asPeer) AddTo(m *stun.Message) error { return a.AddToAs(m, stun.AttrXORPeerAddress) }

// build makes a request, signed where there are credentials.
func build(set []stun.Setter, c *credentials) ([]byte, error) {
	if c != nil {
		set = append(set, stun.NewUsername(c.username), stun.NewRealm(c.realm), stun.NewNonce(c.nonce), c.key())
	}
	set = append(set, stun.Fingerprint)
	msg, err := stun.Build(set...)
	if err != nil {
		return nil, err
	}
	return msg.Raw, nil
}

// behavior is what a Binding request asks for beyond an answer (RFC 5780 §7).
type behavior struct {
	changeIP, changePort bool   // where the answer must come from
	responsePort         uint16 // where it must go to; 0: to where the request came from
	size                 int    // bytes of the message, to the next multiple of 4 below; 0: as it comes
	padding              int    // bytes of PADDING among them, which asks for an answer with as many
}

// encodeBinding makes a Binding request that asks for a behavior.
func encodeBinding(id txID, b behavior) ([]byte, error) {
	set := []stun.Setter{stun.NewTransactionIDSetter(id), stun.BindingRequest}
	if flags := b.flags(); flags != 0 {
		set = append(set, stun.RawAttribute{Type: stun.AttrChangeRequest, Value: []byte{0, 0, 0, flags}})
	}
	if b.responsePort != 0 {
		// Two bytes and no padding of its own: the codec adds it (RFC 5780 §7.5).
		set = append(set, stun.RawAttribute{
			Type:  stun.AttrResponsePort,
			Value: binary.BigEndian.AppendUint16(nil, b.responsePort),
		})
	}
	msg, err := stun.Build(append(append(set, b.filling()...), stun.Fingerprint)...)
	if err != nil {
		return nil, err
	}
	return msg.Raw, nil
}

// filling makes the message as long as it must be, beside its header and FINGERPRINT. PADDING asks for an answer with
// as much (RFC 5780 §7.6). The rest is SOFTWARE, repeated, of which a server needs to read the first only (RFC 8489
// §14).
func (b behavior) filling() []stun.Setter {
	const head, most = 4, 760 // bytes of an attribute's header, and of SOFTWARE (RFC 8489 §14.14)
	left := (b.size - headerSize - 2*head) / 4 * 4
	var set []stun.Setter
	if padding := min(b.padding, left-head) / 4 * 4; padding > 0 {
		set = append(set, stun.RawAttribute{Type: stun.AttrPadding, Value: make([]byte, padding)})
		left -= head + padding
	}
	for left >= head {
		value := min(left-head, most)
		set = append(set, stun.RawAttribute{Type: stun.AttrSoftware, Value: bytes.Repeat([]byte(" "), value)})
		left -= head + value
	}
	return set
}

// requestID reads the transaction ID of a Binding request, such as one of its own that a NAT has turned around.
func requestID(b []byte) (txID, bool) {
	msg, err := decodeMessage(b)
	if err != nil || msg.Type != stun.BindingRequest {
		return txID{}, false
	}
	return msg.TransactionID, true
}

// flags are those of CHANGE-REQUEST (RFC 5780 §7.2).
func (b behavior) flags() byte {
	const changeIP, changePort = 0x04, 0x02
	var flags byte
	if b.changeIP {
		flags |= changeIP
	}
	if b.changePort {
		flags |= changePort
	}
	return flags
}
