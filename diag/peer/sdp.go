package peer

import (
	"iter"
	"strings"

	"dialtone/diag"
)

// maxSDP bounds the description that is kept in an event; a browser's has 6 KB.
const maxSDP = 64 << 10

// describe makes the event of a description. The ICE password is a secret of the call and does not leave it.
func describe(side diag.Side, kind, sdp string, restart bool) diag.SessionDescription {
	return diag.SessionDescription{
		Side: side, SDPType: kind, SDP: maskSDP(sdp), Fingerprint: sdpFingerprint(sdp),
		ICERestart: restart,
	}
}

func maskSDP(sdp string) string {
	masked := replaceAttribute(sdp, "ice-pwd", "***")
	if len(masked) > maxSDP {
		masked = masked[:strings.LastIndexByte(masked[:maxSDP], '\n')+1] // whole lines
	}
	return masked
}

// sdpFingerprint returns the first "algorithm VALUE" that a description announces; empty for none.
func sdpFingerprint(sdp string) string {
	algorithm, hex, ok := strings.Cut(firstAttribute(sdp, "fingerprint"), " ")
	if !ok {
		return ""
	}
	return diag.Clean(strings.ToLower(algorithm)+" "+strings.ToUpper(hex), 256)
}

// attributes are the values of an attribute in all sections of a description.
func attributes(sdp, name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for line := range strings.Lines(sdp) {
			if value, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "a="+name+":"); ok && !yield(value) {
				return
			}
		}
	}
}

func firstAttribute(sdp, name string) string {
	for value := range attributes(sdp, name) {
		return value
	}
	return ""
}

// replaceAttribute gives an attribute the same value in each section that has it.
func replaceAttribute(sdp, name, value string) string {
	var b strings.Builder
	for line := range strings.Lines(sdp) {
		if strings.HasPrefix(line, "a="+name+":") {
			line = "a=" + name + ":" + value + "\r\n"
		}
		b.WriteString(line)
	}
	return b.String()
}
