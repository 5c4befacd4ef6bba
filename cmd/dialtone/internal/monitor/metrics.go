package monitor

import (
	"fmt"
	"io"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"

	"dialtone/diag/report"
)

// metrics are those of the monitor itself.
type metrics struct {
	registry   *prometheus.Registry
	probes     *prometheus.CounterVec
	timedOut   *prometheus.CounterVec
	inProgress prometheus.Gauge
	stuck      prometheus.Counter
	reloaded   prometheus.Gauge
	reloadTime prometheus.Gauge
}

const metricPrefix = "dialtone_monitor_"

func newMetrics(version string, latest *results) *metrics {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: metricPrefix + name, Help: help})
	}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: metricPrefix + name, Help: help}, labels)
	}
	const stuckHelp = "Probes that did not end after they were cut."
	m := &metrics{
		registry:   prometheus.NewRegistry(),
		probes:     counter("probes_total", "Probes that ended, by their result.", "module", "result"),
		timedOut:   counter("probe_timeouts_total", "Probes that were cut at their timeout.", "module"),
		inProgress: gauge("probes_in_progress", "Probes in progress."),
		stuck:      prometheus.NewCounter(prometheus.CounterOpts{Name: metricPrefix + "stuck_probes_total", Help: stuckHelp}),
		reloaded:   gauge("config_last_reload_successful", "Whether the configuration could be read the last time."),
		reloadTime: gauge("config_last_reload_success_timestamp_seconds", "When the configuration was read, in Unix time."),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: metricPrefix + "build_info", Help: "The program; always 1.", ConstLabels: prometheus.Labels{"version": version},
	})
	info.Set(1)
	m.registry.MustRegister(
		m.probes, m.timedOut, m.inProgress, m.stuck, m.reloaded, m.reloadTime, info, latest,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// probed counts a probe.
func (m *metrics) probed(r *result) {
	word := "failed"
	switch {
	case r.Pass:
		word = "passed"
	case r.Cancelled:
		word = "cancelled"
	case r.Report == nil:
		word = "error"
	}
	m.probes.WithLabelValues(r.Module, word).Inc()
	if r.TimedOut {
		m.timedOut.WithLabelValues(r.Module).Inc()
	}
}

// scheduled makes a metric of the latest results of scheduled targets.
func scheduled(name, help string) *prometheus.Desc {
	return prometheus.NewDesc(metricPrefix+"scheduled_"+name, help, []string{"module", "target"}, nil)
}

var (
	success = scheduled("success", "Whether the last scheduled probe of the target passed.")
	at      = scheduled("start_timestamp_seconds", "When the last scheduled probe of the target began, in Unix time.")
	took    = scheduled("duration_seconds", "Duration of the last scheduled probe of the target.")
)

// Describe implements prometheus.Collector.
func (*results) Describe(ch chan<- *prometheus.Desc) { ch <- success; ch <- at; ch <- took }

// Collect implements prometheus.Collector.
func (s *results) Collect(ch chan<- prometheus.Metric) {
	_, latest := s.view()
	for _, r := range latest {
		for desc, value := range map[*prometheus.Desc]float64{
			success: truth(r.Pass), at: float64(r.At.UnixMilli()) / 1000, took: r.Took.Seconds(),
		} {
			ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, r.Module, r.Target)
		}
	}
}

// loaded notes whether the configuration could be read.
func (m *metrics) loaded(ok bool) {
	m.reloaded.Set(truth(ok))
	if ok {
		m.reloadTime.SetToCurrentTime()
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// write writes a result as Prometheus scrapes it: that of the probe, and all metrics of the report.
func (r *result) write(w io.Writer) error {
	registry := prometheus.NewRegistry()
	add := func(name, help string, v float64) {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Name: "probe_" + name, Help: help})
		g.Set(v)
		registry.MustRegister(g)
	}
	add("success", "Whether the probe passed.", truth(r.Pass))
	add("duration_seconds", "Duration of the probe.", r.Took.Seconds())
	add("timed_out", "Whether the probe was cut at its timeout.", truth(r.TimedOut))
	families, err := registry.Gather()
	if err != nil {
		return fmt.Errorf("gather: %w", err)
	}
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(w, f); err != nil {
			return err
		}
	}
	if r.Report == nil {
		return nil
	}
	return report.WriteProm(w, r.Report)
}
