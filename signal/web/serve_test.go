package web

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestServe(t *testing.T) {
	var lc net.ListenConfig
	ln, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() {
		over <- Serve(ctx, ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, problem := ReadBody(w, r, 8)
			if problem != nil {
				Refuse(w, *problem)
				return
			}
			Reply(w, http.StatusOK, "text/plain", body)
		}))
	}()
	u, err := Endpoint("http://" + ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewClient(u, Options{})
	if err != nil {
		t.Fatal(err)
	}
	a, err := c.Do(t.Context(), Call{Op: "x", Method: http.MethodPost, URL: u, Body: []byte("hello"), Expect: []int{200}})
	if err != nil || string(a.Body) != "hello" {
		t.Errorf("%v", err)
	}
	if _, err := c.Do(t.Context(), Call{Op: "x", Method: http.MethodPost, URL: u, Body: []byte("too long a body"), Expect: []int{200}}); err == nil || !strings.Contains(err.Error(), "At most 8 bytes") {
		t.Errorf("%v", err)
	}
	c.Close()
	stop()
	if err := <-over; err != nil {
		t.Error(err)
	}
}

func TestAuthorized(t *testing.T) {
	for _, test := range []struct {
		field, token string
		want         bool
	}{
		{"", "", true},
		{"Bearer x", "", true},
		{"Bearer x", "x", true},
		{"bearer  x ", "x", true},
		{"Bearer y", "x", false},
		{"Basic x", "x", false},
		{"x", "x", false},
		{"", "x", false},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Header.Set("Authorization", test.field)
		if Authorized(r, test.token) != test.want {
			t.Errorf("%q %q", test.field, test.token)
		}
	}
}

// TestForeign: which pages may use a server without a token.
func TestForeign(t *testing.T) {
	for _, test := range []struct {
		origin, host, token string
		want                bool
	}{
		{"", "127.0.0.1:8000", "", false},
		{"https://evil.example", "127.0.0.1:8000", "", true},
		{"https://evil.example", "127.0.0.1:8000", "t0k3n", false},
		{"http://rebound.example:8000", "rebound.example:8000", "", true},
		{"http://localhost.evil.example", "127.0.0.1:8000", "", true},
		{"null", "127.0.0.1:8000", "", true},
		{"http://[::1", "127.0.0.1:8000", "", true},
		{"http://192.0.2.7:3000", "192.0.2.8:8000", "", true},
		{"http://192.0.2.7:3000", "192.0.2.7:8000", "", false},
		{"http://[2001:db8::7]:3000", "[2001:db8::7]:8000", "", false},
		{"http://localhost:3000", "127.0.0.1:8000", "", false},
		{"http://127.0.0.1:3000", "localhost:8000", "", false},
		{"http://[::1]:3000", "127.0.0.1:8000", "", false},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
		r.Host = test.host
		r.Header.Set("Origin", test.origin)
		if p := foreign(r, test.token); (p != nil) != test.want {
			t.Errorf("%q at %q, token %q: %v", test.origin, test.host, test.token, p)
		}
		if r.Method = http.MethodOptions; foreign(r, test.token) != nil {
			t.Errorf("%q at %q: a preflight is refused", test.origin, test.host)
		}
	}
}

// TestBodyThatNeverComes: who is refused before the body has come cannot keep the connection by never sending it.
func TestBodyThatNeverComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		ln := &pipeListener{conns: make(chan net.Conn, 1), closed: make(chan struct{})}
		ln.conns <- there
		ctx, stop := context.WithCancel(t.Context())
		over := make(chan error, 1)
		go func() {
			over <- Serve(ctx, ln, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { Refuse(w, Problem{Status: http.StatusUnauthorized}) }))
		}()
		if err := here.SetReadDeadline(time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(here, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		_, err := io.ReadAll(here)
		if took := time.Since(start); err != nil || took > headerTime+bodyTime {
			t.Errorf("the connection was kept for %v: %v", took, err)
		}
		_ = here.Close()
		stop()
		if err := <-over; err != nil {
			t.Error(err)
		}
	})
}

// pipeListener accepts what it was given.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (*pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

// dial connects from an address.
func (l *pipeListener) dial(from net.IP) net.Conn {
	here, there := net.Pipe()
	l.conns <- pipeFrom{there, &net.TCPAddr{IP: from, Port: 1}}
	return here
}

// pipeFrom is a pipe whose other end has an address.
type pipeFrom struct {
	net.Conn
	from net.Addr
}

func (p pipeFrom) RemoteAddr() net.Addr { return p.from }

func TestQueue(t *testing.T) {
	var s Queue[int]
	first, second := new(int), new(int)
	if s.Take(t.Context()) != nil {
		t.Error("a session from nowhere")
	}
	taken := make(chan *int, 1)
	go func() { taken <- s.Take(t.Context()) }()
	if s.Add(first) != nil || <-taken != first {
		t.Error("who waits does not get the session that is added")
	}
	if s.Add(second) != nil || s.Add(second) == nil {
		t.Error("one session at a time is free")
	}
	s.Remove(second)
	if s.Take(t.Context()) != nil {
		t.Error("a session that was left is taken")
	}
	s.Remove(first)
}
