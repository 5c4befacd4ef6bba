package failure

import (
	"cmp"
	"fmt"

	"dialtone/diag"
)

// ProxyCredentials is how to log in at a proxy.
const ProxyCredentials = "Write user name and password into the URL of the proxy (--proxy, HTTPS_PROXY): " +
	"http://USER:PASSWORD@HOST:PORT."

// proxy is why a proxy does not lead to a server.
func (f failing) proxy() (what, advice string) {
	name := cmp.Or(diag.Clean(f.server.Proxy, 200), "the proxy")
	check := "Check --proxy, HTTPS_PROXY and ALL_PROXY."
	switch f.Cause {
	case diag.CauseProxy:
		return f.proxyRefusal(name)
	case diag.CauseDNS:
		return "the name of the proxy " + name + " does not resolve", check
	case diag.CauseRefused:
		return "the proxy " + name + " refused the connection", check
	case diag.CauseTimeout, diag.CauseCancelled:
		return fmt.Sprintf("the proxy %s did not connect to %s in time", name, f.at),
			"Check that the proxy runs and that it may connect to " + f.at + "."
	case diag.CauseTLS:
		return "the TLS handshake with the proxy " + name + " failed: " + cmp.Or(f.Reason, string(f.Detail), "unknown error"),
			"Check whether the proxy speaks TLS: http:// means that it does not."
	case diag.CauseProtocol:
		return name + " closed the connection, or is not a proxy of this kind",
			"Check the scheme of the proxy: http, https or socks5."
	default:
		return "the proxy " + name + " cannot be reached: " + cmp.Or(f.Reason, "unknown error"), check
	}
}

// proxyRefusal is the answer of a proxy that does not lead to the server.
func (f failing) proxyRefusal(name string) (what, advice string) {
	const unauthorized, proxyAuthRequired, forbidden, notAllowed = 401, 407, 403, 405
	reason := cmp.Or(f.Reason, "no reason given")
	switch f.Status {
	case unauthorized, proxyAuthRequired: // some answer 401 to a wrong password
		return fmt.Sprintf("the proxy %s requires credentials, or rejected them (%d)", name, f.Status), ProxyCredentials
	case forbidden, notAllowed:
		return fmt.Sprintf("the proxy %s does not permit connections to %s (%d)", name, f.at, f.Status),
			"Let the proxy permit CONNECT to " + f.at + ", or use turns: on port 443, which most proxies permit."
	case 0:
		return fmt.Sprintf("the proxy %s does not connect to %s: %s", name, f.at, reason),
			"Check that the proxy permits " + f.at + " and can reach it."
	}
	return fmt.Sprintf("the proxy %s answered %s instead of connecting to %s", name, reason, f.at),
		"Check that the proxy can reach " + f.at + "."
}

// frontend is what answers in the place of a STUN or TURN server.
func (f failing) frontend() (what, advice string) {
	forward := fmt.Sprintf("Check that %s is the port of the %s server, and that what stands before it forwards TCP as "+
		"it is.", f.at, f.kind())
	switch f.Detail {
	case diag.DetailWeb:
		return "a web server answers at " + f.at, forward
	case diag.DetailSSH:
		return "an SSH server answers at " + f.at, "Check host and port of " + f.url + "."
	case diag.DetailTLSPort:
		return "the port of " + f.at + " is for TLS", fmt.Sprintf("Use %ss: with this port, or %s: with the port that is "+
			"not for TLS (usually 3478).", f.plain(), f.plain())
	default:
	}
	return f.at + " answers only behind a header of the PROXY protocol",
		"Use the address of the load balancer, which adds the header, or switch the PROXY protocol off for this port."
}
