// Package telemetry sends calls to an OpenTelemetry receiver: each call as a trace, whose spans are the phases of the
// call and whose events are its findings, and reports as metrics.
package telemetry

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"

	"dialtone/cmd/dialtone/internal/endpoint"
	"dialtone/diag/call"
	"dialtone/diag/judge"
	"dialtone/diag/report"
)

// URL is the address of a receiver of OTLP over HTTP, without the path of a signal.
type URL string

// ParseURL reads an address.
func ParseURL(text string) (URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "":
		return "", errors.New("not the address of an OTLP receiver: write it as http://localhost:4318")
	case u.User != nil:
		return "", errors.New("an address must not contain a password: put it into OTEL_EXPORTER_OTLP_HEADERS")
	}
	base, _ := strings.CutSuffix(text, "/")
	for _, path := range []string{"/v1/traces", "/v1/metrics"} { // that of one signal leads to both
		base = strings.TrimSuffix(base, path)
	}
	return URL(base), nil
}

// Flags are those of the commands whose calls can be sent.
type Flags struct {
	OTLP URL `name:"otlp" scenario:"-" placeholder:"URL" help:"Send each call as a trace, and the results as metrics, to this OpenTelemetry receiver (OTLP over HTTP), such as http://localhost:4318. Default: OTEL_EXPORTER_OTLP_ENDPOINT; the other variables of the standard count too."`
}

// receiver is what Open looks for in a command.
func (f *Flags) receiver() URL { return f.OTLP }

// backlog is how many calls and reports wait for a slow receiver; those beyond are not sent.
const backlog = 64

// Sender sends in the background. nil sends nothing.
type Sender struct {
	environment
	about    *resource.Resource
	complain func(string)
	spans    *otlptrace.Exporter      // nil: traces are not sent
	gauges   *otlpmetrichttp.Exporter // nil: metrics are not sent
	queue    chan func(context.Context) error
	done     chan struct{}
	stop     context.CancelFunc

	mu                sync.Mutex
	accepted, refused int
	pending           string // a failure that was not reported
	failing           bool   // the last message failed
	closed            bool
}

// Options of a sender.
type Options struct {
	Command  any // with Flags in it; others send nothing
	Version  string
	Getenv   func(string) string // the environment of the process
	Complain func(string)        // gets a line for a person
}

// Open makes a sender for a command, nil if the user and the environment ask for none. It does not connect. What cannot
// be sent is reported to complain: no call depends on it.
func Open(ctx context.Context, o Options) *Sender {
	f, ok := o.Command.(interface{ receiver() URL })
	if !ok {
		return nil
	}
	env, err := read(o.Getenv, f.receiver())
	if err != nil {
		o.Complain("dialtone: warning: nothing is sent to OpenTelemetry: " + err.Error())
		return nil
	}
	if !env.traces && !env.metrics {
		return nil
	}
	s := &Sender{
		environment: env, complain: o.Complain, about: about(ctx, o.Version),
		queue: make(chan func(context.Context) error, backlog), done: make(chan struct{}),
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(s.failed)) // such as a part that the receiver refused
	otel.SetLogger(quiet(s.failed))
	var authorities string
	if trusting, ok := o.Command.(interface{ Authorities() string }); ok {
		authorities = trusting.Authorities()
	}
	if err := s.connect(ctx, string(f.receiver()), authorities); err != nil {
		s.failed(err)
		s.Report()
		return nil
	}
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	go s.work(ctx)
	return s
}

// connect makes the exporters. They read the environment; an address of the user replaces those that it has, and a file
// of certificate authorities is used for what has none in the environment.
func (s *Sender) connect(ctx context.Context, receiver, authorities string) error {
	trust, err := endpoint.Trust(false, authorities)
	if err != nil {
		return err
	}
	spans := []otlptracehttp.Option{otlptracehttp.WithRetry(otlptracehttp.RetryConfig(again))}
	figures := []otlpmetrichttp.Option{otlpmetrichttp.WithRetry(otlpmetrichttp.RetryConfig(again))}
	if trust != nil && s.secured(receiver, "TRACES_") {
		spans = append(spans, otlptracehttp.WithTLSClientConfig(trust))
	}
	if trust != nil && s.secured(receiver, "METRICS_") {
		figures = append(figures, otlpmetrichttp.WithTLSClientConfig(trust))
	}
	if receiver != "" {
		at := func(path string) string {
			joined, _ := url.JoinPath(receiver, path) // it was parsed before
			return joined
		}
		spans = append(spans, otlptracehttp.WithEndpointURL(at("v1/traces")))
		figures = append(figures, otlpmetrichttp.WithEndpointURL(at("v1/metrics")))
	}
	if s.traces {
		if s.spans, err = otlptracehttp.New(ctx, spans...); err != nil {
			return err
		}
	}
	if s.metrics {
		s.gauges, err = otlpmetrichttp.New(ctx, figures...)
	}
	return err
}

// again is how a receiver that says "not now" is asked again, within the timeout of a message.
var again = struct {
	Enabled         bool
	InitialInterval time.Duration
	MaxInterval     time.Duration
	MaxElapsedTime  time.Duration
}{true, 500 * time.Millisecond, 2 * time.Second, 6 * time.Second}

// Begin gives the traceparent of a call that begins, and a function that takes the call when it has ended.
func (s *Sender) Begin() (traceparent string, ended func(began time.Time, placed *call.Call)) {
	if s == nil || s.spans == nil {
		return "", func(time.Time, *call.Call) {}
	}
	id := s.newTrace()
	return id.traceparent(), func(began time.Time, placed *call.Call) {
		if placed != nil { // else it could not begin
			s.put(func(ctx context.Context) error { return s.sendTrace(ctx, id, began, placed) })
		}
	}
}

// Traced is Begin for the run of a check.
func (s *Sender) Traced() (traceparent string, ended func(report.RunInput)) {
	traceparent, end := s.Begin()
	return traceparent, func(in report.RunInput) { end(in.Began, in.Call) }
}

// Placed is Begin for a call that is no part of a check: it has a report of its own. It reports what failed before.
func (s *Sender) Placed() (traceparent string, ended func(began time.Time, placed *call.Call)) {
	s.Report()
	traceparent, end := s.Begin()
	return traceparent, func(began time.Time, placed *call.Call) {
		end(began, placed)
		if s != nil && placed != nil {
			s.Results(report.Build(report.Input{
				Tool: "dialtone " + s.version(), Name: placed.Start.Command, StartedAt: began, Duration: placed.Now,
				Runs: []report.Folded{report.Fold(judge.Expectation{}, report.RunInput{Began: began, Call: placed})},
			}))
		}
	}
}

// Results takes a report, whose numbers are sent as metrics.
func (s *Sender) Results(r *report.Report) {
	if s == nil || s.gauges == nil || r == nil {
		return
	}
	families, now := report.Gauges(r).Families(), time.Now()
	s.put(func(ctx context.Context) error { return s.sendMetrics(ctx, families, now) })
}

// put queues a message. What comes after Close, such as from a probe that did not end in time, is not sent.
func (s *Sender) put(send func(context.Context) error) {
	if !s.queued(send) {
		s.count(errors.New("it takes longer than the calls"))
	}
}

// queued reports whether there was room for a message, or it is too late for one.
func (s *Sender) queued(send func(context.Context) error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return true
	}
	select {
	case s.queue <- send:
		return true
	default:
		return false
	}
}

// work sends what is queued until the queue is closed.
func (s *Sender) work(ctx context.Context) {
	defer close(s.done)
	for send := range s.queue {
		bounded, stop := context.WithTimeout(ctx, s.patience)
		s.count(send(bounded))
		stop()
	}
}

// count notes the result of a message.
func (s *Sender) count(err error) {
	if err != nil {
		s.failed(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failing = err != nil; err != nil {
		s.refused++
		return
	}
	s.accepted++
}

// failed keeps the first of several failures for the user.
func (s *Sender) failed(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.failing && s.pending == "" {
		advice := "check the address, the headers, and that it accepts OTLP over HTTP"
		var certificate *tls.CertificateVerificationError
		if errors.As(err, &certificate) {
			advice = "if you trust its certificate authority, name it with --ca FILE or OTEL_EXPORTER_OTLP_CERTIFICATE=FILE"
		}
		s.pending = s.clean(err.Error()) + "; " + advice
	}
	s.failing = true
}

// Report reports a failure in a line, unless the one before it was reported and nothing has arrived since.
func (s *Sender) Report() {
	if s == nil {
		return
	}
	s.mu.Lock()
	text := s.pending
	s.pending = ""
	s.mu.Unlock()
	if text != "" {
		s.complain("dialtone: warning: the OpenTelemetry receiver did not accept a message: " + text)
	}
}

// Close sends what is queued, within the timeout of a message, and reports what could not be sent.
func (s *Sender) Close() {
	if s == nil {
		return
	}
	s.mu.Lock()
	s.closed = true
	close(s.queue)
	s.mu.Unlock()
	timer := time.AfterFunc(s.patience, s.stop)
	<-s.done
	timer.Stop()
	s.stop()
	s.Report()
	if s.refused > 1 {
		s.complain(fmt.Sprintf("dialtone: warning: the OpenTelemetry receiver did not accept %d of %d messages", s.refused,
			s.refused+s.accepted))
	}
}
