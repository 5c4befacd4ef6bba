package judge

import (
	"strings"

	"dialtone/diag"
	"dialtone/diag/call"
	"dialtone/diag/finding"
)

// Evidence about a handshake that failed over a path that works.
type (
	// FingerprintMismatch means that the certificate is not the announced one (RFC 8122 §5).
	FingerprintMismatch struct {
		Announced string `json:"announced"` // in the peer's description: "sha-256 AB:CD:…"
		Presented string `json:"presented"`
	}
	// HandshakeFailed means that it got no answer, or the peer gave it up.
	HandshakeFailed struct {
		Path  string `json:"path,omitempty"`
		Cause string `json:"cause,omitempty"`
		// how long the handshake was allowed to take; absent: it ended otherwise
		LimitMs *diag.Millis `json:"limit_ms,omitempty"`
		Checks  uint64       `json:"responsesReceived,omitempty"` // of the peer to checks on the pair
		// its packets; absent where they were not counted
		Packets *diag.Handshake `json:"packets,omitempty"`
		Role    string          `json:"dtlsRole,omitempty"` // of this side: client or server
	}
)

// dtlsFindings report a certificate that is not the announced one from a handshake that got no answer.
func dtlsFindings(out *finding.List, c *call.Call, _ Expectation) {
	if c.Ended == nil || c.Ended.Reason != diag.EndDTLS {
		return
	}
	announced, presented := c.Announced(), c.DTLS.RemoteFingerprint
	failed := HandshakeFailed{
		Path: Path(c.Selected), LimitMs: c.DTLS.LimitMs, Packets: c.DTLS.Handshake, Role: diag.Clean(c.DTLS.Role, 10),
	}
	failed.Cause = diag.Clean(c.Ended.Cause, 200)
	id := "dtls.timeout"
	pair, packets := unusedPair(c), failed.Packets
	switch {
	case announced != "" && presented != "" && !strings.EqualFold(announced, presented):
		out.Add("dtls.fingerprint_mismatch", Problem, "",
			FingerprintMismatch{Announced: diag.Clean(announced, 200), Presented: diag.Clean(presented, 200)})
		return
	case c.Ended.By == diag.ByRemote:
		id = "dtls.closed_by_peer"
	case c.Browser != nil: // browsers give no reason, and not all count the checks of the peer
		id = "dtls.failed"
	case packets != nil && failed.Role == "client" && packets.ClientHellosReceived > 0:
		id = "dtls.role_conflict"
	case pair != nil:
		id, failed.Checks = "dtls.pair_unused", pair.ResponsesReceived
	case packets != nil && packets.PacketsReceived == 0:
		id = "dtls.peer_silent"
	}
	out.Add(id, Problem, "", failed)
}

// unusedPair is the selected pair if the peer has answered checks on it and sent none itself, as it does on each pair
// that it uses (RFC 8445 §7.3.1.4) unless it is ICE-lite; else nil.
func unusedPair(c *call.Call) *diag.Pair {
	if c.Selected == nil || c.RemoteLite() {
		return nil
	}
	for i, p := range c.Pairs {
		if p.ID == c.Selected.PairID && p.ResponsesReceived > 0 && p.RequestsReceived == 0 {
			return &c.Pairs[i]
		}
	}
	return nil
}

// Path names the candidates of the selected pair: "host udp 192.0.2.1:5000 ⇄ srflx udp 198.51.100.7:3021"; empty
// without.
func Path(s *diag.Selected) string {
	if s == nil {
		return ""
	}
	return diag.Clean(s.Local+" ⇄ "+s.Remote, 200)
}
