package report

import (
	"cmp"
	"slices"

	"dialtone/diag"
)

// step is one phase of the setup on the scale of a waterfall.
type step struct {
	Phase
	Title    string
	From, To float64 // 0–1
}

// Note is how the step ended, if not well.
func (s step) Note() string {
	if s.Outcome == diag.OutcomeOK {
		return ""
	}
	return s.ended()
}

// Took is the length of the step.
func (s step) Took() string { return span(s.Duration) }

// Mark is how the bar is drawn: waiting is not dialtone's to shorten.
func (s step) Mark() mark {
	switch {
	case s.Outcome == diag.OutcomeFailed:
		return bad
	case s.Phase.Phase == diag.PhaseWait || s.Outcome != diag.OutcomeOK:
		return idle
	}
	return good
}

// steps puts the phases on one scale, in the order of their beginning. The scale is made of the time of those that
// ended by themselves: waiting for the peer, and pauses, may be long, so they are cut out.
func (s Setup) steps() []step {
	last, done := s.last()
	end := func(p Phase) diag.Millis {
		if p.Duration == nil {
			return max(last, p.Start)
		}
		return min(p.Start+max(*p.Duration, 0), max(last, p.Start))
	}
	phases := slices.Clone(s.Phases)
	slices.SortStableFunc(phases, func(a, b Phase) int { return cmp.Compare(a.Start, b.Start) })
	var busy [][2]diag.Millis
	for _, p := range phases {
		if p.Phase == diag.PhaseWait || done && !p.done() {
			continue
		}
		if n := len(busy); n > 0 && p.Start <= busy[n-1][1] {
			busy[n-1][1] = max(busy[n-1][1], end(p))
			continue
		}
		busy = append(busy, [2]diag.Millis{p.Start, end(p)})
	}
	at := func(t diag.Millis) (sum float64) {
		for _, b := range busy {
			sum += float64(max(min(t, b[1])-b[0], 0))
		}
		return sum
	}
	whole := max(at(last), 1)
	out := make([]step, 0, len(phases))
	for _, p := range phases {
		out = append(out, step{p, title(p.Phase, p.Subject), at(p.Start) / whole, at(end(p)) / whole})
	}
	return out
}

// last is when the last phase was done; or else, and then it says so, when the last one began or ended.
func (s Setup) last() (at diag.Millis, done bool) {
	all := diag.Millis(0)
	for _, p := range s.Phases {
		end := p.Start
		if p.Duration != nil {
			end += max(*p.Duration, 0)
		}
		all = max(all, end)
		if p.done() {
			at, done = max(at, end), true
		}
	}
	if !done {
		at = all
	}
	return at, done
}

// done reports whether the phase ended by itself.
func (p Phase) done() bool { return p.Outcome == diag.OutcomeOK || p.Outcome == diag.OutcomeFailed }
