package telemetry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"

	"dialtone/diag"
)

// environment is what the variables of OpenTelemetry's standard ask for, beyond what the exporters read themselves.
type environment struct {
	traces, metrics bool          // what is sent
	patience        time.Duration // for a message, with all its repetitions
	parent          string        // a traceparent to be below, such as that of a job of CI
	secrets         []string      // that no message for a person may contain
	getenv          func(string) string
}

// defaultPatience is that of the standard.
const defaultPatience = 10 * time.Second

const prefix = "OTEL_EXPORTER_OTLP_"

// read reads the variables. receiver is the address that the user gave, or "".
func read(getenv func(string) string, receiver URL) (environment, error) {
	e := environment{patience: defaultPatience, parent: getenv("TRACEPARENT"), getenv: getenv}
	wanted := func(signal string) bool {
		at := cmp.Or(string(receiver), getenv(prefix+signal+"_ENDPOINT"), getenv(prefix+"ENDPOINT"))
		return at != "" && cmp.Or(getenv("OTEL_"+signal+"_EXPORTER"), "otlp") == "otlp"
	}
	e.traces, e.metrics = wanted("TRACES"), wanted("METRICS")
	if !e.traces && !e.metrics {
		return e, nil
	}
	if strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true") {
		e.traces, e.metrics = false, false
		if receiver == "" {
			return e, nil
		}
		return e, errors.New("OTEL_SDK_DISABLED is true")
	}
	for _, signal := range []string{"", "TRACES_", "METRICS_"} {
		if p := getenv(prefix + signal + "PROTOCOL"); p != "" && p != "http/protobuf" && receiver == "" {
			return e, fmt.Errorf("%s%sPROTOCOL asks for %s: use http/protobuf, or give the address for it by --otlp",
				prefix, signal, diag.Clean(p, 40))
		}
		ms, err := strconv.Atoi(getenv(prefix + signal + "TIMEOUT"))
		if err == nil && ms > 0 {
			e.patience = min(time.Duration(ms)*time.Millisecond, time.Minute)
		}
		secrets, err := values(getenv(prefix + signal + "HEADERS"))
		if err != nil {
			return e, fmt.Errorf("%s%sHEADERS is not of the form NAME=VALUE,NAME=VALUE", prefix, signal)
		}
		e.secrets = append(e.secrets, secrets...)
		slices.SortFunc(e.secrets, func(a, b string) int { return len(b) - len(a) }) // one may begin another
	}
	return e, nil
}

// secured reports whether a signal goes over TLS, and the environment has no files for it.
func (e environment) secured(receiver, signal string) bool {
	at := cmp.Or(receiver, e.getenv(prefix+signal+"ENDPOINT"), e.getenv(prefix+"ENDPOINT"))
	for _, file := range []string{"CERTIFICATE", "CLIENT_CERTIFICATE"} {
		if cmp.Or(e.getenv(prefix+signal+file), e.getenv(prefix+file)) != "" {
			return false
		}
	}
	return strings.HasPrefix(at, "https:")
}

var errForm = errors.New("not NAME=VALUE")

// values are those of headers, and the words in them.
func values(headers string) (out []string, err error) {
	if headers == "" {
		return nil, nil
	}
	for pair := range strings.SplitSeq(headers, ",") {
		name, value, ok := strings.Cut(pair, "=")
		plain, err := url.PathUnescape(value)
		if !ok || err != nil || strings.TrimSpace(name) == "" {
			return nil, errForm
		}
		out = append(out, value, plain)
		out = append(out, strings.Fields(plain)...)
	}
	return out, nil
}

// shortestSecret is the length from which a part of a header is not shown: shorter ones are words such as "1".
const shortestSecret = 4

// clean makes a line of foreign text, without secrets.
func (e environment) clean(text string) string {
	for _, secret := range e.secrets {
		if len(secret) >= shortestSecret {
			text = strings.ReplaceAll(text, secret, "…")
		}
	}
	return diag.Clean(text, 300)
}

// version of this program.
func (s *Sender) version() string {
	v, _ := s.about.Set().Value("service.version")
	return v.AsString()
}

// about describes this program; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES can change it.
func about(ctx context.Context, version string) *resource.Resource {
	fixed := resource.WithAttributes(attribute.String("service.name", "dialtone"),
		attribute.String("service.version", version))
	r, err := resource.New(ctx, fixed, resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil { // attributes that cannot be read
		r, _ = resource.New(ctx, fixed)
	}
	return r
}

// quiet is a logger of the library that passes errors on without their details, which can be secrets.
func quiet(failed func(error)) logr.Logger { return logr.New(sink{failed}) }

type sink struct{ failed func(error) }

// Init implements logr.LogSink.
func (sink) Init(logr.RuntimeInfo) {}

// Enabled implements logr.LogSink.
func (sink) Enabled(int) bool { return false }

// Info implements logr.LogSink.
func (sink) Info(int, string, ...any) {}

// Error implements logr.LogSink.
func (s sink) Error(_ error, what string, _ ...any) {
	s.failed(errors.New("a variable OTEL_… cannot be used: " + what))
}

// WithValues implements logr.LogSink.
func (s sink) WithValues(...any) logr.LogSink { return s }

// WithName implements logr.LogSink.
func (s sink) WithName(string) logr.LogSink { return s }
