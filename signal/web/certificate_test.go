package web

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"dialtone/signal"
)

// TestCertificateIsReported: with the request that made the connection, and not with the next one, which reuses it.
func TestCertificateIsReported(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	var got []time.Time
	c, err := Open(server.URL, Options{Trust: Trust{Insecure: true}, OnRequest: func(r signal.Request) {
		until := time.Time{}
		if r.TLSState != nil {
			until = r.TLSState.PeerCertificates[0].NotAfter
		}
		got = append(got, until)
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	for range 2 {
		if _, err := c.Do(t.Context(), Call{Op: "dial", Method: http.MethodGet, URL: c.Endpoint()}); err != nil {
			t.Fatal(err)
		}
	}
	if len(got) != 2 || !got[0].Equal(server.Certificate().NotAfter) || !got[1].IsZero() {
		t.Errorf("%v", got)
	}
}
