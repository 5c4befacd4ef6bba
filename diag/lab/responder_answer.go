package lab

import (
	"encoding/binary"
	"net"
	"net/netip"
	"slices"

	"github.com/pion/stun/v4"
)

const (
	changeIP   = 0x04 // flags of CHANGE-REQUEST, RFC 5780 §7.2
	changePort = 0x02

	maxPadding = 1500 // bytes of PADDING in an answer, RFC 5780 §7.6: about the MTU
	maxUnknown = 16   // attributes that UNKNOWN-ATTRIBUTES names
)

// comprehended are the comprehension-required attributes that a request may have. Credentials are ignored: this server
// requires none.
var comprehended = []stun.AttrType{
	stun.AttrChangeRequest, stun.AttrPadding, stun.AttrResponsePort,
	stun.AttrUsername, stun.AttrMessageIntegrity, stun.AttrRealm, stun.AttrNonce, stun.AttrMessageIntegritySHA256,
}

// outgoing is an answer, the socket to send it from, and its destination.
type outgoing struct {
	bytes []byte
	via   net.PacketConn
	to    netip.AddrPort
}

// answer is the answer to a datagram that arrived at the socket of an address and a port; false if it is not a Binding
// request.
func (r *Responder) answer(datagram []byte, from netip.AddrPort, address, port int) (outgoing, bool) {
	f := r.options.Faults
	out := outgoing{via: r.sockets[address][port], to: from}
	if f.Silent || f.AlternateSilent && address == 1 {
		return out, false
	}
	if f.Garbage {
		out.bytes = []byte(plainAnswers[Garbage])
		return out, true
	}
	req := &stun.Message{Raw: datagram}
	if err := req.Decode(); err != nil || req.Type != stun.BindingRequest {
		return out, false
	}
	if rejection := r.rejection(req); rejection != nil {
		out.bytes = r.build(req, rejection)
		return out, out.bytes != nil
	}

	a, p := r.changed(req, address, port)
	if f.AlternateSilent && a == 1 {
		return out, false
	}
	out.via = r.sockets[a][p]
	if v, err := req.Get(stun.AttrResponsePort); err == nil {
		out.to = netip.AddrPortFrom(from.Addr(), binary.BigEndian.Uint16(v))
	}
	set := append([]stun.Setter{stun.BindingSuccess}, r.mapped(from)...)
	set = append(set, r.origins(r.addrs[a][p], address, port)...)
	if v, err := req.Get(stun.AttrPadding); err == nil {
		// Never more than was received: a larger answer could be used for amplification with a forged source.
		set = append(set, stun.RawAttribute{Type: stun.AttrPadding, Value: make([]byte, min(len(v), maxPadding))})
	}
	out.bytes = r.build(req, set)
	if f.Truncated && out.bytes != nil {
		out.bytes = truncated(out.bytes)
	}
	return out, out.bytes != nil && out.to.Port() != 0
}

// truncated cuts an answer in the middle of its last attribute, and adjusts its length.
func truncated(b []byte) []byte {
	b = b[:len(b)-4]
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)-stunHeader))
	return b
}

// build makes the message of an answer, nil when that fails.
func (r *Responder) build(req *stun.Message, set []stun.Setter) []byte {
	set = append([]stun.Setter{stun.NewTransactionIDSetter(req.TransactionID)}, set...)
	m, err := stun.Build(append(set, stun.NewSoftware(r.options.Software))...)
	if err != nil {
		return nil
	}
	return m.Raw
}

// rejection is the error response to a request, nil for none: 420 for unknown attributes, 400 for those that are
// malformed or mutually exclusive (RFC 5780 §6.1).
func (r *Responder) rejection(req *stun.Message) []stun.Setter {
	if code := r.options.Faults.Code; code != 0 {
		return []stun.Setter{stun.BindingError, stun.ErrorCodeAttribute{Code: stun.ErrorCode(code), Reason: []byte("no")}}
	}
	var unknown stun.UnknownAttributes
	for _, a := range req.Attributes {
		if a.Type.Optional() || slices.Contains(unknown, a.Type) || len(unknown) == maxUnknown {
			continue
		}
		f := r.options.Faults
		refused := a.Type == stun.AttrChangeRequest && (r.options.Plain || f.RefuseChange) ||
			a.Type == stun.AttrResponsePort && f.NoResponsePort || a.Type == stun.AttrPadding && f.NoPadding
		if refused || !slices.Contains(comprehended, a.Type) {
			unknown = append(unknown, a.Type)
		}
	}
	if len(unknown) > 0 {
		return []stun.Setter{stun.BindingError, stun.CodeUnknownAttribute, unknown}
	}
	if wrongLength(req, stun.AttrChangeRequest) || wrongLength(req, stun.AttrResponsePort) ||
		req.Contains(stun.AttrResponsePort) && req.Contains(stun.AttrPadding) {
		return []stun.Setter{stun.BindingError, stun.CodeBadRequest}
	}
	return nil
}

// lengths of the values in bytes, by RFC 5780. Some clients pad RESPONSE-PORT to the 4 bytes that it fills anyway.
var lengths = map[stun.AttrType][]int{stun.AttrChangeRequest: {4}, stun.AttrResponsePort: {2, 4}}

// wrongLength reports whether an attribute is present and has an invalid length.
func wrongLength(req *stun.Message, t stun.AttrType) bool {
	v, err := req.Get(t)
	return err == nil && !slices.Contains(lengths[t], len(v))
}

// changed is the address and the port to answer from (RFC 5780 §6.1).
func (r *Responder) changed(req *stun.Message, address, port int) (int, int) {
	f := r.options.Faults
	v, err := req.Get(stun.AttrChangeRequest)
	switch {
	case err != nil && f.Elsewhere:
		return 1 - address, 1 - port
	case err != nil || f.IgnoreChange:
		return address, port
	}
	flags := binary.BigEndian.Uint32(v)
	if flags&changeIP != 0 && !f.ChangePortAlone {
		address = 1 - address
	}
	if flags&changePort != 0 {
		port = 1 - port
	}
	return address, port
}

// mapped are the attributes with the mapped address of a request.
func (r *Responder) mapped(from netip.AddrPort) []stun.Setter {
	f := r.options.Faults
	if f.EmptyMapped {
		return []stun.Setter{stun.RawAttribute{Type: stun.AttrXORMappedAddress}}
	}
	if f.Mapped.IsValid() {
		from = f.Mapped
	}
	switch {
	case f.Invent != nil:
		from = f.Invent(from, int(r.requests.Load()))
	case f.MappedShift:
		from = netip.AddrPortFrom(netip.AddrFrom4([4]byte{7, 7, 7, 7}), from.Port()+1)
	}
	plain := from
	if f.PlainMapped.IsValid() {
		plain = f.PlainMapped
	}
	if f.RFC3489 {
		return []stun.Setter{plainAddress{stun.AttrMappedAddress, plain}}
	}
	return []stun.Setter{
		xorAddress{stun.AttrXORMappedAddress, from},
		plainAddress{stun.AttrMappedAddress, plain},
	}
}

// origins are RESPONSE-ORIGIN and OTHER-ADDRESS (RFC 5780 §7.3 and §7.4).
func (r *Responder) origins(source netip.AddrPort, address, port int) []stun.Setter {
	f := r.options.Faults
	if f.Origin.IsValid() {
		source = f.Origin
	}
	origin, alternate := stun.AttrResponseOrigin, stun.AttrOtherAddress
	if f.RFC3489 {
		origin, alternate = stun.AttrSourceAddress, stun.AttrChangedAddress
	}
	set := []stun.Setter{plainAddress{origin, source}}
	if r.options.Plain || f.NoOtherAddress {
		return set
	}
	other := r.addrs[1-address][1-port]
	if f.OtherAddressSameIP {
		other = r.addrs[address][1-port]
	}
	if f.OtherAddressPrivate {
		other = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, 5}), other.Port())
	}
	if f.OtherAddress.IsValid() {
		other = f.OtherAddress
	}
	return append(set, plainAddress{alternate, other})
}

// plainAddress is an attribute with the encoding of MAPPED-ADDRESS.
type plainAddress struct {
	attr stun.AttrType
	addr netip.AddrPort
}

// AddTo adds the attribute.
func (a plainAddress) AddTo(m *stun.Message) error {
	x := stun.MappedAddress{IP: a.addr.Addr().AsSlice(), Port: int(a.addr.Port())}
	return x.AddToAs(m, a.attr)
}
