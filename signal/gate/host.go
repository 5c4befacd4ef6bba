package gate

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
)

// Hosts are the names by which web pages may ask a server, besides addresses, localhost, the machine's own name, and
// names that only a local network resolves. Anyone can make a name on the Internet lead to this machine (DNS
// rebinding), and a page of that name would then be one of this server.
type Hosts []string

// Refusal is why a request that a web page makes is refused.
type Refusal uint8

// The refusals.
const (
	Welcome Refusal = iota
	UnknownHost
	CrossSite
)

// Check reports whether a request may be answered. Requests that no browser makes are always welcome.
func (h Hosts) Check(r *http.Request) Refusal {
	if !fromBrowser(r.Header) {
		return Welcome
	}
	host := hostname(r.Host)
	if r.TLS == nil && !h.knows(host) { // over TLS the certificate proves the name
		return UnknownHost
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" && r.Method != http.MethodGet {
		return CrossSite
	}
	values, given := r.Header["Origin"]
	if !given {
		return Welcome
	}
	origin, err := url.Parse(strings.Join(values, ","))
	if err != nil || origin.Host == "" { // "null" is the origin of pages that hide it
		return CrossSite
	}
	from := strings.ToLower(origin.Hostname())
	if from != host && !slices.Contains(h, from) {
		return CrossSite
	}
	return Welcome
}

// fromBrowser reports whether a request bears what browsers send. In some of them a page can change the User-Agent and
// hide itself, and over http they do not say Sec-Fetch-Site; Accept-Language it can change, but not take away.
func fromBrowser(h http.Header) bool {
	for _, name := range []string{
		"Origin", "Referer", "Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest", "Accept-Language",
	} {
		if _, given := h[name]; given {
			return true
		}
	}
	return strings.Contains(h.Get("User-Agent"), "Mozilla/")
}

// localSuffixes are those of names that no public server resolves (RFC 6761, 6762, 8375, .internal of ICANN, and what
// routers and companies use).
var localSuffixes = []string{".localhost", ".local", ".home.arpa", ".internal", ".test", ".lan", ".home", ".corp"}

func (h Hosts) knows(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil || !strings.Contains(host, ".") {
		return true
	}
	for _, suffix := range localSuffixes {
		if strings.HasSuffix(host, suffix) {
			return true
		}
	}
	if own, err := os.Hostname(); err == nil && strings.EqualFold(own, host) {
		return true
	}
	return slices.Contains(h, host)
}

// hostname is the lower-case host of HOST or HOST:PORT, without a dot at its end.
func hostname(hostport string) string {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

// HostsOf are the names of URLs and host names that a user gave.
func HostsOf(names ...string) Hosts {
	var h Hosts
	for _, name := range names {
		if u, err := url.Parse(name); err == nil && u.Host != "" {
			name = u.Host
		}
		if host := hostname(name); host != "" {
			h = append(h, host)
		}
	}
	return h
}
