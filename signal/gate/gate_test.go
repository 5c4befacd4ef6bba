package gate

import (
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestPlaces: an address leads to one place in whatever form it is written.
func TestPlaces(t *testing.T) {
	for a, want := range map[string]Place{
		"8.8.8.8": Everywhere, "192.0.2.1": Everywhere, "203.0.113.9": Everywhere, "2001:db8::1": Everywhere,
		"2606:4700::1": Everywhere, "172.32.0.1": Everywhere, "100.128.0.1": Everywhere,
		"127.0.0.1": ThisMachine, "127.9.9.9": ThisMachine, "0.0.0.0": ThisMachine, "0.1.2.3": ThisMachine, "::1": ThisMachine,
		"::": ThisMachine, "::ffff:127.0.0.1": ThisMachine, "::127.0.0.1": ThisMachine, "64:ff9b::127.0.0.1": ThisMachine,
		"2002:7f00:1::": ThisMachine, "2001:0:1:2:3:4:80ff:fffe": ThisMachine,
		"169.254.1.1": LinkLocal, "fe80::1": LinkLocal, "fe80::1%eth0": LinkLocal, "febf::1": LinkLocal,
		"169.254.169.254": Metadata, "::ffff:169.254.169.254": Metadata, "64:ff9b::a9fe:a9fe": Metadata,
		"100.100.100.200": Metadata, "168.63.129.16": Metadata, "192.0.0.192": Metadata, "fd00:ec2::254": Metadata,
		"10.0.0.1": Private, "172.16.0.1": Private, "172.31.255.255": Private, "192.168.255.1": Private, "fd12::1": Private,
		"fc00::1": Private, "fec0::1": Private, "64:ff9b::10.1.2.3": Private, "2002:c0a8:101::1": Private,
		"64:ff9b:1::10.1.2.3": Private, "64:ff9b:1::8.8.8.8": Private, "64:ff9b::8.8.8.8": Everywhere, "64:ff9b:1:a01:2:300::": Private, "64:ff9b:1:a:1:203::": Private, "64:ff9b:1:0:a:102:300::": Private,
		"64:ff9b:1:a9fe:a9:fe00::": Metadata, "::ffff:0:127.0.0.1": ThisMachine, "fd00:c1::a9fe:a9fe": Metadata, "fd00:42::42": Metadata,
		"100.64.0.1": Shared, "100.127.255.255": Shared,
		"224.0.0.1": Special, "239.1.1.1": Special, "240.0.0.1": Special, "255.255.255.255": Special, "ff02::1": Special,
		"192.0.0.8": Special,
	} {
		if got := PlaceOf(netip.MustParseAddr(a)); got != want {
			t.Errorf("%s leads to %q, want %q", a, got, want)
		}
	}
	list, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range list {
		if p, err := netip.ParsePrefix(one.String()); err == nil && PlaceOf(p.Addr()) != ThisMachine {
			t.Errorf("%s is no address of this machine", p.Addr())
		}
	}
}

// TestClients: by what limits count.
func TestClients(t *testing.T) {
	for remote, want := range map[string]string{
		"192.0.2.1:80": "192.0.2.1", "[::ffff:192.0.2.1]:80": "192.0.2.1", "127.0.0.9:80": "127.0.0.9", "[::1]:80": "::1",
		"[2001:db8:1:2:3:4:5:6]:80": "2001:db8:1:2::/64 2001:db8:1::/56 2001:db8:1::/48 2001:db8::/32",
		"[fe80::1%eth0]:80":         "fe80::/64 fe80::/56 fe80::/48 fe80::/32", "@": "@", "": "",
	} {
		c := ClientAt(remote)
		var keys []string
		for _, g := range c.Groups {
			keys = append(keys, g.Key)
		}
		if got := strings.Join(keys, " "); got != want || c.Local != (got == "127.0.0.9" || got == "::1") {
			t.Errorf("%s counts as %q, local %t", remote, got, c.Local)
		}
	}
}

// TestCounter: groups have their share of the limit, and what is removed leaves nothing.
func TestCounter(t *testing.T) {
	var n Counter
	at := func(a string) Client { return ClientOf(netip.MustParseAddr(a)) }
	add := func(a string, want bool) {
		t.Helper()
		if got := n.Add(at(a), 1, 3); got != want {
			t.Errorf("%s: %t", a, got)
		}
	}
	for range 3 {
		add("2001:db8:0:1::1", true)
	}
	add("2001:db8:0:1::2", false) // the /64
	for range 3 {
		add("2001:db8:0:2::1", true)
	}
	add("2001:db8:0:3::1", false) // the /56
	for range 3 {
		add("2001:db8:0:100::1", true)
		add("2001:db8:0:200::1", true)
	}
	add("2001:db8:0:300::1", false) // the /48
	for _, other := range []string{"2001:db8:1::1", "192.0.2.1"} {
		add(other, true)
	}
	for range 3 {
		n.Remove(at("2001:db8:0:1::9"), 1)
	}
	add("2001:db8:0:3::1", true)
	if c := at("192.0.2.1"); !n.Fits(c, 100, -1) || n.Held(c) != 1 {
		t.Error("a negative limit is none")
	}
}

// TestProxies: the client is the last address that is not one of a proxy.
func TestProxies(t *testing.T) {
	proxies := Proxies{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("2001:db8:9::/48")}
	for _, test := range []struct {
		name, remote, field, value string
		named                      Proxies
		want                       string
	}{
		{"a chain of proxies", "127.0.0.1:1", "X-Forwarded-For", "198.51.100.1" + strings.Repeat(", 127.0.0.2", 20), proxies, "198.51.100.1"},
		{"no proxy", "192.0.2.1:1", "X-Forwarded-For", "198.51.100.1", proxies, "192.0.2.1"},
		{"one hop", "127.0.0.1:1", "X-Forwarded-For", "198.51.100.1", proxies, "198.51.100.1"},
		{"the client invents hops", "127.0.0.1:1", "X-Forwarded-For", "1.1.1.1, 2.2.2.2, 198.51.100.1", proxies, "198.51.100.1"},
		{"two proxies", "127.0.0.1:1", "X-Forwarded-For", "1.1.1.1,198.51.100.1, 2001:db8:9::1", proxies, "198.51.100.1"},
		{"proxies only", "127.0.0.1:1", "X-Forwarded-For", "127.0.0.2", proxies, "127.0.0.2"},
		{"garbage last", "127.0.0.1:1", "X-Forwarded-For", "198.51.100.1, what", proxies, "127.0.0.1"},
		{"with a port", "127.0.0.1:1", "X-Forwarded-For", "198.51.100.1:4711", proxies, "198.51.100.1"},
		{"Forwarded", "127.0.0.1:1", "Forwarded", `for=1.1.1.1;proto=https, for="198.51.100.1:80";by=x`, proxies, "198.51.100.1"},
		{"Forwarded IPv6", "127.0.0.1:1", "Forwarded", `proto=https; For="[2001:db8:1::7]:80"`, proxies, "2001:db8:1::/64"},
		{"Forwarded, hidden", "127.0.0.1:1", "Forwarded", `for=_hidden`, proxies, "127.0.0.1"},
		{"none", "127.0.0.1:1", "", "", proxies, "127.0.0.1"},
		{"unnamed, local", "127.0.0.1:1", "X-Forwarded-For", "198.51.100.1", nil, "198.51.100.1 proxy 127.0.0.1"},
		{"unnamed, elsewhere", "192.0.2.1:1", "X-Forwarded-For", "198.51.100.1", nil, "192.0.2.1"},
	} {
		h := http.Header{}
		if test.field != "" {
			h.Set(test.field, test.value)
		}
		c, unnamed := test.named.Client(test.remote, h)
		got := c.Groups[0].Key
		if len(c.Groups) > 1 && !c.Addr.Is6() {
			got += " " + c.Groups[1].Key
		}
		if got != test.want || unnamed != strings.Contains(test.want, "proxy") {
			t.Errorf("%s: %q, unnamed %t", test.name, got, unnamed)
		}
	}
}

// TestHosts: pages of names that could lead here by someone else's will are refused, and those of other sites.
func TestHosts(t *testing.T) {
	named := HostsOf("https://call.example.org/", "Other.example.org:8000", "")
	if diff := cmp.Diff(Hosts{"call.example.org", "other.example.org"}, named); diff != "" {
		t.Error(diff)
	}
	for _, test := range []struct {
		host, origin, site, agent string
		tls                       bool
		want                      Refusal
	}{
		{"192.0.2.7:8000", "http://192.0.2.7:8000", "", "", false, Welcome},
		{"[2001:db8::1]:8000", "http://[2001:db8::1]:8000", "", "", false, Welcome},
		{"localhost:8000", "http://localhost:8000", "same-origin", "", false, Welcome},
		{"printer.local", "http://printer.local", "", "", false, Welcome},
		{"box:8000", "http://box:8000", "", "", false, Welcome},
		{"call.example.org", "https://call.example.org", "", "", false, Welcome},
		{"127.0.0.1:8000", "https://call.example.org", "", "", false, Welcome}, // a proxy that does not pass the host on
		{"CALL.example.org.:80", "http://call.example.org", "", "", false, Welcome},
		{"any.example.org", "https://any.example.org", "", "", true, Welcome},
		{"script.example.org", "", "", "curl/8", false, Welcome},
		{"evil.example", "http://evil.example", "", "", false, UnknownHost},
		{"evil.example:8000", "http://evil.example:8000", "", "", false, UnknownHost},
		{"evil.example", "https://evil.example", "", "", false, UnknownHost},
		{"evil.example", "null", "", "", false, UnknownHost},
		{"evil.example", "", "", "Mozilla/5.0", false, UnknownHost},
		{"evil.example", "", "same-origin", "", false, UnknownHost},
		{"127.0.0.1.evil.example", "http://127.0.0.1.evil.example", "", "", false, UnknownHost},
		{"localhost.evil.example", "http://localhost.evil.example", "", "", false, UnknownHost},
		{"192.0.2.7:8000", "http://evil.example", "", "", false, CrossSite},
		{"192.0.2.7:8000", "http://192.0.2.8:8000", "", "", false, CrossSite},
		{"192.0.2.7:8000", "null", "", "", false, CrossSite},
		{"192.0.2.7:8000", "", "cross-site", "", false, CrossSite},
		{"localhost", "file://", "", "", false, CrossSite},
		{"any.example.org", "https://evil.example", "", "", true, CrossSite},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
		r.Host = test.host
		for name, value := range map[string]string{"Origin": test.origin, "Sec-Fetch-Site": test.site, "User-Agent": test.agent} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		if test.tls {
			r.TLS = &tls.ConnectionState{}
		}
		if got := named.Check(r); got != test.want {
			t.Errorf("%+v: %d", test, got)
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.Host = "evil.example"
	r.Header = http.Header{"User-Agent": {"curl/8"}, "Accept-Language": {""}}
	if named.Check(r) != UnknownHost {
		t.Error("a page that has renamed its browser passes")
	}
}

// TestRefusals: a kind of refusal is one line, then one a minute with its number.
func TestRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b lines
		r := NewRefusals(slog.New(slog.NewTextHandler(&b, nil)))
		for range 1000 {
			r.Warn("one")
			r.Warn("other", "flag", "--x")
		}
		if n := strings.Count(b.String(), "\n"); n != 2 || !strings.Contains(b.String(), "flag=--x") {
			t.Errorf("%d lines:\n%s", n, b.String())
		}
		time.Sleep(refusalPause) // the last ones are logged even if no other comes
		synctest.Wait()
		if n := strings.Count(b.String(), "refused=999"); n != 2 {
			t.Errorf("%d numbers:\n%s", n, b.String())
		}
		time.Sleep(refusalPause)
		synctest.Wait()
		r.Warn("one")
		if n := strings.Count(b.String(), "\n"); n != 5 || strings.HasSuffix(b.String(), "refused=1\n") {
			t.Errorf("after a silence, %d lines:\n%s", n, b.String())
		}
	})
}

// FuzzForwarded: whatever a client writes, the client is an address or the proxy.
func FuzzForwarded(f *testing.F) {
	for _, seed := range []string{"1.1.1.1", `for="[::1]:1"`, ",,", "for=;for", "for=unknown, for=_x"} {
		f.Add(seed)
	}
	proxies := Proxies{netip.MustParsePrefix("127.0.0.0/8")}
	f.Fuzz(func(t *testing.T, value string) {
		for _, field := range []string{"X-Forwarded-For", "Forwarded"} {
			c, _ := proxies.Client("127.0.0.1:1", http.Header{field: {value}})
			if !c.Addr.IsValid() || len(c.Groups) == 0 {
				t.Errorf("%s: %+v", field, c)
			}
		}
	})
}
