package telemetry

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

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
	mu      sync.Mutex
	spans   []*tracepb.Span
	metrics map[string]float64 // the last value of each
	wrong   []string
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	switch req.URL.Path {
	case "/v1/traces":
		var got coltrace.ExportTraceServiceRequest
		if err = proto.Unmarshal(body, &got); err == nil {
			for _, resource := range got.GetResourceSpans() {
				for _, scope := range resource.GetScopeSpans() {
					r.spans = append(r.spans, scope.GetSpans()...)
				}
			}
		}
	case "/v1/metrics":
		var got colmetrics.ExportMetricsServiceRequest
		if err = proto.Unmarshal(body, &got); err == nil {
			for _, resource := range got.GetResourceMetrics() {
				for _, scope := range resource.GetScopeMetrics() {
					for _, m := range scope.GetMetrics() {
						for _, p := range m.GetGauge().GetDataPoints() {
							r.metrics[m.GetName()] = p.GetAsDouble()
						}
					}
				}
			}
		}
	default:
		r.wrong = append(r.wrong, req.URL.Path)
	}
	if err != nil {
		r.wrong = append(r.wrong, err.Error())
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// ended is a call that was connected and lost its peer.
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

func TestSend(t *testing.T) {
	r := &receiver{metrics: map[string]float64{}}
	server := httptest.NewServer(r)
	defer server.Close()
	s, err := (&Flags{OTLP: server.URL}).Open(t.Context(), "v1")
	if err != nil {
		t.Fatal(err)
	}
	began := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	traceparent, send := s.Traced(t.Context(), func(text string) { t.Error(text) })
	send(began, ended())
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if len(r.wrong) > 0 || len(r.spans) != 3 {
		t.Fatalf("%d spans, %v", len(r.spans), r.wrong)
	}
	spans := map[string]*tracepb.Span{}
	for _, span := range r.spans {
		spans[span.GetName()] = span
	}
	root := spans["call"]
	parts := strings.Split(traceparent, "-")
	if len(parts) != 4 || parts[0] != "00" || parts[1] != hexOf(root.GetTraceId()) || parts[2] != hexOf(root.GetSpanId()) ||
		len(root.GetParentSpanId()) != 0 {
		t.Errorf("traceparent %s of %v", traceparent, root)
	}
	for name, ms := range map[string][2]int{"call": {0, 1000}, "dial": {1, 5}, "wait": {5, 1000}} {
		span := spans[name]
		from := began.Add(time.Duration(ms[0]) * time.Millisecond).UnixNano()
		to := began.Add(time.Duration(ms[1]) * time.Millisecond).UnixNano()
		if int64(span.GetStartTimeUnixNano()) != from || int64(span.GetEndTimeUnixNano()) != to { //nolint:gosec // a test
			t.Errorf("%s: %v", name, span)
		}
		if name != "call" && (string(span.GetParentSpanId()) != string(root.GetSpanId()) || string(span.GetTraceId()) != string(root.GetTraceId())) {
			t.Errorf("%s has the parent %x", name, span.GetParentSpanId())
		}
	}
	if len(root.GetEvents()) == 0 || root.GetStatus().GetCode() != tracepb.Status_STATUS_CODE_ERROR {
		t.Errorf("the root: %v", root)
	}
	if got, ok := r.metrics["dialtone_check_exit_code"]; !ok || got != float64(diag.ExitNoPeer) {
		t.Errorf("metrics %v", r.metrics)
	}
}

func hexOf(b []byte) string {
	const digits = "0123456789abcdef"
	var out strings.Builder
	for _, c := range b {
		out.WriteByte(digits[c>>4])
		out.WriteByte(digits[c&15])
	}
	return out.String()
}

// TestAbsentReceiver: what cannot be sent is reported with the next step, and a call without --otlp sends nothing.
func TestAbsentReceiver(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	s, err := (&Flags{OTLP: server.URL}).Open(t.Context(), "v1")
	server.Close()
	if err != nil {
		t.Fatal(err)
	}
	var said string
	_, send := s.Traced(t.Context(), func(text string) { said += text })
	send(time.Now(), ended())
	if !strings.Contains(said, "--otlp") {
		t.Errorf("it says %q", said)
	}
	_ = s.Close(t.Context()) // it fails likewise
	none, err := (&Flags{}).Open(t.Context(), "v1")
	if err != nil {
		t.Fatal(err)
	}
	if traceparent, send := none.Traced(t.Context(), nil); traceparent != "" {
		t.Error(traceparent)
	} else {
		send(time.Now(), ended())
	}
}

func TestComplete(t *testing.T) {
	for text, ok := range map[string]bool{
		"": true, "http://localhost:4318": true, "https://otlp.example.org/base": true,
		"localhost:4318": false, "grpc://localhost": false, "http://ann:secret@localhost:4318": false, "http://": false, "http://x?y": false,
	} {
		err := (&Flags{OTLP: text}).Complete()
		if (err == nil) != ok || err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
