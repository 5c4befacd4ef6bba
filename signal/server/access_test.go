package server

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// parkedAt asks a server how many requests are parked.
func parkedAt(t *testing.T, address string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/healthz", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	defer http.DefaultClient.CloseIdleConnections()
	var h Health
	if err := json.NewDecoder(answer.Body).Decode(&h); err != nil {
		t.Fatal(err)
	}
	return h.Parked
}

// TestObserve: each request is reported once, when it has been answered, without what the client wrote into it.
func TestObserve(t *testing.T) {
	var mu sync.Mutex
	var seen []Access
	address := serve(t, Options{Observe: func(a Access) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, a)
	}})
	c, other := newCaller(t, address), newCaller(t, address)
	user := c.mustPost(`{"code":"dial","call_code":"secret-room"}`).userID(t)
	c.mustPost(`{"code":"secret-code","user_id":"` + user + `"}`)
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		c.mustPost(`{"code":"get_status","user_id":"` + user + `","wait_ms":25000}`)
	}()
	until(t, "a request is parked", func() bool { return parkedAt(t, address) > 0 })
	time.Sleep(2 * patience) // it is detached, or about to be
	other.mustPost(`{"code":"dial","call_code":"secret-room"}`)
	<-answered
	c.mustPost(`{"code":"disconnect","user_id":"` + user + `"}`)
	until(t, "five requests were reported", func() bool {
		mu.Lock()
		defer mu.Unlock()
		seen = slices.DeleteFunc(seen, func(a Access) bool { return a.Operation == "" })
		return len(seen) >= 5
	})
	mu.Lock()
	defer mu.Unlock()
	type brief struct {
		operation, reason string
		status            int
		parked            bool
	}
	count := map[brief]int{}
	for _, a := range seen {
		count[brief{a.Operation, a.Reason, a.Status, a.Parked}]++
		if raw, err := json.Marshal(a); err != nil || strings.Contains(string(raw), "secret") || strings.Contains(string(raw), user) ||
			a.Client != "127.0.0.1" || a.Request == "" || a.Duration <= 0 || a.Method != "POST" {
			t.Errorf("%s", raw)
		}
		if a.Parked && a.Duration < patience {
			t.Errorf("parked for %s", a.Duration)
		}
	}
	for b, n := range map[brief]int{
		{"dial", "", 200, false}: 2, {"unknown", "unknown_code", 400, false}: 1, {"get_status", "", 200, true}: 1,
		{"disconnect", "", 200, false}: 1,
	} {
		if count[b] != n {
			t.Errorf("%+v: %d of %d", b, count[b], n)
		}
	}
}
