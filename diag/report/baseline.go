package report

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"

	"dialtone/diag"
	"dialtone/diag/judge"
)

// Floors of the noise: a difference up to these is not significant, however steady the values were.
const (
	noiseShare = 0.10 // of the smaller value
	noiseMs    = 2.0
	noiseRatio = 0.01
	fewRuns    = 5 // of fewer runs the scatter is unknown: a value must have more than doubled
)

// measure is one value of a report that can be compared: more is worse.
type measure struct {
	name   string
	v      float64
	spread float64 // of the runs behind it
	n      int     // how many those are
	unit   string
}

// Compare adds the differences from an earlier report. A difference is significant beyond its noise: twice the larger
// of the two spreads (the scatter that the percentiles show), and at least 10 % of the smaller value, 2 ms, or 0.01 for
// a share. Of fewer than five runs the scatter is unknown: a value must then have more than doubled, by at least 10 ms
// or 0.05.
func (r *Report) Compare(before *Report) {
	old := map[string]measure{}
	for _, v := range compared(before) {
		old[v.name] = v
	}
	for _, now := range compared(r) {
		was, known := old[now.name]
		if !known {
			continue
		}
		floor := noiseMs
		if now.unit == unitRatio.name {
			floor = noiseRatio
		}
		share := noiseShare
		if was.n < fewRuns || now.n < fewRuns { // their scatter is unknown
			share, floor = 1, floor*fewRuns
		}
		noise := max(2*max(was.spread, now.spread), share*min(was.v, now.v), floor)
		r.Baseline = append(r.Baseline, Change{
			Name: now.name, Before: was.v, Now: now.v, Noise: round(noise), Worse: now.v-was.v > noise, Unit: now.unit,
		})
	}
	for _, c := range r.Baseline {
		if c.Worse {
			r.Findings = append(r.Findings, Written([]judge.Finding{{
				ID: "baseline.worse", Severity: judge.Problem, Subject: c.Name,
				Evidence: judge.BaselineWorse{Name: c.Name, Before: c.Before, Now: c.Now, Unit: c.Unit, Noise: c.Noise},
			}})...)
		}
	}
	r.Findings = merged(r.Findings)
	r.Settle()
}

func round(v float64) float64 { return math.Round(v*1000) / 1000 }

// Comparable explains why an earlier report cannot be a baseline for a check of this name and target; nil if it can.
// The time that the connection is kept, and the role, may differ.
func Comparable(before *Report, name string, target Target) error {
	was := before.Target
	was.For, was.Role = target.For, target.Role
	switch {
	case before.Schema != Schema:
		return fmt.Errorf("unknown report format: schema %q instead of %q", diag.Clean(before.Schema, 60), Schema)
	case before.Name != name:
		return fmt.Errorf("the report is of another check: %q instead of %q", diag.Clean(before.Name, 60),
			diag.Clean(name, 60))
	case !reflect.DeepEqual(was, target):
		return fmt.Errorf("the report is of another target: %s instead of %s", was.words(), target.words())
	case before.Summary.Setup == nil:
		return fmt.Errorf("no run of the report connected (%s): nothing to compare with",
			diag.Clean(before.Headline, 100))
	}
	return nil
}

// compared lists what is compared.
func compared(r *Report) []measure {
	out := percentileValues("setup", r.Summary.Setup)
	for _, p := range r.Summary.Phases {
		name := "phases." + string(p.Phase)
		if p.Subject != "" {
			name += "[" + p.Subject + "]"
		}
		if p.Phase != diag.PhaseWait { // how long the peer takes to come says nothing
			out = append(out, percentileValues(name, p.Times)...)
		}
	}
	out = append(out, overRuns("path.rtt", unitMillis, r.Runs, func(r Run) *float64 {
		if r.Path == nil {
			return nil
		}
		return float(r.Path.RTT)
	})...)
	for _, kind := range diag.Kinds {
		for _, f := range figures {
			if f.name == "" {
				continue
			}
			out = append(out, overRuns("media."+kind+".inbound."+f.name, f.unit, r.Runs, func(r Run) *float64 {
				for _, d := range r.Media.streams() {
					if d.kind == kind && d.direction == string(diag.Inbound) {
						return f.of(d.Stream)
					}
				}
				return nil
			})...)
		}
	}
	return out
}

// percentileValues are the median and the 95th percentile, with the distance of the two as the scatter.
func percentileValues(name string, p *Percentiles) []measure {
	if p == nil {
		return nil
	}
	median, high := p.P50.Float(), p.P95.Float()
	list := []measure{{name + ".p50", median, min(high-median, median-p.Min.Float()), p.N, unitMillis.name}}
	if p.N >= fewRuns { // of fewer runs it is the maximum, which a single outlier makes
		list = append(list, measure{name + ".p95", high, high - median, p.N, unitMillis.name})
	}
	return list
}

// overRuns is the median of a figure over the runs, with the median distance from it as the scatter.
func overRuns(name string, in unit, runs []Run, of func(Run) *float64) []measure {
	var all []float64
	for _, r := range runs {
		if v := of(r); v != nil {
			all = append(all, *v)
		}
	}
	if len(all) == 0 {
		return nil
	}
	middle := median(all)
	distances := make([]float64, len(all))
	for i, v := range all {
		distances[i] = math.Abs(v - middle)
	}
	return []measure{{name, round(middle), median(distances), len(all), in.name}}
}

func median(v []float64) float64 {
	sorted := slices.SortedFunc(slices.Values(v), cmp.Compare[float64])
	return sorted[rank(len(sorted), 50)]
}
