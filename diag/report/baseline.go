package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"dialtone/diag"
	"dialtone/diag/judge"
)

// Floors of the noise: a difference up to these says nothing, however steady the values were.
const (
	noiseShare = 0.10 // of the larger value
	noiseMs    = 2.0
	noiseRatio = 0.01
	fewRuns    = 5 // of fewer runs the scatter is not known: a figure must have more than doubled
)

// value is one figure of a report that can be compared: more is worse.
type value struct {
	name   string
	v      float64
	spread float64 // of the runs behind it
	n      int     // how many those are
	unit   string
}

// Compare takes in how the report differs from an earlier one. A difference counts beyond its noise: twice the larger
// of the two spreads (the scatter that the percentiles show), and at least 10 % of the smaller
// value, 2 ms, or 0.01 for a share. Of fewer than five runs the scatter is not known: a value must then have more than
// doubled, by at least 10 ms or 0.05.
func (r *Report) Compare(before *Report) {
	old := map[string]value{}
	for _, v := range figures(before) {
		old[v.name] = v
	}
	for _, now := range figures(r) {
		was, known := old[now.name]
		if !known {
			continue
		}
		floor := noiseMs
		if now.unit == "ratio" {
			floor = noiseRatio
		}
		share := noiseShare
		if was.n < fewRuns || now.n < fewRuns { // their scatter is not known
			share, floor = 1, floor*fewRuns
		}
		noise := max(2*max(was.spread, now.spread), share*min(was.v, now.v), floor)
		r.Baseline = append(r.Baseline, Change{
			Name: now.name, Before: was.v, Now: now.v, Noise: round(noise), Worse: now.v-was.v > noise, Unit: now.unit,
		})
	}
	for _, c := range r.Baseline {
		if c.Worse {
			r.Findings = append(r.Findings, inEnglish(judge.Finding{
				ID: "baseline.worse", Severity: judge.Problem, Subject: c.Name,
				Evidence: judge.BaselineWorse{Name: c.Name, Before: c.Before, Now: c.Now, Unit: c.Unit, Noise: c.Noise},
			}))
		}
	}
	sortFindings(r.Findings)
	r.Settle()
}

func round(v float64) float64 { return math.Round(v*1000) / 1000 }

// Comparable tells why an earlier report cannot be a baseline for a check of this name and target; nil where it can.
func Comparable(before *Report, name string, target Target) error {
	switch was := before.Target; {
	case before.Schema != Schema:
		return fmt.Errorf("it is no report of this form: its schema is %q, not %q", diag.Clean(before.Schema, 60), Schema)
	case before.Name != name:
		return fmt.Errorf("it is of another check: %q, not %q", diag.Clean(before.Name, 60), diag.Clean(name, 60))
	case was.Kind != target.Kind || was.URL != target.URL || was.Room != target.Room ||
		was.RelayOnly != target.RelayOnly || was.Media != target.Media:
		return fmt.Errorf("it is of another target: %s, not %s", was.words(), target.words())
	case !slices.Equal(was.ICEServers, target.ICEServers):
		return fmt.Errorf("it is of other servers: %s, not %s", diag.Clean(fmt.Sprint(was.ICEServers), 200),
			diag.Clean(fmt.Sprint(target.ICEServers), 200))
	case before.Summary.Setup == nil:
		return fmt.Errorf("no call of it came up (%s): there is nothing to compare with", diag.Clean(before.Headline, 100))
	}
	return nil
}

// words describes a target in a line.
func (t Target) words() string {
	parts := []string{t.Kind}
	for _, s := range []string{t.URL, t.Room} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	if t.RelayOnly {
		parts = append(parts, "relay only")
	}
	if !t.Media {
		parts = append(parts, "without media")
	}
	return diag.Clean(strings.Join(parts, " "), 300)
}

// figures lists what is compared.
func figures(r *Report) []value {
	out := percentileFigures("setup", r.Summary.Setup)
	for _, p := range r.Summary.Phases {
		name := "phases." + p.Name
		if p.Subject != "" {
			name += "[" + p.Subject + "]"
		}
		if p.Name != string(diag.PhaseWait) { // how long somebody else took to come says nothing
			out = append(out, percentileFigures(name, p.Times)...)
		}
	}
	for _, f := range []struct {
		name, unit string
		of         func(Run) *float64
	}{
		{"path.rtt", "ms", func(r Run) *float64 { return rttOf(r.Path) }},
		{"media.audio.inbound.loss", "ratio", func(r Run) *float64 { return inbound(r.Media.Audio).Loss }},
		{"media.audio.inbound.jitter", "ms", func(r Run) *float64 { return inbound(r.Media.Audio).JitterMs }},
		{"media.video.inbound.loss", "ratio", func(r Run) *float64 { return inbound(r.Media.Video).Loss }},
		{"media.video.inbound.jitter", "ms", func(r Run) *float64 { return inbound(r.Media.Video).JitterMs }},
	} {
		out = append(out, overRuns(f.name, f.unit, r.Runs, f.of)...)
	}
	return out
}

func rttOf(p *Path) *float64 {
	if p == nil {
		return nil
	}
	return p.RTTMs
}

func inbound(k *Kind) Stream {
	if k == nil || k.Inbound == nil {
		return Stream{}
	}
	return *k.Inbound
}

// percentileFigures are the median and the 95th percentile, with the distance of the two as the scatter.
func percentileFigures(name string, p *Percentiles) []value {
	if p == nil {
		return nil
	}
	spread := p.P95Ms - p.P50Ms
	list := []value{{name + ".p50", p.P50Ms, min(spread, p.P50Ms-p.MinMs), p.N, "ms"}}
	if p.N >= fewRuns { // of fewer runs it is the maximum, which a single outlier makes
		list = append(list, value{name + ".p95", p.P95Ms, spread, p.N, "ms"})
	}
	return list
}

// overRuns is the median of a figure over the runs, with the median distance from it as the scatter.
func overRuns(name, unit string, runs []Run, of func(Run) *float64) []value {
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
	return []value{{name, round(middle), median(distances), len(all), unit}}
}

func median(v []float64) float64 {
	sorted := slices.SortedFunc(slices.Values(v), cmp.Compare[float64])
	return sorted[rank(len(sorted), 50)]
}
