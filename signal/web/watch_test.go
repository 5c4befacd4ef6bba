package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestWatched: each request of a client is reported once, with why it was refused, and without the name of a session.
func TestWatched(t *testing.T) {
	resource := Resource{Methods: map[string]func(http.ResponseWriter, *http.Request) *Problem{
		http.MethodPatch: func(http.ResponseWriter, *http.Request) *Problem {
			return &Problem{Status: http.StatusPreconditionRequired, Title: "an If-Match field is required"}
		},
		http.MethodDelete: func(w http.ResponseWriter, r *http.Request) *Problem { return Empty(w, r) },
	}}
	for _, test := range []struct {
		method, path, origin string
		want                 Served
	}{
		{"PATCH", "/session/s3cr3t", "", Served{Method: "PATCH", Path: "/session/…", Status: 428, Problem: "an If-Match field is required"}},
		{"DELETE", "/session/s3cr3t", "", Served{Method: "DELETE", Path: "/session/…", Status: 204}},
		{"OPTIONS", "/whip", "https://app.example", Served{Method: "OPTIONS", Path: "/whip", Status: 204, Origin: "https://app.example"}},
		{"GET", "/", "", Served{Method: "GET", Path: "/", Status: 405, Problem: "this method is not allowed here"}},
	} {
		var got []Served
		h := Watched(resource, func(s Served) { got = append(got, s) })
		r := httptest.NewRequestWithContext(t.Context(), test.method, test.path, strings.NewReader(""))
		if test.origin != "" {
			r.Header.Set("Origin", test.origin)
		}
		h.ServeHTTP(httptest.NewRecorder(), r)
		if len(got) != 1 {
			t.Fatalf("%s: reported %d times", test.method, len(got))
		}
		test.want.Remote, test.want.Duration = r.RemoteAddr, got[0].Duration
		if got[0] != test.want {
			t.Errorf("%+v instead of %+v", got[0], test.want)
		}
	}
}

// TestFloodOfRequestsIsCounted: requests without end are not reported one by one, and none is forgotten.
func TestFloodOfRequestsIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reported, unreported := 0, 0
		h := Watched(Resource{}, func(s Served) { reported, unreported = reported+1, unreported+s.Unreported })
		ask := func() {
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
		}
		for range 5000 {
			ask()
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if reported != 101 || unreported != 4899 { // the last one is, too
			t.Errorf("%d reported, %d not", reported, unreported)
		}
		ask()
		if reported != 102 || unreported != 4899 {
			t.Errorf("%d reported, %d not", reported, unreported)
		}
	})
}
