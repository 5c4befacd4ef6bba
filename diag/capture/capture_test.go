package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dialtone/diag"
)

func open(t *testing.T) (c *Capture, keys, packets string) {
	t.Helper()
	keys, packets = filepath.Join(t.TempDir(), "keys"), filepath.Join(t.TempDir(), "p.pcapng")
	var files Files
	c, err := files.Open(keys, packets)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := files.Open(keys, packets); again != c || err != nil {
		t.Errorf("the files are opened twice: %v", err)
	}
	return c, keys, packets
}

// TestBlocks: each block has its length twice, packets have headers that fit, and keys are in both files.
func TestBlocks(t *testing.T) {
	c, keys, packets := open(t)
	const line = "CLIENT_RANDOM 01 02\n"
	if n, err := c.KeyLog().Write([]byte(line)); n != len(line) || err != nil {
		t.Fatal(n, err)
	}
	local, remote := netip.MustParseAddrPort("192.0.2.1:5000"), netip.MustParseAddrPort("192.0.2.2:6000")
	c.Packet(diag.Outbound, local, remote, []byte("hello"))
	c.Packet(diag.Inbound, netip.MustParseAddrPort("[fd00::1]:5000"), netip.MustParseAddrPort("[fd00::2]:6000"), []byte("hello"))
	c.Packet(diag.Inbound, netip.MustParseAddrPort("[::]:5000"), remote, []byte("hello"))
	c.Packet(diag.Inbound, local, netip.AddrPort{}, []byte("no address"))
	if got, err := os.ReadFile(keys); err != nil || string(got) != line {
		t.Errorf("%q, %v", got, err)
	}
	raw, err := os.ReadFile(packets)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []uint32
	var sent [][]byte
	for len(raw) >= 12 {
		kind, length := binary.LittleEndian.Uint32(raw), binary.LittleEndian.Uint32(raw[4:])
		if length%4 != 0 || int(length) > len(raw) || binary.LittleEndian.Uint32(raw[length-4:]) != length {
			t.Fatalf("block %x has length %d of %d", kind, length, len(raw))
		}
		kinds = append(kinds, kind)
		if kind == blockPacket {
			sent = append(sent, raw[28:28+binary.LittleEndian.Uint32(raw[20:])])
		}
		if kind == blockSecrets && !bytes.Contains(raw[:length], []byte(line)) {
			t.Error("the block of keys has no key")
		}
		raw = raw[length:]
	}
	if len(raw) != 0 || len(kinds) != 6 || kinds[2] != blockSecrets {
		t.Fatalf("blocks %x, %d bytes are left", kinds, len(raw))
	}
	four := sent[0]
	if four[0] != 0x45 || checksum(four[:20]) != 0 || binary.BigEndian.Uint16(four[2:]) != 33 || binary.BigEndian.Uint16(four[20:]) != 5000 || string(four[28:]) != "hello" {
		t.Errorf("% x", four)
	}
	if six := sent[1]; six[0] != 0x60 || binary.BigEndian.Uint16(six[40:]) != 6000 || string(six[48:]) != "hello" {
		t.Errorf("% x", six)
	}
}

// TestNone: without files, or with one that cannot be written.
func TestNone(t *testing.T) {
	var files Files
	none, err := files.Open("", "")
	if err != nil || none.KeyLog() != nil {
		t.Error(err)
	}
	none.Packet(diag.Outbound, netip.AddrPort{}, netip.AddrPort{}, nil)
	if _, err := files.Open("", filepath.Join(t.TempDir(), "none", "x")); err == nil || !strings.Contains(err.Error(), "choose a file") {
		t.Error(err)
	}
}

// TestFull: what cannot be written, or is too much, is left out, and the handshake goes on.
func TestFull(t *testing.T) {
	full := &Capture{keys: broken{}, packets: broken{}}
	if n, err := full.KeyLog().Write([]byte("k")); n != 1 || err != nil {
		t.Error(n, err)
	}
	var out bytes.Buffer
	large := &Capture{packets: &out, size: MaxSize - 10}
	large.Packet(diag.Outbound, netip.MustParseAddrPort("192.0.2.1:5000"), netip.MustParseAddrPort("192.0.2.2:6000"), []byte("hello"))
	if out.Len() != 0 {
		t.Errorf("%d bytes beyond the limit", out.Len())
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }
