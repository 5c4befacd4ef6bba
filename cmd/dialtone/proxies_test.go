package main

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"dialtone/diag/lab/labtest"
)

// greedyClients are addresses of clients, one for each proxy, and honestClient that of another one.
var greedyClients = map[uint16]string{8081: "203.0.113.20", 8082: "203.0.113.21"}

const honestClient = "203.0.113.22"

// documented is the block of docs/how-to/serve.md that begins with a line.
func documented(t *testing.T, first string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "how-to", "serve.md"))
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile(`(?m)^    ` + regexp.QuoteMeta(first) + `\n(    .*\n)+`).FindString(string(text))
	if block == "" {
		t.Fatalf("the documentation has no %q", first)
	}
	return block
}

// TestReverseProxies: behind nginx and Caddy, with the configurations of the documentation, the server limits each client
// by its own address, which a client cannot choose, and calls work.
func TestReverseProxies(t *testing.T) {
	t.Parallel()
	in := startInternet(t, netip.MustParseAddr(kernelSTUN), netip.MustParseAddr(greedyClients[8081]),
		netip.MustParseAddr(greedyClients[8082]), netip.MustParseAddr(honestClient))
	in.Start(t, netip.MustParseAddrPort("127.0.0.1:8000"), "dialtone", "serve", "--public-url=https://call.example.org",
		"--trusted-proxy=127.0.0.1", "--max-pairs-per-address=2")
	for port, start := range map[uint16]func(*testing.T, *internet, netip.AddrPort){8081: startNginx, 8082: startCaddy} {
		at := netip.AddrPortFrom(netip.MustParseAddr(kernelSTUN), port)
		start(t, in, at)
		c := proxied{t, in, at}
		c.limits()
		c.call()
	}
}

// startNginx starts nginx as the documentation says.
func startNginx(t *testing.T, in *internet, at netip.AddrPort) {
	t.Helper()
	dir := t.TempDir()
	temporary := ""
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		temporary += fmt.Sprintf("%s_temp_path %s/%s;\n", kind, dir, kind)
	}
	config := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf("daemon off; master_process off; user root; pid %s/pid; error_log stderr;\nevents {}\nhttp { access_log off;\n%sserver { listen %v;\n%s} }\n",
		dir, temporary, at, documented(t, "location /call/ {"))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	in.Start(t, at, "nginx", "-e", "stderr", "-p", dir, "-c", config)
}

// startCaddy starts Caddy likewise, without the certificate that it would fetch for the name.
func startCaddy(t *testing.T, in *internet, at netip.AddrPort) {
	t.Helper()
	config := filepath.Join(t.TempDir(), "Caddyfile")
	block := strings.Replace(documented(t, "call.example.org {"), "call.example.org", fmt.Sprintf("http://:%d", at.Port()), 1)
	if err := os.WriteFile(config, []byte("{\n\tadmin off\n}\n"+block), 0o600); err != nil {
		t.Fatal(err)
	}
	in.Start(t, at, "env", "HOME="+t.TempDir(), labtest.NeedProgram(t, "caddy"), "run", "--adapter=caddyfile", "--config="+config)
}

// proxied is the server behind a proxy.
type proxied struct {
	t  *testing.T
	in *internet
	at netip.AddrPort
}

// dial takes a place in a room from an address, and returns the status.
func (p proxied) dial(from, code string, headers ...string) string {
	p.t.Helper()
	args := []string{
		"--silent", "--max-time", "20", "--output", "/dev/null", "--write-out", "%{http_code}", "--interface", from,
		"--data", fmt.Sprintf(`{"code":"dial","call_code":"%d %s"}`, p.at.Port(), code),
	}
	for _, h := range append(headers, "Host: call.example.org") {
		args = append(args, "--header", h)
	}
	out, err := p.in.Command(p.t.Context(), labtest.NeedProgram(p.t, "curl"), append(args, fmt.Sprintf("http://%v/call/call_line_process/", p.at))...).Output()
	if err != nil {
		p.t.Fatal(err)
	}
	return string(out)
}

// limits takes all that one client may have.
func (p proxied) limits() {
	p.t.Helper()
	greedy := greedyClients[p.at.Port()]
	for n := range 2 {
		if got := p.dial(greedy, fmt.Sprint("one ", n)); got != "200" {
			p.t.Errorf("%v: %s", p.at, got)
		}
	}
	for name, headers := range map[string][]string{
		"no header": nil, "X-Forwarded-For": {"X-Forwarded-For: 203.0.113.77"}, "Forwarded": {"Forwarded: for=203.0.113.77"},
		"both":          {"X-Forwarded-For: 203.0.113.78", "Forwarded: for=203.0.113.78"},
		"the proxy's":   {"X-Forwarded-For: 127.0.0.1"},
		"several":       {"X-Forwarded-For: 203.0.113.79, 127.0.0.1", "X-Forwarded-For: 127.0.0.1"},
		"another field": {"X-Real-IP: 203.0.113.80"},
	} {
		if got := p.dial(greedy, "more", headers...); got != "503" && got != "429" {
			p.t.Errorf("%v, %s: %s", p.at, name, got)
		}
	}
	if got := p.dial(honestClient, "other"); got != "200" {
		p.t.Errorf("%v: another client gets %s", p.at, got)
	}
}

// call places a call through the proxy.
func (p proxied) call() {
	p.t.Helper()
	server := fmt.Sprintf("--server=http://%v/call/", p.at)
	answer := p.in.Command(p.t.Context(), "dialtone", "answer", "--once", "--no-media", server, "proxied")
	if err := answer.Start(); err != nil {
		p.t.Fatal(err)
	}
	out, err := p.in.Command(p.t.Context(), "dialtone", "call", "--plain", "--no-media", "--for=100ms", server, "proxied").CombinedOutput()
	if err != nil {
		p.t.Errorf("%v: %v\n%s", p.at, err, out)
	}
	if err := answer.Wait(); err != nil {
		p.t.Errorf("%v: %v", p.at, err)
	}
}
