package report

import (
	"fmt"

	"dialtone/diag"
	"dialtone/diag/speed"
	words "dialtone/diag/words/speed"
)

// throughputSection is what the path carries.
func (r *Report) throughputSection() section {
	s := section{Title: r.ofRun("Throughput")}
	s.Columns = columns("direction", "#messages", "#packets", "#overhead", "#highest in 1 s", "#received", "limit", "#in?")
	if r.Speed == nil {
		return s
	}
	for _, f := range r.Speed.Flows() {
		limit := cell{Text: words.Limit(f.Limit)}
		if f.LowerBound {
			limit.Mark = warn
		}
		s.add(f.Name, goodput(f.Flow), rateOf(f.Rate), unitRatio.of(f.Overhead), rateOf(f.Capacity), words.Bytes(f.Bytes),
			limit, &f.Duration)
	}
	return s
}

// latencySection are the round trips without load and under it.
func (r *Report) latencySection() section {
	s := section{Title: r.ofRun("Round trips")}
	s.Columns = columns("load", "#p50", "#p95", "#p99", "#per minute", "#path p50", "#p95", "#highest", "#queue", "#lost")
	if r.Speed == nil {
		return s
	}
	add := func(load string, l *speed.Latency) {
		if l != nil {
			p50, p95, highest := l.OfPath()
			s.add(load, &l.P50, &l.P95, &l.P99, fmt.Sprintf("%.0f", l.RPM), p50, p95, highest, l.Queued, l.Lost)
		}
	}
	add("none", r.Speed.Idle)
	for _, f := range r.Speed.Flows() {
		if f.Test != "both" || f.Direction == "up" {
			add(f.Test, f.Loaded)
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

// searchSection is at which rate loss or queueing begins.
func (r *Report) searchSection() section {
	s := section{Title: r.ofRun("Search")}
	s.Columns = columns("direction", "#highest rate that holds", "#does not hold", "because of", "#rates tried")
	if r.Speed != nil {
		for _, f := range r.Speed.Search {
			s.add(string(f.Way), words.Bound(f.Rate, f.LowerBound), rateOf(f.Broke), words.Onset(f.Onset), f.Steps)
		}
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
		if l.Path != nil {
			p.add("speed_path_round_trip_seconds", "Round-trip time of connectivity checks, the highest level.",
				base(&l.Path.Highest), labels...)
		}
		p.add("speed_round_trips_per_minute", "Responsiveness, of the mean of the quickest 95 %.", value(l.RPM), labels...)
	}
	latency(r.Idle, "test", "idle")
	for _, f := range r.Search {
		if f.Rate != nil {
			p.add("speed_search_bytes_per_second", "The highest rate of IPv4 packets without loss and without a growing queue.",
				value(*f.Rate/8), "direction", string(f.Way))
		}
	}
	for _, a := range r.Allocations {
		p.add("speed_allocations_per_second", "Relays that the TURN server allocated.", a.PerSecond, "server", a.URL)
	}
	for _, f := range r.Flows() {
		labels := []string{"test", f.Test, "direction", f.Direction}
		p.add("speed_goodput_bytes_per_second", "Messages that arrived.", value(f.Goodput/8), labels...)
		if f.Rate != nil {
			p.add("speed_rate_bytes_per_second", "IPv4 packets that arrived, with all headers.", value(*f.Rate/8), labels...)
		}
		if f.Capacity != nil {
			p.add("speed_capacity_bytes_per_second", "The highest rate of packets in a second (RFC 9097).",
				value(*f.Capacity/8), labels...)
		}
		p.add("speed_lower_bound", "Whether the sender was the limit.", truth(f.LowerBound), labels...)
		latency(f.Loaded, "test", f.Test)
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
		cause := c.Headline
		switch n := len(c.Why); {
		case c.Verdict == Pass:
			cause = ""
		case c.Exit.Code != diag.ExitAssertion && n > 0:
			cause = c.Why[n-1] // the last is the closest to it
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
	if f == nil {
		return ""
	}
	return words.Bound(&f.Goodput, f.LowerBound)
}

// middle is the median of round trips; empty if there were none.
func middle(l *speed.Latency) string {
	if l == nil {
		return ""
	}
	return span(&l.P50)
}
