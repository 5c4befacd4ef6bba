package network

import (
	"dialtone/diag"
	"dialtone/diag/nat"
)

// Change is a difference between two diagnoses of the same servers: before and now.
type Change struct {
	What      Changed
	Exits     [2]diag.Exit    // of [ChangedExit]
	Addresses [2]string       // of [ChangedAddress]: the public address, empty when unknown
	Name      nat.Name        // of [ChangedBehavior]
	Behaviors [2]nat.Behavior // of [ChangedBehavior]
	Servers   [2]diag.Server  // of [ChangedServer]
}

// Changed is what has changed.
type Changed string

// Values of [Changed].
const (
	ChangedExit     Changed = "verdict"
	ChangedAddress  Changed = "address"
	ChangedBehavior Changed = "behavior"
	ChangedServer   Changed = "server"
)

// Changes lists what is different between two diagnoses, the most important first; nothing when the network does the
// same as before. Times and ports change from run to run and are no change.
func Changes(before, now *Verdict) []Change {
	var out []Change
	if before.Exit != now.Exit {
		out = append(out, Change{What: ChangedExit, Exits: [2]diag.Exit{before.Exit, now.Exit}})
	}
	if a, b := before.publicAddress(), now.publicAddress(); a != b {
		out = append(out, Change{What: ChangedAddress, Addresses: [2]string{a, b}})
	}
	old := map[nat.Name]nat.Behavior{}
	for _, row := range before.Behaviors.Rows() {
		old[row.Name] = row.Behavior
	}
	for _, row := range now.Behaviors.Rows() {
		if was, known := old[row.Name]; known && !sameValue(was, row.Behavior) {
			out = append(out, Change{What: ChangedBehavior, Name: row.Name, Behaviors: [2]nat.Behavior{was, row.Behavior}})
		}
	}
	for _, s := range now.Servers {
		for _, was := range before.Servers {
			same := was.URL == s.URL && was.Transport == s.Transport && was.TURN == s.TURN &&
				(was.Address == s.Address || was.Address == "" || s.Address == "")
			if same && outcomeOf(&was) != outcomeOf(&s) {
				out = append(out, Change{What: ChangedServer, Servers: [2]diag.Server{was.Server, s.Server}})
			}
		}
	}
	return out
}

// sameValue compares values; a lifetime has its seconds too.
func sameValue(a, b nat.Behavior) bool {
	same := func(x, y *int) bool { return x == nil && y == nil || x != nil && y != nil && *x == *y }
	return a.Value == b.Value && same(a.FromS, b.FromS) && same(a.ToS, b.ToS)
}

// serverOutcome is whether a server works, or else why not.
type serverOutcome struct {
	stage  diag.StageName
	cause  diag.Cause
	detail diag.Detail
	code   int
}

func outcomeOf(row *nat.ServerRow) serverOutcome {
	stage := row.Failed()
	if stage == nil {
		stage = row.Stopped()
	}
	if stage == nil {
		return serverOutcome{}
	}
	return serverOutcome{stage.Name, stage.Failure.Cause, stage.Failure.Detail, stage.Failure.Code}
}

// publicAddress is the IP address that a server which is believed reported; empty when none did.
func (n *Verdict) publicAddress() string {
	if !n.Side.Public.IsValid() {
		return ""
	}
	return n.Side.Public.String()
}
