package room

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"dialtone/signal"
	"dialtone/signal/server"
	"dialtone/signal/web"
)

// TestRequestTimes looks at what is told about requests over TLS and a name.
func TestRequestTimes(t *testing.T) {
	ca := newAuthority(t)
	h := startTLS(t, &tls.Config{
		Certificates: []tls.Certificate{ca.issue(time.Now().Add(time.Hour), "localhost")}, NextProtos: []string{"http/1.1"},
	})
	if addrs, err := net.DefaultResolver.LookupHost(testContext(t), "localhost"); err != nil {
		t.Skipf("localhost has no address here: %v, %v", addrs, err)
	}
	var seen recorder
	begun := time.Now()
	o := Options{Server: strings.Replace(h.URL, "127.0.0.1", "localhost", 1), Code: "w1", Options: web.Options{Trust: web.Trust{CAFile: ca.file}, OnRequest: seen.add}}
	a, b := mustDial(t, o), mustDial(t, Options{Server: o.Server, Code: "w1", Options: web.Options{Trust: web.Trust{CAFile: ca.file}}})
	setUp(t, a, b)
	mustSend(t, a, candidate(1))
	all := seen.all()
	dial := all[0]
	if dial.Op != "dial" || dial.DNS <= 0 || dial.Connect <= 0 || dial.TLS <= 0 || dial.FirstByte <= 0 || dial.Reused || dial.Wait > 0 {
		t.Errorf("dial %+v", dial)
	}
	if sum := dial.DNS + dial.Connect + dial.TLS + dial.FirstByte; dial.Total < sum || dial.Start.Before(begun) {
		t.Errorf("the parts take %s, all of it %s", sum, dial.Total)
	}
	if u, err := url.Parse(h.URL); err != nil || dial.Remote != u.Host {
		t.Errorf("remote %s, want %s", dial.Remote, u.Host)
	}
	answers := map[string]bool{}
	for _, q := range all[1:] {
		answers[q.Answer] = true
		if q.Reused && (q.DNS != 0 || q.Connect != 0 || q.TLS != 0) {
			t.Errorf("a reused connection took time: %+v", q)
		}
		if q.Err == nil && (q.Status != 200 || q.RequestID == "" || q.Sent == 0 || q.Attempt != 1) {
			t.Errorf("%+v", q)
		}
		if q.Op == "get_status" && q.Answer == "need_init" && (q.Wait != 20*time.Second || q.Received != len(`{"code":"need_init"}`)) {
			t.Errorf("first poll %+v", q)
		}
	}
	if !answers["need_init"] || !answers["answered"] {
		t.Errorf("answers %v", answers)
	}
}

// TestRequestsOfSetup counts them: each side's part of a whole setup with ten
// candidates each way.
func TestRequestsOfSetup(t *testing.T) {
	h := startServer(t, server.Options{})
	var first, second recorder
	a := mustDial(t, Options{Server: h.URL, Code: "w1", Options: web.Options{OnRequest: first.add}})
	b := mustDial(t, Options{Server: h.URL, Code: "w1", Options: web.Options{OnRequest: second.add}})
	exchange(t, a, b)
	for name, seen := range map[string]*recorder{"offerer": &first, "answerer": &second} {
		count := map[string]int{}
		for _, q := range seen.all() {
			count[q.Op]++
		}
		t.Logf("%s: %v", name, count)
		if count["dial"] != 1 || count["ice"] != 11 || count["get_status"] > 16 || count["offer"]+count["answer"] != 1 {
			t.Errorf("%s: %v", name, count)
		}
	}
}

const proxyEnv = "DIALTONE_TEST_BEHIND_PROXY"

// TestProxyFromEnvironment runs itself with HTTP_PROXY, because the environment is
// read once in a process.
func TestProxyFromEnvironment(t *testing.T) {
	if os.Getenv(proxyEnv) != "" {
		a := mustDial(t, Options{Server: "http://room.test/call", Code: "w1"})
		b := mustDial(t, Options{Server: "http://room.test/call", Code: "w1"})
		exchange(t, a, b)
		_, err := Dial(testContext(t), Options{Server: "https://room.test/call", Code: "w1"})
		wantError(t, err, signal.ReasonProxy, nil)
		if failed := failureOf(err); failed != nil && failed.Status != http.StatusForbidden {
			t.Errorf("the proxy's status is %d", failed.Status)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error holds the proxy's password: %v", err)
		}
		return
	}
	room := server.New(server.Options{})
	var mu sync.Mutex
	hosts := map[string]int{}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		hosts[r.Method+" "+r.URL.Host]++
		mu.Unlock()
		if r.Method == http.MethodConnect {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		room.ServeHTTP(w, r)
	}))
	defer proxy.Close()
	defer room.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	address := strings.Replace(proxy.URL, "http://", "http://user:secret@", 1)
	cmd := exec.CommandContext(testContext(t), self, "-test.run=^TestProxyFromEnvironment$")
	cmd.Env = append(os.Environ(), proxyEnv+"=1", "HTTP_PROXY="+address, "HTTPS_PROXY="+address, "NO_PROXY=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	mu.Lock()
	defer mu.Unlock()
	if hosts["POST room.test"] < 20 || hosts["CONNECT room.test:443"] == 0 {
		t.Errorf("the proxy saw %v", hosts)
	}
}
