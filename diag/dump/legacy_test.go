package dump

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/lab/labtest"
)

// TestLegacy reads what browsers and rtcstats wrote in former years.
func TestLegacy(t *testing.T) {
	inbound := diag.InboundRTP{
		Kind: "audio", SSRC: 7, MimeType: "audio/opus", PacketsReceived: new(uint64(100)), BytesReceived: new(uint64(4000)),
		PacketsLost: new(int64(3)), Jitter: new(0.012),
	}
	for name, tt := range map[string]struct {
		text string
		want diag.InboundRTP
		ice  string
	}{
		"webrtc-internals before the standard": {
			`{"PeerConnections":{"12-1":{"url":"https://a.example/","rtcConfiguration":"{ iceServers: [] }","updateLog":[` +
				`{"time":"1/2/2020, 3:04:05 PM","type":"setLocalDescription","value":"type: offer, sdp: v=0\r\na=ice-ufrag:abcd\r\n"},` +
				`{"time":"1/2/2020, 3:04:05 PM","type":"setLocalDescriptionOnSuccess","value":""},` +
				`{"time":"1/2/2020, 3:04:05 PM","type":"onIceCandidate","value":"sdpMid: 0, sdpMLineIndex: 0, candidate: candidate:1 1 udp 2122194687 192.0.2.1 5000 typ host generation 0"},` +
				`{"time":"1/2/2020, 3:04:06 PM","type":"iceConnectionStateChange","value":"ICEConnectionStateConnected"}],"stats":{` +
				series("ssrc_7_recv-ssrc", "ssrc", `["7","7"]`) + "," + series("ssrc_7_recv-mediaType", "ssrc", `["audio","audio"]`) + "," +
				series("ssrc_7_recv-packetsReceived", "ssrc", `["50","100"]`) + "," + series("ssrc_7_recv-bytesReceived", "ssrc", `["2000","4000"]`) + "," +
				series("ssrc_7_recv-packetsLost", "ssrc", `["1","3"]`) + "," + series("ssrc_7_recv-googJitterReceived", "ssrc", `["10","12"]`) + "," +
				series("ssrc_7_recv-googCodecName", "ssrc", `["opus","opus"]`) + `}}}}`, inbound, "connected",
		},
		"rtcstats of 2019": {
			"{\"path\":\"/x\",\"userAgent\":\"Chrome\",\"fileFormat\":2}\n" +
				"[\"create\",\"PC_0\",{\"iceServers\":[]},1577977445000]\n[\"oniceconnectionstatechange\",\"PC_0\",\"connected\",1577977446000]\n" +
				"[\"getstats\",\"PC_0\",{\"timestamp\":1577977447000,\"C\":{\"timestamp\":0,\"type\":\"codec\",\"mimeType\":\"audio/opus\"},\"A\":{\"timestamp\":0,\"type\":\"inboundrtp\",\"mediaType\":\"audio\",\"ssrc\":7,\"codecId\":\"C\",\"packetsReceived\":50,\"bytesReceived\":2000,\"packetsLost\":3,\"jitter\":0.01}},1577977447000]\n" +
				"[\"getstats\",\"PC_0\",{\"timestamp\":1577977448000,\"A\":{\"timestamp\":0,\"packetsReceived\":100,\"bytesReceived\":4000,\"jitter\":0.012}},1577977448000]\n",
			inbound, "connected",
		},
		"rtcstats of 2016": {
			`{"peerConnections":{"PC_0":[{"time":"2020-01-02T15:04:06Z","type":"oniceconnectionstatechange","value":"connected"},` +
				`{"time":"2020-01-02T15:04:07Z","type":"getStats","value":{"A":{"type":"ssrc","mediaType":"audio","googCodecName":"opus","ssrc":"7","packetsReceived":"100","bytesReceived":"4000","packetsLost":"3","googJitterReceived":"12"}}}]},"url":"https://a.example/"}`,
			inbound, "connected",
		},
		"rtcstats of today": {
			"RTCStatsDump\n{\"fileFormat\":3}\n[39,\"PC_0\",{},1577977445000]\n[24,\"PC_0\",\"connected\",1000]\n" +
				"[\"g\",\"PC_0\",{\"0\":{\"type\":14,\"6\":\"audio/opus\"},\"1\":{\"type\":1,\"11\":\"audio\",\"10\":7,\"12\":\"0\",\"14\":50,\"41\":2000,\"15\":3,\"16\":0.01}},1000]\n" +
				"[1,\"PC_0\",{\"1\":{\"14\":100,\"41\":4000,\"16\":0.012}},1000]\n",
			inbound, "connected",
		},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := Read(strings.NewReader(tt.text), Options{})
			if err != nil || len(d.Connections) != 1 || len(d.Faults) > 0 {
				t.Fatalf("%v, %+v", err, d)
			}
			c := call.Fold(d.Connections[0].Events)
			last := c.Latest()
			if last == nil || len(last.Inbound) != 1 || c.ICE != tt.ice {
				t.Fatalf("ICE %q, latest sample %+v", c.ICE, last)
			}
			got := last.Inbound[0]
			got.Bitrate, got.FractionLost = nil, nil
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if strings.HasPrefix(name, "webrtc") && (len(c.Local) != 1 || len(c.Descriptions) != 1 || c.Role != diag.RoleOfferer) {
				t.Errorf("%d candidates, %d descriptions, role %q", len(c.Local), len(c.Descriptions), c.Role)
			}
		})
	}
}

func series(name, kind, values string) string {
	return fmt.Sprintf(`%q:{"startTime":"2020-01-02T15:04:07Z","endTime":"2020-01-02T15:04:08Z","statsType":%q,"values":%q}`, name, kind, values)
}

// endless repeats a part of a dump between a beginning and an end, without being kept in memory.
func endless(begin, part, between, end string, size int) io.Reader {
	readers := []io.Reader{strings.NewReader(begin), strings.NewReader(part)}
	for n := len(part); n < size; n += len(part) {
		readers = append(readers, strings.NewReader(between), strings.NewReader(part))
	}
	return io.MultiReader(append(readers, strings.NewReader(end))...)
}

// TestLarge: 200 MB take less than 20 s and 300 MB of memory, in each format; a million lines of junk are counted.
func TestLarge(t *testing.T) {
	labtest.NeedQuiet(t)
	const size = 200e6
	defer debug.SetGCPercent(debug.SetGCPercent(30)) // as the command does
	internals, lines := string(plain(t, "loss.json.gz")), string(plain(t, "good.rtcstats.gz"))
	_, one, _ := strings.Cut(internals, `"9-1":`)
	one, _, _ = strings.Cut(one, `"9-2":`)
	one = strings.TrimRight(one, ", \n\t\r")
	stats := lines[strings.Index(lines, `["getStats"`):]
	for name, in := range map[string]io.Reader{
		"internals": endless(`{"PeerConnections":{"1-1":`, one, `,"1-1":`, `}}`, size),
		"rtcstats":  endless(lines, stats, "\n", "\n", size),
		"junk":      endless(lines, "no JSON {[\n", "", "", 11e6),
	} {
		runtime.GC()
		began := time.Now()
		d, err := Read(in, Options{})
		took := time.Since(began)
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if err != nil || len(d.Connections) == 0 || took > 20*time.Second || m.Sys > 300e6 {
			t.Errorf("%s: %v; %v, %d MB", name, err, took, m.Sys/1e6)
		}
		if name == "junk" && (len(d.Faults) != 1 || !strings.Contains(d.Faults[0], "1000000 lines")) {
			t.Errorf("faults %q", d.Faults)
		}
		t.Logf("%s: %v, %d MB, faults %q", name, took, m.Sys/1e6, d.Faults)
	}
}

// TestJitsi: Jitsi's recorder counts its lines behind their times, and reports no state of the connection: packets that
// were received prove it.
func TestJitsi(t *testing.T) {
	const log = `["connectionInfo",null,"{\"path\":\"/room?x\",\"userAgent\":\"Chrome/120\"}",1700000000000]
["identity",null,{"displayName":"Ann"},1700000000001,1]
["create","PC_0",{"iceServers":[]},1700000000010,2]
["oniceconnectionstatechange","PC_0","checking",1700000000030,3]
["oniceconnectionstatechange","PC_0","connected",1700000000090,4]
["getstats","PC_0",{"in":{"type":"inbound-rtp","timestamp":0,"ssrc":8,"kind":"audio","packetsReceived":40},"timestamp":1700000001000},1700000001000,5]
["getstats","PC_0",{"in":{"timestamp":0,"packetsReceived":80},"timestamp":1700000002000},1700000002000,6]
["close","PC_0",null,1700000003010,7]
`
	d, err := Read(strings.NewReader(log), Options{})
	if err != nil || len(d.Connections) != 1 || len(d.Faults) > 0 {
		t.Fatalf("%v, %+v", err, d)
	}
	c := d.Connections[0]
	if c.StartedAt.UnixMilli() != 1700000000010 || c.Length != 3*time.Second || d.UserAgent != "Chrome/120" || c.URL != "/room" {
		t.Errorf("%v, %v, %q, %q", c.StartedAt, c.Length, d.UserAgent, c.URL)
	}
	if v := judge.Judge(call.Fold(c.Events)); v.Exit != diag.ExitPass {
		t.Errorf("%+v", v)
	}
}
