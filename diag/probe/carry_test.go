package probe

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"

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
	r := Relay(t.Context(), to)
	if !r.OK || r.Stopped != "" || r.SendMs == nil || r.ChannelMs == nil || r.Seen != r.RelayAddress {
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
	if r := Relay(t.Context(), to); !r.OK || r.Stopped != "send" || r.PermissionMs == nil || r.SendMs != nil {
		t.Errorf("%+v", r)
	}
}

// FuzzReadFrame: whatever a TURN server sends over a stream.
func FuzzReadFrame(f *testing.F) {
	f.Add([]byte{0x40, 0, 0, 3, 1, 2, 3, 0})
	f.Add([]byte{0x40, 0, 0xff, 0xff})
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := readFrame(bytes.NewReader(b))
		if err == nil && len(m) > maxMessage+8 {
			t.Errorf("%d bytes", len(m))
		}
		_, _, _ = decodeData(m)
		_, _ = channelFraming.unwrap(nil, m)
	})
}
