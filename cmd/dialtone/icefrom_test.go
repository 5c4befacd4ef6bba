package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/diag"
)

// TestSupplyRenews: credentials that would end during the next call are replaced, others are kept.
func TestSupplyRenews(t *testing.T) {
	for name, test := range map[string]struct {
		ttl   string
		calls int
	}{"soon": {`90`, 2}, "later": {`3600`, 1}, "never": {`0`, 1}} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				n := asked.Add(1)
				_, _ = io.WriteString(w, `{"username":"u`+string(rune('0'+n))+`","password":"p","uris":["turn:t.example"],"ttl":`+test.ttl+`}`)
			}))
			defer h.Close()
			s := newICESupply(iceFromFlags{ICEFrom: iceSource{"GET", h.URL}}, diag.Config{For: 31 * time.Second})
			have := []diag.ICEServerAuth{{URL: "stun:s.example:3478"}}
			var err error
			for range 2 {
				if have, err = s.renew(t.Context(), have); err != nil {
					t.Fatal(err)
				}
			}
			want := []diag.ICEServerAuth{
				{URL: "stun:s.example:3478"},
				{URL: "turn:t.example:3478?transport=udp", Username: "u" + string(rune('0'+test.calls)), Credential: "p"},
			}
			if diff := cmp.Diff(want, have); diff != "" || int(asked.Load()) != test.calls {
				t.Errorf("asked %d times: %s", asked.Load(), diff)
			}
		})
	}
	var none *iceSupply
	if have, err := none.renew(t.Context(), nil); have != nil || err != nil {
		t.Error(have, err)
	}
}
