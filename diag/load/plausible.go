package load

import (
	"slices"

	"dialtone/diag/judge/crowd"
)

// plausible reports whether the counts of a report that was read can be those of a test, so that no sum over several
// of them is wrong: none is negative, and none is greater than what it is a part of.
func (r *Report) plausible() bool {
	c, u := r.Calls, r.Unjudged
	if c.Scheduled > maxCalls || c.Started+c.Dropped != c.Scheduled || !rising(0, c.Ended+c.NotPlaced+c.Stuck, c.Started) {
		return false
	}
	for i, n := range r.Complete {
		if n < 1 || n > r.Plan.Parts || i > 0 && n <= r.Complete[i-1] {
			return false
		}
	}
	parts := []int{
		c.Scheduled, c.Started, c.Dropped, c.Ended, c.Passed, c.Failed, c.Interrupted, c.NotPlaced, c.Stuck, u.Calls,
		u.Failed, r.Tester.Calls, r.Tester.Unjudged, r.Tester.Seconds, r.Tester.Drops, r.MaxInProgress,
	}
	if slices.Min(parts) < 0 || c.Passed+c.Failed+c.Interrupted+u.Calls != c.Ended || u.Failed > u.Calls ||
		!rising(0, c.Ready, c.Started) || !rising(0, c.Peak, c.Started) {
		return false
	}
	return r.plausibleTimes() && r.plausibleSeries() && !slices.ContainsFunc(r.Agents, func(a crowd.Agent) bool {
		return !rising(0, a.Unreported, a.Calls, maxCalls)
	})
}

// rising reports whether each value is at least the one before it.
func rising(values ...int) bool { return slices.IsSorted(values) }

// plausibleTimes reports whether no distribution has more values than there were calls.
func (r *Report) plausibleTimes() bool {
	started := int64(r.Calls.Started)
	list := []*Times{r.Unjudged.Setup, r.Lateness}
	for _, t := range r.Metrics.times() {
		list = append(list, *t)
	}
	for _, t := range r.Phases {
		list = append(list, t)
	}
	for _, t := range list {
		if t != nil && t.Histogram.count() > started {
			return false
		}
	}
	return !slices.ContainsFunc(r.Metrics.values(), func(v **Values) bool {
		return *v != nil && (*v).Histogram.count() > started
	})
}

// plausibleSeries reports whether the seconds, and the causes, have no more calls than the test.
func (r *Report) plausibleSeries() bool {
	var scheduled, ready, ended int
	for i := range r.Series {
		p := &r.Series[i]
		set := 0
		for _, n := range p.Setup {
			if !rising(0, n, maxCalls) {
				return false
			}
			set += n
		}
		if !rising(0, p.Scheduled, maxCalls) || !rising(0, p.Ready, maxCalls) || !rising(0, p.Failed, p.Ended, maxCalls) ||
			!rising(0, p.InProgress, maxCalls) || !rising(0, p.Started, p.Scheduled) || !rising(0, p.Dropped, p.Scheduled) ||
			set != p.Ready {
			return false
		}
		scheduled, ready, ended = scheduled+p.Scheduled, ready+p.Ready, ended+p.Ended
	}
	failed := 0
	for _, c := range r.Causes {
		if !rising(0, c.Calls, maxCalls) {
			return false
		}
		failed += c.Calls
	}
	return scheduled <= r.Calls.Scheduled && ready <= r.Calls.Ready && ended <= r.Calls.Started && failed <= r.Calls.Failed
}
