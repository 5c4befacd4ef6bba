package dump

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"dialtone/diag"
	"dialtone/diag/call"
)

// shownByPage are the statistics that about:webrtc shows: bytes in KiB with two digits, and none of the other members.
var shownByPage = cmp.Options{
	cmp.Transformer("shown", func(in diag.InboundRTP) diag.InboundRTP {
		return diag.InboundRTP{
			Kind: in.Kind, SSRC: in.SSRC, MimeType: in.MimeType, ClockRate: in.ClockRate, PacketsReceived: in.PacketsReceived,
			PacketsLost: in.PacketsLost, FramesDecoded: in.FramesDecoded,
			BytesReceived: rounded(in.BytesReceived), Jitter: micro(in.Jitter),
		}
	}),
	cmp.Transformer("shown", func(out diag.OutboundRTP) diag.OutboundRTP {
		shown := diag.OutboundRTP{
			Kind: out.Kind, SSRC: out.SSRC, MimeType: out.MimeType, PacketsSent: out.PacketsSent, FramesEncoded: out.FramesEncoded,
			BytesSent: rounded(out.BytesSent),
		}
		if out.Remote != nil {
			shown.Remote = &diag.RemoteInbound{
				PacketsLost: out.Remote.PacketsLost, Jitter: micro(out.Remote.Jitter), RoundTripTime: micro(out.Remote.RoundTripTime),
			}
		}
		return shown
	}),
}

// rounded is what is left of a number of bytes in a page.
func rounded(n *uint64) *uint64 {
	if n == nil {
		return nil
	}
	kib := math.Round(float64(*n)/1024*100) / 100
	return new(uint64(math.Round(kib * 1024)))
}

func micro(seconds *float64) *float64 {
	if seconds == nil {
		return nil
	}
	return new(math.Round(*seconds*1e9) / 1e9)
}

// TestPage: a page that was saved shows what the report of the same moment says.
func TestPage(t *testing.T) {
	for _, kind := range []string{"good", "oneway", "turn"} {
		t.Run(kind, func(t *testing.T) {
			page, report := read(t, "firefox-page-"+kind+".html.gz"), read(t, "firefox-page-"+kind+".json.gz")
			if len(page.Faults) > 0 || len(page.Connections) != len(report.Connections) {
				t.Fatalf("%d connections instead of %d, faults %q", len(page.Connections), len(report.Connections), page.Faults)
			}
			for i := range page.Connections {
				a := &page.Connections[i]
				b, err := of(report, a.ID)
				if err != nil {
					t.Fatal(err)
				}
				comparePage(t, a, b)
			}
		})
	}
}

func of(d *Dump, id string) (*Connection, error) {
	for i := range d.Connections {
		if d.Connections[i].ID == id {
			return &d.Connections[i], nil
		}
	}
	return nil, fmt.Errorf("no connection %s", id)
}

func comparePage(t *testing.T, page, report *Connection) {
	t.Helper()
	a, b := call.Fold(page.Events), call.Fold(report.Events)
	for _, of := range []struct {
		what      string
		got, want any
	}{
		{"page", page.URL, report.URL},
		{"state", page.State, report.State},
		{"ufrags", [][]string{page.LocalUfrags, page.RemoteUfrags}, [][]string{report.LocalUfrags, report.RemoteUfrags}},
		{"servers", a.Start.ICEServers, b.Start.ICEServers},
		{"policy", a.Start.RelayOnly, b.Start.RelayOnly},
		{"role", a.Role, b.Role},
		{"descriptions", sdps(a), sdps(b)},
		{"end", a.Ended.Reason, b.Ended.Reason},
		{"inbound", a.Latest().Inbound, b.Latest().Inbound},
		{"outbound", a.Latest().Outbound, b.Latest().Outbound},
	} {
		sorts := cmp.Options{
			cmpopts.SortSlices(func(x, y diag.InboundRTP) bool { return x.SSRC < y.SSRC }),
			cmpopts.SortSlices(func(x, y diag.OutboundRTP) bool { return x.SSRC < y.SSRC }),
		}
		if diff := cmp.Diff(of.want, of.got, shownByPage, sorts); diff != "" {
			t.Errorf("%s: %s: %s", page.ID, of.what, diff)
		}
	}
	if (a.Selected == nil) != (b.Selected == nil) {
		t.Fatalf("%s: selected %v instead of %v", page.ID, a.Selected, b.Selected)
	}
	if a.Selected == nil {
		return
	}
	if x, y := a.Latest().Pair, b.Latest().Pair; x.BytesSent != y.BytesSent || x.BytesReceived != y.BytesReceived || x.State != y.State {
		t.Errorf("%s: pair %+v instead of %+v", page.ID, x, y)
	}
}

func sdps(c *call.Call) (out []string) {
	for _, d := range c.Descriptions {
		out = append(out, fmt.Sprint(d.Side, d.SDPType, strings.TrimSpace(d.SDP)))
	}
	return out
}

// TestPageLanguage: a page in another language is the same.
func TestPageLanguage(t *testing.T) {
	english := string(plain(t, "firefox-page-good.html.gz"))
	german := strings.NewReplacer("Local", "Lokal", "Remote", "Entfernt", "Received", "Empfangen", "packets<", "Pakete<", "Lost", "Verloren",
		"Sent", "Gesendet", "Decoder", "Dekodierer", "Encoder", "Kodierer", "Timestamp", "Zeitstempel", "PeerConnection ID:", "Verbindung:",
		">Nominated", ">Nominiert", ">Answer", ">Antwort").Replace(english)
	a, err := Read(strings.NewReader(english), Options{})
	b, err2 := Read(strings.NewReader(german), Options{})
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Error(diff)
	}
}

// oldPages are pages of former versions: until Firefox 52, and from 53 to 96. Their texts have the numbers.
var oldPages = map[string]string{
	"of 2016": `<div id="content"><div class="no-print"></div><div class="peer-connections"><h3>RTCPeerConnection Statistics</h3>` +
		`<div class="peer-connection"><h3>[ 5 ] https://a.example/call (geschlossen) 13:00:09 GMT+0100 (CET)</h3><div><div>` +
		`<span class="info-label">PeerConnection-ID: </span><span class="info-body">1577966400000000 (id=5 url=https://a.example/call?x=1)</span></div>` +
		`<div><h4>ICE</h4><table><tr><td>Lokal</td><td>Fern</td><td>Status</td><td>Prio</td><td>Nominiert</td><td>Gewählt</td></tr>` +
		`<tr><td>192.0.2.2:5000/udp(relayed-udp)</td><td>192.0.2.3:6000/udp(serverreflexive)</td><td>succeeded</td><td>396324</td><td>true</td><td>true</td></tr>` +
		`<tr><td>192.0.2.2:5001/udp(host)</td><td></td><td></td><td></td><td></td><td></td></tr></table></div>` +
		`<div><h4>SDP</h4><h5>Lokales SDP</h5><pre>v=0
a=ice-ufrag:abcd
a=setup:actpass
m=audio 9 x 0
a=ssrc:8 cname:x
</pre><h5>Fernes SDP</h5><pre>v=0
a=ice-ufrag:efgh
a=setup:active
m=audio 9 x 0
a=ssrc:7 cname:x
</pre></div>` +
		`<div><h4>RTP</h4><div><h5>inbound_rtp_audio_0</h5><p></p><p>Lokal: 13:00:09 GMT+0100 (CET) inboundrtp SSRC: 7 Empfangen: 300 Pakete (47.32 Kb) Verloren: 4 Jitter: 0.005</p>` +
		`<p>Fern: 13:00:07 GMT+0100 (CET) outboundrtp SSRC: 7 Gesendet: 290 Pakete (45.20 Kb)</p></div>` +
		`<div><h5>outbound_rtcp_audio_1</h5><p></p><p>Lokal: 13:00:08 GMT+0100 (CET) inboundrtp SSRC: 8 Empfangen: 280 Pakete Verloren: 2 Jitter: 0.004 RTT: 25 ms</p></div>` +
		`<div><h5>outbound_rtp_audio_1</h5><p></p><p>Lokal: 13:00:09 GMT+0100 (CET) outboundrtp SSRC: 8 Gesendet: 301 Pakete (40.00 Kb)</p></div>` +
		`</div></div></div></div></div>`,
	"of 2020": `<html><body id="body"><div id="content"><div class="peer-connection"><h3>[ 5 ] https://a.example/call (closed) Thu Jan 02 2020 13:00:09 GMT+0100 (CET)</h3><div>` +
		`<div><span>PeerConnection ID: </span><span class="info-body">1577966400000000 (id=5 url=https://a.example/call?x=1)</span></div>` +
		`<div class="peer-connection-config">RTCConfiguration<br>bundlePolicy: balanced<br>iceTransportPolicy: relay<br>iceServers: <div>urls: ["turn:t.example"]<br>credential(<i>Provided</i>/<i>Not Provided</i>): <i>Provided</i></div></div>` +
		`<div><h4>ICE Stats</h4><table><caption>x</caption><tr><th>ICE State</th></tr>` +
		`<tr><td class="ice-succeeded">succeeded</td><td>true</td><td>true</td><td>192.0.2.2:5000/udp(relay-udp) [non-proxied]</td><td>192.0.2.3:6000/udp(srflx)</td><td>1</td><td>7961239340744966000</td><td>41000</td><td>48500</td></tr></table>` +
		`<table class="raw-candidate"><tr><th>Local</th></tr><tr><td>host(IP4:192.0.2.2:5001/UDP)</td></tr></table></div>` +
		`<div><h4>SDP</h4><h5>Local SDP (Offer)</h5><pre>x</pre><h5>Remote SDP (Answer)</h5><pre>x</pre><h4>SDP History</h4>` +
		`<div class="sdp-history"><h5>Set Remote SDP at timestamp 1577966401000</h5><div><pre>v=0
a=ice-ufrag:efgh
a=setup:active
m=audio 9 x 0
a=ssrc:7 cname:x
</pre></div></div><div class="sdp-history"><h5>Set Local SDP at timestamp 1577966400500</h5><div><pre>v=0
a=ice-ufrag:abcd
a=setup:actpass
m=audio 9 x 0
a=ssrc:8 cname:x
</pre></div></div></div>` +
		`<div><h4>RTP Stats</h4><div><h5>5d1</h5><p></p><p>Local: 13:00:09 GMT+0100 (CET) inbound-rtp SSRC: 7 Received: 300 packets (47.32 Kb) Lost: 4 Jitter: 0.005</p>` +
		`<p>Remote: 13:00:07 GMT+0100 (CET) remote-outbound-rtp SSRC: 7 Sent: 290 packets (45.20 Kb)</p></div>` +
		`<div><h5>5d2</h5><p></p><p>Local: 13:00:09 GMT+0100 (CET) outbound-rtp SSRC: 8 Sent: 301 packets (40.00 Kb)</p>` +
		`<p>Remote: 13:00:08 GMT+0100 (CET) remote-inbound-rtp SSRC: 8 Received: 280 packets Lost: 2 Jitter: 0.004 RTT: 25 ms</p></div>` +
		`</div></div></div></div></body></html>`,
}

// TestOldPages: the two generations of the page before today's give the same call.
func TestOldPages(t *testing.T) {
	for name, text := range oldPages {
		t.Run(name, func(t *testing.T) {
			d, err := Read(strings.NewReader(text), Options{})
			if err != nil || len(d.Connections) != 1 || len(d.Faults) > 0 {
				t.Fatalf("%v, %+v", err, d)
			}
			c := call.Fold(d.Connections[0].Events)
			in := []diag.InboundRTP{{
				Kind: "audio", SSRC: 7, PacketsReceived: new(uint64(300)), BytesReceived: new(uint64(48456)),
				PacketsLost: new(int64(4)), Jitter: new(0.005),
			}}
			out := []diag.OutboundRTP{{
				Kind: "audio", SSRC: 8, PacketsSent: new(uint64(301)), BytesSent: new(uint64(40960)),
				Remote: &diag.RemoteInbound{
					PacketsLost: new(int64(2)), Jitter: new(0.004), RoundTripTime: new(0.025),
				},
			}}
			last := c.Latest()
			if diff := cmp.Diff(in, last.Inbound, shownByPage) + cmp.Diff(out, last.Outbound, shownByPage); diff != "" {
				t.Error(diff)
			}
			path := c.Selected.Local + " " + c.Selected.Remote
			if path != "relay udp 192.0.2.2:5000 srflx udp 192.0.2.3:6000" || len(c.Local) != 2 && name == "of 2020" {
				t.Errorf("path %q, candidates %+v", path, c.Local)
			}
			if c.Role != diag.RoleOfferer || len(c.Descriptions) != 2 || c.Ended.Reason != diag.EndHangup || c.Connection != "connected" && c.Connection != "closed" {
				t.Errorf("role %s, %d descriptions, end %+v, state %s", c.Role, len(c.Descriptions), c.Ended, c.Connection)
			}
			if one := d.Connections[0]; one.URL != "https://a.example/call" || !one.StartedAt.Equal(at(1577966400000)) || one.Length.Seconds() != 9 {
				t.Errorf("%s from %v, %v", one.URL, one.StartedAt, one.Length)
			}
		})
	}
}
