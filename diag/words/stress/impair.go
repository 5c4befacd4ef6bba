// Package stress says what a call did to its own packets on purpose, and how the peer took it.
package stress

import (
	"fmt"

	"dialtone/diag/judge"
	"dialtone/diag/words/phrase"
)

// Findings are the entries of package words about impairments.
var Findings = map[string]phrase.Entry{
	"impair.injected": phrase.On(
		"The call impaired its own UDP packets, as --impair asked for. The counts say what was done to them. Media that was "+
			"lost this way is left out when loss is judged, and other findings that it can explain say so.",
		func(_ judge.Finding, e judge.Injected) phrase.Text {
			return phrase.Text{
				Title: fmt.Sprintf("The call impaired its own packets: %d of %d inbound and %d of %d outbound packets were "+
					"dropped.", e.Inbound.Dropped, e.Inbound.Packets, e.Outbound.Dropped, e.Outbound.Packets),
				Evidence: injectedEvidence(e),
			}
		}),
	"impair.no_effect": phrase.On(
		"--impair acts on the UDP packets of the call, and none was affected: the shares are small, the call was short, or "+
			"its media passes over TCP, as with a TURN server over TCP or TLS.",
		func(_ judge.Finding, e judge.Injected) phrase.Text {
			return phrase.Text{
				Title:    "No packet was affected by --impair.",
				Evidence: injectedEvidence(e),
				Advice:   "Use a path over UDP, a longer call, or larger shares.",
			}
		}),
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
		t.Evidence = append(t.Evidence, "--impair affected packets of this call, which may be the cause")
		t.Advice = "Repeat the call without --impair before you check the network."
	}
	return t
}

// Beyond says how much of the loss of media was left out because it was on purpose.
func Beyond(e judge.MediaLoss) []string {
	if e.Injected == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d packets that --impair dropped are left out of the share", e.Injected)}
}
