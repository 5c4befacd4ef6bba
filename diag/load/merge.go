package load

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"dialtone/diag"
	"dialtone/diag/report"
)

// maxSkew is how far the beginnings of parts may be apart.
const maxSkew = time.Minute

// Merge makes one report of the parts of a test, as if one run had placed all calls: counts exactly, percentiles from
// the merged histograms. Parts that are missing are a finding. The error says why they are not parts of one test.
func Merge(parts []*Report) (*Report, error) {
	slices.SortStableFunc(parts, func(a, b *Report) int { return a.StartedAt.Compare(b.StartedAt) })
	for _, p := range parts {
		if a, b := p.Target, parts[0].Target; a.URL != b.URL || a.Room != b.Room {
			return nil, fmt.Errorf("the reports are of different targets: %q and %q", b.URL+b.Room, a.URL+a.Room)
		}
	}
	out, err := MergeEach(slices.Values(parts))
	if err != nil {
		return nil, err
	}
	next := 1
	for _, n := range append(slices.Clone(out.Complete), out.Plan.Parts+1) {
		for ; next < n && len(out.Missing) < maxCauses; next++ {
			out.Missing = append(out.Missing, next)
		}
		next = n + 1
	}
	out.Settle()
	return out, nil
}

// MergeEach joins parts of a test that come one after another, the earliest first, and need not be all: it keeps none
// of them.
func MergeEach(parts iter.Seq[*Report]) (*Report, error) {
	var out *Report
	for p := range parts {
		if out == nil {
			out = p.emptied()
		}
		if err := out.fits(p); err != nil {
			return nil, err
		}
		out.add(p)
	}
	if out == nil {
		return nil, errors.New("no reports to merge")
	}
	slices.Sort(out.Complete)
	out.Plan.Part = out.Complete[0]
	out.Settle()
	return out, nil
}

// emptied is a copy without what is summed over parts.
func (r *Report) emptied() *Report {
	out := *r
	out.Complete, out.Missing, out.Causes, out.Noticed = nil, nil, nil, nil
	out.Metrics, out.Unjudged, out.Lateness, out.Series = Metrics{}, Unjudged{}, nil, nil
	out.Calls, out.MaxInProgress, out.Interrupted, out.Agents = Counts{}, 0, false, nil
	out.Tester.Seconds, out.Tester.Unjudged, out.Tester.Calls, out.Tester.Drops = 0, 0, 0, 0
	return &out
}

// fits reports why p is no further part of the same test, or nil.
func (r *Report) fits(p *Report) error {
	switch {
	case !slices.Equal(p.Plan.Stages, r.Plan.Stages) || p.Plan.Calls != r.Plan.Calls || p.Plan.Parts != r.Plan.Parts:
		return errors.New("the reports are of different plans")
	case p.Target.Kind != r.Target.Kind || p.Target.For != r.Target.For:
		return errors.New("the reports are of different targets")
	case p.StartedAt.Sub(r.StartedAt) > maxSkew:
		return fmt.Errorf("the parts began %v apart: give all of them the same --start-at",
			p.StartedAt.Sub(r.StartedAt).Round(time.Second))
	}
	for _, n := range p.Complete {
		if slices.Contains(r.Complete, n) {
			return fmt.Errorf("part %d of %d is given twice", n, r.Plan.Parts)
		}
	}
	return nil
}

func (r *Report) add(p *Report) {
	r.Complete = append(r.Complete, p.Complete...)
	r.Duration, r.Interrupted = max(r.Duration, p.Duration), r.Interrupted || p.Interrupted
	r.MaxInProgress += p.MaxInProgress
	r.Agents = append(r.Agents, p.Agents...)
	r.Calls.merge(p.Calls)
	r.Metrics.merge(&p.Metrics)
	r.Unjudged.Calls, r.Unjudged.Failed = r.Unjudged.Calls+p.Unjudged.Calls, r.Unjudged.Failed+p.Unjudged.Failed
	mergeTimes(&r.Unjudged.Setup, p.Unjudged.Setup)
	mergeTimes(&r.Lateness, p.Lateness)
	for _, c := range p.Causes {
		r.Causes = addCause(r.Causes, c)
	}
	for _, n := range p.Noticed {
		r.Noticed = addNoticed(r.Noticed, n)
	}
	t, o := &r.Tester, p.Tester
	if t.Seconds == 0 && o.Seconds > 0 {
		t.InProgress, t.Rate, t.LateShare = o.InProgress, o.Rate, o.LateShare
	}
	t.Seconds, t.Unjudged, t.Calls = t.Seconds+o.Seconds, t.Unjudged+o.Unjudged, t.Calls+o.Calls
	t.Drops, t.WorstMs = t.Drops+o.Drops, max(t.WorstMs, o.WorstMs)
	if o.CPU != nil && (t.CPU == nil || *o.CPU > *t.CPU) {
		t.CPU = o.CPU
	}
	for i := range p.Series {
		if len(r.Series) <= i {
			r.Series = append(r.Series, Point{At: diag.Millis(time.Duration(i) * time.Second)})
		}
		r.Series[i].merge(&p.Series[i])
	}
	for _, a := range p.Assertions {
		known := slices.ContainsFunc(r.Assertions, func(b report.Assertion) bool { return a.Expr == b.Expr })
		if !a.Default && !known && len(r.Assertions) < maxCauses {
			r.Assertions = append(r.Assertions, a)
		}
	}
}

// Tail is what is kept of a report to show how a test goes on: its counts, and its newest seconds.
type Tail struct {
	Kind   string // of the target
	Calls  Counts
	causes []Cause
	from   int // the first second
	series []Point
}

// Bounds of a tail: a second that some part reports so much later than others is shown without them.
const (
	maxTail       = 60 // seconds
	maxTailCauses = 10
)

// Tail is that of a report, from a second on.
func (r *Report) Tail(from int) *Tail {
	from = min(max(from, len(r.Series)-maxTail), len(r.Series))
	t := &Tail{Kind: r.Target.Kind, Calls: r.Calls, from: from, series: slices.Clone(r.Series[from:])}
	for _, c := range r.Causes[:min(len(r.Causes), maxTailCauses)] {
		c.Finding.Finding.Evidence, c.Text.Evidence, c.Title = nil, nil, diag.Clean(c.Title, 200)
		t.causes = append(t.causes, c)
	}
	return t
}

// end is how many seconds the report had.
func (t *Tail) end() int { return t.from + len(t.series) }

// ProgressOf is the state of a test of which all are the parts, with a second of it; false: not all parts that are
// running have that second yet.
func ProgressOf(all, running []*Tail, second int) (Progress, bool) {
	if slices.ContainsFunc(running, func(t *Tail) bool { return t.end() <= second }) {
		return Progress{}, false
	}
	now := Progress{Point: Point{At: diag.Millis(time.Duration(second) * time.Second)}}
	for _, t := range all {
		now.Counts.merge(t.Calls)
		if second >= t.from && second < t.end() {
			now.Point.merge(&t.series[second-t.from])
		}
		for _, c := range t.causes {
			now.Causes = addCause(now.Causes, c)
		}
	}
	return now, true
}

func (c *Counts) merge(o Counts) {
	c.Scheduled, c.Started, c.Dropped = c.Scheduled+o.Scheduled, c.Started+o.Started, c.Dropped+o.Dropped
	c.Ready, c.Ended, c.Passed, c.Failed = c.Ready+o.Ready, c.Ended+o.Ended, c.Passed+o.Passed, c.Failed+o.Failed
	c.Interrupted, c.NotPlaced, c.Peak = c.Interrupted+o.Interrupted, c.NotPlaced+o.NotPlaced, c.Peak+o.Peak
	c.Stuck += o.Stuck
}

func mergeTimes(to **Times, from *Times) {
	if from != nil {
		there(to).Histogram.merge(from.Histogram)
	}
}
