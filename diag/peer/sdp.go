package peer

import (
	"strings"

	"dialtone/diag"
)

// maxSDP bounds the description that is kept in an event; a browser's has 6 KB.
const maxSDP = 64 << 10

// describe makes the event of a description. The ICE password is a secret of the call and does not leave it.
func describe(side diag.Side, kind, sdp string, restart bool) diag.SessionDescription {
	return diag.SessionDescription{Side: side, SDPType: kind, SDP: maskSDP(sdp), Fingerprint: sdpFingerprint(sdp),
		ICERestart: restart}
}

func maskSDP(sdp string) string {
	var b strings.Builder
	for line := range strings.Lines(sdp) {
		if b.Len()+len(line) > maxSDP {
			break
		}
		if strings.HasPrefix(line, "a=ice-pwd:") {
			line = "a=ice-pwd:***\r\n"
		}
		b.WriteString(line)
	}
	return b.String()
}

// sdpFingerprint returns the first "algorithm VALUE" that a description announces; empty for none.
func sdpFingerprint(sdp string) string {
	value := firstAttribute(sdp, "a=fingerprint:")
	algorithm, hex, ok := strings.Cut(value, " ")
	if !ok {
		return ""
	}
	return diag.Clean(strings.ToLower(algorithm)+" "+strings.ToUpper(hex), 256)
}

func firstAttribute(sdp, prefix string) string {
	for line := range strings.Lines(sdp) {
		if value, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n"), prefix); ok {
			return value
		}
	}
	return ""
}

// The attribute of who begins the handshake (RFC 4145 §4), and what an answer may say there.
const (
	setupAttribute = "a=setup:"
	setupActive    = "active"
	setupPassive   = "passive"
)

// withSetup lets every section say the same part in the handshake.
func withSetup(sdp, part string) string {
	var b strings.Builder
	for line := range strings.Lines(sdp) {
		if strings.HasPrefix(line, setupAttribute) {
			line = setupAttribute + part + "\r\n"
		}
		b.WriteString(line)
	}
	return b.String()
}

// sdpCandidates returns the candidate lines that a description carries.
func sdpCandidates(sdp string) []string {
	var out []string
	for line := range strings.Lines(sdp) {
		if value, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "a=candidate:"); ok && len(out) < maxPending {
			out = append(out, "candidate:"+value)
		}
	}
	return out
}
