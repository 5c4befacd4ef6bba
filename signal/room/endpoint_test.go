package room

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"dialtone/signal"
)

func TestEndpoint(t *testing.T) {
	const line = "call_line_process/"
	tests := []struct{ server, want string }{
		{"https://call.example.org/call", "https://call.example.org/call/" + line},
		{"https://call.example.org/call/", "https://call.example.org/call/" + line},
		{"https://call.example.org/call//", "https://call.example.org/call/" + line},
		{"https://call.example.org", "https://call.example.org/call/" + line},
		{"https://call.example.org/", "https://call.example.org/call/" + line},
		{"HTTPS://Call.Example.org/call", "https://Call.Example.org/call/" + line},
		{"http://h:8000/call/call_line_process/", "http://h:8000/call/" + line},
		{"http://h:8000/call/call_line_process", "http://h:8000/call/" + line},
		{"http://h/call_line_process/", "http://h/" + line},
		{"http://h/rooms/a", "http://h/rooms/a/" + line},
		{"http://h/xcall_line_process", "http://h/xcall_line_process/" + line},
		{"http://h/call/?code=w1#x", "http://h/call/" + line},
		{"  https://h/call \n", "https://h/call/" + line},
		{"call.example.org", "https://call.example.org/call/" + line},
		{"call.example.org/call", "https://call.example.org/call/" + line},
		{"//call.example.org/call", "https://call.example.org/call/" + line},
		{"call.example.org:443", "https://call.example.org:443/call/" + line},
		{"call.example.org:8443/x", "https://call.example.org:8443/x/" + line},
		{"call.example.org:8000", "http://call.example.org:8000/call/" + line},
		{"localhost", "http://localhost:8000/call/" + line},
		{"localhost:9000", "http://localhost:9000/call/" + line},
		{"127.0.0.1", "http://127.0.0.1:8000/call/" + line},
		{"192.168.1.5/call/", "http://192.168.1.5:8000/call/" + line},
		{"192.168.1.5:80", "http://192.168.1.5:80/call/" + line},
		{"::1", "http://[::1]:8000/call/" + line},
		{"[::1]", "http://[::1]:8000/call/" + line},
		{"[::1]:9000", "http://[::1]:9000/call/" + line},
		{"fe80::1%eth0", "http://[fe80::1%25eth0]:8000/call/" + line},
		{"https://[2001:db8::1]/call", "https://[2001:db8::1]/call/" + line},
	}
	for _, test := range tests {
		u, err := Endpoint(test.server)
		if err != nil {
			t.Errorf("%q: %v", test.server, err)
			continue
		}
		if u.String() != test.want {
			t.Errorf("%q became %s, want %s", test.server, u, test.want)
		}
		if again, err := Endpoint(u.String()); err != nil || again.String() != u.String() {
			t.Errorf("%q: %s became %s, %v", test.server, u, again, err)
		}
	}
}

func TestEndpointRefuses(t *testing.T) {
	for _, server := range []string{
		"", "   ", "ws://h/call", "ftp://h", "file:///etc/passwd", "http://", "https:///call", "://h", "http://h:port/", "h:99999x", "http://h:65536", ":0:", ":8000",
		"http://user:secret@h/call", "user:secret@h:8000", "http://user:secret@h:port/", "http://us er:secret@h/", "http://h\x00/", "http://h /",
		"http://" + strings.Repeat("h", 2048),
	} {
		u, err := Endpoint(server)
		var e *signal.Error
		if !errors.As(err, &e) || e.Op != "page" {
			t.Errorf("%q became %v, %v", server, u, err)
			continue
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the error repeats the password: %v", server, err)
		}
	}
}

// FuzzEndpoint: what is accepted is an http address without credentials that
// stays the same when it is given again.
func FuzzEndpoint(f *testing.F) {
	for _, seed := range []string{"localhost", "https://h/call", "h:8000", "[::1]:1", "http://u:p@h/", "//h", "fe80::1%eth0", "http://h/%2f/?x#y"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, server string) {
		u, err := Endpoint(server)
		if err != nil {
			return
		}
		if u.User != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || !strings.HasSuffix(u.Path, "/call_line_process/") {
			t.Errorf("%q became %s", server, u)
		}
		if _, err := url.Parse(u.String()); err != nil {
			t.Errorf("%q became %s: %v", server, u, err)
		}
		if again, err := Endpoint(u.String()); err != nil || again.String() != u.String() {
			t.Errorf("%q became %s, and that %s, %v", server, u, again, err)
		}
	})
}
