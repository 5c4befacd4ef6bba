package reach

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"dialtone/diag"
	"dialtone/diag/iceurl"
)

func TestParseProxy(t *testing.T) {
	for text, want := range map[string]string{
		"http://proxy.example": "http://proxy.example:80", "https://Proxy.example": "https://Proxy.example:443",
		"proxy.example:3128": "http://proxy.example:3128", "socks5://[2001:db8::1]": "socks5://[2001:db8::1]:1080",
		"SOCKS5H://ann:secret@192.0.2.1:9": "socks5h://192.0.2.1:9", "http://ann:secret@proxy.example:8080/": "http://proxy.example:8080",
		"ftp://ann:secret@h": "", "http://ann:secret@": "", "http://ann:secret@h/path": "", "http://ann:secret@h:x": "", "socks4://h": "",
		"http://ann:secret@h?x": "", "": "",
	} {
		p, err := ParseProxy(text)
		switch {
		case want == "" && (err == nil || strings.Contains(err.Error(), "secret")):
			t.Errorf("%q: %v, %v", text, p, err)
		case want != "" && (err != nil || p.String() != want):
			t.Errorf("%q: %v, %v", text, p, err)
		}
	}
}

// TestProxies: which proxy leads to a server.
func TestProxies(t *testing.T) {
	for name, tt := range map[string]struct {
		given            string
		env              map[string]string
		url, want, wrong string
	}{
		"none":                {url: "turns:h"},
		"given":               {given: "http://p:1", url: "turns:h", want: "http://p:1"},
		"given, TCP":          {given: "http://p:1", url: "turn:h?transport=tcp", want: "http://p:1"},
		"given, UDP":          {given: "http://p:1", url: "turn:h"},
		"given, DTLS":         {given: "http://p:1", url: "turns:h?transport=udp"},
		"HTTPS_PROXY":         {env: map[string]string{"HTTPS_PROXY": "p:1"}, url: "turns:h", want: "http://p:1"},
		"https_proxy":         {env: map[string]string{"https_proxy": "p:1"}, url: "turns:h", want: "http://p:1"},
		"ALL_PROXY":           {env: map[string]string{"ALL_PROXY": "socks5://p"}, url: "turns:h", want: "socks5://p:1080"},
		"HTTPS before ALL":    {env: map[string]string{"ALL_PROXY": "socks5://p", "HTTPS_PROXY": "http://q"}, url: "turns:h", want: "http://q:80"},
		"given before both":   {given: "http://p:1", env: map[string]string{"HTTPS_PROXY": "http://q"}, url: "turns:h", want: "http://p:1"},
		"NO_PROXY":            {given: "http://p:1", env: map[string]string{"NO_PROXY": "x, .example.org"}, url: "turns:turn.example.org"},
		"NO_PROXY, other":     {given: "http://p:1", env: map[string]string{"NO_PROXY": "x,.example.org"}, url: "turns:turn.example.com", want: "http://p:1"},
		"NO_PROXY, block":     {given: "http://p:1", env: map[string]string{"NO_PROXY": "192.0.2.0/24"}, url: "turns:192.0.2.7"},
		"loopback":            {env: map[string]string{"HTTPS_PROXY": "p:1"}, url: "turns:127.0.0.1"},
		"loopback, given":     {given: "http://p:1", env: map[string]string{"NO_PROXY": "192.0.2.0/24"}, url: "turns:127.0.0.1", want: "http://p:1"},
		"loopback, excepted":  {given: "http://p:1", env: map[string]string{"NO_PROXY": "127.0.0.0/8"}, url: "turns:127.0.0.1"},
		"localhost, excepted": {given: "http://p:1", env: map[string]string{"NO_PROXY": "a,localhost"}, url: "turns:localhost"},
		"all excepted":        {given: "http://p:1", env: map[string]string{"NO_PROXY": "*"}, url: "turns:[::1]"},
		"wrong":               {given: "ftp://x:secret@p", wrong: "--proxy: "},
		"wrong HTTPS_PROXY":   {env: map[string]string{"HTTPS_PROXY": "ftp://x:secret@p"}, wrong: "HTTPS_PROXY: "},
		"wrong ALL_PROXY":     {env: map[string]string{"ALL_PROXY": "ftp://x:secret@p"}, wrong: "ALL_PROXY: "},
	} {
		t.Run(name, func(t *testing.T) {
			for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"} {
				t.Setenv(name, tt.env[name])
			}
			p, err := NewProxies(tt.given)
			if tt.wrong != "" {
				if err == nil || !strings.HasPrefix(err.Error(), tt.wrong) || strings.Contains(err.Error(), "secret") {
					t.Error(err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			u, err := iceurl.Parse(tt.url)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if chosen := p.For(u); chosen != nil {
				got = chosen.String()
			}
			if got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
	if (*Proxies)(nil).For(iceurl.URL{Scheme: iceurl.TURNS, Host: "h"}) != nil {
		t.Error("no proxies, and one leads to a server")
	}
}

// tcpServer answers each connection on 127.0.0.1 until the test ends.
func tcpServer(t *testing.T, answer func(net.Conn)) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer func() { _ = conn.Close() }()
				answer(conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		running.Wait()
	})
	return l.Addr().String()
}

// through connects to turn:server.example:3478 through a proxy.
func through(t *testing.T, proxy string) (net.Conn, error) {
	t.Helper()
	p, err := ParseProxy(proxy)
	if err != nil {
		t.Fatal(err)
	}
	d := &Dialer{Proxies: &Proxies{given: p, choose: func(*url.URL) (*url.URL, error) { return &p.url, nil }}}
	d.Step = func(_ context.Context, name diag.StageName, try func(*diag.Stage) error) error {
		err := try(&diag.Stage{})
		if err != nil {
			err = &Error{*Classify(name, err)}
		}
		return err
	}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	u := iceurl.URL{Scheme: iceurl.TURN, Host: "server.example", Port: 3478}
	to, err := d.Resolve(ctx, u)
	if err != nil || len(to) != 1 || to[0].Addr.IsValid() {
		t.Fatalf("%+v, %v", to, err)
	}
	return d.Connect(ctx, u, to[0])
}

// TestTunnel: a proxy gets the name of the server, and connects; what it says otherwise is the failure.
func TestTunnel(t *testing.T) {
	asked := make(chan *http.Request, 1)
	works := tcpServer(t, func(conn net.Conn) {
		r, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			return
		}
		asked <- r
		_, _ = io.WriteString(conn, "HTTP/1.1 200 Connection established\r\nServer: x\r\n\r\n")
		_, _ = io.Copy(conn, conn)
	})
	conn, err := through(t, "http://ann:secret@"+works)
	if err != nil {
		t.Fatal(err)
	}
	r := <-asked
	if user, pass, ok := (&http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}).BasicAuth(); r.Method != http.MethodConnect ||
		r.Host != "server.example:3478" || !ok || user != "ann" || pass != "secret" {
		t.Errorf("%+v", r)
	}
	b := make([]byte, 5)
	if _, err := io.WriteString(conn, "hello"); err != nil {
		t.Error(err)
	}
	if _, err := io.ReadFull(conn, b); err != nil || string(b) != "hello" {
		t.Errorf("%q, %v", b, err)
	}
	_ = conn.Close()
	for answer, want := range map[string]diag.Failure{
		"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n": {Cause: diag.CauseProxy, Status: 407, Reason: "407 Proxy Authentication Required"},
		"HTTP/1.1 403 \x1b[31mNo\r\n\r\n":                    {Cause: diag.CauseProxy, Status: 403, Reason: diag.Clean("403 \x1b[31mNo", MaxText)},
		"SSH-2.0-x\r\n":                                      {Cause: diag.CauseProxy, Reason: "malformed HTTP response \"SSH-2.0-x\""},
		"HTTP/1.1 200 OK\r\n\r\nspoken too early":            {Cause: diag.CauseProtocol, Reason: "the server speaks before it is asked"},
		"": {Cause: diag.CauseProtocol, Detail: diag.DetailClosed},
		// longer than what is read
		"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("y", 100_000): {Cause: diag.CauseProtocol, Detail: diag.DetailClosed},
	} {
		at := tcpServer(t, func(conn net.Conn) {
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = io.WriteString(conn, answer)
		})
		_, err := through(t, "http://"+at)
		var f *Error
		if !errors.As(err, &f) || f.Failure != want {
			t.Errorf("%.60q: %+v", answer, err)
		}
	}
}

// TestTunnelSilent: a proxy that does not answer does not hold the caller longer than the context.
func TestTunnelSilent(t *testing.T) {
	at := tcpServer(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	for _, scheme := range []string{"http://", "https://", "socks5://"} {
		var f *Error
		if _, err := through(t, scheme+at); !errors.As(err, &f) || f.Cause != diag.CauseTimeout {
			t.Errorf("%s%v", scheme, err)
		}
	}
}

// TestSOCKS: the replies of a SOCKS5 proxy (RFC 1928 §6).
func TestSOCKS(t *testing.T) {
	for reply, works := range map[byte]bool{0: true, 2: false, 5: false} {
		at := tcpServer(t, func(conn net.Conn) {
			b := make([]byte, 512)
			if _, err := conn.Read(b); err != nil { // methods
				return
			}
			_, _ = conn.Write([]byte{5, 0})
			n, _ := conn.Read(b)
			if !strings.Contains(string(b[:n]), "server.example") {
				return
			}
			_, _ = conn.Write([]byte{5, reply, 0, 1, 0, 0, 0, 0, 0, 0})
		})
		conn, err := through(t, "socks5://"+at)
		var f *Error
		if works != (err == nil) || !works && (!errors.As(err, &f) || f.Cause != diag.CauseProxy || f.Reason == "") {
			t.Errorf("%d: %v", reply, err)
		}
		if conn != nil && err == nil {
			_ = conn.Close()
		}
	}
}

// FuzzParseProxy: what somebody writes never shows its password.
func FuzzParseProxy(f *testing.F) {
	f.Add("http://ann:Se-cret@h:1")
	f.Add("ann:Se-cret@h")
	f.Add("socks5://ann:Se-cret@[::1")
	f.Add("soCks5://::")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParseProxy(text)
		if err != nil {
			if strings.Contains(err.Error(), "Se-cret") {
				t.Fatal(err)
			}
			return
		}
		if again, err := ParseProxy(p.String()); err != nil || again.String() != p.String() || strings.Contains(p.String(), "Se-cret@") {
			t.Fatalf("%q: %s, %v", text, p, err)
		}
	})
}
