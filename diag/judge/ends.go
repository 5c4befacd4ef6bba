package judge

import (
	"fmt"
	"slices"

	"dialtone/diag"
	"dialtone/diag/call"
)

// Bounds of what is no contradiction.
const (
	endsPackets = 50   // packets that may differ, beside those under way
	endsShare   = 0.05 // of what was sent
	endsDelay   = 0.25 // seconds that a sample may take beside the round trip
	endsWindow  = 10   // samples that tell what is so lately
	endsRTT     = 0.05 // seconds by which round trips may differ, and they may by half
)

// EndsFindings are the contradictions between both ends.
func EndsFindings(c *call.Call) []diag.Finding {
	e, _ := c.BothEnds()
	var found []diag.Finding
	for _, s := range e.Streams {
		if f, contradicts := endsRemark(c, s); contradicts {
			found = append(found, f)
		}
	}
	if f, differs := rttRemark(c); differs {
		found = append(found, f)
	}
	return found
}

// endsRemark looks for a contradiction over the whole call, then of the last seconds.
func endsRemark(c *call.Call, s call.EndsStream) (diag.Finding, bool) {
	if s.Sent == nil || s.Received == nil {
		return diag.Finding{}, false
	}
	slack := underWay(c, s)
	if f, found := contradiction(s, *s.Sent, *s.Received, slack, "since the call began"); found {
		return f, true
	}
	n := len(c.Theirs)
	if n <= endsWindow {
		return diag.Finding{}, false
	}
	before := &c.Theirs[n-1-endsWindow]
	for _, old := range call.EndsStreams(before.RemoteSample) {
		if old.Direction == s.Direction && old.SSRC == s.SSRC && old.Kind == s.Kind && old.Sent != nil &&
			old.Received != nil &&
			*old.Sent <= *s.Sent && *old.Received <= *s.Received {
			return contradiction(s, *s.Sent-*old.Sent, *s.Received-*old.Received, slack,
				"in the last "+diag.Span(c.Theirs[n-1].At-before.At))
		}
	}
	return diag.Finding{}, false
}

// underWay is how many packets of a stream may be between the ends, or counted while the sample travelled.
func underWay(c *call.Call, s call.EndsStream) uint64 {
	n := len(c.Theirs)
	if n < 2 {
		return endsPackets
	}
	last, before := c.Theirs[n-1], c.Theirs[n-2]
	apart := (last.At - before.At).Seconds()
	delay := endsDelay
	if rtt, known := c.RoundTripTime(); known {
		delay += rtt.Seconds()
	}
	for _, now := range last.Here {
		for _, then := range before.Here {
			if now.Direction == s.Direction && now.SSRC == s.SSRC && then.Direction == s.Direction && then.SSRC == s.SSRC &&
				now.Packets > then.Packets && apart > 0.1 {
				return endsPackets + uint64(float64(now.Packets-then.Packets)/apart*delay)
			}
		}
	}
	return endsPackets
}

// contradiction compares what one end says it sent with what the other one says it received.
func contradiction(s call.EndsStream, sent, received, slack uint64, when string) (diag.Finding, bool) {
	here, there, id := "here", "there", "media.not_received_there"
	if s.Direction == diag.Inbound {
		here, there, id = "there", "here", "media.not_received_here"
	}
	kind := diag.Clean(s.Kind, 20)
	limit := slack + uint64(endsShare*float64(max(sent, received)))
	evidence := []string{fmt.Sprintf("%d %s packets sent %s, %d received %s %s", sent, kind, here, received, there, when)}
	switch {
	case sent > received && sent-received > limit:
		return diag.Finding{
			ID: id, Severity: diag.Warn, Title: fmt.Sprintf("Sent %s, not received %s: %d of %d %s packets %s.", here, there,
				sent-received, sent, kind, when),
			Evidence: evidence,
			Advice:   "Look at the way between the parties: a firewall or a NAT that drops one direction, a link that is full; where all are missing, whether the receiver knows the stream.",
		}, true
	case received > sent && received-sent > limit && sent == 0:
		return diag.Finding{
			ID: "media.received_not_sent", Severity: diag.Warn, Evidence: evidence,
			Title: fmt.Sprintf("Received %s, but the other end says that it sends nothing: %d %s packets %s.", there, received,
				kind, when),
			Advice: "Look at who sends this stream: another program behind the same address, or a sender whose statistics are wrong.",
		}, true
	case received > sent && received-sent > limit:
		return diag.Finding{
			ID: "media.received_not_sent", Severity: diag.Warn, Evidence: evidence,
			Title: fmt.Sprintf("Received %s more than was sent %s: %d instead of %d %s packets %s.", there, here, received,
				sent, kind, when),
			Advice: "Look for something on the way that doubles packets, or for statistics that are wrong.",
		}, true
	}
	return diag.Finding{}, false
}

// rttRemark compares the middle of the latest round trips of both ends.
func rttRemark(c *call.Call) (diag.Finding, bool) {
	var here, there []float64
	for _, s := range c.Samples[max(len(c.Samples)-endsWindow, 0):] {
		if s.Pair != nil && s.Pair.CurrentRoundTripTime != nil {
			here = append(here, *s.Pair.CurrentRoundTripTime)
		}
	}
	for _, s := range c.Theirs[max(len(c.Theirs)-endsWindow, 0):] {
		if s.Pair != nil && s.Pair.CurrentRoundTripTime != nil {
			there = append(there, *s.Pair.CurrentRoundTripTime)
		}
	}
	if len(here) < 3 || len(there) < 3 {
		return diag.Finding{}, false
	}
	slices.Sort(here)
	slices.Sort(there)
	ours, theirs := here[len(here)/2], there[len(there)/2]
	if low, high := min(ours, theirs), max(ours, theirs); high-low <= endsRTT || high < 1.5*low {
		return diag.Finding{}, false
	}
	return diag.Finding{
		ID: "path.rtt_differs", Severity: diag.Warn,
		Title: fmt.Sprintf("The round trip takes %s here and %s there.", diag.Span(diag.SecondsOf(ours)),
			diag.Span(diag.SecondsOf(theirs))),
		Evidence: []string{fmt.Sprintf("the middle of the latest %d connectivity checks here and %d there", len(here),
			len(there))},
		Advice: "The path is the same for both, so look at the side with the longer time: a machine or a program that is too busy to answer at once.",
	}, true
}
