// Package remote says what is wrong with the candidates of the peer.
package remote

import (
	"fmt"
	"strings"

	"dialtone/diag/judge"
	"dialtone/diag/words/phrase"
)

// Findings are the entries of package words about the candidates of the peer.
var Findings = map[string]phrase.Entry{
	"ice.tcp_only": entry(
		"The peer has TCP candidates (RFC 6544) and no other that can be checked, as media servers do behind a "+
			"firewall that blocks UDP. dialtone connects to them from each of its addresses, unless only relay "+
			"candidates are allowed, and no check was answered over such a connection. Either a firewall blocks TCP "+
			"to that port as well, or the peer does not listen there. From active candidates the peer connects by "+
			"itself, and dialtone has no TCP candidates to which it could: browsers signal only these where a policy or "+
			"an extension forbids UDP.",
		func(e judge.RemoteCandidates) (title, advice string) {
			if e.Active {
				return "The peer has active TCP candidates only, from which it connects, and dialtone has none to connect to.",
					"Allow UDP at the peer (in browsers, look for a policy or an extension), or give it a TURN server."
			}
			if e.RelayOnly {
				return "The peer has TCP candidates only, which a call with relay candidates only cannot use.",
					"Call without --relay-only, or enable UDP at the peer."
			}
			return "The peer has TCP candidates only, and no check over TCP was answered.",
				"Open TCP to these addresses in the firewalls, or enable UDP or a TURN server at the peer."
		}),
	"ice.remote_private": entry(
		"All candidates of the peer that could be checked have private addresses (RFC 1918, RFC 4193, RFC 6598), "+
			"loopback or link-local ones, and no check was answered. Such an address works within its own network "+
			"only. A server behind NAT has to announce its public address; other peers ask a STUN server.",
		func(judge.RemoteCandidates) (title, advice string) {
			return "The peer signaled no address that other networks can reach, and none answered.",
				"If both peers are in one network, check that it lets its hosts reach each other. If the peer is a server " +
					"behind NAT, let it announce its public address."
		}),
	"ice.remote_unroutable": entry(
		"The operating system did not send the checks to these candidates. The evidence has its words: it has no route to "+
			"the network, as to IPv6 addresses on a machine with IPv4 only, or a local firewall rejects the packets.",
		func(judge.RemoteCandidates) (title, advice string) {
			return "This machine could not send checks to candidates of the peer.",
				"Check the routes and the local firewall for these addresses."
		}),
	"ice.remote_unusable": entry(
		"The peer signaled candidates to which nothing can be sent: 0.0.0.0 or ::, a multicast or broadcast "+
			"address, or port 0. Its program does not know its own address, often inside a container.",
		func(judge.RemoteCandidates) (title, advice string) {
			return "The peer signaled candidates without a usable address or port.",
				"Set the address that the peer announces in the configuration of its program."
		}),
	"ice.remote_unresolved": entry(
		"The peer signaled names instead of addresses. Agents have to ignore them (RFC 8839 §5.1); browsers and "+
			"dialtone resolve them. The DNS gave no address for these.",
		func(judge.RemoteCandidates) (title, advice string) {
			return "The peer signaled names that do not resolve.",
				"Check these names in the DNS, or let the peer signal IP addresses."
		}),
	"ice.remote_mdns": entry(
		"Browsers without permission for camera or microphone hide their addresses behind random names under "+
			".local, which only machines in the same network can resolve by multicast. These did not resolve here.",
		func(judge.RemoteCandidates) (title, advice string) {
			return "The peer hides its addresses behind mDNS names, which did not resolve.",
				"Give the peer a STUN server, or connect both to one network that passes multicast."
		}),
}

// entry makes the entry of a finding about candidates of the peer.
func entry(explain string, write func(judge.RemoteCandidates) (title, advice string)) phrase.Entry {
	return phrase.On(explain, func(_ judge.Finding, e judge.RemoteCandidates) phrase.Text {
		title, advice := write(e)
		noun := "remote candidates"
		if e.Of == 1 {
			noun = "remote candidate"
		}
		named := fmt.Sprintf("%d of %d %s: %s", e.N, e.Of, noun, strings.Join(e.Candidates, ", "))
		if e.N > len(e.Candidates) {
			named += " …"
		}
		t := phrase.Text{Title: title, Evidence: []string{named}, Advice: advice}
		if len(e.Errors) > 0 {
			t.Evidence = append(t.Evidence, strings.Join(e.Errors, ", "))
		}
		return t
	})
}
