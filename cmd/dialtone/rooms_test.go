//go:build unix

package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"dialtone/diag/lab/labtest"
)

// site is several servers behind haproxy with one Redis.
type site struct {
	t       *testing.T
	redisAt string
	redis   *tool
	servers []*tool
	urls    []string // of the servers
	url     string   // of haproxy
}

func startSite(t *testing.T) *site {
	t.Helper()
	ports := labtest.FreePorts(t, 2)
	port := ports[1]
	s := &site{t: t, redisAt: ports[0]}
	s.startRedis()
	var lines strings.Builder
	for n := range 2 {
		server := startTool(t, "serve", "--listen=127.0.0.1:0", "--store=redis://:s3cret@127.0.0.1:"+s.redisAt, "--trusted-proxy=127.0.0.1",
			"--access-log=json", "--drain=1s")
		url := strings.TrimSuffix(strings.TrimPrefix(server.await("listening on "), "listening on "), "/call/")
		s.servers, s.urls = append(s.servers, server), append(s.urls, url)
		fmt.Fprintf(&lines, "    server s%d %s check inter 100ms\n", n, strings.TrimPrefix(url, "http://"))
	}
	config := filepath.Join(t.TempDir(), "haproxy.cfg")
	backend, _, _ := strings.Cut(documented(t, "backend rooms"), "        server ")
	text := fmt.Sprintf("defaults\n mode http\n timeout connect 1s\n timeout client 60s\nfrontend f\n bind 127.0.0.1:%s\n default_backend rooms\n%s%s",
		port, backend, lines.String())
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	startProgram(t, labtest.NeedProgram(t, "haproxy"), "-f", config)
	s.url = "http://127.0.0.1:" + port
	s.awaitAnswer(s.url + "/healthz")
	return s
}

func (s *site) startRedis() {
	s.t.Helper()
	s.redis = startProgram(s.t, labtest.NeedProgram(s.t, "redis-server"), "--port", s.redisAt, "--bind", "127.0.0.1", "--save", "",
		"--requirepass", "s3cret")
	s.redis.await("Ready to accept connections")
}

// get is the body at a URL, "" without an answer.
func (s *site) get(url string) string {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return ""
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return ""
	}
	return string(body)
}

func (s *site) awaitAnswer(url string) {
	s.t.Helper()
	for begun := time.Now(); s.get(url) == ""; time.Sleep(10 * time.Millisecond) {
		if time.Since(begun) > patience {
			s.t.Fatalf("%s does not answer", url)
		}
	}
}

// pair begins both ends of a call.
func (s *site) pair(code string, servers [2]string, args ...string) (answer, call *tool) {
	s.t.Helper()
	answer = startTool(s.t, "answer", code, "--once", "--no-media", "--server", servers[0]+"/call/")
	call = startTool(s.t, append([]string{"call", code, "--plain", "--no-media", "--server", servers[1] + "/call/"}, args...)...)
	return answer, call
}

func (s *site) expectPass(what string, tools ...*tool) {
	s.t.Helper()
	for _, one := range tools {
		if code := one.exits(); code != 0 {
			s.t.Errorf("%s: %v ended with %d:\n%s\n%s", what, one.cmd.Args[1], code, one.said(), one.stderr.String())
		}
	}
}

// kill ends a program as a crash would.
func (s *site) kill(one *tool) {
	s.t.Helper()
	if err := one.cmd.Process.Kill(); err != nil {
		s.t.Fatal(err)
	}
	<-one.ended
}

// TestSharedRooms: two servers behind haproxy share rooms in Redis. Calls whose ends ask different servers connect; a
// server and Redis may be killed while calls are connected, and while they are set up a call is tried again by itself.
func TestSharedRooms(t *testing.T) {
	labtest.NeedTime(t)
	t.Parallel()
	s := startSite(t)
	// A call that outlives a server and Redis.
	long, longCall := s.pair("long", [2]string{s.url, s.url}, "--for=15s")
	longCall.await("channel.open")

	var all sync.WaitGroup
	for n, servers := range [][2]string{{s.urls[0], s.urls[1]}, {s.urls[1], s.urls[0]}, {s.url, s.url}} {
		answer, call := s.pair(fmt.Sprint("room", n), servers, "--for=100ms")
		all.Go(func() { s.expectPass(fmt.Sprint("pair ", n), answer, call) })
	}
	all.Wait()
	if got := s.get(s.urls[0] + "/metrics"); !strings.Contains(got, `dialtone_serve_requests_total{operation="dial",reason="",status="200"}`) ||
		!strings.Contains(got, "dialtone_serve_pairs ") {
		t.Errorf("metrics:\n%s", got)
	}

	// The server at which one end waits is killed: the other has its room, and haproxy leads there.
	waits := startTool(t, "call", "kept", "--plain", "--no-media", "--for=100ms", "--server", s.url+"/call/")
	waits.await("signal.state       waiting")
	s.kill(s.servers[0])
	s.expectPass("a server was killed", startTool(t, "answer", "kept", "--once", "--no-media", "--server", s.url+"/call/"), waits)

	// Redis is killed and loses everything: who waits dials again.
	waits = startTool(t, "call", "lost", "--plain", "--no-media", "--for=100ms", "--server", s.url+"/call/")
	waits.await("signal.state       waiting")
	s.kill(s.redis)
	s.startRedis()
	s.expectPass("Redis was killed", startTool(t, "answer", "lost", "--once", "--no-media", "--server", s.url+"/call/"), waits)
	answer, call := s.pair("again", [2]string{s.url, s.url}, "--for=100ms")
	s.expectPass("Redis is back", answer, call)

	s.expectPass("a call that was connected", long, longCall)
	if err := s.servers[1].cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.expectPass("drained", s.servers[1])
	for _, one := range s.servers {
		log := one.stderr.String()
		if !strings.Contains(log, `"operation":"dial"`) || strings.Contains(log, "s3cret") || strings.Contains(log, "room0") {
			t.Errorf("the log: %s", log)
		}
	}
}
