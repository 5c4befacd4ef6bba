package judge

import (
	"dialtone/diag/call"
	"dialtone/diag/finding"
	"dialtone/diag/sdp"
)

// AnswerMismatch means that the peer's answer does not belong to the offer.
type AnswerMismatch struct {
	Sections []sdp.Misfit `json:"sections"`
}

// answerFindings name an answer of the peer that other stacks reject.
func answerFindings(out *finding.List, c *call.Call, _ Expectation) {
	offer, answer := c.PeersAnswer()
	if answer == nil {
		return
	}
	sections := sdp.Misfits(offer, answer)
	if len(sections) == 0 {
		return
	}
	out.Add("signal.answer_mismatch", Warn, "", AnswerMismatch{sections[:min(len(sections), maxNamed)]})
}
