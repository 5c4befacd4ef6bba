package words

import "dialtone/diag"

// ExplainSDPRemark explains a difference between offer and answer.
func ExplainSDPRemark(r diag.SDPRemark) string { return Capital(r.Text) + "." }
