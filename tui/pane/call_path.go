package pane

import (
	"fmt"
	"net"
	"net/netip"
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/words"
	"dialtone/tui/draw"
)

// path is the picture of the selected path, and a line about what was built upon it.
func (p *Call) path(width int) []string {
	picture, ok := pathOf(p.Call)
	if !ok {
		return nil
	}
	return append(picture.Lines(p.Theme, width), draw.Row(width, 2, p.Theme.Dim, p.layers()))
}

// layers says which pair was selected, and what runs over it.
func (p *Call) layers() string {
	c := p.Call
	position := ""
	for i, pair := range c.Pairs {
		if pair.ID == c.Selected.PairID {
			position = fmt.Sprintf("pair %d of %d", i+1, len(c.Pairs))
		}
	}
	dtls := c.DTLS.Version
	if dtls == "" {
		dtls = words.Prefixed("DTLS ", c.DTLS.State)
	}
	if dtls != "" {
		dtls = words.Join(" ", dtls, strings.TrimPrefix(c.DTLS.Cipher, "TLS_"))
	}
	return words.Join(" · ", position, words.Prefixed("path changed ", ifAny(c.PathChanges, "time", "times")),
		words.ICERestarts(c.Restarts, c.Paused.Inbound, c.Paused.Outbound), words.Prefixed("SCTP ", c.SCTP.State), dtls)
}

// pathHistory is how many seconds of round-trip times the path shows.
const pathHistory = 24

// pathOf builds the places that packets pass, from the selected pair's candidates. False before a pair is selected.
func pathOf(c *call.Call) (draw.Path, bool) {
	if c.Selected == nil {
		return draw.Path{}, false
	}
	local, remote := c.LocalCandidate(c.Selected.LocalCandidateID), c.RemoteCandidate(c.Selected.RemoteCandidateID)
	here, there := localSite(c, local, remote), remoteSite(c, remote)
	protocol, rtt := "", ""
	if local != nil {
		protocol = local.Protocol
	}
	if d, ok := c.RoundTripTime(); ok {
		rtt = words.Duration(d)
	}
	return draw.Path{
		Nodes: append(here, there...), Wire: len(here) - 1, Label: words.Join(" · ", protocol, rtt),
		Trips: values(c, pathHistory, pathRTT),
	}, true
}

// localSite is the way from this machine to where packets enter the network between the sites.
func localSite(c *call.Call, local, remote *call.CandidateRow) []draw.Node {
	if local == nil {
		return []draw.Node{{Title: "you", Address: c.Selected.Local}}
	}
	place := words.Address(local.Address, local.Port)
	base := words.Address(local.RelatedAddress, local.RelatedPort)
	you := draw.Node{Title: "you", Address: base, Note: words.Join(", ", "host", local.NetworkInterface)}
	if base == "" || isAny(local.RelatedAddress) {
		you.Address = "this machine"
	}
	switch local.CandidateType {
	case diag.Srflx, diag.Prflx:
		if base == place {
			break
		}
		note := words.Join(", ", words.CandidateType(local.CandidateType), words.Prefixed("from ", local.URL))
		return []draw.Node{you, {Title: "your NAT", Address: place, Note: note}}
	case diag.Relay:
		over := local.RelayProtocol
		if over == "udp" {
			over = ""
		}
		relay := draw.Node{
			Title: "relay", Address: place,
			Note: words.Join(", ", words.Join(" ", "yours", words.Prefixed("over ", over)), words.Prefixed("at ", local.URL)),
		}
		if nat, ok := relayNAT(c, local); ok {
			return []draw.Node{you, nat, relay}
		}
		return []draw.Node{you, relay}
	case diag.Host:
	}
	you.Address = place
	you.Note = words.Join(", ", words.CandidateType(local.CandidateType), local.NetworkInterface)
	nodes := []draw.Node{you}
	if remote != nil && !local.IsIPv6() && diag.KindOfAddress(local.Address) == diag.AddressPrivate &&
		diag.KindOfAddress(remote.Address) == diag.AddressPublic {
		nodes = append(nodes, natOf(c, place))
	}
	return nodes
}

// relayNAT is the NAT between this machine and its relay, when the relay's server reported a mapped address other than
// the base. Its port towards the relay is not known: the server was queried from another socket.
func relayNAT(c *call.Call, local *call.CandidateRow) (draw.Node, bool) {
	for _, s := range c.Servers {
		mapped, _, err := net.SplitHostPort(s.Mapped())
		if err == nil && s.URL == local.URL && local.RelatedAddress != "" && !isAny(local.RelatedAddress) &&
			mapped != local.RelatedAddress {
			return draw.Node{Title: "your NAT", Address: mapped, Note: "mapped address at the relay"}, true
		}
	}
	return draw.Node{}, false
}

// natOf is the NAT that must be there, since a private address exchanges packets with a public one. Its mapped address
// is known when a server reported it for the same base.
func natOf(c *call.Call, base string) draw.Node {
	for _, l := range c.Local {
		if l.CandidateType == diag.Srflx && words.Address(l.RelatedAddress, l.RelatedPort) == base {
			return draw.Node{
				Title: "your NAT", Address: words.Address(l.Address, l.Port),
				Note: words.Join(", ", "server-reflexive", words.Prefixed("from ", l.URL)),
			}
		}
	}
	return draw.Node{Title: "your NAT", Address: "address unknown"}
}

// remoteSite is the way from where packets leave that network to the peer's machine.
func remoteSite(c *call.Call, remote *call.CandidateRow) []draw.Node {
	if remote == nil {
		return []draw.Node{{Title: "peer", Address: c.Selected.Remote}}
	}
	place := words.Address(shortName(remote.Address), remote.Port)
	base := words.Address(remote.RelatedAddress, remote.RelatedPort)
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
		return []draw.Node{{Title: "peer", Address: place, Note: "peer-reflexive: source of its checks"}}
	case diag.Host:
	}
	note := words.CandidateType(remote.CandidateType)
	if strings.HasSuffix(remote.Address, ".local") {
		note = words.Join(", ", note, "address hidden (mDNS)")
	}
	return []draw.Node{{Title: "peer", Address: place, Note: note}}
}

// shortName shortens the random names behind which browsers hide addresses (mDNS, a UUID each) to what distinguishes
// them.
func shortName(host string) string {
	name, isLocal := strings.CutSuffix(host, ".local")
	if !isLocal || len(name) <= 12 {
		return host
	}
	return diag.Clean(name, 12) + ".local"
}

// isAny reports whether an address is a placeholder that hides the real one (RFC 8839 §5.1).
func isAny(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.IsUnspecified()
}
