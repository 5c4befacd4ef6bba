package judge_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/diagtest"
	"dialtone/diag/judge"
	"dialtone/diag/words"
)

// TestRestartPause: the longest pause of all restarts is judged, and a short one is none.
func TestRestartPause(t *testing.T) {
	over := diag.CallEnded{Reason: diag.EndDuration, By: diag.ByLocal}
	ms := func(n int) *diag.Millis { return new(diag.Millis(time.Duration(n) * time.Millisecond)) }
	for name, test := range map[string]struct {
		pauses []diag.MediaPause
		want   []string
		title  string
	}{
		"none":          {nil, nil, ""},
		"not heard":     {[]diag.MediaPause{{Inbound: ms(30), Outbound: ms(199)}}, nil, ""},
		"heard":         {[]diag.MediaPause{{Inbound: ms(30), Outbound: ms(200)}}, []string{"info media.restart_pause"}, "Media stopped for 200 ms during an ICE restart."},
		"an outage":     {[]diag.MediaPause{{Inbound: ms(1000)}}, []string{"warning media.restart_pause"}, "Media stopped for 1.0 s during an ICE restart."},
		"the first one": {[]diag.MediaPause{{Inbound: ms(500), Outbound: ms(3)}, {Outbound: ms(40)}}, []string{"info media.restart_pause"}, "Media stopped for 500 ms during an ICE restart."},
	} {
		t.Run(name, func(t *testing.T) {
			events := diagtest.Then(diagtest.GoodCall(), 320, diag.Ping{RTTMs: diag.Millis(time.Millisecond)})
			for i, p := range test.pauses {
				events = diagtest.Then(events, 20_000+i, diag.Restart{By: diag.ByLocal, Reason: "asked"}, 21_000+i, p)
			}
			v := judge.Judge(call.Fold(diagtest.Then(events, 60_000, sampled(audioIn(250, 0, 0, 0.01)), 60_300, over)))
			if diff := cmp.Diff(test.want, ids(v.Findings)); diff != "" || v.Exit != diag.ExitPass {
				t.Fatal(v.Exit, diff)
			}
			if len(test.want) > 0 && words.Of(v.Findings[0]).Title != test.title {
				t.Error(words.Of(v.Findings[0]).Title)
			}
		})
	}
}
