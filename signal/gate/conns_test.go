package gate

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// lines collects a log.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// startServer answers GET at once, and POST when its body has come; /hold is answered when the test ends.
func startServer(t *testing.T, l ConnLimits, wrap func(net.Listener) net.Listener) (address string, log *lines, conns *Conns) {
	t.Helper()
	log = &lines{}
	conns = NewConns(l, NewRefusals(slog.New(slog.NewTextHandler(log, nil))))
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	if wrap != nil {
		ln = wrap(ln)
	}
	over := make(chan struct{})
	s := &http.Server{
		ReadHeaderTimeout: time.Minute, ConnState: conns.State, ConnContext: conns.Context,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				return
			}
			Busy(r.Context(), r.URL.Path == "/known")
			if r.URL.Path == "/hold" {
				<-over
			}
			w.WriteHeader(http.StatusNoContent)
		}),
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(conns.Listener(ln)) }()
	t.Cleanup(func() {
		close(over)
		_ = s.Close()
		<-ended
	})
	_, port, err := net.SplitHostPort(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return ":" + port, log, conns
}

// dialFrom connects from one loopback address.
func dialFrom(t *testing.T, from, address string) net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 10 * time.Second}
	c, err := d.DialContext(t.Context(), "tcp4", "127.0.0.1"+address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// served makes an honest request on a new connection and reports how long that takes; false if it is not answered.
func served(t *testing.T, from, address string) (time.Duration, bool) {
	t.Helper()
	begun := time.Now()
	return time.Since(begun), ask(t, dialFrom(t, from, address), "/")
}

func ask(t *testing.T, c net.Conn, path string) bool {
	t.Helper()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path); err != nil {
		return false
	}
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return false
	}
	_ = r.Body.Close()
	return r.StatusCode == http.StatusNoContent
}

// TestFloodsOfConnections: whatever one client does with its connections, others and itself are served within a second.
func TestFloodsOfConnections(t *testing.T) {
	for name, first := range map[string]string{
		"silent":      "",
		"header":      "POST / HTTP/1.1\r\nHost: x\r\nX-a: ",
		"keep-alive":  "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"body":        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n{",
		"one byte":    "P",
		"not HTTP":    "\x16\x03\x01\x02\x00",
		"many bodies": "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n",
		"extensions":  "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;" + strings.Repeat("x", 3000),
		"expectation": "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n",
		"HTTP/2":      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + strings.Repeat("\x00\x00\x00\x04\x00\x00\x00\x00\x00", 100),
		"upgrade":     "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
	} {
		for _, many := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, several clients %t", name, many), func(t *testing.T) {
				address, _, _ := startServer(t, ConnLimits{All: 64, PerClient: 16, Idle: 40}, nil)
				for i := range 200 {
					from := "127.0.0.2"
					if many {
						from = fmt.Sprintf("127.0.1.%d", i)
					}
					c := dialFrom(t, from, address)
					_, _ = io.WriteString(c, first) // the server may have closed it
				}
				for _, from := range []string{"127.0.0.2", "127.0.0.3", "127.0.1.1"} {
					if took, ok := served(t, from, address); !ok || took > time.Second {
						t.Errorf("%s is served: %t, after %s", from, ok, took)
					}
				}
			})
		}
	}
}

// TestRoomForKnownClients: requests in progress are never cut, and when they take all room, known clients have some.
func TestRoomForKnownClients(t *testing.T) {
	address, log, _ := startServer(t, ConnLimits{All: 16, PerClient: 100}, nil)
	friend := dialFrom(t, "127.0.0.9", address)
	if !ask(t, friend, "/known") {
		t.Fatal("the friend is not served")
	}
	for range 30 {
		c := dialFrom(t, "127.0.0.2", address)
		_, _ = io.WriteString(c, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n") // those beyond the room are closed
		_ = c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		_, _ = c.Read(make([]byte, 1))
	}
	if ask(t, dialFrom(t, "127.0.0.4", address), "/") {
		t.Error("there was room for a stranger: requests in progress were cut")
	}
	if !ask(t, dialFrom(t, "127.0.0.9", address), "/") {
		t.Error("a client that is known is not served")
	}
	if !strings.Contains(log.String(), "there are as many as may be") {
		t.Errorf("the log does not say so:\n%s", log)
	}
}

// failing is a listener without files for a while.
type failing struct {
	net.Listener
	mu    sync.Mutex
	times int
}

func (f *failing) Accept() (net.Conn, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.times > 0 {
		f.times--
		return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
	return f.Listener.Accept()
}

// TestNoFilesLeft: the lack of files is in the log, and does not end the server.
func TestNoFilesLeft(t *testing.T) {
	address, log, _ := startServer(t, ConnLimits{}, func(ln net.Listener) net.Listener {
		return &failing{Listener: ln, times: 3}
	})
	if took, ok := served(t, "127.0.0.1", address); !ok || took > time.Second {
		t.Errorf("served: %t, after %s", ok, took)
	}
	if all := log.String(); strings.Count(all, "too many open files") != 1 || !strings.Contains(all, "level=WARN") ||
		!strings.Contains(all, "ulimit -n") {
		t.Errorf("the log says\n%s", all)
	}
}

// TestConnectionsAreForgotten: nothing remains of connections that have ended.
func TestConnectionsAreForgotten(t *testing.T) {
	address, _, conns := startServer(t, ConnLimits{PerClient: 5}, nil)
	for i := range 50 {
		c := dialFrom(t, "127.0.0.1", address)
		if !ask(t, c, []string{"/", "/known"}[i%2]) {
			t.Fatalf("connection %d is not served", i)
		}
		_ = c.Close()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for {
		conns.mu.Lock()
		n := len(conns.open) + len(conns.known) + len(conns.idleOf) + conns.idle[0].Len() + conns.idle[1].Len()
		empty := conns.held.IsEmpty()
		conns.mu.Unlock()
		if n == 0 && empty {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%d remain", n)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// TestStuckLog: a log that blocks stops the connection that it is about, and no other.
func TestStuckLog(t *testing.T) {
	stuck, logs := make(chan struct{}), make(chan struct{}, 1)
	conns := NewConns(ConnLimits{All: -1, PerClient: 1}, NewRefusals(slog.New(slog.NewTextHandler(blocked{logs, stuck}, nil))))
	pipe := func() net.Conn {
		a, b := net.Pipe()
		t.Cleanup(func() { _, _ = a.Close(), b.Close() })
		return a
	}
	first, second := pipe(), pipe()
	conns.State(first, http.StateNew)
	done := make(chan struct{})
	go func() {
		conns.State(second, http.StateNew)
		close(done)
	}()
	<-logs
	conns.State(second, http.StateIdle)
	conns.Gone(second)
	close(stuck)
	<-done
}

// blocked is a log that takes no line before its channel is closed.
type blocked struct{ logs, until chan struct{} }

func (b blocked) Write(p []byte) (int, error) {
	b.logs <- struct{}{}
	<-b.until
	return len(p), nil
}

// TestArrived: a request without a body is complete when its handler begins, and its connection is not the next to be
// closed; one with a body is not.
func TestArrived(t *testing.T) {
	for body, wantFirst := range map[string]int{"": 1, "1": 0} {
		conns := NewConns(ConnLimits{}, nil)
		var both [2]net.Conn
		for i := range both {
			a, b := net.Pipe()
			both[i] = a
			t.Cleanup(func() { _, _ = a.Close(), b.Close() })
			conns.State(a, http.StateNew)
		}
		request, err := http.NewRequestWithContext(conns.Context(t.Context(), both[0]), http.MethodGet, "/healthz",
			strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		Arrived(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(nil, request)
		if first, _ := conns.idle[0].Front().Value.(*Conn); conns.idle[0].Len() != 2 || first.conn != both[wantFirst] {
			t.Errorf("body %q: %d connections rest, the first is not the one wanted", body, conns.idle[0].Len())
		}
	}
}
