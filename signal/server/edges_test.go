package server

import (
	"context"
	"errors"
	"net"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"dialtone/signal/gate"
)

// TestBytesOfPairs: what a pair holds counts for its opener, and no longer than it holds it.
func TestBytesOfPairs(t *testing.T) {
	l := newLedger(Options{}, nil)
	opener := gate.ClientAt("192.0.2.1:1")
	a, b := &view{opener: opener}, &view{opener: opener}
	for i, tt := range []struct {
		of    *view
		bytes int
		want  int // of both
	}{{a, 100, 100}, {b, 50, 150}, {a, 100, 150}, {a, 40, 90}, {b, 0, 40}, {a, 0, 0}} {
		l.weigh(tt.of, tt.bytes, false)
		if held := l.limits.bytesOf.Held(opener); held != tt.want || l.bytes != tt.want {
			t.Errorf("step %d: the opener holds %d, all %d, want %d", i, held, l.bytes, tt.want)
		}
	}
}

// TestRoomForModestClients: the last part of the pairs and bytes is for clients that hold little.
func TestRoomForModestClients(t *testing.T) {
	const most = 100 // of which a quarter is kept
	modest, other := gate.ClientAt("192.0.2.1:1"), gate.ClientAt("192.0.2.2:1")
	l := newLimits(Options{})
	l.pairsOf.Add(other, modestPairs, -1)
	l.pairsOf.Add(modest, modestPairs-1, -1)
	for name, tt := range map[string]struct {
		client    gate.Client
		all, most int
		want      *failure
	}{
		"the last that is for all":   {other, 74, most, nil},
		"the first that is not":      {other, 75, most, errPairLimit},
		"of a client that has fewer": {modest, 75, most, nil},
		"no pairs are allowed":       {other, 75, 0, nil}, // which the caller refuses
	} {
		if got := l.fitsPair(tt.client, tt.all, tt.most); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	const bytes = 4 << 20
	l.bytesOf.Add(other, modestBytes, -1)
	l.bytesOf.Add(modest, modestBytes-1, -1)
	for name, tt := range map[string]struct {
		client       gate.Client
		n, all, most int
		want         bool
	}{
		"the last that is for all":   {other, 1, 3<<20 - 1, bytes, true},
		"the first that is not":      {other, 1, 3 << 20, bytes, false},
		"of a client that has fewer": {modest, 1, 3 << 20, bytes, true},
		"more than it may then":      {modest, 2, 3 << 20, bytes, false},
		"the last of all":            {modest, 1, bytes - 1, bytes, true},
		"one more than all":          {modest, 1, bytes, bytes, false},
		"none is allowed":            {other, 1, 0, 0, false},
		"without a limit":            {other, 1, 1 << 40, -1, true},
		"nothing, and none allowed":  {other, 0, 0, 0, true},
	} {
		if got := l.fitsBytes(tt.client, tt.n, tt.all, tt.most); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
	if exceeds(3, 3) || !exceeds(4, 3) || !exceeds(1, 0) || exceeds(1, -1) {
		t.Error("what exceeds a limit")
	}
}

// TestBuckets: groups of clients share more, and only a negative rate or burst is none.
func TestBuckets(t *testing.T) {
	now := time.Now()
	site := gate.ClientAt("[2001:db8::1]:1")
	b := newBuckets(10, 1, 5)
	for _, g := range site.Groups {
		l := b.limiter(g, now)
		if l.Limit() != rate.Limit(10*g.Share) || l.Burst() != 5*g.Share {
			t.Errorf("%s: %v, %d", g.Key, l.Limit(), l.Burst())
		}
	}
	client := gate.ClientAt("192.0.2.1:1")
	for name, tt := range map[string]struct {
		rate  float64
		burst int
		want  [2]bool
	}{
		"no rate":  {0, 1, [2]bool{true, false}},
		"no burst": {1, 0, [2]bool{false, false}},
		"neither":  {-1, -1, [2]bool{true, true}},
	} {
		b := newBuckets(1, 1, 1)
		b.rate, b.burst = rate.Limit(tt.rate), tt.burst
		for i, want := range tt.want {
			if _, ok := b.take(client, now, true); ok != want {
				t.Errorf("%s, %d: %t", name, i, ok)
			}
		}
	}
	few := newBuckets(1, 1, 1)
	few.take(client, now, true)
	if few.limiter(gate.ClientAt("192.0.2.9:1").Groups[0], now.Add(time.Hour)); len(few.of) != 2 {
		t.Error("a few clients are forgotten although there is room")
	}
}

// TestBodies: bodies are read up to their limit, and a length that was announced makes no memory.
func TestBodies(t *testing.T) {
	read := func(body string, length, limit int64) (string, *failure) {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader(body))
		r.ContentLength = length
		raw, fail := readBody(httptest.NewRecorder(), r, limit, time.Minute)
		return string(raw), fail
	}
	for name, tt := range map[string]struct {
		body          string
		length, limit int64
		want          *failure
	}{
		"as long as allowed":        {"12345", 5, 5, nil},
		"longer":                    {"123456", 6, 5, errTooLarge},
		"longer, not announced":     {"123456", -1, 5, errTooLarge},
		"as long, not announced":    {"12345", -1, 5, nil},
		"nothing is allowed":        {"1", 1, 0, errTooLarge},
		"nothing, not announced":    {"1", -1, 0, errTooLarge},
		"no limit":                  {"123456", 6, -1, nil},
		"shorter than announced":    {"1", 5, 10, errIncomplete},
		"much shorter, and allowed": {"1", maxKnown, 1 << 50, errIncomplete},
	} {
		if got, fail := read(tt.body, tt.length, tt.limit); fail != tt.want || fail == nil && got != tt.body {
			t.Errorf("%s: %q %v", name, got, fail)
		}
	}
	for length, want := range map[int64]string{0: "", 2: "ab", 3: "abc", -1: "abc", 1 << 50: "abc"} {
		if got, err := readAll(strings.NewReader("abc"), length); err != nil || string(got) != want {
			t.Errorf("%d bytes: %q %v", length, got, err)
		}
	}
}

// TestLongestCandidate is one of exactly as many bytes as are allowed.
func TestLongestCandidate(t *testing.T) {
	candidate := func(size int) *failure {
		head, tail := `{"candidate":"c","x":"`, `"}`
		raw := head + strings.Repeat("x", size-len(head)-len(tail)) + tail
		r, fail := parseRequest([]byte(`{"code":"ice","user_id":"u","ice":` + raw + `}`))
		if fail == nil {
			_, fail = r.candidate()
		}
		return fail
	}
	if fail := candidate(maxCandidate); fail != nil {
		t.Error(fail)
	}
	if fail := candidate(maxCandidate + 1); fail != errCandidate {
		t.Error(fail)
	}
}

func TestStrong(t *testing.T) {
	kinds := "abcdef"[:strongKinds]
	for code, want := range map[string]bool{
		kinds + strings.Repeat("a", strongLength-strongKinds):                true,
		kinds + strings.Repeat("a", strongLength-strongKinds-1):              false,
		kinds[1:] + strings.Repeat("b", strongLength-strongKinds+1):          false,
		kinds + strings.Repeat("a", strongLength-strongKinds-1) + "----":     false,
		strings.Repeat("é", strongLength/2) + kinds[:strongKinds-1] + "aabb": true,
	} {
		if got := isStrong(code); got != want {
			t.Errorf("%q: %t", code, got)
		}
	}
}

// TestRefusalsThatPass: Retry-After is there if a later request may succeed.
func TestRefusalsThatPass(t *testing.T) {
	s := New(Options{})
	defer s.Close()
	for retry, want := range map[time.Duration]string{0: "", time.Second: "1", 1500 * time.Millisecond: "2"} {
		w := httptest.NewRecorder()
		s.refuse(w, "id", "192.0.2.1:1", &failure{status: 429, reason: "r", message: "m", retry: retry})
		if got := w.Header().Get("Retry-After"); got != want {
			t.Errorf("after %v: %q", retry, got)
		}
	}
}

// TestShutdownCutsWhatDoesNotEnd: a request that does not end in time is cut, so that Serve returns with nothing open.
func TestShutdownCutsWhatDoesNotEnd(t *testing.T) {
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := New(Options{ShutdownTimeout: 50 * time.Millisecond, BodyTimeout: time.Minute})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, ln) }()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write([]byte("POST /call/call_line_process/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	b := make([]byte, 1000)
	if n, err := conn.Read(b); err != nil || !strings.Contains(string(b[:n]), "100 Continue") { // the body is being read
		t.Fatalf("%q %v", b[:n], err)
	}
	stop()
	if err := <-ended; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Serve ended with %v", err)
	}
	for err = nil; err == nil; {
		_, err = conn.Read(b)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the connection is still open")
	}
}
