package words

import (
	"fmt"
	"slices"
	"strconv"

	"dialtone/diag"
	"dialtone/diag/judge"
	"dialtone/diag/words/failure"
)

// pathFindings are those about the path and the handshake over it.
var pathFindings = map[string]entry{
	"ice.no_path": on(
		"Offer and answer were exchanged, and no candidate pair worked. The evidence says which candidates there were and "+
			"how many checks were answered; findings about servers say which of them gave no candidate.",
		func(_ judge.Finding, e judge.NoPath) Text {
			return Text{Title: obstacleTitle(e), Evidence: NoPath(e), Advice: obstacleAdvice(e)}
		}),
	"ice.limited": on(
		"A call uses at most 100 candidates of the peer and checks at most 100 candidate pairs (RFC 8445 §6.1.2.5). A host "+
			"that has not answered gets at most 100 checks, and then 5 each second, of all calls of the process together, "+
			"so that no description makes dialtone flood another host. Most calls stay far below. Between two NATs with "+
			"address- and port-dependent mapping every check comes from another port, so they reach the limits, and no "+
			"direct pair works. In a load test whose server does not answer, most calls send few checks.",
		func(_ judge.Finding, e diag.ICELimits) Text {
			t := Text{Title: "Connectivity checks reached a limit.", Evidence: lines(ICELimits(e))}
			if e.Candidates > 0 {
				t.Advice = "Check how many candidates the peer signals."
			}
			return t
		}),
	"ice.silent_at_end": on(
		"The call was connected, and its path was silent when it ended: connectivity checks were not answered any more.",
		func(_ judge.Finding, e judge.SilentAtEnd) Text {
			t := say("The path was silent when the call ended.",
				"Check the network on both sides, then call again.",
				"connection state: "+e.Connection)
			if e.Open {
				t.Title = "The path was silent when the dump was written."
				t.Advice = "Save a later dump to see whether it came back; check the network on both sides."
			}
			if e.Own {
				t.Advice = "Call again."
			}
			return t
		}),
	"dtls.fingerprint_mismatch": fixed(
		"The path works and the handshake is answered, but with another certificate than the description announced "+
			"(RFC 8122). Either the description was changed on its way, or another peer took the call. This is what "+
			"the fingerprint is for: the call is rightly rejected.",
		"The peer presented another certificate than its description announced.",
		"Check the signaling server and who can change what passes it: the offer or the answer was changed between "+
			"the peers, or another peer took the call.",
		func(e judge.FingerprintMismatch) []string {
			return []string{"announced: " + e.Announced, "presented: " + e.Presented}
		}),
	"dtls.timeout": fixed(
		"Connectivity checks pass over the path, and the handshake over it was not finished in time. Long packets "+
			"may be lost where short ones pass: a tunnel or VPN with a smaller MTU than it says.",
		"The DTLS handshake timed out over a path that works.",
		"Check the MTU of VPNs and tunnels: long packets may be lost on the way.",
		handshakeEvidence),
	"dtls.failed": fixed(
		"ICE found a path, and the DTLS handshake over it failed. Browsers say no more: the certificate of the peer "+
			"may not be the one that its description announced, or the peer sent an alert.",
		"The DTLS handshake failed over a path that works.",
		"Compare a=fingerprint in the description that came from the peer with the one that the peer sent, and "+
			"check the log of the peer.",
		handshakeEvidence),
	"dtls.peer_silent": on(
		"Connectivity checks pass over the path, and no packet of a DTLS handshake came from the peer. The DTLS client, "+
			"which is the side with a=setup:active (RFC 5763 §5), has to begin, and the server answers. The peer's program may "+
			"wait as a server too, may not have begun, or its packets, or those to it, are lost.",
		func(_ judge.Finding, e judge.HandshakeFailed) Text {
			title := "No answer of the peer to the DTLS handshake arrived, over a path that works."
			if e.Role == "server" {
				title = "No DTLS handshake of the peer arrived, over a path that works."
			}
			return say(title,
				"Look into the peer's log whether it began DTLS, and in which role (a=setup); after that, check for a "+
					"firewall that passes STUN only, and the MTU of VPNs and tunnels.",
				handshakeEvidence(e)...)
		}),
	"dtls.role_conflict": fixed(
		"Each peer began the handshake as the DTLS client, so none answers. The answer decides the roles: "+
			"a=setup:active makes its sender the client, a=setup:passive the server (RFC 5763 §5). What one of them "+
			"does is not what it said, or the signaling server has changed the attribute.",
		"Both peers began the DTLS handshake as its client.",
		"Compare a=setup in the answer as it was sent with the one that arrived, and let the peer take the role "+
			"that it says.",
		handshakeEvidence),
	"dtls.pair_unused": fixed(
		"A peer sends checks of its own on each candidate pair that it uses (RFC 8445 §7.3.1.4). This one answered "+
			"those of dialtone on the selected pair, and sent none: the pair is not one of its own, so nothing else "+
			"passes over it. dialtone prefers pairs on which checks came in both ways, so there was no other.",
		"The peer sent no check on the selected candidate pair, and the DTLS handshake over it timed out.",
		"Check which candidates the peer's program uses and signals; the MTU is not the cause.",
		func(e judge.HandshakeFailed) []string {
			return lines(labeled("path", e.Path), Number(e.Checks)+" checks answered by the peer, none sent by it",
				labeled("cause", e.Cause), limit(e))
		}),
	"dtls.closed_by_peer": fixed(
		"The peer ended the handshake. It does not say why on the wire; its own log or its side's findings do.",
		"The peer gave up during the DTLS handshake.",
		"Check the log of the peer: for example, the certificate that reached it may differ from the one in its "+
			"description.",
		func(e judge.HandshakeFailed) []string {
			return lines(labeled("path", e.Path), labeled("cause", e.Cause))
		}),
	"path.long_packets_lost": on(
		"Nearly all long packets that were sent are lost, and the short ones arrive: a tunnel or VPN on the path has an "+
			"MTU that its ends do not know, and nothing reports it (ICMP). Connecting works, since those packets are short. "+
			"Video has no key frame then, and long messages on data channels do not arrive. The other way is mostly the same.",
		func(_ judge.Finding, e judge.LongPackets) Text {
			return say(fmt.Sprintf("Packets with %d bytes of RTP and more do not arrive at the peer.", e.Over),
				"Lower the MTU of the interface to that of the tunnel or VPN, or let ICMP \"fragmentation needed\" "+
					"through; dialtone nat measures it.",
				fmt.Sprintf("the peer missed %d of %d packets that are as long, and %d of %d shorter ones", e.LongMissed, e.Long,
					e.ShortMissed, e.Short))
		}),
	"path.relay_unexpected": fixed(
		"The check expected a direct path (--expect direct), and the selected pair goes through a TURN relay: no "+
			"direct pair worked, or the relayed one was nominated first.",
		"The path goes through a relay, although a direct one was expected.",
		"Run dialtone nat on both sides to see what is between them; or drop --expect direct.",
		kindEvidence),
	"path.direct_unexpected": fixed(
		"The check expected a relayed path (--expect relay), and the selected pair is direct. Relays are used if "+
			"nothing else works; --relay-only allows nothing else.",
		"The path is direct, although a relay was expected.",
		"Add --relay-only to prove that the TURN server carries a call; or drop --expect relay.",
		kindEvidence),
	"path.ipv6_lost": fixed(
		"Both sides offered IPv6 candidates, all pairs of them failed, and the path is IPv4. Firewalls that block "+
			"incoming IPv6 are the usual cause. Calls work as long as IPv4 does.",
		"Both sides have IPv6, and the path is IPv4: no IPv6 pair worked.",
		"Check that the firewalls of both sides let UDP over IPv6 out and its answers in.",
		func(e judge.IPv6Lost) []string {
			return []string{
				Count(e.Failed, "IPv6 pair was tried and failed", "IPv6 pairs were tried and all failed"),
				"selected: " + e.Path,
			}
		}),
	"path.rtt_differs": on(
		"Both ends measure the round-trip time of the same path by their connectivity checks, and the results differ by "+
			"more than 50 ms and half as much again. The network is the same for both, so a machine or program at one end is "+
			"slow to answer.",
		func(_ judge.Finding, e judge.RTTDiffers) Text {
			return say("The round-trip time is "+Millis(e.LocalMs)+" locally and "+Millis(e.RemoteMs)+" at the peer.",
				"Check the side with the longer time: the path is the same for both, so its machine or program is slow "+
					"to answer.",
				fmt.Sprintf("medians of the latest connectivity checks, %d local and %d remote",
					e.LocalSamples, e.RemoteSamples))
		}),
}

// handshakeEvidence are the path, the packets and the end of a handshake that failed.
func handshakeEvidence(e judge.HandshakeFailed) []string {
	packets := ""
	if p := e.Packets; p != nil {
		packets = "packets of the handshake: " + packetCount(p.PacketsSent, "sent", p.LongestSent) + ", " +
			packetCount(p.PacketsReceived, "received", p.LongestReceived)
	}
	role := Prefixed("this side is the DTLS ", e.Role)
	return lines(labeled("path", e.Path), packets, role, labeled("cause", e.Cause), limit(e))
}

// packetCount is a number of packets, and how long the longest was.
func packetCount(n uint64, what string, longest int) string {
	text := Number(n) + " " + what
	if n > 0 {
		text += " (up to " + strconv.Itoa(longest) + " bytes)"
	}
	return text
}

func limit(e judge.HandshakeFailed) string {
	if e.LimitMs == nil {
		return ""
	}
	return "not finished within " + Millis(*e.LimitMs)
}

func kindEvidence(e judge.PathKind) []string {
	return []string{
		"selected: " + e.Path, "local candidates: " + Counts(e.Local),
		"remote candidates: " + Counts(e.Remote),
	}
}

func obstacleTitle(e judge.NoPath) string {
	switch e.Obstacle {
	case judge.NoRelayGathered:
		return "Only relay candidates were allowed, and no TURN server allocated one."
	case judge.NoLocalCandidate:
		return "No local candidate was gathered: this machine has no usable network interface."
	case judge.NoRemoteCandidate:
		if len(e.Unusable) > 0 {
			return "The peer sent no usable candidate, so there was nothing to check."
		}
		return "The peer sent no candidate, so there was nothing to check."
	case judge.NoPairFormed:
		if e.RemoteVersion != 0 {
			return fmt.Sprintf("No candidate pair could be formed: the peer has IPv%d addresses only, and this machine none.",
				e.RemoteVersion)
		}
		return "No candidate pair could be formed: no remote candidate fits a local one."
	case judge.NoCheckSent:
		return "No connectivity check could be sent to the peer."
	case judge.NoPermission:
		return "The TURN server relays nothing to the addresses of the peer."
	case judge.PathLost:
		return "A path was found, and it went silent before the DTLS handshake was done."
	case judge.NoPairAnswered, judge.NoPairUsable, judge.NoPairKnown:
	}
	return "No candidate pair worked."
}

// NoPath lists what was gathered and tried by a call that has found no path.
func NoPath(e judge.NoPath) []string {
	var out []string
	switch e.Obstacle {
	case judge.NoPairAnswered:
		if e.Pairs > 0 {
			out = append(out, fmt.Sprintf("%s checked with %d requests, none answered",
				Count(e.Pairs, "candidate pair", "candidate pairs"), e.Requests))
		}
		if e.TCPPairs > 0 {
			out = append(out, Count(e.TCPPairs, "candidate pair", "candidate pairs")+" tried over TCP, none answered")
		}
	case judge.NoPairUsable:
		out = append(out, fmt.Sprintf("%s checked with %d requests; %s answered, but none could be used to the end",
			Count(e.Pairs, "candidate pair", "candidate pairs"), e.Requests, Count(e.Answered, "pair", "pairs")))
	case judge.NoPairKnown:
		out = append(out, "the dump does not show which checks were sent and answered")
	case judge.NoRelayGathered, judge.NoLocalCandidate, judge.NoRemoteCandidate, judge.NoPairFormed, judge.NoCheckSent,
		judge.NoPermission, judge.PathLost:
		out = append(out, obstacleTitle(e))
	}
	out = append(out, e.Unusable...)
	if len(e.Local) > 0 && len(e.Remote) > 0 {
		out = append(out, "local candidates: "+Counts(e.Local)+"; remote candidates: "+Counts(e.Remote))
	}
	for i, d := range e.Refused {
		if i == mostRefused {
			out = append(out, Count(len(e.Refused)-i, "further address", "further addresses")+" refused")
			break
		}
		out = append(out, Refused(d))
	}
	if e.NoSession != 0 {
		out = append(out, fmt.Sprintf("the server does not know the session that came with its answer (DELETE: HTTP %d)",
			e.NoSession))
	}
	if e.Heard > 0 {
		out = append(out, "the peer sent checks on "+Count(e.Heard, "pair", "pairs"))
	}
	if e.Shared != "" {
		out = append(out, "both peers have the mapped address "+e.Shared+": they are behind one NAT")
	}
	if e.NoRelay {
		out = append(out, "neither side has a relay candidate")
	}
	if e.Early && e.CheckedMs != nil {
		early := "this is early: pairs were checked for " + Millis(*e.CheckedMs) + " of the " +
			Duration(diag.PatientTime) + " that RFC 8863 asks for"
		if !e.Dump {
			early += ", which --patient waits"
		}
		out = append(out, early)
	}
	return out
}

// mostRefused bounds the addresses that are listed.
const mostRefused = 3

// Refused says that a relay refuses an address of the peer.
func Refused(d diag.TURNRefused) string {
	relay := "the relay"
	if d.Relay.IsValid() {
		relay += " " + diag.Clean(d.Relay.String(), 60)
	}
	peer := diag.Clean(d.Peer.String(), 60) // a zone may be any text
	return fmt.Sprintf("%s refuses the peer's address %s (%s)", relay, peer, failure.Code(d.Code, ""))
}

func obstacleAdvice(e judge.NoPath) string {
	public := func(d diag.TURNRefused) bool { return !diag.PrivateAddress(d.Peer) }
	switch {
	case e.Obstacle == judge.PathLost:
		return "Check that the peer still runs, and the network on both sides, then call again."
	case e.RefusedAll && !slices.ContainsFunc(e.Refused, public):
		return "Give the peer a STUN or TURN server, so that it has a public address. If both are in one network, let the " +
			"TURN server relay to private addresses (coturn: allowed-peer-ip)."
	case e.RefusedAll && slices.ContainsFunc(e.Refused, func(d diag.TURNRefused) bool { return d.Code == 403 }):
		return "Let the TURN server relay to the addresses of the peer (coturn: denied-peer-ip, allowed-peer-ip)."
	case e.RefusedAll:
		return "Look for these errors in the log of the TURN server."
	case e.Dump && !e.Configured && (e.Obstacle == judge.NoRelayGathered || e.NoRelay):
		return "Configure a TURN server in iceServers."
	case e.Dump && (e.Obstacle == judge.NoRelayGathered || e.NoRelay):
		return "Check the TURN servers with dialtone nat."
	case e.Obstacle == judge.NoRelayGathered:
		return "Check the TURN server and its credentials, or call without --relay-only."
	case e.Obstacle == judge.NoLocalCandidate:
		return "Check that a network interface is up."
	case e.Obstacle == judge.NoRemoteCandidate && len(e.Unusable) > 0:
		return checkSignaled
	case e.Obstacle == judge.NoRemoteCandidate:
		return "Check the peer's network, its ICE servers, and how it signals candidates."
	case e.Heard > 0:
		return "Check that the peer's description is that of this call, and that no firewall lets packets through one way " +
			"only: the peer's checks arrive, and it does not answer."
	case e.NoSession != 0 && e.Answered == 0:
		return "Check that the answer is of this call: a server or proxy that stores answers gives those of sessions that " +
			"have ended. If the server ends a session while it connects, look for the reason in its log."
	case e.Here && e.Obstacle == judge.NoPairAnswered:
		return "Check that the peer still runs, and that its description is that of this call: its addresses are of this " +
			"machine."
	case e.Explained:
		return "Give the peer a STUN or TURN server, so that it signals an address that can be checked."
	case e.RemoteVersion != 0 && e.Obstacle == judge.NoPairFormed:
		return fmt.Sprintf("Give this machine IPv%d, or give it or the peer a TURN server that has both versions of IP.",
			e.RemoteVersion)
	case e.NoRelay && e.Shared != "":
		return "Check that the network of both lets its clients reach each other (guest networks often do not), or give " +
			"one side a TURN server: --ice turn:HOST --ice-user NAME."
	case e.NoRelay && !e.Configured:
		return "Give both peers a STUN server (--ice stun:HOST) and one of them a TURN server (--ice turn:HOST --ice-user " +
			"NAME). A machine that both reach can be both: dialtone serve --stun IP --turn IP:3480 --turn-user NAME."
	case e.NoRelay:
		return "Give one side a TURN server that works: --ice turn:HOST --ice-user NAME."
	}
	return "Run dialtone nat on both sides to see what is between them."
}
