package lab

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"

	"github.com/pion/stun/v4"
)

const (
	stunHeader  = 20      // bytes, RFC 8489 §5
	maxMessage  = 65535   // bytes: the maximum of a datagram
	maxDatagram = 60000   // bytes that are sent in one datagram
	maxRecord   = 8000    // bytes that are sent in one DTLS record
	hugeAnswer  = 1 << 20 // bytes

	endlessAnswer = 4000     // bytes
	relayPort     = 49152    // of the relayed transport address that Correct invents
	nonce         = "nonce-" // followed by a number

	alternateDomain stun.AttrType = 0x8003 // RFC 8489 §14.16
)

// readMessage reads one STUN message from a stream (RFC 8489 §6.2.2).
func readMessage(r io.Reader) ([]byte, error) {
	head := make([]byte, stunHeader)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	b := append(head, make([]byte, binary.BigEndian.Uint16(head[2:]))...)
	_, err := io.ReadFull(r, b[stunHeader:])
	return b, err
}

// plainAnswers are those that are not STUN.
var plainAnswers = map[Behavior]string{
	Garbage: "\x00this is not the server you are looking for\r\n",
	HTTP:    "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
}

// answer is the fault's answer to a request, nil for silence.
func (s *FaultServer) answer(request []byte, from net.Addr) []byte {
	if !s.fault.Behavior.speaksSTUN() {
		return []byte(plainAnswers[s.fault.Behavior])
	}
	switch s.fault.Behavior {
	case Huge:
		return announced(request, 65532, hugeAnswer)
	case Endless:
		return announced(request, endlessAnswer-stunHeader, endlessAnswer)
	default:
	}
	req := &stun.Message{Raw: request}
	if err := req.Decode(); err != nil || req.Type.Class != stun.ClassRequest {
		return nil
	}
	setters := []stun.Setter{stun.NewTransactionIDSetter(req.TransactionID)}
	if s.fault.Behavior == WrongTransaction || s.fault.Behavior == Flood {
		setters = []stun.Setter{stun.TransactionID}
	}
	m, err := stun.Build(append(setters, s.reply(req, from)...)...)
	if err != nil {
		return nil
	}
	return m.Raw
}

// reply chooses between an error and a success.
func (s *FaultServer) reply(req *stun.Message, from net.Addr) []stun.Setter {
	f := s.fault
	if f.Behavior == StunError {
		return s.failure(req, f.Code, f.Reason)
	}
	if f.Behavior != AuthError && (f.Username == "" || req.Type.Method == stun.MethodBinding) {
		return s.success(req, from, nil)
	}
	if !req.Contains(stun.AttrMessageIntegrity) {
		if f.Behavior == NoNonce {
			return s.plainFailure(req, 401, "Unauthorized")
		}
		return s.failure(req, 401, "Unauthorized")
	}
	key := stun.NewLongTermIntegrity(f.Username, f.Realm, f.Password)
	if f.Behavior == AuthError {
		set := s.failure(req, f.Code, f.Reason)
		if f.Username != "" && f.Code != 401 && f.Code != 438 { // RFC 8489 §9.2.4: responses to signed requests are signed
			set = append(set, key)
		}
		return set
	}
	if f.Behavior == StaleOnce && s.stale.Load() == 0 {
		return s.failure(req, 438, "Stale Nonce")
	}
	if key.Check(req) != nil || !s.fresh(req) {
		return s.failure(req, 401, "Unauthorized")
	}
	switch f.Behavior {
	case BadIntegrity:
		key = stun.NewShortTermIntegrity("another key")
	case Unsigned:
		key = nil
	default:
	}
	return s.success(req, from, key)
}

// nonce is the current one; it changes after each 438.
func (s *FaultServer) nonce() stun.Nonce {
	return stun.NewNonce(fmt.Sprintf("%s%d", nonce, s.stale.Load()))
}

// fresh reports whether a request carries the current nonce.
func (s *FaultServer) fresh(req *stun.Message) bool {
	var n stun.Nonce
	return n.GetFrom(req) == nil && bytes.Equal(n, s.nonce())
}

// failure is an error response with realm and nonce.
func (s *FaultServer) failure(req *stun.Message, code int, reason string) []stun.Setter {
	if code == 438 {
		s.stale.Add(1)
	}
	return append(s.plainFailure(req, code, reason), stun.NewRealm(s.fault.Realm), s.nonce())
}

// plainFailure is an error response with the attributes that some codes need: 300 an alternate server, 420 the
// unknown attribute.
func (s *FaultServer) plainFailure(req *stun.Message, code int, reason string) []stun.Setter {
	set := []stun.Setter{
		stun.NewType(req.Type.Method, stun.ClassErrorResponse),
		stun.ErrorCodeAttribute{Code: stun.ErrorCode(code), Reason: []byte(reason)},
	}
	if to := s.fault.Alternate; code == 300 && to.IsValid() {
		set = append(set, &stun.AlternateServer{IP: to.Addr().AsSlice(), Port: int(to.Port())})
		if s.fault.Domain != "" {
			set = append(set, stun.RawAttribute{Type: alternateDomain, Value: []byte(s.fault.Domain)})
		}
	}
	if code == 420 {
		set = append(set, stun.UnknownAttributes{stun.AttrRequestedTransport})
	}
	return s.named(set)
}

// named adds SOFTWARE.
func (s *FaultServer) named(set []stun.Setter) []stun.Setter {
	if s.fault.Software == "" {
		return set
	}
	return append(set, stun.NewSoftware(s.fault.Software))
}

// success is a success response, signed if there is a key.
func (s *FaultServer) success(req *stun.Message, from net.Addr, key stun.MessageIntegrity) []stun.Setter {
	set := []stun.Setter{stun.NewType(req.Type.Method, stun.ClassSuccessResponse)}
	set = s.named(append(set, s.addresses(req, from)...))
	if key != nil {
		set = append(set, key)
	}
	return set
}

// addresses are the address attributes of a success response.
func (s *FaultServer) addresses(req *stun.Message, from net.Addr) []stun.Setter {
	if s.fault.Behavior == NoAddress {
		return nil
	}
	if s.fault.Behavior == EmptyMapped {
		return []stun.Setter{
			stun.RawAttribute{Type: stun.AttrXORMappedAddress},
			stun.RawAttribute{Type: stun.AttrXORRelayedAddress},
		}
	}
	var set []stun.Setter
	if s.fault.Behavior != NoMapped {
		set = append(set, xorAddress{stun.AttrXORMappedAddress, addrPort(from)})
	}
	if req.Type.Method == stun.MethodAllocate {
		set = append(set, xorAddress{stun.AttrXORRelayedAddress, netip.AddrPortFrom(addrPort(s.addr).Addr(), relayPort)})
		if s.fault.Behavior != NoLifetime {
			set = append(set, stun.RawAttribute{Type: stun.AttrLifetime, Value: []byte{0, 0, 2, 88}}) // 600 s
		}
	}
	return set
}

// xorAddress is an attribute with the encoding of XOR-MAPPED-ADDRESS.
type xorAddress struct {
	attr stun.AttrType
	addr netip.AddrPort
}

// AddTo adds the attribute.
func (a xorAddress) AddTo(m *stun.Message) error {
	x := stun.XORMappedAddress{IP: a.addr.Addr().AsSlice(), Port: int(a.addr.Port())}
	return x.AddToAs(m, a.attr)
}

// addrPort converts an address to netip; the zero value if it is neither UDP nor TCP.
func addrPort(a net.Addr) netip.AddrPort {
	switch a := a.(type) {
	case *net.UDPAddr:
		return netip.AddrPortFrom(a.AddrPort().Addr().Unmap(), a.AddrPort().Port())
	case *net.TCPAddr:
		return netip.AddrPortFrom(a.AddrPort().Addr().Unmap(), a.AddrPort().Port())
	}
	return netip.AddrPort{}
}

// announced is size bytes: a header that announces a message of the given length, followed by zeros.
func announced(request []byte, length uint16, size int) []byte {
	b := make([]byte, size)
	copy(b, request[:min(len(request), stunHeader)])
	binary.BigEndian.PutUint16(b, uint16(stun.BindingSuccess.Value()))
	binary.BigEndian.PutUint16(b[2:], length)
	return b
}
