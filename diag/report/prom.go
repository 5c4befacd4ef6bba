package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// WriteProm writes the report in the text format of Prometheus, for the textfile collector of its node exporter. Times
// are in seconds, shares are ratios, rates are in bytes per second; what was not measured has no sample.
func WriteProm(w io.Writer, r *Report) error {
	p := &promWriter{}
	for _, s := range r.suites() {
		p.check(s)
	}
	_, err := io.WriteString(w, p.String())
	return err
}

// promFamilies are all metrics, all of them gauges of one check, in the order in which they are written.
var promFamilies = []struct{ name, help string }{
	{"success", "Whether everything that was asked for was seen."},
	{"info", "What was checked, and with what verdict; always 1."},
	{"exit_code", "Exit code of the check: 0 is a pass."},
	{"start_timestamp_seconds", "When the check began, in Unix time."},
	{"duration_seconds", "How long the check took."},
	{"runs", "Calls that were placed."},
	{"failed_runs", "Calls that failed."},
	{"interrupted_runs", "Calls that were cut short: neither passed nor failed."},
	{"failed_runs_ratio", "Share of the calls that failed."},
	{"setup_seconds", "Set-up time over the runs that came up: min, p50, p95, p99 and max by nearest rank."},
	{"setup_runs", "Runs that came up, which setup_seconds is made of."},
	{"phase_seconds", "Time of a phase of the set-up over the runs in which it succeeded."},
	{"phase_runs", "Runs in which the phase began."},
	{"phase_failed_runs", "Runs in which the phase failed."},
	{"path_info", "The selected path of the described run; always 1."},
	{"path_relayed", "Whether the path of the described run goes through a relay."},
	{"path_round_trip_seconds", "Round trip on the path of the described run."},
	{"media_flowing", "Whether media came until the end of the described run."},
	{"media_packets", "Packets of media in the described run."},
	{"media_loss_ratio", "Share of the packets that were lost."},
	{"media_jitter_seconds", "Interarrival jitter."},
	{"media_round_trip_seconds", "Round trip as RTCP measures it."},
	{"media_bytes_per_second", "Rate of the media over the whole connection."},
	{"media_frames_per_second", "Frames of video per second over the whole connection."},
	{"server_success", "Whether the STUN or TURN server did what was asked of it."},
	{"server_round_trip_seconds", "Round trip of one request to the server."},
	{"findings", "Findings by their ID and severity."},
	{"assertion_success", "Whether the assertion holds."},
}

const promPrefix = "dialtone_check_"

// promWriter collects samples by family: those of a family must stand together.
type promWriter struct {
	samples map[string][]string
	known   map[string]bool // series, which must not be told twice
}

func (p *promWriter) String() string {
	var b strings.Builder
	for _, f := range promFamilies {
		if len(p.samples[f.name]) == 0 {
			continue
		}
		fmt.Fprintf(&b, "# HELP %s%s %s\n# TYPE %s%s gauge\n", promPrefix, f.name, f.help, promPrefix, f.name)
		for _, s := range p.samples[f.name] {
			b.WriteString(s)
		}
	}
	return b.String()
}

// add takes a sample; labels are names and values in turn.
func (p *promWriter) add(family string, value float64, labels ...string) {
	var b strings.Builder
	b.WriteString(promPrefix + family + "{")
	for i := 0; i+1 < len(labels); i += 2 {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(labels[i] + `="` + promText(labels[i+1]) + `"`)
	}
	b.WriteByte('}')
	series := b.String()
	if p.known[series] {
		return
	}
	if p.known == nil {
		p.known, p.samples = map[string]bool{}, map[string][]string{}
	}
	p.known[series] = true
	p.samples[family] = append(p.samples[family], series+" "+strconv.FormatFloat(value, 'g', 15, 64)+"\n")
}

// some takes a sample where the value is known, of so many to the base unit.
func (p *promWriter) some(family string, value *float64, per float64, labels ...string) {
	if value != nil {
		p.add(family, *value/per, labels...)
	}
}

// What there is of our units in a base unit.
const (
	millisPerSecond = 1000
	bitsPerByte     = 8
)

func (p *promWriter) check(s suite) {
	check := []string{"check", s.name}
	with := func(labels ...string) []string { return append(check[:2:2], labels...) }
	p.add("success", truth(s.Verdict == Pass), check...)
	p.add("info", 1, with("verdict", string(s.Verdict), "exit", s.Exit.Name, "target", s.Target.Kind, "tool", s.Tool)...)
	p.add("exit_code", float64(s.Exit.Code), check...)
	if !s.StartedAt.IsZero() {
		p.add("start_timestamp_seconds", float64(s.StartedAt.UnixMilli())/millisPerSecond, check...)
	}
	p.add("duration_seconds", s.DurationMs/millisPerSecond, check...)
	p.add("runs", float64(s.Summary.Runs), check...)
	p.add("failed_runs", float64(s.Summary.Failed), check...)
	p.add("interrupted_runs", float64(s.Summary.Interrupted), check...)
	if share, any := s.Summary.share(); any {
		p.add("failed_runs_ratio", share, check...)
	}
	p.percentiles("setup_seconds", s.Summary.Setup, check...)
	if s.Summary.Setup != nil {
		p.add("setup_runs", float64(s.Summary.Setup.N), check...)
	}
	for _, f := range s.Summary.Phases {
		labels := with("phase", f.Name, "subject", f.Subject)
		p.percentiles("phase_seconds", f.Times, labels...)
		p.add("phase_runs", float64(f.Seen), labels...)
		p.add("phase_failed_runs", float64(f.Failed), labels...)
	}
	p.detail(s.Report, with)
	count := map[[2]string]float64{}
	for _, f := range s.Findings {
		count[[2]string{f.ID, string(f.Severity)}]++
	}
	for _, f := range s.Findings {
		p.add("findings", count[[2]string{f.ID, string(f.Severity)}], with("id", f.ID, "severity", string(f.Severity))...)
	}
	for _, a := range s.Assertions {
		p.add("assertion_success", truth(a.Pass), with("expr", a.Expr)...)
	}
}

// detail tells of the described run.
func (p *promWriter) detail(r *Report, with func(...string) []string) {
	if path := r.Path; path != nil {
		p.add("path_info", 1, with("local", path.Local.Type, "remote", path.Remote.Type, "protocol", path.Local.Protocol,
			"relay_protocol", path.Local.RelayProtocol)...)
		p.add("path_relayed", truth(path.Relay), with()...)
		p.some("path_round_trip_seconds", path.RTTMs, millisPerSecond, with()...)
	}
	for _, s := range r.Media.streams() {
		labels := with("kind", s.kind, "direction", s.direction)
		p.add("media_flowing", truth(s.Flows), labels...)
		p.add("media_packets", float64(s.Packets), labels...)
		p.some("media_loss_ratio", s.Loss, 1, labels...)
		p.some("media_jitter_seconds", s.JitterMs, millisPerSecond, labels...)
		p.some("media_round_trip_seconds", s.RTTMs, millisPerSecond, labels...)
		p.some("media_bytes_per_second", s.Bitrate, bitsPerByte, labels...)
		p.some("media_frames_per_second", s.FramesPerSecond, 1, labels...)
	}
	for _, s := range r.Servers {
		labels := with("url", s.URL, "transport", s.Transport)
		p.add("server_success", truth(s.OK), labels...)
		if rtt := s.RTT(); rtt != nil {
			p.add("server_round_trip_seconds", rtt.Duration().Seconds(), labels...)
		}
	}
}

func (p *promWriter) percentiles(family string, of *Percentiles, labels ...string) {
	if of == nil {
		return
	}
	for _, v := range []struct {
		name string
		ms   float64
	}{{"min", of.MinMs}, {"p50", of.P50Ms}, {"p95", of.P95Ms}, {"p99", of.P99Ms}, {"max", of.MaxMs}} {
		p.add(family, v.ms/millisPerSecond, append(labels[:len(labels):len(labels)], "stat", v.name)...)
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// promText escapes a value of a label.
func promText(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(clean(s))
}
