package labtest

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
)

// Types of DNS records (RFC 1035 §3.2.2, RFC 3596, RFC 2782).
const (
	typeA    = 1
	typeAAAA = 28
	typeSRV  = 33
)

// Zone is what a DNS server of the tests knows, by "TYPE name."; what it does not know does not exist. A nil value is
// silence.
type Zone map[string][][]byte

// Addr is the value of an A or AAAA record.
func Addr(a string) []byte { return netip.MustParseAddr(a).AsSlice() }

// SRV is the value of an SRV record.
func SRV(priority, weight, port uint16, target string) []byte {
	b := binary.BigEndian.AppendUint16(nil, priority)
	b = binary.BigEndian.AppendUint16(b, weight)
	return append(binary.BigEndian.AppendUint16(b, port), dnsName(target)...)
}

// dnsName is a name as it is on the wire.
func dnsName(name string) []byte {
	var b []byte
	for label := range strings.SplitSeq(strings.Trim(name, "."), ".") {
		if label != "" {
			b = append(append(b, byte(len(label))), label...)
		}
	}
	return append(b, 0)
}

// Serve answers from a zone until the test ends.
func (z Zone) Serve(t testing.TB) *net.Resolver {
	t.Helper()
	return ResolverAt(answerUDP(t, func(b []byte) []byte {
		name, end := "", 12
		for b[end] != 0 {
			name += string(b[end+1:end+1+int(b[end])]) + "."
			end += int(b[end]) + 1
		}
		end += 5 // the root label, type and class
		asked := binary.BigEndian.Uint16(b[end-4:])
		records, known := z[map[uint16]string{typeA: "A ", typeAAAA: "AAAA ", typeSRV: "SRV "}[asked]+strings.ToLower(name)]
		if known && records == nil {
			return nil
		}
		code := byte(0)
		if !known && asked == typeSRV {
			code = 3
		}
		out := append([]byte{b[0], b[1], 0x81, 0x80 | code, 0, 1, 0, byte(len(records)), 0, 0, 0, 0}, b[12:end]...)
		for _, r := range records {
			out = append(out, 0xc0, 12, 0, byte(asked), 0, 1, 0, 0, 0, 60, 0, byte(len(r)))
			out = append(out, r...)
		}
		return out
	}))
}

// ResolverAt asks the DNS server at host:port, whatever the system says.
func ResolverAt(addr string) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", addr)
	}}
}

// answerUDP starts a server on 127.0.0.1 that answers each datagram; nil is silence. It returns its host:port.
func answerUDP(t testing.TB, answer func(request []byte) []byte) string {
	t.Helper()
	var lc net.ListenConfig
	pc, err := lc.ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		b := make([]byte, 2048)
		for {
			n, from, err := pc.ReadFrom(b)
			if err != nil {
				return
			}
			if out := answer(b[:n]); out != nil {
				if _, err := pc.WriteTo(out, from); err != nil {
					return
				}
			}
		}
	})
	t.Cleanup(func() {
		_ = pc.Close()
		running.Wait()
	})
	return pc.LocalAddr().String()
}
