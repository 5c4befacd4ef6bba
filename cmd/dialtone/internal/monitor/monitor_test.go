package monitor

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"dialtone/diag"
	"dialtone/diag/judge"
	"dialtone/diag/report"
	"dialtone/signal/gate"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// passing is the report of a probe that passed.
func passing() *report.Report {
	r := report.Undone("dialtone test", "a", time.Now(), diag.ExitPass, nil)
	r.Headline = "connected <b>"
	return r
}

// fake is a module that does what the target says.
func fake(name string, timeout time.Duration) Module {
	return Module{
		Name: name, Prober: "loopback", Timeout: timeout, Least: timeout / 100,
		Shown: func(target string) (string, error) {
			if target == "wrong" {
				return "", errors.New("not an address")
			}
			return strings.ReplaceAll(target, "secret", "***"), nil
		},
		Probe: func(ctx context.Context, target string) (*report.Report, error) {
			switch target {
			case "error":
				return nil, errors.New("no such server")
			case "slow": // it ends when it is cut
				<-ctx.Done()
				return report.Undone("dialtone test", "a", time.Now(), diag.ExitInterrupted, nil), nil
			case "deaf": // it is late even then
				<-ctx.Done()
				time.Sleep(stuckTime / 2)
			case "stuck":
				<-ctx.Done()
				time.Sleep(2 * stuckTime)
			}
			return passing(), nil
		},
	}
}

func newMonitor(t *testing.T, concurrent int, load func() (*Setup, error), reload <-chan os.Signal) *Monitor {
	t.Helper()
	if load == nil {
		load = func() (*Setup, error) { return &Setup{Modules: map[string]Module{"a": fake("a", 10*time.Second)}}, nil }
	}
	m, err := New(Options{
		Load: load, Reload: reload, Logger: slog.New(slog.DiscardHandler), Concurrent: concurrent, Keep: 3, Drain: time.Minute,
		Hosts: gate.HostsOf("monitor.example"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestCut: a probe ends at its timeout whatever it does, and a slot that it holds is free again in the end.
func TestCut(t *testing.T) {
	for target, want := range map[string]struct {
		after    time.Duration // the answer
		free     time.Duration // the slot, after the answer
		headline string
		stuck    float64
	}{
		"":      {0, 0, "connected <b>", 0},
		"error": {0, 0, "no such server", 0},
		"slow":  {9 * time.Second, 0, "cut at its timeout of 10s: nothing was started", 0},
		"deaf":  {10 * time.Second, 15 * time.Second, "cut at its timeout of 10s, and did not end", 0},
		"stuck": {10 * time.Second, 30 * time.Second, "cut at its timeout of 10s, and did not end", 1},
	} {
		t.Run(target, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMonitor(t, 1, nil, nil)
				module := m.current().Modules["a"]
				r := m.probe(t.Context(), module, target, target, module.Timeout)
				if r.Took != want.after || r.Headline != want.headline || r.TimedOut != (want.after > 0) || r.Pass != (target == "") {
					t.Errorf("after %v: %+v", r.Took, r)
				}
				begun := time.Now()
				m.slots <- struct{}{}
				if free := time.Since(begun); free > want.free {
					t.Errorf("the slot is free after %v", free)
				}
				<-m.slots
				m.probes.Wait()
				families, err := m.metrics.registry.Gather()
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range families {
					if f.GetName() == metricPrefix+"stuck_probes_total" && f.GetMetric()[0].GetCounter().GetValue() != want.stuck {
						t.Errorf("%v stuck", f.GetMetric())
					}
					if f.GetName() == metricPrefix+"probes_in_progress" && f.GetMetric()[0].GetGauge().GetValue() != 0 {
						t.Error("a probe is in progress")
					}
				}
			})
		})
	}
}

// TestConcurrency: what finds no slot waits, and says so at its timeout.
func TestConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMonitor(t, 1, nil, nil)
		module := m.current().Modules["a"]
		m.probes.Go(func() { m.probe(t.Context(), module, "slow", "slow", 10*time.Second) })
		synctest.Wait()
		if r := m.probe(t.Context(), module, "", "", 2*time.Second); r.Took != 2*time.Second || !strings.HasPrefix(r.Headline, "not probed: 1 probes") || r.Pass {
			t.Errorf("%+v", r)
		}
		if r := m.probe(t.Context(), module, "", "", 10*time.Second); r.Took != 7*time.Second || !r.Pass {
			t.Errorf("%+v", r)
		}
		m.probes.Wait()
	})
}

// TestLimits: the shorter of both timeouts counts, and a call must fit in.
func TestLimits(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"": 10 * time.Second, "60": 10 * time.Second, "5": 4500 * time.Millisecond, "1": 900 * time.Millisecond, "0.05": 0, "x": 10 * time.Second,
		"-1": 10 * time.Second, "Inf": 10 * time.Second, "NaN": 10 * time.Second, "1e300": 10 * time.Second,
	} {
		if got, err := limitOf(fake("a", 10*time.Second), header); got != want || (err != nil) != (want == 0) {
			t.Errorf("%q: %v %v", header, got, err)
		}
	}
}

// TestSchedule: targets are probed at their interval, a new configuration counts at once, and one with mistakes never.
func TestSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target, broken := "one", false
		load := func() (*Setup, error) {
			if broken {
				return nil, errors.New("a mistake")
			}
			s := &Setup{Modules: map[string]Module{"a": fake("a", 10*time.Second)}}
			return s, s.Add(Schedule{Module: "a", Target: target, Every: time.Minute})
		}
		reload := make(chan os.Signal, 1)
		m := newMonitor(t, 1, load, reload)
		ctx, stop := context.WithCancel(t.Context())
		m.probes.Go(func() { m.keepSchedule(ctx) })
		latest := func() string {
			synctest.Wait()
			_, latest := m.results.view()
			var list []string
			for _, r := range latest {
				list = append(list, fmt.Sprintf("%s %d", r.Target, r.Number))
			}
			return strings.Join(list, ", ")
		}
		time.Sleep(150 * time.Second)
		if got := latest(); got != "one 3" {
			t.Errorf("after 150 s: %s", got)
		}
		broken = true
		reload <- syscall.SIGHUP
		time.Sleep(time.Second)
		if got := latest(); got != "one 3" { // the schedule goes on
			t.Errorf("after a mistake: %s", got)
		}
		broken, target = false, "slow"
		reload <- syscall.SIGHUP
		time.Sleep(time.Second)
		reload <- syscall.SIGHUP // what is still scheduled is not disturbed
		time.Sleep(9 * time.Second)
		if got := latest(); got != "slow 4" {
			t.Errorf("after a reload: %s", got)
		}
		time.Sleep(time.Minute - 5*time.Second)
		target = "two"
		reload <- syscall.SIGHUP
		time.Sleep(time.Second)
		if got := latest(); got != "two 6" && got != "two 5" {
			t.Errorf("after a reload during a probe: %s", got)
		}
		last, _ := m.results.view()
		i := slices.IndexFunc(last, func(r *result) bool { return r.Cancelled })
		if i < 0 || last[i].TimedOut || last[i].Headline != "cancelled: the target is no longer scheduled" {
			t.Errorf("%+v", last)
		}
		stop()
		m.probes.Wait()
	})
}

// serving is a monitor on the loopback interface.
func serving(t *testing.T, m *Monitor) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it does not wait
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- m.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return "http://" + l.Addr().String()
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(raw)
}

// TestAddresses: what each address answers, without secrets and with foreign text escaped.
func TestAddresses(t *testing.T) {
	load := func() (*Setup, error) {
		s := &Setup{Modules: map[string]Module{"a": fake("a", 10*time.Second)}}
		return s, s.Add(Schedule{Module: "a", Target: "scheduled secret", Every: time.Hour})
	}
	m := newMonitor(t, 2, load, nil)
	address := serving(t, m)
	for _, tt := range []struct {
		path   string
		status int
		has    string
	}{
		{"/healthz", 200, "ok"},
		{"/probe?module=a&target=<i>secret", 200, "probe_success 1\n"},
		{"/probe?module=a&target=error", 200, "probe_success 0\n"},
		{"/probe?module=b&target=x", 400, `unknown module "b"; the configuration has ["a"]`},
		{"/probe?module=a&target=wrong", 400, "invalid target of module a: not an address"},
		{"/probe?module=a&target=" + strings.Repeat("x", maxTarget+1), 400, "invalid target"},
		{"/metrics", 200, `dialtone_monitor_probes_total{module="a",result="error"} 1`},
		{"/config", 200, `"target": "scheduled ***"`},
		{"/results", 200, `"headline": "no such server"`},
		{"/", 200, "&lt;i&gt;***"},
		{"/", 200, "connected &lt;b&gt;"},
		{"/report/99", 404, "not kept"},
		{"/report/x", 404, "not kept"},
		{"/other", 404, ""},
	} {
		status, body := get(t, address+tt.path)
		if status != tt.status || !strings.Contains(body, tt.has) || strings.Contains(body, "secret") {
			t.Errorf("%.60s: %d %s", tt.path, status, body)
		}
	}
	if _, body := get(t, address+"/results"); !json.Valid([]byte(body)) {
		t.Error(body)
	}
	last, _ := m.results.view()
	for _, r := range last {
		if r.page != nil {
			if status, body := get(t, fmt.Sprintf("%s/report/%d", address, r.Number)); status != 200 || !strings.Contains(body, "<html") {
				t.Errorf("report: %d %.200s", status, body)
			}
		}
	}
}

// TestKeep: as many results are kept as asked for, the newest; of a scheduled target the latest is, too.
func TestKeep(t *testing.T) {
	m := newMonitor(t, 1, nil, nil)
	first := &result{Report: passing()}
	m.results.keep(first)
	m.results.scheduled(Schedule{Module: "a"}, first)
	for range 9 {
		m.results.keep(&result{})
	}
	if last, _ := m.results.view(); len(last) != 3 || last[0].Number != 10 || m.results.find(7) != nil {
		t.Errorf("%d results", len(last))
	}
	if r := m.results.find(1); r == nil || !r.Kept() {
		t.Error("the latest of a scheduled target is not kept")
	}
}

// TestManyProbes: ten thousand probes leave nothing behind but what is kept.
func TestManyProbes(t *testing.T) {
	var open atomic.Int64
	module := fake("a", time.Minute)
	module.Probe = func(context.Context, string) (*report.Report, error) {
		open.Add(1)
		defer open.Add(-1)
		return nil, errors.New("none")
	}
	m := newMonitor(t, 8, nil, nil)
	for range 100 {
		for range 100 {
			m.probes.Go(func() { m.probe(t.Context(), module, "", "", time.Minute) })
		}
		m.probes.Wait()
	}
	if last, _ := m.results.view(); len(last) != 3 || m.results.number != 10_000 || open.Load() != 0 || len(m.slots) != 0 {
		t.Errorf("%d kept of %d, %d open", len(last), m.results.number, open.Load())
	}
}

// TestPageOfReport: what is kept of a report is its page.
func TestPageOfReport(t *testing.T) {
	r := &result{Report: passing()}
	r.render()
	z, err := gzip.NewReader(strings.NewReader(string(r.page)))
	if err != nil {
		t.Fatal(err)
	}
	if raw, err := io.ReadAll(z); err != nil || !strings.Contains(string(raw), "connected &lt;b&gt;") {
		t.Errorf("%v %.300s", err, raw)
	}
}

// TestServersAreTarget: servers that a call between local peers tests must work, whatever the call came to; what they
// are to a call elsewhere is that call's own matter. The headline has the cause.
func TestServersAreTarget(t *testing.T) {
	found := func(severity judge.Severity) []report.Finding {
		f := report.Finding{}
		f.Severity, f.Title = severity, "No."
		return []report.Finding{f}
	}
	bad := report.ServerReport{Headline: "no answer"}
	bad.URL = "stun:a"
	for _, tt := range []struct {
		kind     string
		ok       bool
		findings []report.Finding
		pass     bool
		headline string
	}{
		{report.KindLoopback, true, nil, true, "connected <b>"},
		{report.KindLoopback, false, nil, false, "connected <b>: stun:a: no answer"},
		{"whip", false, nil, true, "connected <b>"},
		{"whip", true, found(judge.Problem), true, "connected <b>: No."},
		{"whip", true, found(judge.Warn), true, "connected <b>"},
	} {
		one := passing()
		one.Target.Kind, one.Findings, bad.OK = tt.kind, tt.findings, tt.ok
		one.Servers = []report.ServerReport{bad}
		var r result
		if r.conclude(outcome{one, nil}, time.Second); r.Pass != tt.pass || r.Headline != tt.headline {
			t.Errorf("%+v: %v %s", tt, r.Pass, r.Headline)
		}
	}
}

// TestGone: a probe whose client has gone says nothing about its target.
func TestGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMonitor(t, 1, nil, nil)
		module := m.current().Modules["a"]
		for _, target := range []string{"slow", "deaf"} {
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { cancel(errGone) })
			r := m.probe(ctx, module, target, target, module.Timeout)
			if r.Took != time.Second || !r.Cancelled || r.TimedOut || r.Headline != "cancelled: "+errGone.Error() {
				t.Errorf("%s: %+v", target, r)
			}
			m.probes.Wait()
		}
	})
}

// TestNames: scheduled targets that would be shown alike are refused, unless they have names.
func TestNames(t *testing.T) {
	s := &Setup{Modules: map[string]Module{"a": fake("a", time.Minute), "b": fake("b", time.Minute)}}
	for _, tt := range []struct {
		Schedule
		wrong string
	}{
		{Schedule{Module: "a", Target: "secret"}, ""},
		{Schedule{Module: "b", Target: "secret"}, ""},
		{Schedule{Module: "a", Target: "secret", Every: time.Hour}, "the same target is scheduled twice"},
		{Schedule{Module: "a", Target: "***"}, `another target is shown as ***, too: give each a name, such as name = "stage"`},
		{Schedule{Module: "a", Target: "***", Name: "c"}, ""},
		{Schedule{Module: "a", Target: "other", Name: "c"}, `another target is shown as c, too: give each a name, such as name = "stage"`},
	} {
		tt.Every = max(tt.Every, time.Minute)
		if err := s.Add(tt.Schedule); fmt.Sprint(err) != tt.wrong && (err != nil || tt.wrong != "") {
			t.Errorf("%+v: %v", tt.Schedule, err)
		}
	}
}
