package judge

import "dialtone/diag"

// Prose is the evidence of a finding of the network or of a server that still carries its words.
type Prose struct {
	Title    string   `json:"title"`
	Evidence []string `json:"evidence,omitempty"`
	Advice   string   `json:"advice,omitempty"`
}

// prose takes over findings that carry their words.
func prose(list []diag.Finding) []Finding {
	var out []Finding
	for _, f := range list {
		out = append(out, Finding{
			ID: f.ID, Severity: f.Severity, Subject: f.Title,
			Evidence: Prose{f.Title, f.Evidence, f.Advice},
		})
	}
	return out
}
