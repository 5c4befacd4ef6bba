package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/call"
)

// ofThePage is a message as the call page sends it.
const ofThePage = `{"type":"stats","at":1790000000000,"inbound":[{"kind":"audio","mid":"0","ssrc":7,"packetsReceived":290,"packetsLost":-1,"jitter":0.001,"audioLevel":0.5}],
"outbound":[{"kind":"video","ssrc":9,"packetsSent":833,"framesPerSecond":29.97,"frameWidth":640,"frameHeight":360,"mimeType":"video/VP8","new":{"x":1},"remoteInbound":{"packetsLost":2,"roundTripTime":0.002}}],
"pair":{"currentRoundTripTime":0.001,"protocol":"udp\u001b"}}`

func TestParseStats(t *testing.T) {
	got, err := parseStats([]byte(ofThePage))
	if err != nil {
		t.Fatal(err)
	}
	want := diag.RemoteSample{
		Timestamp: 1790000000000,
		Inbound: []diag.InboundRTP{{
			Kind: "audio", Mid: "0", SSRC: 7, PacketsReceived: new(uint64(290)), PacketsLost: new(int64(-1)), Jitter: new(0.001), AudioLevel: new(0.5),
		}},
		Outbound: []diag.OutboundRTP{{
			Kind: "video", SSRC: 9, PacketsSent: new(uint64(833)), FramesPerSecond: new(29.97), FrameWidth: new(uint16(640)), FrameHeight: new(uint16(360)),
			MimeType: "video/VP8", Remote: &diag.RemoteInbound{PacketsLost: new(int64(2)), RoundTripTime: new(0.002)},
		}},
		Pair: &diag.PeerPair{CurrentRoundTripTime: new(0.001), Protocol: "udp\ufffd"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for name, in := range map[string]string{
		"half an object": `{"type":"stats"`, "no time": `{"type":"stats"}`, "a time before the epoch": `{"type":"stats","at":-1}`,
		"a kind that is none":        `{"type":"stats","at":1,"inbound":[{"kind":"smell"}]}`,
		"fewer than none":            `{"type":"stats","at":1,"inbound":[{"kind":"audio","packetsReceived":-1}]}`,
		"a text for a number":        `{"type":"stats","at":1,"outbound":[{"kind":"audio","packetsSent":"9"}]}`,
		"too wide":                   `{"type":"stats","at":1,"outbound":[{"kind":"video","frameWidth":70000}]}`,
		"too loud":                   `{"type":"stats","at":1,"inbound":[{"kind":"audio","audioLevel":2}]}`,
		"a negative jitter":          `{"type":"stats","at":1,"inbound":[{"kind":"audio","jitter":-1}]}`,
		"too many frames":            `{"type":"stats","at":1,"outbound":[{"kind":"video","framesPerSecond":1e9}]}`,
		"a round trip of a day":      `{"type":"stats","at":1,"pair":{"currentRoundTripTime":86400}}`,
		"a reported trip of a day":   `{"type":"stats","at":1,"outbound":[{"kind":"video","remoteInbound":{"roundTripTime":86400}}]}`,
		"a reported jitter of a day": `{"type":"stats","at":1,"outbound":[{"kind":"video","remoteInbound":{"jitter":86400}}]}`,
		"more lost than was sent":    `{"type":"stats","at":1,"outbound":[{"kind":"video","remoteInbound":{"fractionLost":1.5}}]}`,
		"too many streams":           `{"type":"stats","at":1,"inbound":[` + strings.Repeat(`{"kind":"audio"},`, 16) + `{"kind":"audio"}]}`,
		"too many sent":              `{"type":"stats","at":1,"outbound":[` + strings.Repeat(`{"kind":"audio"},`, 16) + `{"kind":"audio"}]}`,
		"a time in 3,000 years":      `{"type":"stats","at":1.1e14}`,
		"too long":                   `{"type":"stats","at":1,"x":"` + strings.Repeat("x", maxStats) + `"}`,
		"a stream that is an object": `{"type":"stats","at":1,"inbound":{}}`,
	} {
		if got, err := parseStats([]byte(in)); !errors.Is(err, errStats) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	full := strings.TrimSuffix(strings.Repeat(`{"kind":"audio"},`, 16), ",")
	most := `{"type":"stats","at":1e14,"inbound":[` + full + `],"outbound":[` + full + `]}`
	if _, err := parseStats([]byte(most)); err != nil {
		t.Errorf("as much as may be: %v", err)
	}
	for name, in := range map[string]string{
		"of a later version": `{"type":"later"}`, "no JSON": "stats", "no object": "[]", "no type": `{"at":1}`,
	} {
		if _, err := parseStats([]byte(in)); !errors.Is(err, errNoStats) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzStats(f *testing.F) {
	f.Add([]byte(ofThePage))
	f.Add([]byte(`{"type":"stats","at":1,"inbound":[{"kind":"audio","ssrc":4294967295}],"pair":{}}`))
	f.Add([]byte(`{"type":"stats","at":1e13,"outbound":[null]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		sample, err := parseStats(data)
		if err != nil {
			return
		}
		if len(sample.Inbound) > maxStreams || len(sample.Outbound) > maxStreams {
			t.Errorf("%d and %d streams", len(sample.Inbound), len(sample.Outbound))
		}
		raw, err := json.Marshal(diag.Event{Seq: 1, Data: sample})
		if err != nil || len(raw) > 8*maxStats {
			t.Errorf("%d bytes of a recording: %v", len(raw), err)
		}
	})
}

// TestBacklogOfStatistics: what an outage held up comes at once, and is no flood.
func TestBacklogOfStatistics(t *testing.T) {
	var got []diag.Data
	p := peerStats{emit: func(d diag.Data) { got = append(got, d) }, counts: func() []diag.StreamCount { return nil }}
	f := newFlood(func() time.Time { return time.Unix(0, 0) })
	send := func(at int) {
		data := fmt.Appendf(nil, `{"type":"stats","at":%d}`, at)
		p.receive(true, data, f.admit(diag.LabelStats, len(data)))
	}
	for i := range 60 {
		send(1000 + 1000*i)
	}
	if len(got) != 60 {
		t.Errorf("%d samples of 60", len(got))
	}
	for i := range 100 { // no clock excuses as many as this
		send(100_000 + 1000*i)
	}
	if _, ok := got[len(got)-1].(diag.Warning); !ok || len(got) != statsBurst+1 {
		t.Errorf("%d events, the last is %+v", len(got), got[len(got)-1])
	}
}

// fits reports whether the counters of a sample, and those here when it came, are of about the same time; more cannot have
// arrived than was sent.
func fits(t *testing.T, s call.TheirRow) bool {
	compared := 0
	for _, in := range s.Inbound {
		for _, here := range s.Here {
			if here.Direction != diag.Outbound || here.SSRC != in.SSRC {
				continue
			}
			if *in.PacketsReceived > here.Packets {
				t.Errorf("%s: %d sent here, %d received there", in.Kind, here.Packets, *in.PacketsReceived)
			}
			if *in.PacketsReceived+200 >= here.Packets {
				compared++
			}
		}
	}
	return compared == 2
}

// TestBothEnds: each of two dialtones learns what the other one counts; none of it becomes a message.
func TestBothEnds(t *testing.T) {
	t.Parallel()
	dialA, dialB := piped()
	a := start(t, "a", Options{Config: diag.Config{Code: "w1"}, Dial: dialA})
	b := start(t, "b", Options{Config: diag.Config{Code: "w1", Echo: true}, Dial: dialB})
	told := func(c *call.Call) bool {
		n := len(c.RemoteSamples)
		return n > 1 && len(c.RemoteSamples[n-1].Inbound) == 2 && len(c.RemoteSamples[n-1].Outbound) == 2 && c.RemoteSamples[n-1].Pair != nil
	}
	b.until("statistics of a", told)
	c := a.until("statistics of b that are not late", func(c *call.Call) bool { return told(c) && fits(t, c.RemoteSamples[len(c.RemoteSamples)-1]) })
	last := c.RemoteSamples[len(c.RemoteSamples)-1]
	if last.Pair.LocalCandidateType == "" || last.Pair.Protocol != "udp" {
		t.Errorf("the pair there: %+v", last.Pair)
	}
	for _, at := range []string{`"now"`, `5000`, `5100`, `5200`, `5300`, `5400`} { // the last is one too many in a second
		if err := b.peer.Send(diag.LabelStats, true, []byte(`{"type":"stats","at":`+at+`}`)); err != nil {
			t.Fatal(err)
		}
	}
	c = a.until("that they are unreadable and too many", func(c *call.Call) bool { return len(c.Warnings) >= 2 })
	if len(c.Warnings) != 2 || c.Warnings[0].ID != "stats.unreadable" || c.Warnings[1].ID != "stats.too_many" {
		t.Errorf("warnings: %+v", c.Warnings)
	}
	for _, m := range c.Messages {
		if m.Label == diag.LabelStats {
			t.Errorf("statistics among the messages: %+v", m)
		}
	}
	a.Hangup()
	a.ended()
	b.ended()
}
