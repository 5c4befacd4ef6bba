package words

import (
	"cmp"
	"fmt"
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/nat"
	"dialtone/diag/words/failure"
)

// stageLabels are what the steps of asking a server are called.
var stageLabels = map[diag.StageName]string{
	diag.StageConfig: "configuration", diag.StageDNS: "DNS", diag.StageConnect: "connect",
	diag.StageProxy: "proxy", diag.StageTLS: "TLS handshake",
	diag.StageBinding: "Binding", diag.StageAllocate: "Allocate", diag.StagePermission: "CreatePermission",
	diag.StageSend: "data by Send", diag.StageBind: "ChannelBind", diag.StageChannel: "data by ChannelData",
	diag.StageRefresh: "Refresh", diag.StageRelease: "release", diag.StageSample: "round trips",
}

// StageLabel is what a step of asking a server is called.
func StageLabel(name diag.StageName) string {
	return diag.Clean(cmp.Or(stageLabels[name], string(name), "unknown step"), 40)
}

// ServerHeadline is the outcome of asking a server, in a few words: an address, or why there is none.
func ServerHeadline(s *diag.Server) string {
	switch s.State() {
	case diag.ServerWorks:
		if s.TURN {
			return "relayed transport address " + diag.Clean(s.Relayed(), 60)
		}
		return "mapped address " + diag.Clean(s.Mapped(), 60)
	case diag.ServerFailed:
		what, _ := failure.Of(s)
		return what
	case diag.ServerUnknown:
		return "not known: it was cancelled"
	case diag.ServerAsking:
	}
	return "in progress"
}

// CallServer is what a server gave the call, in a line: round trip and addresses, or why it failed and the next step.
func CallServer(row call.ServerRow) string {
	s := &row.Server
	var parts []string
	add := func(label, text string) {
		if text != "" {
			parts = append(parts, label+diag.Clean(text, 500))
		}
	}
	if s.State() != diag.ServerWorks {
		add("", CallServerHeadline(row))
		add("", CallServerAdvice(row))
		return strings.Join(parts, " · ")
	}
	if rtt := s.RTT(); rtt != nil {
		add("", RoundTrip(*rtt))
	}
	add("mapped address ", s.Mapped())
	add("relayed transport address ", s.Relayed())
	return strings.Join(parts, " · ")
}

// CallServerHeadline is [ServerHeadline] of a server of a call, with the step that failed. One that served the call
// has not failed, whatever became of asking it beside the call.
func CallServerHeadline(row call.ServerRow) string {
	text := ServerHeadline(&row.Server)
	stage := row.Failed()
	if stage == nil {
		return text
	}
	text = "failed at " + StageLabel(stage.Name) + " · " + text
	if row.Served {
		return "it served the call; asked once more, it " + text
	}
	return text
}

// CallServerAdvice is the next step for a server of a call that failed; empty when it did not.
func CallServerAdvice(row call.ServerRow) string {
	if row.Served {
		return ""
	}
	return ServerAdvice(&row.Server)
}

// ServerAdvice is the next step for a server that failed; empty when it did not.
func ServerAdvice(s *diag.Server) string {
	if s.Failed() == nil {
		return ""
	}
	_, advice := failure.Of(s)
	return advice
}

// ServerFacts are what is known of a server beyond its headline, a fact each.
func ServerFacts(s *diag.Server) []string {
	var out []string
	add := func(label, text string) {
		if text != "" {
			out = append(out, label+diag.Clean(text, 200))
		}
	}
	if !strings.Contains(s.URL, ":"+s.Address) {
		add("address ", s.Address)
	}
	add("named by DNS SRV: ", s.SRV)
	add("redirected (300) by ", strings.Join(s.Redirects, ", "))
	add("through the proxy ", s.Proxy)
	for _, stage := range s.Stages {
		timed := stage.Times != nil || stage.RTTMs != nil || stage.Name == diag.StageSample
		if stage.Failure == nil && stage.DurationMs > 0 && !timed {
			out = append(out, StageLabel(stage.Name)+" "+RoundTrip(stage.DurationMs))
		}
	}
	switch t := s.Times(); {
	case t == nil && s.TURN && s.RTT() != nil:
		out = append(out, "round trip "+RoundTrip(*s.RTT()))
	case t != nil:
		text := "round trip " + RoundTrip(t.MedianMs)
		if t.Sent > 1 {
			text += fmt.Sprintf(" (minimum %s, jitter %s, %d of %d lost)",
				RoundTrip(t.MinMs), RoundTrip(t.JitterMs), t.Lost, t.Sent)
		}
		out = append(out, text)
	}
	if c := s.Certificate(); c != nil {
		add("", Join(" ", c.Version, "certificate of", c.Name, "issued by", c.Issuer, "valid until", failure.Day(c.NotAfter)))
	}
	if peer, _ := s.Peer(); peer != "" && s.Seen() != "" {
		add("bytes came back from "+diag.Clean(peer, 60)+", which saw the relay at ", s.Seen())
	}
	if r := s.Stage(diag.StageRefresh); r != nil && r.Failure == nil {
		out = append(out, fmt.Sprintf("extended for %d s", r.LifetimeS))
	}
	if s.OK() {
		add("then ", ServerStopped(s))
	}
	add("software ", s.Software())
	return out
}

// ServerLine is a server in one line.
func ServerLine(row nat.ServerRow) string { return ServerName(row) + ": " + ServerResult(row) }

// ServerName is the URL of a server, and the transport that it was asked over.
func ServerName(row nat.ServerRow) string {
	name := diag.Clean(row.URL, 400)
	if len(row.Also) > 0 {
		name += " (and " + diag.Clean(strings.Join(row.Also, ", "), 400) + ", at the same address)"
	}
	if row.Transport != "" {
		name += " over " + strings.ToUpper(diag.Clean(row.Transport, 20))
	}
	if row.Direct {
		name += " without the proxy"
	}
	return name
}

// ServerResult is what a server returned, and what is known of it.
func ServerResult(row nat.ServerRow) string {
	parts := append([]string{ServerHeadline(&row.Server)}, ServerFacts(&row.Server)...)
	if grade := Grade(row); grade != "" {
		parts = append(parts, grade)
	}
	return strings.Join(parts, ", ")
}

// ServerStopped is where a relay that was allocated failed, and why; empty when it did not.
func ServerStopped(s *diag.Server) string {
	stopped := s.Stopped()
	if stopped == nil {
		return ""
	}
	what, _ := failure.At(s, stopped)
	return "failed at " + StageLabel(stopped.Name) + ": " + what
}

// ExplainServer explains a server of a call in full sentences, with the next step.
func ExplainServer(s diag.Server) string { return ServerSentence(nat.ServerRow{Server: s}) }

// ServerSentence explains a server of a diagnosis in full sentences, with the next step.
func ServerSentence(row nat.ServerRow) string {
	url := diag.Clean(row.URL, 300)
	switch row.State() {
	case diag.ServerFailed:
		return Join(" ", url+" failed: "+ServerHeadline(&row.Server)+".", ServerAdvice(&row.Server))
	case diag.ServerWorks:
	case diag.ServerAsking, diag.ServerUnknown:
		return url + " is " + ServerHeadline(&row.Server) + "."
	}
	text := url + " reports the mapped address " + diag.Clean(row.Mapped(), 60) + "."
	if row.TURN {
		text = url + " allocated the relayed transport address " + diag.Clean(row.Relayed(), 60) + "."
	}
	switch {
	case row.Stopped() != nil:
		text += " It " + ServerStopped(&row.Server) + "."
	case row.Took(diag.StageChannel) != nil:
		text += " Bytes came back through it as Send indication and as ChannelData: it carries calls when no direct path " +
			"works."
	case row.TURN:
		text += " Whether it carries bytes was not tested."
	case row.Outlier:
		text += " Most servers report another mapped address, so this one is not believed."
	case row.Grade == nat.GradeRFC5780:
		text += " It supports RFC 5780: it answers from a second address when asked to, which shows the filtering of the NAT."
	case row.Grade == nat.GradeBasic:
		text += " It supports basic STUN only, so filtering cannot be tested with it (" + basic(*row.Basic) + ")."
	}
	return text
}

// Grade is what STUN a server supports; empty when that is not known.
func Grade(row nat.ServerRow) string {
	switch {
	case row.Outlier:
		return "outlier: most servers report another mapped address"
	case row.Grade == nat.GradeRFC5780:
		return "supports RFC 5780"
	case row.Grade == nat.GradeBasic && row.Basic != nil:
		return "basic STUN only (" + basic(*row.Basic) + ")"
	}
	return ""
}

// basic says why a server counts as one of basic STUN.
func basic(b nat.Basic) string {
	other := "OTHER-ADDRESS " + diag.Clean(b.Other, 60)
	switch b.Why {
	case nat.BasicSilent:
		return "it does not answer"
	case nat.BasicNoOther:
		return "no OTHER-ADDRESS"
	case nat.BasicOtherFamily:
		return other + " is of another address family"
	case nat.BasicSameIP:
		return other + " has the IP address that was asked (RFC 5780 §7.4)"
	case nat.BasicSamePort:
		return other + " has the port that was asked"
	case nat.BasicNotPublic:
		return other + " is not public"
	case nat.BasicNoOrigin:
		return "no RESPONSE-ORIGIN"
	case nat.BasicWrongOrigin:
		return fmt.Sprintf("RESPONSE-ORIGIN %s is not the address that it answers from, %s", diag.Clean(b.Origin, 60),
			diag.Clean(b.From, 60))
	}
	return diag.Clean(string(b.Why), 60)
}

// RoundTrip writes milliseconds with a tenth.
func RoundTrip(m diag.Millis) string { return fmt.Sprintf("%.1f ms", m.Duration().Seconds()*1e3) }
