package judge_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/diagtest"
	"dialtone/diag/judge"
	"dialtone/diag/words/verdict"
)

// remote is a candidate of the peer, and what became of its pair.
type remote struct {
	protocol, address string
	tcpType           string
	port              uint16
	name              string
	sent, failed      uint64
	err               string
	answered          uint64
}

// withRemotes is a call without a path whose peer has these candidates.
func withRemotes(start diag.CallStart, list ...remote) *call.Call {
	log := diagtest.Log(0, start, 5, diag.PhaseStart{Phase: diag.PhaseICE},
		10, diag.Candidate{Side: diag.Local, ID: "l1", Address: "192.0.2.10", Protocol: "udp", CandidateType: diag.Host},
		10, diag.Candidate{Side: diag.Local, ID: "l2", Address: "192.0.2.10", Protocol: "tcp", TCPType: "active", CandidateType: diag.Host})
	for i, r := range list {
		id, local := fmt.Sprint("r", i), "l1"
		if r.protocol == "tcp" {
			local = "l2"
		}
		c := diag.Candidate{
			Side: diag.Remote, ID: id, Protocol: r.protocol, Address: r.address, Port: r.port, TCPType: r.tcpType, Name: r.name, CandidateType: diag.Host,
		}
		log = diagtest.Then(log, 20, c)
		if r.sent+r.failed > 0 {
			log = diagtest.Then(log, 30, diag.Pair{
				ID: id, LocalCandidateID: local, RemoteCandidateID: id, State: diag.PairFailed, RequestsSent: r.sent,
				RequestsFailed: r.failed, SendError: r.err, ResponsesReceived: r.answered,
			})
		}
	}
	return call.Fold(diagtest.Then(log, 4200, diag.CallEnded{Reason: diag.EndICE, By: diag.ByNetwork}))
}

func TestRemoteCauses(t *testing.T) {
	udp := func(address string, sent uint64) remote {
		return remote{protocol: "udp", address: address, port: 5000, sent: sent}
	}
	tcp := remote{protocol: "tcp", address: "203.0.113.7", port: 443, sent: 8}
	noRoute := remote{protocol: "udp", address: "2001:db8::7", port: 5000, failed: 8, err: "network is unreachable"}
	for name, test := range map[string]struct {
		remotes []remote
		relay   bool
		want    []string // severity and ID
		says    string
		never   string
	}{
		"TCP":                     {remotes: []remote{tcp}, want: []string{"error ice.tcp_only"}, says: "203.0.113.7:443"},
		"TCP, relay only":         {remotes: []remote{tcp}, relay: true, want: []string{"error ice.tcp_only"}, says: "without --relay-only"},
		"TCP on a private one":    {remotes: []remote{{protocol: "tcp", address: "10.1.1.1", port: 443, sent: 8}}, want: []string{"error ice.tcp_only"}},
		"active TCP beside it":    {remotes: []remote{udp("10.0.0.5", 8), {protocol: "tcp", address: "10.0.0.5", tcpType: "active"}}, want: []string{"error ice.remote_private"}},
		"TCP beside UDP":          {remotes: []remote{tcp, udp("203.0.113.7", 8)}},
		"TCP beside 0.0.0.0":      {remotes: []remote{tcp, udp("0.0.0.0", 0)}, want: []string{"error ice.tcp_only", "warning ice.remote_unusable"}},
		"private":                 {remotes: []remote{udp("10.0.0.5", 8), udp("fd00::5", 8), udp("100.64.1.1", 8)}, want: []string{"error ice.remote_private"}, says: "3 of 3 remote candidates"},
		"private and public":      {remotes: []remote{udp("10.0.0.5", 8), udp("203.0.113.7", 8)}},
		"private and TCP":         {remotes: []remote{udp("10.0.0.5", 8), tcp}, want: []string{"error ice.remote_private"}},
		"private, and one answer": {remotes: []remote{udp("10.0.0.5", 8), {protocol: "udp", address: "10.0.0.6", port: 1, sent: 3, answered: 1}}},
		"link-local":              {remotes: []remote{udp("fe80::5", 8), udp("169.254.1.1", 8)}, want: []string{"error ice.remote_private"}},
		"loopback, not checked":   {remotes: []remote{udp("127.0.0.1", 0)}, want: []string{"error ice.remote_private"}},
		"0.0.0.0":                 {remotes: []remote{udp("0.0.0.0", 0), udp("::", 0)}, want: []string{"error ice.remote_unusable"}, says: "0.0.0.0:5000"},
		"multicast, broadcast":    {remotes: []remote{udp("224.0.0.251", 0), udp("255.255.255.255", 0), udp("ff02::1", 0)}, want: []string{"error ice.remote_unusable"}},
		"port 0":                  {remotes: []remote{{protocol: "udp", address: "203.0.113.7"}}, want: []string{"error ice.remote_unusable"}, says: "Set the address", never: "Give both peers"},
		"no route":                {remotes: []remote{noRoute}, want: []string{"error ice.remote_unroutable"}, says: "Network is unreachable"},
		"no route to one":         {remotes: []remote{noRoute, udp("203.0.113.7", 8)}, want: []string{"warning ice.remote_unroutable"}},
		"mDNS":                    {remotes: []remote{udp("aa.local", 0)}, want: []string{"error ice.remote_mdns"}, says: "aa.local"},
		"mDNS with active TCP":    {remotes: []remote{udp("aa.local", 0), {protocol: "tcp", address: "aa.local", port: 9, tcpType: "active"}}, want: []string{"error ice.remote_mdns"}, says: "1 of 1 remote candidate:"},
		"mDNS that resolved":      {remotes: []remote{udp("aa.local", 8)}, want: []string{"error ice.remote_private"}},
		"a name":                  {remotes: []remote{udp("media.example", 0)}, want: []string{"error ice.remote_unresolved"}, says: "media.example:5000"},
		"a name that resolved":    {remotes: []remote{udp("media.example", 0), {protocol: "udp", address: "203.0.113.7", port: 5000, name: "media.example", sent: 8}}},
		"TCP beside mDNS":         {remotes: []remote{tcp, udp("aa.local", 0)}, want: []string{"error ice.tcp_only", "warning ice.remote_mdns"}},
		"TCP beside a name":       {remotes: []remote{tcp, udp("media.example", 0)}, want: []string{"error ice.tcp_only", "warning ice.remote_unresolved"}},
		"another IP version":      {remotes: []remote{udp("2001:db8::7", 0)}, says: "has IPv6 addresses only, and this machine none"},
		"both IP versions":        {remotes: []remote{udp("2001:db8::7", 0), udp("203.0.113.7", 8)}, never: "addresses only"},
		"active TCP alone":        {remotes: []remote{{protocol: "tcp", address: "203.0.113.7", port: 9, tcpType: "active"}}, want: []string{"error ice.tcp_only"}, says: "Allow UDP at the peer"},
		"none":                    {},
	} {
		t.Run(name, func(t *testing.T) {
			v := judge.Judge(withRemotes(diag.CallStart{Command: "call", RelayOnly: test.relay}, test.remotes...))
			var got []string
			for _, f := range v.Findings {
				if f.ID != "ice.no_path" {
					got = append(got, string(f.Severity)+" "+f.ID)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if said := fmt.Sprint(verdict.Lines(v)); !strings.Contains(said, test.says) {
				t.Errorf("%q is not in %s", test.says, said)
			} else if test.never != "" && strings.Contains(said, test.never) {
				t.Errorf("%q is in %s", test.never, said)
			}
		})
	}
}

// TestNothingToCheckFrom: a TURN server rejected the password, and only relay candidates were allowed. Nothing was checked,
// so neither the peer's candidates nor the time explain the failure.
func TestNothingToCheckFrom(t *testing.T) {
	v := judge.Judge(call.Fold(diagtest.Log(
		0, diag.CallStart{RelayOnly: true}, 5, diag.PhaseStart{Phase: diag.PhaseICE},
		20, diag.Candidate{Side: diag.Remote, ID: "r1", Address: "127.0.0.1", Port: 45166, Protocol: "udp", CandidateType: diag.Relay},
		30, diag.CallEnded{Reason: diag.EndICE, By: diag.ByNetwork},
	)))
	if len(v.Findings) != 1 || v.Findings[0].ID != "ice.no_path" {
		t.Errorf("%+v", v.Findings)
	}
	if e := v.Findings[0].Evidence.(judge.NoPath); e.Early || e.CheckedMs != nil {
		t.Errorf("%+v", e)
	}
}

// TestPathLost: a path that was found and lost before the call was connected was found.
func TestPathLost(t *testing.T) {
	v := judge.Judge(call.Fold(diagtest.Log(0, diag.CallStart{}, 5, diag.PhaseStart{Phase: diag.PhaseICE},
		10, diag.Candidate{Side: diag.Local, ID: "l1", Address: "192.0.2.10", Port: 5000, Protocol: "udp", CandidateType: diag.Host},
		10, diag.Candidate{Side: diag.Remote, ID: "r1", Address: "203.0.113.7", Port: 5000, Protocol: "udp", CandidateType: diag.Host},
		20, diag.Pair{ID: "p", LocalCandidateID: "l1", RemoteCandidateID: "r1", State: diag.PairSucceeded, RequestsSent: 7, ResponsesReceived: 1},
		30, diag.Selected{PairID: "p"}, 2300, diag.CallEnded{Reason: diag.EndICE, By: diag.ByNetwork})))
	said := verdict.Of(v).Headline + fmt.Sprint(verdict.Lines(v))
	for text, want := range map[string]bool{
		"the path was lost after": true, "went silent before the DTLS": true, "no path": false, "--patient": false, "turn:HOST": false,
	} {
		if strings.Contains(said, text) != want {
			t.Errorf("%q: %v in %s", text, !want, said)
		}
	}
}

// TestEarlyVerdict: one before the time of RFC 8863 says so, and a later one does not.
func TestEarlyVerdict(t *testing.T) {
	for after, want := range map[time.Duration]bool{4200 * time.Millisecond: true, 39600 * time.Millisecond: false} {
		log := diagtest.Log(0, diag.CallStart{}, 5, diag.PhaseStart{Phase: diag.PhaseICE},
			10, diag.Candidate{Side: diag.Local, ID: "l1", Address: "192.0.2.10", Port: 5000, Protocol: "udp", CandidateType: diag.Host},
			10, diag.Candidate{Side: diag.Remote, ID: "r1", Address: "203.0.113.7", Port: 5000, Protocol: "udp", CandidateType: diag.Host},
			20, diag.Pair{ID: "p", LocalCandidateID: "l1", RemoteCandidateID: "r1", State: diag.PairFailed, RequestsSent: 7},
			int(after/time.Millisecond), diag.CallEnded{Reason: diag.EndICE, By: diag.ByNetwork})
		said := fmt.Sprint(verdict.Lines(judge.Judge(call.Fold(log))))
		if strings.Contains(said, "--patient") != want {
			t.Errorf("after %v: %s", after, said)
		}
	}
}

// TestUnusedPair: a handshake over a pair on which the peer sent no check failed for that, unless it is ICE-lite.
func TestUnusedPair(t *testing.T) {
	for name, test := range map[string]struct {
		received uint64
		sdp      string
		want     string
	}{
		"no check of the peer": {0, "v=0\r\n", "dtls.pair_unused"},
		"checks of the peer":   {2, "v=0\r\n", "dtls.timeout"},
		"an ICE-lite peer":     {0, "v=0\r\na=ice-lite\r\n", "dtls.timeout"},
	} {
		log := diagtest.Log(0, diag.CallStart{}, 1, diag.SessionDescription{Side: diag.Remote, SDPType: "answer", SDP: test.sdp},
			2, diag.Selected{PairID: "p", Local: "host udp 127.0.0.1:1", Remote: "host udp 192.0.2.1:2"},
			3, diag.Pair{ID: "beside", State: diag.PairSucceeded, RequestsSent: 1, ResponsesReceived: 1},
			3, diag.Pair{ID: "p", State: diag.PairSucceeded, RequestsSent: 4, ResponsesReceived: 4, RequestsReceived: test.received},
			9000, diag.CallEnded{Reason: diag.EndDTLS, By: diag.ByNetwork})
		v := judge.Judge(call.Fold(log))
		if len(v.Findings) != 1 || v.Findings[0].ID != test.want {
			t.Errorf("%s: %+v", name, v.Findings)
		}
		if said := fmt.Sprint(verdict.Lines(v)); strings.Contains(said, "The peer sent no check") != (test.want == "dtls.pair_unused") {
			t.Errorf("%s: %s", name, said)
		}
	}
}

// TestHandshakes: what is said about a handshake that was not finished follows from its packets.
func TestHandshakes(t *testing.T) {
	for name, tt := range map[string]struct {
		role    string
		packets *diag.Handshake
		want    string
	}{
		"not counted":         {"client", nil, "dtls.timeout"},
		"answered":            {"client", &diag.Handshake{PacketsSent: 3, PacketsReceived: 1}, "dtls.timeout"},
		"not answered":        {"client", &diag.Handshake{PacketsSent: 3}, "dtls.peer_silent"},
		"not begun":           {"server", &diag.Handshake{}, "dtls.peer_silent"},
		"two clients":         {"client", &diag.Handshake{PacketsSent: 3, PacketsReceived: 2, ClientHellosReceived: 2}, "dtls.role_conflict"},
		"a client, as it may": {"server", &diag.Handshake{PacketsSent: 3, PacketsReceived: 2, ClientHellosReceived: 2}, "dtls.timeout"},
	} {
		v := judge.Judge(call.Fold(diagtest.Log(0, diag.CallStart{}, 1, diag.DTLSState{State: "connecting", Role: tt.role},
			2, diag.DTLSState{State: "failed", Handshake: tt.packets}, 3, diag.DTLSState{State: "closed"},
			9000, diag.CallEnded{Reason: diag.EndDTLS, By: diag.ByNetwork})))
		if len(v.Findings) != 1 || v.Findings[0].ID != tt.want {
			t.Errorf("%s: %+v", name, v.Findings)
		}
		if said := fmt.Sprint(verdict.Lines(v)); strings.Contains(said, "MTU") == (tt.want == "dtls.role_conflict") {
			t.Errorf("%s: %s", name, said)
		}
	}
}
