package tui

import (
	"fmt"
	"strings"
	"testing"

	"dialtone/diag"
)

// scenarioEnds is the good call with a party that tells its statistics, of which a share of the audio is received there.
func scenarioEnds(share float64) []diag.Event {
	s := &script{events: scenarioGood()}
	for i := range uint64(12) {
		n := 30 + i
		at := 60_150 + float64(i)*1000
		s.at(at).add(sample(int(n), 0)) // #nosec G115 -- small
		s.at(at + 30).add(theirSample(n, share))
	}
	return s.events
}

func theirSample(n uint64, share float64) diag.RemoteSample {
	count := func(n uint64) *uint64 { return &n }
	wide := func(n uint16) *uint16 { return &n }
	return diag.RemoteSample{
		Timestamp: 1_700_000_000_000 + float64(1000*n),
		Inbound: []diag.InboundRTP{
			{Kind: "audio", SSRC: 11, MimeType: "audio/opus", PacketsReceived: count(uint64(float64(50*n) * share)), PacketsLost: new(int64(0))},
			{Kind: "video", SSRC: 12, MimeType: "video/VP8", PacketsReceived: count(40 * n), PacketsLost: new(int64(0)), FramesPerSecond: new(24.0), FrameWidth: wide(320), FrameHeight: wide(240)},
		},
		Outbound: []diag.OutboundRTP{
			{Kind: "audio", SSRC: 13, MimeType: "audio/opus", PacketsSent: count(50*n + 4), Remote: &diag.RemoteInbound{PacketsLost: new(int64(4))}},
			{Kind: "video", SSRC: 14, MimeType: "video/VP8", PacketsSent: count(40*n + 20), FramesPerSecond: new(25.0), FrameWidth: wide(320), FrameHeight: wide(240)},
		},
		Pair: &diag.PeerPair{CurrentRoundTripTime: new(0.0124), LocalCandidateType: "host", RemoteCandidateType: "srflx", Protocol: "udp"},
		Here: []diag.StreamCount{
			{Direction: diag.Outbound, Kind: "audio", SSRC: 11, Packets: 50*n + 1},
			{Direction: diag.Outbound, Kind: "video", SSRC: 12, Packets: 40*n + 2},
			{Direction: diag.Inbound, Kind: "audio", SSRC: 13, Packets: 50 * n},
			{Direction: diag.Inbound, Kind: "video", SSRC: 14, Packets: 40 * n},
		},
	}
}

// TestGoldenEnds compares what is shown of both ends, where they agree and where they do not.
func TestGoldenEnds(t *testing.T) {
	for name, events := range map[string][]diag.Event{"ends": scenarioEnds(1), "ends-contradict": scenarioEnds(0.4)} {
		for key, pane := range map[string]string{"1": "call", "3": "media"} {
			var frames strings.Builder
			for _, size := range sizes {
				b := newBench(t, events, size.width, size.height)
				b.press(key)
				checkFrame(t, name+" "+pane, b.View(), size.width, size.height)
				fmt.Fprintf(&frames, "-- %dx%d --\n%s\n", size.width, size.height, trimmed(b.View()))
			}
			compareGolden(t, name+"-"+pane+".txt", frames.String())
		}
	}
}
