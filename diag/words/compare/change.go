// Package compare says what differs between two diagnoses, and what two networks make of a call.
package compare

import (
	"cmp"
	"fmt"

	"dialtone/diag"
	"dialtone/diag/judge/network"
	"dialtone/diag/nat"
	"dialtone/diag/words"
	"dialtone/diag/words/verdict"
)

// Change writes what is different between two diagnoses.
func Change(c network.Change) string {
	value := func(s string) string { return diag.Clean(cmp.Or(s, "unknown"), 300) }
	state := func(s *diag.Server) string {
		if s.State() == diag.ServerWorks && s.Stopped() == nil {
			return "works"
		}
		if stopped := s.Stopped(); stopped != nil && s.OK() {
			return "failed at " + words.StageLabel(stopped.Name)
		}
		return words.ServerHeadline(s)
	}
	var text string
	switch c.What {
	case network.ChangedExit:
		text = "verdict: " + verdict.NetworkExit(c.Exits[0]) + " → " + verdict.NetworkExit(c.Exits[1])
	case network.ChangedAddress:
		text = "public address: " + value(c.Addresses[0]) + " → " + value(c.Addresses[1])
	case network.ChangedBehavior:
		text = words.BehaviorLabel(c.Name) + ": " + words.BehaviorValue(c.Behaviors[0]) + " → " +
			words.BehaviorValue(c.Behaviors[1])
	case network.ChangedServer:
		text = fmt.Sprintf("%s: %s → %s", words.ServerName(nat.ServerRow{Server: c.Servers[1]}), state(&c.Servers[0]),
			state(&c.Servers[1]))
		if c.Servers[1].TURN {
			text = "relay " + text
		}
	}
	return diag.Clean(text, 300)
}

// Changes writes what is different between two diagnoses.
func Changes(list []network.Change) []string {
	return diag.Map(list, Change)
}
