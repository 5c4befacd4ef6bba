package browser

import (
	"slices"
	"strings"
	"testing"
	"time"

	"dialtone/diag"
)

// at is an event of a browser, seconds after the beginning.
type at struct {
	s    float64
	data diag.Data
}

// video and audio are samples of one stream that is sent.
func video(o diag.BrowserOutbound) diag.BrowserSample {
	o.Kind, o.SSRC = "video", 7
	return diag.BrowserSample{Outbound: []diag.BrowserOutbound{o}}
}

func audio(o diag.BrowserOutbound) diag.BrowserSample {
	o.Kind, o.SSRC = "audio", 5
	return diag.BrowserSample{Outbound: []diag.BrowserOutbound{o}}
}

func received(in diag.BrowserInbound) diag.BrowserSample {
	in.Kind, in.SSRC = "video", 9
	return diag.BrowserSample{Inbound: []diag.BrowserInbound{in}}
}

func TestFindings(t *testing.T) {
	none := new(0.0)
	limited := func(cpu, bandwidth, none float64) diag.BrowserOutbound {
		return diag.BrowserOutbound{LimitationDurations: &diag.LimitationDurations{CPU: cpu, Bandwidth: bandwidth, None: none}}
	}
	because := func(reason string) diag.BrowserSample { return video(diag.BrowserOutbound{LimitationReason: reason}) }
	carries := func(available, target float64) diag.BrowserSample {
		s := video(diag.BrowserOutbound{LimitationReason: "bandwidth", TargetBitrate: &target})
		s.AvailableOutgoingBitrate = &available
		return s
	}
	energy := func(duration, energy float64) diag.BrowserSample {
		return audio(diag.BrowserOutbound{SourceDuration: &duration, SourceEnergy: &energy})
	}
	buffer := func(seconds float64, emitted uint64) diag.BrowserSample {
		return received(diag.BrowserInbound{JitterBuffer: &seconds, Emitted: &emitted})
	}
	camera := func(frames float64) diag.BrowserSample {
		return video(diag.BrowserOutbound{SourceTrackID: "t", SourceFrames: &frames})
	}
	window := func(frames float64) diag.BrowserSample {
		return video(diag.BrowserOutbound{SourceTrackID: "t", SourceFrames: &frames, ContentType: "screenshare"})
	}
	rejected := func(s float64, call diag.APICall) at { return at{s, diag.APIFailure{Call: call, Error: "no"}} }
	asked := at{0, diag.CaptureRequest{Request: "getUserMedia", Audio: true}}
	refused := func(name string) at {
		return at{1, diag.CaptureRequest{Request: "getUserMedia", Audio: true, Error: name}}
	}
	refusedBoth := at{2, diag.CaptureRequest{Request: "getUserMedia", Audio: true, Video: true, Error: "NotAllowedError"}}
	screen := func(audio bool, name string) at {
		return at{3, diag.CaptureRequest{Request: "getDisplayMedia", Audio: audio, Video: true, Error: name, Granted: name == ""}}
	}
	track := func(s float64, id string, change diag.TrackChange) at {
		return at{s, diag.CaptureTrack{Side: diag.Local, Kind: "audio", TrackID: id, Change: change}}
	}
	granted := at{8, diag.CaptureRequest{Request: "getUserMedia", Audio: true, Granted: true}}

	for name, test := range map[string]struct {
		events []at
		facts  Facts
		want   string // IDs with their subjects
	}{
		"no device":               {events: []at{asked, refused("NotFoundError")}, want: "browser.capture_no_device getUserMedia"},
		"no device that fits":     {events: []at{asked, refused("OverConstrainedError")}, want: "browser.capture_no_device getUserMedia"},
		"device in use":           {events: []at{asked, refused("NotReadableError")}, want: "browser.capture_in_use getUserMedia"},
		"refused":                 {events: []at{asked, refused("NotAllowedError")}, want: "browser.capture_denied getUserMedia"},
		"an unknown error":        {events: []at{asked, refused("OddError")}, want: "browser.capture_failed getUserMedia"},
		"granted the second time": {events: []at{asked, refused("NotFoundError"), granted}},
		"without the camera":      {events: []at{refusedBoth, granted}, want: "browser.capture_denied getUserMedia"},
		"both, one again": {
			events: []at{refusedBoth, refused("NotFoundError")}, want: "browser.capture_denied getUserMedia, browser.capture_no_device getUserMedia",
		},
		"the screen, without its sound": {events: []at{screen(true, "NotAllowedError"), screen(false, "")}},
		"granted at first": {
			events: []at{{0, granted.data}, refused("NotAllowedError")}, want: "browser.capture_denied getUserMedia",
		},

		"a track that ended":            {events: []at{track(5, "a", diag.TrackEnded)}, want: "browser.track_ended audio"},
		"a track that the page stopped": {events: []at{track(4, "a", diag.TrackStopped), track(5, "a", diag.TrackEnded)}},
		"another track was stopped": {
			events: []at{track(4, "b", diag.TrackStopped), track(5, "a", diag.TrackEnded)}, want: "browser.track_ended audio",
		},
		"a track that was replaced": {events: []at{track(5, "a", diag.TrackEnded), granted}},

		"limited by the processor": {events: []at{{9, video(limited(3, 0, 6))}}, want: "browser.limited_cpu video 7"},
		"limited by bandwidth":     {events: []at{{9, video(limited(0, 3, 6))}}, want: "browser.limited_bandwidth video 7"},
		"limited by the bandwidth of a path": {
			events: []at{{1, carries(2e5, 1.8e5)}, {9, carries(2e5, 1.8e5)}}, want: "browser.limited_bandwidth video 7 warning",
		},
		"limited by the page": {
			events: []at{{1, carries(1.8e6, 6e4)}, {9, carries(1.8e6, 6e4)}}, want: "browser.limited_bandwidth video 7 info",
		},
		"limited by the page, for less than half": {
			events: []at{{1, carries(2e5, 1.8e5)}, {6, carries(2e5, 1.8e5)}, {9, carries(1.8e6, 6e4)}},
			want:   "browser.limited_bandwidth video 7 warning",
		},
		"limited for a moment":     {events: []at{{9, video(limited(1.9, 1.9, 1))}}},
		"limited for a small part": {events: []at{{99, video(limited(3, 3, 93))}}},
		"audio is not limited":     {events: []at{{9, audio(limited(9, 9, 0))}}},
		"limited, by reasons of samples": {
			events: []at{{1, because("none")}, {2, because("cpu")}, {3, because("cpu")}, {4, because("none")}},
			want:   "browser.limited_cpu video 7",
		},
		"once limited, by reasons of samples": {events: []at{{1, because("none")}, {2, because("cpu")}, {3, because("none")}}},

		"a microphone without noise": {events: []at{{1, energy(1, 0)}, {4, energy(4, 0)}}, want: "browser.source_silent_audio audio 5"},
		"a quiet microphone":         {events: []at{{1, energy(1, 0)}, {4, energy(4, 1e-9)}}},
		"not long enough":            {events: []at{{1, energy(1, 0)}, {3, energy(2.9, 0)}}},
		"no source is known":         {events: []at{{1, audio(diag.BrowserOutbound{SourceEnergy: none})}}},
		"a camera without frames":    {events: []at{{1, camera(0)}, {5, camera(0)}}, want: "browser.source_silent_video video 7"},
		"a camera that began late":   {events: []at{{1, camera(0)}, {5, camera(30)}}},

		"a long jitter buffer": {events: []at{{5, buffer(50, 100)}}, want: "browser.jitter_buffer video 9"},
		"a usual one":          {events: []at{{5, buffer(10, 100)}}},
		"too few frames":       {events: []at{{5, buffer(50, 29)}}},

		"another encoder": {
			events: []at{{1, video(diag.BrowserOutbound{Encoder: "MediaCodec"})}, {2, video(diag.BrowserOutbound{Encoder: "libvpx"})}},
			want:   "browser.encoder_changed video 7",
		},
		"an encoder that was not known at first": {
			events: []at{{1, video(diag.BrowserOutbound{Encoder: "unknown"})}, {2, video(diag.BrowserOutbound{Encoder: "libvpx"})}},
		},
		"a decoder that gave way before the first sample": {
			events: []at{{1, received(diag.BrowserInbound{Decoder: "libvpx (fallback from: D3D11)"})}},
			want:   "browser.decoder_changed video 9",
		},

		"a microphone that failed later": {
			events: []at{{1, energy(1, 0.1)}, {2, energy(2, 0.2)}, {7, energy(7, 0.2)}}, want: "browser.source_silent_audio audio 5",
		},
		"muted at the end":           {events: []at{{1, energy(1, 0.1)}, {8, energy(8, 0.2)}, {14, energy(14, 0.2)}}},
		"a camera that failed later": {events: []at{{1, camera(30)}, {7, camera(0)}}, want: "browser.source_silent_video video 7"},
		"a window that stands still": {events: []at{{1, window(30)}, {9, window(0)}}},

		"a description that was rejected": {
			events: []at{rejected(1, diag.SetRemoteDescription)}, want: "browser.description_rejected setRemoteDescription error",
		},
		"a description that was accepted later": {
			events: []at{rejected(1, diag.SetRemoteDescription), {2, diag.SessionDescription{Side: diag.Remote}}},
			want:   "browser.description_rejected setRemoteDescription warning",
		},
		"a description of the other side was accepted later": {
			events: []at{rejected(1, diag.SetRemoteDescription), {2, diag.SessionDescription{Side: diag.Local}}},
			want:   "browser.description_rejected setRemoteDescription error",
		},
		"rejected while connected": {
			events: []at{rejected(1, diag.CreateAnswer)}, facts: Facts{Connected: true},
			want: "browser.description_rejected createAnswer warning",
		},
		"candidates that were rejected": {
			events: []at{rejected(1, diag.AddICECandidate), rejected(2, diag.AddICECandidate)},
			want:   "browser.candidate_rejected addIceCandidate warning",
		},

		"no call of the API": {events: []at{rejected(1, "\x1b]0;owned\a")}},

		"two restarts":               {events: []at{{1, diag.Restart{}}, {2, diag.Restart{}}}},
		"three restarts":             {events: []at{{1, diag.Restart{}}, {16, diag.Restart{}}, {31, diag.Restart{}}}, want: "browser.restart_storm "},
		"three restarts in a minute": {events: []at{{1, diag.Restart{}}, {20, diag.Restart{}}, {61, diag.Restart{}}}},

		"no path and no TURN server": {facts: Facts{NoPath: true}, want: "browser.turn_missing "},
		"no path with a TURN server": {facts: Facts{NoPath: true, TURN: true}},
		"only relays, and none":      {facts: Facts{RelayOnly: true, Gathered: true}, want: "browser.no_relay "},
		"only relays, and no path":   {facts: Facts{RelayOnly: true, Gathered: true, NoPath: true}, want: "browser.turn_missing "},
		"only relays, and one":       {facts: Facts{RelayOnly: true, Gathered: true, Relay: true, TURN: true}},
		"a relay may still come":     {facts: Facts{RelayOnly: true, Waiting: true, TURN: true}},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := Apply(nil, diag.Event{Data: diag.DumpStart{Format: diag.DumpInternals}})
			for _, e := range test.events {
				s, _ = Apply(s, diag.Event{At: time.Duration(e.s * float64(time.Second)), Data: e.data})
			}
			var got []string
			for _, f := range append(Captures(s, test.facts), Findings(s, test.facts)...) {
				said := f.ID + " " + f.Subject
				if e, ok := f.Evidence.(CallRejected); ok {
					said += " " + string(f.Severity)
					if e.Error != "no" || e.Times != countOf(test.events, e.Call) {
						t.Errorf("%+v", e)
					}
				}
				if strings.HasPrefix(test.want, said+" ") {
					said += " " + string(f.Severity)
				}
				got = append(got, said)
			}
			slices.Sort(got)
			if text := strings.Join(got, ", "); text != test.want {
				t.Errorf("%q, want %q", text, test.want)
			}
		})
	}
	if got := append(Captures(nil, Facts{}), Findings(nil, Facts{NoPath: true})...); got != nil {
		t.Errorf("a call of dialtone: %v", got)
	}
}

// countOf is how often a call was rejected.
func countOf(events []at, call diag.APICall) (n int) {
	for _, e := range events {
		if f, ok := e.data.(diag.APIFailure); ok && f.Call == call {
			n++
		}
	}
	return n
}
