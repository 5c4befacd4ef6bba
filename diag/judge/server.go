package judge

import (
	"fmt"
	"net/netip"

	"dialtone/diag"
	"dialtone/diag/call"
)

// serverFindings makes a finding of every server that gave nothing.
func serverFindings(c *call.Call, severity diag.Severity) []diag.Finding {
	var out []diag.Finding
	for _, s := range c.Servers {
		if s.OK {
			out = diag.WithExpiry(out, s.ServerResult)
			continue
		}
		if s.QuotaReached() && c.RelayedBy(s.URL) {
			continue // by the call's own relay: it was the probe that came too late
		}
		out = append(out, diag.Finding{
			ID: diag.ServerFindingID(s.ServerResult), Severity: severity,
			Title:    diag.Clean(s.URL+diag.GaveNothing+s.ErrorText, 400),
			Evidence: []string{diag.Clean("stage "+diag.OrUnknown(s.Stage)+", cause "+diag.OrUnknown(s.Cause), 200)},
			Advice:   diag.About(s.URL, s.Advice),
		})
	}
	return out
}

// serverRule names servers of the call that failed, and relays that are of no use.
func serverRule(c *call.Call, x Expectation) []Finding {
	found := prose(serverFindings(c, graver(c.NoPath())))
	if x.check {
		found = append(found, prose(relayFindings(c))...)
	}
	return found
}

// relayFindings name TURN servers whose relay address is private while they themselves are elsewhere. Where the call
// came up, only one of a public server is told: within one network private relays are right.
func relayFindings(c *call.Call) []diag.Finding {
	var out []diag.Finding
	for _, s := range c.Servers {
		server, err := netip.ParseAddrPort(s.Address)
		relay, err2 := netip.ParseAddrPort(s.RelayAddress)
		if !s.OK || err != nil || err2 != nil || !relay.Addr().IsPrivate() || relay.Addr() == server.Addr() ||
			diag.Private(server.Addr()) && !c.NoPath() {
			continue
		}
		severity := diag.Warn
		if c.NoPath() {
			severity = diag.Problem
		}
		out = append(out, diag.Finding{
			ID: "turn.relay_private", Severity: severity,
			Title:    diag.Clean(fmt.Sprintf("%s gave a relay, but its address is %s (private).", s.URL, s.RelayAddress), 400),
			Evidence: []string{"the server itself is " + diag.Clean(s.Address, 100)}, Advice: diag.About(s.URL,
				"set the external IP on the server (coturn: external-ip)"),
		})
	}
	return out
}
