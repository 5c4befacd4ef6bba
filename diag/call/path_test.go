package call

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/browser"
	"dialtone/diag/diagtest"
)

// TestServersOfThePath: what a server gave, and whether the path leads through it.
func TestServersOfThePath(t *testing.T) {
	candidate := func(id string, side diag.Side, typ diag.CandidateType, url string) diag.Data {
		return diag.Candidate{Side: side, ID: id, Address: "192.0.2.1", Protocol: "udp", CandidateType: typ, URL: url}
	}
	const stun, turn = "stun:a", "turn:b"
	parts := []any{
		1, candidate("host", diag.Local, diag.Host, ""), 1, candidate("srflx", diag.Local, diag.Srflx, stun),
		1, candidate("beside", diag.Local, diag.Srflx, turn), 1, candidate("relay", diag.Local, diag.Relay, "turn:c"),
		1, candidate("there", diag.Remote, diag.Host, ""), 1, candidate("relayed", diag.Remote, diag.Relay, ""),
	}
	c := Fold(diagtest.Log(parts...))
	for url, want := range map[string]bool{stun: true, turn: false, "turn:c": true, "stun:d": false} {
		if got := c.ServedBy(url); got != want {
			t.Errorf("served by %s: %t", url, got)
		}
		if c.Carries(url) || c.Relayed() {
			t.Errorf("%s carries the call before there is a path", url)
		}
	}
	for _, tt := range []struct {
		local, remote    string
		carries, relayed bool
	}{{"host", "there", false, false}, {"relay", "there", true, true}, {"host", "relayed", false, true}, {"srflx", "there", false, false}, {"", "", false, false}} {
		c := Fold(diagtest.Log(append(parts, 2, diag.Pair{ID: "p", LocalCandidateID: tt.local, RemoteCandidateID: tt.remote}, 3, diag.Selected{PairID: "p", LocalCandidateID: tt.local, RemoteCandidateID: tt.remote})...))
		if c.Selected == nil {
			t.Fatal("no pair is selected")
		}
		if c.Carries("turn:c") != tt.carries || c.Relayed() != tt.relayed || c.Carries(stun) {
			t.Errorf("%s to %s: carries %t, relayed %t", tt.local, tt.remote, c.Carries("turn:c"), c.Relayed())
		}
	}
	if !c.IsOwn("192.0.2.1") || c.IsOwn("192.0.2.2") || !c.IsOwn("127.0.0.1") {
		t.Error("own addresses")
	}
}

// TestLostIPv6: pairs of IPv6 that all failed while IPv4 works.
func TestLostIPv6(t *testing.T) {
	candidate := func(id string, side diag.Side, address string) diag.Data {
		return diag.Candidate{Side: side, ID: id, Address: address, Protocol: "udp", CandidateType: diag.Host}
	}
	for name, tt := range map[string]struct {
		local, remote string // of IPv6
		selected      string
		states        []diag.PairState
		want          int
	}{
		"all failed":     {"2001:db8::1", "2001:db8::2", "l4", []diag.PairState{diag.PairFailed, diag.PairFailed}, 2},
		"one is waiting": {"2001:db8::1", "2001:db8::2", "l4", []diag.PairState{diag.PairFailed, diag.PairWaiting}, 0},
		"it works":       {"2001:db8::1", "2001:db8::2", "l6", []diag.PairState{diag.PairFailed}, 0},
		"link-local":     {"fe80::1", "fe80::2", "l4", []diag.PairState{diag.PairFailed}, 0},
		"only here":      {"2001:db8::1", "192.0.2.9", "l4", []diag.PairState{diag.PairFailed}, 0},
		"only there":     {"192.0.2.9", "2001:db8::2", "l4", []diag.PairState{diag.PairFailed}, 0},
		"mapped IPv4":    {"::ffff:192.0.2.9", "::ffff:192.0.2.8", "l4", []diag.PairState{diag.PairFailed}, 0},
		"none":           {"2001:db8::1", "2001:db8::2", "l4", nil, 0},
	} {
		parts := []any{
			1, candidate("l4", diag.Local, "192.0.2.1"), 1, candidate("r4", diag.Remote, "192.0.2.2"),
			1, candidate("l6", diag.Local, tt.local), 1, candidate("r6", diag.Remote, tt.remote),
			2,
			diag.Pair{ID: "p", LocalCandidateID: tt.selected, RemoteCandidateID: "r4", State: diag.PairSucceeded},
		}
		for i, s := range tt.states {
			parts = append(parts, 3, diag.Pair{ID: fmt.Sprint(i), LocalCandidateID: "l6", RemoteCandidateID: "r6", State: s})
		}
		if got := Fold(diagtest.Log(append(parts, 4, diag.Selected{PairID: "p", LocalCandidateID: tt.selected, RemoteCandidateID: "r4"})...)).LostIPv6(); got != tt.want {
			t.Errorf("%s: %d", name, got)
		}
	}
}

// TestLatestOfThePeer: what is announced is in the peer's latest description.
func TestLatestOfThePeer(t *testing.T) {
	description := func(side diag.Side, fingerprint, attribute string) diag.Data {
		return diag.SessionDescription{Side: side, SDPType: "offer", Fingerprint: fingerprint, SDP: "v=0\r\n" + attribute}
	}
	c := Fold(diagtest.Log(1, description(diag.Remote, "old", ""), 2, description(diag.Remote, "new", "a=ice-lite\r\n"), 3, description(diag.Local, "own", "")))
	if c.Announced() != "new" || !c.RemoteLite() {
		t.Errorf("%q, lite %t", c.Announced(), c.RemoteLite())
	}
	c = Fold(diagtest.Log(1, description(diag.Remote, "old", "a=ice-lite\r\n"), 2, description(diag.Remote, "new", ""), 3, description(diag.Local, "own", "a=ice-lite\r\n")))
	if c.Announced() != "new" || c.RemoteLite() {
		t.Errorf("%q, lite %t", c.Announced(), c.RemoteLite())
	}
	if c := (&Call{}); c.Announced() != "" || c.RemoteLite() {
		t.Error("announced before a description")
	}
}

// TestInjectedLoss: what was dropped on purpose, by stream, and of an echo in both directions.
func TestInjectedLoss(t *testing.T) {
	streams := func(kind string, ssrc uint32, dropped uint64) diag.ImpairedPackets {
		return diag.ImpairedPackets{Lost: 100, Streams: []diag.ImpairedStream{{SSRC: ssrc, Dropped: dropped}, {SSRC: 99, Dropped: 50}}}
	}
	sample := func(echo *float64) diag.Sample {
		return diag.Sample{
			Inbound:  []diag.InboundRTP{{Kind: "audio", SSRC: 1, EchoDelay: echo}, {Kind: "video", SSRC: 99}},
			Outbound: []diag.OutboundRTP{{Kind: "audio", SSRC: 2}, {Kind: "video", SSRC: 99}},
		}
	}
	impaired := diag.Impaired{Inbound: streams("audio", 1, 3), Outbound: streams("audio", 2, 4)}
	for name, tt := range map[string]struct {
		parts   []any
		in, out int64
	}{
		"nothing":               {[]any{1, sample(nil)}, 0, 0},
		"by stream":             {[]any{1, impaired, 2, sample(nil)}, 3, 4},
		"of an echo":            {[]any{1, impaired, 2, sample(new(float64))}, 7, 4},
		"before a sample":       {[]any{1, impaired}, 0, 0},
		"they are not distinct": {[]any{1, diag.Impaired{Inbound: diag.ImpairedPackets{Lost: 1, InGap: 2, Queue: 4}}, 2, sample(nil)}, 7, 0},
	} {
		c := Fold(diagtest.Log(tt.parts...))
		if in, out := c.Injected(diag.Inbound, "audio"), c.Injected(diag.Outbound, "audio"); in != tt.in || out != tt.out {
			t.Errorf("%s: %d and %d", name, in, out)
		}
	}
	if got := Mirrored(&impaired); Mirrored(nil) != nil || got.Inbound.Streams[0].Dropped != 4 || got.Outbound.Streams[0].Dropped != 3 {
		t.Errorf("mirrored: %+v", got)
	}
}

// TestCertificatesOfServers: those of the call's servers, and of a diagnosis where that is all.
func TestCertificatesOfServers(t *testing.T) {
	stage := func(url string, name diag.StageName, c *diag.Certificate, diagnosis bool) diag.Data {
		return diag.ServerStage{URL: url, Diagnosis: diagnosis, Stage: diag.Stage{Name: name, Certificate: c}}
	}
	certificate := &diag.Certificate{Name: "a", Issuer: "b", NotAfter: "c"}
	for name, tt := range map[string]struct {
		parts []any
		want  []ServerCertificate
	}{
		"none":      {[]any{0, diag.CallStart{}, 1, stage("turns:x", diag.StageConnect, nil, false)}, nil},
		"of a call": {[]any{0, diag.CallStart{}, 1, stage("turns:x", diag.StageTLS, certificate, false)}, []ServerCertificate{{"turns:x", "a", "b", "c"}}},
		"of a diagnosis in a call": {[]any{
			0, diag.CallStart{}, 1, diag.DiagnosisStart{}, 2, stage("turns:x", diag.StageTLS, certificate, true), 3, diag.DiagnosisEnd{},
		}, nil},
		"of a diagnosis alone": {[]any{
			1, diag.DiagnosisStart{}, 2, stage("turns:x", diag.StageTLS, certificate, true), 3, diag.DiagnosisEnd{},
		}, []ServerCertificate{{"turns:x", "a", "b", "c"}}},
		"without a handshake": {[]any{0, diag.CallStart{}, 1, stage("turns:x", diag.StageTLS, nil, false)}, nil},
	} {
		if diff := cmp.Diff(tt.want, Fold(diagtest.Log(tt.parts...)).Certificates()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestRefusedRequests: those of a kind are counted, and not many kinds are kept.
func TestRefusedRequests(t *testing.T) {
	served := func(method string, status int, problem string) diag.Data {
		return diag.ServedRequest{Method: method, Status: status, Problem: problem}
	}
	c := Fold(diagtest.Log(
		1, served("POST", 399, "x"), 2, served("POST", 400, "x"), 3, served("POST", 400, "x"), 4, served("PUT", 400, "x"),
		5, served("POST", 401, "x"), 6, served("POST", 400, "y"),
	))
	var times []int
	for _, r := range c.Signal.Refused {
		times = append(times, r.Times)
	}
	if diff := cmp.Diff([]int{2, 1, 1, 1}, times); diff != "" {
		t.Error(diff)
	}
	var parts []any
	for i := range maxRefused + 3 {
		parts = append(parts, i, served("POST", 400+i, ""))
	}
	if c := Fold(diagtest.Log(parts...)); len(c.Signal.Refused) != maxRefused {
		t.Errorf("%d kinds", len(c.Signal.Refused))
	}
	// Many others do not hide what the call's own client is refused.
	from := func(host, method string, status int) diag.Data {
		return diag.ServedRequest{Method: method, Status: status, RemoteAddr: host + ":1"}
	}
	parts = []any{0, from("own", "POST", 201)}
	for i := range maxRefused + 3 {
		parts = append(parts, i+1, from(strconv.Itoa(i), "DELETE", 404))
	}
	c = Fold(diagtest.Log(append(parts, 99, from("own", "PATCH", 412))...))
	own := slices.DeleteFunc(slices.Clone(c.Signal.Refused), c.Signal.IsOthers)
	if len(c.Signal.Refused) != maxRefused || len(own) != 1 || own[0].Status != 412 {
		t.Errorf("%d kinds, of them of the client %+v", len(c.Signal.Refused), own)
	}
}

// TestFactsOfADump: what the rules about browsers get to know of the call.
func TestFactsOfADump(t *testing.T) {
	media := mediaSDP("sendrecv", "recvonly")
	patience := int(browser.GatherPatience.Milliseconds())
	parts := func(d diag.DumpStart, servers []diag.ICEServer, also ...any) []any {
		return append([]any{
			0,
			diag.CallStart{Media: true, ICEServers: servers},
			1, d,
			2,
			diag.SessionDescription{Side: diag.Local, SDPType: "offer", SDP: media},
		}, also...)
	}
	turn := []diag.ICEServer{{URL: "stun:a"}, {URL: "turn:b"}}
	end := func(at int) []any { return []any{at, diag.CallEnded{Reason: diag.EndDump}} }
	failed := []any{3, diag.ServerStage{URL: "turn:b", Stage: diag.Stage{Name: diag.StageAllocate, Failure: &diag.Failure{Cause: diag.CauseAuth}}}}
	for name, tt := range map[string]struct {
		parts                    []any
		turn, waiting, uncounted bool
	}{
		"no TURN":              {parts(diag.DumpStart{}, turn[:1], end(1000)...), false, false, false},
		"TURN, soon over":      {parts(diag.DumpStart{}, turn, end(patience+1)...), true, true, false},
		"TURN, long over":      {parts(diag.DumpStart{}, turn, end(patience+2)...), true, false, false},
		"TURN, partial":        {parts(diag.DumpStart{Partial: true}, turn, end(patience+2)...), true, true, false},
		"TURN, which failed":   {parts(diag.DumpStart{}, turn, append(failed, end(1000)...)...), true, false, false},
		"connected, uncounted": {parts(diag.DumpStart{}, nil, append([]any{3, diag.ConnectionState{State: "connected"}}, end(1000)...)...), false, false, true},
		"connected, counted":   {parts(diag.DumpStart{}, nil, append([]any{3, diag.ConnectionState{State: "connected"}, 4, counts(1, 1, 1)}, end(1000)...)...), false, false, false},
	} {
		f := Fold(diagtest.Log(tt.parts...)).BrowserFacts()
		if f.TURN != tt.turn || f.Waiting != tt.waiting || f.Uncounted != tt.uncounted || len(f.Unsent) != 1 || f.Unsent[0] != "video" {
			t.Errorf("%s: %+v", name, f)
		}
	}
	if f := Fold(diagtest.Log(0, diag.CallStart{Media: true})).BrowserFacts(); f.TURN || f.Unsent != nil {
		t.Errorf("of a call of dialtone: %+v", f)
	}
	for name, tt := range map[string]struct {
		parts []any
		want  bool
	}{
		"of dialtone":     {[]any{0, diag.CallStart{}, 1, diag.ChannelOpen{Label: "x"}}, false},
		"a channel":       {parts(diag.DumpStart{}, nil, 5, diag.ChannelOpen{Label: "x"}), true},
		"no sample":       {parts(diag.DumpStart{}, nil), true},
		"sample of none":  {parts(diag.DumpStart{}, nil, 5, diag.Sample{}), true},
		"one in a sample": {parts(diag.DumpStart{}, nil, 5, diag.Sample{Channels: []diag.DataChannelRow{{}}}), false},
	} {
		if got := Fold(diagtest.Log(tt.parts...)).ChannelSeen(); got != tt.want {
			t.Errorf("channel seen, %s: %t", name, got)
		}
	}
}

// TestChatEchoed: what came back on the chat as it was sent, afterwards.
func TestChatEchoed(t *testing.T) {
	say := func(d diag.Direction, label, text string) diag.Data {
		return diag.Message{Direction: d, Label: label, Text: text}
	}
	chat := diag.LabelChat
	for name, tt := range map[string]struct {
		parts []any
		want  bool
	}{
		"came back":       {[]any{1, say(diag.Outbound, chat, "x"), 2, say(diag.Inbound, chat, "x")}, true},
		"something else":  {[]any{1, say(diag.Outbound, chat, "x"), 2, say(diag.Inbound, chat, "y")}, false},
		"before":          {[]any{1, say(diag.Inbound, chat, "x"), 2, say(diag.Outbound, chat, "x")}, false},
		"empty":           {[]any{1, say(diag.Outbound, chat, ""), 2, say(diag.Inbound, chat, "")}, false},
		"another channel": {[]any{1, say(diag.Outbound, "a", "x"), 2, say(diag.Inbound, "a", "x")}, false},
		"sent twice":      {[]any{1, say(diag.Outbound, chat, "x"), 2, say(diag.Outbound, chat, "x")}, false},
	} {
		c := Fold(diagtest.Log(tt.parts...))
		if c.ChatEchoed() != tt.want || c.Echoed() != tt.want {
			t.Errorf("%s: %t", name, c.ChatEchoed())
		}
	}
	if !Fold(diagtest.Log(1, diag.Ping{})).Echoed() {
		t.Error("a ping that was answered is no echo")
	}
}
