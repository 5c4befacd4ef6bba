package pane

import (
	"slices"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"dialtone/diag"
)

const sends = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n"

// mediaCall is a call of three seconds with these more events.
func mediaCall(list ...diag.Data) *Scene {
	begin := []diag.Data{
		diag.CallStart{Media: true},
		diag.SessionDescription{Side: diag.Remote, SDPType: "answer", SDP: sends},
		diag.ConnectionState{State: "connected"},
		diag.TrackAdded{Direction: diag.Outbound, Kind: "audio", SSRC: 1},
		diag.TrackAdded{Direction: diag.Outbound, Kind: "video", SSRC: 2},
	}
	s, _ := sceneOf(append(begin, list...)...)
	s.Call.Apply(diag.Event{At: 10e9, Data: diag.GatheringState{State: "complete"}})
	return s
}

func bothWays() diag.Sample {
	return diag.Sample{
		Outbound: []diag.OutboundRTP{
			{Kind: "audio", SSRC: 1, MimeType: "audio/opus", PacketsSent: new(uint64(100)), BytesSent: new(uint64(9000)), Bitrate: new(32000.0)},
			{Kind: "video", SSRC: 2, MimeType: "video/VP8", PacketsSent: new(uint64(1)), RetransmittedPacketsSent: new(uint64(2)), NACKCount: new(uint32(1)), Remote: &diag.RemoteInbound{PacketsLost: new(int64(7))}},
		},
		Inbound: []diag.InboundRTP{
			{Kind: "audio", SSRC: 3, PacketsReceived: new(uint64(50)), Bitrate: new(1000.0), NACKCount: new(uint32(2))},
			{
				Kind: "video", SSRC: 4, PacketsReceived: new(uint64(50)), FramesReceived: new(uint32(9)), KeyFramesReceived: new(uint32(2)), FramesPerSecond: new(25.0),
				FreezeCount: new(uint32(1)), TotalFreezesDuration: new(0.5), LastPacketReceivedAgo: new(0.02), PacketsLost: new(int64(3)),
			},
		},
	}
}

func TestMediaState(t *testing.T) {
	onlySent, onlyCame := bothWays(), bothWays()
	onlySent.Inbound, onlyCame.Outbound = nil, nil
	stopped := bothWays()
	stopped.Inbound[0].LastPacketReceivedAgo = new(9.0)
	mute := func(side diag.Side, kind string) diag.Data {
		return diag.TrackMuted{Side: side, Kind: kind, Muted: true}
	}
	waiting, _ := sceneOf(diag.CallStart{Media: true})
	never, _ := sceneOf(diag.CallStart{Media: true}, diag.CallEnded{Reason: diag.EndHangup})
	without, _ := sceneOf(diag.CallStart{}, diag.ConnectionState{State: "connected"})
	tests := []struct {
		name  string
		scene *Scene
		want  string
	}{
		{"before the call", waiting, "No media yet: audio and video start when the call is connected."},
		{"a call that never was", never, "No media: the call never connected."},
		{"without media", without, "This call carries no media (--no-media)."},
		{"at first", mediaCall(), "Audio and video are negotiated, but not measured yet."},
		{"both ways", mediaCall(bothWays()), "Audio and video flow both ways."},
		{"after the end", mediaCall(bothWays(), diag.CallEnded{Reason: diag.EndHangup}), "Audio and video flowed both ways."},
		{"one way", mediaCall(onlySent), "No audio or video received, although the peer negotiated to send it. Sending audio and video."},
		{"the other way", mediaCall(onlyCame), "Receiving audio and video. No audio or video sent"},
		{"muted by us", mediaCall(bothWays(), mute(diag.Local, "audio")), "Sending video. You muted audio."},
		{"muted by the peer", mediaCall(bothWays(), mute(diag.Remote, "video")), "The peer muted video. Sending audio and video."},
		{"it stopped", mediaCall(stopped), "Audio from the peer stopped"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, got := mediaState(tt.scene.Call); !strings.Contains(got, tt.want) {
				t.Errorf("%q does not say %q", got, tt.want)
			}
		})
	}
}

func TestMediaSelection(t *testing.T) {
	s := mediaCall(bothWays(), bothWays())
	p := NewMedia(s).(*Media)
	p.SetSize(79, 20)
	says := func(want ...string) {
		t.Helper()
		for _, w := range want {
			if !strings.Contains(strings.Join(strings.Fields(p.View()), " "), w) {
				t.Errorf("%q is not shown:\n%s", w, p.View())
			}
		}
	}
	says("Audio to the peer · sending", "9.00 kB sent", "no report of the peer yet", "Bitrate kbit/s now 32.0")
	press(p, tea.KeyRight)
	says("Packet loss %", "not measured: no report of the peer has arrived yet")
	press(p, tea.KeyDown, tea.KeyDown, tea.KeyDown, tea.KeyDown)
	says("Video from the peer · receiving", "25 fps", "3 lost", "9 frames, 2 key frames", "last packet 20.0 ms ago")
	press(p, tea.KeyLeft, tea.KeyLeft)
	says("Frame rate fps now 25.0")
	press(p, tea.KeyUp) // audio has no frames: the last chart that it has
	says("Audio from the peer", "requested by you: lost packets (NACK) 2 times", "Speech quality MOS")
	if what, text := p.Copy(); what != "the stream" || !strings.HasPrefix(text, "Audio from the peer · receiving · SSRC 3 · ") {
		t.Errorf("%q is copied: %q", what, text)
	}
	p.SetSize(200, 60)
	says("Bitrate", "Packet loss", "Jitter", "Round-trip time")
}

// A stream that was negotiated and never arrived has a row of its own.
func TestMissingStreamHasARow(t *testing.T) {
	sample := bothWays()
	sample.Inbound = sample.Inbound[:1]
	p := NewMedia(mediaCall(sample))
	p.SetSize(120, 30)
	if v := p.View(); !strings.Contains(v, "✗ ↓ video") || !strings.Contains(v, "not received") {
		t.Errorf("not told:\n%s", v)
	}
	empty := NewMedia(mediaCall())
	empty.SetSize(30, 3)
	press(empty, tea.KeyDown, tea.KeyRight)
	if v := empty.View(); strings.Count(v, "\n") > 2 {
		t.Errorf("too high:\n%s", v)
	}
}

// A statistic that samples hold becomes a chart by one entry in the list of metrics: its title, its unit, its newest
// value, and its place among the charts that the arrow keys choose.
func TestStatisticIsOneEntry(t *testing.T) {
	kept := metrics
	t.Cleanup(func() { metrics = kept })
	metrics = append(slices.Clone(metrics), metric{
		name: "Sound", unit: "s", scale: 1, none: "not counted",
		sent: func(*diag.OutboundRTP) *float64 { return nil },
		received: func(in *diag.InboundRTP) *float64 {
			if in.TotalSamplesDuration == nil {
				return nil
			}
			return in.TotalSamplesDuration
		},
	})
	sample := bothWays()
	sample.Inbound[0].TotalSamplesDuration = new(7.0)
	p := NewMedia(mediaCall(sample)).(*Media)
	p.SetSize(79, 20)
	press(p, tea.KeyDown, tea.KeyDown, tea.KeyLeft) // from the first chart back to the last
	if v := strings.Join(strings.Fields(p.View()), " "); !strings.Contains(v, "Sound s now 7.00") {
		t.Errorf("the statistic is not shown:\n%s", p.View())
	}
}
