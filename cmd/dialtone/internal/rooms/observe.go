package rooms

import (
	"log/slog"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"dialtone/signal/server"
)

// observe gives a server its access log and its metrics. health is asked at each scrape.
func observe(o *server.Options, log *slog.Logger, health func() server.Health) {
	m := newMetrics(o.Version, health)
	o.Metrics = promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
	o.Observe = func(a server.Access) {
		m.requests.WithLabelValues(a.Operation, strconv.Itoa(a.Status), a.Reason).Inc()
		if !a.Parked && a.Operation != "" {
			m.durations.WithLabelValues(a.Operation).Observe(a.Duration.Seconds())
		}
		if log != nil {
			log.Info("request", "request", a.Request, "client", a.Client, "method", a.Method, "path", a.Path,
				"operation", a.Operation, "status", a.Status, "reason", a.Reason, "duration_s", a.Duration.Seconds(),
				"parked", a.Parked)
		}
	}
}

// metrics are those of dialtone serve.
type metrics struct {
	registry  *prometheus.Registry
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
}

const metricPrefix = "dialtone_serve_"

func newMetrics(version string, health func() server.Health) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: metricPrefix + "requests_total",
			Help: "Answered requests, by the operation of the room protocol, HTTP status and reason of the refusal.",
		}, []string{"operation", "status", "reason"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    metricPrefix + "request_duration_seconds",
			Help:    "Time to answer requests that did not wait for news.",
			Buckets: []float64{.0001, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5},
		}, []string{"operation"}),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: metricPrefix + "build_info", Help: "The program; always 1.", ConstLabels: prometheus.Labels{"version": version},
	})
	info.Set(1)
	m.registry.MustRegister(m.requests, m.durations, info, &healthCollector{health: health},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// healthCollector makes metrics of a server's own counts.
type healthCollector struct{ health func() server.Health }

// figure is one of them.
type figure struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(server.Health) float64
}

func figureOf(name, help string, kind prometheus.ValueType, value func(server.Health) float64) figure {
	return figure{prometheus.NewDesc(metricPrefix+name, help, nil, nil), kind, value}
}

var figures = []figure{
	figureOf("pairs", "Pairs of peers that live.", prometheus.GaugeValue,
		func(h server.Health) float64 { return float64(h.Pairs) }),
	figureOf("pairs_waiting", "Pairs with one peer.", prometheus.GaugeValue,
		func(h server.Health) float64 { return float64(h.Waiting) }),
	figureOf("requests_parked", "Requests that wait for news.", prometheus.GaugeValue,
		func(h server.Health) float64 { return float64(h.Parked) }),
	figureOf("stored_bytes", "Descriptions and candidates that are kept.", prometheus.GaugeValue,
		func(h server.Health) float64 { return float64(h.StoredBytes) }),
	figureOf("draining", "Whether the server is about to end.", prometheus.GaugeValue,
		func(h server.Health) float64 { return number(h.Draining) }),
	figureOf("dials_total", "Dials.", prometheus.CounterValue,
		func(h server.Health) float64 { return float64(h.Since.Dials) }),
	figureOf("paired_total", "Dials that found a peer.", prometheus.CounterValue,
		func(h server.Health) float64 { return float64(h.Since.Paired) }),
	figureOf("connected_total", "Pairs whose answer was fetched.", prometheus.CounterValue,
		func(h server.Health) float64 { return float64(h.Since.Connected) }),
	figureOf("expired_total", "Pairs that ended because a peer was silent.", prometheus.CounterValue,
		func(h server.Health) float64 { return float64(h.Since.Expired) }),
	figureOf("limited_total", "Requests that a limit refused.", prometheus.CounterValue,
		func(h server.Health) float64 { return float64(h.Since.Limited) }),
}

func number(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// Describe implements prometheus.Collector.
func (*healthCollector) Describe(to chan<- *prometheus.Desc) {
	for _, f := range figures {
		to <- f.desc
	}
}

// Collect implements prometheus.Collector.
func (c *healthCollector) Collect(to chan<- prometheus.Metric) {
	h := c.health()
	for _, f := range figures {
		to <- prometheus.MustNewConstMetric(f.desc, f.kind, f.value(h))
	}
}
