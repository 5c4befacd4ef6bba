package pane

import (
	"cmp"
	"fmt"
	"time"

	"dialtone/diag"
	"dialtone/diag/words"
)

// seconds writes a time with a tenth: "1.2 s".
func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", max(d, 0).Seconds()) }

// explain puts the selected row into words.
func (p *Network) explain() string {
	all := p.entries()
	if p.cursor >= len(all) {
		return "A STUN server tells how it sees this machine. What several servers on several addresses see tells what the NAT in between does."
	}
	return all[p.cursor].about
}

// timed writes a stage and its time; nothing where it was not measured.
func timed(name string, ms *diag.Millis) []string {
	if ms == nil {
		return nil
	}
	return []string{name + " " + words.Duration(ms.Duration())}
}

// serverDetails are the facts about a server that its row has no room for.
func serverDetails(s diag.NATServer) []string {
	var out []string
	add := func(label, text string) {
		if text != "" {
			out = append(out, label+text)
		}
	}
	add("asked at ", s.Address)
	add("named by DNS SRV: ", s.SRV)
	out = append(append(append(out, timed("DNS", s.DNSMs)...), timed("connect", s.ConnectMs)...), timed("TLS", s.TLSMs)...)
	add("", s.TLSVersion)
	add("certificate of ", words.Join(" ", s.TLSName, words.Prefixed("by ", s.TLSIssuer), words.Prefixed("until ", s.TLSExpires)))
	if t := s.RTT; t != nil {
		out = append(out, fmt.Sprintf("round trip: least %s, median %s, jitter %s, %d of %d lost",
			words.Duration(t.MinMs.Duration()), words.Duration(t.MedianMs.Duration()), words.Duration(t.JitterMs.Duration()), t.Lost, t.Sent))
	}
	add("software: ", s.Software)
	add("counts as a plain server: ", s.WhyPlain)
	add("next: ", s.Advice)
	return orNone(out)
}

// explainNATServer says in words what a STUN server gave, or why it gave nothing.
func explainNATServer(s diag.NATServer) string {
	if !s.OK {
		return words.Join(" ", fmt.Sprintf("%s gave nothing: %s.", s.URL, cmp.Or(s.ErrorText, "it failed")), words.Capital(s.Advice))
	}
	text := s.URL + " answers" + words.Prefixed(" and sees this machine as ", s.Mapped) + "."
	switch {
	case s.Outlier:
		text += " The majority of the servers sees another address, so this one is not believed."
	case s.Grade == diag.GradeRFC5780:
		text += " It has the usage of RFC 5780: it answers from a second address when asked to, which shows whom the NAT lets in."
	case s.Grade == diag.GradePlain:
		text += " It is a plain server, which cannot tell anything about filtering" + words.Prefixed(": ", s.WhyPlain) + "."
	}
	return text
}

// behaviorWords explain the terms of RFC 4787 and RFC 5780.
var behaviorWords = map[string]string{
	"UDP":           "Calls go over UDP. Where it is blocked, media needs a TURN server over TCP or TLS.",
	"NAT":           "Whether the addresses of this machine are replaced on the way.",
	"mapping":       "Which public port a socket gets. Endpoint-independent: the same one for all destinations, so that what a STUN server sees is what peers can use. Dependent: another one for each address, or each address and port; peers cannot know it.",
	"filtering":     "Who may send to that public port. Endpoint-independent: anybody. Address-dependent: hosts that were sent to. Address-and-port-dependent: the very ports that were sent to.",
	"ports":         "Whether the public port has the number of the local one. It makes guessing easier and decides nothing.",
	"addresses":     "Whether all sockets of this machine get the same public address (paired), as RFC 4787 asks, or one of several (arbitrary).",
	"TCP mapping":   "As mapping, for TCP connections.",
	"uplinks":       "Whether the traffic of this machine leaves by one way, or by several, such as a VPN beside the router.",
	"ALG":           "Whether a gateway rewrites addresses inside of messages, for better or, mostly, for worse.",
	"carrier's NAT": "Whether the carrier has a NAT of its own behind the router: nobody can open a port there.",
	"CLAT":          "Whether this machine speaks IPv4 over an IPv6 network (464XLAT).",
	"IPv6":          "Whether IPv6 works. Where both sides have it, mostly no NAT stands between them.",
	"lifetime":      "How long the NAT remembers a silent socket. Calls refresh it every few seconds.",
	"fragments":     "Whether packets larger than the path's limit come through in pieces.",
	"hairpin":       "Whether two hosts behind the NAT reach each other by its public address.",
}

var confidenceWords = map[diag.Confidence]string{
	diag.Proven:        "Proven: with another value, what was seen would happen by chance in fewer than one of 10,000 runs.",
	diag.Likely:        "Likely: it fits all that was seen, and another value is not excluded.",
	diag.NotKnown:      "Unknown: nothing that was seen decides it.",
	diag.Contradictory: "Contradictory: what was seen excludes itself.",
}

func explainBehavior(row diag.NATBehaviorRow) string {
	return words.Join(" ", behaviorWords[row.Name], confidenceWords[row.Confidence])
}

// relayStages are the steps of a TURN server with their times, in order.
func relayStages(t diag.NATRelay) []string {
	var out []string
	for _, stage := range []struct {
		name string
		ms   *diag.Millis
	}{
		{"DNS", t.DNSMs},
		{"connect", t.ConnectMs},
		{"TLS", t.TLSMs},
		{"allocate", t.RTTMs},
		{"permission", t.PermissionMs},
		{"bytes by Send", t.SendMs},
		{"bind a channel", t.BindMs},
		{"bytes by ChannelData", t.ChannelMs},
		{"refresh", t.RefreshMs},
		{"release", t.ReleaseMs},
	} {
		out = append(out, timed(stage.name, stage.ms)...)
	}
	if t.Peer != "" {
		out = append(out, "through it "+t.Peer+" was asked"+words.Prefixed(", which saw it as ", t.Seen))
	}
	for _, fact := range []string{words.Prefixed("software: ", t.Software), words.Prefixed("credential expired ", t.CredentialExpired),
		words.Prefixed("certificate until ", t.TLSExpires)} {
		if fact != "" {
			out = append(out, fact)
		}
	}
	return out
}

// explainRelay says in words what a TURN server gave.
func explainRelay(t diag.NATRelay) string {
	switch {
	case !t.OK:
		return words.Join(" ", fmt.Sprintf("%s gave no relay: %s.", t.URL,
			relayFailure(t.ErrorCode, cmp.Or(t.ErrorText, "it failed"))), words.Capital(t.Advice))
	case t.Stopped != "":
		return fmt.Sprintf("%s lent %s, and then it went no further than %s: %s.", t.URL, t.RelayAddress, t.Stopped,
			relayFailure(t.StoppedCode, t.StoppedText))
	case t.ChannelMs != nil:
		return fmt.Sprintf("%s lends %s, and bytes came back through it in both forms, as Send indication and as ChannelData. It carries calls where no direct path works.", t.URL, t.RelayAddress)
	}
	return fmt.Sprintf("%s lends %s. Whether it carries bytes was not tried.", t.URL, t.RelayAddress)
}

// explainFinding is what stands behind a finding.
func explainFinding(f diag.Finding) string {
	text, _ := words.Explain(f.ID)
	return cmp.Or(text, f.Title)
}
