package load

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"dialtone/diag"
	"dialtone/diag/judge/crowd"
	"dialtone/diag/report"
	"dialtone/diag/report/gauges"
	"dialtone/diag/report/junit"
)

// Formats are the writers by the name that -o takes.
var Formats = map[string]func(w io.Writer, r *Report) error{
	"json": WriteJSON, "jsonl": WriteJSONL, "junit": WriteJUnit, "prom": WriteProm, "text": WriteText,
}

// WriteJSON writes the report as one JSON object ([Schema]), indented. It can be merged.
func WriteJSON(w io.Writer, r *Report) error { return diag.WriteJSON(w, r, "  ") }

// WriteJSONL writes the time series: a line for each second, with quantiles of the setup times of the calls that were
// set up in it, to within 9 %.
func WriteJSONL(w io.Writer, r *Report) error {
	for i := range r.Series {
		p := &r.Series[i]
		raw, err := json.Marshal(struct {
			*Point
			P50 *diag.Millis `json:"setup_p50_ms"`
			P95 *diag.Millis `json:"setup_p95_ms"`
		}{p, p.Quantile(0.5), p.Quantile(0.95)})
		if err != nil {
			return err
		}
		if _, err := w.Write(append(raw, '\n')); err != nil {
			return err
		}
	}
	return nil
}

// stream is one direction of a kind of media with its name.
type stream struct {
	*Stream
	name            string // "audio inbound"
	kind, direction string
}

// named are all streams with their names.
func (m *Metrics) named() (out []stream) {
	for i, s := range m.streams() {
		kind, direction := []string{"audio", "video"}[i/2], []string{"inbound", "outbound"}[i%2]
		out = append(out, stream{s, kind + " " + direction, kind, direction})
	}
	return out
}

// prom collects the samples of a test.
type prom struct {
	test string
	set  *gauges.Set
}

// WriteProm writes the report in the text format of Prometheus: gauges, times in seconds, shares as ratios. What was
// not measured has no sample.
func WriteProm(w io.Writer, r *Report) error {
	p := &prom{test: r.Name, set: gauges.New("dialtone_load_")}
	pass := 0.0
	if r.Verdict == report.Pass {
		pass = 1
	}
	p.add("success", "Whether the load test passed.", pass)
	p.add("exit_code", "Exit code of the load test: 0 is a pass.", float64(r.Exit.Code))
	p.add("start_timestamp_seconds", "When the schedule began, in Unix time.", float64(r.StartedAt.UnixMilli())/1000)
	p.add("duration_seconds", "Duration of the load test.", r.Duration.Float()/1000)
	c := r.Calls
	for _, n := range []struct {
		state string
		n     int
	}{
		{"scheduled", c.Scheduled},
		{"started", c.Started},
		{"dropped", c.Dropped},
		{"ready", c.Ready},
		{"ended", c.Ended},
		{"passed", c.Passed},
		{"failed", c.Failed},
		{"interrupted", c.Interrupted},
		{"unjudged", r.Unjudged.Calls},
	} {
		p.add("calls", "Calls by what became of them.", float64(n.n), "state", n.state)
	}
	if lost := crowd.LostOf(r.Agents); lost != nil {
		p.add("calls", "Calls by what became of them.", float64(lost.Unreported), "state", "unreported")
	}
	p.add("calls_in_progress_max", "Most calls at once.", float64(c.Peak))
	for _, cause := range r.Causes {
		p.add("failed_calls", "Calls that failed by their cause.", float64(cause.Calls), "id", cause.ID, "side", cause.Side,
			"status", statusLabel(cause.Status), "exit", cause.Exit.Name)
	}
	p.times("setup_seconds", "Setup time from the scheduled start.", r.Setup)
	p.times("first_frame_seconds", "Time from the scheduled start to the first frame.", r.FirstFrame)
	p.times("start_lateness_seconds", "Delay of starts behind the schedule.", r.Lateness)
	p.times("round_trip_seconds", "Round-trip time of the path at the end of each call.", r.RTT)
	for _, name := range slices.Sorted(maps.Keys(r.Phases)) {
		p.times("phase_seconds", "Duration of a phase.", r.Phases[name], "phase", name)
	}
	for _, s := range r.named() {
		labels := []string{"kind", s.kind, "direction", s.direction}
		p.values("media_loss_ratio", "Share of the packets that were lost in each call.", s.Loss, labels...)
		p.times("media_jitter_seconds", "Jitter of each call.", s.Jitter, labels...)
		p.times("media_one_way_delay_seconds", "One-way delay of each call.", s.Delay, labels...)
		p.values("media_mos", "Speech quality of each call by the E-model.", s.MOS, labels...)
		p.values("media_freezes", "Freezes of each call.", s.Freezes, labels...)
	}
	p.add("tester_short_seconds", "Seconds in which this machine was the limit.", float64(r.Tester.Seconds))
	for _, a := range r.Assertions {
		ok := 0.0
		if a.Pass {
			ok = 1
		}
		p.add("assertion_success", "Whether the assertion passed.", ok, "expr", a.Expr)
	}
	return p.set.Write(w)
}

// statusLabel is an HTTP status as a label; "" if there was none.
func statusLabel(status int) string {
	if status == 0 {
		return ""
	}
	return strconv.Itoa(status)
}

// add takes a value; labels are names and values in turn.
func (p *prom) add(family, help string, v float64, labels ...string) {
	p.set.Add(family, help, &v, append([]string{"test", p.test}, labels...)...)
}

func (p *prom) times(family, help string, t *Times, labels ...string) {
	if t == nil {
		return
	}
	for i, m := range []diag.Millis{t.Min, t.P50, t.P95, t.P99, t.Max} {
		p.add(family, help, m.Float()/1000, append(slices.Clone(labels), "quantile", quantiles[i])...)
	}
}

func (p *prom) values(family, help string, v *Values, labels ...string) {
	if v == nil {
		return
	}
	for i, x := range []float64{v.Min, v.P50, v.P95, v.P99, v.Max} {
		p.add(family, help, x, append(slices.Clone(labels), "quantile", quantiles[i])...)
	}
}

// quantiles are those of the smallest value, the percentiles and the largest.
var quantiles = []string{"0", "0.5", "0.95", "0.99", "1"}

// WriteJUnit writes the report as JUnit XML: a test case for each assertion and for the test itself, which is an error
// if there is no verdict. There are failures or errors exactly if the exit code is not 0.
func WriteJUnit(w io.Writer, r *Report) error {
	class := junit.Text("dialtone." + strings.ReplaceAll(clean(r.Name), ".", "_"))
	itself := junit.Case{Name: "load test", Class: class}
	var cases []junit.Case
	failed := false
	for _, a := range r.Assertions {
		c := junit.Case{Name: junit.Text(clean(a.Expr)), Class: class}
		if !a.Pass {
			failed = true
			c.Failure = &junit.Reason{Message: junit.Text(clean(fmt.Sprint(a.Value, " ", a.Error))), Type: "assertion"}
			if a.Default {
				c.Failure.Text = junit.Text(causeLines(r.Causes))
			}
		}
		cases = append(cases, c)
	}
	why := &junit.Reason{Message: junit.Text(clean(r.Headline)), Type: junit.Text(clean(r.Exit.Name))}
	switch {
	case r.Verdict == report.Error:
		itself.Error = why
	case r.Verdict != report.Pass && !failed:
		itself.Failure = why
	}
	var text strings.Builder
	if err := WriteText(&text, r); err != nil {
		return err
	}
	seconds := strconv.FormatFloat(max(0, r.Duration.Float())/1000, 'f', 3, 64)
	return junit.Write(w, clean(r.Tool), seconds, junit.Suite{
		Name: junit.Text(clean(r.Name)), Time: seconds, Cases: append([]junit.Case{itself}, cases...),
		Out: &junit.Output{Text: junit.Text(text.String())},
	})
}

// causeLines lists why calls failed.
func causeLines(list []Cause) string {
	var b strings.Builder
	for _, c := range list {
		fmt.Fprintf(&b, "%d × %s [%s]\n", c.Calls, clean(c.Title), clean(c.ID))
	}
	return b.String()
}
