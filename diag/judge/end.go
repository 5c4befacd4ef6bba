package judge

import (
	"fmt"
	"strings"
	"time"

	"dialtone/diag"
	"dialtone/diag/call"
)

// endFindings name what ended a call before it had done what was asked of it.
func endFindings(c *call.Call) []diag.Finding {
	if c.Ended == nil {
		return nil
	}
	evidence := []string{"the call ended after " + diag.Span(c.EndedAt)}
	if c.Ended.Cause != "" {
		evidence = append(evidence, diag.Clean(c.Ended.Cause, 300))
	}
	f := diag.Finding{Severity: diag.Problem, Evidence: evidence, Advice: diag.Clean(c.Ended.Advice, 300)}
	switch c.Ended.Reason {
	case diag.EndSignaling:
		f.ID, f.Title = signalFindingID(c.Ended.Code), "The parties could not exchange offer, answer and candidates."
	case diag.EndNobody:
		f.ID, f.Title, f.Advice = "call.nobody_came", "The other party never came.", "Start it first, with the same code and server; wait longer with --wait."
	case diag.EndPeerLeft:
		f.ID, f.Title, f.Advice = "call.peer_left", "The other party left before the call was up.", "Look at the other party: what it says when it ends."
	case diag.EndPeerLost:
		f.ID, f.Title, f.Advice = "call.peer_lost", "The path was up and then went silent.", "Ask whether the other party's program or network went away."
	case diag.EndICE:
		f.ID, f.Title, f.Advice = "ice.no_path", "No candidate pair worked.", "Read the findings about the servers, and ask dialtone nat on both sides."
		f.Evidence = append(f.Evidence, judgeICE(c).Why...)
	case diag.EndPeerHangup:
		return earlyFindings(c)
	case diag.EndHangup, diag.EndDuration, diag.EndInterrupted, diag.EndDTLS, diag.EndInternal:
		return nil
	default:
		return nil
	}
	return []diag.Finding{f}
}

// signalReasons are the causes of a failed signaling that have a finding of their own; those of signal.Reason.
var signalReasons = map[string]bool{
	"dns": true, "refused": true, "unreachable": true, "proxy": true, "tls": true, "timeout": true, "broken": true, "status": true, "limit": true,
	"protocol": true, "rejected": true, "peer-gone": true, "shutdown": true,
}

// signalFindingID names the cause of a failed signaling.
func signalFindingID(code string) string {
	if signalReasons[code] {
		return "signal." + strings.ReplaceAll(code, "-", "_")
	}
	return "signal.failed"
}

// early is how much sooner than asked a call may end: timers and goodbyes take their time.
const early = 250 * time.Millisecond

// earlyFindings name a call that the other party ended before its time.
func earlyFindings(c *call.Call) []diag.Finding {
	if c.Start.ForMs == nil || c.ConnectedAt == nil || c.UpTime()+early >= c.Start.ForMs.Duration() {
		return nil
	}
	return []diag.Finding{{
		ID: "call.ended_early", Severity: diag.Problem, Title: "The other party hung up before the time was over.",
		Evidence: []string{fmt.Sprintf("connected for %s of %s", diag.Span(c.UpTime()), diag.Span(c.Start.ForMs.Duration()))},
		Advice:   "Let the other party stay longer, or ask for less with --for.",
	}}
}

// dtlsFindings tell a certificate that is not the announced one from a handshake that got no answer.
func dtlsFindings(c *call.Call) []diag.Finding {
	if c.Ended == nil || c.Ended.Reason != diag.EndDTLS {
		return nil
	}
	announced, seen := c.Announced(), c.DTLS.RemoteFingerprint
	switch {
	case announced != "" && seen != "" && !strings.EqualFold(announced, seen):
		return []diag.Finding{{
			ID: "dtls.fingerprint_mismatch", Severity: diag.Problem, Title: "The certificate that the other party presented is not the one that its description announced.",
			Evidence: []string{"announced: " + diag.Clean(announced, 200), "presented: " + diag.Clean(seen, 200)},
			Advice:   "Somebody between the parties changed the offer or the answer, or took the call: check the signaling server and who can change what passes it.",
		}}
	case c.Ended.By == diag.ByRemote:
		return []diag.Finding{{
			ID: "dtls.closed_by_peer", Severity: diag.Problem, Title: "The other party gave up during the DTLS handshake.",
			Evidence: []string{"path: " +
				pathWords(c)}, Advice: "Look at the other side's finding: it knows why, for instance that our certificate is not the one that reached it in the description.",
		}}
	}
	return []diag.Finding{{
		ID: "dtls.timeout", Severity: diag.Problem, Title: "The DTLS handshake got no answer in time, over a path that works.",
		Evidence: []string{"path: " + pathWords(c), diag.OrUnknown(diag.Clean(c.DTLS.Error, 200))},
		Advice:   "Large packets may be lost on the way: check the MTU of VPNs and tunnels.",
	}}
}
