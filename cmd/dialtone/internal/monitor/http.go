package monitor

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"dialtone/diag"
	"dialtone/signal/gate"
)

// maxTarget bounds a target, in bytes.
const maxTarget = 4096

// scrapeMargin is how long before the end of a scrape its result is sent.
const scrapeMargin = 500 * time.Millisecond

// handler answers requests; probes end with ctx.
func (m *Monitor) handler(ctx context.Context) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.metrics.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /probe", func(w http.ResponseWriter, r *http.Request) { m.serveProbe(ctx, w, r) })
	mux.HandleFunc("GET /config", m.serveConfig)
	mux.HandleFunc("GET /results", m.serveResults)
	mux.HandleFunc("GET /report/{number}", m.serveReport)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /{$}", m.servePage)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		if m.o.Hosts.Check(r) != gate.Welcome {
			http.Error(w, "web pages cannot ask this monitor by this name: start it with --allowed-host", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// serveProbe probes the target of the query by its module.
func (m *Monitor) serveProbe(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	target, name := query.Get("target"), query.Get("module")
	setup := m.current()
	modules := setup.Modules
	module, known := modules[name]
	if !known {
		http.Error(w, fmt.Sprintf("unknown module %q; the configuration has %q", diag.Clean(name, 80),
			slices.Sorted(maps.Keys(modules))), http.StatusBadRequest)
		return
	}
	shown, err := module.Shown(target)
	if err != nil || len(target) > maxTarget {
		http.Error(w, fmt.Sprintf("invalid target of module %s: %v", name, err), http.StatusBadRequest)
		return
	}
	if err := setup.refusal(r, module, target); err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	limit, err := limitOf(module, r.Header.Get("X-Prometheus-Scrape-Timeout-Seconds"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	select {
	case m.waiting <- struct{}{}:
		defer func() { <-m.waiting }()
	default:
		w.Header().Set("Retry-After", "1")
		http.Error(w, "too many probes wait for their turn: raise --concurrency, or probe less often",
			http.StatusServiceUnavailable)
		return
	}
	gate.Busy(r.Context(), false)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(r.Context(), func() { cancel(errGone) })()
	var b bytes.Buffer
	if err := m.probe(ctx, module, target, shown, limit).write(&b); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write(b.Bytes())
}

// limitOf is how long a probe may take: as long as its module allows, and a little less than the scraper waits.
func limitOf(module Module, scrape string) (time.Duration, error) {
	limit := module.Timeout
	if seconds, err := strconv.ParseFloat(scrape, 64); err == nil && seconds > 0 && !math.IsInf(seconds, 0) {
		waits := time.Duration(min(seconds, 1e6) * float64(time.Second))
		limit = min(limit, waits-min(scrapeMargin, waits/10))
	}
	if module.Least >= limit {
		return 0, fmt.Errorf("a call of module %s lasts %v, and the probe may take %v: lower for in the configuration, or "+
			"raise scrape_timeout", module.Name, module.Least, limit)
	}
	return limit, nil
}

// serveConfig shows the configuration, without secrets.
func (m *Monitor) serveConfig(w http.ResponseWriter, _ *http.Request) {
	type moduleView struct {
		Module  string  `json:"module"`
		Prober  string  `json:"prober"`
		Timeout float64 `json:"timeout_seconds"`
		Least   float64 `json:"for_seconds"`
	}
	type scheduleView struct {
		Module string  `json:"module"`
		Target string  `json:"target"`
		Every  float64 `json:"every_seconds"`
	}
	out := struct {
		Modules   []moduleView   `json:"modules"`
		Schedules []scheduleView `json:"schedules"`
	}{[]moduleView{}, []scheduleView{}}
	setup := m.current()
	for _, name := range slices.Sorted(maps.Keys(setup.Modules)) {
		one := setup.Modules[name]
		out.Modules = append(out.Modules, moduleView{name, one.Prober, one.Timeout.Seconds(), one.Least.Seconds()})
	}
	for _, s := range setup.Schedules {
		out.Schedules = append(out.Schedules, scheduleView{s.Module, setup.shown(s), s.Every.Seconds()})
	}
	writeJSON(w, out)
}

// resultView is a result in JSON.
type resultView struct {
	Number    int       `json:"number"`
	Module    string    `json:"module"`
	Target    string    `json:"target"`
	At        time.Time `json:"started_at"`
	Took      float64   `json:"duration_seconds"`
	Pass      bool      `json:"success"`
	TimedOut  bool      `json:"timed_out"`
	Cancelled bool      `json:"cancelled"` // it says nothing about the target
	Headline  string    `json:"headline"`
}

func (r *result) view() resultView {
	return resultView{
		r.Number, r.Module, r.Target, r.At.UTC(), r.Took.Seconds(), r.Pass, r.TimedOut, r.Cancelled,
		r.Headline,
	}
}

// serveResults lists the latest result of each scheduled target, for systems that do not scrape, and the last probes.
func (m *Monitor) serveResults(w http.ResponseWriter, _ *http.Request) {
	out := struct {
		Scheduled []resultView `json:"scheduled"`
		Last      []resultView `json:"last"`
	}{[]resultView{}, []resultView{}}
	last, latest := m.results.view()
	for _, s := range m.current().Schedules {
		if r := latest[s]; r != nil {
			out.Scheduled = append(out.Scheduled, r.view())
		}
	}
	for _, r := range last {
		out.Last = append(out.Last, r.view())
	}
	writeJSON(w, out)
}

func writeJSON(w http.ResponseWriter, v any) {
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(diag.EscapeJSON(raw), '\n'))
}
