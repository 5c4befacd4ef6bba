// Package capture writes the packets of calls, as they are sent and received on each socket, in the format of
// Wireshark, and the keys of their DTLS connections.
package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"sync"
	"time"

	"dialtone/diag"
)

// MaxSize is how large a capture becomes, in bytes: later packets are left out.
const MaxSize = 1 << 30

// Files are the captures of a process: calls with the same files share them.
type Files struct {
	mu   sync.Mutex
	open map[[2]string]*Capture
}

// Open returns the capture that writes to these files; an empty name is no file. Without any, it is nil, which takes
// packets and keys and keeps none. The files are new, or emptied, and only their owner can read them.
func (f *Files) Open(keylog, pcapng string) (*Capture, error) {
	if keylog == "" && pcapng == "" {
		return nil, nil //nolint:nilnil // nothing is captured
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	key := [2]string{keylog, pcapng}
	if c := f.open[key]; c != nil {
		return c, nil
	}
	c := &Capture{}
	for _, one := range []struct {
		path string
		file *io.Writer
	}{{keylog, &c.keys}, {pcapng, &c.packets}} {
		if one.path == "" {
			continue
		}
		file, err := os.OpenFile(one.path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err == nil {
			err = file.Chmod(0o600) // of one that was there
		}
		if err != nil {
			return nil, fmt.Errorf("cannot capture to the file: %w; choose a file that you can write", err)
		}
		*one.file = file
	}
	c.begin()
	if c.err != nil {
		return nil, fmt.Errorf("cannot capture to the file: %w", c.err)
	}
	if f.open == nil {
		f.open = map[[2]string]*Capture{}
	}
	f.open[key] = c
	return c, nil
}

// Capture takes packets and keys. After the first failure to write nothing more is written.
type Capture struct {
	mu      sync.Mutex
	keys    io.Writer // nil: no such file
	packets io.Writer // likewise
	size    int64
	err     error
}

// KeyLog takes lines of keys in the NSS format; nil if no keys are wanted.
func (c *Capture) KeyLog() io.Writer {
	if c == nil {
		return nil
	}
	return keyLog{c}
}

type keyLog struct{ c *Capture }

// Write takes one line.
func (k keyLog) Write(line []byte) (int, error) {
	k.c.mu.Lock()
	defer k.c.mu.Unlock()
	if k.c.keys != nil {
		if _, err := k.c.keys.Write(line); err != nil {
			k.c.err = errors.Join(k.c.err, err)
		}
	}
	k.c.block(blockSecrets, concat(u32(secretsTLS), u32(len(line)), padded(line)))
	return len(line), nil // what cannot be captured ends no handshake
}

// Blocks and constants of pcapng (draft-ietf-opsawg-pcapng).
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 1
	blockPacket    = 6
	blockSecrets   = 0x0a
	secretsTLS     = 0x544c534b // "TLSK"
	byteOrder      = 0x1a2b3c4d
	linkRaw        = 101 // packets begin with the header of IP
)

func (c *Capture) begin() {
	c.block(blockSection, concat(u32(byteOrder), u16(1), u16(0), u32(0xffffffff), u32(0xffffffff)))
	c.block(blockInterface, concat(u16(linkRaw), u16(0), u32(0)))
}

// Packet takes a packet that was sent from a local address, or was received there. Headers of IP and UDP are made for
// it: Wireshark needs them.
func (c *Capture) Packet(direction diag.Direction, local, remote netip.AddrPort, payload []byte) {
	if c == nil || c.packets == nil || !remote.IsValid() || !local.IsValid() || len(payload) > 65_000 {
		return
	}
	from, to := local, remote
	if direction == diag.Inbound {
		from, to = remote, local
	}
	packet := datagram(from, to, payload)
	now := uint64(time.Now().UnixMicro()) // #nosec G115 -- after 1970
	c.mu.Lock()
	defer c.mu.Unlock()
	c.block(blockPacket, concat(
		u32(0), u32(int(now>>32)), u32(int(now&0xffffffff)), u32(len(packet)), u32(len(packet)), padded(packet),
	))
}

// block writes a block: type, length, content, length.
func (c *Capture) block(kind int, content []byte) {
	length := len(content) + 12
	if c.packets == nil || c.err != nil || c.size+int64(length) > MaxSize {
		return
	}
	c.size += int64(length)
	_, c.err = c.packets.Write(concat(u32(kind), u32(length), content, u32(length)))
}

// datagram puts headers of UDP and IP before a payload. An address that is not specified, of a socket that is bound to
// all, stands as it is.
func datagram(from, to netip.AddrPort, payload []byte) []byte {
	length := len(payload) + 8
	udp := concat(be16(from.Port()), be16(to.Port()), be16(uint16(length)), be16(0), payload)
	a, b := from.Addr().Unmap().WithZone(""), to.Addr().Unmap().WithZone("")
	if a.Is4() != b.Is4() { // a socket of both families
		a, b = netip.AddrFrom16(a.As16()), netip.AddrFrom16(b.As16())
	}
	if b.Is4() {
		head := concat([]byte{0x45, 0}, be16(uint16(length+20)), be16(0), be16(0x4000), []byte{64, 17}, be16(0),
			a.AsSlice(), b.AsSlice())
		binary.BigEndian.PutUint16(head[10:], checksum(head))
		return append(head, udp...)
	}
	return concat([]byte{0x60, 0, 0, 0}, be16(uint16(length)), []byte{17, 64}, a.AsSlice(), b.AsSlice(), udp)
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

func concat(parts ...[]byte) []byte {
	var out []byte
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

func u16(n int) []byte     { return binary.LittleEndian.AppendUint16(nil, uint16(n)) }
func u32(n int) []byte     { return binary.LittleEndian.AppendUint32(nil, uint32(n)) }
func be16(n uint16) []byte { return binary.BigEndian.AppendUint16(nil, n) }

// padded fills up to a multiple of four bytes.
func padded(b []byte) []byte { return append(b[:len(b):len(b)], make([]byte, (4-len(b)%4)%4)...) }
