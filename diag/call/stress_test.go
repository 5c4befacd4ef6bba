package call_test

import (
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/diagtest"
)

// TestKeyFrameAnswers: a key frame is an answer if it comes soon, and sooner than by itself.
func TestKeyFrameAnswers(t *testing.T) {
	type ask struct{ since, interval, after int } // ms; 0: unknown, or none came
	yes, no := new(true), new(false)
	for name, test := range map[string]struct {
		asks []ask
		want *bool
	}{
		"at once":                       {[]ask{{1500, 2000, 50}, {700, 2000, 60}}, yes},
		"one of three":                  {[]ask{{1500, 2000, 0}, {300, 2000, 60}, {900, 2000, 0}}, nil},
		"two of three":                  {[]ask{{1500, 2000, 0}, {300, 2000, 60}, {900, 2000, 70}}, yes},
		"none":                          {[]ask{{1500, 2000, 0}, {2200, 2000, 0}}, no},
		"by itself":                     {[]ask{{300, 2000, 1700}, {1000, 2000, 1000}, {1700, 2000, 300}}, no},
		"long overdue":                  {[]ask{{4000, 2000, 90}}, yes},
		"only when one was due":         {[]ask{{1700, 2000, 290}}, nil},
		"the first that there was":      {[]ask{{0, 0, 80}}, yes},
		"too often to distinguish them": {[]ask{{300, 500, 200}, {450, 500, 50}}, nil},
		"late":                          {[]ask{{100, 9000, 1300}}, no},
		"none was requested":            {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var events []diag.Event
			at := func(ms int, d diag.Data) {
				events = append(events, diag.Event{Seq: uint64(len(events) + 1), At: time.Duration(ms) * time.Millisecond, Data: d})
			}
			flows := diag.Sample{Inbound: []diag.InboundRTP{{Kind: "video", SSRC: 1, LastPacketReceivedAgo: new(0.01)}}}
			at(0, flows)
			at(0, diag.StressStep{Step: diag.StressQuiet})
			at(3000, flows)
			at(3000, diag.StressStep{Step: diag.StressKeyFrame})
			for i, a := range test.asks {
				// each of a stream of its own, so that one answer is not that of all
				d := diag.KeyFrameRequested{SSRC: uint32(i)}
				if a.interval > 0 {
					d.SinceMs = new(diag.Millis(time.Duration(a.since) * time.Millisecond))
					d.IntervalMs = new(diag.Millis(time.Duration(a.interval) * time.Millisecond))
				}
				at(3000, d)
				if a.after > 0 {
					at(3000+a.after, diag.KeyFrame{SSRC: uint32(i), AfterMs: diag.Millis(time.Duration(a.after) * time.Millisecond)})
				}
			}
			at(6000, flows)
			at(6000, diag.StressStep{Step: diag.StressReports})
			got := call.Fold(events).Reactions().KeyFrame
			if (got == nil) != (test.want == nil) || got != nil && *got != *test.want {
				t.Errorf("%v, want %v", show(got), show(test.want))
			}
		})
	}
}

// TestKeyFrameDelay: the round trip is no delay of the peer, and while it is unknown there is none.
func TestKeyFrameDelay(t *testing.T) {
	for name, test := range map[string]struct{ trip, want *float64 }{
		"far": {new(0.4), new(200.0)}, "unknown": {}, "less than it was": {new(0.7), new(0.0)},
	} {
		var events []diag.Event
		at := func(ms int, d diag.Data) {
			events = append(events, diag.Event{Seq: uint64(len(events) + 1), At: time.Duration(ms) * time.Millisecond, Data: d})
		}
		flows := diag.Sample{Inbound: []diag.InboundRTP{{Kind: "video", SSRC: 1, LastPacketReceivedAgo: new(0.01)}}}
		if test.trip != nil {
			flows.Pair = &diag.Pair{CurrentRoundTripTime: test.trip}
		}
		at(0, flows)
		at(0, diag.StressStep{Step: diag.StressQuiet})
		at(3000, flows)
		at(3000, diag.StressStep{Step: diag.StressKeyFrame})
		at(3000, diag.KeyFrameRequested{SSRC: 1})
		at(3600, diag.KeyFrame{SSRC: 1, AfterMs: diag.Millis(600 * time.Millisecond)})
		at(6000, flows)
		at(6000, diag.StressStep{Step: diag.StressReports})
		got := call.Fold(events).Reactions()
		if (got.KeyFrameDelay == nil) != (test.want == nil) || test.want != nil &&
			got.KeyFrameDelay.Duration().Seconds()*1000 != *test.want || *got.KeyFrameTime != diag.Millis(600*time.Millisecond) {
			t.Errorf("%s: delay %v, time %v", name, got.KeyFrameDelay, got.KeyFrameTime)
		}
	}
}

func show(b *bool) any {
	if b == nil {
		return nil
	}
	return *b
}

// TestReportsOfBandwidth: none are missed that were not agreed on: without the header extension, the peer has nothing
// to report.
func TestReportsOfBandwidth(t *testing.T) {
	const (
		video     = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=rtpmap:96 VP8/90000\r\n"
		transport = "a=rtcp-fb:96 transport-cc\r\n"
		numbers   = "a=extmap:1 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"
		remb      = "a=rtcp-fb:96 goog-remb\r\n"
		times     = "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\n"
	)
	for name, test := range map[string]struct {
		offer, answer string
		reports       bool
		want          *bool
	}{
		"agreed, none came":             {transport + numbers, transport + numbers, false, new(false)},
		"agreed, they came":             {transport + numbers, transport + numbers, true, new(true)},
		"no numbers":                    {transport + numbers, transport, false, nil},
		"not announced":                 {transport + numbers, numbers, false, nil},
		"not offered":                   {remb, transport + numbers + remb, false, nil},
		"REMB without times to go by":   {remb + transport + numbers, remb + numbers, false, nil},
		"REMB with them, but none came": {remb + times, remb + times, false, new(false)},
	} {
		s := diag.Sample{Outbound: []diag.OutboundRTP{{Kind: "video", SSRC: 1, PacketsSent: new(uint64(100))}}}
		if test.reports {
			s.Feedback = &diag.Feedback{}
		}
		c := call.Fold(diagtest.Log(
			0, diag.SessionDescription{Side: diag.Local, SDPType: "offer", SDP: video + test.offer},
			1, diag.SessionDescription{Side: diag.Remote, SDPType: "answer", SDP: video + test.answer},
			2, s,
			3, diag.StressStep{Step: diag.StressGap},
			4, s,
			5, diag.StressStep{Step: diag.StressRecovery},
		))
		if got := c.Reactions().Feedback; (got == nil) != (test.want == nil) || got != nil && *got != *test.want {
			t.Errorf("%s: %v, want %v", name, show(got), show(test.want))
		}
	}
}
