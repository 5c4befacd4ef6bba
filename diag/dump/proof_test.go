package dump

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/words/verdict"
)

// TestCutProvesNothing: a dump that ends in the middle shows no fault that the whole one does not show, and not that the
// call ended.
func TestCutProvesNothing(t *testing.T) {
	for _, name := range []string{
		"good.json.gz", "good.rtcstats.gz", "firefox-page-turn.html.gz",
	} {
		whole := plain(t, name)
		known := findings(t, read(t, name))
		for i := 1; i < 8; i++ {
			d, err := Read(bytes.NewReader(whole[:len(whole)*i/8]), Options{})
			if err != nil {
				continue // nothing was readable
			}
			for _, f := range findings(t, d) {
				if !slices.Contains(known, f) && !strings.Contains(f, "browser.uncounted") {
					t.Errorf("%s, %d/8: %s", name, i, f)
				}
			}
		}
	}
}

// findings are those of all connections.
func findings(t *testing.T, d *Dump) (out []string) {
	t.Helper()
	for _, c := range d.Connections {
		v := judge.Judge(call.Fold(c.Events))
		if said := verdict.Of(v).Headline; strings.Contains(said, "closed") {
			t.Errorf("%s: %s", c.ID, said)
		}
		for _, f := range v.Findings {
			out = append(out, c.ID+" "+f.ID+" "+f.Subject)
		}
	}
	return out
}

// epoch is when the calls of [traced] begin, in ms.
const epoch = 1700000000000

// traced is a dump of rtcstats with an offer and an answer, and what followed, at times in ms.
func traced(follows ...any) string {
	const section = `m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:%s\r\na=sendrecv\r\na=rtpmap:111 opus/48000/2\r\n`
	var b strings.Builder
	b.WriteString(`{"fileFormat":2,"userAgent":"Chrome/120"}` + "\n")
	line := func(at int, method, value string) {
		fmt.Fprintf(&b, "[%q,\"PC_0\",%s,%d]\n", method, value, epoch+at)
	}
	line(0, "create", `{"iceServers":[{"urls":"stun:stun.example"}]}`)
	line(1, "addTrack", `"audio:a stream:s"`)
	line(10, "setLocalDescription", `{"type":"offer","sdp":"v=0\r\n`+fmt.Sprintf(section, "abcd")+`"}`)
	line(11, "setLocalDescriptionOnSuccess", "null")
	line(50, "setRemoteDescription", `{"type":"answer","sdp":"v=0\r\n`+fmt.Sprintf(section, "efgh")+`"}`)
	line(51, "setRemoteDescriptionOnSuccess", "null")
	line(52, "oniceconnectionstatechange", `"checking"`)
	for i := 0; i < len(follows); i += 3 {
		at, _ := follows[i].(int)
		method, _ := follows[i+1].(string)
		value, _ := follows[i+2].(string)
		line(at, method, value)
	}
	return b.String()
}

// unanswered is a dump of an offer without an answer.
func unanswered(until int) string {
	lines := slices.DeleteFunc(strings.SplitAfter(traced(until, "onconnectionstatechange", `"new"`), "\n"),
		func(line string) bool { return strings.Contains(line, "setRemoteDescription") })
	return strings.Join(lines, "")
}

// relayed is a dump of a page that permits only relay candidates, with an error of a server.
func relayed(until int, candidateError string) string {
	text := traced(until, "onconnectionstatechange", `"new"`)
	if candidateError != "" {
		text = traced(300, "onicecandidateerror", candidateError, until, "onconnectionstatechange", `"new"`)
	}
	text = strings.Replace(text, `{"iceServers":[{"urls":"stun:stun.example"}]}`,
		`{"iceServers":[{"urls":"turn:t.example"}],"iceTransportPolicy":"relay"}`, 1)
	return strings.Replace(text, `"oniceconnectionstatechange","PC_0","checking"`, `"oniceconnectionstatechange","PC_0","new"`, 1)
}

// transport is a report with a state of DTLS.
func transport(state string) string { return `{"T":{"type":"transport","dtlsState":"` + state + `"}}` }

// counted is a report with counts of packets; a count below 0 is unknown, and without a stream for "".
func counted(in, out string) string {
	stats := map[string]any{"P": map[string]any{"type": "candidate-pair", "state": "succeeded", "nominated": true}}
	for kind, text := range map[string]string{"inbound": in, "outbound": out} {
		if text == "" {
			continue
		}
		name := map[string]string{"inbound": "packetsReceived", "outbound": "packetsSent"}[kind]
		stats[kind] = map[string]any{"type": kind + "-rtp", "kind": "audio", "ssrc": len(kind), name: json.RawMessage(text)}
	}
	raw, err := json.Marshal(stats)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// TestUnproven: what a dump does not show is not said.
func TestUnproven(t *testing.T) {
	const ice, state = "oniceconnectionstatechange", "onconnectionstatechange"
	up := []any{200, ice, `"connected"`, 220, state, `"connected"`}
	with := func(more ...any) string { return traced(slices.Concat(up, more)...) }
	for name, tt := range map[string]struct {
		text     string
		headline string
		findings []string
	}{
		"no statistics":       {with(6220, "close", "null"), "connected for 6.0 s; this side closed the connection", []string{"browser.uncounted"}},
		"none of streams":     {with(3000, "getStats", counted("", ""), 6220, "getStats", counted("", "")), "connected for 6.0 s; the dump ends here", []string{"browser.uncounted"}},
		"counts unknown":      {with(6220, "getStats", counted("null", `"?"`)), "connected for 6.0 s; the dump ends here", []string{"browser.uncounted"}},
		"too early":           {with(420, "getStats", counted("0", "0"), 9220, ice, `"completed"`), "connected for 9.0 s; the dump ends here", nil},
		"nothing counted":     {with(6220, "getStats", counted("0", "9")), "connected for 6.0 s, but no inbound audio", []string{"media.no_inbound_audio"}},
		"silent at the end":   {with(6220, state, `"disconnected"`), "connected for 6.0 s, but the path was silent when the dump was written", []string{"ice.silent_at_end", "browser.uncounted"}},
		"DTLS unknown":        {traced(200, ice, `"connected"`), "the dump ends here while ICE was connected; the dump does not say whether DTLS was", nil},
		"DTLS unknown, ended": {traced(200, ice, `"connected"`, 900, "close", "null"), "this side closed the connection while ICE was connected; the dump does not say whether DTLS was", nil},
		"DTLS runs":           {traced(100, state, `"connecting"`, 200, ice, `"connected"`), "the dump ends here while waiting for the DTLS handshake", nil},
		"pairs unknown":       {traced(15052, ice, `"failed"`), "no path found after 15.0 s", []string{"ice.no_path", "browser.turn_missing"}},
		"failed, left open, after other calls": {
			strings.Replace(traced(15_052, state, `"failed"`, 60_000, "onicegatheringstatechange", `"complete"`), "\n",
				fmt.Sprintf("\n[\"getUserMedia\",null,{\"audio\":true},%d]\n", epoch-90_000), 1), "no path found after 15.0 s", []string{"ice.no_path", "browser.turn_missing"},
		},
		"denied, then granted without a word": {with(300, "getUserMedia", `{"audio":true}`, 301, "getUserMediaOnFailure", `"NotAllowedError: no"`, 400,
			"getUserMedia", `{"audio":true}`, 401, "getUserMediaOnSuccess", `"stream"`, 6220, "getStats", counted("9", "9")), "connected for 6.0 s; the dump ends here", nil},
		"denied, but sent": {with(300, "getUserMedia", `{"audio":true}`, 301, "getUserMediaOnFailure", `"NotAllowedError: no"`, 6220, "getStats",
			counted("9", "9")), "connected for 6.0 s; the dump ends here", []string{"browser.capture_denied"}},
		"asked only":    {`["getUserMedia",null,{"audio":true},1700000000000]` + "\n", "the dump has requests for devices, and no connection", nil},
		"no candidates": {traced(10_000, state, `"connecting"`), "the dump ends here while waiting for candidates", nil},
		"DTLS failed":   {traced(200, ice, `"connected"`, 300, "getStats", transport("failed")), "the DTLS handshake failed", []string{"dtls.failed"}},
		"DTLS rejected": {with(300, "getStats", transport("failed")), "the DTLS handshake failed", []string{"dtls.closed_by_peer"}},
		"the peer left": {with(3220, "getStats", transport("connected"), 4220, "getStats", transport("closed"), 9000, "getStats",
			transport("closed")), "connected for 4.0 s; the peer hung up", []string{"browser.uncounted"}},
		"it left, and the path with it": {with(3220, "getStats", transport("connected"), 4220, "getStats", transport("closed"), 9000, ice,
			`"disconnected"`, 9001, state, `"disconnected"`, 9900, "close", "null"), "connected for 4.0 s; the peer hung up", []string{"browser.uncounted"}},
		"devices for the next": {
			with(4220, "getStats", counted("9", "9"), 4300, "close", "null", 60_000, "getUserMedia", `{"audio":true}`),
			"connected for 4.0 s; this side closed the connection", nil,
		},
		"it left, when is unknown": {
			with(9000, "getStats", transport("closed")),
			"connected, for how long is unknown; the peer hung up",
			[]string{"browser.uncounted"},
		},
		"it was lost": {with(9220, state, `"failed"`), "the peer vanished after 4.0 s", []string{"call.peer_lost", "browser.uncounted"}},
		"an answer is rejected": {
			traced(100, "setRemoteDescription", `{"type":"answer","sdp":"v=0"}`, 101,
				"setRemoteDescriptionOnFailure", `"OperationError: a=ice-pwd:hunter2\r\n is wrong"`),
			"the dump ends here while waiting for candidates",
			[]string{"browser.description_rejected"},
		},
		"no answer": {unanswered(15_000), "the dump ends here while exchanging offer and answer", []string{"browser.no_answer"}},
		"no answer in the call": {
			with(6000, "setLocalDescription", `{"type":"offer","sdp":"v=0\r\n"}`, 6001, "setLocalDescriptionOnSuccess", "null",
				6001, "onsignalingstatechange", `"have-local-offer"`, 16_220, "getStats", counted("9", "9")),
			"connected for 16.0 s; the dump ends here",
			[]string{"browser.no_answer"},
		},
		"an answer in the call may come": {
			with(6000, "setLocalDescription", `{"type":"offer","sdp":"v=0\r\n"}`, 6001, "setLocalDescriptionOnSuccess", "null",
				6001, "onsignalingstatechange", `"have-local-offer"`, 15_220, "getStats", counted("9", "9")),
			"connected for 15.0 s; the dump ends here", nil,
		},
		"taken back in the call": {
			with(6000, "setLocalDescription", `{"type":"offer","sdp":"v=0\r\n"}`, 6001, "setLocalDescriptionOnSuccess", "null",
				6001, "onsignalingstatechange", `"have-local-offer"`, 6002, "onsignalingstatechange", `"stable"`,
				16_220, "getStats", counted("9", "9")),
			"connected for 16.0 s; the dump ends here", nil,
		},
		"an answer may come":       {unanswered(10_000), "the dump ends here while exchanging offer and answer", nil},
		"no candidate of the peer": {traced(15_000, state, `"new"`), "the dump ends here while waiting for candidates", []string{"browser.no_remote_candidate"}},
		"TURN is silent":           {relayed(12_000, ""), "the dump ends here while waiting for candidates", []string{"browser.no_relay"}},
		"TURN may come":            {relayed(5000, ""), "the dump ends here while waiting for candidates", nil},
		"TURN rejects":             {relayed(5000, `{"url":"turn:t.example:3478?transport=udp","errorCode":403,"errorText":"Forbidden."}`), "the dump ends here while waiting for candidates", []string{"browser.no_relay", "turn.forbidden"}},
		"TURN unknown":             {relayed(5000, `{"url":"turn:t.example:3478?transport=udp","errorCode":701,"errorText":"Failed to establish connection"}`), "the dump ends here while waiting for candidates", []string{"browser.no_relay", "server.failed"}},
		"TURN as STUN":             {relayed(5000, `{"url":"stun:t.example:3478","errorCode":701,"errorText":"STUN host lookup received error."}`), "the dump ends here while waiting for candidates", nil},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := Read(strings.NewReader(tt.text), Options{})
			if err != nil || len(d.Connections) != 1 {
				t.Fatalf("%v, %+v", err, d)
			}
			v := judge.Judge(call.Fold(d.Connections[0].Events))
			for _, e := range d.Connections[0].Events {
				if one, is := e.Data.(diag.Candidate); is && (one.Side == "" || one.Address == "") {
					t.Errorf("%+v is none of the dump", one)
				}
			}
			var found []string
			for _, f := range v.Findings {
				found = append(found, f.ID)
			}
			said := verdict.Of(v)
			if diff := cmp.Diff(tt.findings, found, cmpopts.EquateEmpty()); diff != "" || said.Headline != tt.headline {
				t.Errorf("%q, findings %s", said.Headline, diff)
			}
			for _, s := range slices.Concat(said.Why, said.Next) {
				if strings.Contains(s, "--") || strings.Contains(s, "fits a local one") {
					t.Errorf("%q is of no call of a browser", s)
				}
			}
		})
	}
}
