package dump

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
)

// fuzz reads any bytes behind a beginning that chooses the reader: events are in order and written as JSON, text is
// bounded, and the rules take them.
func fuzz(f *testing.F, begin string, seeds ...[]byte) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := Read(bytes.NewReader(append([]byte(begin), raw...)), Options{MaxMemory: 1 << 20})
		if err != nil {
			return
		}
		for i := range d.Connections {
			c := &d.Connections[i]
			checkEvents(t, c.Events)
			judge.Judge(call.Fold(c.Events))
			checkEvents(t, Join(c, &d.Connections[len(d.Connections)-1]))
		}
	})
}

func checkEvents(t *testing.T, events []diag.Event) {
	t.Helper()
	for i, e := range events {
		if e.Seq != uint64(i+1) || e.At < 0 || i > 0 && e.At < events[i-1].At {
			t.Fatalf("event %d: position %d at %v", i, e.Seq, e.At)
		}
		line, err := e.MarshalJSON()
		if err != nil || !json.Valid(line) || !utf8.Valid(line) {
			t.Fatalf("event %d, %T: %v %q", i, e.Data, err, line)
		}
	}
	if n := len(events); n > 0 {
		if _, ended := events[n-1].Data.(diag.CallEnded); !ended {
			t.Fatalf("the last event is %T", events[n-1].Data)
		}
	}
}

// short cuts a dump to what a fuzzer can change in useful ways.
func short(f *testing.F, name string, n int) []byte {
	f.Helper()
	raw := plain(f, name)
	return raw[:min(n, len(raw))]
}

func FuzzInternals(f *testing.F) {
	fuzz(f, `{"PeerConnections":`, []byte(`{"9-1":{"stats":{"A-bytesSent":{"startTime":"2026-11-29T08:12:28.602Z","endTime":"2026-11-29T08:12:33.602Z","statsType":"outbound-rtp","values":"[1,2,3]"},"A-kind":{"statsType":"outbound-rtp","values":"[\"audio\",\"audio\",\"audio\"]"},"A-timestamp":{"statsType":"outbound-rtp","values":"[1795939948602.7,1795939949602.7,1795939950602.7]"}},"updateLog":[{"type":"oniceconnectionstatechange","value":"\"checking\"","timestamp":1795939947602}]}}}`),
		[]byte(`{"1":{"updateLog":[{"type":"addIceCandidate","value":"sdpMid: 0, candidate: candidate:1 1 udp 2122194687 127.0.0.1 59090 typ host","time":"1/2/2020, 3:04:05 PM"}],"stats":{"ssrc_1_send-bytesSent":{"startTime":"2020-01-02T15:04:05Z","endTime":"2020-01-02T15:04:07Z","values":"[\"1\",\"2\"]"}}}}`))
}

func FuzzRTCStats(f *testing.F) {
	fuzz(f, "RTCStatsDump\n", short(f, "turn.rtcstats.gz", 6000)[13:], []byte("{}\n[\"g\",\"PC_0\",{\"0\":{\"10\":5,\"11\":\"audio\",\"type\":1},\"t\":1795939947602},1795939947602]\n[\"g\",\"PC_0\",{\"0\":null},1000]\n[6,\"PC_0\",{\"type\":\"offer\",\"sdp\":\"v=0\\r\\nm=audio 9 x 0\\r\\n\"},5]\n"))
}

func FuzzRTCStatsLegacy(f *testing.F) {
	fuzz(f, "[\"create\",\"PC_0\",{\"iceServers\":[]},1795939947602]\n", []byte("[\"getstats\",\"PC_0\",{\"timestamp\":1795939948602,\"A\":{\"timestamp\":0,\"type\":\"inboundrtp\",\"mediaType\":\"audio\",\"packetsReceived\":7}},1795939948602]\n"))
}

func FuzzFirefox(f *testing.F) {
	fuzz(f, `{"reports":[`, []byte(`{"pcid":"{a} 1795940404732504 (id=1 url=http://localhost/)","timestamp":1795940410813,"closed":false,"offerer":true,"sdpHistory":[{"isLocal":true,"sdp":"v=0\r\na=ice-ufrag:x\r\n","timestamp":1795940404745,"type":"offer"}],"transportStats":[{"id":"t","type":"transport","timestamp":1795940410813,"dtlsState":"connected","iceState":"connected"}]}]}`))
}

func FuzzPage(f *testing.F) {
	fuzz(f, `<div class="peer-connection">`, []byte(oldPages["of 2016"]), []byte(oldPages["of 2020"]), short(f, "firefox-page-turn.html.gz", 9000))
}
