package web

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// TestNuisances: a client whose calls come to nothing waits ever longer; others do not, and a call that connects ends it.
func TestNuisances(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &Nuisances{}
		status := http.StatusOK
		h := n.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		post := func(from string) int {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/offer", nil)
			r.RemoteAddr = from
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			return w.Code
		}
		call := func(from string, connected bool) int {
			code := post(from)
			if code == http.StatusOK {
				n.Ended(connected)
			}
			return code
		}
		const evil, good = "[2001:db8::1]:9", "192.0.2.9:9"
		for range 3 {
			if code := call(evil, false); code != http.StatusOK {
				t.Fatalf("one of the first calls: %d", code)
			}
		}
		if code := call("[2001:db8::2]:9", false); code != http.StatusTooManyRequests {
			t.Errorf("a fourth, from the same /64: %d", code)
		}
		if code := call(good, true); code != http.StatusOK {
			t.Errorf("another client: %d", code)
		}
		for _, wait := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
			time.Sleep(wait*time.Second - time.Millisecond)
			if code := call(evil, false); code != http.StatusTooManyRequests {
				t.Errorf("before %d s: %d", wait, code)
			}
			time.Sleep(time.Millisecond)
			if code := call(evil, false); code != http.StatusOK {
				t.Errorf("after %d s: %d", wait, code)
			}
		}
		time.Sleep(time.Minute)
		for range 5 {
			if code := call(evil, true); code != http.StatusOK {
				t.Errorf("after a call that connected: %d", code)
			}
		}
		// A call may be over before its request has been answered; a refused request is no call.
		for range 3 {
			n.Ended(false)
			if code := post("192.0.2.1:1"); code != http.StatusOK {
				t.Errorf("early: %d", code)
			}
		}
		if code := post("192.0.2.1:1"); code != http.StatusTooManyRequests {
			t.Errorf("after early ends: %d", code)
		}
		status = http.StatusBadRequest
		for range 5 {
			if code := post("192.0.2.2:1"); code != http.StatusBadRequest {
				t.Errorf("a bad request: %d", code)
			}
		}
	})
}

// TestNuisancesAreBounded: many clients take no memory.
func TestNuisancesAreBounded(t *testing.T) {
	n := &Nuisances{}
	h := n.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	for i := range 3 * penalties {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/offer", nil)
		r.RemoteAddr = string(rune('a'+i%26)) + time.Duration(i).String()
		h.ServeHTTP(httptest.NewRecorder(), r)
		n.Ended(false)
	}
	if len(n.of) != penalties {
		t.Errorf("%d clients are remembered", len(n.of))
	}
}
