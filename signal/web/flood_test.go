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
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// inProgress is the flood of a client whose requests are complete and wait for an answer, which no one else ends; unread
// is that of many clients who do not read what their requests without a body are answered with.
const inProgress, unread = "requests in progress", "answers that are not read"

// TestFloodsOfAnAnswerer: connections of strangers keep no caller from being answered within a second. The clock stands
// still while the machine computes, so that a second is one of waiting.
func TestFloodsOfAnAnswerer(t *testing.T) {
	for name, first := range map[string]string{
		"silent": "", "header": "POST /offer HTTP/1.1\r\nHost: x\r\nX-a: ", "body": "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{",
		"keep-alive":  "OPTIONS / HTTP/1.1\r\nHost: x\r\n\r\n",
		"expectation": "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n",
		"pipelined":   strings.Repeat("OPTIONS / HTTP/1.1\r\nHost: x\r\n\r\n", 20),
		inProgress:    "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
		unread:        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"HTTP/2":      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + strings.Repeat("\x00\x00\x00\x04\x00\x00\x00\x00\x00", 100),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ln := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
				ctx, stop := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- Serve(ctx, ln, http.HandlerFunc(flooded)) }()
				var strangers sync.WaitGroup
				for n := range 2 * maxConnections {
					from := net.IPv4(127, 0, 0, 1)
					switch name {
					case inProgress:
						from = net.IPv4(127, 0, 0, 2)
					case unread:
						from = net.IPv4(127, 0, 2, byte(n))
					}
					c := ln.dial(from)
					strangers.Go(func() {
						_, _ = io.WriteString(c, first) // it may be closed before
						if name != unread {
							_, _ = io.Copy(io.Discard, c)
						}
						<-ctx.Done()
						_ = c.Close()
					})
				}
				synctest.Wait()
				begun := time.Now()
				r, err := ask(ln)
				for err != nil && time.Since(begun) < time.Second { // its connection was the one to make room
					time.Sleep(100 * time.Millisecond)
					r, err = ask(ln)
				}
				if took := time.Since(begun); err != nil || r.StatusCode != http.StatusNoContent || took > time.Second {
					t.Errorf("answered %v, %v after %s", r, err, took)
				}
				stop()
				<-ended // the connections of strangers may have to be cut
				strangers.Wait()
			})
		})
	}
}

// flooded answers POST and OPTIONS at once, and other requests when the client leaves.
func flooded(w http.ResponseWriter, r *http.Request) {
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
	closed := make(chan int, len(list))
	for n, c := range list {
		_ = c.SetDeadline(time.Now().Add(30 * time.Second))
		go func() {
			if _, err := c.Read(make([]byte, 1)); os.IsTimeout(err) {
				n = -1
			}
			closed <- n
		}()
	}
	for range len(list) - 32 { // those without a request for longest make room
		switch n := <-closed; {
		case n < 0:
			t.Fatal("more connections of one client stay open than it may have")
		case n >= 20:
			t.Errorf("the new connection %d is closed", n)
		}
	}
}

// ask sends the request of a caller.
func ask(ln *pipeListener) (*http.Response, error) {
	c := ln.dial(net.IPv4(127, 0, 0, 1))
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
