package judge_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/diagtest"
	"dialtone/diag/judge"
	"dialtone/diag/words"
)

// TestUnannouncedStreams: a changed SSRC is told once for a kind, a stream of no section each.
func TestUnannouncedStreams(t *testing.T) {
	over := diag.CallEnded{Reason: diag.EndDuration, By: diag.ByLocal}
	events := diagtest.Then(
		diagtest.GoodCall(), 20_000, diag.UnannouncedSSRC{SSRC: 2, Kind: "audio", Mid: "0", Previous: 1},
		21_000, diag.UnannouncedSSRC{SSRC: 3, Kind: "audio", Mid: "0", Previous: 2},
		22_000, diag.UnannouncedSSRC{SSRC: 9, Kind: "video", PayloadType: 96, Packets: 100, From: "192.0.2.9:5", OffPath: true},
		60_000, sampled(audioIn(250, 0, 0, 0.01)), 60_300, over)
	v := judge.Judge(call.Fold(events))
	var got []string
	for _, f := range v.Findings {
		if f.Family() == "media" {
			got = append(got, f.ID+": "+words.Of(f).Title)
			if where := words.Of(f).Evidence; f.ID == "media.unknown_ssrc" && !slices.Contains(where,
				"from 192.0.2.9:5, which is not the remote address of the selected pair") {
				t.Errorf("evidence: %q", where)
			}
		}
	}
	want := []string{
		"media.unknown_ssrc: Packets of SSRC 9 arrive that no media section announces.",
		"media.ssrc_changed: The peer changed the SSRC of its audio without announcing it.",
	}
	if diff := cmp.Diff(want, got); diff != "" || v.Exit != diag.ExitPass {
		t.Error(v.Exit, diff)
	}
}
