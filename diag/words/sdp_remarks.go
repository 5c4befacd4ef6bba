package words

import "dialtone/diag/sdp"

// ExplainSDPRemark explains a difference between offer and answer.
func ExplainSDPRemark(r sdp.Remark) string { return Capital(r.Text) + "." }
