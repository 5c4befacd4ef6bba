package server

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/signal/pairs"
)

// TestCounters: what /healthz counts since the start, after a known sequence of requests.
func TestCounters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(t, Options{RequestsPerSecond: 1, RequestBurst: 20, CandidatesPerSide: 1, Expiry: 10 * time.Second})
		initiator, subscriber := l.pairIn(pairs.Connected) // 2 dials, offer, answer, 3 polls or so
		before := l.health(t)
		l.want("a candidate", l.ice(initiator, `{"candidate":"x"}`), 200, "")
		for range 2 {
			l.wantRefused("one too many", l.ice(initiator, `{"candidate":"y"}`), 429, "candidates_limit") // limited
		}
		l.wantRefused("not now", l.offer(initiator), 400, "wrong_state")
		l.want("the end", l.disconnect(subscriber), 200, "")
		status := 0
		for status != http.StatusTooManyRequests { // refused: peer_left, then rate_limited
			status = l.poll(initiator).status
		}
		after := l.health(t)
		got := after.Since
		got.Requests -= before.Since.Requests
		got.Refused -= before.Since.Refused
		polls := 20 - before.Since.Requests - 5 // until the burst is used up
		want := counters{
			Requests: 5 + polls + 1, Refused: 3 + polls + 1, Limited: 2 + 1, Dials: 2, Paired: 1, Connected: 1, Candidates: 1,
			Left: 1,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if after.Pairs != 0 || after.Parties != 0 || after.Waiting != 0 || after.StoredBytes != 0 {
			t.Errorf("%+v", after)
		}
		time.Sleep(time.Minute)
		l.dial("alone")
		time.Sleep(10*time.Second + time.Millisecond)
		if h := l.health(t); h.Since.Expired != 1 || h.Pairs != 0 {
			t.Errorf("%+v", h)
		}
	})
}

func (l *line) health(t *testing.T) Health {
	t.Helper()
	var h Health
	if err := json.Unmarshal([]byte(l.do(context.Background(), "GET", "/healthz", "").body), &h); err != nil {
		t.Fatal(err)
	}
	return h
}

// TestStoredBytes: what is kept is counted, and freed when it has been fetched.
func TestStoredBytes(t *testing.T) {
	l := newLine(t, Options{})
	initiator, subscriber := l.pairIn(pairs.Connected)
	before := l.health(t).StoredBytes
	candidates := []string{`{"candidate":"x"}`, `{"candidate":"longer"}`, `null`}
	size := 0
	for _, c := range candidates {
		l.want("a candidate", l.ice(initiator, c), 200, "")
		size += len(c)
	}
	if got := l.health(t).StoredBytes; got != before+size {
		t.Errorf("%d bytes, want %d more than %d", got, size, before)
	}
	l.poll(subscriber)
	if got := l.health(t).StoredBytes; got != before {
		t.Errorf("%d bytes are left of %d", got, before)
	}
}

// TestRetryAfter: whole seconds, rounded up, at least one.
func TestRetryAfter(t *testing.T) {
	for wait, want := range map[time.Duration]string{
		1: "1", time.Second - 1: "1", time.Second: "1", time.Second + 1: "2", 10 * time.Second: "10", 9500 * time.Millisecond: "10",
	} {
		if got := rateLimited(wait).retryAfter(); got != want {
			t.Errorf("%s: %s, want %s", wait, got, want)
		}
	}
}

// TestConnectionAfterARefusal: it is closed where the rest of the request was not read, or the server ends.
func TestConnectionAfterARefusal(t *testing.T) {
	s := New(Options{MaxBody: 100})
	post := func(body string) http.Header {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/call/call_line_process/", strings.NewReader(body)))
		return w.Header()
	}
	for body, want := range map[string]string{
		"{": "", `{"code":"get_status","user_id":"x"}`: "", strings.Repeat(" ", 101): "close",
	} {
		if got := post(body).Get("Connection"); got != want {
			t.Errorf("%.40q: Connection %q, want %q", body, got, want)
		}
	}
	if !errIncomplete.closes() || errMalformed.closes() {
		t.Error("a body that was not read to its end closes the connection, another does not")
	}
	s.Close()
	if got := post(`{"code":"dial","call_code":"w"}`).Get("Connection"); got != "close" {
		t.Errorf("at the end: Connection %q", got)
	}
}

// TestWaitOfALimit: the client learns how long it takes until the next request is allowed.
func TestWaitOfALimit(t *testing.T) {
	l := newLimits(Options{RequestsPerSecond: 2, RequestBurst: 1})
	c, now := named("a"), time.Now()
	if wait, ok := l.admitRequest(c, now); !ok || wait != 0 {
		t.Errorf("the first: %s, %t", wait, ok)
	}
	for range 2 { // a refusal costs nothing
		if wait, ok := l.admitRequest(c, now.Add(100*time.Millisecond)); ok || wait < 399*time.Millisecond || wait > 401*time.Millisecond {
			t.Errorf("too early: %s, %t", wait, ok)
		}
	}
	if _, ok := l.admitRequest(c, now.Add(500*time.Millisecond)); !ok {
		t.Error("after half a second")
	}
	for name, o := range map[string]Options{
		"no rate": {RequestsPerSecond: -1}, "no burst": {RequestBurst: -1},
	} {
		l := newLimits(o)
		for range 10_000 {
			if _, ok := l.admitRequest(c, now); !ok {
				t.Fatalf("%s: refused", name)
			}
		}
	}
	l = newLimits(Options{})
	for n := range defaultRequestsPerSecond * burstSeconds {
		if _, ok := l.admitRequest(c, now); !ok {
			t.Fatalf("request %d of the burst", n)
		}
	}
	if _, ok := l.admitRequest(c, now); ok {
		t.Error("the burst has no end")
	}
	if l := newLimits(Options{RequestsPerSecond: 0.01}); l.requests.burst != 1 {
		t.Errorf("burst %d", l.requests.burst)
	}
}

// TestEndedPairsAreBounded: of as many pairs as may live, the reason of their end is kept; it is forgotten with the time.
func TestEndedPairsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(t, Options{Pairs: 2, Expiry: 10 * time.Second})
		end := func(code string) (other string) {
			a, b := l.dial(code), l.dial(code)
			l.want("the end", l.disconnect(a), 200, "")
			return b
		}
		for range 2 { // and again when the first ones are forgotten
			var users []string
			for range 4 {
				users = append(users, end("w"))
			}
			for n, reason := range []string{"unknown_user", "unknown_user", "peer_left", "peer_left"} {
				l.wantRefused(reason+" of "+string(rune('0'+n)), l.poll(users[n]), 400, reason)
			}
			time.Sleep(time.Minute)
			l.wantRefused("the last, later", l.poll(users[3]), 400, "unknown_user")
		}
	})
}
