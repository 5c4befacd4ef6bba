package web

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// inProgress is the flood of a client whose requests are complete and wait for an answer, which no one else ends; unread
// is that of many clients who do not read what their requests without a body are answered with.
const inProgress, unread = "requests in progress", "answers that are not read"

// TestFloodsOfAnAnswerer: connections of strangers keep no caller from being answered within a second.
func TestFloodsOfAnAnswerer(t *testing.T) {
	for name, first := range map[string]string{
		"silent": "", "header": "POST /offer HTTP/1.1\r\nHost: x\r\nX-a: ", "body": "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{",
		"keep-alive":  "OPTIONS / HTTP/1.1\r\nHost: x\r\n\r\n",
		"expectation": "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n",
		"pipelined":   strings.Repeat("OPTIONS / HTTP/1.1\r\nHost: x\r\n\r\n", 200),
		inProgress:    "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
		unread:        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"HTTP/2":      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + strings.Repeat("\x00\x00\x00\x04\x00\x00\x00\x00\x00", 100),
	} {
		t.Run(name, func(t *testing.T) {
			ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch r.Method {
				case http.MethodGet:
					<-r.Context().Done()
				case http.MethodPut:
					_, _ = ReadBody(w, r, 100)
					<-r.Context().Done()
				case http.MethodPost:
					if _, problem := ReadBody(w, r, 100); problem != nil {
						Refuse(w, *problem)
						return
					}
				}
				Reply(w, http.StatusNoContent, "", nil)
			})
			go func() { ended <- Serve(ctx, ln, handler) }()
			t.Cleanup(func() {
				stop()
				<-ended // the connections of strangers may have to be cut
			})
			var stranger net.Dialer
			for n := range 2 * maxConnections {
				switch name {
				case inProgress:
					stranger.LocalAddr = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}
				case unread:
					stranger.LocalAddr = &net.TCPAddr{IP: net.IPv4(127, 0, 2, byte(n))}
				}
				c, err := stranger.DialContext(t.Context(), "tcp", ln.Addr().String())
				if err != nil && n == 0 && stranger.LocalAddr != nil {
					t.Skipf("a second loopback address is needed: %v", err)
				}
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = c.Close() })
				_, _ = io.WriteString(c, first) // it may have been closed
			}
			begun := time.Now()
			r, err := ask(t, ln.Addr().String())
			for err != nil && time.Since(begun) < time.Second { // its connection was the one to make room
				r, err = ask(t, ln.Addr().String())
			}
			if err != nil {
				t.Fatal(err)
			}
			if took := time.Since(begun); r.StatusCode != http.StatusNoContent || took > time.Second {
				t.Errorf("answered %s after %s", r.Status, took)
			}
		})
	}
}

// TestConnectionsOfOneClient: a client may have several connections, and not all that there are.
func TestConnectionsOfOneClient(t *testing.T) {
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- Serve(ctx, ln, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { Reply(w, http.StatusNoContent, "", nil) }))
	}()
	var list []net.Conn
	t.Cleanup(func() {
		for _, c := range list {
			_ = c.Close()
		}
		stop()
		<-ended
	})
	connect := func() net.Conn {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		list = append(list, c)
		return c
	}
	for range 2 { // the second time all of them are still there
		for n := range 20 {
			if n == len(list) {
				connect()
			}
			if r, err := askOver(list[n]); err != nil || r.StatusCode != http.StatusNoContent {
				t.Fatalf("connection %d: %v", n, err)
			}
		}
	}
	for range 30 {
		connect()
	}
	for n := range 10 { // the bound is 32, and the oldest make room
		if _, err := list[n].Read(make([]byte, 1)); os.IsTimeout(err) {
			t.Fatalf("connection %d of one client stays open", n)
		}
	}
}

// ask sends the request of a caller.
func ask(t *testing.T, address string) (*http.Response, error) {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	return askOver(c)
}

// askOver is ask over a connection.
func askOver(c net.Conn) (*http.Response, error) {
	if _, err := fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"); err != nil {
		return nil, err
	}
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return nil, err
	}
	return r, r.Body.Close()
}
