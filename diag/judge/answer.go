package judge

import (
	"dialtone/diag/call"
	"dialtone/diag/sdp"
)

// AnswerMismatch means that the peer's answer does not belong to the offer.
type AnswerMismatch struct {
	Sections []sdp.Misfit `json:"sections"`
}

// answerFindings name an answer of the peer that other stacks reject.
func answerFindings(c *call.Call, _ Expectation) []Finding {
	offer, answer := c.PeersAnswer()
	if answer == nil {
		return nil
	}
	sections := sdp.Misfits(offer, answer)
	if len(sections) == 0 {
		return nil
	}
	return []Finding{{
		ID: "signal.answer_mismatch", Severity: Warn, Evidence: AnswerMismatch{sections[:min(len(sections), maxNamed)]},
	}}
}
