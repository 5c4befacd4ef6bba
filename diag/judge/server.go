package judge

import (
	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/finding"
	"dialtone/diag/judge/network"
	"dialtone/diag/nat/turn"
)

// serverFindings are about the servers that were asked for the call.
func serverFindings(out *finding.List, c *call.Call, _ Expectation) {
	var list, failed []diag.Server
	for _, row := range c.Servers {
		list = append(list, row.Server)
		if !row.Served { // otherwise it was the probe beside the call that failed, and not the server
			failed = append(failed, row.Server)
		}
	}
	severity := finding.Graver(c.NoPath())
	*out = append(*out, network.FailedServers(failed, func(*diag.Server) Severity { return severity })...)
	*out = append(*out, network.Certificates(list)...)
	for i := range list {
		s := &list[i]
		if flaw := turn.AddressFlaw(s, c.NoPath()); flaw != "" {
			network.AddFlaw(out, s, flaw, severity)
		}
		if s.OK() && len(s.Redirects) > 0 && !c.ServedBy(s.URL) {
			network.AddFlaw(out, s, turn.FlawRedirect, severity)
		}
		for _, flaw := range turn.AnswerFlaws(s) {
			network.AddFlaw(out, s, flaw, diag.Warn)
		}
		if network.CredentialExpired(s) && !s.OK() && s.Cause() != diag.CauseAuth { // otherwise it is why the server failed
			out.Add("turn.credentials_expired", severity, s.URL, network.ServerFailure{Server: *s})
		}
	}
}
