package judge_test

import (
	"slices"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
)

// TestSkew: what lasts for three samples beyond the bounds is a finding; the bounds are not alike in both directions.
func TestSkew(t *testing.T) {
	for name, tt := range map[string]struct {
		skew []float64 // seconds
		want float64   // 0: no finding
	}{
		"together":                  {[]float64{0.01, 0.02, -0.02}, 0},
		"video later":               {[]float64{0.12, 0.1, 0.11}, 0.1},
		"video later for a moment":  {[]float64{0.12, 0.01, 0.12}, 0},
		"video a little later":      {[]float64{0.08, 0.08, 0.08}, 0},
		"audio later":               {[]float64{-0.2, -0.19, -0.3}, -0.19},
		"audio later, and accepted": {[]float64{-0.15, -0.15, -0.15}, 0},
		"in both directions":        {[]float64{0.2, -0.2, 0.2}, 0},
		"two samples":               {[]float64{0.2, 0.2}, 0},
		"video at the bound":        {[]float64{0.09, 0.09, 0.09}, 0.09},
		"audio at the bound":        {[]float64{-0.185, -0.185, -0.185}, -0.185},
		"the latest is the least":   {[]float64{0.3, 0.2, 0.1}, 0.1},
		"the first is the least":    {[]float64{0.1, 0.2, 0.3}, 0.1},
		"long ago":                  {[]float64{0.2, 0.2, 0.2, 0.01}, 0},
	} {
		c := &call.Call{}
		for i, s := range tt.skew {
			c.Apply(diag.Event{At: time.Duration(i+1) * time.Second, Data: diag.Sample{AudioVideoSkew: new(s)}})
		}
		found := 0.0
		for _, f := range judge.Judge(c).Findings {
			if e, is := f.Evidence.(judge.SkewFound); is && f.ID == "media.skew" {
				found = e.SkewMs.Duration().Seconds()
			}
		}
		if found != tt.want {
			t.Errorf("%s: %g s, want %g s", name, found, tt.want)
		}
		c.Apply(diag.Event{At: time.Minute, Data: diag.TrackMuted{Side: diag.Remote, Kind: "video", Muted: true}})
		if slices.Contains(ids(judge.Judge(c).Findings), "warning media.skew") {
			t.Errorf("%s: found of video that is muted", name)
		}
	}
}
