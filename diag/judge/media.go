package judge

import (
	"fmt"
	"math"
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
)

// Bounds of what counts as loss of media.
const (
	lossWarn    = 0.05
	lossProblem = 0.20
	lossPackets = 50 // fewer packets than this say nothing about a share
)

// mediaFindings name media that was asked for and was not seen, or not until the end.
func (x Expectation) mediaFindings(c *call.Call) []diag.Finding {
	if !x.Media || c.ConnectedAt == nil {
		return nil
	}
	var out []diag.Finding
	var in, outward []string // what flows
	for _, kind := range diag.Kinds {
		heard, sent := c.StreamOf(diag.Inbound, kind), c.StreamOf(diag.Outbound, kind)
		if heard.Packets > 0 {
			in = append(in, kind)
		}
		if sent.Packets > 0 {
			outward = append(outward, kind)
		}
		out = append(out, x.missing(c, kind, heard, sent)...)
		if f, stopped := stoppedFinding(c, kind, heard); stopped {
			out = append(out, f)
		} else if f, silent := silentFinding(c, kind); silent {
			out = append(out, f)
		}
	}
	if x.Way == "" && (len(in) == 0) != (len(outward) == 0) {
		out = append([]diag.Finding{oneWay(c, in, outward)}, out...)
	}
	return out
}

// missing names a kind that was not seen in a direction.
func (x Expectation) missing(c *call.Call, kind string, in, out call.Stream) []diag.Finding {
	var list []diag.Finding
	add := func(direction, advice string) {
		list = append(list, diag.Finding{
			ID: "media.no_" + direction + "_" + kind, Severity: diag.Problem,
			Title:    "No " + direction + " " + kind + " after " + diag.Span(c.UpTime()) + " of connection.",
			Evidence: []string{"no packet was counted"}, Advice: advice,
		})
	}
	if in.Packets == 0 && x.Way != diag.Outbound {
		advice := "The path carries packets, so look at the sender: muted, without a source, or with a codec that was not negotiated."
		if !c.Promised(kind) {
			advice = "The other party's description does not offer to send " + kind +
				": let it send, or check without media (--no-media)."
		}
		add("inbound", advice)
	}
	if out.Packets == 0 && x.Way != diag.Inbound {
		add("outbound", "The other party's description takes no "+kind+", or this machine could not send: look at the description (dialtone call shows it).")
	}
	return list
}

func oneWay(c *call.Call, in, out []string) diag.Finding {
	direction, flows := "out and nothing in", out
	if len(out) == 0 {
		direction, flows = "in and nothing out", in
	}
	return diag.Finding{
		ID: "media.one_way", Severity: diag.Problem, Title: "Media flows one way only: " + strings.Join(flows, " and ") +
			" " +
			direction + ".",
		Evidence: []string{"connected for " + diag.Span(c.UpTime()), "path: " + pathWords(c)},
		Advice:   "Look at the side that is not heard: whether it sends at all, and whether a firewall on the way drops one direction of the media.",
	}
}

func stoppedFinding(c *call.Call, kind string, in call.Stream) (diag.Finding, bool) {
	if in.Packets == 0 || in.Ago == nil || in.Ago.Seconds() < call.SilentAfter {
		return diag.Finding{}, false
	}
	when := "before the end"
	if c.Ended == nil {
		when = "ago"
	}
	f := diag.Finding{
		ID: "media.stopped", Severity: diag.Problem, Title: "Inbound " + kind + " stopped " + diag.Span(*in.Ago) + " " +
			when + ".",
		Evidence: []string{fmt.Sprintf("%d packets came, none in the last %s; the connection was up all the time", in.Packets,
			diag.Span(*in.Ago))},
		Advice: "Look at the sender and at what happened then: a source that ended, a firewall that closes quiet ports, a bandwidth limit.",
	}
	if c.RemoteMuted[kind] {
		f.Evidence = append(f.Evidence, "the other party said that it muted its "+kind)
	}
	return f, true
}

// silentFinding claims silence only where each packet proves it: see [InboundRTP].SilentPackets.
func silentFinding(c *call.Call, kind string) (diag.Finding, bool) {
	packets, since, ok := c.Silence(kind)
	if !ok {
		return diag.Finding{}, false
	}
	f := diag.Finding{
		ID: "media.silent", Severity: diag.Problem, Title: "Inbound " + kind + " is nothing but silence, for " +
			diag.Span(since) + ".",
		Evidence: []string{fmt.Sprintf("each of the last %d packets of %s holds nothing but silence by its coding (RFC 6716)",
			packets, kind)},
		Advice: "Look at the sender's source: a microphone that is muted, missing or not allowed.",
	}
	if c.RemoteMuted[kind] {
		f.Evidence = append(f.Evidence, "the other party said that it muted its "+kind)
	}
	return f, true
}

// lossFindings name heavy loss. Where the program was short of CPU it is no failure: the packets may have been late
// here.
func (x Expectation) lossFindings(c *call.Call) []diag.Finding {
	if c.ConnectedAt == nil {
		return nil
	}
	var out []diag.Finding
	for _, kind := range diag.Kinds {
		in := c.StreamOf(diag.Inbound, kind)
		if in.Loss == nil || *in.Loss <= lossWarn || in.Packets < lossPackets {
			continue
		}
		f := diag.Finding{
			ID: "media.loss", Severity: diag.Warn, Title: fmt.Sprintf("%.0f %% of inbound %s was lost.",
				math.Round(*in.Loss*100),
				kind),
			Evidence: []string{fmt.Sprintf("%d packets came, %d are missing", in.Packets, *in.Lost)},
			Advice:   "Look for a link that is full or a radio that is weak on either side; try another network, or a relay nearer to it.",
		}
		if *in.Loss > lossProblem {
			f.Severity = diag.Problem
		}
		if x.Load.Short() {
			f.Severity = diag.Warn
			f.Evidence = append(f.Evidence,
				"this machine was short of CPU (tester.cpu): that may be the reason, and not the network")
			f.Advice = "Repeat the check on a machine with less to do before you look at the network."
		}
		out = append(out, f)
	}
	return out
}
