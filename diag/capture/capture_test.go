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

func open(t *testing.T) (c *Call, names Names) {
	t.Helper()
	dir := t.TempDir()
	names = Names{filepath.Join(dir, "keys"), filepath.Join(dir, "p.pcapng"), filepath.Join(dir, "d.pcapng")}
	var files Files
	capture, err := files.Open(names)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := files.Open(names); again != capture || err != nil {
		t.Errorf("the files are opened twice: %v", err)
	}
	return capture.Call(), names
}

// TestBlocks: each block has its length twice, packets have headers that fit, and keys are in both files.
func TestBlocks(t *testing.T) {
	c, names := open(t)
	const line = "CLIENT_RANDOM 01 02\n"
	if n, err := c.KeyLog().Write([]byte(line)); n != len(line) || err != nil {
		t.Fatal(n, err)
	}
	local, remote := netip.MustParseAddrPort("192.0.2.1:5000"), netip.MustParseAddrPort("192.0.2.2:6000")
	c.Packet(diag.Outbound, local, remote, []byte("hello"))
	c.Packet(diag.Inbound, netip.MustParseAddrPort("[fd00::1]:5000"), netip.MustParseAddrPort("[fd00::2]:6000"), []byte("hello"))
	c.Packet(diag.Inbound, netip.MustParseAddrPort("[::]:5000"), remote, []byte("hello"))
	c.Packet(diag.Inbound, local, netip.AddrPort{}, []byte("no address"))
	if got, err := os.ReadFile(names.Keys); err != nil || string(got) != line {
		t.Errorf("%q, %v", got, err)
	}
	raw, err := os.ReadFile(names.Packets)
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
	if none, err := files.Open(Names{}); err != nil || none != nil {
		t.Error(err)
	}
	if _, err := files.Open(Names{Packets: filepath.Join(t.TempDir(), "none", "x")}); err == nil || !strings.Contains(err.Error(), "choose a file") {
		t.Error(err)
	}
}

// TestFull: what cannot be written, or is too much, is left out, the handshake goes on, and the reason is known.
func TestFull(t *testing.T) {
	one, two := netip.MustParseAddrPort("192.0.2.1:5000"), netip.MustParseAddrPort("192.0.2.2:6000")
	full := (&Capture{keys: broken{}, packets: pcapng{w: broken{}}}).Call()
	if n, err := full.KeyLog().Write([]byte("k")); n != 1 || err != nil {
		t.Error(n, err)
	}
	if err := full.Err(); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Error(err)
	}
	var out bytes.Buffer
	large := (&Capture{packets: pcapng{w: &out, size: MaxSize - 10}}).Call()
	large.Packet(diag.Outbound, one, two, []byte("hello"))
	if out.Len() != 0 || large.Err() != nil {
		t.Errorf("%d bytes beyond the limit", out.Len())
	}
}

// TestEarly: packets that come before the keys wait for them, but not all that come.
func TestEarly(t *testing.T) {
	c := (&Capture{plain: pcapng{w: &bytes.Buffer{}}}).Call()
	one, two := netip.MustParseAddrPort("192.0.2.1:5000"), netip.MustParseAddrPort("192.0.2.2:6000")
	for range 2 * maxEarly {
		c.Packet(diag.Inbound, one, two, []byte{0x80, 96, 0, 0})
		c.Packet(diag.Inbound, one, two, []byte("STUN, or another"))
	}
	if len(c.early) != maxEarly || c.early[0].packet[0] != 0x80 || c.Err() != nil {
		t.Errorf("%d packets wait", len(c.early))
	}
	if _, err := c.KeyLog().Write([]byte("CLIENT_RANDOM 00 00")); err != nil || c.Err() == nil {
		t.Error("nothing was decrypted, without a reason")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }
