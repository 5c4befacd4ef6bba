package monitor

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dialtone/diag/report"
)

// TestWhoMayProbe: what clients can make the monitor connect to, and send the secrets of a module to.
func TestWhoMayProbe(t *testing.T) {
	var probed atomic.Int64
	module := func(name string, targets ...string) Module {
		m := fake(name, 10*time.Second)
		m.Targets = targets
		m.Probe = func(context.Context, string) (*report.Report, error) {
			probed.Add(1)
			return passing(), nil
		}
		return m
	}
	servers := module("servers", "stun:a", "turn:b?*")
	servers.Split = strings.Fields
	setup := &Setup{Modules: map[string]Module{
		"free": module("free"), "open": module("open", "*"), "servers": servers,
		"whip": module("whip", "https://media.example/whip/*"),
	}}
	if err := setup.Add(Schedule{Module: "free", Target: "https://scheduled.example/", Every: time.Minute}); err != nil {
		t.Fatal(err)
	}
	m := newMonitor(t, 1, func() (*Setup, error) { return setup, nil }, nil)
	handler := m.handler(t.Context())
	const here, elsewhere = "127.0.0.1:9", "192.0.2.7:9"
	for name, tt := range map[string]struct {
		client, module, target string
		header                 string // "NAME: VALUE"
		status                 int
	}{
		"no targets, this machine":        {here, "free", "http://169.254.169.254/", "", 200},
		"no targets, another machine":     {elsewhere, "free", "http://x.example/", "", 403},
		"no targets, no address":          {"@", "free", "http://x.example/", "", 403},
		"mapped address":                  {"[::ffff:192.0.2.7]:9", "free", "http://x.example/", "", 403},
		"scheduled":                       {elsewhere, "free", "https://scheduled.example/", "", 200},
		"scheduled for another module":    {elsewhere, "whip", "https://scheduled.example/", "", 403},
		"any":                             {elsewhere, "open", "http://127.0.0.1/", "", 200},
		"named":                           {elsewhere, "whip", "https://media.example/whip/1", "", 200},
		"another scheme":                  {elsewhere, "whip", "http://media.example/whip/1", "", 403},
		"another path":                    {elsewhere, "whip", "https://media.example/admin", "", 403},
		"a host that begins so":           {elsewhere, "whip", "https://media.example.evil/whip/", "", 403},
		"a user that is called so":        {elsewhere, "whip", "https://media.example@evil/whip/", "", 403},
		"not named, this machine":         {here, "whip", "https://evil/whip/", "", 403},
		"each of a list":                  {elsewhere, "servers", "stun:a turn:b?transport=tcp", "", 200},
		"one of a list is not named":      {elsewhere, "servers", "stun:a turn:127.0.0.1?", "", 403},
		"no server":                       {elsewhere, "servers", "", "", 200},
		"a page of another site":          {here, "free", "x", "Sec-Fetch-Site: cross-site", 403},
		"a page of a name beside":         {here, "free", "x", "Sec-Fetch-Site: same-site", 403},
		"a page that hides":               {here, "free", "x", "Origin: null", 403},
		"a page without security":         {here, "free", "x", "Referer: http://evil.example/", 403},
		"the page of the monitor":         {here, "free", "x", "Referer: http://127.0.0.1:9788/", 200},
		"typed by a person":               {here, "free", "x", "Sec-Fetch-Site: none", 200},
		"a name that leads here":          {here, "free", "x", "Host: evil.example", 403},
		"a name that leads here, allowed": {here, "free", "x", "Host: monitor.example", 200},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet,
			"http://127.0.0.1:9788/probe?module="+tt.module+"&target="+url.QueryEscape(tt.target), nil)
		r.RemoteAddr = tt.client
		if key, value, _ := strings.Cut(tt.header, ": "); key == "Host" {
			r.Host = value
			r.Header.Set("User-Agent", "Mozilla/5.0")
		} else if key != "" {
			r.Header.Set(key, value)
		}
		before := probed.Load()
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != tt.status || (probed.Load() > before) != (tt.status == 200) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}

// TestPatterns: a pattern cannot match hosts that its author did not name.
func TestPatterns(t *testing.T) {
	for pattern, ok := range map[string]bool{
		"*": true, "https://a/": true, "https://a/*": true, "https://a:8443/whip/*": true, "stun:a": true, "turn:a?*": true,
		"https://a*": false, "https://*": false, "https://*.a/*": false, "**": false, "turn:*": false, "turn:a:3478*": false, "h*": false,
	} {
		if err := WrongPattern(pattern); (err == nil) != ok {
			t.Errorf("%s: %v", pattern, err)
		}
	}
}

// TestFloodsOfAMonitor: clients that are silent, slow or ask for probes without end do not keep others from the results.
func TestFloodsOfAMonitor(t *testing.T) {
	release := make(chan struct{})
	module := fake("a", time.Minute)
	module.Probe = func(ctx context.Context, _ string) (*report.Report, error) {
		select {
		case <-release:
		case <-ctx.Done():
		}
		return nil, errors.New("released")
	}
	m := newMonitor(t, 1, func() (*Setup, error) { return &Setup{Modules: map[string]Module{"a": module}}, nil }, nil)
	address := serving(t, m)
	host := strings.TrimPrefix(address, "http://")
	const request = "GET /probe?module=a&target=x HTTP/1.1\r\nHost: a\r\n\r\n"
	for _, flood := range []struct {
		text string
		many int
	}{
		{"", 300},
		{"GET / HTTP/1.1\r\nX: ", 300},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n{", 300},
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 50},
		{strings.Repeat(request, 100), 50},
		{request, 400},
	} {
		for range flood.many {
			c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", host)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Close() })
			_, _ = io.WriteString(c, flood.text) // the monitor may have closed it
		}
		if status, body := get(t, address+"/results"); status != 200 {
			t.Errorf("%.20q: %d %s", flood.text, status, body)
		}
	}
	for begun := time.Now(); len(m.waiting) < cap(m.waiting) && time.Since(begun) < 20*time.Second; {
		time.Sleep(time.Millisecond)
	}
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_, _ = io.WriteString(c, request)
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" {
		t.Errorf("a probe too many: %s", fmt.Sprint(response.Status, response.Header))
	}
	close(release)
}

// FuzzPatterns: what a pattern with a host matches is at that host.
func FuzzPatterns(f *testing.F) {
	f.Add("https://a/*", "https://a/b")
	f.Add("https://a:1/*", "https://a:1@b/")
	f.Add("turn:a?*", "turn:a?transport=tcp")
	f.Fuzz(func(t *testing.T, pattern, target string) {
		if WrongPattern(pattern) != nil || pattern == anyTarget || !matches(pattern, target) {
			return
		}
		named, err := url.Parse(strings.TrimSuffix(pattern, anyTarget))
		at, err2 := url.Parse(target)
		if err == nil && err2 == nil && (named.Host != at.Host || named.Scheme != at.Scheme || named.User.String() != at.User.String()) {
			t.Errorf("%q matches %q", pattern, target)
		}
	})
}
