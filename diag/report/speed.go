package report

import (
	"fmt"

	"dialtone/diag"
	"dialtone/diag/speed"
	words "dialtone/diag/words/speed"
)

// speedFlow is a direction of a measurement of throughput with its name, and its labels in Prometheus.
type speedFlow struct {
	name, test, direction string
	*speed.Flow
}

// flows are the directions that were measured.
func flows(r *speed.Result) (out []speedFlow) {
	all := []speedFlow{{"up", "up", "up", r.Up}, {"down", "down", "down", r.Down}}
	if r.Both != nil {
		all = append(all, speedFlow{"up, both at once", "both", "up", r.Both.Up},
			speedFlow{"down, both at once", "both", "down", r.Both.Down})
	}
	for _, f := range all {
		if f.Flow != nil {
			out = append(out, f)
		}
	}
	return out
}

// throughputSection is what the path carries.
func (r *Report) throughputSection() section {
	s := section{Title: r.ofRun("Throughput")}
	s.Columns = columns("direction", "#messages", "#packets", "#overhead", "#highest in 1 s", "#received", "limit", "#in?")
	if r.Speed == nil {
		return s
	}
	for _, f := range flows(r.Speed) {
		limit := cell{Text: words.Limit(f.Limit)}
		if f.LowerBound {
			limit.Mark = warn
		}
		s.add(f.name, goodput(f.Flow), rateOf(f.Rate), unitRatio.of(f.Overhead), rateOf(f.Capacity), words.Bytes(f.Bytes),
			limit, &f.Duration)
	}
	return s
}

// latencySection are the round trips without load and under it.
func (r *Report) latencySection() section {
	s := section{Title: r.ofRun("Round trips")}
	s.Columns = columns("load", "#p50", "#p95", "#p99", "#per minute", "#by STUN", "#pings", "#lost")
	if r.Speed == nil {
		return s
	}
	add := func(load string, l *speed.Latency) {
		if l != nil {
			s.add(load, &l.P50, &l.P95, &l.P99, fmt.Sprintf("%.0f", l.RPM), l.STUN, l.Count, l.Lost)
		}
	}
	add("none", r.Speed.Idle)
	for _, f := range flows(r.Speed) {
		if f.test != "both" || f.direction == "up" {
			add(map[bool]string{true: "both", false: f.name}[f.test == "both"], f.Loaded)
		}
	}
	for _, p := range r.Speed.Paced {
		add(fmt.Sprintf("%s at %s", p.Way, words.Rate(p.Rate)), p.Loaded)
	}
	return s
}

// rateOf is a number of bit/s, or the word for what was not measured.
func rateOf(v *float64) string {
	if v == nil {
		return unknown
	}
	return words.Rate(*v)
}

// pacedSection is what arrived of messages at fixed rates.
func (r *Report) pacedSection() section {
	s := section{Title: r.ofRun("At a fixed rate")}
	s.Columns = columns("direction", "#rate", "#sent", "#arrived", "#loss", "#jitter", "#delay", "")
	if r.Speed == nil {
		return s
	}
	for _, p := range r.Speed.Paced {
		s.add(string(p.Way), words.Rate(p.Rate), rateOf(p.Sent), rateOf(p.Goodput), unitRatio.of(p.Loss), p.Jitter, p.Delay,
			state(p.Achieved, "", "not sent in time"))
	}
	return s
}

// allocationSection is how many relays each TURN server allocated in a second.
func (r *Report) allocationSection() section {
	s := section{Title: "Allocations"}
	s.Columns = columns("server", "#a second", "#made", "#p50", "#p99", "#failed", "cause")
	if r.Speed != nil {
		for _, a := range r.Speed.Allocations {
			s.add(a.URL, words.PerSecond(a), a.Made, a.P50, a.P99, a.Failed, words.AllocationFailures(a))
		}
	}
	return s
}

// speed has what was measured of throughput.
func (p *promWriter) speed(r *speed.Result) {
	if r == nil {
		return
	}
	latency := func(l *speed.Latency, labels ...string) {
		if l == nil {
			return
		}
		const help = "Round-trip time on a data channel, by the load and the quantile."
		for _, q := range []struct {
			of   string
			time *diag.Millis
		}{{"0.5", &l.P50}, {"0.95", &l.P95}, {"0.99", &l.P99}} {
			p.add("speed_round_trip_seconds", help, base(q.time), append(labels[:len(labels):len(labels)], "quantile", q.of)...)
		}
		p.add("speed_round_trips_per_minute", "Responsiveness, of the mean of the quickest 95 %.", value(l.RPM), labels...)
	}
	latency(r.Idle, "test", "idle")
	for _, a := range r.Allocations {
		p.add("speed_allocations_per_second", "Relays that the TURN server allocated.", a.PerSecond, "server", a.URL)
	}
	for _, f := range flows(r) {
		labels := []string{"test", f.test, "direction", f.direction}
		p.add("speed_goodput_bytes_per_second", "Messages that arrived.", value(f.Goodput/8), labels...)
		if f.Rate != nil {
			p.add("speed_rate_bytes_per_second", "IPv4 packets that arrived, with all headers.", value(*f.Rate/8), labels...)
		}
		if f.Capacity != nil {
			p.add("speed_capacity_bytes_per_second", "The highest rate of packets in a second (RFC 9097).",
				value(*f.Capacity/8), labels...)
		}
		p.add("speed_lower_bound", "Whether the sender was the limit.", truth(f.LowerBound), labels...)
		latency(f.Loaded, "test", f.test)
	}
	for _, x := range r.Paced {
		labels := []string{"direction", string(x.Way), "rate", fmt.Sprintf("%.0f", x.Rate)}
		if x.Goodput != nil {
			p.add("speed_paced_bytes_per_second", "Messages that arrived at a fixed rate.", value(*x.Goodput/8), labels...)
		}
		p.add("speed_paced_loss_ratio", "Share of the messages that were lost.", x.Loss, labels...)
		p.add("speed_paced_jitter_seconds", "Jitter of the messages.", base(x.Jitter), labels...)
	}
}

// comparison has a line for each check that measured throughput: what it found, or why it found nothing.
func (r *Report) comparison() section {
	s := section{Title: "Paths compared"}
	s.Columns = columns("path", "#up", "#down", "#idle p50", "#up p50", "#down p50", "", "cause")
	known := false
	for _, c := range r.Checks {
		cause := ""
		if cause = c.Headline; c.Verdict == Pass {
			cause = ""
		} else if c.Exit.Code != diag.ExitAssertion {
			cause = append([]string{c.Headline}, c.Why...)[len(c.Why)] // the last is the closest to it
		}
		m := speed.Result{}
		if c.Speed != nil {
			known, m = true, *c.Speed
		}
		s.add(c.name(), goodput(m.Up), goodput(m.Down), middle(m.Idle), middle(m.Up.During()), middle(m.Down.During()),
			c.Verdict, cause)
	}
	if !known {
		s.Rows = nil
	}
	return s
}

// goodput is what a direction carried, with the sign of a lower bound; empty if it was not measured.
func goodput(f *speed.Flow) string {
	switch {
	case f == nil:
		return ""
	case f.LowerBound:
		return "≥ " + words.Rate(f.Goodput)
	}
	return words.Rate(f.Goodput)
}

// middle is the median of round trips; empty if there were none.
func middle(l *speed.Latency) string {
	if l == nil {
		return ""
	}
	return span(&l.P50)
}
