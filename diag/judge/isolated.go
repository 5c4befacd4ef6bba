package judge

import (
	"slices"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/finding"
	"dialtone/diag/nat/turn"
)

// IsolatedRelays is the evidence that two relays of one TURN server do not reach each other.
type IsolatedRelays struct {
	Address  string `json:"address"` // IP address of both relays
	Local    int    `json:"local"`   // port of the local one
	Remote   int    `json:"remote"`  // port of the remote one
	Requests uint64 `json:"requestsSent"`
}

// isolatedFindings name that both peers of a call without a path have a relay at one address, and that checks between
// these relays were not answered.
func isolatedFindings(out *finding.List, c *call.Call, _ Expectation) {
	if !c.NoPath() {
		return
	}
	for i := range c.Pairs {
		p := &c.Pairs[i]
		local, remote := c.LocalCandidate(p.LocalCandidateID), c.RemoteCandidate(p.RemoteCandidateID)
		if local == nil || remote == nil || local.CandidateType != diag.Relay || remote.CandidateType != diag.Relay ||
			local.Address != remote.Address || p.RequestsSent == 0 || p.ResponsesReceived > 0 {
			continue
		}
		if at := slices.IndexFunc(c.Servers, func(s call.ServerRow) bool { return s.URL == local.URL }); at >= 0 &&
			turn.AddressFlaw(&c.Servers[at].Server, true) != "" {
			continue // that is why
		}
		out.Add("ice.relays_isolated", Problem, local.URL,
			IsolatedRelays{local.Address, int(local.Port), int(remote.Port), p.RequestsSent})
		return
	}
}
