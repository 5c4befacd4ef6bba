package judge_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/diagtest"
	"dialtone/diag/judge"
	"dialtone/diag/words"
)

// hears is a call of five seconds in which audio sounds like this here, or at the peer.
func hears(at diag.Direction, s *diag.Sound, parts ...any) *call.Call {
	in := audioIn(240, 0, 0, 0.01)
	in.Sound, in.AudioLevel, in.TotalSamplesDuration = s, new(0.003), new(4.8)
	sample, remote := sampled(in), diag.RemoteSample{Timestamp: 1}
	if at == diag.Outbound {
		sample, remote.Inbound = sampled(audioIn(240, 0, 0, 0.01)), []diag.InboundRTP{in}
	}
	over := diag.CallEnded{Reason: diag.EndDuration, By: diag.ByLocal}
	return checked(over, append(parts, 4800, remote, 4900, sample)...)
}

// TestSound: what is wrong with a sound is named, in the direction that it has, and what is right is not.
func TestSound(t *testing.T) {
	t.Parallel()
	tone := func(t diag.Tone) *diag.Sound { t.Frequency = 440; return &diag.Sound{Tone: &t} }
	muted := diag.TrackMuted{Side: diag.Remote, Kind: "audio", Muted: true}
	for name, tt := range map[string]struct {
		sound *diag.Sound
		parts []any
		want  string // ID and severity; "" for nothing
		title string
	}{
		"sound":                 {&diag.Sound{}, nil, "", ""},
		"silence":               {&diag.Sound{SilentFor: 4.5}, nil, "warning media.silent", "has been silent for 4.5"},
		"silence after sound":   {&diag.Sound{SilentFor: 2}, nil, "info media.silent", "has been silent for 2"},
		"a pause":               {&diag.Sound{SilentFor: 1.4}, nil, "", ""},
		"told mute":             {&diag.Sound{SilentFor: 4.5}, []any{350, muted}, "", ""},
		"noise":                 {&diag.Sound{NoiseFor: 4.5}, nil, "warning media.comfort_noise", "has held only noise for 4.5"},
		"comfort noise":         {&diag.Sound{NoiseFor: 4.5, ComfortNoisePackets: 9}, nil, "warning media.comfort_noise", "only noise"},
		"a listener in a room":  {&diag.Sound{NoiseFor: 2}, nil, "", ""},
		"clipping":              {&diag.Sound{ClippedDuration: 0.06}, nil, "warning media.clipping", "clips"},
		"a click":               {&diag.Sound{ClippedDuration: 0.047}, nil, "", ""},
		"tone":                  {tone(diag.Tone{Duration: 4.8}), nil, "", ""},
		"tone with loss":        {tone(diag.Tone{Duration: 4, Dropouts: 20, DropoutsOfLoss: 18, DropoutsDuration: 0.6}), nil, "", ""},
		"tone that drops out":   {tone(diag.Tone{Duration: 4, Dropouts: 3, DropoutsDuration: 0.12, LongestDropout: 0.04}), nil, "warning media.tone_dropouts", "440 Hz"},
		"tone that ended":       {tone(diag.Tone{Duration: 3, AbsentFor: 1.5}), nil, "warning media.tone_lost", "missing for 1.5"},
		"a note of music ended": {tone(diag.Tone{Duration: 1.9, AbsentFor: 2}), nil, "", ""},
		"ringing":               {tone(diag.Tone{Duration: 2, Dropouts: 2, DropoutsDuration: 8, AbsentFor: 2}), nil, "", ""},
	} {
		for _, direction := range []diag.Direction{diag.Inbound, diag.Outbound} {
			if len(tt.parts) > 0 && direction == diag.Outbound {
				tt.parts = []any{350, diag.TrackMuted{Side: diag.Local, Kind: "audio", Muted: true}}
			}
			v := judge.Judge(hears(direction, tt.sound, tt.parts...))
			var want []string
			if tt.want != "" {
				want = []string{tt.want}
			}
			if diff := cmp.Diff(want, ids(v.Findings)); diff != "" {
				t.Errorf("%s, %s: %s", name, direction, diff)
				continue
			}
			if tt.want == "" {
				continue
			}
			text := words.Of(v.Findings[0])
			if v.Findings[0].Subject != string(direction)+" audio" || !strings.Contains(text.Title, tt.title) ||
				!strings.Contains(strings.ToLower(text.Title), string(direction)) || text.Advice == "" {
				t.Errorf("%s, %s: %+v", name, direction, text)
			}
		}
	}
}

// TestDropoutsOfStalls: dropouts of a tone are excused by the times in which this program did not run, and not by those of
// another part of the call.
func TestDropoutsOfStalls(t *testing.T) {
	t.Parallel()
	over := diag.CallEnded{Reason: diag.EndDuration, By: diag.ByLocal}
	stall := diag.Paused{DurationMs: diag.Millis(80 * time.Millisecond), Source: diag.PauseStopped}
	for name, test := range map[string]struct {
		stalls []any // when they ended
		first  uint32
		want   []string
	}{
		"none":                        {nil, 0, []string{"warning media.tone_dropouts"}},
		"at that time":                {[]any{4300, stall}, 0, nil},
		"seen after the sample":       {[]any{4905, stall}, 0, nil},
		"much earlier":                {[]any{1500, stall}, 0, []string{"warning media.tone_dropouts"}},
		"later":                       {[]any{4999, stall}, 4, []string{"warning media.tone_dropouts"}},
		"of both parts, each excused": {[]any{900, stall, 1500, stall, 4300, stall}, 1, nil},
	} {
		for _, direction := range []diag.Direction{diag.Inbound, diag.Outbound} {
			part := func(seconds float64, dropouts uint32) []any {
				in := audioIn(240, 0, 0, 0.01)
				in.Sound.Tone = &diag.Tone{
					Frequency: 440, Duration: seconds, Dropouts: dropouts, DropoutsDuration: float64(dropouts) * 0.03,
				}
				if at := int(1000 * seconds); direction == diag.Outbound {
					return []any{at, diag.RemoteSample{Timestamp: seconds, Inbound: []diag.InboundRTP{in}}, at, sampled(audioIn(240, 0, 0, 0.01))}
				}
				return []any{int(1000 * seconds), sampled(in)}
			}
			events := slices.Concat(part(1, 0), part(2, test.first), part(3.5, test.first), part(4.9, 4))
			c := checked(over, slices.Concat(events, test.stalls)...)
			if diff := cmp.Diff(test.want, ids(judge.Judge(c).Findings)); diff != "" {
				t.Errorf("%s, %s: %s", name, direction, diff)
			}
		}
	}
}

// TestSoundOfAnotherSSRC: what an audio stream held last says nothing once the peer goes on with another SSRC.
func TestSoundOfAnotherSSRC(t *testing.T) {
	t.Parallel()
	over := diag.CallEnded{Reason: diag.EndDuration, By: diag.ByLocal}
	for name, test := range map[string]struct {
		before, after diag.Sound
		ago           float64 // of the stream before
		want          []string
	}{
		"silence that ended": {diag.Sound{SilentFor: 4}, diag.Sound{}, 2, nil},
		"silence that began": {diag.Sound{}, diag.Sound{SilentFor: 3}, 3, []string{"warning media.silent"}},
		"two at once":        {diag.Sound{SilentFor: 4}, diag.Sound{}, 0.02, nil},
	} {
		before, after := audioIn(240, 0, 0, 0.01), audioIn(120, 0, 0, 0.01)
		before.SSRC, before.Sound, before.LastPacketReceivedAgo = 1, &test.before, &test.ago
		after.SSRC, after.Sound, after.LastPacketReceivedAgo = 2, &test.after, new(0.02)
		v := judge.Judge(checked(over, 4900, sampled(before, after)))
		if diff := cmp.Diff(test.want, ids(v.Findings)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestSoundOfACheck: a check that expects audio fails without any, and not for a pause.
func TestSoundOfACheck(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		sound diag.Sound
		want  diag.Exit
	}{
		"sound": {diag.Sound{}, diag.ExitPass}, "silence": {diag.Sound{SilentFor: 4.5}, diag.ExitMedia},
		"noise": {diag.Sound{NoiseFor: 4.5}, diag.ExitMedia}, "a pause": {diag.Sound{SilentFor: 2}, diag.ExitPass},
	} {
		x := judge.Expectation{Media: []call.MediaKind{{Direction: diag.Inbound, Kind: "audio"}}}
		if v := judge.Check(hears(diag.Inbound, &tt.sound), x); v.Exit != tt.want {
			t.Errorf("%s: %v %v", name, v.Exit, ids(v.Findings))
		}
	}
}

// TestQualityOfACall: the rating of a call is that of the loss that was not repaired, over half of the round trip and a
// jitter buffer, and there is none of silence.
func TestQualityOfACall(t *testing.T) {
	t.Parallel()
	of := func(in diag.InboundRTP, rtt *float64) *call.Quality {
		sample := sampled(in)
		if rtt != nil {
			sample.Pair = &diag.Pair{ID: "p", CurrentRoundTripTime: rtt}
		}
		c := call.Fold(diagtest.Then(diagtest.GoodCall(), 4900, sample))
		return c.StreamOf(diag.Inbound, "audio").Quality
	}
	opus := audioIn(900, 0, 100, 0.01)
	opus.MimeType, opus.PacketsRepaired, opus.Jitter = "audio/opus", new(int64(50)), new(0.01)
	trip := 0.3
	q := of(opus, &trip)
	if q == nil || q.Loss != 0.05 || q.Delay.Float() != 210 || !q.Provisional || q.Model != "G.107.2" || q.MOS > 2.52 || q.MOS < 2.3 {
		t.Errorf("%+v", q)
	}
	if q := of(opus, nil); q != nil && q.Delay.Float() > 100 { // the pings of the call say that it is short
		t.Errorf("without a round trip: %+v", q)
	}
	opus.Sound = &diag.Sound{NoiseFor: 4.5}
	if q := of(opus, &trip); q != nil {
		t.Errorf("of noise: %+v", q)
	}
	opus.Sound, opus.MimeType = nil, "audio/ILBC"
	if q := of(opus, &trip); q != nil {
		t.Errorf("of an unknown codec: %+v", q)
	}
}
