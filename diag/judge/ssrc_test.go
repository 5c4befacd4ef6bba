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
		in.FECPacketsReceived, in.FECFormat = new(uint64(9)), tt.format
		c := call.Fold(diagtest.Then(diagtest.GoodCall(), 20_000, tt.description, 60_000, sampled(in)))
		found := judge.Judge(c).Findings
		i := slices.IndexFunc(found, func(f judge.Finding) bool { return f.ID == "media.redundancy_unasked" })
		if (i >= 0) != tt.want || i >= 0 && (found[i].Severity != judge.Info || words.Of(found[i]).Title != "The peer sends audio with RED, which was not agreed on.") {
			t.Errorf("%s: %+v", name, found)
		}
	}
}

// TestPayloadType: packets that were not agreed on are named, and fail a check if they are most of a stream.
func TestPayloadType(t *testing.T) {
	over := diag.CallEnded{Reason: diag.EndDuration, By: diag.ByLocal}
	check := judge.Expectation{Media: []call.MediaKind{{Direction: diag.Inbound, Kind: "audio"}}}
	for name, tt := range map[string]struct {
		packets uint64
		want    judge.Severity
		exit    diag.Exit
	}{
		"none":             {0, "", diag.ExitPass},
		"while it changed": {20, "", diag.ExitPass},
		"some":             {60, judge.Warn, diag.ExitPass},
		"all":              {250, judge.Problem, diag.ExitMedia},
	} {
		in := audioIn(250, 0, 0, 0.01)
		if tt.packets > 0 {
			in.Unagreed = &diag.UnagreedPayload{PayloadType: 77, Packets: tt.packets}
		}
		v := judge.Check(call.Fold(diagtest.Then(diagtest.GoodCall(), 60_000, sampled(in), 60_300, over)), check)
		i := slices.IndexFunc(v.Findings, func(f judge.Finding) bool { return f.ID == "media.payload_type" })
		if (i >= 0) != (tt.packets > 20) || v.Exit != tt.exit || i >= 0 && (v.Findings[i].Severity != tt.want ||
			words.Of(v.Findings[i]).Title != "The peer sends audio with payload type 77, which was not agreed on.") {
			t.Errorf("%s: %v, %+v", name, v.Exit, v.Findings)
		}
	}
}

// TestReportsStopped: what is only known by reports is unknown when they stop, and that is named.
func TestReportsStopped(t *testing.T) {
	for name, tt := range map[string]struct {
		missing, gone *float64
		want          bool
	}{
		"they come":                         {nil, nil, false},
		"they stop":                         {new(40.0), nil, true},
		"they say that nothing is received": {new(40.0), new(5.0), false},
	} {
		s := sampled(audioIn(250, 0, 0, 0.01))
		s.Outbound[0].MimeType, s.Outbound[0].Remote = "audio/opus", &diag.RemoteInbound{
			PacketsLost: new(int64(0)), PacketsReceived: new(uint64(90)), ReportsMissingFor: tt.missing, NotReceivedFor: tt.gone,
		}
		c := call.Fold(diagtest.Then(diagtest.GoodCall(), 60_000, s))
		found := judge.Judge(c).Findings
		i := slices.IndexFunc(found, func(f judge.Finding) bool { return f.ID == "media.reports_stopped" })
		if loss := c.StreamOf(diag.Outbound, "audio").Loss; (i >= 0) != tt.want || (loss == nil) != (tt.missing != nil) {
			t.Errorf("%s: loss %v, %+v", name, loss, found)
		}
	}
}

// TestPayloadTypeShared: one payload type for two codecs is named, before the media that is missing because of it.
func TestPayloadTypeShared(t *testing.T) {
	offer := diag.SessionDescription{Side: diag.Remote, SDPType: "offer", SDP: "v=0\r\na=group:BUNDLE 0 1\r\n" +
		"m=audio 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=rtpmap:96 opus/48000/2\r\na=sendrecv\r\n" +
		"m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=rtpmap:96 VP8/90000\r\na=sendrecv\r\n"}
	video := diag.InboundRTP{
		Kind: "video", SSRC: 2, MimeType: "video/VP8", PacketsReceived: new(uint64(450)), ClockRate: 90000,
		TimestampRate: new(48000.0), TimestampRateMargin: new(10.0), TimestampRateOver: new(9.0),
	}
	for name, tt := range map[string]struct {
		in   []diag.InboundRTP
		want judge.Severity
	}{
		"nothing is missing": {[]diag.InboundRTP{audioIn(250, 0, 0, 0.01), video}, judge.Warn},
		"audio is missing":   {[]diag.InboundRTP{video}, judge.Problem},
	} {
		sample := diag.Sample{Inbound: tt.in}
		v := judge.Judge(call.Fold(diagtest.Then(diagtest.GoodCall(), 20_000, offer, 60_000, sample)))
		i := slices.IndexFunc(v.Findings, func(f judge.Finding) bool { return f.ID == "media.payload_type_shared" })
		if i != 0 || v.Findings[i].Severity != tt.want ||
			words.Of(v.Findings[i]).Title != "The peer uses payload type 96 for several codecs: opus/48000/2, VP8/90000." ||
			slices.ContainsFunc(v.Findings, func(f judge.Finding) bool { return f.ID == "media.clock_rate" }) {
			t.Errorf("%s: %+v", name, v.Findings)
		}
	}
}
