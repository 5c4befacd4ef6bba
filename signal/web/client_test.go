package web

import (
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialtone/signal"
)

func serve(t *testing.T, h http.HandlerFunc) (*httptest.Server, *url.URL) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	u, err := Endpoint(s.URL + "/in?key=S3CRET")
	if err != nil {
		t.Fatal(err)
	}
	return s, u
}

func post(t *testing.T, u *url.URL, o Options) (*Answer, error) {
	t.Helper()
	c, err := NewClient(u, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c.Do(t.Context(), Call{
		Op: "offer", Method: http.MethodPost, URL: u, ContentType: "text/plain", Body: []byte("hello"), Expect: []int{200}, Redirects: true,
	})
}

// TestSilentDNS: a name that was not resolved in time is not a server that did not answer.
func TestSilentDNS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u, err := Endpoint("http://call.test/in")
		if err != nil {
			t.Fatal(err)
		}
		_, err = post(t, u, Options{Timeout: time.Second, Trust: Trust{Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			httptrace.ContextClientTrace(ctx).DNSStart(httptrace.DNSStartInfo{})
			<-ctx.Done()
			return nil, ctx.Err()
		}}})
		var failure *signal.Error
		if !errors.As(err, &failure) || failure.Reason != signal.ReasonDNS || failure.Sent {
			t.Errorf("%+v", err)
		}
	})
}

func TestRedirectsKeepTheRequestAndGuardTheToken(t *testing.T) {
	var there, here []string
	other, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body := make([]byte, 5)
		_, _ = r.Body.Read(body)
		there = append(there, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization")+" "+string(body))
		w.WriteHeader(http.StatusOK)
	})
	_, u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		here = append(here, r.URL.Path+" "+r.Header.Get("Authorization"))
		if r.URL.Path == "/in" {
			http.Redirect(w, r, "next", http.StatusTemporaryRedirect)
			return
		}
		http.Redirect(w, r, other.URL+"/there", http.StatusPermanentRedirect)
	})
	a, err := post(t, u, Options{Token: "t0k3n"})
	if err != nil {
		t.Fatal(err)
	}
	if a.URL.Path != "/there" {
		t.Errorf("answered by %s", a.URL)
	}
	if diff := cmp.Diff([]string{"/in Bearer t0k3n", "/next Bearer t0k3n"}, here); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"POST /there  hello"}, there); diff != "" {
		t.Error(diff)
	}
}

func TestFailures(t *testing.T) {
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   signal.Reason
		status int
		says   string // in the error
	}{
		"redirects in a circle": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/in", http.StatusTemporaryRedirect)
		}, signal.ReasonStatus, 307, "in a circle"},
		"redirects without end": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path+"/in", http.StatusTemporaryRedirect)
		}, signal.ReasonStatus, 307, "more than 5 times"},
		"a redirect that makes a GET": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/other", http.StatusFound)
		}, signal.ReasonStatus, 302, "found"},
		"a redirect to a file": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "file:///etc/passwd")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}, signal.ReasonStatus, 307, "not http or https"},
		"a problem body": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = fmt.Fprint(w, `{"title":"no such codec\u001b[31m","detail":"send H.264, t0k3n"}`)
		}, signal.ReasonRejected, 422, "no such codec [31m: send H.264, ***"},
		"plain words": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "stream key unknown", http.StatusForbidden)
		}, signal.ReasonStatus, 403, "stream key unknown"},
		"a web page": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			_, _ = fmt.Fprint(w, "<html>lost</html>")
		}, signal.ReasonStatus, 404, "answered not found ("},
		"too much": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(make([]byte, maxBody+1))
		}, signal.ReasonProtocol, 200, "exceeds 1 MiB"},
		"a bomb": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write(make([]byte, 20<<20))
			_ = z.Close()
		}, signal.ReasonProtocol, 200, "exceeds 1 MiB when it is decompressed: it is 20"},
		"a field that is none":      {written("HTTP/1.1 200 OK\r\nETag: \"a\x01\x1b[31m\"\r\n\r\n"), signal.ReasonProtocol, 0, "a line that is not valid: Etag"},
		"an answer that breaks off": {written("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nv=0"), signal.ReasonBroken, 200, "within the answer, after 3 bytes"},
		"too many header fields": {func(w http.ResponseWriter, _ *http.Request) {
			for i := range 3000 {
				w.Header().Add("Link", fmt.Sprintf("<stun:s%d.example>; rel=\"ice-server\"", i))
			}
		}, signal.ReasonProtocol, 0, "the header of the answer exceeds 64 KiB"},
		"busy for long": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusServiceUnavailable)
		}, signal.ReasonStatus, 503, "service unavailable"},
		"limits":  {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) }, signal.ReasonLimit, 429, ""},
		"a fault": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, signal.ReasonStatus, 502, "bad gateway"},
	} {
		t.Run(name, func(t *testing.T) {
			_, u := serve(t, test.answer)
			_, err := post(t, u, Options{Token: "t0k3n"})
			var e *signal.Error
			if !errors.As(err, &e) {
				t.Fatalf("%v", err)
			}
			if e.Reason != test.want || e.Status != test.status || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%s %d: %v", e.Reason, e.Status, err)
			}
			for _, secret := range []string{"t0k3n", "S3CRET", "\x1b"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error tells %q: %v", secret, err)
				}
			}
		})
	}
}

// TestNamesOfCertificates: a certificate for other names is told with them, which may be anything and many.
func TestNamesOfCertificates(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true, IsCA: true,
		DNSNames: append([]string{"\x1b]0;owned\a", "\x1b[2J"}, strings.Split(strings.Repeat("name.example ", 90), " ")[:90]...),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	u, err := Endpoint(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = "localhost:" + u.Port()
	_, err = post(t, u, Options{Trust: Trust{RootCAs: roots}})
	var e *signal.Error
	var host x509.HostnameError
	if !errors.As(err, &e) || e.Reason != signal.ReasonTLS || !errors.As(err, &host) {
		t.Fatalf("%v", err)
	}
	if text := err.Error(); strings.ContainsAny(text, "\x1b\a") || len(text) > 1000 {
		t.Errorf("%d bytes: %q", len(text), text)
	}
}

// TestKeysAreNotSaidBack: servers repeat what they were asked with. Not even the beginning of a key is shown, where the text is cut.
func TestKeysAreNotSaidBack(t *testing.T) {
	const token, part, value = "t0k3nt0k3nt0k3n", "live_0123456789abcdef", "S3CRET/S3CRET"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, fmt.Sprintf("%s? key %s: %s: %s", r.RequestURI, r.URL.Query().Get("key"), r.URL.Path, strings.Repeat(" "+token, maxText)), http.StatusForbidden)
	}))
	t.Cleanup(server.Close)
	u, err := Endpoint(server.URL + "/whip/" + part + "?key=" + url.QueryEscape(value))
	if err != nil {
		t.Fatal(err)
	}
	_, err = post(t, u, Options{Token: token})
	if err == nil || !strings.Contains(err.Error(), "/whip/***") {
		t.Fatal(err)
	}
	for _, secret := range []string{token[:4], part[:8], "S3C", url.QueryEscape(value)} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error tells %q: %v", secret, err)
		}
	}
}

func TestNobodyThere(t *testing.T) {
	s, u := serve(t, func(http.ResponseWriter, *http.Request) {})
	s.Close()
	a, err := post(t, u, Options{})
	var e *signal.Error
	if a != nil || !errors.As(err, &e) || e.Reason != signal.ReasonRefused || strings.Contains(err.Error(), "S3CRET") {
		t.Errorf("%v %v", a, err)
	}
}

func TestComesAgainWhenAsked(t *testing.T) {
	var asked atomic.Int32
	_, u := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) < 3 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	var told []int
	a, err := post(t, u, Options{OnRequest: func(r signal.Request) { told = append(told, r.Status) }})
	if err != nil || a.Status != http.StatusOK {
		t.Fatal(a, err)
	}
	if diff := cmp.Diff([]int{503, 503, 200}, told); diff != "" {
		t.Error(diff)
	}
}

func TestTimeout(t *testing.T) {
	hold := make(chan struct{})
	_, u := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hold:
		case <-r.Context().Done():
		}
	})
	defer close(hold)
	_, err := post(t, u, Options{Timeout: 50 * time.Millisecond})
	var e *signal.Error
	if !errors.As(err, &e) || e.Reason != signal.ReasonTimeout || e.Code != signal.CodeNoResponse {
		t.Errorf("%v", err)
	}
}

// TestAnswersThatDoNotEnd: what began is not called silence.
func TestAnswersThatDoNotEnd(t *testing.T) {
	for name, test := range map[string]struct {
		sent, says string
		status     int
	}{
		"a body":      {"HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\nv=0", "not complete within 200ms: 3 bytes of its body came", 201},
		"a header":    {"HTTP/1.1 201 Created\r\nX-A: ", "not complete within 200ms", 0},
		"information": {"HTTP/1.1 102 Processing\r\n\r\n", "not complete within 200ms", 0},
	} {
		t.Run(name, func(t *testing.T) {
			_, u := serve(t, func(w http.ResponseWriter, r *http.Request) {
				written(test.sent)(keptOpen{w, t}, r)
			})
			var seen signal.Request
			_, err := post(t, u, Options{Timeout: 200 * time.Millisecond, OnRequest: func(r signal.Request) { seen = r }})
			var e *signal.Error
			if !errors.As(err, &e) || e.Reason != signal.ReasonTimeout || e.Code != signal.CodeIncomplete ||
				e.Status != test.status || !strings.Contains(e.Error(), test.says) || seen.Status != test.status {
				t.Errorf("%v, reported with status %d", err, seen.Status)
			}
		})
	}
}

// written answers with these bytes and ends the connection.
func written(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, text)
		if k, ok := w.(keptOpen); ok {
			k.t.Cleanup(func() { _ = conn.Close() })
			return
		}
		_ = conn.Close()
	}
}

// keptOpen lets written leave the connection open until the test ends.
type keptOpen struct {
	http.ResponseWriter
	t *testing.T
}

// Unwrap lets http.ResponseController find Hijack.
func (k keptOpen) Unwrap() http.ResponseWriter { return k.ResponseWriter }

func TestBadOptions(t *testing.T) {
	_, u := serve(t, func(http.ResponseWriter, *http.Request) {})
	for name, o := range map[string]Options{
		"a token of two words": {Token: "Bearer x"},
		"a token with a line":  {Token: "x\r\nX-Evil: 1"},
		"no certificates":      {Trust: Trust{CAFile: "no-such-file"}},
	} {
		if _, err := NewClient(u, o); err == nil || strings.Contains(err.Error(), "Evil") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEndpoint(t *testing.T) {
	for in, want := range map[string]string{
		"https://h.example/whip?key=1#x":  "https://h.example/whip?key=1",
		"h.example":                       "https://h.example/",
		"localhost:8080/offer":            "http://localhost:8080/offer",
		"127.0.0.1:8080/offer":            "http://127.0.0.1:8080/offer",
		"[::1]:8080":                      "http://[::1]:8080/",
		"HTTP://h/":                       "http://h/",
		"":                                "",
		"ftp://h/":                        "",
		"https://u:S3CRET@h/":             "",
		"https://%zz/":                    "",
		"https:///x":                      "",
		"x" + strings.Repeat("y", maxURL): "",
	} {
		u, err := Endpoint(in)
		got := ""
		if err == nil {
			got = u.String()
		} else if strings.Contains(err.Error(), "S3CRET") {
			t.Error(err)
		}
		if got != want {
			t.Errorf("%.40q: %q (%v), want %q", in, got, err, want)
		}
	}
}

func TestResolve(t *testing.T) {
	base, err := url.Parse("https://h.example/a/whip")
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"session/1":                       "https://h.example/a/session/1",
		"/s/1":                            "https://h.example/s/1",
		"//other.example/s":               "https://other.example/s",
		"https://other.example/s":         "https://other.example/s",
		"http://h.example/s":              "",
		"javascript:alert(1)":             "",
		"https://u:p@h.example/":          "",
		"":                                "",
		"/" + strings.Repeat("x", maxURL): "",
	} {
		got := ""
		if u, err := Resolve(base, in); err == nil {
			got = u.String()
		}
		if got != want {
			t.Errorf("%.40q: %q, want %q", in, got, want)
		}
	}
}

// TestResolveStaysAway: a server elsewhere cannot make us send requests to what listens here.
func TestResolveStaysAway(t *testing.T) {
	for _, test := range []struct {
		base, to string
		want     bool
	}{
		{"http://h.example/", "http://127.0.0.1:2375/containers/x", false},
		{"http://h.example/", "http://localhost/x", false},
		{"https://h.example/", "https://LOCALHOST./x", false},
		{"https://h.example/", "https://x.localhost/x", false},
		{"http://h.example/", "http://[::1]/x", false},
		{"http://h.example/", "http://[::ffff:127.0.0.1]/x", false},
		{"http://h.example/", "http://0.0.0.0/x", false},
		{"http://192.0.2.7/", "http://169.254.169.254/latest", false},
		{"http://h.example/", "http://[fe80::1%25eth0]/x", false},
		{"http://h.example/", "http://192.0.2.8/x", true},
		{"http://localhost:8000/", "http://127.0.0.1:8001/x", true},
		{"http://127.0.0.1:8000/", "http://h.example/x", true},
	} {
		base, err := url.Parse(test.base)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Resolve(base, test.to); (err == nil) != test.want {
			t.Errorf("from %s to %s: %v", test.base, test.to, err)
		}
	}
}

func TestSameOrigin(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"https://h/", "https://H:443/x", true},
		{"http://h/", "http://h:80/", true},
		{"http://h/", "https://h/", false},
		{"https://h/", "https://h:444/", false},
		{"https://h/", "https://sub.h/", false},
	} {
		a, errA := url.Parse(test.a)
		b, errB := url.Parse(test.b)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if SameOrigin(a, b) != test.want {
			t.Errorf("%s %s", test.a, test.b)
		}
	}
}
