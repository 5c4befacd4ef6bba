package call

import (
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/diagtest"
)

// audio is a stream with a sound.
func audio(ssrc uint32, s *diag.Sound) diag.InboundRTP {
	return diag.InboundRTP{Kind: "audio", SSRC: ssrc, PacketsReceived: new(uint64(9)), Sound: s}
}

// TestQuiet: all streams must be quiet for longer than a pause; the shortest time counts.
func TestQuiet(t *testing.T) {
	silence := func(seconds float64) *diag.Sound { return &diag.Sound{SilentFor: seconds} }
	noise := func(seconds float64) *diag.Sound { return &diag.Sound{NoiseFor: seconds, ComfortNoisePackets: 4} }
	stopped := audio(3, silence(0))
	stopped.LastPacketReceivedAgo = new(SilentAfter)
	for name, tt := range map[string]struct {
		in    []diag.InboundRTP
		want  Quiet
		quiet bool
	}{
		"nothing was heard":          {nil, Quiet{}, false},
		"not analyzed":               {[]diag.InboundRTP{audio(1, nil)}, Quiet{}, false},
		"silence":                    {[]diag.InboundRTP{audio(1, silence(1.5))}, Quiet{For: 1500 * ms}, true},
		"a pause":                    {[]diag.InboundRTP{audio(1, silence(1.49))}, Quiet{}, false},
		"noise":                      {[]diag.InboundRTP{audio(1, noise(3))}, Quiet{For: 3 * time.Second, Noise: true, Comfort: 4}, true},
		"most of the connection":     {[]diag.InboundRTP{audio(1, silence(6))}, Quiet{For: 6 * time.Second, Whole: true}, true},
		"two":                        {[]diag.InboundRTP{audio(1, silence(7)), audio(2, silence(2))}, Quiet{For: 2 * time.Second}, true},
		"two, the first is shorter":  {[]diag.InboundRTP{audio(1, silence(2)), audio(2, silence(7))}, Quiet{For: 2 * time.Second}, true},
		"one of two is loud":         {[]diag.InboundRTP{audio(1, silence(7)), audio(2, silence(0))}, Quiet{}, false},
		"another one went on for it": {[]diag.InboundRTP{stopped, audio(2, silence(2))}, Quiet{For: 2 * time.Second}, true},
		"video says nothing of it":   {[]diag.InboundRTP{{Kind: "video", Sound: silence(9)}}, Quiet{}, false},
	} {
		c := Fold(diagtest.Log(0, diag.ConnectionState{State: "connected"}, 10_000, diag.Sample{Inbound: tt.in}))
		if got, quiet := c.Quiet(diag.Inbound); got != tt.want || quiet != tt.quiet {
			t.Errorf("%s: %+v, %t", name, got, quiet)
		}
		if c.IsSilent("audio") != tt.want.Whole || c.IsSilent("video") {
			t.Errorf("%s: silent %t", name, c.IsSilent("audio"))
		}
	}
	if _, quiet := Fold(diagtest.Log(1, diag.Sample{Inbound: []diag.InboundRTP{audio(1, silence(9))}})).Quiet(diag.Inbound); quiet {
		t.Error("quiet before the connection")
	}
}

// TestHeardByThePeer: what the peer's statistics say of its sound, as long as they come.
func TestHeardByThePeer(t *testing.T) {
	theirs := diag.RemoteSample{Inbound: []diag.InboundRTP{audio(1, &diag.Sound{SilentFor: 2})}}
	for at, want := range map[int]bool{1000: true, 5999: true, 6000: false} {
		c := Fold(diagtest.Log(0, diag.ConnectionState{State: "connected"}, 1000, theirs, at, diag.Sample{}))
		if _, quiet := c.Quiet(diag.Outbound); quiet != want {
			t.Errorf("after %d ms: %t", at, quiet)
		}
		if _, quiet := c.Quiet(diag.Inbound); quiet {
			t.Errorf("after %d ms: quiet here", at)
		}
	}
}

// TestTestTones: a tone that is heard for long enough, and for most of that time; and the level of all that is heard.
func TestTestTones(t *testing.T) {
	for _, tt := range []struct {
		duration, dropouts float64
		want               bool
	}{{2, 0, true}, {1.9, 0, false}, {4, 2, true}, {4, 2.1, false}} {
		in := audio(1, &diag.Sound{Tone: &diag.Tone{Duration: tt.duration, DropoutsDuration: tt.dropouts}})
		c := Fold(diagtest.Log(0, diag.ConnectionState{State: "connected"}, 1000, diag.Sample{Inbound: []diag.InboundRTP{in}}))
		if got := c.TestTone(diag.Inbound) != nil; got != tt.want || c.TestTone(diag.Outbound) != nil {
			t.Errorf("%+v: %t", tt, got)
		}
	}
	loud, soft := audio(1, &diag.Sound{}), audio(2, &diag.Sound{})
	loud.TotalAudioEnergy, loud.TotalSamplesDuration = new(0.5), new(1.0)
	soft.TotalAudioEnergy, soft.TotalSamplesDuration = new(0.25), new(2.0)
	c := Fold(diagtest.Log(0, diag.ConnectionState{State: "connected"}, 1000, diag.Sample{Inbound: []diag.InboundRTP{loud, soft}}))
	if s := c.StreamOf(diag.Inbound, "audio"); s.Level == nil || *s.Level != 0.5 {
		t.Errorf("level %v", s.Level)
	}
	if s := c.StreamOf(diag.Outbound, "audio"); s.Level != nil {
		t.Errorf("level of nothing: %v", *s.Level)
	}
}
