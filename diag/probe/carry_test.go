package probe

import (
	"bytes"
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

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
	to.Through = throughOnly(strings.TrimPrefix(stun, "stun:"))
	r := useRelay(t, to)
	if !r.OK() || stoppedAt(r) != "" || r.Took(diag.StageSend) == nil || r.Took(diag.StageChannel) == nil || r.Seen() != r.Relayed() {
		t.Errorf("%+v", r)
	}
}

// throughOnly is one STUN server to be asked through a relay.
func throughOnly(address string) func() []netip.AddrPort {
	return func() []netip.AddrPort { return []netip.AddrPort{netip.MustParseAddrPort(address)} }
}

// TestCarryDeadPeer: a STUN server that is silent says nothing about the relay, which is tried with the TURN server itself
// then. Of a relay that carries nothing the first attempt stands.
func TestCarryDeadPeer(t *testing.T) {
	t.Parallel()
	silent := startFault(t, lab.Fault{Network: lab.UDP, Behavior: lab.Silent})
	for name, tt := range map[string]struct {
		faults lab.TURNFaults
		stop   diag.StageName
		own    bool
	}{
		"a relay that works":   {lab.TURNFaults{}, "", true},
		"a relay that is dead": {lab.TURNFaults{NoSend: true}, diag.StageSend, false},
	} {
		t.Run(name, func(t *testing.T) {
			server := startTURN(t, lab.TURNOptions{Username: user, Password: password, Faults: tt.faults})
			to := target(server.URL(lab.UDP), nil)
			to.Through = throughOnly(silent.Addr())
			r := useRelay(t, to)
			if _, own := r.Peer(); !r.OK() || stoppedAt(r) != tt.stop || own != tt.own {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestStraight: packets reach a relay from a socket that it has sent to, also through a firewall that lets in answers only.
func TestStraight(t *testing.T) {
	t.Parallel()
	for _, closed := range []bool{false, true} {
		server := startTURN(t, lab.TURNOptions{UDP: true, TCP: true, Username: user, Password: password, Faults: lab.TURNFaults{Closed: closed}})
		for _, transport := range []lab.Transport{lab.UDP, lab.TCP} {
			var got diag.NATRelay
			var r diag.Server
			for n := 0; n < 6 && !got.From.IsValid(); n++ { // a busy machine may need more than its 0.8 s for a step
				to := target(server.URL(transport), nil)
				to.Straight = func(r diag.NATRelay) { got = r }
				r = useRelay(t, to)
			}
			early := closed && got.Sent < 2 // on a busy machine, more than one may be sent to an open one
			if !got.From.IsValid() || got.From != got.Opened || got.Relayed.String() != r.Relayed() || early {
				t.Errorf("%s, closed %v: %+v of %+v", transport, closed, got, r)
			}
		}
	}
}

// TestRelayStages: whatever a server answers behind the allocation is known by its stage and code, and silence is the
// cause of a step only where nothing came.
func TestRelayStages(t *testing.T) {
	none, minute := time.Duration(0), time.Minute
	for name, tt := range map[string]struct {
		faults lab.TURNFaults
		stop   diag.StageName
		want   diag.Failure
	}{
		"permission 437":    {lab.TURNFaults{Permission: 437}, diag.StagePermission, diag.Failure{Cause: diag.CauseSTUN, Code: 437}},
		"permission 438":    {lab.TURNFaults{Permission: 438}, diag.StagePermission, diag.Failure{Cause: diag.CauseSTUN, Code: 438}},
		"permission 441":    {lab.TURNFaults{Permission: 441}, diag.StagePermission, diag.Failure{Cause: diag.CauseAuth, Code: 441}},
		"permission 443":    {lab.TURNFaults{Permission: 443}, diag.StagePermission, diag.Failure{Cause: diag.CauseSTUN, Code: 443}},
		"permission 403":    {lab.TURNFaults{Permission: 403}, diag.StagePermission, diag.Failure{Cause: diag.CauseSTUN, Code: 403}},
		"permission 508":    {lab.TURNFaults{Permission: 508}, diag.StagePermission, diag.Failure{Cause: diag.CauseSTUN, Code: 508}},
		"permission silent": {lab.TURNFaults{NoAnswer: true}, diag.StagePermission, diag.Failure{Cause: diag.CauseTimeout, Requests: 4}},
		"nothing sent":      {lab.TURNFaults{NoSend: true}, diag.StageSend, diag.Failure{Cause: diag.CauseTimeout, Requests: 4}},
		"bind 486":          {lab.TURNFaults{Bind: 486}, diag.StageBind, diag.Failure{Cause: diag.CauseSTUN, Code: 486}},
		"bind 508":          {lab.TURNFaults{Bind: 508}, diag.StageBind, diag.Failure{Cause: diag.CauseSTUN, Code: 508}},
		"no ChannelData":    {lab.TURNFaults{NoChannel: true}, diag.StageChannel, diag.Failure{Cause: diag.CauseTimeout, Requests: 4}},
		"refresh 441":       {lab.TURNFaults{Refresh: 441}, diag.StageRefresh, diag.Failure{Cause: diag.CauseAuth, Code: 441}},
		"refresh 437":       {lab.TURNFaults{Refresh: 437}, diag.StageRefresh, diag.Failure{Cause: diag.CauseSTUN, Code: 437}},
		"refresh of 0 s":    {lab.TURNFaults{Lifetime: &none}, diag.StageRefresh, diag.Failure{Cause: diag.CauseProtocol, Detail: diag.DetailNoTime}},
		"refresh of 60 s":   {lab.TURNFaults{Lifetime: &minute}, "", diag.Failure{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startTURN(t, lab.TURNOptions{Username: user, Password: password, Faults: tt.faults})
			r := useRelay(t, target(server.URL(lab.UDP), nil))
			checkResult(t, r)
			var got diag.Failure
			if stage := r.Stopped(); stage != nil {
				got = *stage.Failure
				got.Reason = ""
				if got.Cause == diag.CauseTimeout && got.Requests < tt.want.Requests { // a busy machine sends fewer in the time
					got.Requests = tt.want.Requests
				}
			}
			if !r.OK() || stoppedAt(r) != tt.stop || got != tt.want {
				t.Errorf("%s: %+v", stoppedAt(r), got)
			}
			if refresh := r.Stage(diag.StageRefresh); tt.faults.Lifetime == &minute && (refresh == nil || refresh.LifetimeS != 60) {
				t.Errorf("%+v", refresh)
			}
		})
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

// TestPatience: silence that is shorter than the round trips of a server says nothing about it, and nothing is asked where
// the answer could not come in time.
func TestPatience(t *testing.T) {
	for rtt, want := range map[time.Duration]time.Duration{
		time.Millisecond: carryTime, 600 * time.Millisecond: 1800 * time.Millisecond, time.Minute: maxCarryTime,
	} {
		if got := patienceOf(rtt); got != want {
			t.Errorf("%s: %s, want %s", rtt, got, want)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if !worthwhile(ctx, time.Second) || worthwhile(ctx, time.Minute) || !worthwhile(t.Context(), time.Minute) {
		t.Error("time is left, or is not")
	}
}
