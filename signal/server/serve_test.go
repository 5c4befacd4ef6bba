package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"dialtone/signal/gate"
	"dialtone/signal/pairs"
)

// serve runs a server on loopback until the test ends.
func serve(t testing.TB, o Options) (address string) {
	t.Helper()
	address, stop := serveUntil(t, o)
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return address
}

func serveUntil(t testing.TB, o Options) (address string, stop func() error) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // loopback
	if err != nil {
		t.Fatal(err)
	}
	return ln.Addr().String(), serveOn(o, ln)
}

func serveOn(o Options, ln net.Listener) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- New(o).Serve(ctx, ln) }()
	return sync.OnceValue(func() error {
		cancel()
		return <-served
	})
}

// caller posts over a real connection.
type caller struct {
	t      testing.TB
	client *http.Client
	url    string
}

func newCaller(t testing.TB, address string) *caller {
	t.Helper()
	c := &caller{t, &http.Client{Transport: &http.Transport{}}, "http://" + address + "/call/call_line_process/"}
	t.Cleanup(c.client.CloseIdleConnections)
	return c
}

func (c *caller) post(body string) (reply, error) {
	req, err := http.NewRequestWithContext(context.Background(), "POST", c.url, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, string(raw)}, err
}

// mustPost may be called from any goroutine.
func (c *caller) mustPost(body string) reply {
	r, err := c.post(body)
	if err != nil {
		c.t.Error(err)
	}
	return r
}

func TestShutdown(t *testing.T) {
	for name, parked := range map[string]time.Duration{"in net/http": patience / 2, "detached": 2 * patience} {
		t.Run(name, func(t *testing.T) {
			address, stop := serveUntil(t, Options{})
			c := newCaller(t, address)
			user := c.mustPost(`{"code":"dial","call_code":"w"}`).userID(t)
			answered := make(chan reply, 1)
			go func() { answered <- c.mustPost(`{"code":"get_status","user_id":"` + user + `","wait_ms":25000}`) }()
			select {
			case r := <-answered:
				t.Fatalf("not parked: %+v", r)
			case <-time.After(parked):
			}
			begun := time.Now()
			if err := stop(); err != nil {
				t.Error(err)
			}
			if r := <-answered; r.status != 503 || r.reason() != "shutting_down" {
				t.Errorf("parked: %+v", r)
			}
			if took := time.Since(begun); took > 4*time.Second {
				t.Errorf("shutdown took %s", took)
			}
			if _, err := c.post(`{}`); err == nil {
				t.Error("still listening")
			}
		})
	}
}

// TestShutdownIsBounded: a client that does nothing cannot hold it up.
func TestShutdownIsBounded(t *testing.T) {
	address, stop := serveUntil(t, Options{ShutdownTimeout: 50 * time.Millisecond, BodyTimeout: time.Hour})
	conn, err := net.Dial("tcp", address) //nolint:noctx // loopback
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write([]byte("POST /call/call_line_process/ HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err != nil { // "100 Continue": the handler reads the body
		t.Fatal(err)
	}
	if err := stop(); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("stopped with %v", err)
	}
}

// TestReadersThatDoNotRead: pages that a client does not read take no more connections than those without a request.
func TestReadersThatDoNotRead(t *testing.T) {
	const most = 4
	entered, cut, over := make(chan struct{}), make(chan struct{}, 2*most), make(chan struct{})
	defer close(over)
	address := serve(t, Options{
		Conns: gate.ConnLimits{Idle: most},
		Page: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			entered <- struct{}{}
			select {
			case <-r.Context().Done():
				cut <- struct{}{}
			case <-over:
			}
		}),
	})
	for range 2 * most {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		if _, err := io.WriteString(c, "GET /call/ HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		<-entered
	}
	for range most {
		<-cut
	}
}

func TestServeFails(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // loopback
	if err != nil {
		t.Fatal(err)
	}
	_ = ln.Close()
	if err := New(Options{}).Serve(context.Background(), ln); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

// TestClientGoesAwayForReal: a closed connection frees its parked request.
func TestClientGoesAwayForReal(t *testing.T) {
	s := New(Options{Expiry: 100 * time.Millisecond})
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // loopback
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, ln) }()
	defer func() { cancel(); <-served }()
	c := newCaller(t, ln.Addr().String())
	user := c.mustPost(`{"code":"dial","call_code":"w"}`).userID(t)
	gone, leave := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer leave()
	req, err := http.NewRequestWithContext(gone, "POST", c.url, strings.NewReader(`{"code":"get_status","user_id":"`+user+`","wait_ms":25000}`))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.client.Do(req)
	if err == nil {
		_ = resp.Body.Close()
		t.Fatalf("answered %s", resp.Status)
	}
	until(t, "the pair of the parked request expires", func() bool {
		h := s.Health()
		return h.Pairs == 0 && h.Parked == 0 && h.Since.Expired == 1
	})
}

// TestPage: whatever lies below /call/ beside the call endpoint is the page's, with paths relative to it.
func TestPage(t *testing.T) {
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "page "+r.URL.Path) })
	l := newLine(t, Options{Page: page, Base: "/rtc"})
	for path, want := range map[string]string{
		"/rtc/call/": "page /", "/rtc/call/call_line_process/": "unknown_code", "/rtc/healthz": "uptime", "/rtc/": "not_found",
		"/rtcall/": "not_found", "/call/rtc/call/": "page /rtc/call/",
		"/call/": "page /", "/call/page.js": "page /page.js", "/call/a/b": "page /a/b", "/": "not_found", "/callx": "not_found",
		"/call/call_line_process/": "unknown_code", "/call/call_line_process": "unknown_code",
	} {
		if got := l.do(context.Background(), "GET", path, ""); !strings.Contains(got.body, want) {
			t.Errorf("%s: %d %s, want %s", path, got.status, got.body, want)
		}
	}
	for _, path := range []string{"/call", "/rtc/call"} {
		w := httptest.NewRecorder()
		l.next().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", path, http.NoBody))
		if at := w.Header().Get("Location"); w.Code != 308 || at != "call/" { // relative: below the path of a proxy
			t.Errorf("%s: %d %s", path, w.Code, at)
		}
	}
}

func TestHealth(t *testing.T) {
	l := newLine(t, Options{Version: "1.2.3"})
	l.pairIn(pairs.Connected)
	l.dial("waits")
	var h Health
	if err := json.Unmarshal([]byte(l.do(context.Background(), "GET", "/healthz", "").body), &h); err != nil {
		t.Fatal(err)
	}
	if !h.OK || h.Version != "1.2.3" || h.Pairs != 2 || h.Parties != 3 || h.Waiting != 1 || h.Since.Connected != 1 || h.Since.Dials != 3 || h.Since.Paired != 1 {
		t.Errorf("%+v", h)
	}
}

// TestLogKeepsSecrets: codes, user IDs and SDP do not reach the log.
func TestLogKeepsSecrets(t *testing.T) {
	var log bytes.Buffer
	l := newLine(t, Options{Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	initiator, subscriber := l.dial("my secret code"), l.dial("my secret code")
	l.post(`{"code":"offer","user_id":"` + initiator + `","offer":{"type":"offer","sdp":"secret sdp"}}`)
	l.post(`{"code":"offer","user_id":"` + initiator + `","offer":{"type":"offer","sdp":"secret sdp"}}`)
	l.ice(subscriber, `{"candidate":"secret candidate"}`)
	l.disconnect(subscriber)
	text := log.String()
	for _, secret := range []string{initiator, subscriber, "secret"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in the log", secret)
		}
	}
	for _, word := range []string{"dialed", "offer", "refused", "wrong_state", "disconnect"} {
		if !strings.Contains(text, word) {
			t.Errorf("%q is missing in %s", word, text)
		}
	}
}
