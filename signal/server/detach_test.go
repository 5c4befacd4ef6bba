package server

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// TestDetachedKeepsConnection: a connection whose request was detached serves
// further requests, of both kinds, as if nothing had been.
func TestDetachedKeepsConnection(t *testing.T) {
	address := serve(t, Options{})
	other := newCaller(t, address)
	m, err := joinCrowd(address, "w")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = m.conn.Close() }()
	var body map[string]any
	read := func(code string) {
		t.Helper()
		body = nil
		_ = m.conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		if status, err := m.read(&body); err != nil || status != 200 || body["code"] != code {
			t.Fatalf("%d %v %v, want %s", status, body, err, code)
		}
	}
	time.Sleep(2 * patience) // it is detached now
	subscriber := other.mustPost(`{"code":"dial","call_code":"w"}`).userID(t)
	read("need_init")
	for range 3 {
		if err := m.send(fmt.Sprintf(`{"code":"get_status","user_id":%q}`, m.user)); err != nil {
			t.Fatal(err)
		}
		read("need_init")
	}
	if err := m.sendEmpty(fmt.Sprintf(`{"code":"offer","user_id":%q,"offer":{"type":"offer","sdp":"o"}}`, m.user)); err != nil {
		t.Fatal(err)
	}
	if err := m.send(fmt.Sprintf(`{"code":"get_status","user_id":%q,"wait_ms":25000}`, m.user)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * patience) // and again
	if r := other.mustPost(fmt.Sprintf(`{"code":"answer","user_id":%q,"answer":{"type":"answer","sdp":"a"}}`, subscriber)); r.status != 200 {
		t.Fatalf("answer: %+v", r)
	}
	read("answered")
}

// TestDetachedOverTLS: a connection that comes back is still one over TLS, whose certificate has proved the name.
func TestDetachedOverTLS(t *testing.T) {
	t.Parallel()
	hs := httptest.NewUnstartedServer(nil)
	hs.StartTLS()
	hs.Close()                                  // only its certificate is of use
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // loopback
	if err != nil {
		t.Fatal(err)
	}
	stop := serveOn(Options{}, tls.NewListener(ln, &tls.Config{Certificates: hs.TLS.Certificates})) //nolint:gosec // a test
	conn, err := tls.Dial("tcp", ln.Addr().String(), &tls.Config{InsecureSkipVerify: true})         //nolint:gosec,noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	m := &member{conn: conn, reader: bufio.NewReader(conn)}
	post := func(body string) (answer map[string]any) {
		t.Helper()
		_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
		_, err := fmt.Fprintf(conn, "POST /call/call_line_process/ HTTP/1.1\r\nHost: call.example\r\nOrigin: https://call.example\r\n"+
			"Content-Length: %d\r\n\r\n%s", len(body), body)
		if err != nil {
			t.Fatal(err)
		}
		if status, err := m.read(&answer); err != nil || status != 200 {
			t.Fatalf("%d %v %v", status, answer, err)
		}
		return answer
	}
	user := post(`{"code":"dial","call_code":"w"}`)["user_id"]
	for range 2 {
		post(fmt.Sprintf(`{"code":"get_status","user_id":%q,"wait_ms":%d}`, user, (patience + 20*time.Millisecond).Milliseconds()))
	}
	if err := errors.Join(conn.Close(), stop()); err != nil {
		t.Error(err)
	}
}

// TestDetachedSendsAhead: a client that does not wait for the answer gets both.
func TestDetachedSendsAhead(t *testing.T) {
	address := serve(t, Options{})
	m, err := joinCrowd(address, "w")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = m.conn.Close() }()
	time.Sleep(2 * patience)
	if err := m.send(fmt.Sprintf(`{"code":"get_status","user_id":%q}`, m.user)); err != nil {
		t.Fatal(err)
	}
	_ = m.conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	for range 2 {
		var body map[string]any
		if status, err := m.read(&body); err != nil || status != 200 || len(body) != 0 {
			t.Fatalf("%d %v %v", status, body, err)
		}
	}
}

// TestDetachedWithTheNextRequest: a request that came in one packet with the one that is detached is answered too.
func TestDetachedWithTheNextRequest(t *testing.T) {
	address := serve(t, Options{})
	c := newCaller(t, address)
	user := c.mustPost(`{"code":"dial","call_code":"w"}`).userID(t)
	conn, err := net.Dial("tcp", address) //nolint:noctx // loopback
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	both := ""
	for _, wait := range []int{25000, 0} {
		body := fmt.Sprintf(`{"code":"get_status","user_id":%q,"wait_ms":%d}`, user, wait)
		both += fmt.Sprintf("POST /call/call_line_process/ HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
	if _, err := conn.Write([]byte(both)); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second)) // long before the first one's wait is over
	reader := bufio.NewReader(conn)
	for n := range 2 {
		resp, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatalf("answer %d: %v", n, err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("answer %d: %s", n, resp.Status)
		}
	}
}

// TestDetachedTimes: the wait ends in time, an idle connection is closed, and
// "Connection: close" is honored.
func TestDetachedTimes(t *testing.T) {
	address := serve(t, Options{IdleTimeout: 50 * time.Millisecond})
	c := newCaller(t, address)
	user := c.mustPost(`{"code":"dial","call_code":"w"}`).userID(t)
	for _, header := range []string{"", "Connection: close\r\n"} {
		conn, err := net.Dial("tcp", address) //nolint:noctx // loopback
		if err != nil {
			t.Fatal(err)
		}
		body := fmt.Sprintf(`{"code":"get_status","user_id":%q,"wait_ms":300}`, user)
		if _, err := fmt.Fprintf(conn, "POST /call/call_line_process/ HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n%s", header, len(body), body); err != nil {
			t.Fatal(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		reader := bufio.NewReader(conn)
		resp, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		for _, name := range []string{headerRequestID, HeaderWait, "Date", "Content-Type", "Cache-Control"} {
			if resp.Header.Get(name) == "" {
				t.Errorf("no %s", name)
			}
		}
		if resp.StatusCode != 200 || resp.Close != (header != "") {
			t.Errorf("%q: %s, close %t", header, resp.Status, resp.Close)
		}
		if n, err := conn.Read(make([]byte, 10)); n > 0 || err == nil || isTimeout(err) {
			t.Errorf("%q: not closed: %d %v", header, n, err)
		}
		_ = conn.Close()
	}
}
