//go:build unix

package main

import (
	"path/filepath"
	"testing"

	"dialtone/diag"
	"dialtone/diag/lab/labtest"
)

// redundant makes a page that sends RED and ULPFEC, though the answer to its offer has neither.
const redundant = `const set = RTCPeerConnection.prototype.setRemoteDescription;
	RTCPeerConnection.prototype.setRemoteDescription = function (d) {
		if (d.type !== "answer") return set.call(this, d);
		const offered = this.localDescription.sdp.split(/\r\n(?=m=)/);
		const sdp = d.sdp.split(/\r\n(?=m=)/).map((section, i) => {
			for (const [, pt] of offered[i].matchAll(/a=rtpmap:([0-9]+) (?:red|ulpfec)\//g)) {
				const lines = offered[i].split("\r\n").filter((l) => l.startsWith("a=rtpmap:" + pt + " ") || l.startsWith("a=fmtp:" + pt + " "));
				section = section.replace(/^(m=[a-z]+ [0-9]+ [A-Z/]+)/, "$1 " + pt).trimEnd() + "\r\n" + lines.join("\r\n");
			}
			return section.replace(/a=rtcp-fb:[0-9]+ nack\r\n/g, "").trimEnd(); // with NACK, it sends no FEC
		}).join("\r\n") + "\r\n";
		return set.call(this, { type: d.type, sdp });
	};`

// TestChromiumRED: RED and FEC of Chromium, which no answer of dialtone accepts, are counted as what they are: the media
// in them is Opus and VP8, nothing is lost, and there is no third stream.
func TestChromiumRED(t *testing.T) {
	labtest.NeedQuiet(t)
	url, recording := startServe(t), filepath.Join(t.TempDir(), "call.jsonl")
	b := openTab(t, inChromium, "page", url+"?code=w1&media=test", redundant)
	b.click("call")
	b.state("waiting")
	a := startTool(t, "call", "w1", "--server", url, "--plain", "--for", "6s", "--impair", "loss=10%,dir=in", "--record", recording)
	if code := a.exits(); code != 0 {
		t.Errorf("exit %d", code)
	}
	sample := folded(t, recording).Latest()
	if sample == nil || len(sample.Inbound) != 2 || sample.Unreceived != nil {
		t.Fatalf("%+v\n%s", sample, a.said())
	}
	for _, in := range sample.Inbound {
		want := map[string]string{"audio": "audio/opus red", "video": "video/VP8 ulpfec"}[in.Kind]
		if got := in.MimeType + " " + in.FECFormat; got != want || diag.OrZero(in.FECPacketsReceived) < 5 {
			t.Errorf("%s: %s, not %s: %+v", in.Kind, got, want, in)
		}
		t.Logf("%s %s: %d packets, %d lost, %d %s of %d bytes; %d frames", in.Kind, in.MimeType, *in.PacketsReceived, *in.PacketsLost,
			diag.OrZero(in.FECPacketsReceived), in.FECFormat, diag.OrZero(in.FECBytesReceived), diag.OrZero(in.FramesReceived))
	}
}
