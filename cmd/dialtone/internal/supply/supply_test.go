package supply

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"dialtone/diag"
	"dialtone/signal"
	posting "dialtone/signal/post"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// credentials is a server whose n-th answer names the user un, or fails.
type credentials struct {
	*httptest.Server
	asked atomic.Int32
	fails atomic.Bool
}

func startCredentials(t *testing.T, ttl string) *credentials {
	t.Helper()
	c := &credentials{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := c.asked.Add(1)
		if c.fails.Load() {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = io.WriteString(w, fmt.Sprintf(`{"username":"u%d","password":"p","uris":["turn:t.example"],"ttl":%s}`, n, ttl))
	}))
	t.Cleanup(c.Close)
	return c
}

var other = diag.ICEServerAuth{URL: "stun:s.example:3478"}

// given are another server and that of the n-th answer.
func given(n int) []diag.ICEServerAuth {
	return []diag.ICEServerAuth{
		other, {URL: "turn:t.example:3478?transport=udp", Username: fmt.Sprint("u", n), Credential: "p"},
	}
}

// TestRenew: credentials that would end during the next call are replaced, others are kept, in whichever order several
// callers ask.
func TestRenew(t *testing.T) {
	for name, test := range map[string]struct {
		ttl   string
		calls int
	}{"soon": {`90`, 3}, "later": {`3600`, 1}, "never": {`0`, 1}} {
		t.Run(name, func(t *testing.T) {
			c := startCredentials(t, test.ttl)
			s := New(posting.Source{Method: "GET", URL: c.URL}, 31*time.Second, nil)
			first, err := s.Renew(t.Context(), []diag.ICEServerAuth{other})
			if err != nil {
				t.Fatal(err)
			}
			last := first
			for range test.calls - 1 {
				if last, err = s.Renew(t.Context(), first); err != nil { // as another caller, who has the first ones
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(given(test.calls), last); diff != "" || int(c.asked.Load()) != test.calls {
				t.Errorf("asked %d times: %s", c.asked.Load(), diff)
			}
		})
	}
	var none *Supply
	if have, err := none.Renew(t.Context(), nil); have != nil || err != nil || none.During(nil) != nil {
		t.Error(have, err)
	}
}

// TestKeep: a call gets new credentials before the old ones expire, and learns of a request that fails.
func TestKeep(t *testing.T) {
	for name, fails := range map[string]bool{"renewed": false, "refused": true} {
		t.Run(name, func(t *testing.T) {
			c := startCredentials(t, `2`)
			s := New(posting.Source{Method: "GET", URL: c.URL}, 0, nil)
			have, err := s.Renew(t.Context(), []diag.ICEServerAuth{other})
			if err != nil {
				t.Fatal(err)
			}
			expires := s.expires
			c.fails.Store(fails)
			ctx, over := context.WithCancel(t.Context())
			requests, uses, ended := make(chan diag.SignalRequest, 9), make(chan []diag.ICEServerAuth, 9), make(chan struct{})
			go func() {
				defer close(ended)
				s.During(have)(ctx, func(d diag.Data) { requests <- d.(diag.SignalRequest) }, func(used []diag.ICEServerAuth) { uses <- used })
			}()
			if r := <-requests; r.Code != "ice-servers" || (r.Error != "") != fails {
				t.Errorf("%+v", r)
			}
			if !fails {
				for n := range 2 {
					if diff := cmp.Diff(given(n+2), <-uses); diff != "" {
						t.Error(diff)
					}
				}
				if due := expires.Add(-time.Second); !s.due().After(due) {
					t.Errorf("the credentials are due %v, as before", due)
				}
			}
			over()
			<-ended
			if len(uses) > 0 {
				t.Errorf("given to use: %v", <-uses)
			}
		})
	}
}

// TestKeepEnds: credentials that do not expire are not asked for again.
func TestKeepEnds(t *testing.T) {
	c := startCredentials(t, `0`)
	s := New(posting.Source{Method: "GET", URL: c.URL}, 0, nil)
	if _, err := s.Renew(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	s.Keep(t.Context(), nil, nil, nil)
}

func TestUsableServers(t *testing.T) {
	have := []diag.ICEServerAuth{{URL: "stun:known.example:3478"}}
	got := Usable([]signal.ICEServer{
		{URL: "stun:known.example"},
		{URL: "stun:new.example"},
		{URL: "stun:new.example:3478"},
		{URL: "turn:t.example"},
		{URL: "turn:t.example", Username: "ann", Credential: "p"},
		{URL: "http://x"},
	}, have)
	want := []diag.ICEServerAuth{{URL: "stun:new.example:3478"}, {URL: "turn:t.example:3478?transport=udp", Username: "ann", Credential: "p"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
