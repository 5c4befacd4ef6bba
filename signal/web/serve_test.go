package web

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
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

func TestSeats(t *testing.T) {
	var s Seats[int]
	first, second := new(int), new(int)
	if s.Take(t.Context()) != nil {
		t.Error("a seat from nowhere")
	}
	taken := make(chan *int, 1)
	go func() { taken <- s.Take(t.Context()) }()
	if !s.Open(first) || <-taken != first {
		t.Error("who waits does not get the seat that is opened")
	}
	if !s.Open(second) || s.Open(second) {
		t.Error("one seat at a time is free")
	}
	s.Leave(second)
	if s.Take(t.Context()) != nil {
		t.Error("a seat that was left is taken")
	}
	s.Leave(first)
}
