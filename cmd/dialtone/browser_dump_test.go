//go:build unix

package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/netip"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/dump"
	"dialtone/diag/dump/dumptest"
	"dialtone/diag/lab/labtest"
)

// pollStats keeps the page's statistics of the last seconds.
const pollStats = `window.reports = []; setInterval(async () => {
	const report = {};
	for (const s of (await window.connections?.at(-1)?.getStats())?.values() ?? []) report[s.id] = s;
	reports.push(report);
	if (reports.length > 300) reports.shift();
}, 20)`

// sendNothing takes the source of each sender away.
const sendNothing = `for (const name of ["addTrack", "addTransceiver"]) {
	const add = RTCPeerConnection.prototype[name];
	RTCPeerConnection.prototype[name] = function (...a) {
		const added = add.apply(this, a);
		(added.sender ?? added).replaceTrack(null);
		return added;
	};
}`

// TestBrowserDump: what Chromium dumps of a call is what getStats says at the same moment, for each statistic that
// dialtone measures, too; and dialtone's own recording of the call is judged like it.
func TestBrowserDump(t *testing.T) {
	labtest.NeedQuiet(t) // the browser forgets a closed connection soon
	a, b := dumpedCall(t, inChromium, "", "5s")
	sameJudge(t, a, b.Events)
	names := b.compare(t)
	t.Logf("compared: %s", strings.Join(names, " "))
	for _, want := range []string{
		"inbound-rtp.packetsReceived", "inbound-rtp.jitter", "inbound-rtp.packetsLost", "outbound-rtp.packetsSent",
		"candidate-pair.bytesSent", "transport.bytesReceived", "data-channel.messagesSent",
	} {
		if !slices.Contains(names, want) {
			t.Errorf("%s was not compared: %q", want, names)
		}
	}
}

// TestBrowserDumps: calls of several kinds are judged alike by dialtone's recording and by the browser's dump.
func TestBrowserDumps(t *testing.T) {
	labtest.NeedQuiet(t)
	for _, in := range engines {
		for name, kind := range map[string]struct {
			args   []string
			script string // of the page, before it calls
			want   string // a finding of dialtone's recording
		}{
			"good":          {},
			"inbound loss":  {args: []string{"--impair", "loss=20%,dir=in"}, want: "media.loss inbound audio"},
			"outbound loss": {args: []string{"--impair", "loss=20%,dir=out"}, want: "media.loss outbound audio"},
			"receive only":  {args: []string{"--recvonly"}},
			"one-way":       {script: sendNothing, want: "media.no_inbound_video "},
		} {
			t.Run(in.name+", "+name, func(t *testing.T) {
				a, b := dumpedCall(t, in, kind.script, "12s", kind.args...)
				if said := dumptest.Said(a, false); kind.want != "" && !slices.Contains(said, kind.want) {
					t.Errorf("no %s in %q", kind.want, said)
				}
				sameJudge(t, a, b.Events)
			})
		}
	}
}

// dumped is the connection of a browser's dump.
type dumped struct {
	dump.Connection
	reports []map[string]map[string]any // the page's own getStats
}

// dumpedCall places a call with the page and returns dialtone's recording, and the browser's dump.
func dumpedCall(t *testing.T, in engine, script, length string, args ...string) ([]diag.Event, dumped) {
	t.Helper()
	url, dir := startServe(t), t.TempDir()
	var internals *tab
	if in.name == inChromium.name { // it records while it is open
		internals = openInternals(t)
	}
	b := openTab(t, in, "page", url+"?code=w1", pollStats, script)
	b.click("call")
	b.state("waiting")
	a := startTool(t, append([]string{
		"check", "--room", "w1", "--server", url, "--for", length, "--wait", "60s", "--record", dir,
	}, args...)...)
	b.state("connected")
	var raw []byte
	if internals == nil {
		b.await(`connections.at(-1).connectionState !== "connected" || reports.length > 60`)
		raw = b.report()
	}
	_ = a.exits() // it may fail on purpose
	if internals != nil {
		raw = internals.dumpInternals()
	}
	out := dumped{}
	b.ask(`reports`, &out.reports)
	own := recorded(t, onlyRecording(t, dir))
	recording, err := os.ReadFile(onlyRecording(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	ufrag := dumptest.RemoteUfrag(own)
	d, err := dump.Read(bytes.NewReader(raw), dump.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range d.Connections { // other tests call beside this one
		if slices.Contains(c.LocalUfrags, ufrag) {
			out.Connection = c
			keepPair(t, c.ID, recording, raw)
			return own, out
		}
	}
	t.Fatalf("none of %d connections has the user name fragment %s", len(d.Connections), ufrag)
	return nil, out
}

// openInternals opens chrome://webrtc-internals in a tab of its own.
func openInternals(t *testing.T) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(startChromium(t))
	t.Cleanup(cancel)
	b := &tab{t: t, name: "webrtc-internals", page: &chromiumPage{ctx: ctx}}
	b.visit("chrome://webrtc-internals")
	b.await(`document.getElementById("dump-click-target")`)
	return b
}

// dumpInternals is what the button of the page would save.
func (b *tab) dumpInternals() []byte {
	b.t.Helper()
	var raw []byte
	b.ask(`new Promise((done, fail) => {
		const make = URL.createObjectURL;
		HTMLAnchorElement.prototype.click = () => {};
		URL.createObjectURL = (blob) => {
			const reader = new FileReader();
			reader.onload = () => done(reader.result.split(",")[1]);
			reader.readAsDataURL(blob);
			return make.call(URL, blob);
		};
		document.querySelector("details").open = true;
		document.getElementById("dump-click-target").dispatchEvent(new MouseEvent("click", { bubbles: true }));
		setTimeout(() => fail(new Error("no dump")), 30000);
	})`, &raw)
	return raw
}

// report is what Firefox's about:webrtc copies.
func (b *tab) report() []byte {
	b.t.Helper()
	p, _ := b.page.(firefoxPage)
	value, err := p.d.ask("report", p.id, nil)
	b.must(err)
	var text string
	b.must(json.Unmarshal(value, &text))
	return []byte(text)
}

// compare holds the last sample that the page saw, too, against the page's getStats, and returns what was compared.
// Chromium makes one report for all who ask within 50 ms.
func (d dumped) compare(t *testing.T) []string {
	t.Helper()
	for i := len(d.Events) - 1; i >= 0; i-- {
		s, ok := d.Events[i].Data.(diag.Sample)
		if !ok || len(s.Inbound) == 0 || len(s.Outbound) == 0 {
			continue
		}
		at := float64(d.StartedAt.UnixMicro())/1000 + d.Events[i].At.Seconds()*1000
		for _, report := range d.reports {
			if when, ok := report[transportOf(report)]["timestamp"].(float64); ok && math.Abs(when-at) < 0.01 {
				return compareSample(t, s, report)
			}
		}
	}
	t.Fatal("no sample of the dump is of the same moment as one of the page")
	return nil
}

func transportOf(report map[string]map[string]any) string {
	for id, o := range report {
		if o["type"] == "transport" {
			return id
		}
	}
	return ""
}

// compareSample compares each object of a sample with that of the page.
func compareSample(t *testing.T, s diag.Sample, report map[string]map[string]any) []string {
	t.Helper()
	names := map[string]bool{}
	one := func(imported any, want func(o map[string]any) bool) {
		for _, o := range report {
			if want(o) {
				compareObject(t, imported, o, names)
				return
			}
		}
		t.Errorf("the page has no %T", imported)
	}
	of := func(kind, name string, value any) func(map[string]any) bool {
		return func(o map[string]any) bool { return o["type"] == kind && fmt.Sprint(o[name]) == fmt.Sprint(value) }
	}
	for _, in := range s.Inbound {
		one(in, of("inbound-rtp", "ssrc", float64(in.SSRC)))
	}
	for _, out := range s.Outbound {
		one(out, of("outbound-rtp", "ssrc", float64(out.SSRC)))
		if out.Remote != nil {
			one(*out.Remote, of("remote-inbound-rtp", "ssrc", float64(out.SSRC)))
		}
	}
	for _, c := range s.Channels {
		one(c, of("data-channel", "label", c.Label))
	}
	if s.Pair == nil || s.Transport == nil {
		t.Fatalf("no pair, or no transport: %+v", s)
	}
	one(*s.Pair, of("candidate-pair", "id", s.Pair.ID))
	one(*s.Transport, of("transport", "type", "transport"))
	return slices.Sorted(maps.Keys(names))
}

// compareObject compares the numbers that both have, and misses those that dialtone knows and the dump does not have.
func compareObject(t *testing.T, imported any, o map[string]any, names map[string]bool) {
	t.Helper()
	raw, err := json.Marshal(imported)
	got := map[string]any{}
	if err := errors.Join(err, json.Unmarshal(raw, &got)); err != nil {
		t.Fatal(err)
	}
	for _, name := range jsonNames(imported) {
		want, known := o[name].(float64)
		if !known {
			continue
		}
		n, ok := got[name].(float64)
		if !ok && want == 0 {
			continue // not kept as 0
		}
		if math.Abs(n-want) > 1e-9*max(1, math.Abs(want)) || !ok {
			t.Errorf("%s %s: %v in the dump, %v in the page", o["type"], name, got[name], want)
		}
		names[fmt.Sprint(o["type"])+"."+name] = true
	}
}

// sameJudge holds the verdict about dialtone's recording of a call against that about the browser's dump of it, whose
// directions are the other ones.
func sameJudge(t *testing.T, recording, imported []diag.Event) {
	t.Helper()
	if diff := cmp.Diff(dumptest.Said(recording, false), dumptest.Said(imported, true)); diff != "" {
		t.Errorf("the recording (-) and the dump (+) are judged differently:\n%s", diff)
	}
}

// jsonNames are the names of a struct's fields in JSON.
func jsonNames(v any) (out []string) {
	kind := reflect.TypeOf(v)
	for i := range kind.NumField() {
		name, _, _ := strings.Cut(kind.Field(i).Tag.Get("json"), ",")
		out = append(out, name)
	}
	return out
}

// keepPair writes, with -update, the recording and the dump of a call to the test data of package dump, without
// addresses of this machine.
func keepPair(t *testing.T, id string, recording, raw []byte) {
	t.Helper()
	if !*update {
		return
	}
	in, _, err := dump.Unpack(bytes.NewReader(raw)) // Chromium packs it
	if err == nil {
		raw, err = io.ReadAll(in)
	}
	if err != nil {
		t.Fatal(err)
	}
	var whole map[string]any
	if json.Unmarshal(raw, &whole) == nil && whole["PeerConnections"] != nil { // of Chromium: the others are of other tests
		all, _ := whole["PeerConnections"].(map[string]any)
		whole["PeerConnections"] = map[string]any{id: all[id]}
		raw, _ = json.Marshal(whole)
	}
	_, name, _ := strings.Cut(t.Name(), "/")
	name = strings.ToLower(strings.NewReplacer(",", "", "_", "-").Replace(name))
	known := map[string]string{}
	for suffix, text := range map[string][]byte{"jsonl": recording, "json": raw} {
		var packed bytes.Buffer
		zip, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
		_, err := zip.Write(foreignAddress.ReplaceAllFunc(text, func(b []byte) []byte {
			ip, err := netip.ParseAddr(strings.TrimSuffix(string(b[1:]), "."))
			if err != nil || ip.IsLoopback() || ip.IsUnspecified() || b[0] == '/' {
				return b
			}
			if known[ip.String()] == "" {
				known[ip.String()] = fmt.Sprintf("192.0.2.%d", len(known)+1)
				if ip.Is6() {
					known[ip.String()] = fmt.Sprintf("2001:db8::%d", len(known)+1)
				}
			}
			return append(b[:1:1], known[ip.String()]...)
		}))
		if err := errors.Join(err, zip.Close(), os.WriteFile("../../diag/dump/testdata/same/"+name+"."+suffix+".gz", packed.Bytes(), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
}

// foreignAddress matches what may be an address, with the character before it.
var foreignAddress = regexp.MustCompile(`[^0-9a-zA-Z:.][0-9a-fA-F]*[:.][0-9a-fA-F:.]+`)
