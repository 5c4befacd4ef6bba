package pane

import (
	"fmt"
	"net"
	"net/netip"
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/tui/draw"
)

// path is the picture of the selected path, and a line about what was built upon it.
func (p *Call) path(width int) []string {
	picture, ok := pathOf(p.Call, p.Theme.Glyphs)
	if !ok {
		return nil
	}
	out := picture.Lines(p.Theme, width)
	return append(out, draw.NewLine(width).Gap(2).Add(p.Theme.Dim, p.layers()).String())
}

// layers tells what runs over the path, and how the path came to be.
func (p *Call) layers() string {
	c := p.Call
	position := ""
	for i, pair := range c.Pairs {
		if pair.ID == c.Selected.PairID {
			position = fmt.Sprintf("pair %d of %d", i+1, len(c.Pairs))
		}
	}
	changed, restarted := "", ""
	if c.PathChanges > 0 {
		changed = "path changed " + draw.Plural(c.PathChanges, "time", "times")
	}
	if c.Restarts > 0 {
		restarted = draw.Plural(c.Restarts, "ICE restart", "ICE restarts")
	}
	dtls := c.DTLS.Version
	if dtls == "" && c.DTLS.State != "" {
		dtls = "DTLS " + c.DTLS.State
	}
	if dtls != "" && c.DTLS.Cipher != "" {
		dtls += " " + c.DTLS.Cipher
	}
	return facts(p.Theme.Glyphs, position, changed, restarted, prefixed("SCTP ", c.SCTP.State), dtls)
}

// pathHistory is how many seconds of round trips the path shows.
const pathHistory = 24

// pathOf builds the places that packets pass, from the selected pair's candidates. False before a pair is selected.
func pathOf(c *call.Call, g draw.Glyphs) (draw.Path, bool) {
	if c.Selected == nil {
		return draw.Path{}, false
	}
	local, remote := c.LocalCandidate(c.Selected.LocalCandidateID), c.RemoteCandidate(c.Selected.RemoteCandidateID)
	ours, theirs := ourSite(c, local, remote), theirSite(c, remote)
	protocol := ""
	if local != nil {
		protocol = local.Protocol
	}
	rtt := ""
	if d, ok := c.RoundTripTime(); ok {
		rtt = draw.Span(d)
	}
	trips := valuesOf(pathTrips(c, pathHistory))
	return draw.Path{Nodes: append(ours, theirs...), Wire: len(ours) - 1, Label: facts(g, protocol, rtt),
		Trips: trips}, true
}

// ourSite is the way from this machine to where packets enter the network between the sites.
func ourSite(c *call.Call, local, remote *call.CandidateRow) []draw.Node {
	if local == nil {
		return []draw.Node{{Title: "you", Address: c.Selected.Local}}
	}
	place := address(local.Address, local.Port)
	base := address(local.RelatedAddress, local.RelatedPort)
	you := draw.Node{Title: "you", Address: base, Note: join2("host", local.NetworkInterface)}
	if base == "" || isAny(local.RelatedAddress) {
		you.Address = "this machine"
	}
	switch local.CandidateType {
	case diag.Srflx, diag.Prflx:
		if base == place {
			break
		}
		note := join2(typeWords(local.CandidateType), prefixed("from ", local.URL))
		return []draw.Node{you, {Title: "your NAT", Address: place, Note: note}}
	case diag.Relay:
		over := local.RelayProtocol
		if over == "udp" {
			over = ""
		}
		relay := draw.Node{Title: "relay", Address: place,
			Note: join2(joinSpace("yours", prefixed("over ", over)), prefixed("at ", local.URL))}
		if nat, ok := relayNAT(c, local); ok {
			return []draw.Node{you, nat, relay}
		}
		return []draw.Node{you, relay}
	case diag.Host:
	}
	you.Address = place
	you.Note = join2(typeWords(local.CandidateType), local.NetworkInterface)
	nodes := []draw.Node{you}
	if remote != nil && isPrivate(local.Address) && isPublic(remote.Address) {
		nodes = append(nodes, natOf(c, place))
	}
	return nodes
}

// relayNAT is the translator between us and our relay, when the relay's server saw us at another address than our own.
// Its port towards the relay is not known: what the server told was asked over another socket.
func relayNAT(c *call.Call, local *call.CandidateRow) (draw.Node, bool) {
	for _, s := range c.Servers {
		seen, _, err := net.SplitHostPort(s.Mapped())
		if err == nil && s.URL == local.URL && local.RelatedAddress != "" && !isAny(local.RelatedAddress) &&
			seen != local.RelatedAddress {
			return draw.Node{Title: "your NAT", Address: seen, Note: "as the relay sees us"}, true
		}
	}
	return draw.Node{}, false
}

// natOf is the translator that must be there, since a private address talks to a public one. Its outer address is known
// when a server told it for the same base.
func natOf(c *call.Call, base string) draw.Node {
	for _, l := range c.Local {
		if l.CandidateType == diag.Srflx && address(l.RelatedAddress, l.RelatedPort) == base {
			return draw.Node{Title: "your NAT", Address: address(l.Address, l.Port),
				Note: join2("server-reflexive", prefixed("from ", l.URL))}
		}
	}
	return draw.Node{Title: "your NAT", Address: "address unknown"}
}

// theirSite is the way from where packets leave that network to the other party's machine.
func theirSite(c *call.Call, remote *call.CandidateRow) []draw.Node {
	if remote == nil {
		return []draw.Node{{Title: "peer", Address: c.Selected.Remote}}
	}
	place := address(shortName(remote.Address), remote.Port)
	base := address(remote.RelatedAddress, remote.RelatedPort)
	behind := draw.Node{Title: "peer", Address: base, Note: "host"}
	if base == "" || isAny(remote.RelatedAddress) {
		behind = draw.Node{Title: "peer", Address: "behind it"}
	}
	switch remote.CandidateType {
	case diag.Srflx:
		if base != place {
			return []draw.Node{{Title: "peer's NAT", Address: place, Note: "server-reflexive"}, behind}
		}
	case diag.Relay:
		return []draw.Node{{Title: "relay", Address: place, Note: "the peer's"}, behind}
	case diag.Prflx:
		return []draw.Node{{Title: "peer", Address: place, Note: "peer-reflexive: as its checks reach us"}}
	case diag.Host:
	}
	note := typeWords(remote.CandidateType)
	if strings.HasSuffix(remote.Address, ".local") {
		note = join2(note, "address hidden (mDNS)")
	}
	return []draw.Node{{Title: "peer", Address: place, Note: note}}
}

// shortName shortens the random names behind which browsers hide addresses (mDNS, a UUID each) to what tells them
// apart.
func shortName(host string) string {
	name, isLocal := strings.CutSuffix(host, ".local")
	if !isLocal || len(name) <= 12 {
		return host
	}
	return diag.Clean(name, 12) + ".local"
}

func join2(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + ", " + b
}

// isAny reports whether an address is a placeholder that hides the real one (RFC 8839 §5.1).
func isAny(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.IsUnspecified()
}

func isPrivate(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && (a.IsPrivate() && a.Is4() || carrierNAT.Contains(a))
}

func isPublic(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.IsGlobalUnicast() && !a.IsPrivate() && !carrierNAT.Contains(a)
}

// carrierNAT is the shared address space of RFC 6598.
var carrierNAT = netip.MustParsePrefix("100.64.0.0/10")
