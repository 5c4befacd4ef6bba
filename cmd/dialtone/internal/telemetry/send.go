package telemetry

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/report"
	"dialtone/diag/report/gauges"
)

// scope names what makes spans and metrics.
const scope = "dialtone"

// traced names the trace of a call.
type traced struct {
	trace  trace.TraceID
	root   trace.SpanID
	parent trace.SpanContext // of the root; not valid: none
}

// newTrace names a call: below the parent that the environment names, else by itself.
func (s *Sender) newTrace() (t traced) {
	carrier := propagation.MapCarrier{"traceparent": s.parent}
	t.parent = trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), carrier))
	_, _ = rand.Read(t.trace[:]) // crypto/rand.Read never fails
	_, _ = rand.Read(t.root[:])
	if t.parent.IsValid() {
		t.trace = t.parent.TraceID()
	}
	return t
}

// traceparent is the W3C header that names the call to servers.
func (t traced) traceparent() string { return fmt.Sprintf("00-%s-%s-01", t.trace, t.root) }

// NewIDs implements sdktrace.IDGenerator for a call without a parent.
func (t traced) NewIDs(context.Context) (trace.TraceID, trace.SpanID) { return t.trace, t.root }

// NewSpanID implements sdktrace.IDGenerator: below the parent is the root, below the root are the phases.
func (t traced) NewSpanID(ctx context.Context, _ trace.TraceID) (id trace.SpanID) {
	if trace.SpanContextFromContext(ctx).IsRemote() {
		return t.root
	}
	_, _ = rand.Read(id[:]) // crypto/rand.Read never fails
	return id
}

// sendTrace sends a call of which the log began at a time.
func (s *Sender) sendTrace(ctx context.Context, t traced, began time.Time, placed *call.Call) error {
	ended := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithResource(s.about), sdktrace.WithIDGenerator(t),
		sdktrace.WithSampler(sdktrace.AlwaysSample()), sdktrace.WithSyncer(ended))
	tracer := provider.Tracer(scope, trace.WithInstrumentationVersion(s.version()))
	draw(trace.ContextWithRemoteSpanContext(ctx, t.parent), tracer, began, placed)
	return s.spans.ExportSpans(ctx, ended.GetSpans().Snapshots())
}

// draw makes the spans: the call, and its phases below it.
func draw(ctx context.Context, tracer trace.Tracer, began time.Time, placed *call.Call) {
	verdict, end := judge.Judge(placed), began.Add(placed.Now)
	ctx, root := tracer.Start(ctx, "call", trace.WithTimestamp(began), trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(
			attribute.String("dialtone.command", placed.Start.Command),
			attribute.String("dialtone.role", string(placed.Role)),
			attribute.String("dialtone.exit.name", verdict.Exit.String()),
			attribute.Int("dialtone.exit.code", int(verdict.Exit)),
			attribute.String("dialtone.ended", string(verdict.Outcome.Ended)),
		))
	for _, phase := range placed.Spans {
		_, span := tracer.Start(ctx, string(phase.Phase), trace.WithTimestamp(began.Add(phase.Start)), trace.WithAttributes(
			attribute.String("dialtone.outcome", string(phase.Outcome)),
			attribute.String("dialtone.subject", diag.Clean(phase.Subject, 300)),
		))
		if phase.Outcome == diag.OutcomeFailed {
			span.SetStatus(codes.Error, diag.Clean(phase.Detail, 300))
		}
		span.End(trace.WithTimestamp(began.Add(phase.Start + phase.Length(placed.Now))))
	}
	for _, f := range report.Written(verdict.Findings) {
		root.AddEvent(f.ID, trace.WithTimestamp(end), trace.WithAttributes(
			attribute.String("dialtone.severity", string(f.Severity)), attribute.String("dialtone.subject", f.Subject),
			attribute.String("dialtone.title", f.Title),
		))
	}
	if verdict.Exit != diag.ExitPass {
		root.SetStatus(codes.Error, verdict.Exit.String())
	}
	root.End(trace.WithTimestamp(end))
}

// sendMetrics sends numbers as gauges.
func (s *Sender) sendMetrics(ctx context.Context, families []gauges.Family, at time.Time) error {
	sent := metricdata.ScopeMetrics{Scope: instrumentation.Scope{Name: scope, Version: s.version()}}
	for _, f := range families {
		points := make([]metricdata.DataPoint[float64], 0, len(f.Samples))
		for _, one := range f.Samples {
			labels := make([]attribute.KeyValue, 0, len(one.Labels)/2)
			for i := 0; i < len(one.Labels); i += 2 {
				labels = append(labels, attribute.String(one.Labels[i], one.Labels[i+1]))
			}
			points = append(points, metricdata.DataPoint[float64]{
				Attributes: attribute.NewSet(labels...), Time: at, Value: one.Value,
			})
		}
		sent.Metrics = append(sent.Metrics, metricdata.Metrics{
			Name: f.Name, Description: f.Help, Data: metricdata.Gauge[float64]{DataPoints: points},
		})
	}
	return s.gauges.Export(ctx, &metricdata.ResourceMetrics{
		Resource: s.about, ScopeMetrics: []metricdata.ScopeMetrics{sent},
	})
}
