package call

import (
	"testing"
	"time"

	"dialtone/diag"
)

// TestSpeechDelay: a measured one-way delay takes the place of half of the round-trip time.
func TestSpeechDelay(t *testing.T) {
	for name, test := range map[string]struct {
		delay    *diag.OneWayDelay
		want     time.Duration // with a jitter buffer of 40 ms
		measured bool
	}{
		"unknown":  {nil, 140 * time.Millisecond, false},
		"measured": {&diag.OneWayDelay{Source: diag.DelayReports, Delay: new(0.3), Mean: 0.3}, 340 * time.Millisecond, true},
	} {
		in := diag.InboundRTP{
			Kind: "audio", MimeType: "audio/opus", PacketsReceived: new(uint64(100)), PacketsLost: new(int64), FractionLost: new(float64),
			RoundTripTime: new(0.2), OneWayDelay: test.delay,
		}
		sample := diag.Sample{Inbound: []diag.InboundRTP{in}}
		c := &Call{}
		c.Apply(diag.Event{Seq: 1, Data: sample})
		whole, latest := c.StreamOf(diag.Inbound, "audio"), QualityIn(&sample, &in)
		for _, q := range []*Quality{whole.Quality, latest} {
			if q == nil || q.Delay.Duration() != test.want || q.OneWayMeasured != test.measured {
				t.Errorf("%s: %+v, want a delay of %v", name, q, test.want)
			}
		}
		if d := whole.OneWayDelay; (d == nil) != (test.delay == nil) || d != nil && (d.Duration() != 300*time.Millisecond || whole.OneWaySource != test.delay.Source) {
			t.Errorf("%s: %v by %s", name, d, whole.OneWaySource)
		}
	}
}
