package network

import (
	"net/netip"
	"slices"

	"dialtone/diag"
	"dialtone/diag/finding"
	"dialtone/diag/nat"
)

// OwnAddress is the evidence about a server that has the public address of this machine's own network.
type OwnAddress struct {
	Server    diag.Server  `json:"server"`
	Hairpin   HairpinTrace `json:"hairpin"`
	Mapped    string       `json:"mapped,omitempty"`    // how it sees this machine
	Elsewhere string       `json:"elsewhere,omitempty"` // where its answer came from
}

// HairpinTrace is what the router does with packets from inside to its own public address.
type HairpinTrace string

// Values of a [HairpinTrace].
const (
	HairpinRewritten HairpinTrace = "rewritten" // they come back inside, from the router's own address
	HairpinDirect    HairpinTrace = "direct"    // they come back inside, and the answer comes past the router
	HairpinMissing   HairpinTrace = "missing"   // no answer
)

// unreachable reports whether a server with this network's own public address was not reached: the lack of
// hairpinning explains it.
func unreachable(row *nat.ServerRow) bool {
	return row.Own && (row.Cause() == diag.CauseTimeout || row.Cause() == diag.CauseRefused)
}

// isOwnFailure reports whether [ownFindings] explain the failure of a server, by its place.
func (n *Verdict) isOwnFailure(s *nat.State, i int) bool {
	return unreachable(&n.Servers[i]) || n.Servers[i].Own && i < len(s.Servers) && s.Servers[i].Elsewhere.IsValid()
}

// ownFindings are about servers that have the public address of this machine's own network: one for each URL.
func ownFindings(out *finding.List, s *nat.State, n *Verdict) {
	for i := range slices.Backward(n.Servers) { // the relays are the last: what counts for calls
		row := &n.Servers[i]
		e := OwnAddress{Server: row.Server, Mapped: row.Mapped()}
		severity := n.severity(&row.Server)
		from := elsewhere(s, row.Address)
		switch {
		case !row.Own:
			continue
		case from.IsValid() && !row.OK():
			e.Hairpin, e.Elsewhere = HairpinDirect, from.String()
		case unreachable(row):
			e.Hairpin = HairpinMissing
		case slices.Contains(n.Private, i):
			e.Hairpin, severity = HairpinRewritten, diag.Info
		default:
			continue
		}
		if !slices.ContainsFunc(*out, finding.Finding{ID: "server.own_address", Subject: row.URL}.Same) {
			out.Add("server.own_address", severity, row.URL, e)
		}
	}
}

// elsewhere is where a request over UDP to an address was answered from; the zero value: from there, or not at all.
func elsewhere(s *nat.State, address string) netip.AddrPort {
	for _, server := range s.Servers {
		if server.Address.String() == address {
			return server.Elsewhere
		}
	}
	return netip.AddrPort{}
}
