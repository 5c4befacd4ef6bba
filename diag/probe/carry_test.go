package probe

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"

	"dialtone/diag"
	"dialtone/diag/lab"
)

// TestCarry sends bytes through relays over every transport, to a STUN server that sees the relay.
func TestCarry(t *testing.T) {
	server, err := lab.StartTURN(lab.TURNOptions{UDP: true, TCP: true, TLS: true, DTLS: true, Username: user, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	for _, transport := range []lab.Transport{lab.UDP, lab.TCP, lab.TLS, lab.DTLS} {
		t.Run(string(transport), func(t *testing.T) {
			checkCarry(t, target(server.URL(transport), server.Certificate()), server.STUN())
		})
	}
}

func checkCarry(t *testing.T, to Target, stun string) {
	t.Helper()
	to.Through = netip.MustParseAddrPort(strings.TrimPrefix(stun, "stun:"))
	r := useRelay(t, to)
	if !r.OK() || stoppedAt(r) != "" || r.Took(diag.StageSend) == nil || r.Took(diag.StageChannel) == nil || r.Seen() != r.Relayed() {
		t.Errorf("%+v", r)
	}
}

// TestCarryNowhere: a relay whose peer is silent is had, and carries nothing back.
func TestCarryNowhere(t *testing.T) {
	server, err := lab.StartTURN(lab.TURNOptions{UDP: true, Username: user, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	silent, err := lab.StartFault(lab.Fault{Network: lab.UDP, Behavior: lab.Silent})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	to := target(server.URL(lab.UDP), nil)
	to.Through = netip.MustParseAddrPort(strings.TrimPrefix(silent.STUN(), "stun:"))
	if r := useRelay(t, to); !r.OK() || stoppedAt(r) != "send" || r.Took(diag.StagePermission) == nil || r.Took(diag.StageSend) != nil {
		t.Errorf("%+v", r)
	}
}

// FuzzReadFrame: whatever a TURN server sends over a stream, STUN messages and ChannelData in turns.
func FuzzReadFrame(f *testing.F) {
	seeds(f)
	f.Add(append([]byte{0x40, 0, 0, 2, 1, 2, 0, 0}, []byte{0x40, 0, 0, 0, 0x7f, 0xff, 0, 1, 5, 0, 0, 0}...))
	p := &prober{}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		for {
			before := r.Len()
			m, err := readFrame(r)
			if len(m) > maxMessage+8 {
				t.Fatalf("%d bytes", len(m))
			}
			if err != nil {
				return
			}
			if took := before - r.Len(); len(m) < 4 || took != len(m) || m[0]&0xc0 == 0x40 && took%4 != 0 {
				t.Fatalf("a frame of %d bytes took %d from the stream", len(m), took)
			}
			_, _, _ = decodeData(m)
			if data, ok := channelFraming.unwrap(p, m); ok && len(data)+4 > len(m) {
				t.Fatalf("%d bytes of data in %d", len(data), len(m))
			}
		}
	})
}
