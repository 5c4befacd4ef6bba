package signal

import "context"

// traceKey is the context key of a traceparent.
type traceKey struct{}

// WithTrace lets the requests that are made with the context name the trace that they belong to: a traceparent of W3C
// Trace Context. "" names none.
func WithTrace(ctx context.Context, traceparent string) context.Context {
	if traceparent == "" {
		return ctx
	}
	return context.WithValue(ctx, traceKey{}, traceparent)
}

// Trace is the traceparent of a context, "" without one.
func Trace(ctx context.Context) string {
	traceparent, _ := ctx.Value(traceKey{}).(string)
	return traceparent
}
