// Package stress says what a call did to its own packets on purpose, and how the peer took it.
package stress

import (
	"fmt"

	"dialtone/diag/judge"
	"dialtone/diag/words/phrase"
)

// Findings are the entries of package words about impairments and stress tests.
var Findings = map[string]phrase.Entry{
	"stress.no_retransmission": phrase.Fixed(
		"In a stress test a fifth of the inbound packets of media was dropped, which dialtone requests again (NACK, RFC "+
			"4585) where both descriptions agree on it. The peer retransmitted less than half of it. "+
			"Without retransmission, each lost packet is a broken picture until the next key frame.",
		"The peer does not retransmit lost video.",
		"Let the peer offer or answer with a=rtcp-fb nack, keep sent packets for a second, and answer NACK (RFC 4585), best "+
			"by RTX (RFC 4588).", repairs),
	"stress.no_nack": phrase.Fixed[judge.Reaction](
		"In a stress test a fifth of the outbound packets of media was dropped. The peer announces NACK (RFC 4585) for "+
			"video and did not request one lost packet again.",
		"The peer does not request lost video again.",
		"Check the receiver of the peer: it announces a=rtcp-fb nack, so it must send NACKs.", nil),
	"stress.no_key_frame": phrase.Fixed[judge.Reaction](
		"In a stress test three key frames were requested (PLI, RFC 4585), and none came within a second and the round "+
			"trip, or sooner than by itself. A receiver that joins or that lost packets sees nothing, or a broken picture, for "+
			"as long.",
		"The peer does not answer a request for a key frame.",
		"Let the encoder of the peer make a key frame on PLI and FIR; a media server must pass the request on to the sender.",
		nil),
	"stress.no_feedback": phrase.Fixed[judge.Reaction](
		"The peer announces transport-wide congestion control or REMB for video and sent neither while it received video. A "+
			"sender that relies on these reports never finds the bandwidth.",
		"The peer does not report on the bandwidth to it.",
		"Check the peer: it must send the reports that its description announces (transport-cc or goog-remb).", nil),
	"stress.stops_at_loss": phrase.Fixed[judge.Reaction](
		"In a stress test a fifth of the packets of media was dropped, then all outbound RTCP reports for some seconds, "+
			"while connectivity checks passed. Media that flowed before no longer did at the end of such a step.",
		"The peer stops sending when packets or reports are lost.",
		"Check what stops the sending: loss of consent (RFC 7675) may, a missing receiver report may not.", nil),
	"stress.no_recovery": phrase.Fixed[judge.Reaction](
		"In a stress test nothing passed for three seconds, less than the time after which ICE gives a path up. Media that "+
			"flowed before did not flow again within four seconds after it.",
		"The peer does not recover from an outage of three seconds.",
		"Check whether the peer ends its session or its sender after a short silence; consent lasts 30 s (RFC 7675).", nil),
	"stress.slow_key_frame": phrase.Fixed(
		"In a stress test a requested key frame (PLI) took more than half a second to arrive completely, beside the "+
			"round trip. A receiver that joins waits as long for its first picture.",
		"The peer is slow to answer a request for a key frame.",
		"Check how often the encoder or the media server handles requests for key frames.", took),
	"stress.slow_recovery": phrase.Fixed(
		"In a stress test nothing passed for three seconds, and it took more than two further seconds until media arrived.",
		"The peer is slow to recover from an outage.",
		"Check which timers of the peer stop its sender, and what starts it again.", took),
	"stress.incomplete": phrase.Fixed[judge.Reaction](
		"The call ended before all steps of the stress test were over. What was not tested is reported so.",
		"The call ended during the stress test.",
		"Place the same call without --stress first: it has to stay connected by itself.", nil),
	"impair.injected": phrase.On(
		"The call impaired its own UDP packets, as --impair or --stress asked for. The counts say what was done to "+
			"them. Media that was lost this way is left out when loss is judged, and other findings that it can explain say so.",
		func(_ judge.Finding, e judge.Injected) phrase.Text {
			return phrase.Text{
				Title: fmt.Sprintf("The call impaired its own packets: %d of %d inbound and %d of %d outbound packets were "+
					"dropped.", e.Inbound.Dropped, e.Inbound.Packets, e.Outbound.Dropped, e.Outbound.Packets),
				Evidence: injectedEvidence(e),
			}
		}),
	"impair.no_effect": phrase.Fixed(
		"--impair and --stress act on the UDP packets of the call, and none was affected: the shares are small, the "+
			"call was short, or its media passes over TCP, as with a TURN server over TCP or TLS.",
		"The call impaired none of its packets.",
		"Use a path over UDP, or a longer call; with --impair, larger shares.",
		injectedEvidence),
}

// repairs says how much was retransmitted.
func repairs(e judge.Reaction) []string {
	if e.Lost == nil || e.Retransmitted == nil {
		return nil
	}
	out := []string{fmt.Sprintf("%d of %d lost packets of video were retransmitted", *e.Retransmitted, *e.Lost)}
	if e.Requests == 0 {
		return append(out, "no request was sent, because the descriptions did not agree on NACK")
	}
	return append(out, fmt.Sprintf("%d requests were sent", e.Requests))
}

// took says how long a reaction took.
func took(e judge.Reaction) []string {
	if e.TookMs == nil {
		return nil
	}
	return []string{"it took " + phrase.Duration(e.TookMs.Duration())}
}

func injectedEvidence(e judge.Injected) []string {
	var out []string
	for _, i := range e.Asked {
		out = append(out, "asked for "+i.String())
	}
	for _, way := range []struct {
		name string
		p    judge.InjectedPackets
	}{{"inbound", e.Inbound}, {"outbound", e.Outbound}} {
		if p := way.p; p.Delayed+p.Duplicated+p.Reordered > 0 {
			out = append(out, fmt.Sprintf("%s: %d packets delayed, %d duplicated, %d reordered", way.name, p.Delayed,
				p.Duplicated, p.Reordered))
		}
	}
	return out
}

// Mark adds to the text of a finding that the call itself can be the cause.
func Mark(f judge.Finding, t phrase.Text) phrase.Text {
	if f.Injected {
		t.Evidence = append(t.Evidence, "packets of this call were impaired on purpose, which may be the cause")
		t.Advice = "Repeat the call without --impair or --stress before you check the network."
	}
	return t
}

// Beyond says how much of the loss of media was left out because it was on purpose.
func Beyond(e judge.MediaLoss) []string {
	if e.Injected == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d packets that the call dropped on purpose are left out of the share", e.Injected)}
}
