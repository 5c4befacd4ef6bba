// Package monitor is a Prometheus exporter: it probes targets by modules when it is asked to and by a schedule, keeps
// the last results and shows them as a page.
package monitor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"dialtone/diag"
	"dialtone/diag/report"
	"dialtone/signal/gate"
)

// Module is a way to probe targets.
type Module struct {
	Name    string
	Prober  string        // what it does: loopback, nat, or a way of signaling
	Timeout time.Duration // of a probe
	Least   time.Duration // what a probe takes at least: the length of its calls
	// Targets are those that clients may probe; * at the end of one stands for anything. See Setup.refusal.
	Targets []string
	Split   func(target string) []string // the addresses in a target that is a list; nil: it is none
	// Shown is the target without secrets, or why it is none of this module.
	Shown func(target string) (string, error)
	// Probe returns a report, also of a probe that ctx ends, or why there is none.
	Probe func(ctx context.Context, target string) (*report.Report, error)
}

// Schedule is a target to probe again and again.
type Schedule struct {
	Module, Target string
	Name           string // what it is shown as; "": as its target without secrets
	Every          time.Duration
}

// Setup is what the configuration asks for.
type Setup struct {
	Modules   map[string]Module
	Schedules []Schedule
}

// shortestEvery keeps a schedule from being a burden for its targets.
const shortestEvery = 5 * time.Second

// Add adds a scheduled target. The error says what is wrong with it.
func (s *Setup) Add(one Schedule) error {
	module, known := s.Modules[one.Module]
	if !known {
		return fmt.Errorf("unknown module %q: name one of this file", diag.Clean(one.Module, 80))
	}
	if one.Every < shortestEvery {
		return fmt.Errorf("every = \"%v\" is too often: use %v or more", one.Every, shortestEvery)
	}
	if _, err := module.Shown(one.Target); err != nil {
		return err
	}
	for _, other := range s.Schedules { // results differ by module and by what is shown
		switch {
		case other.Module != one.Module || s.shown(other) != s.shown(one):
		case other.Target == one.Target:
			return errors.New("the same target is scheduled twice")
		default:
			return fmt.Errorf("another target is shown as %s, too: give each a name, such as name = \"stage\"", s.shown(one))
		}
	}
	s.Schedules = append(s.Schedules, one)
	return nil
}

// shown is what a scheduled target is shown as.
func (s *Setup) shown(one Schedule) string {
	if one.Name != "" {
		return diag.Clean(one.Name, maxName)
	}
	shown, _ := s.Modules[one.Module].Shown(one.Target) // it was no mistake when it was added
	return shown
}

// maxName bounds the name of a scheduled target.
const maxName = 120

// Options of a monitor. Load is needed.
type Options struct {
	Load       func() (*Setup, error) // reads the configuration, at the start and when it is to be read again
	Reload     <-chan os.Signal       // nil: never
	Logger     *slog.Logger
	Version    string
	Hosts      gate.Hosts    // names by which web pages may ask
	Concurrent int           // probes at one time; those beyond wait within their timeout
	Keep       int           // reports of the last probes to keep
	Drain      time.Duration // what probes in progress have at the end
}

// Monitor probes.
type Monitor struct {
	o       Options
	slots   chan struct{}
	waiting chan struct{} // requests whose probes run or wait
	metrics *metrics
	results *results
	probes  sync.WaitGroup

	mu    sync.Mutex
	setup *Setup
}

// New reads the configuration and makes a monitor.
func New(o Options) (*Monitor, error) {
	setup, err := o.Load()
	if err != nil {
		return nil, err
	}
	m := &Monitor{
		o: o, setup: setup, slots: make(chan struct{}, o.Concurrent),
		waiting: make(chan struct{}, o.Concurrent+maxWaiting), results: newResults(o.Keep),
	}
	m.metrics = newMetrics(o.Version, m.results)
	m.metrics.loaded(true)
	return m, nil
}

// current is the configuration that was read last.
func (m *Monitor) current() *Setup {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.setup
}

const (
	// shutdownTime is how long requests have to end.
	shutdownTime = 2 * time.Second
	// maxConnections is how many connections there may be at one time, and maxWaiting how many requests for probes that
	// wait for their turn.
	maxConnections = 2048
	maxWaiting     = 256
)

// Serve answers requests and keeps the schedule until ctx ends. Probes in progress are cut then.
func (m *Monitor) Serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := func() { cancel(errEnds) }
	defer stop()
	conns := gate.NewConns(gate.ConnLimits{All: maxConnections}, gate.NewRefusals(m.o.Logger))
	server := &http.Server{
		Handler: gate.Arrived(m.handler(ctx)), ConnState: conns.State, ConnContext: conns.Context,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 16 << 10,
		ErrorLog:       slog.NewLogLogger(m.o.Logger.Handler(), slog.LevelDebug),
	}
	var parts sync.WaitGroup
	parts.Go(func() { m.keepSchedule(ctx) })
	failed := make(chan error, 1)
	parts.Go(func() { failed <- server.Serve(conns.Listener(l)) })
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	stop()
	bounded, release := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer release()
	if closing := server.Shutdown(bounded); closing != nil {
		err = errors.Join(err, server.Close())
	}
	parts.Wait()
	m.await()
	return err
}

// await lets probes that were cut end.
func (m *Monitor) await() {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		m.probes.Wait()
	}()
	select {
	case <-ended:
	case <-time.After(m.o.Drain):
	}
}

// Why probes are cancelled.
var (
	errUnscheduled = errors.New("the target is no longer scheduled")
	errEnds        = errors.New("the monitor ended")
	errGone        = errors.New("the client closed its connection")
)

// keepSchedule probes what is due, and reads the configuration again when it is asked to. What a new configuration no
// longer has is not probed any more; the rest goes on.
func (m *Monitor) keepSchedule(ctx context.Context) {
	var runs sync.WaitGroup
	defer runs.Wait()
	scheduled := map[Schedule]context.CancelCauseFunc{}
	for {
		setup := m.current()
		for s, stop := range scheduled {
			if !slices.Contains(setup.Schedules, s) {
				stop(errUnscheduled)
				delete(scheduled, s)
			}
		}
		for i, s := range setup.Schedules {
			if scheduled[s] != nil {
				continue
			}
			inner, stop := context.WithCancelCause(ctx)
			scheduled[s] = stop
			// The first probes are spread over the interval, up to a minute, so that they do not begin at once.
			delay := min(s.Every, time.Minute) * time.Duration(i) / time.Duration(len(setup.Schedules))
			runs.Go(func() { m.repeat(inner, s, delay) })
		}
		select {
		case <-ctx.Done():
			return
		case <-m.o.Reload:
			m.reload()
		}
	}
}

// reload reads the configuration again. One with mistakes changes nothing.
func (m *Monitor) reload() {
	setup, err := m.o.Load()
	m.metrics.loaded(err == nil)
	if err != nil {
		m.o.Logger.Error("the configuration was not read again: the last one stays in use", "error", err)
		return
	}
	m.mu.Lock()
	m.setup = setup
	m.mu.Unlock()
	m.results.forget(setup.Schedules)
	m.o.Logger.Info("the configuration was read again", "modules", len(setup.Modules), "schedules", len(setup.Schedules))
}

// repeat probes a target again and again. A probe that takes longer than the interval delays the next one.
func (m *Monitor) repeat(ctx context.Context, s Schedule, delay time.Duration) {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		timer.Reset(s.Every)
		setup := m.current()
		module := setup.Modules[s.Module]
		if r := m.probe(ctx, module, s.Target, setup.shown(s), module.Timeout); ctx.Err() == nil {
			m.results.scheduled(s, r)
		}
	}
}
