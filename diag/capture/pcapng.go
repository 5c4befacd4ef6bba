package capture

import (
	"encoding/binary"
	"io"
	"net/netip"
	"slices"
	"time"
)

// pcapng is a file of packets (draft-ietf-opsawg-pcapng). After the first failure to write, or MaxSize, nothing more is
// written. The zero value writes nothing.
type pcapng struct {
	w    io.Writer
	size int64
	err  error
}

// Blocks and constants of the format.
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 1
	blockPacket    = 6
	blockSecrets   = 0x0a
	secretsTLS     = 0x544c534b // "TLSK"
	byteOrder      = 0x1a2b3c4d
	linkRaw        = 101 // packets begin with the header of IP
)

func (f *pcapng) begin() {
	f.block(blockSection, slices.Concat(u32(byteOrder), u16(1), u16(0), u32(0xffffffff), u32(0xffffffff)))
	f.block(blockInterface, slices.Concat(u16(linkRaw), u16(0), u32(0)))
}

// secrets keeps lines of keys.
func (f *pcapng) secrets(lines []byte) {
	f.block(blockSecrets, slices.Concat(u32(secretsTLS), u32(len(lines)), padded(lines)))
}

// packet keeps a packet of IP.
func (f *pcapng) packet(at time.Time, packet []byte) {
	us := uint64(at.UnixMicro()) // #nosec G115 -- after 1970
	f.block(blockPacket, slices.Concat(
		u32(0), u32(int(us>>32)), u32(int(us&0xffffffff)), u32(len(packet)), u32(len(packet)), padded(packet),
	))
}

// block writes a block: type, length, content, length.
func (f *pcapng) block(kind int, content []byte) {
	length := len(content) + 12
	if f.w == nil || f.err != nil || f.size+int64(length) > MaxSize {
		return
	}
	f.size += int64(length)
	_, f.err = f.w.Write(slices.Concat(u32(kind), u32(length), content, u32(length)))
}

// Protocols of IP.
const (
	protocolUDP  = 17
	protocolSCTP = 132
)

// datagram puts a header of UDP before a payload.
func datagram(from, to netip.AddrPort, payload []byte) []byte {
	length := uint16(len(payload) + 8) // #nosec G115 -- 65,000 at most
	return slices.Concat(be16(from.Port()), be16(to.Port()), be16(length), be16(0), payload)
}

// internet puts a header of IP before a packet. An address that is not specified, of a socket that is bound to all,
// stands as it is.
func internet(protocol byte, from, to netip.Addr, packet []byte) []byte {
	a, b := from.Unmap().WithZone(""), to.Unmap().WithZone("")
	if a.Is4() != b.Is4() { // a socket of both families
		a, b = netip.AddrFrom16(a.As16()), netip.AddrFrom16(b.As16())
	}
	length := uint16(len(packet)) // #nosec G115 -- 65,008 at most
	if b.Is4() {
		head := slices.Concat([]byte{0x45, 0}, be16(length+20), be16(0), be16(0x4000), []byte{64, protocol}, be16(0),
			a.AsSlice(), b.AsSlice())
		binary.BigEndian.PutUint16(head[10:], checksum(head))
		return append(head, packet...)
	}
	return slices.Concat([]byte{0x60, 0, 0, 0}, be16(length), []byte{protocol, 64}, a.AsSlice(), b.AsSlice(), packet)
}

// checksum is that of a header of IPv4 (RFC 791 §3.1).
func checksum(head []byte) uint16 {
	sum := uint32(0)
	for i := 0; i+1 < len(head); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(head[i:]))
	}
	for sum > 0xffff {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}

func u16(n int) []byte     { return binary.LittleEndian.AppendUint16(nil, uint16(n)) }
func u32(n int) []byte     { return binary.LittleEndian.AppendUint32(nil, uint32(n)) }
func be16(n uint16) []byte { return binary.BigEndian.AppendUint16(nil, n) }

// padded fills up to a multiple of four bytes.
func padded(b []byte) []byte { return append(b[:len(b):len(b)], make([]byte, (4-len(b)%4)%4)...) }
