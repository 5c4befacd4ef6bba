//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/dump"
	"dialtone/diag/judge"
	"dialtone/diag/lab/labtest"
)

// TestRTCStatsPackage: a log that the npm package rtcstats writes of a call, with the statistics of today's browsers or
// of Chrome's former API, is read as what happened.
func TestRTCStatsPackage(t *testing.T) {
	node := labtest.NeedProgram(t, "node")
	dir := filepath.Join(interopDir, "rtcstats")
	modules := nodeModules(t, dir)
	const began = 1_700_000_000_000.0
	for _, form := range []string{"standard", "legacy"} {
		t.Run(form, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), node, filepath.Join(dir, "record.cjs"), form)
			cmd.Env = append(os.Environ(), "NODE_PATH="+modules)
			steps, err := json.Marshal(rtcstatsSteps(began, form == "legacy"))
			if err != nil {
				t.Fatal(err)
			}
			var complaint bytes.Buffer
			cmd.Stdin, cmd.Stderr = bytes.NewReader(steps), &complaint
			raw, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, &complaint)
			}
			d, err := dump.Read(bytes.NewReader(raw), dump.Options{})
			if err != nil || len(d.Connections) != 1 || len(d.Faults) > 0 {
				t.Fatalf("%v, %+v\n%s", err, d, raw)
			}
			checkRTCStats(t, d.Connections[0], began)
		})
	}
}

func checkRTCStats(t *testing.T, of dump.Connection, began float64) {
	t.Helper()
	c := call.Fold(of.Events)
	if c.Role != diag.RoleOfferer || len(c.Descriptions) != 2 || len(c.Local) != 1 || c.Start.ICEServers[0].URL != "turn:t.example" {
		t.Errorf("role %s, %d descriptions, %d candidates, servers %+v", c.Role, len(c.Descriptions), len(c.Local), c.Start.ICEServers)
	}
	var got []string
	for _, s := range c.Samples {
		got = append(got, fmt.Sprint((of.StartedAt.Add(s.At)).UnixMilli()-int64(began), " sent ", *s.Outbound[0].PacketsSent, " received ", *s.Inbound[0].PacketsReceived,
			" lost ", *s.Inbound[0].PacketsLost, " ", s.Inbound[0].SSRC))
	}
	want := []string{
		"1040 sent 50 received 40 lost 0 8", "2040 sent 100 received 80 lost 4 8", "3040 sent 150 received 120 lost 4 8",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	denied := slices.ContainsFunc(judge.Judge(c).Findings, func(f judge.Finding) bool { return f.ID == "browser.capture_denied" })
	line, err := json.Marshal(of.Events)
	if !denied || err != nil || strings.Contains(string(line), "hunter2") {
		t.Errorf("denied %v, %v, %s", denied, err, line)
	}
}

// rtcstatsSteps are what record.cjs plays: a call of 3 s in which 4 packets get lost.
func rtcstatsSteps(began float64, legacy bool) any {
	type object = map[string]any
	sdp := func(ufrag string) string {
		return "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\n" +
			"a=ice-ufrag:" + ufrag + "\r\na=ice-pwd:hunter2hunter2hunter2hunter2\r\na=mid:0\r\na=sendrecv\r\na=rtpmap:111 opus/48000/2\r\n"
	}
	var reports []object
	for i := range 3 {
		at := began + 1040 + float64(i)*1000
		sent, received, lost := 50*(i+1), 40*(i+1), min(4*i, 4)
		report := object{
			"out": object{"id": "out", "type": "outbound-rtp", "timestamp": at, "ssrc": 7, "kind": "audio", "packetsSent": sent},
			"in": object{
				"id": "in", "type": "inbound-rtp", "timestamp": at, "ssrc": 8, "kind": "audio", "packetsReceived": received, "packetsLost": lost,
			},
		}
		if legacy {
			report = object{
				"ssrc_7_send": object{"id": "ssrc_7_send", "type": "ssrc", "timestamp": at, "ssrc": 7, "mediaType": "audio", "packetsSent": sent},
				"ssrc_8_recv": object{
					"id": "ssrc_8_recv", "type": "ssrc", "timestamp": at, "ssrc": 8, "mediaType": "audio", "packetsReceived": received, "packetsLost": lost,
				},
			}
		}
		reports = append(reports, report)
	}
	return object{
		"began": began, "offer": sdp("loca"), "answer": sdp("remo"), "reports": reports,
		"config":     object{"iceServers": []object{{"urls": "turn:t.example", "username": "ann", "credential": "hunter2"}}},
		"candidates": []object{{"candidate": "candidate:1 1 udp 2122260223 192.0.2.7 50000 typ host", "sdpMid": "0", "sdpMLineIndex": 0}},
	}
}
