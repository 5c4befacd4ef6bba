package report

import (
	"cmp"
	"slices"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/words"
)

// Input is what a report is made of.
type Input struct {
	Tool        string // "dialtone v1.2.3"
	Name        string // of the check
	StartedAt   time.Time
	Duration    time.Duration
	Target      Target
	Expect      judge.Expectation // what was asked of each call, and how this program fared
	Runs        []RunInput
	Findings    []judge.Finding // of the check as a whole
	Interrupted bool            // it ended before all was done
}

// RunInput is one run: the fold of the side that the report describes, and of the other side where it ran in this
// process too.
type RunInput struct {
	Start     time.Duration // since the check began
	Call      *call.Call    // of the offering side, or the only one
	Other     *call.Call    // nil: somebody else's program
	Events    []diag.Event  // of Call, for jsonl
	Recording string        // file; "" for none

	folded *folded // instead of the calls
}

// Build makes the report. It is pure. The exit code is that of the runs: assertions and a baseline are judged
// afterwards, and [Report.Settle] takes them in.
func Build(in Input) *Report {
	r := &Report{
		Schema: Schema, Tool: in.Tool, Name: in.Name, StartedAt: in.StartedAt.UTC(), DurationMs: ms(in.Duration), Target: in.Target,
		Candidates: []Candidate{}, Pairs: []Pair{}, Channels: []Channel{}, Servers: []ServerReport{}, Findings: []Finding{},
		Assertions: []Assertion{}, Runs: []Run{}, Setup: Setup{Phases: []Phase{}}, Why: []string{}, Next: []string{},
		interrupted: in.Interrupted,
	}
	judged := make([]folded, len(in.Runs))
	for i, run := range in.Runs {
		if run.folded == nil {
			run.Fold(in.Expect)
		}
		judged[i] = *run.folded
		r.Runs = append(r.Runs, judged[i].judged(in.Expect.Load))
		r.Runs[i].Index, r.Runs[i].Events = i, run.Events
	}
	r.Summary = summarize(r.Runs)
	if len(in.Runs) > 0 {
		r.Detail = detail(r.Runs)
		one := r.Runs[r.Detail]
		r.Setup, r.Path, r.Media = one.Setup, one.Path, one.Media
		r.show(judged[r.Detail].shown)
		v := judged[r.Detail].verdict(in.Expect.Load)
		r.Headline, r.Why, r.Next = v.said.Headline, filled(v.said.Why), filled(v.said.Next)
	}
	r.Findings = mergeFindings(in, r.Runs)
	r.Settle()
	return r
}

// filled is list, or an empty one: JSON has [] for it, not null.
func filled[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// judgeRun judges both sides. What the other side alone has found is told as its own.
func judgeRun(x judge.Expectation, run RunInput) verdict {
	v := judge.JudgeCheck(run.Call, x)
	out := verdict{v.Exit, words.Verdict(v), Written(v.Findings)}
	if run.Other == nil {
		return out
	}
	other := judge.JudgeCheck(run.Other, judge.Expectation{Media: x.Media, Load: x.Load})
	blamed := v.Exit == diag.ExitPass && run.Other.ConnectedAt != nil && run.Other.Ended != nil &&
		run.Other.Ended.Reason == diag.EndPeerHangup
	if follows(run.Call) && !follows(run.Other) && run.Other.Ended != nil &&
		run.Other.Ended.Reason != diag.EndInterrupted {
		// The answering side failed first: that the offering side was left alone explains nothing.
		out.findings = slices.DeleteFunc(out.findings, func(f Finding) bool { return consequences[f.ID] })
		blamed = true
	}
	own := map[string]bool{}
	for _, f := range out.findings {
		own[f.ID] = true
	}
	for _, f := range Written(other.Findings) {
		if own[f.ID] || consequences[f.ID] && v.Exit != diag.ExitPass {
			continue
		}
		f.Side, f.Title = "answerer", otherSide+f.Title
		out.findings = append(out.findings, f)
	}
	if blamed && other.Exit != diag.ExitPass {
		out.exit, out.said = other.Exit, words.Verdict(other)
		out.said.Headline = otherSide + out.said.Headline
	}
	sortFindings(out.findings)
	return out
}

// follows reports whether a call failed only because the other side had ended it.
func follows(c *call.Call) bool {
	if c.Ended == nil {
		return false
	}
	switch c.Ended.Reason {
	case diag.EndPeerLeft:
		return true
	case diag.EndPeerHangup:
		return c.ConnectedAt == nil
	case diag.EndDTLS:
		return c.Ended.By == diag.ByRemote
	case diag.EndSignaling:
		return c.Ended.Code == "peer-gone"
	default:
		return false
	}
}

// consequences are findings that only say that the other side has ended the call.
var consequences = map[string]bool{
	"call.peer_left": true, "call.peer_lost": true, "signal.peer_gone": true, "signal.failed": true, "dtls.closed_by_peer": true, "call.nobody_came": true,
}

// otherSide begins the title of a finding of the answering side.
const otherSide = "The answering side: "

// ms is a time in milliseconds with the resolution of a recording.
func ms(d time.Duration) float64 { return float64(d.Round(time.Microsecond)) / 1e6 }

func msPtr(d *time.Duration) *float64 {
	if d == nil {
		return nil
	}
	return diag.Ptr(ms(*d))
}

// secondsMs turns seconds into milliseconds.
func secondsMs(s *float64) *float64 {
	if s == nil {
		return nil
	}
	return diag.Ptr(ms(time.Duration(*s * 1e9)))
}

// runOf is one call in short, without its verdict.
func runOf(in RunInput) Run {
	c := in.Call
	return Run{
		StartMs: ms(in.Start), Setup: setupOf(c), Path: pathOf(c), Media: mediaOf(c), Samples: samplesOf(c),
		Recording: in.Recording, Connected: c.ConnectedAt != nil, Echoed: c.Echoed(),
	}
}

// verdictOf is the verdict that goes with an exit code.
func verdictOf(e diag.Exit) Verdict {
	switch e {
	case diag.ExitPass:
		return Pass
	case diag.ExitUsage, diag.ExitCannotRun, diag.ExitInterrupted:
		return Error
	default:
		return Fail
	}
}

// detail chooses the run that the report describes: the worst failure, the first of equals, or else the run with the
// median set-up. Of so many runs that not the events of all were kept, it is the first, or the next to the median, of
// which they were.
func detail(runs []Run) int {
	worst := slices.MinFunc(runs, func(a, b Run) int {
		return cmp.Or(diag.Exit(b.Exit.Code).Compare(diag.Exit(a.Exit.Code)), preferEvents(a, b),
			cmp.Compare(a.Index, b.Index))
	})
	if worst.Exit.Code != int(diag.ExitPass) {
		return worst.Index
	}
	up := slices.DeleteFunc(slices.Clone(runs), func(r Run) bool { return r.Setup.TotalMs == nil })
	if len(up) == 0 {
		return 0
	}
	slices.SortStableFunc(up, func(a, b Run) int { return cmp.Compare(*a.Setup.TotalMs, *b.Setup.TotalMs) })
	median := rank(len(up), 50)
	for away := range up {
		for _, i := range []int{median - away, median + away} {
			if i >= 0 && i < len(up) && up[i].Events != nil {
				return up[i].Index
			}
		}
	}
	return up[median].Index
}

// preferEvents is negative where a alone has events.
func preferEvents(a, b Run) int {
	switch {
	case a.Events != nil && b.Events == nil:
		return -1
	case a.Events == nil && b.Events != nil:
		return 1
	default:
		return 0
	}
}

// Settle draws the conclusion: exit code and verdict of runs, assertions, baseline and the checks inside.
func (r *Report) Settle() {
	exit := diag.ExitPass
	for _, run := range r.Runs {
		exit = exit.Worse(diag.Exit(run.Exit.Code))
	}
	for _, c := range r.Checks {
		exit = exit.Worse(diag.Exit(c.Exit.Code))
	}
	asserted := r.failing(exit == diag.ExitPass)
	if asserted != "" {
		exit = exit.Worse(diag.ExitAssertion)
	}
	if exit == diag.ExitAssertion && asserted != "" {
		r.Headline = asserted
	}
	if r.interrupted {
		exit = exit.Worse(diag.ExitInterrupted)
		r.Headline = "interrupted"
	}
	if len(r.Runs)+len(r.Checks) == 0 && !r.interrupted {
		exit = exit.Worse(diag.ExitCannotRun)
		r.Headline = "nothing was run"
	}
	r.Exit, r.Verdict = ExitOf(exit), verdictOf(exit)
}

// failing is the headline of the first assertion that failed, or of the baseline; "" where none did. A default
// assertion tells what the runs tell already: it counts where these passed, so that nothing passes with a failed
// assertion.
func (r *Report) failing(passed bool) string {
	for _, a := range r.Assertions {
		if !a.Pass && (passed || !a.Default) {
			return "an assertion failed: " + diag.Clean(a.Expr, 200)
		}
	}
	for _, b := range r.Baseline {
		if b.Worse {
			return b.Name + " is worse than in the baseline"
		}
	}
	return ""
}
