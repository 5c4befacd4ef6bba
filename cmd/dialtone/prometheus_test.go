//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dialtone/diag/lab/labtest"
)

// examplesOfPrometheus is where the documentation has them.
var examplesOfPrometheus = filepath.Join("..", "..", "docs", "examples", "prometheus")

// TestPrometheusExamples: promtool accepts configuration and alerts, whose tests pass, and the dashboard asks for metrics
// that exist.
func TestPrometheusExamples(t *testing.T) {
	t.Parallel()
	promtool := labtest.NeedProgram(t, "promtool")
	for _, args := range [][]string{{"check", "config", "prometheus.yml"}, {"test", "rules", "alerts_test.yml"}} {
		cmd := exec.CommandContext(t.Context(), promtool, args...)
		cmd.Dir = examplesOfPrometheus
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v %s", args, err, out)
		}
	}
	raw, err := os.ReadFile(filepath.Join(examplesOfPrometheus, "dashboard.json"))
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err == nil {
		err = json.Unmarshal(raw, &dashboard)
	}
	if err != nil || len(dashboard.Panels) == 0 {
		t.Fatal(err)
	}
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			expr := strings.ReplaceAll(target.Expr, "$instance", ".*")
			rules := filepath.Join(t.TempDir(), "rules.yml")
			text := fmt.Sprintf("groups: [{name: a, rules: [{record: a, expr: %q}]}]\n", expr)
			if err := os.WriteFile(rules, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.CommandContext(t.Context(), promtool, "check", "rules", rules).CombinedOutput(); err != nil { //nolint:gosec // of this repository
				t.Errorf("%s: %v %s", p.Title, err, out)
			}
		}
	}
}

// modulesOfTest are two: a call within the process, and a server that never answers.
const modulesOfTest = `for = "200ms"
[[module]]
name = "call"
no_media = true
[[module]]
name = "whip"
prober = "whip"
timeout = "2s"
[[schedule]]
module = "call"
target = ""
every = "1h"
`

// TestPrometheusScrapes: Debian's Prometheus scrapes the monitor, and has what the alerts and the dashboard ask for. A
// server that accepts connections and stays silent is cut at the timeout.
func TestPrometheusScrapes(t *testing.T) {
	t.Parallel()
	prometheus := labtest.NeedProgram(t, "prometheus")
	silent, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it does not wait
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close() //nolint:errcheck // nothing is written
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	monitor := startTool(t, "monitor", "--listen", "127.0.0.1:0", "--modules", write("monitor.toml", modulesOfTest))
	address := strings.TrimSuffix(strings.TrimPrefix(monitor.await("listening on "), "listening on http://"), "/")
	job := func(name, module, target string) string {
		return fmt.Sprintf("  - {job_name: %s, metrics_path: /probe, scrape_interval: 4s, scrape_timeout: 4s, params: {module: [%s], target: [%q]}, static_configs: [{targets: [%q]}]}\n",
			name, module, target, address)
	}
	config := "scrape_configs:\n" + fmt.Sprintf("  - {job_name: own, scrape_interval: 1s, static_configs: [{targets: [%q]}]}\n", address) +
		job("call", "call", "") + job("silent", "whip", "http://"+silent.Addr().String()+"/whip")
	port := freePort(t)
	server := exec.CommandContext(t.Context(), prometheus, "--config.file="+write("prometheus.yml", config), //nolint:gosec // of this machine
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+port)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	}()
	for query, want := range map[string]string{
		`probe_success{job="call"}`:                                      "1",
		`probe_success{job="silent"}`:                                    "0",
		`up{job="silent"}`:                                               "1", // the answer came in time
		`dialtone_monitor_scheduled_success`:                             "1",
		`count(dialtone_check_setup_seconds{job="call",quantile="0.5"})`: "1",
		`probe_duration_seconds{job="silent"} < bool 4`:                  "1",
	} {
		awaitQuery(t, "http://"+port, query, want)
	}
}

// awaitQuery asks Prometheus until it has a value.
func awaitQuery(t *testing.T, address, query, want string) {
	t.Helper()
	got := ""
	for begun := time.Now(); time.Since(begun) < patience; time.Sleep(100 * time.Millisecond) {
		response, err := http.Get(address + "/api/v1/query?query=" + url.QueryEscape(query)) //nolint:noctx,gosec // of this test
		if err != nil {
			got = err.Error() // it starts
			continue
		}
		var answer struct {
			Data struct{ Result []struct{ Value [2]any } }
		}
		err = json.NewDecoder(response.Body).Decode(&answer)
		_ = response.Body.Close()
		if err == nil && len(answer.Data.Result) > 0 {
			if got = fmt.Sprint(answer.Data.Result[0].Value[1]); got == want {
				return
			}
		}
	}
	t.Errorf("%s: %s instead of %s", query, got, want)
}

// freePort is an address that nothing listens on now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it does not wait
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // it was not used
	return l.Addr().String()
}
