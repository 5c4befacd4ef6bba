package pane

import (
	"time"

	"dialtone/diag/call"
	"dialtone/diag/judge/network"
)

// judgedKey is a diagnosis at one moment: it changes with its events only.
type judgedKey struct {
	at, ended time.Duration
	events    uint64 // of the call; 0 once it has ended
}

// maxJudged bounds what is kept; a call keeps fewer diagnoses.
const maxJudged = 256

// Judged is the verdict of a diagnosis; while it runs, the verdict so far. It is judged once for each change.
func (s *Scene) Judged(d *call.NATRow) *network.Verdict {
	key := judgedKey{at: d.At, ended: d.EndedAt}
	if d.Running() {
		key.events = s.Call.Events
	}
	if n, known := s.judged[key]; known {
		return n
	}
	if s.judged == nil || len(s.judged) >= maxJudged {
		s.judged = map[judgedKey]*network.Verdict{}
	}
	n := network.Judge(d.State)
	s.judged[key] = &n
	return &n
}
