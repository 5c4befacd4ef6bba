package web

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"dialtone/diag/lab/labtest"
	"dialtone/signal"
)

// victim is a server of this machine that counts the connections to it.
func victim(t *testing.T, address string) (port string, reached *atomic.Int64) {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Skipf("%s is not there: %v", address, err)
	}
	reached = &atomic.Int64{}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { //nolint:gosec // a test
		w.WriteHeader(http.StatusNoContent)
	}), ConnState: func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			reached.Add(1)
		}
	}}
	go func() { _ = s.Serve(ln) }()
	t.Cleanup(func() { _ = s.Close() })
	_, port, err = net.SplitHostPort(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port, reached
}

// TestRedirectsByName: a server elsewhere cannot send a request to this machine or its link, whatever the name is.
func TestRedirectsByName(t *testing.T) {
	zone := labtest.Zone{
		"A loopback.example.":    {labtest.Addr("127.0.0.2")},
		"A own.example.":         {labtest.Addr("127.0.0.3")},
		"A both.example.":        {labtest.Addr("127.0.0.2"), labtest.Addr("127.0.0.3")},
		"AAAA six.example.":      {labtest.Addr("::1")},
		"AAAA mapped.example.":   {labtest.Addr("::ffff:127.0.0.2")},
		"A elsewhere.example.":   {labtest.Addr("127.0.0.9")},
		"A origin.example.":      {labtest.Addr("127.0.0.9")},
		"A metadata.example.":    {labtest.Addr("169.254.169.254")},
		"A unspecified.example.": {labtest.Addr("0.0.0.0")},
		"AAAA anywhere.example.": {labtest.Addr("::")},
	}
	real, resolver := isNear, net.DefaultResolver
	net.DefaultResolver = zone.Serve(t)
	// 127.0.0.9 is a host of the Internet in this test.
	isNear = func(a netip.Addr) bool { return a != netip.MustParseAddr("127.0.0.9") && real(a) }
	t.Cleanup(func() { isNear, net.DefaultResolver = real, resolver })
	port, reached := victim(t, "0.0.0.0:0")
	port6, reached6 := victim(t, "[::1]:0")
	var to atomic.Pointer[string]
	var status atomic.Int64
	origin := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/end") {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.Header().Set("Location", *to.Load())
		w.WriteHeader(int(status.Load()))
	}))
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.9:0")
	if err != nil {
		t.Skip(err)
	}
	_ = origin.Listener.Close()
	origin.Listener = ln
	origin.Start()
	defer origin.Close()
	_, own, err := net.SplitHostPort(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	follow := func(from, location string, code int64) error {
		to.Store(&location)
		status.Store(code)
		endpoint, err := url.Parse("http://" + from + ":" + own + "/")
		if err != nil {
			t.Fatal(err)
		}
		c, err := NewClient(endpoint, Options{Token: "secret"})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_, err = c.Do(t.Context(), Call{Op: "offer", Method: http.MethodPost, URL: endpoint, Redirects: true, Body: []byte("offer")})
		return err
	}
	for _, host := range []string{
		"loopback.example", "own.example", "both.example", "mapped.example", "metadata.example", "unspecified.example",
		"loopback.example.", "LOOPBACK.example", "localhost", "127.0.0.2", "[::ffff:127.0.0.2]", "[::]", "0.0.0.0",
		"6.localhost", "[64:ff9b::7f00:2]", "2130706434", "0x7f000002", "127.2", "0177.0.0.2", "0x7f.0.0.2", "017700000002",
		"127.0.0.2.", "①②⑦.0.0.2", "elsewhere.example@127.0.0.2", "[fe80::1]", "[fe80::1%25lo]", "[::127.0.0.2]",
	} {
		for _, code := range []int64{307, 308} {
			err := follow("origin.example", "http://"+host+":"+port+"/", code)
			var failure *signal.Error
			if !errors.As(err, &failure) {
				t.Errorf("%d to %s: %v", code, host, err)
			}
		}
	}
	for _, host := range []string{"six.example", "[::1]", "anywhere.example"} {
		if err := follow("origin.example", "http://"+host+":"+port6+"/", 307); err == nil {
			t.Errorf("to %s: no error", host)
		}
	}
	if n := reached.Load() + reached6.Load(); n != 0 {
		t.Errorf("this machine was connected to %d times", n)
	}
	if err := follow("origin.example", "http://elsewhere.example:"+own+"/end", 307); err != nil {
		t.Errorf("to another host: %v", err)
	}
	// A host in between changes nothing.
	chain := httptest.NewUnstartedServer(http.RedirectHandler("http://loopback.example:"+port+"/", http.StatusPermanentRedirect))
	_ = chain.Listener.Close()
	if chain.Listener, err = (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.9:0"); err != nil {
		t.Fatal(err)
	}
	chain.Start()
	defer chain.Close()
	_, between, _ := strings.Cut(chain.Listener.Addr().String(), ":")
	if err := follow("origin.example", "http://elsewhere.example:"+between+"/", 307); err == nil || reached.Load() > 0 {
		t.Errorf("by way of another host: %v, %d connections", err, reached.Load())
	}
	// The user's own address is free, and so is what it leads to if it is near itself.
	if err := follow("loopback.example", "http://own.example:"+port+"/", 307); err == nil {
		t.Error("the server of loopback.example is at another address") // nothing listens there
	}
	if endpoint, err := url.Parse("http://loopback.example:" + port + "/"); err != nil {
		t.Fatal(err)
	} else if c, err := NewClient(endpoint, Options{}); err != nil {
		t.Fatal(err)
	} else {
		defer c.Close()
		if _, err := c.Do(t.Context(), Call{Op: "offer", Method: http.MethodPost, URL: endpoint}); err != nil {
			t.Errorf("the user's own address: %v", err)
		}
		other, err := url.Parse("http://own.example:" + port + "/")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Do(t.Context(), Call{Op: "offer", Method: http.MethodPost, URL: other}); err != nil {
			t.Errorf("from this machine to this machine: %v", err)
		}
		// What is reached by an address of this machine may be a tunnel.
		if other, err = url.Parse("http://metadata.example/"); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Do(t.Context(), Call{Op: "offer", Method: http.MethodPost, URL: other}); !errors.Is(err, ErrNear) {
			t.Errorf("from this machine to a metadata service: %v", err)
		}
	}
}

// TestOriginThatMoves: a name that the user gave and that led elsewhere cannot lead to this machine later (DNS
// rebinding).
func TestOriginThatMoves(t *testing.T) {
	real, resolver := isNear, net.DefaultResolver
	isNear = func(a netip.Addr) bool { return a != netip.MustParseAddr("127.0.0.9") && real(a) }
	t.Cleanup(func() { isNear, net.DefaultResolver = real, resolver })
	port, _ := victim(t, "127.0.0.9:0")
	_, reached := victim(t, "127.0.0.2:"+port)
	endpoint, err := url.Parse("http://moves.example:" + port + "/")
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewClient(endpoint, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	post := func() error {
		_, err := c.Do(t.Context(), Call{Op: "offer", Method: http.MethodPost, URL: endpoint})
		return err
	}
	net.DefaultResolver = labtest.Zone{"A moves.example.": {labtest.Addr("127.0.0.9")}}.Serve(t)
	if err := post(); err != nil {
		t.Fatal(err)
	}
	c.Close() // its connections: the next request needs another
	net.DefaultResolver = labtest.Zone{"A moves.example.": {labtest.Addr("127.0.0.2")}}.Serve(t)
	if err := post(); err == nil || reached.Load() > 0 {
		t.Errorf("it led to this machine: %v, %d connections", err, reached.Load())
	}
}
