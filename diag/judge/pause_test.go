package judge_test

import (
	"slices"
	"testing"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/diagtest"
	"dialtone/diag/judge"
)

// TestPaused: a pause of inbound media is named when it is over, unless something explains it.
func TestPaused(t *testing.T) {
	resumed := func(after float64) diag.Data {
		return diag.MediaResumed{Kind: "audio", SSRC: 1, AfterMs: diag.Millis(after * 1e9)}
	}
	stalled := func(s float64) diag.Data {
		return diag.Paused{DurationMs: diag.Millis(s * 1e9), Source: diag.PauseStopped}
	}
	mute := func(muted bool) diag.Data { return diag.TrackMuted{Side: diag.Remote, Kind: "audio", Muted: muted} }
	for name, tt := range map[string]struct {
		log  []any
		want int
	}{
		"a short one":            {[]any{30_000, resumed(1.5)}, 0},
		"one":                    {[]any{30_000, resumed(5)}, 1},
		"two":                    {[]any{30_000, resumed(5), 40_000, resumed(2)}, 2},
		"muted":                  {[]any{25_000, mute(true), 29_900, mute(false), 30_000, resumed(5)}, 0},
		"this program stopped":   {[]any{29_990, stalled(3), 30_000, resumed(5)}, 0},
		"it was short of CPU":    {[]any{27_000, stalled(1.5), 28_500, stalled(1.4), 30_000, resumed(5), 30_010, stalled(1.3)}, 0},
		"for half of the time":   {[]any{26_500, stalled(0.6), 28_000, stalled(1), 29_900, stalled(1), 30_000, resumed(5)}, 0},
		"it was, for a moment":   {[]any{27_000, stalled(1.5), 30_000, resumed(5)}, 1},
		"a negotiation":          {[]any{29_000, diag.SessionDescription{Side: diag.Remote, SDPType: "offer"}, 30_000, resumed(5)}, 0},
		"the path was down":      {[]any{25_000, diag.ConnectionState{State: "disconnected"}, 30_000, resumed(5)}, 0},
		"impaired, as was asked": {[]any{25_000, diag.Impaired{}, 30_000, resumed(5)}, 0},
	} {
		found := judge.Judge(call.Fold(diagtest.Then(diagtest.GoodCall(), tt.log...))).Findings
		i := slices.IndexFunc(found, func(f judge.Finding) bool { return f.ID == "media.paused" })
		if (i >= 0) != (tt.want > 0) || i >= 0 && found[i].Evidence.(judge.InboundPaused).Times != tt.want {
			t.Errorf("%s: %+v", name, found)
		}
	}
}
