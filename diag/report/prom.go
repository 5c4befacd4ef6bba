package report

import (
	"io"
	"time"

	"dialtone/diag"
	"dialtone/diag/report/gauges"
)

// WriteProm writes the report in the text format of Prometheus, for the textfile collector of its node exporter.
func WriteProm(w io.Writer, r *Report) error { return Gauges(r).Write(w) }

// Gauges are those of each check. Times are in seconds, shares are ratios, rates are in bytes per second; what was not
// measured has no sample.
func Gauges(r *Report) *gauges.Set {
	p := &promWriter{set: gauges.New("dialtone_check_")}
	for _, s := range r.suites() {
		p.name = s.name
		p.check(s.Report)
		p.described(s.Report)
	}
	return p.set
}

// promWriter collects the samples of a check.
type promWriter struct {
	name string // of the check
	set  *gauges.Set
}

func (p *promWriter) add(family, help string, v *float64, labels ...string) {
	p.set.Add(family, help, v, append([]string{"check", p.name}, labels...)...)
}

func (p *promWriter) quantiles(family, help string, of *Percentiles, labels ...string) {
	if of == nil {
		return
	}
	for _, q := range of.list() {
		p.add(family, help, base(&q.time), append(labels[:len(labels):len(labels)], "quantile", q.of)...)
	}
}

// check has what is known of all runs.
func (p *promWriter) check(r *Report) {
	p.add("success", "Whether all checks passed.", truth(r.Verdict == Pass))
	p.add("info", "Target and verdict of the check; always 1.", value(1),
		"verdict", string(r.Verdict), "exit", r.Exit.Name, "target", r.Target.Kind, "tool", r.Tool)
	p.add("exit_code", "Exit code of the check: 0 is a pass.", value(r.Exit.Code))
	if !r.StartedAt.IsZero() {
		p.add("start_timestamp_seconds", "When the check began, in Unix time.",
			value(float64(r.StartedAt.UnixMilli())/1000))
	}
	p.add("duration_seconds", "Duration of the check.", base(&r.Duration))
	p.add("runs", "Runs of the check.", value(r.Summary.Runs))
	p.add("failed_runs", "Runs that failed.", value(r.Summary.Failed))
	p.add("interrupted_runs", "Runs that were interrupted: neither passed nor failed.", value(r.Summary.Interrupted))
	p.add("failed_runs_ratio", "Share of the runs that failed.", r.Summary.share())
	p.quantiles("setup_seconds", "Quantiles of the setup time of the runs that connected, by nearest rank.",
		r.Summary.Setup)
	if s := r.Summary.Setup; s != nil {
		p.add("setup_runs", "Runs that connected: those of setup_seconds.", value(s.N))
	}
	for _, f := range r.Summary.Phases {
		labels := []string{"phase", string(f.Phase), "subject", f.Subject}
		p.quantiles("phase_seconds", "Quantiles of the duration of a phase in the runs in which it succeeded.",
			f.Times, labels...)
		p.add("phase_runs", "Runs in which the phase began.", value(f.Seen), labels...)
		p.add("phase_failed_runs", "Runs in which the phase failed.", value(f.Failed), labels...)
	}
	count := map[[2]string]int{}
	for _, f := range r.Findings {
		count[[2]string{f.ID, string(f.Severity)}]++
	}
	for _, f := range r.Findings {
		p.add("findings", "Findings by their ID and severity.", value(count[[2]string{f.ID, string(f.Severity)}]),
			"id", f.ID, "severity", string(f.Severity))
	}
	for _, a := range r.Assertions {
		p.add("assertion_success", "Whether the assertion passed.", truth(a.Pass), "expr", a.Expr)
	}
}

// described has what is known of the described run.
func (p *promWriter) described(r *Report) {
	if path := r.Path; path != nil {
		p.add("path_info", "The selected path of the described run; always 1.", value(1),
			"local", string(path.Local.CandidateType), "remote", string(path.Remote.CandidateType),
			"protocol", path.Local.Protocol, "relay_protocol", path.Local.RelayProtocol)
		p.add("path_relayed", "Whether the path of the described run uses a relay.", truth(path.Relay))
		p.add("path_round_trip_seconds", "Round-trip time of the path of the described run.", base(path.RTT))
	}
	if x := r.Restarts; x != nil {
		p.add("ice_restarts", "ICE restarts of the described run.", value(x.Count))
		const help = "Longest time without media during an ICE restart."
		p.add("ice_restart_pause_seconds", help, base(x.Inbound), "direction", "inbound")
		p.add("ice_restart_pause_seconds", help, base(x.Outbound), "direction", "outbound")
	}
	p.speed(r.Speed)
	for _, d := range r.Media.streams() {
		labels := []string{"kind", d.kind, "direction", d.direction}
		p.add("media_flowing", "Whether media flowed until the end of the described run.", truth(d.Flows), labels...)
		for _, f := range figures {
			if v := f.of(d.Stream); v != nil && f.metric != "" {
				p.add("media_"+f.metric, f.help, value(*v/f.unit.base), labels...)
			}
		}
	}
	for _, c := range r.Certificates {
		if until, err := time.Parse(time.RFC3339, c.NotAfter); err == nil {
			p.add("certificate_expiry_timestamp_seconds", "When the certificate of the server expires, in Unix time.",
				value(float64(until.Unix())), "server", c.Server, "name", c.Name)
		}
	}
	servers := r.Servers
	if r.Target.Kind == "nat" && r.NAT != nil { // a diagnosis by itself
		servers = r.NAT.Servers
	}
	for _, s := range servers {
		labels := []string{"url", s.URL, "transport", s.Transport}
		p.add("server_success", "Whether the query to the STUN or TURN server succeeded.", truth(s.OK), labels...)
		p.add("server_round_trip_seconds", "Round-trip time of one request to the server.", base(s.RTT), labels...)
	}
}

// base is a time in seconds.
func base(m *diag.Millis) *float64 {
	if m == nil {
		return nil
	}
	return value(m.Float() / unitMillis.base)
}

func value[T ~int | ~float64](v T) *float64 { return new(float64(v)) }

func truth(b bool) *float64 {
	if b {
		return value(1)
	}
	return value(0)
}
