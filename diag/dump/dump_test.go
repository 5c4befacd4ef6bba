package dump

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
)

// read reads a dump that a browser wrote.
func read(t testing.TB, name string) *Dump {
	t.Helper()
	d, err := Read(bytes.NewReader(file(t, name)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func file(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// plain is a dump without its packing.
func plain(t testing.TB, name string) []byte {
	t.Helper()
	zip, err := gzip.NewReader(bytes.NewReader(file(t, name)))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(zip)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestBrowsers: dumps of calls of Chromium and Firefox are judged as what they were.
func TestBrowsers(t *testing.T) {
	loss := []string{
		"media.loss inbound audio", "media.loss inbound video", "media.loss outbound audio", "media.loss outbound video",
		"browser.concealment audio mid 0",
	}
	for _, tt := range []struct {
		file       string
		connection int
		exit       diag.Exit
		samples    int
		findings   []string
	}{
		{"good.json.gz", 0, diag.ExitPass, 6, nil},
		{"good.json.gz", 1, diag.ExitPass, 6, nil},
		{"good.rtcstats.gz", 0, diag.ExitPass, 6, nil},
		{"good.rtcstats.gz", 1, diag.ExitPass, 6, nil},
		{"firefox-good.json.gz", 0, diag.ExitPass, 1, nil},
		{"firefox-good.json.gz", 1, diag.ExitPass, 1, nil},
		{"firefox-page-good.html.gz", 0, diag.ExitPass, 1, nil},
		{"firefox-page-good.json.gz", 1, diag.ExitPass, 1, nil},
		{"firefox-page-several.html.gz", 3, diag.ExitPass, 1, nil},
		{"firefox-page-oneway.html.gz", 0, diag.ExitMedia, 1, []string{"media.no_outbound_audio "}},
		{"firefox-page-oneway.html.gz", 1, diag.ExitMedia, 1, []string{"media.no_inbound_audio "}},
		{"firefox-page-turn.html.gz", 0, diag.ExitICE, 1, []string{"ice.no_path "}},
		{"firefox-page-turn.html.gz", 1, diag.ExitICE, 1, []string{"ice.no_path ", "browser.turn_missing "}},
		{"firefox-page-turn.json.gz", 0, diag.ExitICE, 1, []string{"ice.no_path "}},
		{"turn.json.gz", 0, diag.ExitInterrupted, 0, []string{
			"browser.no_relay ", "turn.unauthorized turn:127.0.0.1:13478?transport=udp",
		}},
		{"turn.rtcstats.gz", 0, diag.ExitInterrupted, 0, []string{
			"browser.no_relay ", "turn.unauthorized turn:127.0.0.1:13478?transport=udp",
		}},
		{"oneway.json.gz", 0, diag.ExitMedia, 7, []string{"media.no_inbound_audio ", "media.no_inbound_video "}},
		{"oneway.json.gz", 1, diag.ExitMedia, 7, []string{"media.no_outbound_audio ", "media.no_outbound_video "}},
		{"firefox-oneway.json.gz", 0, diag.ExitMedia, 1, []string{"media.no_inbound_audio "}},
		{"denied.json.gz", 0, diag.ExitMedia, 3, []string{"browser.capture_denied getUserMedia", "media.no_outbound_audio "}},
		{"denied.rtcstats.gz", 0, diag.ExitMedia, 3, []string{"browser.capture_denied getUserMedia", "media.no_outbound_audio "}},
		{"loss.json.gz", 0, diag.ExitPass, 12, loss},
		{"ended.json.gz", 0, diag.ExitPass, 8, []string{
			"media.stopped audio", "browser.sending_stopped audio mid 0", "browser.concealment audio mid 0",
		}},
		{"storm.json.gz", 0, diag.ExitPass, 8, []string{"browser.restart_storm "}},
	} {
		t.Run(fmt.Sprint(tt.file, " ", tt.connection), func(t *testing.T) {
			d := read(t, tt.file)
			if len(d.Faults) > 0 || len(d.Connections) <= tt.connection {
				t.Fatalf("%d connections, faults %q", len(d.Connections), d.Faults)
			}
			c := d.Connections[tt.connection]
			v := judge.Judge(call.Fold(c.Events))
			var found []string
			for _, f := range v.Findings {
				found = append(found, f.ID+" "+f.Subject)
			}
			if diff := cmp.Diff(tt.findings, found, cmpopts.EquateEmpty()); diff != "" || v.Exit != tt.exit || c.Samples != tt.samples {
				t.Errorf("exit %v, %d samples, findings %s", v.Exit, c.Samples, diff)
			}
		})
	}
}

// TestFormatsAgree: both dumps that Chromium writes of a call have the same statistics of each moment.
func TestFormatsAgree(t *testing.T) {
	internals, rtcstats := read(t, "good.json.gz"), read(t, "good.rtcstats.gz")
	for i := range internals.Connections {
		a, b := samples(internals.Connections[i]), samples(rtcstats.Connections[i])
		if len(a) != len(b) || len(a) == 0 {
			t.Fatalf("%d and %d samples", len(a), len(b))
		}
		for j := range a {
			near := cmpopts.EquateApprox(0, 1e-6)
			byID := cmpopts.SortSlices(func(x, y diag.InboundRTP) bool { return x.SSRC < y.SSRC })
			if diff := cmp.Diff(a[j], b[j], near, byID); diff != "" {
				t.Errorf("connection %d, sample %d: %s", i, j, diff)
			}
		}
		last := a[len(a)-1]
		if len(last.Inbound) != 2 || len(last.Outbound) != 2 || last.Pair == nil || last.Transport == nil ||
			last.Outbound[0].Remote == nil || last.Inbound[0].MimeType == "" || last.Inbound[0].Bitrate == nil {
			t.Errorf("the last sample lacks something: %+v", last)
		}
	}
}

func samples(c Connection) []diag.Sample {
	var out []diag.Sample
	for _, e := range c.Events {
		if s, ok := e.Data.(diag.Sample); ok {
			out = append(out, s)
		}
	}
	return out
}

// TestFacts: what the dump of a good call becomes.
func TestFacts(t *testing.T) {
	c := call.Fold(read(t, "good.json.gz").Connections[0].Events)
	if c.Role != diag.RoleOfferer || len(c.Descriptions) != 2 || c.Selected == nil || len(c.Tracks) < 4 ||
		c.DTLS.Version != "DTLS 1.2" && c.DTLS.Version != "DTLS 1.3" || c.DTLS.RemoteFingerprint == "" || len(c.Channels) != 1 {
		t.Errorf("role %s, %d descriptions, selected %v, %d tracks, DTLS %+v, %d channels", c.Role, len(c.Descriptions),
			c.Selected, len(c.Tracks), c.DTLS, len(c.Channels))
	}
	if _, timed := c.SetupTime(); timed {
		t.Error("a channel that is seen in a sample gives a setup time")
	}
	for _, d := range c.Descriptions {
		if strings.Contains(d.SDP, "ice-pwd:") && !strings.Contains(d.SDP, "ice-pwd:***") {
			t.Error("a description has its ICE password")
		}
	}
	for _, p := range c.Pairs {
		if c.LocalCandidate(p.LocalCandidateID) == nil || c.RemoteCandidate(p.RemoteCandidateID) == nil {
			t.Errorf("pair %s has no candidates", p.ID)
		}
	}
}

// TestJoin puts both ends of a call side by side: they agree, and each stream is at both.
func TestJoin(t *testing.T) {
	d := read(t, "good.json.gz")
	a, b := &d.Connections[0], &d.Connections[1]
	if !AreEnds(a, b) || AreEnds(a, a) {
		t.Fatal("the ends are not recognized")
	}
	c := call.Fold(Join(a, b))
	ends, both := c.BothEnds()
	if !both || len(ends.Streams) != 4 || c.Ended == nil {
		t.Fatalf("%d streams at both ends", len(ends.Streams))
	}
	for _, s := range ends.Streams {
		if s.Sender == nil || s.Receiver == nil || s.Sent == nil || *s.Sent == 0 {
			t.Errorf("%s %s is not at both ends", s.Direction, s.Kind)
		}
	}
	if found := judge.EndsFindings(c); len(found) > 0 {
		t.Errorf("the ends contradict: %+v", found)
	}
}

// TestDamaged: a file that ends anywhere gives what was readable, and says so.
func TestDamaged(t *testing.T) {
	for _, name := range []string{"good.json.gz", "good.rtcstats.gz", "firefox-good.json.gz"} {
		whole := plain(t, name)
		d, err := Read(bytes.NewReader(whole[:len(whole)*3/4]), Options{})
		if err != nil || len(d.Faults) == 0 || len(d.Connections) == 0 {
			t.Errorf("%s: %v, %+v", name, err, d)
		}
	}
	d, err := Read(io.MultiReader(bytes.NewReader(plain(t, "good.rtcstats.gz")[:40_000]), iotest.ErrReader(errors.New("disk"))), Options{})
	if err != nil || !slices.ContainsFunc(d.Faults, func(s string) bool { return strings.Contains(s, "disk") }) {
		t.Errorf("%v, %+v", err, d)
	}
}

// TestNotDump: what is none is refused with its beginning.
func TestNotDump(t *testing.T) {
	for _, text := range []string{"", "hello", "{}", "[]", "{\"a\":1}", "<html></html>", "\x1f\x8bxx", "[1,2]\n", "null"} {
		if d, err := Read(strings.NewReader(text), Options{}); err == nil || !errors.Is(err, ErrNotDump) {
			t.Errorf("%q: %v, %+v", text, err, d)
		}
	}
}

// TestSecrets: no password of a dump becomes part of an event.
func TestSecrets(t *testing.T) {
	const dump = `{"PeerConnections":{"1-1":{"rtcConfiguration":{"iceServers":[{"urls":"turn:t.example","username":"ann","credential":"hunter2"}]},` +
		`"url":"https://a.example/x?key=hunter2","stats":{},"updateLog":[` +
		`{"type":"setConfiguration","value":"{\"iceServers\":[{\"urls\":\"turn:t\",\"credential\":\"hunter2\"}]}","timestamp":1795939947554.5},` +
		`{"type":"setLocalDescription","value":"{\"type\":\"offer\",\"sdp\":\"v=0\\r\\na=ice-ufrag:u\\r\\na=ice-pwd:hunter2\\r\\n\"}","timestamp":1795939947555},` +
		`{"type":"setLocalDescriptionOnFailure","value":"a=ice-pwd:hunter2","timestamp":1795939947556},` +
		`{"type":"someNews","value":"{\"pwd\":\"hunter2\"}","timestamp":1795939947557}]}}}`
	d, err := Read(strings.NewReader(dump), Options{})
	if err != nil || len(d.Connections) != 1 {
		t.Fatal(err)
	}
	kept := false
	for _, e := range d.Connections[0].Events {
		line, err := e.MarshalJSON()
		if err != nil || bytes.Contains(line, []byte("hunter2")) {
			t.Errorf("%s, %v", line, err)
		}
		kept = kept || e.Type() == "browser.someNews"
	}
	if !kept {
		t.Error("an event without a translation is lost")
	}
	if start, _ := d.Connections[0].Events[0].Data.(diag.CallStart); len(start.ICEServers) != 1 || !start.ICEServers[0].HasUsername {
		t.Errorf("%+v", start)
	}
}
