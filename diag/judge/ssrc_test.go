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

// TestRedundancyUnasked: a format against loss is named if the local description does not have it, and nothing else.
func TestRedundancyUnasked(t *testing.T) {
	answer := func(formats string) diag.SessionDescription {
		return diag.SessionDescription{Side: diag.Local, SDPType: "answer", SDP: "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n" +
			"m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\na=mid:0\r\na=sendrecv\r\na=rtpmap:111 opus/48000/2\r\n" + formats}
	}
	for name, tt := range map[string]struct {
		description diag.SessionDescription
		format      string
		want        bool
	}{
		"not agreed on":                         {answer(""), "red", true},
		"agreed on":                             {answer("a=rtpmap:63 RED/48000/2\r\n"), "red", false},
		"in-band":                               {answer(""), "opus", false},
		"a format of unknown name, as of dumps": {answer(""), "", false},
	} {
		in := audioIn(250, 0, 0, 0.01)
		in.FECPacketsReceived, in.FECFormat = diag.Ptr(uint64(9)), tt.format
		c := call.Fold(diagtest.Then(diagtest.GoodCall(), 20_000, tt.description, 60_000, sampled(in)))
		found := judge.Judge(c).Findings
		i := slices.IndexFunc(found, func(f judge.Finding) bool { return f.ID == "media.redundancy_unasked" })
		if (i >= 0) != tt.want || i >= 0 && (found[i].Severity != judge.Info || words.Of(found[i]).Title != "The peer sends audio with RED, which was not agreed on.") {
			t.Errorf("%s: %+v", name, found)
		}
	}
}
