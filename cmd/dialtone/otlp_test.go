//go:build unix

package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// otlpSink is a receiver that keeps what arrives.
type otlpSink struct {
	mu      sync.Mutex
	spans   map[string]int      // by trace
	metrics map[string]struct{} // names
	bodies  strings.Builder
	wrong   []string
}

func (s *otlpSink) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var traces coltrace.ExportTraceServiceRequest
	var metrics colmetrics.ExportMetricsServiceRequest
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies.Write(body)
	if err == nil && r.URL.Path == "/v1/traces" {
		err = proto.Unmarshal(body, &traces)
	} else if err == nil {
		err = proto.Unmarshal(body, &metrics)
	}
	if err != nil {
		s.wrong = append(s.wrong, err.Error())
	}
	for _, resource := range traces.GetResourceSpans() {
		for _, span := range resource.GetScopeSpans()[0].GetSpans() {
			s.spans[string(span.GetTraceId())]++
		}
	}
	for _, resource := range metrics.GetResourceMetrics() {
		for _, m := range resource.GetScopeMetrics()[0].GetMetrics() {
			s.metrics[m.GetName()] = struct{}{}
		}
	}
}

// count is how many traces have arrived.
func (s *otlpSink) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.spans)
}

// TestTraces: call, answer, check and monitor name their traces to the signaling server and send them, without
// passwords.
func TestTraces(t *testing.T) {
	t.Parallel()
	sink := &otlpSink{spans: map[string]int{}, metrics: map[string]struct{}{}}
	receiver := httptest.NewServer(sink)
	t.Cleanup(receiver.Close)
	page, err := url.Parse(startServe(t))
	if err != nil {
		t.Fatal(err)
	}
	page.Path = ""
	proxy, named := httputil.NewSingleHostReverseProxy(page), sync.Map{} // traces that the server was told of
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		parts := strings.Split(r.Header.Get("Traceparent"), "-")
		if len(parts) != 4 {
			t.Errorf("%s has the traceparent %q", r.URL, parts)
		} else {
			named.Store(parts[1], true)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	common := []string{"--server", server.URL + "/call/", "--otlp", receiver.URL, "--no-media"}
	answer := startTool(t, append([]string{"answer", "w1", "--max-calls=2"}, common...)...)
	for _, args := range [][]string{
		{"call", "w1", "--plain", "--for=100ms", "--ice-user=ann", "--ice-pass=s3cr3t"},
		{"check", "--room=w1", "--for=100ms", "--expect-media=none"},
	} {
		if one := startTool(t, append(args, common...)...); one.exits() != 0 || one.stderr.Len() > 0 && args[0] == "call" {
			t.Errorf("%v: %s\n%s", args, one.said(), one.stderr.String())
		}
	}
	if answer.exits() != 0 {
		t.Errorf("answer: %s", answer.said())
	}
	modules := filepath.Join(t.TempDir(), "monitor.toml")
	if err := os.WriteFile(modules, []byte(modulesOfTest), 0o600); err != nil {
		t.Fatal(err)
	}
	monitor := startTool(t, "monitor", "--listen", "127.0.0.1:0", "--modules", modules, "--otlp", receiver.URL)
	monitor.await("listening on ")
	for sink.count() < 5 { // its schedule has begun with a call
		select {
		case <-t.Context().Done():
			t.Fatal("no trace of a probe")
		case <-time.After(20 * time.Millisecond):
		}
	}
	monitor.end()
	count := 0
	named.Range(func(any, any) bool { count++; return true })
	sink.mu.Lock()
	defer sink.mu.Unlock()
	if count != 4 || len(sink.spans) != 5 || len(sink.wrong) > 0 || strings.Contains(sink.bodies.String(), "s3cr3t") {
		t.Errorf("%d traces were named to the server, %d were sent, %v", count, len(sink.spans), sink.wrong)
	}
	for trace, spans := range sink.spans {
		if spans < 5 {
			t.Errorf("%x has %d spans", trace, spans)
		}
	}
	for _, name := range []string{"dialtone_check_success", "dialtone_check_setup_seconds", "dialtone_check_path_info"} {
		if _, ok := sink.metrics[name]; !ok {
			t.Errorf("no metric %s", name)
		}
	}
}
