package room

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"dialtone/signal"
	"dialtone/signal/server"
	"dialtone/signal/web"
)

// raw answers with bytes that are no HTTP, or with none, and closes.
func raw(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, text)
		_ = conn.Close()
	}
}

func says(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for n := 0; n+1 < len(headers); n += 2 {
			w.Header().Set(headers[n], headers[n+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func hangs(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// TestDialFaults: each fault of a server has its own reason.
func TestDialFaults(t *testing.T) {
	tests := []struct {
		name    string
		handler http.HandlerFunc
		reason  signal.Reason
		status  int
		words   string // in the error's text
	}{
		{"500", says(500, "<html>debug page"), signal.ReasonStatus, 500, "internal server error"},
		{"502 of a proxy", says(502, "bad gateway"), signal.ReasonStatus, 502, "bad gateway"},
		{"404", says(404, "not found"), signal.ReasonStatus, 404, "not found"},
		{"401", says(401, ""), signal.ReasonStatus, 401, "unauthorized"},
		{"a status nobody knows", says(999, ""), signal.ReasonStatus, 999, "unknown status"},
		{"redirect", says(301, "", "Location", "https://other/call/"), signal.ReasonStatus, 301, "moved permanently"},
		{"redirect to secrets", says(302, "", "Location", "https://u:secret@other/"), signal.ReasonStatus, 302, "found"},
		{"https port", says(400, "Client sent an HTTP request to an HTTPS server.\n"), signal.ReasonRejected, 400, "HTTPS server"},
		{"too many", says(429, `{"error":"pairs_limit","message":"full","request_id":"x"}`, "X-Request-Id", "ab-7"), signal.ReasonLimit, 429, "pairs_limit: full (HTTP 429, request ab-7)"},
		{"shutting down", says(503, `{"error":"shutting_down","message":"later"}`), signal.ReasonShutdown, 503, "later"},
		{"hostile words", says(400, `{"error":"bad\u001b[31m","message":"\u001b[31m"}`, "X-Request-Id", "a b"), signal.ReasonRejected, 400, "bad request: bad [31m: [31m (HTTP 400)"},
		{"hostile message", says(400, `{"error":"x","message":"a\u001b[31m\n`+strings.Repeat("b", 5000)+`"}`), signal.ReasonRejected, 400, "bad request: x: a [31m bbb"},
		{"HTML", says(200, "<!doctype html><title>Welcome"), signal.ReasonProtocol, 200, "web page"},
		{"garbage", says(200, "\x00\x01\x02"), signal.ReasonProtocol, 200, "not a JSON object"},
		{"JSON of another kind", says(200, `{"hello":"world"}`), signal.ReasonProtocol, 200, "no user_id"},
		{"empty", says(200, ``), signal.ReasonProtocol, 200, "not a JSON object"},
		{"a megabyte", says(200, strings.Repeat(" ", 2<<20)), signal.ReasonProtocol, 200, "exceeds 1 MiB"},
		{"no HTTP", raw("SSH-2.0-OpenSSH_9.2\r\n"), signal.ReasonProtocol, 0, "does not speak HTTP"},
		{"closes", raw(""), signal.ReasonBroken, 0, "ended before the answer"},
		{"closes half-way", raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"), signal.ReasonBroken, 200, "ended within the answer, after 1 bytes"},
		{"says nothing", hangs, signal.ReasonTimeout, 0, "no answer within 10s"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var mu sync.Mutex
			asked := 0
			counting := func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				asked++
				mu.Unlock()
				test.handler(w, r)
			}
			inBubble(t, http.HandlerFunc(counting), func(t *testing.T, _ *memNet, o Options) {
				var seen recorder
				o.OnRequest = seen.add
				c, err := Dial(testContext(t), o)
				if c != nil {
					t.Error("a channel in spite of the error")
				}
				e := asError(t, err)
				if e == nil {
					return
				}
				text := err.Error()
				if e.Op != "dial" || e.Reason != test.reason || e.Status != test.status || !strings.Contains(text, test.words) {
					t.Errorf("%s %s %d: %s", e.Op, e.Reason, e.Status, text)
				}
				if strings.ContainsAny(text, "\x1b\n") || strings.Contains(text, "secret") || len(text) > 600 {
					t.Errorf("not fit to be shown: %q", text)
				}
				if all := seen.all(); len(all) != 1 || !errors.Is(all[0].Err, e) || all[0].Status != test.status {
					t.Errorf("reported %+v", all)
				}
				mu.Lock()
				defer mu.Unlock()
				if asked != 1 {
					t.Errorf("dialled %d times: it may have met itself", asked)
				}
			})
		})
	}
}

// TestDialConnects: what the server cannot have seen is tried again.
func TestDialConnects(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	tests := []struct {
		name   string
		err    error
		times  int
		reason signal.Reason // unknown: it connects at last
		tries  int
	}{
		{"refused twice", refused, 2, signal.ReasonUnknown, 3},
		{"refused", refused, 9, signal.ReasonRefused, 3},
		{"no route", &net.OpError{Op: "dial", Net: "tcp", Err: syscall.EHOSTUNREACH}, 9, signal.ReasonUnreachable, 3},
		{"no such name", &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "h", IsNotFound: true}}, 9, signal.ReasonDNS, 1},
		{"DNS fails for now", &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "server misbehaving", Name: "h", IsTemporary: true}}, 2, signal.ReasonUnknown, 3},
		{"the DNS is silent", &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "i/o timeout", Name: "h", IsTimeout: true, IsTemporary: true}}, 9, signal.ReasonDNS, 1},
		{"connecting takes too long", &net.OpError{Op: "dial", Net: "tcp", Err: context.DeadlineExceeded}, 9, signal.ReasonTimeout, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, newOriginal(), func(t *testing.T, n *memNet, o Options) {
				var seen recorder
				o.OnRequest = seen.add
				var mu sync.Mutex
				left := test.times
				n.onDial(func(c net.Conn) (net.Conn, error) {
					mu.Lock()
					defer mu.Unlock()
					if left--; left >= 0 {
						return nil, test.err
					}
					return c, nil
				})
				c, err := Dial(testContext(t), o)
				dials := 0
				for _, q := range seen.all() {
					if q.Op == "dial" {
						if dials++; q.Attempt != dials {
							t.Errorf("attempt %d is called %d", dials, q.Attempt)
						}
					}
				}
				if dials != test.tries {
					t.Errorf("%d tries, want %d", dials, test.tries)
				}
				if test.reason == signal.ReasonUnknown {
					if err != nil {
						t.Fatal(err)
					}
					_ = c.Close(testContext(t))
					return
				}
				wantError(t, err, test.reason, nil)
			})
		})
	}
}

func TestDialRefusesOptions(t *testing.T) {
	for name, o := range map[string]Options{
		"no server":         {Code: "w1"},
		"no code":           {Server: "localhost"},
		"long code":         {Server: "localhost", Code: strings.Repeat("w", 256)},
		"control character": {Server: "localhost", Code: "a\nb"},
		"not UTF-8":         {Server: "localhost", Code: "\xff"},
		"no such CA file":   {Server: "localhost", Code: "w1", Options: web.Options{Trust: web.Trust{CAFile: "/does/not/exist"}}},
	} {
		c, err := Dial(testContext(t), o)
		if e := asError(t, err); e == nil || c != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := dialBody("dial", strings.Repeat("é", maxCode), ""); err != nil {
		t.Errorf("the longest code: %v", err)
	}
	ctx, cancel := context.WithCancel(testContext(t))
	cancel()
	if _, err := Dial(ctx, Options{Server: "localhost", Code: "w1"}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// switchable is a server that can begin to fail.
type switchable struct {
	mu      sync.Mutex
	handler http.Handler
}

func (s *switchable) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	h := s.handler
	s.mu.Unlock()
	h.ServeHTTP(w, r)
}

func (s *switchable) set(h http.Handler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handler = h
}

// TestFaultsDuringSetup: a server that fails for a while is borne, one that
// fails for good, or in a way that does not pass, ends the channel.
func TestFaultsDuringSetup(t *testing.T) {
	unknownUser := says(400, "Не найден user_id")
	tests := []struct {
		name    string
		handler http.HandlerFunc
		reason  signal.Reason
		after   time.Duration // at least, before it fails
		within  time.Duration
	}{
		{"500 for good", says(500, "oops"), signal.ReasonStatus, 5 * time.Second, 12 * time.Second},
		{"nothing for good", hangs, signal.ReasonTimeout, 9 * time.Second, 40 * time.Second},
		{"closes for good", raw(""), signal.ReasonBroken, 5 * time.Second, 12 * time.Second},
		{"HTML", says(200, "<html>"), signal.ReasonProtocol, 0, 4 * time.Second},
		{"garbage", says(200, "{"), signal.ReasonProtocol, 0, 4 * time.Second},
		{"forgot us", unknownUser, signal.ReasonPeerGone, 0, 4 * time.Second},
		{"forgot us, in other words", says(400, "Bad Request"), signal.ReasonPeerGone, 0, 4 * time.Second},
		{"lost us", says(400, `{"error":"unknown_user"}`), signal.ReasonForgotten, 0, 4 * time.Second},
		{"expired", says(400, `{"error":"expired"}`), signal.ReasonPeerGone, 0, 4 * time.Second},
		{"403", says(403, ""), signal.ReasonStatus, 0, 4 * time.Second},
		{"shuts down", says(503, `{"error":"shutting_down","message":"bye"}`), signal.ReasonShutdown, 0, 4 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := &switchable{handler: newOriginal()}
			inBubble(t, s, func(t *testing.T, _ *memNet, o Options) {
				a, b := mustDial(t, o), mustDial(t, o)
				mustReceive(t, a, signal.KindPaired)
				mustSend(t, a, description(signal.KindOffer, "o"))
				mustReceive(t, b, signal.KindPaired)
				s.set(test.handler)
				begun := time.Now()
				_, err := a.Receive(testContext(t))
				wantError(t, err, test.reason, nil)
				if errors.Is(err, io.EOF) {
					t.Errorf("looks like an orderly end: %v", err)
				}
				if errors.Is(err, signal.ErrPeerGone) != (test.reason == signal.ReasonPeerGone) {
					t.Errorf("ErrPeerGone does not follow the reason: %v", err)
				}
				if took := time.Since(begun); took < test.after || took > test.within {
					t.Errorf("failed after %s", took)
				}
				if err := a.Send(testContext(t), candidate(1)); asError(t, err) == nil {
					t.Errorf("sending afterwards: %v", err)
				}
				_ = a.Close(testContext(t))
			})
		})
	}
}

// TestPassingFaults: the same, for 3 s, harm nothing.
func TestPassingFaults(t *testing.T) {
	for name, fault := range map[string]http.Handler{
		"500":          says(500, "oops"),
		"503 of proxy": says(503, "<html>"),
		"429":          says(429, `{"error":"rate_limited","message":"slow down"}`),
		"closes":       raw(""),
	} {
		for kind, good := range map[string]http.Handler{"original": newOriginal(), "dialtone": nil} {
			t.Run(name+" of "+kind, func(t *testing.T) {
				s := &switchable{}
				inBubble(t, s, func(t *testing.T, _ *memNet, o Options) {
					if good == nil {
						room := server.New(server.Options{})
						defer room.Close()
						good = room
					}
					s.set(good)
					a, b := mustDial(t, o), mustDial(t, o)
					mustReceive(t, a, signal.KindPaired)
					s.set(fault)
					time.AfterFunc(3*time.Second, func() { s.set(good) })
					mustSend(t, a, description(signal.KindOffer, "offer sdp"))
					mustReceive(t, b, signal.KindPaired)
					mustReceive(t, b, signal.KindOffer)
					s.set(fault)
					time.AfterFunc(3*time.Second, func() { s.set(good) })
					mustSend(t, b, description(signal.KindAnswer, "answer sdp"))
					mustReceive(t, a, signal.KindAnswer)
					_, _ = a.Close(testContext(t)), b.Close(testContext(t))
				})
			})
		}
	}
}

// TestServerDies: killed during setup, and while a poll is parked.
func TestServerDies(t *testing.T) {
	room := map[string]func() http.Handler{
		"original": func() http.Handler { return newOriginal() },
		"dialtone": func() http.Handler { return server.New(server.Options{}) },
	}
	for name, make := range room {
		t.Run(name, func(t *testing.T) {
			s := &switchable{}
			inBubble(t, s, func(t *testing.T, n *memNet, o Options) {
				h := make()
				s.set(h)
				a := mustDial(t, o)
				time.Sleep(5 * time.Second)
				begun := time.Now()
				n.kill()
				_, err := a.Receive(testContext(t))
				if e := asError(t, err); e != nil && e.Reason != signal.ReasonRefused {
					t.Errorf("%s: %v", e.Reason, err)
				}
				if took := time.Since(begun); took < 8*time.Second || took > 12*time.Second {
					t.Errorf("given up after %s", took)
				}
				if err := a.Close(testContext(t)); err == nil {
					t.Error("the goodbye was said to nobody")
				}
				if end, ok := h.(interface{ Close() }); ok {
					end.Close()
				}
			})
		})
	}
}

// TestRefusedMessage: a limit concerns the message, not the channel.
func TestRefusedMessage(t *testing.T) {
	h := startServer(t, server.Options{CandidatesPerSide: 1})
	a := mustDial(t, Options{Server: h.URL, Code: "w1"})
	b := mustDial(t, Options{Server: h.URL, Code: "w1"})
	mustReceive(t, a, signal.KindPaired)
	mustSend(t, a, candidate(1))
	err := a.Send(testContext(t), candidate(2))
	wantError(t, err, signal.ReasonLimit, nil)
	if e := asError(t, err); e != nil && (e.Code != "candidates_limit" || e.RequestID == "") {
		t.Errorf("%+v", e)
	}
	wantError(t, b.Send(testContext(t), description(signal.KindAnswer, "early")), signal.ReasonRejected, nil)
	if err := a.Send(testContext(t), signal.Message{Kind: signal.KindPaired}); !errors.Is(err, signal.ErrMessage) {
		t.Errorf("sending paired: %v", err)
	}
	mustSend(t, a, description(signal.KindOffer, "o"))
	wantError(t, a.Send(testContext(t), description(signal.KindOffer, "o")), signal.ReasonRejected, nil)
	mustReceive(t, b, signal.KindPaired)
	mustReceive(t, b, signal.KindOffer)
}

// TestDialWaitsForTheStore: a server that cannot reach its store has taken no dial, so it is asked again until it can,
// or until GiveUp.
func TestDialWaitsForTheStore(t *testing.T) {
	const away = `{"error":"store_unavailable","message":"redis"}`
	for _, times := range []int{4, 1 << 30} {
		asked := 0
		handler := func(w http.ResponseWriter, r *http.Request) {
			if asked++; asked <= times {
				says(503, away)(w, r)
				return
			}
			says(200, `{"user_id":"u"}`)(w, r)
		}
		inBubble(t, http.HandlerFunc(handler), func(t *testing.T, _ *memNet, o Options) {
			begun := time.Now()
			c, err := Dial(t.Context(), o)
			switch {
			case err == nil && times == 4:
				_ = c.Close(t.Context())
			case failureOf(err) == nil || failureOf(err).Code != codeNoStore || time.Since(begun) < 10*time.Second:
				t.Errorf("away for %d: %v after %v", times, err, time.Since(begun))
			}
		})
	}
}
