package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"dialtone/diag"
)

// WriteProm writes the report in the text format of Prometheus, for the textfile collector of its node exporter. Times
// are in seconds, shares are ratios, rates are in bytes per second; what was not measured has no sample.
func WriteProm(w io.Writer, r *Report) error {
	var b strings.Builder
	checks := r.suites()
	for _, f := range families() {
		f.write(&b, checks)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// sample adds a value to a family, if it is known; labels are names and values in turn.
type sample func(v *float64, labels ...string)

// family is a metric of a check: a gauge.
type family struct {
	name, help string
	of         func(r *Report, add sample)
}

const promPrefix = "dialtone_check_"

// write gives each series once: labels of foreign origin may be equal.
func (f family) write(b *strings.Builder, checks []suite) {
	known := map[string]bool{}
	for _, s := range checks {
		f.of(s.Report, func(v *float64, labels ...string) {
			series := promPrefix + f.name + `{check="` + promText(s.name) + `"`
			for i := 0; i+1 < len(labels); i += 2 {
				series += "," + labels[i] + `="` + promText(labels[i+1]) + `"`
			}
			if v == nil || known[series] {
				return
			}
			if len(known) == 0 {
				fmt.Fprintf(b, "# HELP %s%s %s\n# TYPE %s%s gauge\n", promPrefix, f.name, f.help, promPrefix, f.name)
			}
			known[series] = true
			b.WriteString(series + "} " + strconv.FormatFloat(*v, 'g', 15, 64) + "\n")
		})
	}
}

// families are all metrics, in the order in which they are written. A new one is a line here.
func families() []family {
	list := []family{
		{"success", "Whether all checks passed.", func(r *Report, add sample) { add(truth(r.Verdict == Pass)) }},
		{"info", "Target and verdict of the check; always 1.", func(r *Report, add sample) {
			add(truth(true), "verdict", string(r.Verdict), "exit", r.Exit.Name, "target", r.Target.Kind, "tool", r.Tool)
		}},
		{"exit_code", "Exit code of the check: 0 is a pass.", func(r *Report, add sample) { add(value(r.Exit.Code)) }},
		{"start_timestamp_seconds", "When the check began, in Unix time.", func(r *Report, add sample) {
			if !r.StartedAt.IsZero() {
				add(value(float64(r.StartedAt.UnixMilli()) / 1000))
			}
		}},
		{"duration_seconds", "Duration of the check.", func(r *Report, add sample) { add(base(&r.Duration)) }},
		{"runs", "Runs of the check.", func(r *Report, add sample) { add(value(r.Summary.Runs)) }},
		{"failed_runs", "Runs that failed.", func(r *Report, add sample) { add(value(r.Summary.Failed)) }},
		{"interrupted_runs", "Runs that were interrupted: neither passed nor failed.", func(r *Report, add sample) {
			add(value(r.Summary.Interrupted))
		}},
		{"failed_runs_ratio", "Share of the runs that failed.", func(r *Report, add sample) { add(r.Summary.share()) }},
		{"setup_seconds", "Quantiles of the setup time of the runs that connected: min, p50, p95, p99 and max by nearest rank.",
			func(r *Report, add sample) { r.Summary.Setup.samples(add) }},
		{"setup_runs", "Runs that connected: those of setup_seconds.", func(r *Report, add sample) {
			if p := r.Summary.Setup; p != nil {
				add(value(p.N))
			}
		}},
		phaseFamily("phase_seconds", "Quantiles of the duration of a phase of the setup in the runs in which it succeeded.",
			func(p PhaseSummary, add sample) { p.Times.samples(add) }),
		phaseFamily("phase_runs", "Runs in which the phase began.", func(p PhaseSummary, add sample) { add(value(p.Seen)) }),
		phaseFamily("phase_failed_runs", "Runs in which the phase failed.",
			func(p PhaseSummary, add sample) { add(value(p.Failed)) }),
		pathFamily("path_info", "The selected path of the described run; always 1.", func(p *Path, add sample) {
			add(truth(true), "local", string(p.Local.CandidateType), "remote", string(p.Remote.CandidateType),
				"protocol", p.Local.Protocol, "relay_protocol", p.Local.RelayProtocol)
		}),
		pathFamily("path_relayed", "Whether the path of the described run uses a relay.",
			func(p *Path, add sample) { add(truth(p.Relay)) }),
		pathFamily("path_round_trip_seconds", "Round-trip time of the path of the described run.",
			func(p *Path, add sample) { add(base(p.RTT)) }),
		mediaFamily("flowing", "Whether media flowed until the end of the described run.",
			func(d directed) *float64 { return truth(d.Flows) }),
	}
	for _, f := range figures {
		if f.metric != "" {
			list = append(list, mediaFamily(f.metric, f.help, func(d directed) *float64 { return f.inBase(d.Stream) }))
		}
	}
	return append(list,
		serverFamily("server_success", "Whether the query to the STUN or TURN server succeeded.",
			func(s ServerReport) *float64 { return truth(s.OK) }),
		serverFamily("server_round_trip_seconds", "Round-trip time of one request to the server.",
			func(s ServerReport) *float64 { return base(s.RTT) }),
		family{"findings", "Findings by their ID and severity.", func(r *Report, add sample) {
			count := map[[2]string]int{}
			for _, f := range r.Findings {
				count[[2]string{f.ID, string(f.Severity)}]++
			}
			for _, f := range r.Findings {
				add(value(count[[2]string{f.ID, string(f.Severity)}]), "id", f.ID, "severity", string(f.Severity))
			}
		}},
		family{"assertion_success", "Whether the assertion passed.", func(r *Report, add sample) {
			for _, a := range r.Assertions {
				add(truth(a.Pass), "expr", a.Expr)
			}
		}},
	)
}

func phaseFamily(name, help string, of func(PhaseSummary, sample)) family {
	return family{name, help, func(r *Report, add sample) {
		for _, p := range r.Summary.Phases {
			of(p, func(v *float64, labels ...string) {
				add(v, append([]string{"phase", string(p.Phase), "subject", p.Subject}, labels...)...)
			})
		}
	}}
}

func pathFamily(name, help string, of func(*Path, sample)) family {
	return family{name, help, func(r *Report, add sample) {
		if r.Path != nil {
			of(r.Path, add)
		}
	}}
}

func mediaFamily(name, help string, of func(directed) *float64) family {
	return family{"media_" + name, help, func(r *Report, add sample) {
		for _, d := range r.Media.streams() {
			add(of(d), "kind", d.kind, "direction", d.direction)
		}
	}}
}

func serverFamily(name, help string, of func(ServerReport) *float64) family {
	return family{name, help, func(r *Report, add sample) {
		for _, s := range r.Servers {
			add(of(s), "url", s.URL, "transport", s.Transport)
		}
	}}
}

// samples are the quantiles; none of a nil one.
func (p *Percentiles) samples(add sample) {
	if p == nil {
		return
	}
	for _, q := range p.list() {
		add(base(&q.time), "stat", q.name)
	}
}

// base is a time in seconds.
func base(m *diag.Millis) *float64 {
	if m == nil {
		return nil
	}
	return diag.Ptr(m.Float() / unitMillis.base)
}

func value[T ~int | ~float64](v T) *float64 { return diag.Ptr(float64(v)) }

func truth(b bool) *float64 {
	if b {
		return value(1)
	}
	return value(0)
}

var promEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// promText escapes a value of a label.
func promText(s string) string { return promEscapes.Replace(clean(s)) }
