package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// TestTraces: call, answer and check name their traces to the signaling server and send them, without passwords.
func TestTraces(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	named, sent := map[string]bool{}, map[string]int{} // traces
	var bodies strings.Builder
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var got coltrace.ExportTraceServiceRequest
		mu.Lock()
		defer mu.Unlock()
		bodies.Write(body)
		if r.URL.Path != "/v1/traces" {
			return
		}
		if err != nil || proto.Unmarshal(body, &got) != nil {
			t.Errorf("a trace that cannot be read: %v", err)
		}
		for _, span := range got.GetResourceSpans()[0].GetScopeSpans()[0].GetSpans() {
			sent[string(span.GetTraceId())]++
		}
	}))
	t.Cleanup(receiver.Close)
	page, err := url.Parse(startServe(t))
	if err != nil {
		t.Fatal(err)
	}
	page.Path = ""
	proxy := httputil.NewSingleHostReverseProxy(page)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		if parts := strings.Split(r.Header.Get("Traceparent"), "-"); len(parts) == 4 {
			named[parts[1]] = true
		}
		mu.Unlock()
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	common := []string{"--server", server.URL + "/call/", "--otlp", receiver.URL, "--no-media"}
	answer := startTool(t, append([]string{"answer", "secret-room", "--max-calls=2"}, common...)...)
	for _, args := range [][]string{
		{"call", "secret-room", "--plain", "--for=100ms"},
		{"check", "--room=secret-room", "--for=100ms", "--expect-media=none"},
	} {
		if one := startTool(t, append(args, common...)...); one.exits() != 0 {
			t.Errorf("%v: %s\n%s", args, one.said(), one.stderr.String())
		}
	}
	if answer.exits() != 0 {
		t.Errorf("answer: %s", answer.said())
	}
	mu.Lock()
	defer mu.Unlock()
	if len(named) != 4 || len(sent) != 4 || strings.Contains(bodies.String(), "secret-room") {
		t.Errorf("%d traces were named to the server, %d were sent", len(named), len(sent))
	}
	for trace, spans := range sent {
		if spans < 5 {
			t.Errorf("%x has %d spans", trace, spans)
		}
	}
}
