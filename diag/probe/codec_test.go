package probe

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"
	"testing/iotest"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/pion/stun/v2"

	"dialtone/diag"
	"dialtone/diag/reach"
	"dialtone/diag/words"
)

// message builds a response with raw attributes.
func message(t *testing.T, typ stun.MessageType, set ...stun.Setter) []byte {
	t.Helper()
	m, err := stun.Build(append([]stun.Setter{stun.NewTransactionIDSetter(txID{1, 2, 3}), typ}, set...)...)
	if err != nil {
		t.Fatal(err)
	}
	return m.Raw
}

func raw(t stun.AttrType, v ...byte) stun.Setter { return stun.RawAttribute{Type: t, Value: v} }

func TestDecode(t *testing.T) {
	allocated := stun.NewType(stun.MethodAllocate, stun.ClassSuccessResponse)
	tests := []struct {
		name string
		in   []byte
		want answer
	}{
		{"IPv4", message(t, stun.BindingSuccess, &stun.XORMappedAddress{IP: []byte{192, 0, 2, 1}, Port: 4000}, stun.NewSoftware("s"), stun.Fingerprint), answer{
			method: methodBinding, ok: true, mapped: netip.MustParseAddrPort("192.0.2.1:4000"), software: "s",
		}},
		{"IPv6", message(t, stun.BindingSuccess, &stun.XORMappedAddress{IP: netip.MustParseAddr("2001:db8::1").AsSlice(), Port: 1}), answer{
			method: methodBinding, ok: true, mapped: netip.MustParseAddrPort("[2001:db8::1]:1"),
		}},
		{"MAPPED-ADDRESS alone", message(t, stun.BindingSuccess, &stun.MappedAddress{IP: []byte{192, 0, 2, 2}, Port: 5}), answer{
			method: methodBinding, ok: true, mapped: netip.MustParseAddrPort("192.0.2.2:5"), plain: netip.MustParseAddrPort("192.0.2.2:5"),
		}},
		{"OTHER-ADDRESS", message(t, stun.BindingSuccess, raw(stun.AttrOtherAddress, 0, 1, 0, 5, 192, 0, 2, 3)), answer{
			method: methodBinding, ok: true, other: netip.MustParseAddrPort("192.0.2.3:5"),
		}},
		{"RESPONSE-ORIGIN", message(t, stun.BindingSuccess, raw(stun.AttrResponseOrigin, 0, 1, 0, 5, 192, 0, 2, 3)), answer{
			method: methodBinding, ok: true, origin: netip.MustParseAddrPort("192.0.2.3:5"),
		}},
		{"malformed OTHER-ADDRESS", message(t, stun.BindingSuccess, raw(stun.AttrOtherAddress), raw(stun.AttrResponseOrigin, 0, 1, 0)), answer{
			method: methodBinding, ok: true,
		}},
		{"bytes behind the message", append(message(t, stun.BindingSuccess), 1, 2, 3), answer{method: methodBinding, ok: true}},
		{"unknown attributes", message(t, stun.BindingSuccess, raw(0x7fff, 1), raw(0xffff)), answer{method: methodBinding, ok: true}},
		{"error", message(t, stun.BindingError, stun.ErrorCodeAttribute{Code: 420, Reason: []byte("No\x1b[31m\n")}), answer{
			method: methodBinding, code: 420, phrase: "No\uFFFD[31m",
		}},
		{"try alternate", message(t, stun.BindingError, stun.CodeTryAlternate, &stun.AlternateServer{IP: []byte{192, 0, 2, 3}, Port: 7}), answer{
			method: methodBinding, code: 300, phrase: "Try Alternate", alternate: netip.MustParseAddrPort("192.0.2.3:7"),
		}},
		{"attributes behind the signature", message(t, allocated, stun.NewShortTermIntegrity("k"), &stun.MappedAddress{IP: []byte{192, 0, 2, 2}, Port: 5}), answer{
			method: methodAllocate, ok: true,
		}},
		{"long text", message(t, stun.BindingSuccess, stun.NewSoftware(strings.Repeat("x", 700))), answer{
			method: methodBinding, ok: true, software: strings.Repeat("x", reach.MaxText-3) + "…",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := decode(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			tt.want.id = txID{1, 2, 3}
			opts := cmp.Options{cmp.AllowUnexported(answer{}), cmpopts.IgnoreFields(answer{}, "msg"), cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })}
			if diff := cmp.Diff(&tt.want, got, opts); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestEncodeBinding looks at the attributes of RFC 5780 §7.2 and §7.5 as they are on the wire.
func TestEncodeBinding(t *testing.T) {
	for _, tt := range []struct {
		ask  behavior
		want string // the attributes before FINGERPRINT
	}{
		{behavior{}, ""},
		{behavior{changePort: true}, "0003000400000002"},
		{behavior{changeIP: true, changePort: true, responsePort: 0xabcd}, "0003000400000006" + "00270002abcd0000"},
	} {
		b, err := encodeBinding(newTxID(), tt.ask)
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(b[headerSize : len(b)-8]); got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.ask, got, tt.want)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := message(t, stun.BindingSuccess)
	address := func(a stun.AttrType, v ...byte) []byte { return message(t, stun.BindingSuccess, raw(a, v...)) }
	tests := []struct {
		name string
		in   []byte
		part string
	}{
		{"nothing", nil, "shorter"},
		{"short", good[:19], "shorter"},
		{"TLS alert", []byte{0x15, 3, 3, 0, 2, 2, 40}, "tls-port"},
		{"web server", []byte("HTTP/1.1 400 Bad Request\r\n\r\n"), "protocol web"},
		{"SSH server", []byte("SSH-2.0-OpenSSH_9.2p1 Debian-2"), "protocol ssh"},
		{"no cookie", append(append([]byte{}, good[:4]...), bytes.Repeat([]byte{0}, 16)...), "no STUN"},
		{"length that is no multiple of 4", append([]byte{1, 1, 0, 3}, append(append([]byte{}, good[4:]...), 0, 0, 0)...), "no STUN"},
		{"truncated", append([]byte{1, 1, 0, 8}, good[4:]...), "cut short"},
		{"too long", append([]byte{1, 1, 0xff, 0xfc}, good[4:]...), "none is longer"},
		{"broken attributes", append([]byte{1, 1, 0, 4}, append(append([]byte{}, good[4:]...), 0, 0x20, 0, 8)...), "attributes"},
		{"request", message(t, stun.BindingRequest), "instead of a response"},
		{"indication", message(t, stun.NewType(stun.MethodData, stun.ClassIndication)), "instead of a response"},
		{"empty XOR-MAPPED-ADDRESS", address(stun.AttrXORMappedAddress), "0 bytes"},
		{"XOR-MAPPED-ADDRESS of 4", address(stun.AttrXORMappedAddress, 0, 1, 0, 0), "4 bytes"},
		{"XOR-MAPPED-ADDRESS of 5", address(stun.AttrXORMappedAddress, 0, 1, 0, 0, 1), "5 bytes"},
		{"XOR-MAPPED-ADDRESS of 7", address(stun.AttrXORMappedAddress, 0, 1, 0, 0, 1, 1, 1), "7 bytes"},
		{"IPv6 family, IPv4 size", address(stun.AttrXORMappedAddress, 0, 2, 0, 0, 1, 1, 1, 1), "family 2"},
		{"IPv4 family, IPv6 size", address(stun.AttrXORMappedAddress, append([]byte{0, 1}, make([]byte, 18)...)...), "family 1"},
		{"IPv4 family, 12 bytes", address(stun.AttrXORMappedAddress, append([]byte{0, 1}, make([]byte, 10)...)...), "family 1"},
		{"IPv6 family, 24 bytes", address(stun.AttrXORMappedAddress, append([]byte{0, 2}, make([]byte, 22)...)...), "family 2"},
		{"unknown family", address(stun.AttrXORMappedAddress, 0, 3, 0, 0, 1, 1, 1, 1), "family 3"},
		{"empty MAPPED-ADDRESS", address(stun.AttrMappedAddress), "0 bytes"},
		{"empty XOR-RELAYED-ADDRESS", address(stun.AttrXORRelayedAddress), "0 bytes"},
		{"old XOR-MAPPED-ADDRESS", address(0x8020, 0), "1 bytes"},
		{"short MESSAGE-INTEGRITY", address(stun.AttrMessageIntegrity, 1, 2, 3, 4), "4 bytes"},
		{"long NONCE", address(stun.AttrNonce, make([]byte, 764)...), "764 bytes"},
		{"short LIFETIME", address(stun.AttrLifetime, 1), "1 bytes"},
		{"FINGERPRINT", address(stun.AttrFingerprint, 1, 2, 3, 4), "FINGERPRINT"},
		{"error without code", message(t, stun.BindingError), "without an error code"},
		{"error code 99", message(t, stun.BindingError, stun.ErrorCodeAttribute{Code: 99}), "without an error code"},
		{"short ERROR-CODE", message(t, stun.BindingError, raw(stun.AttrErrorCode, 0, 0, 4)), "3 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, err := decode(tt.in)
			if !errors.Is(err, reach.ErrAnswer) || !strings.Contains(err.Error(), tt.part) {
				t.Fatalf("got %+v, %v, want an error with %q", a, err, tt.part)
			}
		})
	}
}

// TestVector checks the decoder against the sample IPv4 response of RFC 5769 §2.2.
func TestVector(t *testing.T) {
	b, err := hex.DecodeString("0101003c2112a442b7e7a701bc34d686fa87dfae" +
		"8022000b7465737420766563746f7220" + "002000080001a147e112a643" +
		"000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7" + "80280004c07d4c96")
	if err != nil {
		t.Fatal(err)
	}
	a, err := decode(b)
	if err != nil {
		t.Fatal(err)
	}
	if want := netip.MustParseAddrPort("192.0.2.1:32853"); a.mapped != want || a.software != "test vector" {
		t.Errorf("mapped %s, software %q", a.mapped, a.software)
	}
	if err := stun.NewShortTermIntegrity("VOkJxbRl1RmTxUk/WvJxBt").Check(a.msg); err != nil {
		t.Error(err)
	}
}

func TestSigned(t *testing.T) {
	c := &credentials{username: "u", realm: "r", password: "p", nonce: "n"}
	good := message(t, stun.BindingSuccess, c.key(), stun.Fingerprint)
	bad := message(t, stun.BindingSuccess, stun.NewShortTermIntegrity("p"))
	for name, tt := range map[string]struct {
		in          []byte
		present, ok bool
	}{
		"good":   {good, true, true},
		"bad":    {bad, true, false},
		"absent": {message(t, stun.BindingSuccess), false, true},
		"double": {message(t, stun.BindingSuccess, c.key(), c.key()), true, true},
	} {
		a, err := decode(tt.in)
		if err != nil {
			t.Fatal(name, err)
		}
		present, err := a.signed(c)
		if present != tt.present || (err == nil) != tt.ok {
			t.Errorf("%s: present %t, %v", name, present, err)
		}
	}
}

func TestEncode(t *testing.T) {
	c := &credentials{username: "u", realm: "r", password: "p", nonce: "n"}
	for m, want := range map[method]string{methodBinding: "Binding request", methodAllocate: "Allocate request", methodRefresh: "Refresh request"} {
		b, err := encode(m, txID{9}, c)
		if err != nil {
			t.Fatal(err)
		}
		var msg stun.Message
		if err := stun.Decode(b, &msg); err != nil {
			t.Fatal(err)
		}
		if msg.Type.String() != want || msg.TransactionID != (txID{9}) {
			t.Errorf("%s, want %s", msg.String(), want)
		}
		if err := msg.Check(c.key(), stun.Fingerprint); err != nil {
			t.Error(want, err)
		}
	}
	if _, err := encode(methodAllocate, txID{}, &credentials{username: strings.Repeat("u", 600)}); err == nil {
		t.Error("a user name of 600 bytes was accepted")
	}
}

func TestReadMessage(t *testing.T) {
	good := message(t, stun.BindingSuccess, stun.NewSoftware("s"))
	tests := []struct {
		name string
		in   []byte
		n    int // bytes that are returned
		err  error
	}{
		{"whole", good, len(good), nil},
		{"two", append(append([]byte{}, good...), good...), len(good), nil},
		{"nothing", nil, 0, io.EOF},
		{"part of a header", good[:7], 7, io.ErrUnexpectedEOF},
		{"header alone", good[:headerSize], headerSize, io.ErrUnexpectedEOF},
		{"part of the body", good[:len(good)-1], len(good) - 1, io.ErrUnexpectedEOF},
		{"TLS alert", []byte{0x15, 3, 3, 0, 2, 2, 40}, 7, reach.ErrAnswer},
		{"other bytes", bytes.Repeat([]byte{0xff}, 40), headerSize, reach.ErrAnswer},
		{"too long", append([]byte{1, 1, 0xff, 0xfc}, good[4:]...), headerSize, reach.ErrAnswer},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			// One byte at a time: a stream has no other borders than the lengths.
			got, err := readMessage(iotest.OneByteReader(bytes.NewReader(tt.in)))
			if !errors.Is(err, tt.err) || !bytes.Equal(got, tt.in[:tt.n]) {
				t.Errorf("%x, %v, want %x, %v", got, err, tt.in[:tt.n], tt.err)
			}
		})
	}
}

// seeds are messages for the fuzz targets: of each kind that is decoded one that is right, and some that are not.
func seeds(f *testing.F) {
	f.Helper()
	four, six := stun.XORMappedAddress{IP: []byte{1, 2, 3, 4}, Port: 5}, stun.XORMappedAddress{IP: netip.MustParseAddr("2001:db8::1").AsSlice(), Port: 6}
	allocated := stun.NewType(stun.MethodAllocate, stun.ClassSuccessResponse)
	refused := stun.NewType(stun.MethodAllocate, stun.ClassErrorResponse)
	data := stun.NewType(stun.MethodData, stun.ClassIndication)
	inner := stun.MustBuild(stun.TransactionID, stun.BindingSuccess, &four, stun.Fingerprint).Raw
	sets := [][]stun.Setter{
		{stun.BindingSuccess, &four, stun.NewSoftware("s"), stun.Fingerprint},
		{stun.BindingSuccess, &six, &stun.MappedAddress{IP: []byte{1, 2, 3, 4}, Port: 5}},
		{stun.BindingSuccess, &four, raw(stun.AttrOtherAddress, 0, 1, 0, 5, 192, 0, 2, 3), raw(stun.AttrResponseOrigin, 0, 1, 0, 5, 192, 0, 2, 4)},
		{stun.BindingSuccess, raw(stun.AttrOtherAddress, 0, 2, 0), raw(stun.AttrResponseOrigin)},
		{stun.BindingSuccess, raw(stun.AttrXORMappedAddress)},
		{stun.BindingSuccess, raw(stun.AttrXORMappedAddress, 0, 1, 0, 0, 1, 1, 1)},
		{stun.BindingError, raw(stun.AttrErrorCode, 0, 0, 4, 20), raw(stun.AttrUnknownAttributes, 0, 3)},
		{stun.BindingError, stun.CodeTryAlternate, &stun.AlternateServer{IP: []byte{192, 0, 2, 3}, Port: 7}},
		{allocated, relayed{four}, &six, raw(stun.AttrLifetime, 0, 0, 2, 88), stun.NewLongTermIntegrity("u", "r", "p"), stun.Fingerprint},
		{allocated, raw(stun.AttrXORRelayedAddress, 0, 1, 2, 3, 4, 5, 6, 7), stun.NewShortTermIntegrity("k")},
		{allocated, stun.NewShortTermIntegrity("k"), relayed{four}, raw(stun.AttrLifetime, 0xff, 0xff, 0xff, 0xff)},
		{data, asPeer{four}, raw(stun.AttrData, inner...)},
		{data, raw(stun.AttrXORPeerAddress), raw(stun.AttrData)},
		{data, asPeer{six}},
		{stun.NewType(stun.MethodRefresh, stun.ClassSuccessResponse), raw(stun.AttrLifetime, 1)},
	}
	for _, code := range []stun.ErrorCode{401, 403, 437, 438, 441, 442, 446, 486, 508, 99, 799} {
		sets = append(sets, []stun.Setter{refused, stun.ErrorCodeAttribute{Code: code, Reason: []byte("be\x1bcause\xff")}, stun.NewRealm("r"), stun.NewNonce("n")})
	}
	for _, set := range sets {
		f.Add(stun.MustBuild(append([]stun.Setter{stun.TransactionID}, set...)...).Raw)
	}
	f.Add([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
	f.Add([]byte{0x40, 0, 0, 3, 1, 2, 3, 0})
	f.Add(append([]byte{0x40, 0, 0, byte(len(inner))}, inner...))
	f.Add([]byte{0x40, 0, 0xff, 0xff})
}

// FuzzDecode gives one datagram to everything that reads datagrams, and what was read to what speaks about it.
func FuzzDecode(f *testing.F) {
	seeds(f)
	c := &credentials{username: "u", realm: "r", password: "p"}
	p := &prober{peer: netip.MustParseAddrPort("1.2.3.4:5")}
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, ok := requestID(b); ok && len(b) < headerSize {
			t.Fatalf("a request of %d bytes", len(b))
		}
		from, data, ok := decodeData(b)
		if ok && (!from.IsValid() || len(data) > len(b)) {
			t.Fatalf("%d bytes from %s", len(data), from)
		}
		for _, framing := range []framing{sendFraming, channelFraming} {
			if data, ok := framing.unwrap(p, b); ok && len(data) > len(b)-4 {
				t.Fatalf("%d bytes in %d", len(data), len(b))
			}
		}
		a, err := decode(b)
		if err != nil {
			if !errors.Is(err, reach.ErrAnswer) {
				t.Fatal(err)
			}
			return
		}
		if _, err := a.signed(c); err == nil && a.msg.Contains(stun.AttrMessageIntegrity) && len(b) < headerSize+24 {
			t.Fatal("signed by nobody")
		}
		if len(a.software) > reach.MaxText || len(a.phrase) > reach.MaxText || a.realm != nil && len(*a.realm) > 763 || a.nonce != nil && len(*a.nonce) > 763 {
			t.Fatalf("unbounded text: %+v", a)
		}
		if a.ok == (a.code != 0) {
			t.Fatalf("success and error code %d", a.code)
		}
		checkTold(t, a)
	})
}

// checkTold: what is said about an answer is short, clean, and names the next step.
func checkTold(t *testing.T, a *answer) {
	stage := diag.Stage{Name: diag.StageAllocate}
	note(&stage, reply{answer: a})
	texts := []string{stage.Software, stage.Realm, stage.Mapped}
	if !a.ok {
		for _, f := range []*reach.Error{stunError(reply{answer: a}), credentialsError(reply{answer: a})} {
			stage.Failure = &f.Failure
			s := diag.Server{URL: "turn:h", TURN: true, Stages: []diag.Stage{stage}}
			if words.ServerAdvice(&s) == "" || f.Cause == "" || f.Code != a.code {
				t.Fatalf("%+v", f)
			}
			texts = append(texts, words.ServerHeadline(&s), words.ServerAdvice(&s))
		}
	}
	for _, text := range texts {
		if len(text) > 3*reach.MaxText || strings.ContainsFunc(text, unicode.IsControl) || !utf8.ValidString(text) {
			t.Fatalf("%q", text)
		}
	}
}

func FuzzReadMessage(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		for {
			before := r.Len()
			m, err := readMessage(r)
			if len(m) > maxMessage {
				t.Fatalf("a message of %d bytes", len(m))
			}
			if err != nil {
				return
			}
			if len(m) < headerSize || before-r.Len() != len(m) {
				t.Fatalf("a message of %d bytes took %d from the stream", len(m), before-r.Len())
			}
			if size, err := messageSize(m); err != nil || size != len(m) {
				t.Fatalf("a message of %d bytes says %d, %v", len(m), size, err)
			}
		}
	})
}

// TestFilling: messages have the length that was asked for, with PADDING or without, and a NAT's turning them around leaves
// the transaction ID.
func TestFilling(t *testing.T) {
	for _, size := range []int{552, 1472, 1532, 3000} {
		for _, padding := range []int{0, 400, size} {
			id := newTxID()
			b, err := encodeBinding(id, behavior{size: size, padding: padding})
			if err != nil {
				t.Fatal(err)
			}
			msg, err := decodeMessage(b)
			if err != nil {
				t.Fatal(err)
			}
			var padded int
			if v, err := msg.Get(stun.AttrPadding); err == nil {
				padded = len(v)
			}
			if got, ok := requestID(b); len(b) != size || padded > padding || (padded > 0) != (padding > 0) || !ok || got != id {
				t.Errorf("%d bytes, padding %d: %d bytes, padding %d, %v", size, padding, len(b), padded, ok)
			}
		}
	}
	if _, ok := requestID([]byte("HTTP/1.1 400 Bad Request")); ok {
		t.Error("a web server was taken for a request")
	}
}
