package judge_test

import (
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
		want bool
	}{
		"together":                  {[]float64{0.01, 0.02, -0.02}, false},
		"video later":               {[]float64{0.12, 0.1, 0.11}, true},
		"video later for a moment":  {[]float64{0.12, 0.01, 0.12}, false},
		"video a little later":      {[]float64{0.08, 0.08, 0.08}, false},
		"audio later":               {[]float64{-0.2, -0.19, -0.3}, true},
		"audio later, and accepted": {[]float64{-0.15, -0.15, -0.15}, false},
		"in both directions":        {[]float64{0.2, -0.2, 0.2}, false},
		"two samples":               {[]float64{0.2, 0.2}, false},
	} {
		c := &call.Call{}
		for i, s := range tt.skew {
			c.Apply(diag.Event{At: time.Duration(i+1) * time.Second, Data: diag.Sample{AudioVideoSkew: diag.Ptr(s)}})
		}
		found := false
		for _, f := range judge.Judge(c).Findings {
			found = found || f.ID == "media.skew"
		}
		if found != tt.want {
			t.Errorf("%s: %v", name, found)
		}
	}
}
