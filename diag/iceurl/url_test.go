package iceurl

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	tests := []struct {
		text string
		want URL
		str  string
	}{
		{"stun:stun.example.com", URL{STUN, "stun.example.com", 3478, true, true}, "stun:stun.example.com:3478"},
		{"stun:stun.example.com:19302", URL{STUN, "stun.example.com", 19302, true, false}, "stun:stun.example.com:19302"},
		{"STUN:Stun.Example.COM", URL{STUN, "stun.example.com", 3478, true, true}, "stun:stun.example.com:3478"},
		{"stun:host?transport=tcp", URL{STUN, "host", 3478, false, true}, "stun:host:3478?transport=tcp"},
		{"stun:host?transport=udp", URL{STUN, "host", 3478, true, true}, "stun:host:3478"},
		{"stuns:host", URL{STUNS, "host", 5349, false, true}, "stuns:host:5349"},
		{"stuns:host?transport=udp", URL{STUNS, "host", 5349, true, true}, "stuns:host:5349?transport=udp"},
		{"turn:host", URL{TURN, "host", 3478, true, true}, "turn:host:3478?transport=udp"},
		{"turn:host:80?Transport=TCP", URL{TURN, "host", 80, false, false}, "turn:host:80?transport=tcp"},
		{"turns:host:443", URL{TURNS, "host", 443, false, false}, "turns:host:443?transport=tcp"},
		{"turns:host?transport=UDP", URL{TURNS, "host", 5349, true, true}, "turns:host:5349?transport=udp"},
		{"turn:[2001:DB8::1]:3479", URL{TURN, "2001:db8::1", 3479, true, false}, "turn:[2001:db8::1]:3479?transport=udp"},
		{"stun:[::1]", URL{STUN, "::1", 3478, true, false}, "stun:[::1]:3478"},
		{"2001:db8::1", URL{STUN, "2001:db8::1", 3478, true, false}, "stun:[2001:db8::1]:3478"},
		{"192.0.2.1:3479", URL{STUN, "192.0.2.1", 3479, true, false}, "stun:192.0.2.1:3479"},
		{"stun.example.com", URL{STUN, "stun.example.com", 3478, true, true}, "stun:stun.example.com:3478"},
		{"localhost:65535", URL{STUN, "localhost", 65535, true, false}, "stun:localhost:65535"},
		{"example.com.", URL{STUN, "example.com.", 3478, true, true}, "stun:example.com.:3478"},
		{"stun:xn--bcher-kva.example", URL{STUN, "xn--bcher-kva.example", 3478, true, true}, "stun:xn--bcher-kva.example:3478"},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			got, err := Parse(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if got.String() != tt.str {
				t.Errorf("String: %s, want %s", got, tt.str)
			}
			if again, err := Parse(got.Short()); err != nil || again != got {
				t.Errorf("Short: %s is read as %+v, %v", got.Short(), again, err)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ text, part string }{
		{"", "empty"},
		{"stun:", "empty"},
		{"stun::3478", "empty"},
		{"stun:3478", "neither"},
		{"turn://host", "without the two slashes"},
		{"http://host", "the scheme"},
		{"turn:host:0", "outside"},
		{"turn:host:65536", "outside"},
		{"turn:host:99999", "outside"},
		{"turn:host:-1", "number"},
		{"turn:host:+1", "number"},
		{"turn:host:", "missing"},
		{"turn:host:80:81", "number"},
		{"turn:[::1]:", "after the bracket"},
		{"turn:[::1]80", "after the bracket"},
		{"turn:[::1", "not closed"},
		{"turn:[127.0.0.1]", "no IPv6"},
		{"turn:[fe80::1%eth0]", "zone"},
		{"turn:alice:hunter2@host", "separately"},
		{"turn:alice@host", "separately"},
		{"turn:host?transport=sctp", "unknown transport"},
		{"turn:host?transport", "unknown transport"},
		{"turn:host?", "only parameter"},
		{"turn:host?transport=udp&x=1", "unknown transport"},
		{"turn:host?x=1", "only parameter"},
		{"turn:host/path", "character"},
		{"turn:host name", "character"},
		{"turn:host#f", "character"},
		{"turn:-host", "hyphen"},
		{"turn:a..b", "empty part"},
		{"turn:1.2.3.999", "neither"},
		{"turn:bücher.example", "ASCII"},
		{"turn:host?tran\u017fport=udp", "ASCII"},
		{"turn:" + strings.Repeat("a", 64), "63"},
		{"turn:" + strings.Repeat("abcdefgh.", 30) + "example", "253"},
		{strings.Repeat("a", 400), "longer"},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			got, err := Parse(tt.text)
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("got %v, %v, want ErrInvalid", got, err)
			}
			if !strings.Contains(err.Error(), tt.part) {
				t.Errorf("%q does not say %q", err, tt.part)
			}
			if strings.Contains(err.Error(), "alice") || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%q quotes credentials", err)
			}
		})
	}
}

func TestURLTransport(t *testing.T) {
	for text, want := range map[string]string{
		"stun:h": "udp", "stun:h?transport=tcp": "tcp", "stuns:h": "tls", "stuns:h?transport=udp": "dtls",
		"turn:h": "udp", "turn:h?transport=tcp": "tcp", "turns:h": "tls", "turns:h?transport=udp": "dtls",
	} {
		u, err := Parse(text)
		if err != nil || u.Transport() != want {
			t.Errorf("%s: %s, %v, want %s", text, u.Transport(), err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"stun:a", "turn:[::1]:1?transport=udp", "turns:h:443?transport=TCP", "a:1", "::1", "turn:u:p@h", "stun://h", "stun:1", "[::ffff:1.2.3.4]", "::ffff:1.2.3.4",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := Parse(s)
		if err != nil {
			if !errors.Is(err, ErrInvalid) || len(err.Error()) > MaxLength*6 {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		if u.Port == 0 || u.Host == "" {
			t.Fatalf("%q: %+v", s, u)
		}
		again, err := Parse(u.Short())
		if err != nil || again != u {
			t.Fatalf("%q: %+v is written as %s and read as %+v, %v", s, u, u.Short(), again, err)
		}
		again, err = Parse(u.String())
		u.NoPort = false
		if err != nil || again != u {
			t.Fatalf("%q: %+v is written as %s and read as %+v, %v", s, u, u, again, err)
		}
	})
}
