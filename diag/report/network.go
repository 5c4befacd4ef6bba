package report

import (
	"dialtone/diag"
	"dialtone/diag/judge/network"
	"dialtone/diag/nat"
	"dialtone/diag/nat/pair"
	"dialtone/diag/words"
	"dialtone/diag/words/verdict"
)

// NetworkSchema names the form of a [Network] in JSON.
const NetworkSchema = "dialtone.nat/2"

// Network is a diagnosis of the network, as dialtone nat -o json writes it.
type Network struct {
	Schema    string        `json:"schema"`    // dialtone.nat/2
	Behaviors nat.Behaviors `json:"behaviors"` // of the main family: IPv4 if it answers

	// Families are those that answer, each judged by itself; the first is the main one.
	Families []nat.FamilyReport `json:"families"`

	Servers  []ServerReport `json:"servers"`  // STUN over UDP first, then other transports, then TURN
	Verdict  NetworkVerdict `json:"verdict"`  // what it means for calls
	Exit     diag.Exit      `json:"exit"`     // the process's exit code
	Findings []Finding      `json:"findings"` // those about the network first
}

// ServerReport is a STUN or TURN server: its steps, what follows from them, and the same in English.
type ServerReport struct {
	nat.ServerRow
	OK       bool         `json:"ok"`                       // it returned what it was asked for
	Cause    diag.Cause   `json:"cause,omitempty"`          // why it failed
	Code     int          `json:"error_code,omitempty"`     // of its answer, a number of STUN
	RTT      *diag.Millis `json:"rtt_ms,omitempty"`         // round trip of one request
	Mapped   string       `json:"mapped_address,omitempty"` // ip:port that it saw this machine with
	Relayed  string       `json:"relay_address,omitempty"`  // ip:port of the relay
	Headline string       `json:"headline"`                 // the address that it returned, or why it failed
	Advice   string       `json:"advice,omitempty"`         // the next step
}

// NetworkVerdict is what a diagnosis means for calls.
type NetworkVerdict struct {
	Outcome  network.Outcome  `json:"outcome"`        // what was found out
	Relaying network.Relaying `json:"relaying"`       // how far the TURN servers relay
	Headline string           `json:"headline"`       // which direct calls work, and which need a relay
	Why      []string         `json:"why"`            // one sentence each
	Next     []string         `json:"next"`           // steps to take
	Result   string           `json:"result"`         // the compact line, for --peer of the peer
	Peer     *pair.Prediction `json:"peer,omitempty"` // the answer for both peers, when the peer's line was given
}

// NewNetwork makes the report of a diagnosis.
func NewNetwork(n network.Verdict) Network {
	text := verdict.OfNetwork(n)
	out := Network{
		Schema: NetworkSchema, Behaviors: n.Behaviors, Families: append([]nat.FamilyReport{}, n.Families...),
		Servers: []ServerReport{}, Exit: n.Exit, Findings: Written(n.Findings),
		Verdict: NetworkVerdict{
			Outcome: n.Outcome, Relaying: n.Relaying, Headline: text.Headline, Why: text.Why, Next: text.Next,
			Result: pair.Line(n.Side), Peer: n.Pair,
		},
	}
	for _, row := range n.Servers {
		out.Servers = append(out.Servers, newServer(row))
	}
	return out
}

func newServer(row nat.ServerRow) ServerReport {
	s := &row.Server
	return ServerReport{
		ServerRow: row, OK: s.OK(), Cause: s.Cause(), Code: s.Code(), RTT: s.RTT(), Mapped: s.Mapped(), Relayed: s.Relayed(),
		Headline: words.ServerHeadline(s), Advice: words.ServerAdvice(s),
	}
}
