package server

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/signal/gate"
	"dialtone/signal/pairs"
)

func TestBodyLimit(t *testing.T) {
	l := newLine(t, Options{})
	initiator, _ := l.pairIn(pairs.NeedInit)
	body := func(size int) string {
		head, tail := `{"code":"offer","user_id":"`+initiator+`","offer":{"type":"offer","sdp":"`, `"}}`
		return head + strings.Repeat("x", size-len(head)-len(tail)) + tail
	}
	l.wantRefused("a byte too long", l.post(body(64<<10+1)), 413, "body_too_large")
	l.want("as long as allowed", l.post(body(64<<10)), 200, "")
	chunked := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/call/call_line_process/",
		struct{ io.Reader }{strings.NewReader(body(64<<10 + 1))})
	chunked.RemoteAddr = l.remote
	w := httptest.NewRecorder()
	l.next().ServeHTTP(w, chunked)
	l.wantRefused("a byte too long, of unknown length", reply{w.Code, w.Body.String()}, 413, "body_too_large")
}

func TestCandidateLimit(t *testing.T) {
	l := newLine(t, Options{})
	initiator, subscriber := l.pairIn(pairs.Connected)
	for n := range 256 {
		l.want("ice", l.ice(initiator, `{"candidate":"c"}`), 200, "")
		if n%100 == 0 {
			l.poll(subscriber) // what was fetched counts as well
		}
	}
	l.wantRefused("one too many", l.ice(initiator, `{"candidate":"c"}`), 429, "candidates_limit")
	l.want("the other side", l.ice(subscriber, `{"candidate":"c"}`), 200, "")
}

func TestPairLimits(t *testing.T) {
	dial := func(l *line, code int) reply {
		return l.post(fmt.Sprintf(`{"code":"dial","call_code":"%d"}`, code))
	}
	t.Run("all", func(t *testing.T) {
		l := newLine(t, Options{Pairs: 3, PairsPerAddress: -1})
		for n := range 3 {
			l.dial(fmt.Sprint(n))
		}
		l.wantRefused("a fourth pair", dial(l, 3), 429, "pairs_limit")
		second := l.dial("0") // completes a pair that counts already
		l.want("disconnect", l.disconnect(second), 200, "")
		l.dial("3")
	})
	t.Run("per address", func(t *testing.T) {
		l := newLine(t, Options{PairsPerAddress: 2})
		users := []string{l.dial("0"), l.dial("1")}
		l.wantRefused("a third pair", dial(l, 2), 429, "address_pairs_limit")
		l.remote = "192.0.2.2:1"
		l.dial("2")
		l.disconnect(users[0])
		l.remote = "192.0.2.1:2"
		l.dial("3")
	})
	t.Run("loopback by default", func(t *testing.T) {
		l := newLine(t, Options{})
		l.remote = "127.0.0.1:1"
		for n := range 2 * defaultPairsPerAddress {
			l.dial(fmt.Sprint(n))
		}
		l.remote = "192.0.2.1:1"
		for n := range defaultPairsPerAddress {
			l.dial(fmt.Sprint("other", n))
			if n%100 == 99 { // stay below the rate
				time.Sleep(time.Millisecond)
			}
		}
		l.wantRefused("another address", dial(l, 9999), 429, "address_pairs_limit")
	})
	t.Run("loopback when told", func(t *testing.T) {
		l := newLine(t, Options{PairsPerAddress: 1})
		l.remote = "[::1]:1"
		l.dial("0")
		l.wantRefused("a second pair", dial(l, 1), 429, "address_pairs_limit")
	})
}

func TestStorageLimit(t *testing.T) {
	l := newLine(t, Options{StoredBytes: 100})
	initiator, subscriber := l.pairIn(pairs.Answered) // 50 bytes
	big := `{"candidate":"` + strings.Repeat("x", 40) + `"}`
	l.wantRefused("too much", l.ice(initiator, big), 429, "storage_limit")
	l.want("fits", l.ice(initiator, `{"candidate":"x"}`), 200, "")
	l.want("ended", l.disconnect(subscriber), 200, "")
	l.pairIn(pairs.Answered)
	l.want("fits again", l.ice(l.dial("other"), `{"candidate":"x"}`), 200, "")
}

func TestRequestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(t, Options{RequestsPerSecond: 10, RequestBurst: 5})
		user := l.dial("w")
		for range 4 {
			l.want("within the burst", l.poll(user), 200, `{}`)
		}
		l.wantRefused("beyond", l.poll(user), 429, "rate_limited")
		if got := l.do(context.Background(), "GET", "/healthz", ""); got.status != 200 {
			t.Errorf("healthz counts: %d", got.status)
		}
		l.remote = "[2001:db8::1]:1"
		l.want("another address", l.poll(user), 200, `{}`)
		l.remote = "192.0.2.1:99"
		time.Sleep(100 * time.Millisecond)
		l.want("a token later", l.poll(user), 200, `{}`)
		l.wantRefused("but one", l.poll(user), 429, "rate_limited")
	})
}

// TestLimitersAreForgotten: many addresses leave no trace once they are quiet.
func TestLimitersAreForgotten(t *testing.T) {
	l := newLimits(Options{RequestsPerSecond: 10})
	now := time.Now()
	for n := range 3 * limitersKept {
		l.admitRequest(named(fmt.Sprint(n)), now.Add(time.Duration(n)*time.Second))
	}
	if len(l.requests.of) > limitersKept {
		t.Errorf("%d limiters are kept", len(l.requests.of))
	}
}

// named is a client that is no IP address.
func named(text string) gate.Client { return gate.ClientAt(text) }

// TestSlowBodies: who sends a header and then nothing does not hold a request open.
func TestSlowBodies(t *testing.T) {
	address := serve(t, Options{BodyTimeout: 50 * time.Millisecond, HeaderTimeout: 50 * time.Millisecond})
	for _, begin := range []string{
		"POST /call/call_line_process/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
		"POST /call/call_line_process/ HTTP/1.1\r\nHos",
	} {
		conn, err := net.Dial("tcp", address) //nolint:noctx // loopback
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte(begin)); err != nil {
			t.Fatal(err)
		}
		buffer := make([]byte, 4096)
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		n, err := conn.Read(buffer)
		if err != nil && isTimeout(err) {
			t.Errorf("%q is held open", begin)
		}
		if n > 0 && !strings.Contains(string(buffer[:n]), " 400 ") && !strings.Contains(string(buffer[:n]), " 408 ") {
			t.Errorf("%q: %s", begin, buffer[:n])
		}
		_ = conn.Close()
	}
}

func isTimeout(err error) bool {
	timeout, ok := err.(net.Error) //nolint:errorlint // straight from Read
	return ok && timeout.Timeout()
}

// TestBigBodyOverTheWire: nothing but the limit is read of a body without end.
func TestBigBodyOverTheWire(t *testing.T) {
	address := serve(t, Options{})
	req, err := http.NewRequestWithContext(context.Background(), "POST", "http://"+address+"/call/call_line_process/",
		&endless{limit: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		t.Skipf("the server cut the connection before the client read its answer: %v", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != 413 {
		t.Errorf("answered %s", resp.Status)
	}
}

// endless is a body of unknown length, so that it is sent in chunks.
type endless struct{ sent, limit int }

func (e *endless) Read(p []byte) (int, error) {
	e.sent += len(p)
	if e.sent > e.limit {
		return 0, fmt.Errorf("the server reads on after %d bytes", e.limit)
	}
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// TestCrossSite: a page of another site, which a browser lets post without asking, takes no seat.
func TestCrossSite(t *testing.T) {
	s := New(Options{})
	t.Cleanup(s.Close)
	for site, want := range map[string]int{"cross-site": http.StatusForbidden, "same-origin": http.StatusOK, "same-site": http.StatusOK, "": http.StatusOK} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/call/call_line_process/", strings.NewReader(`{"code":"dial","call_code":"w1"}`))
		r.Host = "192.0.2.7:8000"
		r.Header.Set("Content-Type", "text/plain")
		if site != "" {
			r.Header.Set("Sec-Fetch-Site", site)
		}
		w := httptest.NewRecorder()
		if s.ServeHTTP(w, r); w.Code != want {
			t.Errorf("%q: %d %s", site, w.Code, w.Body)
		}
	}
}

// TestSweep: limiters with a full burst are forgotten, and looked for only when there are many.
func TestSweep(t *testing.T) {
	l := newLimits(Options{RequestsPerSecond: 1, RequestBurst: 2})
	now := time.Now()
	for n := range limitersKept {
		l.admitRequest(named(fmt.Sprint(n)), now)
	}
	if len(l.requests.of) != limitersKept {
		t.Fatalf("%d limiters before the first sweep", len(l.requests.of))
	}
	l.admitRequest(named("one more"), now.Add(time.Second/2)) // the others lack half a token
	if len(l.requests.of) != limitersKept+1 || l.requests.sweepAt != 2*limitersKept {
		t.Errorf("%d limiters, the next sweep at %d", len(l.requests.of), l.requests.sweepAt)
	}
	for n := range limitersKept {
		l.admitRequest(named(fmt.Sprint("late ", n)), now.Add(time.Second)) // the first ones are full now
	}
	if n := len(l.requests.of); n > limitersKept+1 {
		t.Errorf("%d limiters, the next sweep at %d", n, l.requests.sweepAt)
	}
}
