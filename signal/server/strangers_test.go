package server

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/diag/lab/labtest"
	"dialtone/signal/gate"
	"dialtone/signal/page"
	"dialtone/signal/pairs"
)

// dialed dials a code from an address, with fields of the header, and returns the reason of a refusal.
func dialed(l *line, remote, code string, header ...string) string {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/call/call_line_process/",
		strings.NewReader(fmt.Sprintf(`{"code":"dial","call_code":%q}`, code)))
	r.RemoteAddr, r.Host = remote, "192.0.2.7:8000"
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
			continue
		}
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	l.server.ServeHTTP(w, r)
	return reply{w.Code, w.Body.String()}.reason()
}

// TestFloodsOfPairs: a client that comes later gets a pair, even if others dial for pairs without end.
func TestFloodsOfPairs(t *testing.T) {
	for name, test := range map[string]struct {
		remote  func(n int) string
		field   func(n int) string
		proxies gate.Proxies
		most    int // pairs of 2,000
	}{
		"one address":        {remote: func(int) string { return "192.0.2.66:1" }, most: 25},
		"/64s of a /48":      {remote: func(n int) string { return fmt.Sprintf("[2001:db8:1:%x::1]:1", n%80) }, most: 100},
		"addresses of a /64": {remote: func(n int) string { return fmt.Sprintf("[2001:db8:1:1::%x]:1", n) }, most: 25},
		"/64s of a /56":      {remote: func(n int) string { return fmt.Sprintf("[2001:db8:1:1%02x::1]:1", n%256) }, most: 50},
		"/48s of a /32":      {remote: func(n int) string { return fmt.Sprintf("[2001:db8:%x::1]:1", n%4000) }, most: 400},
		"many /32s":          {remote: func(n int) string { return fmt.Sprintf("[2001:%x::1]:1", 0xdb8+n%64) }, most: 1700},
		"local":              {remote: func(int) string { return "127.0.0.1:1" }, most: 1504},
		"an unnamed proxy, one client": {
			remote: func(int) string { return "127.0.0.1:1" }, field: func(int) string { return "203.0.113.1" }, most: 25,
		},
		"an unnamed proxy, invented clients": {
			remote: func(int) string { return "127.0.0.1:1" },
			field:  func(n int) string { return fmt.Sprintf("203.0.113.%d", n%250) }, most: unnamedPairs,
		},
		"a named proxy, one client that invents others": {
			remote:  func(int) string { return "127.0.0.1:1" },
			field:   func(n int) string { return fmt.Sprintf("203.0.113.%d, 198.51.100.9", n%250) },
			proxies: gate.Proxies{netip.MustParsePrefix("127.0.0.0/8")}, most: 25,
		},
		"a named proxy, many clients": {
			remote: func(int) string { return "127.0.0.1:1" }, field: func(n int) string { return fmt.Sprintf("203.0.113.%d", n%250) },
			proxies: gate.Proxies{netip.MustParsePrefix("127.0.0.0/8")}, most: 1700,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLine(t, Options{
					Pairs: 2000, Proxies: test.proxies, RequestsPerSecond: -1, MissesPerSecond: -1, Expiry: time.Hour,
				})
				l.server.ledger.limits.pairs = 25 // as if it were the default
				for n := range 2500 {
					var header []string
					if test.field != nil {
						header = []string{"X-Forwarded-For", test.field(n)}
					}
					dialed(l, test.remote(n), fmt.Sprint("flood", n), header...)
				}
				if n := l.server.Health().Pairs; n > test.most || n < 20 {
					t.Errorf("%d pairs, want at most %d", n, test.most)
				}
				for _, honest := range []string{"198.51.100.7:1", "[2a00:1::1]:1"} {
					if reason := dialed(l, honest, "honest"+honest); reason != "" {
						t.Errorf("%s: %s", honest, reason)
					}
				}
				if name == "an unnamed proxy, invented clients" {
					return // it must be named for that
				}
				if reason := dialed(l, "127.0.0.1:1", "behind", "X-Forwarded-For", "198.51.100.8"); reason != "" {
					t.Errorf("behind the proxy: %s", reason)
				}
			})
		})
	}
}

// unnamedPairs is what the clients of a local proxy may have together that was not named.
const unnamedPairs = 32 * 25

// TestGuesses: guessing costs, and a client that may not dial learns nothing.
func TestGuesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(t, Options{RequestsPerSecond: -1, PairsPerAddress: -1})
		const evil, good = "192.0.2.66:1", "198.51.100.7:1"
		dialed(l, good, "7777")
		taken, tried, minutes := 0, 0, labtest.Sample(10, 3)
		for begun := time.Now(); time.Since(begun) < time.Duration(minutes)*time.Minute; time.Sleep(10 * time.Millisecond) {
			tried++
			if reason := dialed(l, evil, fmt.Sprintf("%04d", tried%7000)); reason == "" {
				taken++
			}
		}
		if taken > 256+spareMisses+minutes*60+1 {
			t.Errorf("%d of %d guesses were answered in %d min", taken, tried, minutes)
		}
		dialed(l, good, "7777")
		for n := 0; dialed(l, evil, fmt.Sprint("last", n)) == ""; n++ {
			continue
		}
		if a, b := dialed(l, evil, "7777"), dialed(l, evil, "7778"); a != "rate_limited" || b != a {
			t.Errorf("a code that a peer waits for %q, another %q", a, b)
		}
		if reason := dialed(l, good, "mine"); reason != "" {
			t.Errorf("another client: %s", reason)
		}
	})
}

// TestOracle: at its limit of pairs a client gets the same answer whether a peer waits or not, and takes no place.
func TestOracle(t *testing.T) {
	for name, tt := range map[string]struct {
		options Options
		reason  string
	}{
		"of its address": {Options{PairsPerAddress: 4, MissesPerSecond: -1}, "address_pairs_limit"},
		"of all":         {Options{Pairs: 16, MissesPerSecond: -1}, "pairs_limit"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLine(t, tt.options)
			const evil, good = "[2001:db8:6:6::1]:1", "198.51.100.7:1"
			dialed(l, good, "7777")
			mine := 0
			for dialed(l, evil, fmt.Sprint("fill", mine)) == "" {
				mine++
			}
			for _, from := range []string{evil, "[2001:db8:6:6::2]:9"} {
				if a, b := dialed(l, from, "7777"), dialed(l, from, "7778"); a != tt.reason || b != a {
					t.Errorf("%s: a code that a peer waits for %q, another %q", from, a, b)
				}
			}
			if reason := dialed(l, evil, "fill0"); reason != "" {
				t.Errorf("a pair of its own: %s", reason)
			}
			if l.server.Health().Since.Paired != 1 {
				t.Error("a place was taken")
			}
			if reason := dialed(l, "198.51.100.8:1", "7777"); reason != "" {
				t.Errorf("the peer: %s", reason)
			}
		})
	}
}

// TestStoredBytesOfAClient: one client cannot use up the memory for descriptions.
func TestStoredBytesOfAClient(t *testing.T) {
	l := newLine(t, Options{RequestsPerSecond: -1, MissesPerSecond: -1, StoredBytes: 4 << 20})
	l.server.ledger.limits.bytes = 1 << 20
	big := strings.Repeat("x", 60_000)
	flood := func(remote string) {
		l.remote = remote
		for n := range 256 {
			a, b := l.post(fmt.Sprintf(`{"code":"dial","call_code":"%s%d"}`, remote, n)), l.post(fmt.Sprintf(`{"code":"dial","call_code":"%s%d"}`, remote, n))
			if a.status != 200 || b.status != 200 {
				return
			}
			if r := l.post(fmt.Sprintf(`{"code":"offer","user_id":%q,"offer":{"type":"offer","sdp":%q}}`, a.userID(t), big)); r.status != 200 {
				return
			}
			l.post(fmt.Sprintf(`{"code":"answer","user_id":%q,"answer":{"type":"answer","sdp":%q}}`, b.userID(t), big))
		}
	}
	flood("192.0.2.66:1")
	if n := l.server.Health().StoredBytes; n > 1<<20 {
		t.Errorf("one client has %d bytes stored", n)
	}
	for n := range 8 {
		flood(fmt.Sprintf("192.0.2.%d:1", 100+n))
	}
	if n := l.server.Health().StoredBytes; n > 4<<20 {
		t.Errorf("%d bytes are stored", n)
	}
	l.remote = "198.51.100.7:1"
	l.pairIn(pairs.Connected)
}

// TestForeignPages: pages of other sites, and of names that lead here, take no place and get no account.
func TestForeignPages(t *testing.T) {
	l := newLine(t, Options{Hosts: gate.HostsOf("call.example.org"), ICEServers: func(string) []page.ICEServer {
		return []page.ICEServer{{URLs: []string{"turn:192.0.2.7"}, Username: "u", Credential: "secret"}}
	}})
	for _, test := range []struct{ host, origin, want string }{
		{"evil.example:8000", "http://evil.example:8000", "unknown_host"},
		{"192.0.2.7:8000", "http://evil.example", "cross_site"},
		{"192.0.2.7:8000", "null", "cross_site"},
		{"192.0.2.7:8000", "http://192.0.2.7:8000", ""},
		{"call.example.org", "https://call.example.org", ""},
	} {
		before := l.server.Health().Since.Dials
		if got := dialed(l, "192.0.2.66:1", "w", "Host", test.host, "Origin", test.origin); got != test.want {
			t.Errorf("%+v: %q", test, got)
		}
		if took := l.server.Health().Since.Dials != before; took != (test.want == "") {
			t.Errorf("%+v: it dialed: %t", test, took)
		}
	}
}

// TestAccountsOfPairs: both peers of a pair get the account of that pair when they ask for it; it does not name them.
func TestAccountsOfPairs(t *testing.T) {
	l := newLine(t, Options{ICEServers: func(pair string) []page.ICEServer {
		return []page.ICEServer{{URLs: []string{"turn:192.0.2.7"}, Username: pair}}
	}})
	account := func(code string) string {
		r := l.post(fmt.Sprintf(`{"code":"dial","call_code":%q,"ice_servers":true}`, code))
		_, rest, _ := strings.Cut(r.body, `"username":"`)
		name, _, ok := strings.Cut(rest, `"`)
		if !ok || strings.Contains(r.body, `"user_id":"`+name) {
			t.Errorf("answered %s", r.body)
		}
		return name
	}
	a, b, c := account("one"), account("one"), account("two")
	if a != b || a == c {
		t.Errorf("the accounts are %q, %q and %q", a, b, c)
	}
	l.dial("three") // and its answer has nothing but the user ID
}

// TestStrongCodes: codes that could be guessed are refused, and those that are given are accepted.
func TestStrongCodes(t *testing.T) {
	l := newLine(t, Options{StrongCodes: true})
	for _, weak := range []string{"w1", "1234", "aaaaaaaaaaaaaaaaaaaa", "0123456789abc", "--------------------"} {
		if reason := dialed(l, "192.0.2.1:1", weak); reason != "weak_code" {
			t.Errorf("%q: %q", weak, reason)
		}
	}
	seen := map[string]bool{}
	for range 100 {
		code := NewCode()
		if reason := dialed(l, "192.0.2.1:1", code); reason != "" || seen[code] || len(code) != 19 {
			t.Errorf("%q: %q", code, reason)
		}
		seen[code] = true
	}
	if reason := dialed(l, "192.0.2.1:1", "k7f2x-9qmh-3vt8w"); reason != "" {
		t.Errorf("a code of the page: %s", reason)
	}
	got := l.do(context.Background(), http.MethodGet, "/call/code.json", "")
	if got.status != 200 || !isStrong(strings.Trim(strings.TrimPrefix(got.body, `{"code":`), `"}`)) {
		t.Errorf("code.json: %+v", got)
	}
}
