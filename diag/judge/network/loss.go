package network

import (
	"dialtone/diag"
	"dialtone/diag/finding"
	"dialtone/diag/nat"
)

// LossFound is the evidence that requests to servers that answer are lost.
type LossFound struct {
	Sent    int          `json:"sent"`
	Lost    int          `json:"lost"`
	Servers []ServerLoss `json:"servers"` // those with losses
	Others  bool         `json:"others"`  // some server answered every request
}

// ServerLoss counts the requests to the addresses of a server that answer at all.
type ServerLoss struct {
	URL  string `json:"url"`
	Sent int    `json:"sent"`
	Lost int    `json:"lost"`
}

// leastLost and lossShare are how many requests, and which part of them, must be lost to be worth a word.
const (
	leastLost = 4
	lossShare = 0.1
)

// lossFindings say that requests are lost which nothing but loss or a limit can keep from an answer. With several
// servers their common path is to be suspected, with one it may be the server.
func lossFindings(out *finding.List, s *nat.State, n *Verdict) {
	if n.Pending {
		return
	}
	var e LossFound
	for i, row := range s.Servers {
		if slow(&n.Servers[i]) != nil {
			continue // what it answers too late is not lost
		}
		sent, lost := s.Loss(i)
		e.Others = e.Others || sent > 0 && lost == 0
		e.Sent, e.Lost = e.Sent+sent, e.Lost+lost
		if lost > 0 {
			e.Servers = append(e.Servers, ServerLoss{row.URL, sent, lost})
		}
	}
	if e.Lost < leastLost || float64(e.Lost) < lossShare*float64(e.Sent) {
		return
	}
	severity := diag.Info
	if len(e.Servers) > 1 {
		severity = diag.Warn
	}
	out.Add("nat.packets_lost", severity, "", e)
}
