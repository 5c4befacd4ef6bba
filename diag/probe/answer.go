package probe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/pion/stun/v2"

	"dialtone/diag"
	"dialtone/diag/iceurl"
	"dialtone/diag/reach"
)

// answer is a response. Text that is shown is clean; realm and nonce are as they came, because they are sent back.
type answer struct {
	id       txID
	method   method
	ok       bool // success response
	code     int  // of an error response, 300–699; 0 where it has none that can be read
	phrase   string
	software string

	realm, nonce *string // at most 763 bytes each (RFC 8489 §14.9, §14.10); nil: it has none
	domain       string  // ALTERNATE-DOMAIN (RFC 8489 §14.16)

	mapped    netip.AddrPort // XOR-MAPPED-ADDRESS, or MAPPED-ADDRESS where a server knows only that one
	relayed   netip.AddrPort // XOR-RELAYED-ADDRESS
	alternate netip.AddrPort // ALTERNATE-SERVER
	plain     netip.AddrPort // MAPPED-ADDRESS alone
	other     netip.AddrPort // OTHER-ADDRESS (RFC 5780 §7.4), or CHANGED-ADDRESS (RFC 3489 §11.2.3)
	origin    netip.AddrPort // RESPONSE-ORIGIN (RFC 5780 §7.3), or SOURCE-ADDRESS (RFC 3489 §11.2.5)
	lifetime  *time.Duration // LIFETIME, nil: it has none

	msg *stun.Message // for signed
}

// signed checks MESSAGE-INTEGRITY where it is present: present reports whether, err is nil when it fits.
func (a *answer) signed(c *credentials) (present bool, err error) {
	if !a.msg.Contains(stun.AttrMessageIntegrity) {
		return false, nil
	}
	return true, c.key().Check(a.msg)
}

// decode reads a response. An error wraps [reach.ErrAnswer]. b is not kept.
func decode(b []byte) (*answer, error) {
	msg, err := decodeMessage(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", reach.ErrAnswer, err)
	}
	a := &answer{id: msg.TransactionID, msg: msg}
	for m, code := range stunMethods {
		if msg.Type.Method == code {
			a.method = m
		}
	}
	switch msg.Type.Class {
	case stun.ClassSuccessResponse:
		a.ok = true
	case stun.ClassErrorResponse:
	case stun.ClassRequest, stun.ClassIndication:
		return nil, fmt.Errorf("%w: a STUN %s instead of a response", reach.ErrAnswer, msg.Type.Class)
	}
	if err := a.read(); err != nil {
		return nil, fmt.Errorf("%w: %w", reach.ErrAnswer, err)
	}
	return a, nil
}

// decodeMessage does what is needed before any attribute is looked at.
func decodeMessage(b []byte) (*stun.Message, error) {
	if len(b) < headerSize {
		if detail := looksLike(b); detail != "" {
			return nil, unusable(detail)
		}
		return nil, fmt.Errorf("%d bytes, shorter than a STUN header", len(b))
	}
	size, err := messageSize(b)
	if err != nil {
		return nil, err
	}
	if size > len(b) {
		return nil, fmt.Errorf("cut short: %d of %d bytes", len(b), size)
	}
	msg := &stun.Message{Raw: append([]byte(nil), b[:size]...)}
	if err := msg.Decode(); err != nil {
		return nil, errors.New("its attributes cannot be read")
	}
	if msg.Contains(stun.AttrFingerprint) && stun.Fingerprint.Check(msg) != nil {
		return nil, errors.New("its FINGERPRINT does not fit")
	}
	for _, a := range msg.Attributes {
		if err := checkSize(a); err != nil {
			return nil, err
		}
	}
	return msg, nil
}

// messageSize is the length of the message that a STUN header (at least [headerSize] bytes) begins.
func messageSize(b []byte) (int, error) {
	length := int(binary.BigEndian.Uint16(b[2:]))
	if b[0]&0xc0 != 0 || length%4 != 0 || !stun.IsMessage(b) {
		return 0, notSTUN(b)
	}
	if headerSize+length > maxMessage {
		return 0, fmt.Errorf("a message of %d bytes; none is longer than %d", headerSize+length, maxMessage)
	}
	return headerSize + length, nil
}

// vouched is the part of a message that its signature covers: the attributes behind MESSAGE-INTEGRITY are to be
// ignored (RFC 8489 §14.5). Checking the signature itself needs the whole message.
func vouched(msg *stun.Message) *stun.Message {
	for i, a := range msg.Attributes {
		if a.Type == stun.AttrMessageIntegrity {
			part := *msg
			part.Attributes = msg.Attributes[:i+1]
			return &part
		}
	}
	return msg
}

// sizes are those of the attributes that are decoded; both ends included.
var sizes = map[stun.AttrType][2]int{
	stun.AttrErrorCode:        {4, 4 + 763},
	stun.AttrMessageIntegrity: {20, 20},
	stun.AttrFingerprint:      {4, 4},
	stun.AttrLifetime:         {4, 4},
	stun.AttrRealm:            {0, 763},
	stun.AttrNonce:            {0, 763},
	stun.AttrSoftware:         {0, 763},
}

// checkSize refuses an attribute whose decoder would read beyond it, or believe too much of it.
func checkSize(a stun.RawAttribute) error {
	if slices.Contains(addresses, a.Type) {
		return checkAddress(a)
	}
	if s, ok := sizes[a.Type]; ok && (len(a.Value) < s[0] || len(a.Value) > s[1]) {
		return fmt.Errorf("its %s is %d bytes long", a.Type, len(a.Value))
	}
	return nil
}

// addresses are the attributes that hold a transport address and are decoded here.
var addresses = []stun.AttrType{
	stun.AttrMappedAddress, stun.AttrXORMappedAddress, stun.AttrXORRelayedAddress, stun.AttrAlternateServer,
	stun.AttrXORPeerAddress,
}

// checkAddress demands 8 bytes for IPv4 and 20 for IPv6 (RFC 8489 §14.1). The first byte is ignored by the RFC, but
// read as part of the family by the decoder.
func checkAddress(a stun.RawAttribute) error {
	const ipv4, ipv6 = 1, 2
	if len(a.Value) < 2 || a.Value[0] != 0 {
		return fmt.Errorf("its %s is %d bytes long", a.Type, len(a.Value))
	}
	if family := a.Value[1]; family == ipv4 && len(a.Value) == 8 || family == ipv6 && len(a.Value) == 20 {
		return nil
	}
	return fmt.Errorf("its %s is %d bytes long, of family %d", a.Type, len(a.Value), a.Value[1])
}

// read takes from the message what an answer has.
func (a *answer) read() error {
	msg := vouched(a.msg)
	var (
		realm    stun.Realm
		nonce    stun.Nonce
		software stun.Software
		code     stun.ErrorCodeAttribute
	)
	if realm.GetFrom(msg) == nil {
		a.realm = new(string(realm))
	}
	if nonce.GetFrom(msg) == nil {
		a.nonce = new(string(nonce))
	}
	if software.GetFrom(msg) == nil {
		a.software = diag.Clean(trimmed(string(software)), reach.MaxText)
	}
	if domain, err := msg.Get(attrAlternateDomain); err == nil {
		if host, err := iceurl.ParseHost(trimmed(string(domain))); err == nil {
			a.domain = host
		}
	}
	if !a.ok {
		if code.GetFrom(msg) != nil || code.Code < 300 || code.Code > 699 {
			return errors.New("an error response without an error code")
		}
		a.code, a.phrase = int(code.Code), diag.Clean(trimmed(string(code.Reason)), reach.MaxText)
	}
	if v, err := msg.Get(stun.AttrLifetime); err == nil {
		a.lifetime = new(time.Duration(binary.BigEndian.Uint32(v)) * time.Second)
	}
	a.relayed = xorAddress(msg, stun.AttrXORRelayedAddress)
	a.alternate = address(msg, stun.AttrAlternateServer)
	a.mapped, a.plain = xorAddress(msg, stun.AttrXORMappedAddress), address(msg, stun.AttrMappedAddress)
	if !a.mapped.IsValid() {
		a.mapped = a.plain
	}
	a.other, a.origin = optionalAddress(msg, stun.AttrOtherAddress), optionalAddress(msg, stun.AttrResponseOrigin)
	if !a.other.IsValid() {
		a.other = optionalAddress(msg, stun.AttrChangedAddress)
	}
	if !a.origin.IsValid() {
		a.origin = optionalAddress(msg, stun.AttrSourceAddress)
	}
	return nil
}

// attrAlternateDomain is ALTERNATE-DOMAIN (RFC 8489 §14.16).
const attrAlternateDomain stun.AttrType = 0x8003

// trimmed is text without the NULs and blanks that some servers fill an attribute with.
func trimmed(s string) string { return strings.Trim(s, "\x00 \t\r\n") }

// xorAddress is an address coded like XOR-MAPPED-ADDRESS, invalid when it is absent. Its size has been checked.
func xorAddress(msg *stun.Message, t stun.AttrType) netip.AddrPort {
	var x stun.XORMappedAddress
	if x.GetFromAs(msg, t) != nil {
		return netip.AddrPort{}
	}
	return addrPort(x.IP, x.Port)
}

// address is an address coded like MAPPED-ADDRESS, invalid when it is absent. Its size has been checked.
func address(msg *stun.Message, t stun.AttrType) netip.AddrPort {
	var m stun.MappedAddress
	if m.GetFromAs(msg, t) != nil {
		return netip.AddrPort{}
	}
	return addrPort(m.IP, m.Port)
}

// optionalAddress is the same for an attribute whose form has not been checked, because who does not know it ignores
// it: a malformed one counts as absent.
func optionalAddress(msg *stun.Message, t stun.AttrType) netip.AddrPort {
	for _, a := range msg.Attributes {
		if a.Type == t && checkAddress(a) != nil {
			return netip.AddrPort{}
		}
	}
	return address(msg, t)
}

// addrPort converts what pion gives.
func addrPort(ip []byte, port int) netip.AddrPort {
	a, ok := netip.AddrFromSlice(ip)
	if !ok {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(a.Unmap(), uint16(port))
}

// unusable is an answer that is well formed, and lacks what it must have.
func unusable(detail diag.Detail) error {
	return &reach.Error{Failure: diag.Failure{Cause: diag.CauseProtocol, Detail: detail}}
}

// stunError describes an error response to a request. The alternate server is that of 300, when one was named.
func stunError(r reply) *reach.Error {
	f := &reach.Error{Failure: diag.Failure{Cause: diag.CauseSTUN, Code: r.code, Reason: r.phrase}}
	if r.code == 401 || r.code == 441 {
		f.Cause = diag.CauseAuth
	}
	if r.code == 300 && r.alternate.IsValid() {
		f.Alternate = r.alternate.String()
	}
	return f
}

// credentialsError describes an error response to a request with credentials. A server that asked for them and then
// calls the request bad means the credentials: pion/turn answers 400 instead of 401 (RFC 8489 §9.2.4).
func credentialsError(r reply) *reach.Error {
	f := stunError(r)
	if r.code == 400 {
		f.Cause = diag.CauseAuth
	}
	return f
}
