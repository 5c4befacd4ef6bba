package call

import (
	"net/netip"
	"slices"
	"strings"

	"dialtone/diag"
)

// Relayed reports whether a candidate of the selected pair is a relay.
func (c *Call) Relayed() bool {
	if c.Selected == nil {
		return false
	}
	relay := func(row *CandidateRow) bool { return row != nil && row.CandidateType == diag.Relay }
	return relay(c.LocalCandidate(c.Selected.LocalCandidateID)) || relay(c.RemoteCandidate(c.Selected.RemoteCandidateID))
}

// ServedBy reports whether this server gave the call what it was asked for: a TURN server a relay, a STUN server a
// mapped address.
func (c *Call) ServedBy(url string) bool {
	return slices.ContainsFunc(c.Local, func(row CandidateRow) bool { return isOf(row.Candidate, url) })
}

// isOf reports whether a candidate is what was asked of a server.
func isOf(d diag.Candidate, url string) bool {
	return d.URL == url && (d.CandidateType == diag.Relay ||
		d.CandidateType == diag.Srflx && !strings.HasPrefix(url, "turn"))
}

// Carries reports whether the selected path leads through a relay of this server.
func (c *Call) Carries(url string) bool {
	if c.Selected == nil {
		return false
	}
	row := c.LocalCandidate(c.Selected.LocalCandidateID)
	return row != nil && row.CandidateType == diag.Relay && row.URL == url
}

// LostIPv6 counts the IPv6 pairs that failed, where the selected one is IPv4 and not one of IPv6 did anything but
// fail.
func (c *Call) LostIPv6() int {
	isSix := func(row *CandidateRow) bool { return row != nil && row.IsIPv6() }
	if isSix(c.LocalCandidate(c.Selected.LocalCandidateID)) {
		return 0
	}
	failed := 0
	for _, p := range c.Pairs {
		if !isSix(c.LocalCandidate(p.LocalCandidateID)) || !isSix(c.RemoteCandidate(p.RemoteCandidateID)) {
			continue
		}
		if p.State != diag.PairFailed {
			return 0
		}
		failed++
	}
	return failed
}

// IsIPv6 reports whether the address is one of IPv6 that reaches beyond its own link.
func (r *CandidateRow) IsIPv6() bool {
	a, err := netip.ParseAddr(r.Address)
	return err == nil && a.Is6() && !a.Is4In6() && !a.IsLinkLocalUnicast()
}

// HasType reports whether one of the candidates is of the type.
func HasType(rows []CandidateRow, t diag.CandidateType) bool {
	return slices.ContainsFunc(rows, func(r CandidateRow) bool { return r.CandidateType == t })
}

// IsOwn reports whether an address is one of this machine: a loopback one, or that of a local host candidate.
func (c *Call) IsOwn(address string) bool {
	return diag.KindOfAddress(address) == diag.AddressLoopback || slices.ContainsFunc(c.Local, func(l CandidateRow) bool {
		return l.CandidateType == diag.Host && l.Address == address
	})
}

// RemoteLite reports whether the peer is ICE-lite: its latest description says so.
func (c *Call) RemoteLite() bool {
	for i := len(c.Descriptions) - 1; i >= 0; i-- {
		if c.Descriptions[i].Side == diag.Remote {
			return strings.Contains(c.Descriptions[i].SDP, "\na=ice-lite")
		}
	}
	return false
}

// Announced is the fingerprint in the peer's latest description; empty when there is none.
func (c *Call) Announced() string {
	for i := len(c.Descriptions) - 1; i >= 0; i-- {
		if c.Descriptions[i].Side == diag.Remote {
			return c.Descriptions[i].Fingerprint
		}
	}
	return ""
}
