package judge

import (
	"dialtone/diag"
	"dialtone/diag/call"
)

// PathTrouble says, while a call looks for a path, what is in the way so far: the sentences with which [Judge] would
// explain a failure if it were one now. None when a pair has answered, or nothing is known yet.
func PathTrouble(c *call.Call) []string {
	if c.Selected != nil || len(c.Local)+len(c.Remote) == 0 {
		return nil
	}
	for _, p := range c.Pairs {
		if p.State == diag.PairSucceeded {
			return nil
		}
	}
	return judgeICE(c).Why
}
