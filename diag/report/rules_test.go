package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
)

const second = diag.Millis(time.Second)

// TestMerged: a finding counts once for each subject and side, and the gravest come first.
func TestMerged(t *testing.T) {
	finding := func(id, subject, side string, severity judge.Severity) Finding {
		return Finding{Finding: judge.Finding{ID: id, Subject: subject, Severity: severity}, Side: side}
	}
	var got []string
	for _, f := range merged([]Finding{
		finding("a", "x", "", judge.Warn), finding("a", "y", "", judge.Warn), finding("a", "x", answerer, judge.Problem), finding("a", "x", "", judge.Warn),
	}) {
		got = append(got, f.ID+" "+f.Subject+" "+f.Side)
	}
	if diff := cmp.Diff([]string{"a x answerer", "a x ", "a y "}, got); diff != "" {
		t.Error(diff)
	}
}

// TestFollows: which ends of a call are only the consequence of what the peer did.
func TestFollows(t *testing.T) {
	up := new(time.Second)
	for name, test := range map[string]struct {
		call call.Call
		want bool
	}{
		"in progress":             {call.Call{}, false},
		"left":                    {call.Call{Ended: &diag.CallEnded{Reason: diag.EndPeerLeft}}, true},
		"hung up before":          {call.Call{Ended: &diag.CallEnded{Reason: diag.EndPeerHangup}}, true},
		"hung up when connected":  {call.Call{ConnectedAt: up, Ended: &diag.CallEnded{Reason: diag.EndPeerHangup}}, false},
		"handshake, by the peer":  {call.Call{Ended: &diag.CallEnded{Reason: diag.EndDTLS, By: diag.ByRemote}}, true},
		"handshake, by the local": {call.Call{Ended: &diag.CallEnded{Reason: diag.EndDTLS, By: diag.ByLocal}}, false},
		"peer gone":               {call.Call{Ended: &diag.CallEnded{Reason: diag.EndSignaling, Signal: &diag.SignalFailure{Reason: "peer-gone"}}}, true},
		"signaling refused":       {call.Call{Ended: &diag.CallEnded{Reason: diag.EndSignaling, Signal: &diag.SignalFailure{Reason: "refused"}}}, false},
		"no path":                 {call.Call{Ended: &diag.CallEnded{Reason: diag.EndICE}}, false},
	} {
		if got := follows(&test.call); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestAnswererAlone: what only the answerer has seen is its finding, also where the offerer passed.
func TestAnswererAlone(t *testing.T) {
	good, lost := placed(5e6, diag.EndDuration), placed(5e6, diag.EndPeerLost)
	r := Build(Input{Runs: []Folded{Fold(judge.Expectation{Echo: true}, RunInput{Call: good, Other: lost})}})
	if len(r.Findings) != 1 || r.Findings[0].ID != "call.peer_lost" || r.Findings[0].Side != answerer || r.Exit.Code != diag.ExitPass {
		t.Errorf("%+v %+v", r.Exit, r.Findings)
	}
}

// TestBothHaveFindings: the answerer's are listed beside others of the offerer.
func TestBothHaveFindings(t *testing.T) {
	here, there := unechoed(diag.EndDuration), placed(5e6, diag.EndDTLS)
	var got []string
	for _, f := range judgeRun(judge.Expectation{Echo: true}, RunInput{Call: here, Other: there}).Findings {
		got = append(got, f.ID+" "+f.Side)
	}
	if diff := cmp.Diff([]string{"channel.not_echoed ", "dtls.timeout answerer"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestNearestToTheMedian: of two runs as near to the median whose events were kept, the quicker one is described.
func TestNearestToTheMedian(t *testing.T) {
	var calls []*call.Call
	for i := range 9 {
		calls = append(calls, placed(time.Duration(i+1)*time.Millisecond, diag.EndDuration))
	}
	in := runs(calls...)
	in[3].Events, in[5].Events = []diag.Event{{}}, []diag.Event{{}}
	if r := Build(Input{Runs: in}); r.Detail != 3 {
		t.Errorf("run %d is described", r.Detail)
	}
}

// TestPhaseIsSeenOnce: a phase that a run had twice (an ICE restart) counts as one run.
func TestPhaseIsSeenOnce(t *testing.T) {
	s := summarize([]Run{{Measurements: Measurements{Setup: Setup{Phases: []Phase{
		phase("ice-restart", 0, new(second), diag.OutcomeOK), phase("ice-restart", 0, new(3*second), diag.OutcomeOK), phase("ice-restart", 0, new(second), diag.OutcomeFailed),
	}}}}})
	want := []PhaseSummary{{Phase: "ice-restart", Seen: 1, Failed: 1, Times: &Percentiles{2, second, second, 3 * second, 3 * second, 3 * second}}}
	if diff := cmp.Diff(want, s.Phases); diff != "" {
		t.Error(diff)
	}
}

// TestSetupOfMedia: a call without data channels is set up when it is connected.
func TestSetupOfMedia(t *testing.T) {
	c := &call.Call{ConnectedAt: new(time.Second)}
	if s := setupOf(c); s.Total != nil {
		t.Errorf("without an open channel: %v", *s.Total)
	}
	c.Start.MediaOnly = true
	if s := setupOf(c); s.Total == nil || *s.Total != second {
		t.Errorf("media only: %v", s.Total)
	}
}

// TestSamplesAreBounded: of a long call the last ten minutes are kept.
func TestSamplesAreBounded(t *testing.T) {
	c := &call.Call{}
	for i := range 2 * maxRunSamples {
		c.Samples = append(c.Samples, call.SampleRow{At: time.Duration(i) * time.Second})
	}
	if s := samplesOf(c); len(s) != maxRunSamples || s[0].At != maxRunSamples*second {
		t.Errorf("%d samples from %v", len(s), s[0].At)
	}
}

// TestRecordingBeginsWithTheRun: the header of jsonl has the wall clock of the run, not of the check.
func TestRecordingBeginsWithTheRun(t *testing.T) {
	r := recorded(t, "good")
	r.Runs[0].Start = 90 * second
	var b bytes.Buffer
	if err := WriteJSONL(&b, r); err != nil {
		t.Fatal(err)
	}
	var head struct{ StartedAt time.Time }
	line, _, _ := strings.Cut(b.String(), "\n")
	if err := json.Unmarshal([]byte(line), &head); err != nil || !head.StartedAt.Equal(begun.Add(90*time.Second)) {
		t.Errorf("%v, %v", head.StartedAt, err)
	}
}

// TestWhatIsCompared: the wait for the peer is not, and one short series makes both insignificant.
func TestWhatIsCompared(t *testing.T) {
	ms := time.Millisecond
	many, few := timed(50*ms, 51*ms, 52*ms, 51*ms, 50*ms, 52*ms), timed(70*ms)
	few.Compare(many)
	for _, c := range few.Baseline {
		if strings.HasPrefix(c.Name, "phases.wait") || c.Worse {
			t.Errorf("%+v", c)
		}
	}
	if len(few.Baseline) < 2 {
		t.Errorf("%+v", few.Baseline)
	}
}

// TestScaleOfCharts: a chart is as high as its highest line, and each run is in its bar.
func TestScaleOfCharts(t *testing.T) {
	samples := []Sample{
		{At: second, Audio: &Interval{Bitrate: new(90_000.0)}, Video: &Interval{Bitrate: new(10_000.0)}}, {At: 2 * second, Audio: &Interval{Bitrate: new(45_000.0)}},
	}
	list := charts(samples)
	if len(list) != 1 || list[0].Top != "100" || list[0].Lines[0].Path != "M0.0 30.0L1000.0 165.0" || list[0].Lines[1].Path != "M0.0 270.0h10" || list[0].Lines[1].Last != unknown {
		t.Errorf("%+v", list)
	}
	var all []Run
	var times []diag.Millis
	for i := range 5 {
		run := Run{}
		run.Setup.Total = new(second + diag.Millis(i/3)*24*second)
		all, times = append(all, run), append(times, *run.Setup.Total)
	}
	h := spread(all, PercentilesOf(times))
	if len(h.Bars) != 2 || h.Most != 3 || h.N != 5 || h.Bars[0].H != chartHeight || h.Bars[1].H != 200 || h.Marks[0].X != 0 || h.Marks[2].X != chartWidth {
		t.Errorf("%+v", h)
	}
}

// TestSetupWithoutTotal: a run that connected is not said not to be, though its dump does not show when a channel opened.
func TestSetupWithoutTotal(t *testing.T) {
	for connected, want := range map[bool]string{true: "Setup: total unknown", false: "Setup: not connected"} {
		r := Report{Runs: []Run{{Connected: connected}}}
		if got := r.setupSection().Title; got != want {
			t.Errorf("%v: %s", connected, got)
		}
	}
}
