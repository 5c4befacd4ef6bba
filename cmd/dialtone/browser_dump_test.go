//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/dump"
	"dialtone/diag/judge"
	"dialtone/diag/lab/labtest"
	"dialtone/diag/sdp"
	"dialtone/diag/words/verdict"
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
				if said := saidOf(a, false); kind.want != "" && !slices.Contains(said, kind.want) {
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
	ufrag := remoteUfrag(own)
	d, err := dump.Read(bytes.NewReader(raw), dump.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range d.Connections { // other tests call beside this one
		if slices.Contains(c.LocalUfrags, ufrag) {
			out.Connection = c
			return own, out
		}
	}
	t.Fatalf("none of %d connections has the user name fragment %s", len(d.Connections), ufrag)
	return nil, out
}

// remoteUfrag is the user name fragment of the page, as the call began.
func remoteUfrag(events []diag.Event) string {
	for _, d := range call.Fold(events).Descriptions {
		if d.Side == diag.Remote {
			ufrag, _ := sdp.Parse(d.SDP).Attribute("ice-ufrag")
			return ufrag
		}
	}
	return ""
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

var (
	lengths   = regexp.MustCompile(`[\d.]+ (ms|s|min)\b`)
	direction = strings.NewReplacer("inbound", "outbound", "outbound", "inbound")
)

// sharedFindings are families of findings that both a recording and a dump can prove.
var sharedFindings = []string{"media.loss", "media.no_", "ice.", "dtls.", "turn."}

// sameJudge holds the verdict about dialtone's recording of a call against that about the browser's dump of it, whose
// directions are the other ones.
func sameJudge(t *testing.T, recording, imported []diag.Event) {
	t.Helper()
	if diff := cmp.Diff(saidOf(recording, false), saidOf(imported, true)); diff != "" {
		t.Errorf("the recording (-) and the dump (+) are judged differently:\n%s", diff)
	}
}

// saidOf is the headline without lengths and the end, and the shared findings. What is done to packets on purpose is
// not mentioned to the judge, as a browser does not know it.
func saidOf(events []diag.Event, mirror bool) (lines []string) {
	events = slices.DeleteFunc(slices.Clone(events), func(e diag.Event) bool {
		_, impaired := e.Data.(diag.Impaired)
		return impaired
	})
	for i, e := range events {
		if start, ok := e.Data.(diag.CallStart); ok {
			start.Impair = nil
			events[i].Data = start
		}
	}
	v := judge.Judge(call.Fold(events))
	headline, _, _ := strings.Cut(verdict.Of(v).Headline, ";")
	lines = append(lines, lengths.ReplaceAllString(headline, "…"))
	for _, f := range v.Findings {
		shared := slices.ContainsFunc(sharedFindings, func(prefix string) bool { return strings.HasPrefix(f.ID, prefix) })
		if shared {
			lines = append(lines, f.ID+" "+f.Subject)
		}
	}
	if mirror {
		for i := range lines {
			lines[i] = direction.Replace(lines[i])
		}
	}
	slices.Sort(lines)
	return lines
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
