package telemetry

import (
	"compress/gzip"
	"encoding/hex"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"dialtone/diag"
	"dialtone/diag/call"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// receiver decodes what is sent with the official types.
type receiver struct {
	mu       sync.Mutex
	spans    []*tracepb.Span
	metrics  map[string]float64 // the last value of each
	resource string             // attributes of the last one
	headers  []http.Header
	wrong    []string
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.headers = append(r.headers, req.Header)
	body := io.Reader(req.Body)
	if req.Header.Get("Content-Encoding") == "gzip" {
		zipped, err := gzip.NewReader(req.Body)
		if err != nil {
			r.wrong = append(r.wrong, err.Error())
			return
		}
		body = zipped
	}
	raw, err := io.ReadAll(body)
	switch {
	case err != nil:
	case strings.HasSuffix(req.URL.Path, "/traces"):
		err = r.takeTrace(raw)
	case strings.HasSuffix(req.URL.Path, "/metrics"):
		err = r.takeMetrics(raw)
	}
	if err != nil || req.Header.Get("Content-Type") != "application/x-protobuf" {
		r.wrong = append(r.wrong, "not OTLP: "+req.URL.Path)
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

func (r *receiver) takeTrace(raw []byte) error {
	var got coltrace.ExportTraceServiceRequest
	err := proto.Unmarshal(raw, &got)
	for _, resource := range got.GetResourceSpans() {
		r.resource = resource.GetResource().String()
		for _, scope := range resource.GetScopeSpans() {
			r.spans = append(r.spans, scope.GetSpans()...)
		}
	}
	return err
}

func (r *receiver) takeMetrics(raw []byte) error {
	var got colmetrics.ExportMetricsServiceRequest
	err := proto.Unmarshal(raw, &got)
	for _, resource := range got.GetResourceMetrics() {
		for _, scope := range resource.GetScopeMetrics() {
			for _, m := range scope.GetMetrics() {
				for _, p := range m.GetGauge().GetDataPoints() {
					r.metrics[m.GetName()] = p.GetAsDouble()
				}
			}
		}
	}
	return err
}

// started is a receiver that listens.
func started(t *testing.T) (*receiver, string) {
	t.Helper()
	r := &receiver{metrics: map[string]float64{}}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	return r, server.URL
}

// opened is a sender with an environment, and what it has complained of so far.
func opened(t *testing.T, address string, environ map[string]string) (*Sender, func() string) {
	t.Helper()
	for name, value := range environ {
		t.Setenv(name, value)
	}
	var mu sync.Mutex
	var said []string
	s := Open(t.Context(), Options{
		Command: &Flags{OTLP: URL(address)}, Version: "v1", Getenv: func(name string) string { return environ[name] },
		Complain: func(text string) {
			mu.Lock()
			defer mu.Unlock()
			said = append(said, text)
		},
	})
	return s, func() string {
		mu.Lock()
		defer mu.Unlock()
		return strings.Join(said, "\n")
	}
}

// ended is a call that waited for its peer in vain.
func ended() *call.Call {
	at := func(seq uint64, ms int, d diag.Data) diag.Event {
		return diag.Event{Seq: seq, At: time.Duration(ms) * time.Millisecond, Data: d}
	}
	return call.Fold([]diag.Event{
		at(1, 0, diag.CallStart{Command: "call"}),
		at(2, 1, diag.PhaseStart{Phase: diag.PhaseDial}),
		at(3, 5, diag.PhaseEnd{Phase: diag.PhaseDial, Outcome: diag.OutcomeOK}),
		at(4, 5, diag.PhaseStart{Phase: diag.PhaseWait}),
		at(5, 1000, diag.CallEnded{Reason: diag.EndNoPeer, By: diag.ByLocal}),
	})
}

var began = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// TestCallIsTrace: a call is a root with its phases below it, at their times, with its findings, named as servers are
// told; its numbers are metrics.
func TestCallIsTrace(t *testing.T) {
	r, address := started(t)
	s, said := opened(t, address, nil)
	traceparent, end := s.Placed()
	end(began, ended())
	s.Close()
	if said() != "" || len(r.wrong) > 0 || len(r.spans) != 3 {
		t.Fatalf("%d spans, %v, %s", len(r.spans), r.wrong, said())
	}
	spans := map[string]*tracepb.Span{}
	for _, span := range r.spans {
		spans[span.GetName()] = span
	}
	root := spans["call"]
	if want := "00-" + hex.EncodeToString(root.GetTraceId()) + "-" + hex.EncodeToString(root.GetSpanId()) + "-01"; traceparent != want {
		t.Errorf("servers are told %s, the root is %s", traceparent, want)
	}
	for name, ms := range map[string][2]int{"call": {0, 1000}, "dial": {1, 5}, "wait": {5, 1000}} {
		span, parent := spans[name], root.GetSpanId()
		if name == "call" {
			parent = nil
		}
		from, to := began.Add(time.Duration(ms[0])*time.Millisecond), began.Add(time.Duration(ms[1])*time.Millisecond)
		got := [2]time.Time{unix(span.GetStartTimeUnixNano()), unix(span.GetEndTimeUnixNano())}
		if diff := cmp.Diff([2]time.Time{from, to}, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if string(span.GetParentSpanId()) != string(parent) || string(span.GetTraceId()) != string(root.GetTraceId()) {
			t.Errorf("%s has the parent %x", name, span.GetParentSpanId())
		}
	}
	if len(root.GetEvents()) == 0 || root.GetEvents()[0].GetName() == "" ||
		root.GetStatus().GetCode() != tracepb.Status_STATUS_CODE_ERROR {
		t.Errorf("the root: %v", root)
	}
	if got, ok := r.metrics["dialtone_check_exit_code"]; !ok || got != float64(diag.ExitNoPeer) {
		t.Errorf("metrics %v", r.metrics)
	}
}

func unix(ns uint64) time.Time { return time.Unix(0, int64(ns)).UTC() } //nolint:gosec // a test

// TestEnvironment: the variables of the standard say where to send to, what, how, and below which trace.
func TestEnvironment(t *testing.T) {
	r, address := started(t)
	s, said := opened(t, "", map[string]string{
		prefix + "ENDPOINT": address + "/base", prefix + "HEADERS": "api-key=very%20secret", prefix + "COMPRESSION": "gzip",
		"OTEL_SERVICE_NAME": "night-check", "OTEL_RESOURCE_ATTRIBUTES": "site=berlin", "OTEL_METRICS_EXPORTER": "none",
		"TRACEPARENT": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	})
	traceparent, end := s.Placed()
	end(began, ended())
	s.Close()
	if said() != "" || len(r.wrong) > 0 || len(r.spans) != 3 || len(r.metrics) != 0 {
		t.Fatalf("%d spans, %d metrics, %v, %s", len(r.spans), len(r.metrics), r.wrong, said())
	}
	if !strings.HasPrefix(traceparent, "00-0af7651916cd43dd8448eb211c80319c-") {
		t.Errorf("traceparent %s", traceparent)
	}
	for _, span := range r.spans {
		parent := hex.EncodeToString(span.GetParentSpanId())
		if span.GetName() == "call" && (parent != "b7ad6b7169203331" ||
			!strings.Contains(traceparent, hex.EncodeToString(span.GetSpanId()))) {
			t.Errorf("the root is below %s", parent)
		}
	}
	if h := r.headers[0]; h.Get("Api-Key") != "very secret" || h.Get("Content-Encoding") != "gzip" {
		t.Errorf("headers %v", h)
	}
	for _, want := range []string{"night-check", "berlin", "v1"} {
		if !strings.Contains(r.resource, want) {
			t.Errorf("%s has no %s", r.resource, want)
		}
	}
}

// TestEnvironmentAsksForNothing lists what keeps a sender from being made, with the words about it.
func TestEnvironmentAsksForNothing(t *testing.T) {
	const some = "http://localhost:4318"
	for name, tt := range map[string]struct {
		address string
		environ map[string]string
		want    string
	}{
		"no address":     {},
		"disabled":       {"", map[string]string{prefix + "ENDPOINT": some, "OTEL_SDK_DISABLED": "TRUE"}, ""},
		"disabled by":    {some, map[string]string{"OTEL_SDK_DISABLED": "true"}, "OTEL_SDK_DISABLED"},
		"neither":        {some, map[string]string{"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"}, ""},
		"gRPC":           {"", map[string]string{prefix + "ENDPOINT": some, prefix + "PROTOCOL": "grpc"}, "http/protobuf"},
		"broken headers": {some, map[string]string{prefix + "HEADERS": "s3cr3t-value"}, "NAME=VALUE"},
		"broken escape":  {some, map[string]string{prefix + "TRACES_HEADERS": "a=s3cr3t%zz"}, "NAME=VALUE"},
	} {
		s, said := opened(t, tt.address, tt.environ)
		if s != nil || (tt.want == "") != (said() == "") || !strings.Contains(said(), tt.want) || strings.Contains(said(), "s3cr3t") {
			t.Errorf("%s: %v, %q", name, s != nil, said())
		}
	}
	if s := Open(t.Context(), Options{Command: "another"}); s != nil {
		t.Error("a command without the flags sends")
	}
}

// TestReceiverFails: what is not taken is reported in one line, without the header that the receiver repeats, however
// often it fails.
func TestReceiverFails(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, "unknown\x1b[2J "+r.Header.Get("Authorization")+" "+r.Header.Get("X-Key"))
	}))
	defer server.Close()
	s, said := opened(t, server.URL, map[string]string{prefix + "HEADERS": "Authorization=Bearer%20s3cr3t,X-Key=s3cr3tZebra"})
	for range 3 {
		_, end := s.Begin()
		end(began, ended())
	}
	s.Close()
	text := said()
	if strings.Contains(text, "s3cr3t") || strings.Contains(text, "Zebra") || strings.Contains(text, "\x1b") || strings.Count(text, "\n") != 1 ||
		!strings.Contains(text, "401") || !strings.Contains(text, "3 of 3 messages") {
		t.Errorf("it says %q", text)
	}
}

// TestReceiverIsNotTrusted: who has a certificate authority of their own learns where it is named.
func TestReceiverIsNotTrusted(t *testing.T) {
	server := httptest.NewUnstartedServer(nil)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	s, said := opened(t, server.URL, nil)
	_, end := s.Begin()
	end(began, ended())
	s.Close()
	if !strings.Contains(said(), "--ca FILE or "+prefix+"CERTIFICATE=FILE") {
		t.Errorf("it says %q", said())
	}
}

// trusting is a command with --otlp and --ca.
type trusting struct {
	Flags
	file string
}

func (c *trusting) Authorities() string { return c.file }

// TestAuthority: --ca counts for the receiver, however its address is given, unless the environment has a file for it.
func TestAuthority(t *testing.T) {
	got := &receiver{metrics: map[string]float64{}}
	server := httptest.NewUnstartedServer(got)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	plain, address := started(t)
	file := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(file, block, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		receiver string
		environ  map[string]string
		spans    int // that both receivers have then
	}{
		{receiver: server.URL, spans: 3},
		{environ: map[string]string{prefix + "ENDPOINT": server.URL}, spans: 6},
		{receiver: address, spans: 9}, // without TLS
		{receiver: server.URL, environ: map[string]string{prefix + "CERTIFICATE": "/nowhere"}, spans: 9},
	} {
		for name, value := range c.environ {
			t.Setenv(name, value)
		}
		var said []string
		s := Open(t.Context(), Options{
			Command: &trusting{Flags{OTLP: URL(c.receiver)}, file}, Getenv: func(name string) string { return c.environ[name] },
			Complain: func(text string) { said = append(said, text) },
		})
		_, end := s.Begin()
		end(began, ended())
		s.Close()
		if n := len(got.spans) + len(plain.spans); n != c.spans {
			t.Errorf("%+v: %d spans: %q", c, n, said)
		}
	}
}

// TestReceiverHangs: a receiver that does not answer delays no call, and the end by no more than the timeout.
func TestReceiverHangs(t *testing.T) {
	over := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-over }))
	defer server.Close()
	defer close(over)
	s, said := opened(t, server.URL, map[string]string{prefix + "TIMEOUT": "100"})
	for range 3 * backlog {
		_, end := s.Begin() // none of this waits
		end(began, ended())
	}
	s.Close()
	if text := said(); !strings.Contains(text, "192 of 192 messages") || strings.Count(text, "\n") != 1 {
		t.Errorf("it says %q", text)
	}
}

// TestReceiverSaysMuch: of an answer without an end, little is read.
func TestReceiverSaysMuch(t *testing.T) {
	for _, status := range []int{http.StatusOK, http.StatusBadRequest} {
		var wrote atomic.Int64
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			for b := make([]byte, 1<<20); wrote.Load() < 100<<20; {
				n, err := w.Write(b)
				if wrote.Add(int64(n)); err != nil {
					return
				}
			}
		}))
		s, said := opened(t, server.URL, nil)
		_, end := s.Placed()
		end(began, ended()) // a trace and metrics
		s.Close()
		if n := wrote.Load(); n > 50<<20 || !strings.Contains(said(), "2 of 2 messages") {
			t.Errorf("HTTP %d: %d MB were sent, and it says %q", status, n>>20, said())
		}
		server.Close()
	}
}

// TestNoSender: without one a call is not named, and nothing is sent.
func TestNoSender(t *testing.T) {
	var s *Sender
	traceparent, end := s.Placed()
	end(began, ended())
	s.Results(nil)
	s.Report()
	s.Close()
	if traceparent != "" {
		t.Error(traceparent)
	}
}

func TestParseURL(t *testing.T) {
	for text, want := range map[string]URL{
		"http://localhost:4318": "http://localhost:4318", "https://otlp.example.org/base/": "https://otlp.example.org/base",
		"http://a/v1/traces": "http://a", "http://a/otlp/v1/metrics/": "http://a/otlp", // of a signal, as collectors print it
		"": "", "localhost:4318": "", "grpc://localhost": "", "http://ann:secret@localhost:4318": "", "http://": "",
		"http://x?y": "",
	} {
		got, err := ParseURL(text)
		if got != want || (err == nil) != (want != "") || err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %q %v", text, got, err)
		}
	}
}

// TestAfterClose: a call that ends after the sender was closed is not sent, and does no harm.
func TestAfterClose(t *testing.T) {
	s, said := opened(t, "http://127.0.0.1:1", nil)
	_, end := s.Begin()
	s.Close()
	end(began, ended())
	if text := said(); text != "" {
		t.Errorf("it says %q", text)
	}
}
