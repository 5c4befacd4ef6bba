package speed

import (
	"slices"

	"dialtone/diag"
)

// Latency is of round trips on a data channel, and past it.
type Latency struct {
	Count int         `json:"count"`
	Lost  int         `json:"lost"` // not answered within five seconds
	P50   diag.Millis `json:"p50_ms"`
	P95   diag.Millis `json:"p95_ms"`
	P99   diag.Millis `json:"p99_ms"`
	RPM   float64     `json:"rpm"`  // round trips per minute, of the mean of the quickest 95 %
	Path  *PathTrips  `json:"path"` // null: no check was answered
	// the highest level of the path above its median without load: the longest queue that the load caused
	Queued *diag.Millis `json:"queued_ms"`
}

// PathTrips are the round trips of the path: of checks of the candidate pair, which wait neither in SCTP nor in DTLS.
type PathTrips struct {
	Count int         `json:"count"`
	P50   diag.Millis `json:"p50_ms"`
	P95   diag.Millis `json:"p95_ms"`
	// the highest level that two checks in succession reached, the warm-up included: SCTP fills a queue only for a moment
	Highest diag.Millis `json:"highest_ms"`
}

// OfPath are the figures of the path; nil: no check was answered.
func (l *Latency) OfPath() (p50, p95, highest *diag.Millis) {
	if l.Path == nil {
		return nil, nil, nil
	}
	return &l.Path.P50, &l.Path.P95, &l.Path.Highest
}

// latency is of the round trips of a test; nil if there were none.
func (t *Test) latency(idle *Latency) *Latency {
	if len(t.Pings) == 0 {
		return nil
	}
	all := slices.Sorted(slices.Values(t.Pings))
	l := &Latency{
		Count: len(all), Lost: t.Lost, P50: quantile(all, 50), P95: quantile(all, 95), P99: quantile(all, 99),
		RPM: responsiveness(all), Path: pathTrips(t.Checks, t.STUN),
	}
	if idle != nil && idle.Path != nil && l.Path != nil {
		l.Queued = new(max(0, l.Path.Highest-idle.Path.P50))
	}
	return l
}

// pathTrips are those of all checks of a test, and of the ones after the warm-up; nil if there are none of these.
func pathTrips(all, settled []diag.Millis) *PathTrips {
	if len(settled) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(settled))
	p := &PathTrips{Count: len(sorted), P50: quantile(sorted, 50), P95: quantile(sorted, 95)}
	if len(all) == 1 {
		p.Highest = all[0]
	}
	for i := 1; i < len(all); i++ {
		p.Highest = max(p.Highest, min(all[i-1], all[i]))
	}
	return p
}

// quantile is the nearest-rank percentile of sorted values.
func quantile(sorted []diag.Millis, percent int) diag.Millis {
	return sorted[max(0, (len(sorted)*percent+99)/100-1)]
}

// responsiveness is in round trips per minute, of the mean of the quickest 95 % (draft-ietf-ippm-responsiveness §4.4).
func responsiveness(sorted []diag.Millis) float64 {
	kept := sorted[:max(1, len(sorted)*95/100)]
	total := 0.0
	for _, m := range kept {
		total += m.Float()
	}
	if total == 0 {
		return 0
	}
	return 60_000 * float64(len(kept)) / total
}
